//! View of a spec for the checks: its operations, and each schema with its place and its use.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::spec::{all_operations, array, object};

/// Keys whose values are the vendor's data, or objects with any keys.
const DATA: [&str; 3] = ["example", "default", "enum"];

/// Keys whose values are objects by name.
const NAMES: [&str; 12] = [
    "content",
    "headers",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "scopes",
    "securitySchemes",
    "variables",
    "x-request-headers",
];

pub(super) struct Document<'a> {
    pub(super) root: &'a Value,
    pub(super) operations: Vec<Operation<'a>>,
    /// All schemas, also those inside of others.
    pub(super) nodes: Vec<Node<'a>>,
    /// Pointers of the components that operations use.
    pub(super) used: BTreeSet<String>,
}

pub(super) struct Operation<'a> {
    /// `operationId`, or method and path.
    pub(super) name: String,
    /// Pointer to it.
    pub(super) at: String,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) value: &'a Value,
}

/// Schema with its place.
pub(super) struct Node<'a> {
    pub(super) at: String,
    pub(super) value: &'a Value,
    pub(super) kind: Kind<'a>,
    /// Whether it is part of an answer.
    pub(super) received: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// Schema of `components/schemas`.
    Named,
    Property(&'a str),
    /// Schema of a parameter, a header, a body or an answer, or inside of another schema.
    Other,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        let operations = all_operations(root)
            .map(|place| Operation {
                name: match place.value.get("operationId").and_then(Value::as_str) {
                    Some(name) => name.to_owned(),
                    None => format!("{} {}", place.method, place.path),
                },
                at: below(&below("/paths", place.path), place.method),
                method: place.method,
                path: place.path,
                value: place.value,
            })
            .collect();
        let mut document = Self {
            root,
            operations,
            nodes: Vec::new(),
            used: BTreeSet::new(),
        };
        let mut received = BTreeSet::new();
        let mut used = BTreeSet::new();
        for operation in &document.operations {
            document.reach(operation.value.get("responses"), &mut received);
            document.reach(Some(operation.value), &mut used);
        }
        document.used = used;
        document.nodes = document.schemas(&received);
        document
    }

    /// Adds the pointers of all components that `value` uses.
    fn reach(&self, value: Option<&'a Value>, seen: &mut BTreeSet<String>) {
        let mut references = Vec::new();
        if let Some(value) = value {
            keys("", value, &mut |_, key, value| {
                if key == "$ref"
                    && let Some(reference) = value.as_str()
                {
                    references.push(reference.trim_start_matches('#').to_owned());
                }
            });
        }
        for reference in references {
            let target = self.root.pointer(&reference);
            if seen.insert(reference) {
                self.reach(target, seen);
            }
        }
    }

    fn schemas(&self, received: &BTreeSet<String>) -> Vec<Node<'a>> {
        let mut nodes = Vec::new();
        for (name, schema) in object(self.root.pointer("/components/schemas")) {
            let at = below("/components/schemas", name);
            let received = received.contains(&at);
            schemas_in(at, schema, Kind::Named, received, &mut nodes);
        }
        // A value with a `schema` is a parameter, a header, a body or an answer.
        keys("", self.root, &mut |at, key, value| {
            if key == "schema" {
                let received = at.contains("/responses/");
                schemas_in(at.to_owned(), value, Kind::Other, received, &mut nodes);
            }
        });
        nodes
    }

    /// Returns the value at a pointer. Follows each `$ref` on its way.
    pub(super) fn at(&self, pointer: &str) -> Option<&'a Value> {
        let mut value = self.root;
        for token in pointer.trim_start_matches('#').split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            value = step(value, &token).or_else(|| step(self.resolve("", value).1, &token))?;
        }
        Some(value)
    }

    /// Resolves a schema, parameter or answer: returns it, or the target of its `$ref`, also of one
    /// with its own description; and its pointer.
    pub(super) fn resolve(&self, at: &str, value: &'a Value) -> (String, &'a Value) {
        let mut here = (at.to_owned(), value);
        // Bounded, so that a cycle of references ends.
        for _ in 0..16 {
            if let Some(reference) = here.1.get("$ref").and_then(Value::as_str) {
                let pointer = reference.trim_start_matches('#');
                let Some(target) = self.root.pointer(pointer) else {
                    break;
                };
                here = (pointer.to_owned(), target);
            } else if let Some([only]) = all_of(here.1) {
                here = (format!("{}/allOf/0", here.0), only);
            } else {
                break;
            }
        }
        here
    }

    /// Returns the operation's parameters: the pointer to each reference, the pointer to its
    /// definition, and the definition.
    pub(super) fn parameters(
        &self,
        operation: &Operation<'a>,
    ) -> impl Iterator<Item = (String, String, &'a Value)> {
        array(operation.value.get("parameters"))
            .enumerate()
            .map(|(index, parameter)| {
                let at = format!("{}/parameters/{index}", operation.at);
                let (target, parameter) = self.resolve(&at, parameter);
                (at, target, parameter)
            })
    }

    /// Returns the operation's documented success, if it has one, with its pointer.
    pub(super) fn success(&self, operation: &Operation<'a>) -> Option<(String, &'a Value)> {
        let (status, response) =
            object(operation.value.get("responses")).find(|(status, _)| status.starts_with('2'))?;
        let at = format!("{}/responses/{status}", operation.at);
        Some(self.resolve(&at, response))
    }

    /// Returns a pointer for people, with an operation's name instead of its path and method.
    pub(super) fn place(&self, at: &str) -> String {
        for operation in &self.operations {
            match at.strip_prefix(&operation.at) {
                Some("") => return operation.name.clone(),
                Some(rest) if rest.starts_with('/') => return format!("{}#{rest}", operation.name),
                _ => {}
            }
        }
        format!("#{at}")
    }
}

fn all_of(value: &Value) -> Option<&[Value]> {
    value.get("allOf")?.as_array().map(Vec::as_slice)
}

fn step<'a>(value: &'a Value, token: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(token),
        Value::Array(list) => list.get(token.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Returns the pointer to the child of this name.
pub(super) fn below(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn schemas_in<'a>(
    at: String,
    value: &'a Value,
    kind: Kind<'a>,
    received: bool,
    nodes: &mut Vec<Node<'a>>,
) {
    for (name, property) in object(value.get("properties")) {
        let at = below(&format!("{at}/properties"), name);
        schemas_in(at, property, Kind::Property(name), received, nodes);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = value.get(key).filter(|inner| inner.is_object()) {
            schemas_in(below(&at, key), inner, Kind::Other, received, nodes);
        }
    }
    nodes.push(Node {
        at,
        value,
        kind,
        received,
    });
}

/// Calls `visit` with the pointer and value of each key that has a meaning in OpenAPI or in our
/// extensions. Skips data and names.
pub(super) fn keys<'a>(at: &str, value: &'a Value, visit: &mut impl FnMut(&str, &str, &'a Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let at = below(at, key);
                visit(&at, key, value);
                if NAMES.contains(&key.as_str()) && value.is_object() {
                    for (name, value) in object(Some(value)) {
                        keys(&below(&at, name), value, visit);
                    }
                } else if !DATA.contains(&key.as_str()) && !key.starts_with("x-") {
                    keys(&at, value, visit);
                }
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                keys(&format!("{at}/{index}"), value, visit);
            }
        }
        _ => {}
    }
}
