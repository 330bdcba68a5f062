//! Check that all fields of one name have one JSON type. A field that is text here and a number there
//! is a mistake of the vendor and needs a quirk.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{Document, Kind};
use super::finding::Findings;
use super::quirks::{Condition, Quirk};

pub(super) fn check(document: &Document<'_>, quirks: &[Quirk], findings: &mut Findings) {
    // By name of the field and by JSON type.
    let mut fields: BTreeMap<&str, BTreeMap<&str, Vec<Place<'_>>>> = BTreeMap::new();
    for node in &document.nodes {
        let (target, schema) = document.resolve(&node.at, node.value);
        if let Kind::Property(name) = node.kind
            && let Some(kind) = schema.get("type").and_then(Value::as_str)
        {
            // JSON has one type for integers and other numbers.
            let kind = if kind == "integer" { "number" } else { kind };
            let places = fields.entry(name).or_default().entry(kind).or_default();
            places.push(Place {
                at: &node.at,
                target,
            });
        }
    }
    for (name, kinds) in fields.iter().filter(|(_, kinds)| kinds.len() > 1) {
        // A quirk connects two types. All types must be connected to the most frequent one.
        let mut told: Vec<&str> = kinds
            .iter()
            .max_by_key(|(_, places)| places.len())
            .map(|(kind, _)| *kind)
            .into_iter()
            .collect();
        let ties: Vec<_> = quirks
            .iter()
            .filter_map(|quirk| tie(kinds, quirk))
            .collect();
        while let Some((a, b)) = ties
            .iter()
            .find(|(a, b)| told.contains(a) != told.contains(b))
        {
            told.push(if told.contains(a) { b } else { a });
        }
        let usual = told.first().copied().unwrap_or_default();
        let there = kinds.get(usual).and_then(|places| places.first());
        let there = document.place(there.map_or("", |place| place.at));
        for (kind, places) in kinds.iter().filter(|(kind, _)| !told.contains(kind)) {
            for place in places {
                findings.add(
                    document.place(place.at),
                    format!(
                        "{name} is {kind} here and {usual} at {there}: correct one, or give one an \
                         x-quirk with differs-from"
                    ),
                );
            }
        }
    }
}

/// Returns the two types of a field that its quirk names.
fn tie<'a>(kinds: &BTreeMap<&'a str, Vec<Place<'_>>>, quirk: &Quirk) -> Option<(&'a str, &'a str)> {
    let of = |pointer: &str| {
        let field = pointer.strip_suffix("/type").unwrap_or(pointer);
        let found = kinds
            .iter()
            .find(|(_, places)| places.iter().any(|place| place.is(field)));
        found.map(|(kind, _)| *kind)
    };
    of(&quirk.element)?;
    quirk
        .conditions
        .iter()
        .find_map(|condition| match condition {
            Condition::Differs(one, other) => Some((of(one)?, of(other)?)),
            _ => None,
        })
}

/// Place of a field.
struct Place<'a> {
    at: &'a str,
    /// Pointer to its schema, if that has a name.
    target: String,
}

impl Place<'_> {
    fn is(&self, pointer: &str) -> bool {
        self.at == pointer || self.target == pointer
    }
}
