//! YAML documents.

use std::io;

use serde::Serialize;

use crate::failure::Failure;
use crate::terminal::{json_line, needs_escapes};

/// Returns a value as a YAML document.
pub(super) fn document(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(value).map_err(io::Error::other)?;
    match needs_escapes(&text) {
        false => Ok(with_end(text)),
        // JSON is YAML, too, and has an escape for each character.
        true => Ok(with_end(json_line(value)?)),
    }
}

/// Returns an item of a YAML list at the top of a document.
pub(super) fn item(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_saphyr::to_string(&[value]).map_err(io::Error::other)?;
    match needs_escapes(&text) {
        false => Ok(with_end(text)),
        true => Ok(format!("- {}\n", json_line(value)?)),
    }
}

fn with_end(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn documents_and_items_keep_every_value() {
        for value in [
            json!({ "a": [1, { "b": null }], "t": "2026-11-27T14:40:00Z", "no": "no", "n": "12" }),
            json!([]),
            json!("x: y\nz"),
            json!({ "hidden": "a\u{1b}b\u{202e}c\u{200b}" }),
            json!({ "command": "a ##[error]b" }),
        ] {
            let text = document(&value).unwrap();
            assert!(!needs_escapes(&text), "{text:?}");
            assert!(!text.contains("##["), "{text:?}");
            assert_eq!(
                serde_saphyr::from_str::<Value>(&text).unwrap(),
                value,
                "{text}"
            );
            let items = item(&value).unwrap() + &item(&value).unwrap();
            let read: Value = serde_saphyr::from_str(&items).unwrap();
            assert_eq!(read, json!([value, value]), "{items}");
        }
    }
}
