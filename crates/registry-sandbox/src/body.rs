//! Validation of JSON bodies by the schemas of the spec.

use serde_json::Value;

use crate::rule::Rule;

/// Reads a body, if the schema allows it. The error names the problem and its place.
pub(crate) fn read(schema: &Value, body: &[u8]) -> Result<Value, String> {
    let body =
        serde_json::from_slice(body).map_err(|why| format!("the body is not JSON: {why}"))?;
    check(schema, &body, "body")?;
    Ok(body)
}

/// Checks a value by its schema. Ignores unknown keys, as the vendors do. Null counts as absent.
pub(crate) fn check(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    for part in list(schema, "allOf") {
        check(part, value, place)?;
    }
    let kind = schema.get("type").and_then(Value::as_str);
    let fits = match kind {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    if !fits {
        return Err(format!("{place} must be of type {}", kind.unwrap_or("any")));
    }
    match (kind, value) {
        (Some("string"), Value::String(text)) => {
            let rule = Rule::read(schema)?;
            rule.check(text).map_err(|why| format!("{place} {why}"))
        }
        (Some("integer"), Value::Number(number)) => {
            let rule = Rule::read(schema)?;
            let number = number.to_string();
            rule.check(&number).map_err(|why| format!("{place} {why}"))
        }
        (_, Value::Array(items)) => check_items(schema, items, place),
        (_, Value::Object(_)) => check_fields(schema, value, place),
        _ => Ok(()),
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    let list = schema.get(key).and_then(Value::as_array);
    list.into_iter().flatten()
}

fn check_items(schema: &Value, items: &[Value], place: &str) -> Result<(), String> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let length = items.len() as u64;
    if let Some(fewest) = bound("minItems").filter(|fewest| length < *fewest) {
        return Err(format!("{place} must have at least {fewest} elements"));
    }
    if let Some(most) = bound("maxItems").filter(|most| length > *most) {
        return Err(format!("{place} must have at most {most} elements"));
    }
    if let Some(schema) = schema.get("items") {
        for item in items {
            check(schema, item, place)?;
        }
    }
    Ok(())
}

fn check_fields(schema: &Value, object: &Value, place: &str) -> Result<(), String> {
    for name in list(schema, "required").filter_map(Value::as_str) {
        if object.get(name).is_none_or(Value::is_null) {
            return Err(format!("{place}.{name} is missing"));
        }
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    let other = schema.get("additionalProperties");
    for (name, value) in object.as_object().into_iter().flatten() {
        let own = properties.and_then(|properties| properties.get(name));
        match own.or(other.filter(|other| other.is_object())) {
            Some(schema) if !value.is_null() => check(schema, value, &format!("{place}.{name}"))?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_held_to_its_schema() {
        let name = json!({"type": "string", "maxLength": 3});
        let user = json!({"type": "object", "required": ["name"], "properties": {"name": name}});
        let schema = json!({
            "type": "object",
            "required": ["user"],
            "properties": {
                "user": {"allOf": [user]},
                "methods": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "string"}},
                "kind": {"type": "string", "enum": ["manual", "scheduled"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 7},
                "hosts": {"type": "object", "additionalProperties": {"type": "string"}},
                "on": {"type": "boolean"},
            },
        });
        let named = json!({"name": "a"});
        for (body, problem) in [
            (json!({"user": named, "methods": ["b"], "more": 1}), ""),
            (
                json!({"user": named, "methods": null, "days": 7, "hosts": {"a": "b"}}),
                "",
            ),
            (json!([]), "body must be of type object"),
            (json!({}), "body.user is missing"),
            (json!({"user": {}}), "body.user.name is missing"),
            (json!({"user": {"name": null}}), "body.user.name is missing"),
            (
                json!({"user": {"name": 1}}),
                "body.user.name must be of type string",
            ),
            (
                json!({"user": {"name": "long"}}),
                "body.user.name must have at most 3 characters",
            ),
            (
                json!({"user": named, "methods": [1]}),
                "body.methods must be of type string",
            ),
            (
                json!({"user": named, "methods": []}),
                "body.methods must have at least 1 elements",
            ),
            (
                json!({"user": named, "methods": ["a", "b", "c"]}),
                "body.methods must have at most 2 elements",
            ),
            (
                json!({"user": named, "kind": "once"}),
                "body.kind must be one of manual, scheduled",
            ),
            (
                json!({"user": named, "days": 8}),
                "body.days must be at most 7",
            ),
            (
                json!({"user": named, "days": "8"}),
                "body.days must be of type integer",
            ),
            (
                json!({"user": named, "days": 1.5}),
                "body.days must be of type integer",
            ),
            (
                json!({"user": named, "hosts": {"a": 1}}),
                "body.hosts.a must be of type string",
            ),
            (
                json!({"user": named, "on": "true"}),
                "body.on must be of type boolean",
            ),
        ] {
            let found = check(&schema, &body, "body").err().unwrap_or_default();
            assert_eq!(found, problem, "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_no_body() {
        for body in ["", "{", "{} {}"] {
            let problem = read(&json!({}), body.as_bytes()).unwrap_err();
            assert!(problem.starts_with("the body is not JSON"), "{problem}");
        }
    }
}
