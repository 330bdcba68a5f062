//! Check of each schema: descriptions, units, formats, names of enums, and no rule that could fail
//! an answer.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Document, Kind, Node};
use super::finding::Findings;
use super::keys::says;
use crate::spec::{array, formats};

const UNITS: [&str; 16] = [
    "id",
    "count",
    "index",
    "page",
    "code",
    "priority",
    "revision",
    "bytes",
    "seconds",
    "milliseconds",
    "unix-seconds",
    "unix-milliseconds",
    "minutes",
    "hours",
    "days",
    "percent",
];

/// Units of numbers that exceed 32 bits, now or in 2038.
const WIDE: [&str; 6] = [
    "id",
    "bytes",
    "seconds",
    "milliseconds",
    "unix-seconds",
    "unix-milliseconds",
];

/// Keywords of a schema that the checks, the generator and the sandbox support.
const KEYWORDS: [&str; 19] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
];

const STRICT: [&str; 8] = [
    "required",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
];

pub(super) fn check(document: &Document<'_>, findings: &mut Findings) {
    let formats = formats(document.root);
    let formats = formats.keys().map(String::as_str).collect();
    for node in &document.nodes {
        let mut say = |what: String| findings.add(document.place(&node.at), what);
        form(node, &mut say);
        described(node, &mut say);
        number(node, &mut say);
        named(node, &formats, &mut say);
        tolerant(node, &mut say);
    }
}

fn form(node: &Node<'_>, say: &mut impl FnMut(String)) {
    let keys = node.value.as_object();
    for key in keys.into_iter().flat_map(|map| map.keys()) {
        if !KEYWORDS.contains(&key.as_str()) && !key.starts_with("x-") {
            say(format!("unknown keyword {key}: correct or remove it"));
        }
    }
    if node.value.get("$ref").is_some() && keys.is_some_and(|keys| keys.len() > 1) {
        say(
            "has keys next to its $ref, which OpenAPI ignores: write allOf with the $ref alone"
                .into(),
        );
    }
    if let Some(parts) = node.value.get("allOf") {
        let one = array(Some(parts)).count() == 1;
        if !one || array(Some(parts)).any(|part| part.get("$ref").is_none()) {
            say("allOf is only for describing one $ref: give one $ref".into());
        }
    }
}

fn described(node: &Node<'_>, say: &mut impl FnMut(String)) {
    // The target of a reference has its own description, or its own finding.
    let reference = node.value.get("$ref").is_some();
    if node.kind != Kind::Other && !reference && !says(node.value, "description") {
        say("has no description: add one".into());
    }
}

fn number(node: &Node<'_>, say: &mut impl FnMut(String)) {
    let key = |key| node.value.get(key).and_then(Value::as_str);
    let (kind, format, unit) = (key("type"), key("format"), key("x-unit"));
    let number = matches!(kind, Some("integer" | "number")) || format == Some("text-number");
    let known = UNITS.join(", ");
    match unit {
        None if node.value.get("x-unit").is_some() => {
            say(format!("invalid x-unit: use one of {known}"));
        }
        None if number && !matches!(format, Some("epoch-millis" | "epoch-seconds")) => {
            say(format!("has no x-unit: give one of {known}"));
        }
        None => {}
        Some(unit) if !UNITS.contains(&unit) => {
            say(format!("invalid x-unit {unit}: use one of {known}"));
        }
        Some(_) if !number => say("has an x-unit but is not a number: remove it".into()),
        Some(unit) if format == Some("epoch-millis") && unit != "unix-milliseconds" => {
            say(format!("epoch-millis is in unix-milliseconds, not {unit}"));
        }
        Some(unit) if format == Some("epoch-seconds") && unit != "unix-seconds" => {
            say(format!("epoch-seconds is in unix-seconds, not {unit}"));
        }
        Some(unit) if format == Some("int32") && WIDE.contains(&unit) => {
            say(format!("int32 is too small for {unit}: make it int64"));
        }
        Some(_) => {}
    }
}

fn named(node: &Node<'_>, formats: &BTreeSet<&str>, say: &mut impl FnMut(String)) {
    if let Some(format) = node.value.get("format").and_then(Value::as_str)
        && !formats.contains(format)
    {
        say(format!(
            "unknown format {format}: correct it, or add it to x-formats or to xtask's table"
        ));
    }
    let Some(values) = node.value.get("enum") else {
        return;
    };
    if node.kind != Kind::Named {
        say("is an enum without a name: put it into components/schemas".into());
    }
    let texts: BTreeSet<_> = array(Some(values)).filter_map(Value::as_str).collect();
    let count = array(Some(values)).count();
    if node.value.get("type").and_then(Value::as_str) != Some("string") || texts.len() < count {
        say("an enum is of type string, with different texts: correct it".into());
    }
}

/// Checks that an answer has no rules, because one that breaks a rule would fail its page.
fn tolerant(node: &Node<'_>, say: &mut impl FnMut(String)) {
    if !node.received {
        return;
    }
    for key in STRICT {
        if node.value.get(key).is_some() {
            say(format!(
                "has {key} and is part of an answer: remove it, or give requests their own schema"
            ));
        }
    }
}
