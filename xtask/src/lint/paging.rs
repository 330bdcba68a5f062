//! Whether what `x-paging` names is there.

use serde_json::Value;

use super::document::{Document, Operation};
use super::finding::Findings;
use crate::spec::object;

/// The styles, the parameters that each needs, and their JSON type.
const STYLES: [(&str, &[&str], &str); 6] = [
    ("offset-limit", &["offset", "limit"], "integer"),
    ("offset-limit-text", &["offset", "limit"], "string"),
    ("filter", &["filter"], "string"),
    ("page-number", &["PageNo", "PageSize"], "integer"),
    ("page-per-page", &["page", "per_page"], "integer"),
    ("marker", &["marker", "limit"], ""),
];

pub(super) fn check(document: &Document<'_>, findings: &mut Findings) {
    for operation in &document.operations {
        if let Some(paging) = operation.value.get("x-paging") {
            let place = document.place(&format!("{}/x-paging", operation.at));
            let mut say = |what: String| findings.add(&place, what);
            parameters(document, operation, paging, &mut say);
            answer(document, operation, paging, &mut say);
        }
    }
}

fn parameters(
    document: &Document<'_>,
    operation: &Operation<'_>,
    paging: &Value,
    say: &mut impl FnMut(String),
) {
    let style = paging.get("style").and_then(Value::as_str);
    let style = style.unwrap_or_default();
    let Some((_, names, kind)) = STYLES.iter().find(|(known, _, _)| *known == style) else {
        say(format!(
            "unknown style {style:?}: correct it, or add it to lint and to xtask's table"
        ));
        return;
    };
    for name in *names {
        let found = document
            .parameters(operation)
            .find(|(_, _, parameter)| parameter.get("name").is_some_and(|it| it == name));
        let schema = found.and_then(|(_, _, parameter)| parameter.get("schema"));
        let Some(schema) = schema.map(|schema| document.resolve("", schema).1) else {
            say(format!(
                "{style} needs the parameter {name}, which is not there"
            ));
            continue;
        };
        let is = schema.get("type").and_then(Value::as_str);
        if !kind.is_empty() && is != Some(kind) {
            say(format!("{style} needs the parameter {name} as {kind}"));
        }
    }
    let next = paging.get("next").is_some();
    if next != (style == "marker") {
        say("next belongs to the style marker, and that style needs it".into());
    }
}

fn answer(
    document: &Document<'_>,
    operation: &Operation<'_>,
    paging: &Value,
    say: &mut impl FnMut(String),
) {
    for (key, _) in object(Some(paging)) {
        if !["style", "items", "total", "next"].contains(&key.as_str()) {
            say(format!(
                "{key} is neither style, items, total nor next: correct it"
            ));
        }
    }
    let Some((_, response)) = document.success(operation) else {
        return;
    };
    let schema = response.pointer("/content/application~1json/schema");
    let Some(schema) = schema.map(|schema| document.resolve("", schema).1) else {
        say("the answer has no content that could page".into());
        return;
    };
    let list = schema.get("type").is_some_and(|kind| kind == "array");
    if list == paging.get("items").is_some() {
        say("items names the field with the list, and is absent if the answer is a list".into());
    }
    for key in ["items", "total", "next"] {
        let Some(name) = paging.get(key).and_then(Value::as_str) else {
            continue;
        };
        if key == "total" && name == "Content-Range" {
            if response.pointer("/headers/Content-Range").is_none() {
                say("total is in Content-Range, which the answer does not have".into());
            }
            continue;
        }
        match field(document, schema, name) {
            None => say(format!("{key}: the answer has no field {name}")),
            Some(field) => {
                let is = field.get("type").and_then(Value::as_str);
                let number = is == Some("integer")
                    || field.get("format").is_some_and(|it| it == "text-number");
                if key == "items" && is != Some("array") {
                    say(format!("items: {name} is not a list"));
                }
                if key == "total" && !number {
                    say(format!("total: {name} is not a number"));
                }
            }
        }
    }
}

/// The field of an answer by its name, or by names with periods between them.
fn field<'a>(document: &Document<'a>, schema: &'a Value, name: &str) -> Option<&'a Value> {
    let mut value = schema;
    for name in name.split('.') {
        let (_, schema) = document.resolve("", value);
        value = schema.get("properties")?.get(name)?;
    }
    Some(document.resolve("", value).1)
}
