//! Tests of every read of the spec, with the examples of its parameters.

use hyper::Method;
use serde_json::Value;

use super::Trial;
use crate::encoding::encode;
use crate::spec::{self, Operation, Parameter};
use crate::world;

/// Returns a name in a path. A slash is escaped twice in the Enterprise edition, and is a dollar sign
/// in the Basic edition.
fn in_path(name: &str, value: &str) -> String {
    match name {
        "project_id" => world::huaweicloud::PROJECT_ID.to_owned(),
        "instance_id" => world::huaweicloud::INSTANCE_ID.to_owned(),
        "repository_name" => encode(&encode(value)),
        "repository" => encode(&value.replace('/', "$")),
        _ => encode(value),
    }
}

fn example(parameter: &Parameter) -> Option<String> {
    Some(match parameter.example.as_ref()? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Returns path and query, with or without the optional parameters.
fn target(operation: &Operation, with_optional: bool) -> String {
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    for parameter in &operation.parameters {
        let name = &parameter.name;
        let place = format!("{{{name}}}");
        let value = example(parameter);
        if path.contains(&place) {
            let value = value.unwrap_or_else(|| panic!("{} {name}: no example", operation.id));
            path = path.replace(&place, &in_path(name, &value));
        } else if let Some(value) = value.filter(|_| with_optional || parameter.required) {
            query.push(format!("{name}={}", encode(&value)));
        }
    }
    match query.as_slice() {
        [] => path,
        query => format!("{path}?{}", query.join("&")),
    }
}

/// Whether a body has no records, or is empty itself.
fn is_empty(body: &Value) -> bool {
    match body {
        Value::Array(records) => records.is_empty(),
        Value::Object(fields) => match fields.values().find_map(Value::as_array) {
            Some(records) if !fields.contains_key("id") => records.is_empty(),
            _ => fields.is_empty(),
        },
        _ => true,
    }
}

#[tokio::test]
async fn every_read_answers_the_examples_of_its_parameters() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    let reads = swr.operations.iter();
    let mut asked = 0;
    for operation in reads.filter(|operation| operation.method == Method::GET) {
        for with_optional in [false, true] {
            let target = target(operation, with_optional);
            let response = trial.get(&target).await;
            assert_eq!(response.status, 200, "{target} {}", response.body);
            assert!(!is_empty(&response.body), "{target} {}", response.body);
        }
        asked += 1;
    }
    assert!(asked > 35, "{asked}");
}

/// Answers about a single record are the examples of the spec, except for the sandbox's ids.
#[tokio::test]
async fn what_is_shown_is_the_example() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    let shows = swr
        .operations
        .iter()
        .filter(|operation| operation.method == Method::GET && operation.id.starts_with("Show"));
    for operation in shows.filter(|operation| operation.example.is_object()) {
        let target = target(operation, true);
        let mut shown = trial.get(&target).await.body;
        for key in ["id", "instance_id", "project_id"] {
            if shown[key].is_string() {
                shown[key] = operation.example[key].clone();
            }
        }
        assert_eq!(shown, operation.example, "{}", operation.id);
    }
}

#[tokio::test]
async fn every_call_with_a_body_wants_one() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    let calls = swr.operations.iter();
    for operation in calls.filter(|operation| operation.body.is_some()) {
        let target = target(operation, false);
        for body in ["", "[]", "{}"] {
            let method = operation.method.as_str();
            let response = trial.huawei(method, &target, body.to_owned()).await;
            assert_eq!(response.status, 400, "{} {body}", operation.id);
        }
    }
}
