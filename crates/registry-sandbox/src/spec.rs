//! Specs of the services, which are read once per process, with the rules for requests of each
//! operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::generated::SPECS;
use crate::rule::Rule;

/// References nested deeper than this form a loop.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub(crate) struct SpecError(String);

impl SpecError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// Makes the error of an example that does not have the form of its type.
    pub(crate) fn misfit(operation: &str, error: &serde_json::Error) -> Self {
        wrong(format!("example of {operation}: {error}"))
    }
}

fn wrong(reason: impl Into<String>) -> SpecError {
    SpecError::new(reason)
}

/// Returns the built-in spec `name` (`CLIENT/SERVICE`). All sandboxes of a process share it.
pub(crate) fn named(name: &str) -> Result<&'static Spec, SpecError> {
    static READ: LazyLock<BTreeMap<&str, Result<Spec, SpecError>>> = LazyLock::new(|| {
        let read = |text: &str| -> Result<Spec, SpecError> {
            let document = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
            Spec::read(document)
        };
        let specs = SPECS.iter();
        specs.map(|(name, text)| (*name, read(text))).collect()
    });
    let spec = READ.get(name);
    let spec = spec.ok_or_else(|| wrong(format!("no spec {name}")))?;
    spec.as_ref()
        .map_err(|reason| wrong(format!("{name}: {reason}")))
}

/// Returns the spec that has the operation `id`.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn with(id: &str) -> &'static Spec {
    let mut specs = SPECS.iter().map(|(name, _)| named(name).unwrap());
    specs.find(|spec| spec.operation(id).is_ok()).unwrap()
}

/// One service.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) version: String,
    pub(crate) operations: Vec<Operation>,
    schemas: Map<String, Value>,
}

/// One call of a service.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    /// Path template, such as `/v3/projects`.
    pub(crate) path: String,
    /// Lower-case headers, each of which can authenticate a request. Empty if the call needs no
    /// authentication.
    pub(crate) authentication: BTreeSet<String>,
    pub(crate) parameters: Vec<Parameter>,
    /// Parameters of `x-paging` that depend on each other.
    pub(crate) paging: Option<Paging>,
    /// Schema of the body, if the call takes one.
    pub(crate) body: Option<Value>,
    /// Example of the body.
    #[cfg(test)]
    pub(crate) body_example: Value,
    /// Status of the answer that is a success.
    pub(crate) success: StatusCode,
    /// Example of the answer that is a success.
    pub(crate) example: Value,
}

/// Pair of parameters that cuts a listing into pages.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    /// Parameter for the beginning of a page.
    pub(crate) start: String,
    /// Parameter for the number of records of a page.
    pub(crate) size: String,
    /// Whether a page begins at a number of records.
    pub(crate) is_offset: bool,
    /// Whether the offset has to be a multiple of the size.
    pub(crate) is_aligned: bool,
}

impl Paging {
    /// Reads `x-paging`. Returns nothing if the parameters are independent of each other.
    fn read(paging: &Value) -> Option<Self> {
        let text = |key: &str| paging.get(key)?.as_str().map(str::to_owned);
        let is = |key: &str| paging.get(key) == Some(&Value::Bool(true));
        let offset = text("offset");
        is("paired").then_some(())?;
        Some(Self {
            is_offset: offset.is_some(),
            start: offset.or_else(|| text("page"))?,
            size: text("size")?,
            is_aligned: is("aligned"),
        })
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) rule: Rule,
    pub(crate) example: Option<Value>,
}

impl Spec {
    fn read(mut document: Value) -> Result<Self, SpecError> {
        let version = text_at(&document, "/info/version")?;
        let mut paths = taken(&mut document, "paths");
        let paths = paths
            .as_object_mut()
            .ok_or_else(|| wrong("no object at /paths"))?;
        let mut operations = Vec::new();
        for (path, item) in paths {
            let shared = taken(item, "parameters");
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if operation.get("operationId").is_some() {
                    let read = Operation::read(&document, path, method, &shared, operation);
                    operations
                        .push(read.map_err(|reason| wrong(format!("{method} {path}: {reason}")))?);
                }
            }
        }
        let schemas = document.pointer_mut("/components/schemas");
        let schemas = match schemas.map(Value::take) {
            Some(Value::Object(schemas)) => schemas,
            _ => Map::new(),
        };
        Ok(Self {
            version,
            operations,
            schemas,
        })
    }

    pub(crate) fn operation(&self, id: &str) -> Result<&Operation, SpecError> {
        self.operations
            .iter()
            .find(|operation| operation.id == id)
            .ok_or_else(|| wrong(format!("no operation {id}")))
    }

    /// Returns the values of a schema that lists them.
    pub(crate) fn values(&self, schema: &str) -> Result<Vec<String>, SpecError> {
        let values = self
            .schemas
            .get(schema)
            .and_then(|schema| schema.get("enum"));
        let values = values.and_then(Value::as_array);
        let values = values.ok_or_else(|| wrong(format!("no values of {schema}")))?;
        let values = values.iter().filter_map(Value::as_str);
        Ok(values.map(str::to_owned).collect())
    }
}

impl Operation {
    /// Reads an operation, and takes its examples out of `operation`.
    fn read(
        document: &Value,
        path: &str,
        method: &str,
        shared: &Value,
        operation: &mut Value,
    ) -> Result<Self, SpecError> {
        let parameters = [Some(shared), operation.get("parameters")]
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .map(|parameter| Parameter::read(&resolved(document, parameter, 0)?))
            .collect::<Result<Vec<_>, _>>()?;
        let request = operation.get_mut("requestBody").and_then(content);
        let request = request.map(Value::take).unwrap_or_default();
        let body = request.get("schema");
        let body = body.map(|schema| resolved(document, schema, 0));
        let (success, example) = match success(operation) {
            Some((status, response)) => {
                let content = content(response);
                let example = content.and_then(|content| content.get_mut("example"));
                let example = example.map(Value::take).unwrap_or_default();
                (status.parse().unwrap_or(StatusCode::OK), example)
            }
            None => (StatusCode::OK, Value::Null),
        };
        Ok(Self {
            id: text_at(operation, "/operationId")?,
            method: Method::from_bytes(method.to_uppercase().as_bytes())
                .map_err(|error| wrong(error.to_string()))?,
            path: path.to_owned(),
            authentication: authentication(document, operation)?,
            parameters,
            paging: operation.get("x-paging").and_then(Paging::read),
            body: body.transpose()?,
            #[cfg(test)]
            body_example: request.get("example").cloned().unwrap_or_default(),
            success,
            example,
        })
    }

    /// Returns the example of a parameter.
    pub(crate) fn parameter_example(&self, name: &str) -> Result<&Value, SpecError> {
        let parameter = self.parameter(name);
        let example = parameter.and_then(|parameter| parameter.example.as_ref());
        example.ok_or_else(|| wrong(format!("{}: no example of {name}", self.id)))
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

impl Parameter {
    fn read(parameter: &Value) -> Result<Self, SpecError> {
        let name = text_at(parameter, "/name")?;
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let rule = Rule::read(schema).map_err(|reason| wrong(format!("{name}: {reason}")))?;
        Ok(Self {
            required: parameter.get("required") == Some(&Value::Bool(true)),
            rule,
            example: parameter.get("example").cloned(),
            name,
        })
    }
}

fn authentication(document: &Value, operation: &Value) -> Result<BTreeSet<String>, SpecError> {
    let security = operation.get("security").or(document.get("security"));
    security
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(Map::keys)
        .map(|scheme| {
            let scheme = format!("/components/securitySchemes/{scheme}");
            match text_at(document, &format!("{scheme}/type"))?.as_str() {
                "http" => Ok("authorization".to_owned()),
                _ => Ok(text_at(document, &format!("{scheme}/name"))?.to_lowercase()),
            }
        })
        .collect()
}

/// Returns the content of a request or an answer: its first content type that is a form of JSON, or
/// else its form, XML or plain text.
fn content(value: &mut Value) -> Option<&mut Value> {
    let content = value.get_mut("content")?.as_object_mut()?;
    let is_other = |media_type: &&String| OTHERS.contains(&media_type.as_str());
    let json = content.keys().find(|media_type| is_json(media_type));
    let found = json.or_else(|| content.keys().find(is_other))?.to_owned();
    content.get_mut(&found)
}

/// Media types of contents that are not JSON.
const OTHERS: [&str; 3] = [
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/xml",
];

/// Whether a media type is a form of JSON: `application/x-amz-json-1.1`,
/// `application/vnd.docker.distribution.manifest.v2+json`.
fn is_json(media_type: &str) -> bool {
    let (name, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    let Some(name) = name.trim().strip_prefix("application/") else {
        return false;
    };
    name.split(['.', '-', '+']).any(|word| word == "json")
}

/// Returns status and description of the success.
fn success(operation: &mut Value) -> Option<(&String, &mut Value)> {
    let responses = operation.get_mut("responses")?.as_object_mut()?;
    responses
        .iter_mut()
        .find(|(status, _)| status.starts_with('2'))
}

fn resolved(document: &Value, value: &Value, depth: usize) -> Result<Value, SpecError> {
    if depth > DEEPEST {
        return Err(wrong("a $ref leads back to itself"));
    }
    match value {
        Value::Object(object) => {
            if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                let target = reference
                    .strip_prefix('#')
                    .and_then(|pointer| document.pointer(pointer))
                    .ok_or_else(|| wrong(format!("$ref {reference} leads nowhere")))?;
                return resolved(document, target, depth + 1);
            }
            object
                .iter()
                .map(|(key, value)| Ok((key.clone(), resolved(document, value, depth + 1)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object)
        }
        Value::Array(items) => items
            .iter()
            .map(|item| resolved(document, item, depth + 1))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array),
        scalar => Ok(scalar.clone()),
    }
}

fn taken(value: &mut Value, key: &str) -> Value {
    value.get_mut(key).map(Value::take).unwrap_or_default()
}

fn text_at(value: &Value, pointer: &str) -> Result<String, SpecError> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| wrong(format!("no text at {pointer}")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn operation(id: &str) -> &'static Operation {
        with(id).operation(id).unwrap()
    }

    #[test]
    fn authentication_is_the_specs() {
        for (id, headers) in [
            (
                "ListInstanceReplicationPolicyExecTasks",
                &["authorization", "x-auth-token"] as &[&str],
            ),
            ("KeystoneCreateUserTokenByPassword", &[]),
            ("DecodeAuthorizationMessage", &["authorization"]),
            ("ListRepoSyncTask", &["authorization"]),
        ] {
            let authentication = &operation(id).authentication;
            assert!(authentication.iter().eq(headers), "{id}");
        }
    }

    #[test]
    fn an_http_scheme_authenticates_by_its_header() {
        let document = serde_json::json!({
            "components": {"securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
            }},
            "security": [{"bearer": []}, {"key": []}],
        });
        let headers = authentication(&document, &Value::Null).unwrap();
        assert!(headers.iter().eq(["authorization", "x-key"]));
    }

    #[test]
    fn every_pattern_is_a_regular_expression() {
        fn check(schema: &Value) {
            if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
                assert!(regex_lite::Regex::new(pattern).is_ok(), "{pattern}");
            }
            match schema {
                Value::Object(object) => object.values().for_each(check),
                Value::Array(items) => items.iter().for_each(check),
                _ => {}
            }
        }
        for (name, _) in SPECS {
            for operation in &named(name).unwrap().operations {
                operation.body.iter().for_each(check);
                for Parameter { name, rule, .. } in &operation.parameters {
                    assert!(rule.compiles(), "{} {name}", operation.id);
                }
            }
        }
    }

    #[test]
    fn references_are_resolved_and_defaults_read() {
        let tasks = operation("ListInstanceRetentionPolicyExecTasks");
        let limit = &tasks.parameter("limit").unwrap().rule;
        assert_eq!(limit.default_integer(), Some(10));
        assert!(limit.check("100").is_ok());
        assert!(limit.check("101").is_err());
        assert!(
            tasks
                .parameter("status")
                .unwrap()
                .rule
                .check("Done")
                .is_err()
        );
    }

    #[test]
    fn an_answer_of_plain_text_has_its_text_as_example() {
        assert_eq!(operation("getPing").example, "Pong");
    }

    #[test]
    fn examples_keep_numbers_that_are_sent_as_text() {
        let example = &operation("ListRepoSyncTask").example;
        assert_eq!(example["TotalCount"], Value::from("1"));
        assert_eq!(
            example["SyncTasks"][0]["CreateTime"],
            Value::from(1_572_839_126_000_i64)
        );
    }

    #[test]
    fn json_forms_and_xml_are_read() {
        for (media_type, is_read) in [
            ("application/json", true),
            ("application/json; charset=utf-8", true),
            ("application/x-amz-json-1.1", true),
            ("application/vnd.docker.distribution.manifest.v2+json", true),
            ("application/x-www-form-urlencoded", true),
            ("text/xml", true),
            ("multipart/form-data", false),
            ("application/jsonish", false),
            ("text/json", false),
        ] {
            let content = |value: &str| {
                serde_json::json!({
                    "a/first": {"example": "other"},
                    media_type: {"schema": {"type": "string"}, "example": value},
                    "z/last": {"example": "other"},
                })
            };
            let document = serde_json::json!({
                "info": {"version": "v1"},
                "paths": {"/a": {"post": {
                    "operationId": "MakeA",
                    "requestBody": {"content": content("asked")},
                    "responses": {"201": {"content": content("answered")}},
                }}},
            });
            let spec = Spec::read(document).unwrap();
            let operation = spec.operation("MakeA").unwrap();
            assert_eq!(operation.body.is_some(), is_read, "{media_type}");
            assert_eq!(operation.body_example == "asked", is_read, "{media_type}");
            assert_eq!(operation.example == "answered", is_read, "{media_type}");
        }
    }

    #[test]
    fn a_reference_that_leads_back_to_itself_is_refused() {
        let raw = serde_json::json!({"a": {"$ref": "#/a"}});
        assert!(resolved(&raw, &raw, 0).is_err());
    }
}
