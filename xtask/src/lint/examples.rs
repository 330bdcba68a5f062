//! Check that each example matches its schema.

use serde_json::Value;

use super::document::{Document, keys};
use super::finding::Findings;
use super::validate::validate;

/// Checks the examples. Returns their number.
pub(super) fn check(document: &Document<'_>, findings: &mut Findings) -> usize {
    let mut count = 0;
    let mut look = |at: &str, schema: &Value, example: &Value| {
        count += 1;
        for (below, what) in validate(document, schema, example) {
            findings.add(document.place(&format!("{at}{below}")), what);
        }
    };
    // The example of a parameter, header, body or answer is next to its schema.
    keys("", document.root, &mut |at, key, schema| {
        let above = at.strip_suffix("/schema").unwrap_or(at);
        if key == "schema"
            && let Some(example) = document.root.pointer(&format!("{above}/example"))
        {
            look(&format!("{above}/example"), schema, example);
        }
    });
    for node in &document.nodes {
        for key in ["example", "default"] {
            if let Some(value) = node.value.get(key) {
                look(&format!("{}/{key}", node.at), node.value, value);
            }
        }
    }
    count
}
