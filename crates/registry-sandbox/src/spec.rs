//! The specs: read once, references resolved, operations with what their requests must look like.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::rule::Rule;

const SWR: &str = include_str!("../../../specs/huaweicloud-swr/swr.yaml");
const IAM: &str = include_str!("../../../specs/huaweicloud-swr/iam.yaml");
const STS: &str = include_str!("../../../specs/huaweicloud-swr/sts.yaml");
const CR: &str = include_str!("../../../specs/alibabacloud-cr/cr.yaml");
const ALIBABACLOUD_STS: &str = include_str!("../../../specs/alibabacloud-cr/sts.yaml");

/// A reference inside a reference, so deep, can only be a loop.
const DEEPEST: usize = 64;

#[derive(Debug, Clone, Error)]
#[error("{0}")]
pub(crate) struct SpecError(String);

impl SpecError {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The example of an operation does not have the form of what it is an example of.
    pub(crate) fn misfit(operation: &str, error: &serde_json::Error) -> Self {
        wrong(format!("example of {operation}: {error}"))
    }
}

fn wrong(reason: impl Into<String>) -> SpecError {
    SpecError::new(reason)
}

/// The services that the sandbox answers for.
pub(crate) struct Specs {
    pub(crate) swr: Spec,
    pub(crate) iam: Spec,
    pub(crate) sts: Spec,
    pub(crate) cr: Spec,
    pub(crate) alibabacloud_sts: Spec,
}

impl Specs {
    /// Those that are built in, read once.
    pub(crate) fn shared() -> Result<&'static Self, SpecError> {
        static SPECS: LazyLock<Result<Specs, SpecError>> = LazyLock::new(Specs::read);
        SPECS.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn read() -> Result<Self, SpecError> {
        let read = |name: &str, text: &str| {
            Spec::read(text).map_err(|reason| wrong(format!("{name}: {reason}")))
        };
        Ok(Self {
            swr: read("huaweicloud-swr/swr.yaml", SWR)?,
            iam: read("huaweicloud-swr/iam.yaml", IAM)?,
            sts: read("huaweicloud-swr/sts.yaml", STS)?,
            cr: read("alibabacloud-cr/cr.yaml", CR)?,
            alibabacloud_sts: read("alibabacloud-cr/sts.yaml", ALIBABACLOUD_STS)?,
        })
    }
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
    /// Headers, lower-cased, each of which can authenticate a request; none if the call is open.
    pub(crate) authentication: BTreeSet<String>,
    pub(crate) parameters: Vec<Parameter>,
    /// `style` of `x-paging`.
    pub(crate) paging: Option<String>,
    /// Schema of the JSON body, if the call takes one.
    pub(crate) body: Option<Value>,
    /// Example of the JSON body.
    #[cfg(test)]
    pub(crate) body_example: Value,
    /// Status of the answer that is a success.
    pub(crate) success: StatusCode,
    /// Example of the answer that is a success.
    pub(crate) example: Value,
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) rule: Rule,
    pub(crate) example: Option<Value>,
}

impl Spec {
    fn read(text: &str) -> Result<Self, SpecError> {
        let raw: Value = serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let document = resolved(&raw, &raw, 0)?;
        let version = text_at(&document, "/info/version")?;
        let mut operations = Vec::new();
        for (path, item) in object_at(&document, "/paths")? {
            let shared = item.get("parameters");
            for (method, operation) in item.as_object().into_iter().flatten() {
                if operation.get("operationId").is_some() {
                    let read = Operation::read(&document, path, method, shared, operation);
                    operations
                        .push(read.map_err(|reason| wrong(format!("{method} {path}: {reason}")))?);
                }
            }
        }
        let schemas = object_at(&document, "/components/schemas")?.clone();
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

    /// The values of a schema that lists them.
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
    fn read(
        document: &Value,
        path: &str,
        method: &str,
        shared: Option<&Value>,
        operation: &Value,
    ) -> Result<Self, SpecError> {
        let parameters = [shared, operation.get("parameters")]
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten()
            .map(Parameter::read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            id: text_at(operation, "/operationId")?,
            method: Method::from_bytes(method.to_uppercase().as_bytes())
                .map_err(|error| wrong(error.to_string()))?,
            path: path.to_owned(),
            authentication: authentication(document, operation)?,
            parameters,
            paging: text_at(operation, "/x-paging/style").ok(),
            body: operation
                .pointer("/requestBody/content/application~1json/schema")
                .cloned(),
            #[cfg(test)]
            body_example: operation
                .pointer("/requestBody/content/application~1json/example")
                .cloned()
                .unwrap_or(Value::Null),
            success: success(operation)
                .and_then(|(status, _)| status.parse().ok())
                .unwrap_or(StatusCode::OK),
            example: example(operation).unwrap_or(Value::Null),
        })
    }

    /// The example of a parameter.
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
            let header = format!("/components/securitySchemes/{scheme}/name");
            Ok(text_at(document, &header)?.to_lowercase())
        })
        .collect()
}

/// Status and description of the answer that is a success.
fn success(operation: &Value) -> Option<(&String, &Value)> {
    let responses = operation.get("responses")?.as_object()?;
    responses.iter().find(|(status, _)| status.starts_with('2'))
}

fn example(operation: &Value) -> Option<Value> {
    let (_, success) = success(operation)?;
    success
        .pointer("/content/application~1json/example")
        .cloned()
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

fn object_at<'a>(value: &'a Value, pointer: &str) -> Result<&'a Map<String, Value>, SpecError> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .ok_or_else(|| wrong(format!("no object at {pointer}")))
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

    fn operation(id: &str) -> Operation {
        let specs = Specs::read().unwrap();
        [specs.swr, specs.iam, specs.sts, specs.cr]
            .iter()
            .find_map(|spec| spec.operation(id).ok().cloned())
            .unwrap()
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
            let authentication = operation(id).authentication;
            assert!(authentication.iter().eq(headers), "{id}");
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
    fn examples_keep_numbers_that_are_sent_as_text() {
        let example = operation("ListRepoSyncTask").example;
        assert_eq!(example["TotalCount"], Value::from("1"));
        assert_eq!(
            example["SyncTasks"][0]["CreateTime"],
            Value::from(1_572_839_126_000_i64)
        );
    }

    #[test]
    fn a_reference_that_leads_back_to_itself_is_refused() {
        let looping = "a: {$ref: '#/a'}";
        let raw: Value = serde_saphyr::from_str(looping).unwrap();
        assert!(resolved(&raw, &raw, 0).is_err());
    }
}
