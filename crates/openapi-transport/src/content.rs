//! Content of an answer, in the form that types decode: JSON without the envelope around it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::value::RawValue;

use crate::dialect::Answer;
use crate::error::without_values;
use crate::operation::Operation;
use crate::xml::xml;

/// Returns the content of an answer.
///
/// # Errors
/// Why the answer has no content.
pub(crate) fn content(operation: &Operation, answer: &Answer) -> Result<Bytes, String> {
    if answer.body.trim_ascii().is_empty() {
        return Ok(answer.body.clone());
    }
    let body = match is_xml(operation.accept) {
        true => Bytes::from(xml(&answer.body)?.to_string()),
        false => answer.body.clone(),
    };
    match operation.envelope {
        Some(name) => inside(name, &body),
        None => Ok(body),
    }
}

/// Whether a media type is a form of XML.
fn is_xml(media_type: &str) -> bool {
    media_type == "text/xml" || media_type == "application/xml" || media_type.ends_with("+xml")
}

/// Returns the value of one field, as it arrived: numbers keep all their digits. Null is an object
/// without fields.
fn inside(name: &str, body: &Bytes) -> Result<Bytes, String> {
    let fields: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|error| without_values(&error))?;
    match fields.get(name) {
        Some(value) if value.get() == "null" => Ok(Bytes::from_static(b"{}")),
        Some(value) => Ok(body.slice_ref(value.get().as_bytes())),
        None => Err(format!("missing field `{name}`")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_opened() {
        for (body, expected) in [
            (r#"{"Response": {"a": 1}}"#, Ok(r#"{"a": 1}"#)),
            (
                r#"{"Id": 1, "Response": {"n": 12345678901234567890.10}, "Z": [{}]}"#,
                Ok(r#"{"n": 12345678901234567890.10}"#),
            ),
            (r#"{"Response": null}"#, Ok("{}")),
            (r#"{"response": {}}"#, Err("missing field `Response`")),
            ("[]", Err("invalid type: sequence, expected a map")),
            (r#"{"Response": {"#, Err("EOF while parsing")),
        ] {
            let found = inside("Response", &Bytes::from(body));
            match expected {
                Ok(expected) => assert_eq!(found.unwrap(), expected, "{body}"),
                Err(says) => {
                    let found = found.unwrap_err();
                    assert!(found.starts_with(says), "{body}: {found}");
                }
            }
        }
    }
}
