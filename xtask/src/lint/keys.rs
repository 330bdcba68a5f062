//! Check of keys that begin with `x-`, of broken references, and of unused components.

use serde_json::Value;

use super::document::{self, Document, below};
use super::finding::Findings;
use crate::spec::object;

/// All extensions. `specs/README.md` documents each.
const KNOWN: [&str; 11] = [
    "x-access",
    "x-alternatives",
    "x-body-parameters",
    "x-envelope",
    "x-example-made",
    "x-formats",
    "x-paging",
    "x-quirk",
    "x-request-headers",
    "x-source",
    "x-unit",
];

pub(super) fn check(document: &Document<'_>, findings: &mut Findings) {
    document::keys("", document.root, &mut |at, key, value| {
        if key.starts_with("x-") && !KNOWN.contains(&key) {
            findings.add(
                document.place(at),
                format!("unknown key {key}: correct it, or add it to specs/README.md and to lint"),
            );
        }
        if key == "x-example-made" && value.as_str().is_none_or(|why| why.trim().is_empty()) {
            findings.add(document.place(at), "must say why the example is invented");
        }
        if key == "$ref" {
            let target = value.as_str().and_then(|it| it.strip_prefix('#'));
            if target.is_none_or(|target| document.root.pointer(target).is_none()) {
                findings.add(
                    document.place(at),
                    format!("{value} leads nowhere: correct it, or write what it refers to"),
                );
            }
        }
    });
    for kind in ["schemas", "parameters", "responses"] {
        for (name, _) in object(document.root.pointer(&format!("/components/{kind}"))) {
            let at = below(&format!("/components/{kind}"), name);
            if !document.used.contains(&at) {
                findings.add(document.place(&at), "nothing uses this: remove it");
            }
        }
    }
    for (path, item) in object(document.root.get("paths")) {
        for (key, _) in object(Some(item)).filter(|(key, value)| {
            let known = document
                .operations
                .iter()
                .any(|operation| operation.path == path && operation.method == key.as_str());
            !known || !value.is_object()
        }) {
            findings.add(
                document.place(&below(&below("/paths", path), key)),
                "is next to operations, where xtask does not read it: put it into them",
            );
        }
    }
}

/// Whether a text exists and is not empty.
pub(super) fn says(value: &Value, key: &str) -> bool {
    let text = value.get(key).and_then(Value::as_str);
    text.is_some_and(|text| !text.trim().is_empty())
}
