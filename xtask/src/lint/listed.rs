//! Vendor's operation list, from `tests/data/listed/`. The README there names its origin.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Facts that a vendor's SDKs declare.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(rename = "source")]
    _source: String,
    #[serde(rename = "version")]
    _version: String,
    pub(super) operations: BTreeMap<String, Listed>,
    pub(super) models: BTreeMap<String, BTreeMap<String, Field>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listed {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, Field>,
    /// Headers of the answer.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Field>,
    /// Type of the body.
    pub(super) body: Option<String>,
    /// Type of the answer.
    pub(super) answer: Option<String>,
}

/// Field of a model, parameter or header.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Field {
    /// Place of a parameter.
    #[serde(default, rename = "in")]
    pub(super) place: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) required: bool,
    /// Values of a text, if the list has them.
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// Meaning of a type of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape<'a> {
    /// Type of JSON, with the smallest format that a spec may give it.
    Plain(&'static str, Option<&'static str>),
    /// Any object.
    Free,
    Array(&'a str),
    Map(&'a str),
    Model(&'a str),
}

impl<'a> Shape<'a> {
    pub(super) fn of(kind: &'a str) -> Self {
        let inner = |prefix| kind.strip_prefix(prefix)?.strip_suffix('>');
        match kind {
            "string" => Self::Plain("string", None),
            "boolean" => Self::Plain("boolean", None),
            "number" => Self::Plain("number", None),
            "integer" | "int32" => Self::Plain("integer", None),
            "int64" => Self::Plain("integer", Some("int64")),
            "object" => Self::Free,
            _ => match (inner("array<"), inner("map<string,")) {
                (Some(item), _) => Self::Array(item),
                (_, Some(value)) => Self::Map(value),
                _ => Self::Model(kind),
            },
        }
    }
}

impl List {
    /// Reads a list. It must have every model that it names.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let list: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let fields = list
            .models
            .values()
            .flat_map(BTreeMap::values)
            .chain(
                list.operations
                    .values()
                    .flat_map(|it| it.parameters.values()),
            )
            .chain(list.operations.values().flat_map(|it| it.headers.values()))
            .map(|field| &field.kind);
        let whole = list
            .operations
            .values()
            .flat_map(|it| [it.body.as_ref(), it.answer.as_ref()])
            .flatten();
        for kind in fields.chain(whole) {
            let mut shape = Shape::of(kind);
            while let Shape::Array(inner) | Shape::Map(inner) = shape {
                shape = Shape::of(inner);
            }
            if let Shape::Model(name) = shape
                && !list.models.contains_key(name)
            {
                return Err(format!("there is no model {name}: add it to models"));
            }
        }
        Ok(list)
    }
}
