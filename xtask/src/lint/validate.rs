//! Validation of a value by a schema.
//!
//! The crates for JSON Schema know neither OpenAPI 3.0 nor our formats, and they bring about fifty
//! other crates. They also lack half of the rules that are needed here: an example must not have
//! unknown fields, and a value must leave the client unchanged. This module supports the keywords that
//! lint allows.

use jiff::Timestamp;
use serde_json::Value;

use super::document::{Document, below};
use crate::spec::{array, object};

/// Problem of a value: its place in the value, and its text.
pub(super) type Complaint = (String, String);

/// Returns all problems of `value`.
pub(super) fn validate(document: &Document<'_>, schema: &Value, value: &Value) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    look(document, schema, value, "", &mut complaints);
    complaints
}

fn look(
    document: &Document<'_>,
    schema: &Value,
    value: &Value,
    at: &str,
    complaints: &mut Vec<Complaint>,
) {
    let (_, schema) = document.resolve("", schema);
    let mut say = |what: String| complaints.push((at.to_owned(), what));
    if value.is_null() {
        say("is null, which decoding drops: leave it out".into());
        return;
    }
    let text = |key| schema.get(key).and_then(Value::as_str);
    let fits = match text("type") {
        None => true,
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => {
            say(format!("invalid type {other} of its schema"));
            return;
        }
    };
    if !fits {
        let kind = text("type").unwrap_or_default();
        say(format!("is {value}, not of type {kind}: correct it"));
        return;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.contains(value)
    {
        say(format!(
            "{value} is not a value of its enum: correct it, or add the value"
        ));
    }
    if let Some(wrong) = text("format").and_then(|format| format_of(format, value)) {
        say(wrong);
    }
    bounds(schema, value, &mut say);
    for name in array(schema.get("required")).filter_map(Value::as_str) {
        if value.is_object() && value.get(name).is_none() {
            say(format!("leaves out the required {name}: give it"));
        }
    }
    children(document, schema, value, at, complaints);
}

fn children(
    document: &Document<'_>,
    schema: &Value,
    value: &Value,
    at: &str,
    complaints: &mut Vec<Complaint>,
) {
    if let Some(items) = schema.get("items") {
        for (index, item) in array(Some(value)).enumerate() {
            look(document, items, item, &format!("{at}/{index}"), complaints);
        }
    }
    let properties = schema.get("properties");
    // An object without any description may have any fields.
    let open = match schema.get("additionalProperties") {
        None => properties.is_none(),
        Some(more) => *more != Value::Bool(false),
    };
    let more = schema
        .get("additionalProperties")
        .filter(|more| more.is_object());
    for (name, field) in object(Some(value)) {
        let at = below(at, name);
        if let Some(property) = properties.and_then(|properties| properties.get(name)) {
            look(document, property, field, &at, complaints);
        } else if let Some(more) = more {
            look(document, more, field, &at, complaints);
        } else if !open {
            complaints.push((
                at,
                "is a field that the schema does not have: add it there, or remove it".into(),
            ));
        }
    }
}

/// Returns the problem of a value by its format. An unlisted format allows any text.
fn format_of(format: &str, value: &Value) -> Option<String> {
    let text = value.as_str().unwrap_or_default();
    match format {
        "int32" if value.as_i64().is_some_and(|it| i32::try_from(it).is_err()) => {
            Some(format!("{value} does not fit into 32 bits"))
        }
        "epoch-millis" => {
            let millis = value.as_i64().unwrap_or_default();
            let err = Timestamp::from_millisecond(millis).err();
            err.map(|_| format!("{value} is not a time in milliseconds since 1970"))
        }
        "epoch-seconds" => {
            let seconds = value.as_f64().unwrap_or_default();
            let time =
                jiff::SignedDuration::try_from_secs_f64(seconds).and_then(Timestamp::from_duration);
            let err = time.err();
            err.map(|_| format!("{value} is not a time in seconds since 1970"))
        }
        "date-time" => match text.parse::<Timestamp>() {
            Ok(time) if time.to_string() == text => None,
            Ok(time) => Some(format!(
                "{text} is encoded again as {time}: write that form"
            )),
            Err(_) => Some(format!(
                "{text:?} is not a date and time of RFC 3339, in UTC"
            )),
        },
        "text-number" => match text.parse::<i64>() {
            Ok(number) if number.to_string() == text => None,
            _ => Some(format!(
                "{text:?} is not a number as text, with digits only"
            )),
        },
        "path-segment" if matches!(text, "" | "." | "..") => {
            Some(format!("a path cannot hold {text:?}"))
        }
        "non-empty" if text.is_empty() => Some("is empty".into()),
        _ => None,
    }
}

fn bounds(schema: &Value, value: &Value, say: &mut impl FnMut(String)) {
    // `None`: there is no such bound, or the value is within it.
    let beyond = |key: &str, size: Option<f64>, low: bool| {
        let bound = schema.get(key)?.as_f64()?;
        let size = size?;
        let out = if low { size < bound } else { size > bound };
        out.then(|| format!("{size} violates {key} {bound}: correct one of the two"))
    };
    #[allow(clippy::cast_precision_loss, reason = "sizes of examples")]
    let size = |count: usize| Some(count as f64);
    let length = value.as_str().and_then(|text| size(text.chars().count()));
    let count = value.as_array().and_then(|list| size(list.len()));
    for (low, high, is) in [
        ("minimum", "maximum", value.as_f64()),
        ("minLength", "maxLength", length),
        ("minItems", "maxItems", count),
    ] {
        for wrong in [beyond(low, is, true), beyond(high, is, false)] {
            wrong.into_iter().for_each(&mut *say);
        }
    }
    let pattern = schema.get("pattern").and_then(Value::as_str);
    if let (Some(pattern), Some(text)) = (pattern, value.as_str()) {
        match regex_lite::Regex::new(pattern) {
            Ok(regex) if !regex.is_match(text) => {
                say(format!(
                    "{text:?} does not match {pattern}: correct one of the two"
                ));
            }
            Ok(_) => {}
            Err(error) => say(format!("invalid pattern {pattern} of its schema: {error}")),
        }
    }
}
