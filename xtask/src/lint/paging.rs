//! Check that the parameters and fields of `x-paging` exist.

use serde_json::Value;

use super::document::{Document, Operation};
use super::finding::Findings;
use crate::paging::{Kind, Paging, Spot};
use crate::spec::{data_content, object, request_content};

pub(super) fn check(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        let Some(value) = operation.value.get("x-paging") else {
            continue;
        };
        let place = document.place(&format!("{}/x-paging", operation.at));
        let mut say = |what: String| findings.add(&place, what);
        match Paging::read(value) {
            Ok(paging) => {
                parameters(document, operation, &paging, &mut say);
                answer(document, operation, &paging, &mut say);
            }
            Err(wrong) => wrong.into_iter().for_each(&mut say),
        }
    }
}

/// Checks that the parameters exist at their place, with a type that paging can set.
fn parameters(
    document: &Document<'_>,
    operation: &Operation<'_>,
    paging: &Paging,
    say: &mut impl FnMut(String),
) {
    let place = paging.place.as_str();
    let mut kinds = Vec::new();
    for name in paging.parameters() {
        let schema = match place {
            "body" => operation
                .value
                .get("requestBody")
                .and_then(request_content)
                .and_then(|(_, content)| field(document, content.get("schema")?, name)),
            _ => document
                .parameters(operation)
                .map(|(_, _, parameter)| parameter)
                .find(|it| {
                    it.get("name").is_some_and(|it| it == name)
                        && it.get("in").is_some_and(|it| it == place)
                })
                .and_then(|parameter| parameter.get("schema"))
                .map(|schema| document.resolve("", schema).1),
        };
        let Some(schema) = schema else {
            say(format!(
                "the parameter {name} in {place} does not exist; correct its name, or add it"
            ));
            continue;
        };
        kinds.push((name, kind(schema)));
    }
    let wanted = |kind: &str| match (paging.kind, &paging.format) {
        (Kind::Cursor, _) => ["string", "integer"].contains(&kind),
        (_, Some(_)) => kind == "string",
        _ if paging.aligned => kind == "integer",
        _ => ["string", "integer"].contains(&kind),
    };
    for (name, kind) in &kinds {
        if !wanted(kind) {
            let needed = match (&paging.format, paging.aligned) {
                (Some(_), _) => "a string, since it has a format",
                (None, true) => "an integer, since it is aligned",
                (None, false) => "an integer or a string",
            };
            say(format!(
                "the parameter {name} has to be {needed}; correct it"
            ));
        }
    }
    if let ([(one, first), (other, second)], true) = (kinds.as_slice(), paging.kind != Kind::Cursor)
        && first != second
    {
        say(format!(
            "the parameters {one} and {other} have different types; correct one of them"
        ));
    }
}

/// Checks that the answer has the fields that paging reads.
fn answer(
    document: &Document<'_>,
    operation: &Operation<'_>,
    paging: &Paging,
    say: &mut impl FnMut(String),
) {
    let Some((_, response)) = document.success(operation) else {
        return;
    };
    let schema = data_content(response).and_then(|(_, content)| content.get("schema"));
    let Some(schema) = schema.map(|schema| document.resolve("", schema).1) else {
        say("the answer has no content that could page".into());
        return;
    };
    let list = kind(schema) == "array";
    if list == paging.items.is_some() {
        say("items names the field with the list, and is absent if the answer is a list".into());
    }
    for (key, spot) in [("total", &paging.total), ("next", &paging.next)] {
        match spot {
            None => {}
            Some(Spot::Header(name)) => {
                let mut headers = object(response.get("headers"));
                if !headers.any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    say(format!(
                        "{key} is in the header {name}, which the answer does not have"
                    ));
                }
            }
            Some(Spot::Field(path)) => match field(document, schema, path) {
                None => say(format!("{key}: the answer has no field {path}")),
                Some(found) => {
                    let is = kind(found);
                    let is_number = is == "integer"
                        || found.get("format").is_some_and(|it| it == "text-number");
                    if key == "total" && !is_number {
                        say(format!("total: {path} is not a number"));
                    }
                    if key == "next" && !["string", "integer"].contains(&is) {
                        say(format!("next: {path} is neither a text nor a number"));
                    }
                }
            },
        }
    }
    let items = match &paging.items {
        None => Some(schema),
        Some(path) => {
            let found = field(document, schema, path);
            if found.is_none() {
                say(format!("items: the answer has no field {path}"));
            }
            found
        }
    };
    let Some(items) = items else { return };
    if kind(items) != "array" {
        if let Some(path) = &paging.items {
            say(format!("items: {path} is not a list"));
        }
        return;
    }
    if let Some(path) = &paging.key
        && let Some(record) = items.get("items")
    {
        match field(document, record, path).map(kind) {
            None => say(format!("key: a record has no field {path}")),
            Some("string" | "integer") => {}
            Some(_) => say(format!("key: {path} is neither a text nor a number")),
        }
    }
}

fn kind(schema: &Value) -> &str {
    schema
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns the field of a schema by its path, with periods between names.
fn field<'a>(document: &Document<'a>, schema: &'a Value, path: &str) -> Option<&'a Value> {
    let mut value = schema;
    for name in path.split('.') {
        let (_, schema) = document.resolve("", value);
        value = schema.get("properties")?.get(name)?;
    }
    Some(document.resolve("", value).1)
}
