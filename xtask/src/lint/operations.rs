//! Check of the required facts of each operation.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Document, Operation, below};
use super::finding::Findings;
use super::keys::says;
use crate::spec::{FORM, TEXT, answer_content, array, data_content, object, request_content};

pub(super) fn check(document: &Document<'_>, findings: &mut Findings) {
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in &document.operations {
        *names.entry(&operation.name).or_default() += 1;
        let mut say = |below: &str, what: String| {
            findings.add(document.place(&format!("{}{below}", operation.at)), what);
        };
        about(operation, &mut say);
        tags(document, operation, &mut say);
        responses(document, operation, &mut say);
        body(document, operation, &mut say);
        for (_, at, parameter) in document.parameters(operation) {
            for key in ["description", "example"] {
                let there = match key {
                    "example" => parameter.get(key).is_some(),
                    _ => says(parameter, key),
                };
                if !there {
                    let name = parameter.get("name").and_then(Value::as_str);
                    let name = name.unwrap_or("without a name");
                    findings.add(
                        document.place(&at),
                        format!("the parameter {name} has no {key}: give it one"),
                    );
                }
            }
        }
    }
    for (name, count) in names {
        if count > 1 {
            findings.add(
                name,
                format!("{count} operations have this operationId: each needs its own"),
            );
        }
    }
}

/// Checks name, texts, source and access.
fn about(operation: &Operation<'_>, say: &mut impl FnMut(&str, String)) {
    let value = operation.value;
    if !says(value, "operationId") {
        say("", "operationId is missing: give the vendor's name".into());
    }
    for key in ["summary", "description"] {
        let text = value.get(key).and_then(Value::as_str).unwrap_or_default();
        if !text.trim().ends_with('.') {
            say("", format!("{key} is not a sentence with its full stop"));
        }
    }
    let title = value.pointer("/x-source/title").and_then(Value::as_str);
    if title.is_none_or(str::is_empty) {
        say(
            "",
            "x-source.title is missing: give the vendor's page".into(),
        );
    }
    for (key, _) in object(value.get("x-source")) {
        if !["title", "date", "seed"].contains(&key.as_str()) {
            say(
                "/x-source",
                format!("{key} is neither title, date nor seed: correct it"),
            );
        }
    }
    let access = value.get("x-access").and_then(Value::as_str);
    if !matches!(access, Some("read" | "write")) {
        say(
            "",
            "x-access is neither read nor write: set one of them".into(),
        );
    }
}

fn tags(document: &Document<'_>, operation: &Operation<'_>, say: &mut impl FnMut(&str, String)) {
    let mut tags = array(operation.value.get("tags")).peekable();
    if tags.peek().is_none() {
        say("", "has no tag: give its family".into());
    }
    for tag in tags {
        let declared =
            array(document.root.get("tags")).find(|known| known.get("name") == Some(tag));
        if declared.is_none_or(|declared| !says(declared, "description")) {
            say(
                "/tags",
                format!("{tag} is not declared at the top with a description: declare it"),
            );
        }
    }
}

fn responses(
    document: &Document<'_>,
    operation: &Operation<'_>,
    say: &mut impl FnMut(&str, String),
) {
    envelope(document, operation, say);
    let statuses: Vec<_> = object(operation.value.get("responses")).collect();
    let of = |class: &[char]| {
        let found = statuses
            .iter()
            .filter(|(status, _)| status.starts_with(class));
        found.count()
    };
    if of(&['2']) != 1 {
        say(
            "/responses",
            format!(
                "has {} successes: give the one that is documented",
                of(&['2'])
            ),
        );
    }
    if of(&['4', '5']) == 0 {
        say(
            "/responses",
            "has no error: give those that are documented".into(),
        );
    }
    for (status, response) in statuses {
        let number = status.parse::<u16>().ok();
        if number.is_none_or(|number| !(200..600).contains(&number)) {
            say(
                "/responses",
                format!(
                    "invalid status {status}: give a number, because xtask knows no other form"
                ),
            );
        }
        let (_, response) = document.resolve("", response);
        let here = format!("/responses/{status}");
        if response.get("$ref").is_none() && !says(response, "description") {
            say(&here, "has no description: add one".into());
        }
        if response.get("content").is_none() {
            continue;
        }
        let content = match status.starts_with('2') {
            true => answer_content(response),
            false => data_content(response),
        };
        if let Some((TEXT, text)) = content {
            let schema = text
                .get("schema")
                .map(|schema| document.resolve("", schema).1);
            let kind = schema.and_then(|schema| schema.get("type"));
            if kind.is_none_or(|kind| kind != "string") {
                say(
                    &here,
                    "is plain text with a schema that is not a string".into(),
                );
            }
        }
        match content {
            None => say(
                &here,
                "has neither JSON, XML nor plain text; name a media type that is JSON".into(),
            ),
            Some((_, json)) if status.starts_with('2') && json.get("example").is_none() => {
                say(
                    &here,
                    "has no example: give the vendor's, or invent one".into(),
                );
            }
            Some(_) => {}
        }
    }
}

/// Checks the name of the answer's envelope.
fn envelope(
    document: &Document<'_>,
    operation: &Operation<'_>,
    say: &mut impl FnMut(&str, String),
) {
    let own = operation.value.get("x-envelope");
    let Some(written) = own.or_else(|| document.root.get("x-envelope")) else {
        return;
    };
    if written.as_str().is_none_or(str::is_empty) {
        say(
            "",
            format!("invalid x-envelope {written}: name a field of the answer"),
        );
    }
    let answer = document.success(operation);
    let content = answer.and_then(|(_, answer)| answer_content(answer));
    if let Some((TEXT, _)) = content {
        say(
            "",
            "is plain text, which has no x-envelope: take one of them out".into(),
        );
    }
}

fn body(document: &Document<'_>, operation: &Operation<'_>, say: &mut impl FnMut(&str, String)) {
    let Some(request) = operation.value.get("requestBody") else {
        return;
    };
    let json = request_content(request);
    let schema = json.and_then(|(_, json)| json.get("schema"));
    let (Some((media_type, json)), Some(schema)) = (json, schema) else {
        say(
            "/requestBody",
            "has no schema for JSON or a form; give it one, such as application/json".into(),
        );
        return;
    };
    let here = below("/requestBody/content", media_type);
    if media_type == FORM {
        let (_, schema) = document.resolve("", schema);
        for (name, field) in object(schema.get("properties")) {
            let kind = document.resolve("", field).1.get("type");
            if kind.is_none_or(|kind| kind == "array" || kind == "object") {
                say(
                    &here,
                    format!("{name} is a list or an object, which a form does not have"),
                );
            }
        }
    }
    let Some(example) = json.get("example") else {
        say(
            "/requestBody",
            "has no example: give one with every field".into(),
        );
        return;
    };
    let mut missing = Vec::new();
    unset(document, schema, &[example], "", &mut missing);
    for field in missing {
        say(
            &format!("{here}/example"),
            format!("leaves out {field}: set every field at least once"),
        );
    }
}

/// Adds the fields of `schema` that none of `values` sets.
fn unset(
    document: &Document<'_>,
    schema: &Value,
    values: &[&Value],
    path: &str,
    missing: &mut Vec<String>,
) {
    let (_, schema) = document.resolve("", schema);
    let alternatives: Vec<_> = array(schema.get("x-alternatives")).collect();
    let is_set = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        values.iter().any(|value| value.get(name).is_some())
    };
    let chosen = alternatives.iter().any(|name| is_set(name));
    for (name, property) in object(schema.get("properties")) {
        let is_alternative = alternatives.iter().any(|it| *it == name);
        if chosen && is_alternative && !is_set(&Value::from(name.as_str())) {
            continue;
        }
        let set: Vec<_> = values.iter().filter_map(|value| value.get(name)).collect();
        let path = format!("{path}{name}");
        if set.is_empty() {
            missing.push(path);
        } else {
            unset(document, property, &set, &format!("{path}."), missing);
        }
    }
    if let Some(items) = schema.get("items") {
        let set: Vec<_> = values.iter().flat_map(|value| array(Some(value))).collect();
        unset(document, items, &set, path, missing);
    }
    if let Some(inner) = schema.get("additionalProperties") {
        let set: Vec<_> = values
            .iter()
            .flat_map(|value| object(Some(value)))
            .map(|(_, value)| value)
            .collect();
        unset(document, inner, &set, path, missing);
    }
}
