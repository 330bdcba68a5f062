//! Matching of operations and schemas of the old spec with those of the new one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::spec::{Place, all_operations, object, resolve};

/// Keys that are documentation only.
const DOCUMENTATION: [&str; 10] = [
    "description",
    "summary",
    "title",
    "example",
    "examples",
    "externalDocs",
    "x-source",
    "x-quirk",
    "x-unit",
    "x-example-made",
];

/// Keys whose values are maps by names of the spec.
const NAMES: [&str; 6] = [
    "properties",
    "responses",
    "headers",
    "content",
    "schemas",
    "paths",
];

/// Two versions of a spec, with their matched parts.
pub(super) struct Pairs<'a> {
    pub(super) old: &'a Value,
    pub(super) new: &'a Value,
    pub(super) operations: Vec<OperationPair<'a>>,
    pub(super) schemas: Vec<SchemaPair<'a>>,
    /// Old names of schemas that now have another name and the same shape.
    pub(super) renamed: BTreeMap<String, String>,
}

/// Both versions of an operation, or only one if it was added or removed.
pub(super) struct OperationPair<'a> {
    pub(super) old: Option<Place<'a>>,
    pub(super) new: Option<Place<'a>>,
}

/// Both versions of a schema, or only one if it was added or removed.
pub(super) struct SchemaPair<'a> {
    pub(super) old: Option<(&'a str, &'a Value)>,
    pub(super) new: Option<(&'a str, &'a Value)>,
}

/// Use of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    /// Bodies of refusals, which the transport reads.
    Refused,
    /// Answers.
    Received,
    /// Requests, perhaps answers, too.
    Sent,
}

pub(super) fn id<'a>(place: &Place<'a>) -> &'a str {
    place
        .value
        .get("operationId")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

impl OperationPair<'_> {
    /// The new name, or the one it had.
    pub(super) fn name(&self) -> &str {
        self.new.as_ref().or(self.old.as_ref()).map_or("", id)
    }
}

impl SchemaPair<'_> {
    /// The new name, or the one it had.
    pub(super) fn name(&self) -> &str {
        self.new.or(self.old).map_or("", |(name, _)| name)
    }
}

impl<'a> Pairs<'a> {
    pub(super) fn new(old: &'a Value, new: &'a Value) -> Self {
        let renamed = renamed(old, new);
        let mut schemas = Vec::new();
        let (olds, news) = (schemas_of(old), schemas_of(new));
        for (&name, &schema) in &olds {
            let now = renamed.get(name).map_or(name, String::as_str);
            schemas.push(SchemaPair {
                old: Some((name, schema)),
                new: news
                    .get_key_value(now)
                    .map(|(name, schema)| (*name, *schema)),
            });
        }
        let known = |name: &str| olds.contains_key(name) || renamed.values().any(|new| new == name);
        for (&name, &schema) in news.iter().filter(|(name, _)| !known(name)) {
            schemas.push(SchemaPair {
                old: None,
                new: Some((name, schema)),
            });
        }
        Self {
            operations: operations(old, new),
            schemas,
            renamed,
            old,
            new,
        }
    }

    /// Returns the new name of an old schema.
    pub(super) fn now<'n>(&'n self, old: &'n str) -> &'n str {
        self.renamed.get(old).map_or(old, String::as_str)
    }

    /// Returns the operations that use a schema in either version, by new names, with its use.
    pub(super) fn users(&self, schema: &SchemaPair<'_>) -> BTreeMap<String, Direction> {
        let mut users: BTreeMap<String, Direction> = BTreeMap::new();
        for pair in &self.operations {
            let sides = [
                (self.old, pair.old.as_ref(), schema.old),
                (self.new, pair.new.as_ref(), schema.new),
            ];
            for (document, place, schema) in sides {
                let (Some(place), Some((schema, _))) = (place, schema) else {
                    continue;
                };
                if let Some(direction) = direction(document, place.value, schema) {
                    let known = users.entry(pair.name().to_owned()).or_insert(direction);
                    *known = direction.max(*known);
                }
            }
        }
        users
    }

    /// Returns the old value with its references inlined, without documentation, and with new names
    /// of schemas.
    pub(super) fn plain_old(&self, value: &Value) -> Value {
        plain(&inline(self.old, value), &self.renamed)
    }

    /// Returns the old value with its references inlined and new names of schemas.
    pub(super) fn inline_old(&self, value: &Value) -> Value {
        named(&inline(self.old, value), &self.renamed)
    }

    /// The new value in the same form.
    pub(super) fn inline_new(&self, value: &Value) -> Value {
        inline(self.new, value)
    }

    /// The new value in the same form.
    pub(super) fn plain_new(&self, value: &Value) -> Value {
        plain(&inline(self.new, value), &BTreeMap::new())
    }
}

/// Matches operations by name. One with another name and the same place was renamed.
fn operations<'a>(old: &'a Value, new: &'a Value) -> Vec<OperationPair<'a>> {
    let mut news: Vec<Option<Place<'a>>> = all_operations(new).map(Some).collect();
    let mut take = |fits: &dyn Fn(&Place<'a>) -> bool| {
        news.iter_mut()
            .find(|place| place.as_ref().is_some_and(fits))
            .and_then(Option::take)
    };
    let mut pairs = Vec::new();
    for old in all_operations(old) {
        let new = take(&|new| id(new) == id(&old));
        pairs.push((old, new));
    }
    let mut pairs: Vec<OperationPair<'a>> = pairs
        .into_iter()
        .map(|(old, new)| {
            let new = new.or_else(|| take(&|new| new.method == old.method && new.path == old.path));
            OperationPair {
                old: Some(old),
                new,
            }
        })
        .collect();
    pairs.extend(news.into_iter().flatten().map(|new| OperationPair {
        old: None,
        new: Some(new),
    }));
    pairs.sort_by(|a, b| a.name().cmp(b.name()));
    pairs
}

fn schemas_of(document: &Value) -> BTreeMap<&str, &Value> {
    object(document.pointer("/components/schemas"))
        .map(|(name, schema)| (name.as_str(), schema))
        .collect()
}

/// Finds schemas that have another name and the same shape.
fn renamed(old: &Value, new: &Value) -> BTreeMap<String, String> {
    let (olds, news) = (schemas_of(old), schemas_of(new));
    let mut renamed = BTreeMap::new();
    // A schema that contains a renamed one has the same shape only once the rename is known.
    loop {
        let before = renamed.len();
        for (&name, schema) in olds.iter().filter(|(name, _)| !news.contains_key(*name)) {
            if renamed.contains_key(name) {
                continue;
            }
            let fits = |candidate: &str, now: &Value| {
                let mut renamed = renamed.clone();
                renamed.insert(name.to_owned(), candidate.to_owned());
                plain(schema, &renamed) == plain(now, &BTreeMap::new())
            };
            let found = news.iter().find(|(candidate, now)| {
                !olds.contains_key(*candidate)
                    && !renamed.values().any(|taken| taken == *candidate)
                    && fits(candidate, now)
            });
            if let Some((candidate, _)) = found {
                renamed.insert(name.to_owned(), (*candidate).to_owned());
            }
        }
        if renamed.len() == before {
            return renamed;
        }
    }
}

/// Returns an operation's use of a schema, if it uses it.
fn direction(document: &Value, operation: &Value, schema: &str) -> Option<Direction> {
    let reaches = |value: Option<&Value>| {
        let mut names = BTreeSet::new();
        if let Some(value) = value {
            reach(document, value, &mut names);
        }
        names.contains(schema)
    };
    if reaches(operation.get("requestBody")) || reaches(operation.get("parameters")) {
        return Some(Direction::Sent);
    }
    object(operation.get("responses"))
        .filter(|(_, response)| reaches(Some(response)))
        .map(|(status, _)| match status.starts_with('2') {
            true => Direction::Received,
            false => Direction::Refused,
        })
        .max()
}

/// Adds the names of all schemas that `value` refers to, directly or not.
fn reach(document: &Value, value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
                let fresh = match schema_name(reference) {
                    Some(name) => names.insert(name.to_owned()),
                    None => true,
                };
                if fresh {
                    let target = document.pointer(reference.trim_start_matches('#'));
                    target
                        .into_iter()
                        .for_each(|target| reach(document, target, names));
                }
            }
            let inner = map.iter().filter(|(key, _)| *key != "example");
            inner.for_each(|(_, value)| reach(document, value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| reach(document, value, names)),
        _ => {}
    }
}

/// Returns `X` of `#/components/schemas/X`.
pub(super) fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// Inlines the parameters, answers and headers that a value refers to. Schemas stay references.
pub(super) fn inline(document: &Value, value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            if reference.is_some_and(|reference| schema_name(reference).is_none()) {
                return resolve(document, value).clone();
            }
            let inner = map.iter();
            Value::Object(
                inner
                    .map(|(key, value)| (key.clone(), inline(document, value)))
                    .collect(),
            )
        }
        Value::Array(list) => list.iter().map(|value| inline(document, value)).collect(),
        value => value.clone(),
    }
}

/// Returns a value with new names of schemas in references.
fn named(value: &Value, renamed: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| {
                let reference = value.as_str().and_then(schema_name);
                let value = match reference.and_then(|name| renamed.get(name)) {
                    Some(now) if key == "$ref" => format!("#/components/schemas/{now}").into(),
                    _ => named(value, renamed),
                };
                (key.clone(), value)
            })
            .collect(),
        Value::Array(list) => list.iter().map(|value| named(value, renamed)).collect(),
        value => value.clone(),
    }
}

/// Returns a value without documentation and with new names of schemas in references.
fn plain(value: &Value, renamed: &BTreeMap<String, String>) -> Value {
    bare(&named(value, renamed), false)
}

/// Returns a value without documentation. `names` tells that its keys are names of the spec.
fn bare(value: &Value, names: bool) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter();
            let kept: Map<String, Value> = kept
                .filter(|(key, _)| names || !DOCUMENTATION.contains(&key.as_str()))
                .map(|(key, value)| {
                    let names = !names && NAMES.contains(&key.as_str());
                    (key.clone(), bare(value, names))
                })
                .collect();
            // A reference with its own description is still a reference to a program.
            let all_of = kept.get("allOf").and_then(Value::as_array);
            match all_of.map(Vec::as_slice) {
                Some([only]) if kept.len() == 1 => only.clone(),
                _ => Value::Object(kept),
            }
        }
        Value::Array(list) => list.iter().map(|value| bare(value, false)).collect(),
        value => value.clone(),
    }
}
