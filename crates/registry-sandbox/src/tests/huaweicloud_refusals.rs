//! Tests of requests that the spec does not allow, and of missing records.

use serde_json::{Value, json};

use super::Trial;
use super::huaweicloud_trial::here;
use crate::spec;

/// Changes a field of the example of a body.
fn changed(example: &Value, pointer: &str, value: &Value) -> Value {
    let mut body = example.clone();
    match pointer.rsplit_once('/') {
        Some((parent, key)) if value.is_null() => {
            let parent = body.pointer_mut(parent).unwrap();
            parent.as_object_mut().unwrap().remove(key);
        }
        _ => *body.pointer_mut(pointer).unwrap() = value.clone(),
    }
    body
}

#[tokio::test]
async fn bodies_are_held_to_their_schema() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    let basic = |call: &str| format!("/v2/manage/namespaces/test/repos/testrepo/{call}");
    for (operation, method, target, pointer, value, problem) in [
        (
            "CreateInstanceReplicationPolicy",
            "POST",
            here("replication/policies"),
            "/name",
            Value::Null,
            "body.name is missing",
        ),
        (
            "CreateInstanceReplicationPolicy",
            "POST",
            here("replication/policies"),
            "/filters/0/type",
            json!("label"),
            "body.filters.type must be one of name, tag",
        ),
        (
            "UpdateInstanceReplicationPolicy",
            "PUT",
            here("replication/policies/12"),
            "/trigger/type",
            json!(1),
            "body.trigger.type must be of type string",
        ),
        (
            "CreateInstanceReplicationPolicy",
            "POST",
            here("replication/policies"),
            "/dest_registry/id",
            json!("3"),
            "body.dest_registry.id must be of type integer",
        ),
        (
            "ExecuteInstanceReplicationPolicy",
            "POST",
            here("replication/executions"),
            "/policy_id",
            json!(1.5),
            "body.policy_id must be of type integer",
        ),
        (
            "CreateInstanceRegistry",
            "POST",
            here("registries"),
            "/credential/access_key",
            Value::Null,
            "body.credential.access_key is missing",
        ),
        (
            "CreateInstanceRegistry",
            "POST",
            here("registries"),
            "/insecure",
            json!("false"),
            "body.insecure must be of type boolean",
        ),
        (
            "CreateInstanceRetentionPolicy",
            "POST",
            here("namespaces/root/retention/policies"),
            "/rules/0/tag_selectors/0/decoration",
            json!("likes"),
            "body.rules.tag_selectors.decoration must be one of repoMatches, matches, excludes",
        ),
        (
            "CreateInstanceRetentionPolicy",
            "POST",
            here("namespaces/root/retention/policies"),
            "/rules",
            json!({}),
            "body.rules must be of type array",
        ),
        (
            "CreateImageSyncRepo",
            "POST",
            basic("sync_repo"),
            "/remoteNamespace",
            Value::Null,
            "body.remoteNamespace is missing",
        ),
        (
            "CreateManualImageSyncRepo",
            "POST",
            basic("sync_images"),
            "/imageTag/0",
            json!(8),
            "body.imageTag must be of type string",
        ),
        (
            "CreateRetention",
            "POST",
            basic("retentions"),
            "/rules/0/template",
            json!("size_rule"),
            "body.rules.template must be one of date_rule, tag_rule",
        ),
    ] {
        let example = swr.operation(operation).unwrap().body_example.clone();
        let body = changed(&example, pointer, &value);
        let (status, refusal) = trial.send_json(method, &target, &body).await;
        assert_eq!(status, 400, "{operation} {body} {refusal}");
        let basic = &refusal["errors"][0];
        let (code, message) = match refusal.get("error_code") {
            Some(code) => (code, &refusal["error_msg"]),
            None => (&basic["errorCode"], &basic["errorMessage"]),
        };
        assert_eq!(code, "SVCSTG.SWR.4000401", "{operation}");
        assert_eq!(message, problem, "{operation}");
    }
    let response = trial
        .huawei("POST", &here("registries"), "{".to_owned())
        .await;
    assert_eq!(response.status, 400, "no JSON");
}

#[tokio::test]
async fn what_is_not_there_is_refused() {
    let trial = Trial::start().await;
    let tags = |path: &str| format!("/v2/manage/namespaces/test/repos/{path}");
    for target in [
        here("replication/policies/999"),
        here("replication/executions/999/tasks"),
        here("replication/executions/83/tasks/999/subtasks"),
        here("registries/999"),
        here("namespaces/nowhere"),
        here("namespaces/library/repositories/nothing"),
        here("namespaces/library/repositories/web%2Fstorefront"),
        here("namespaces/library/repositories/web%252Fstorefront/artifacts/v9"),
        here("namespaces/library/retention/policies/21"),
        here("namespaces/platform/retention/policies/21/executions/113/tasks"),
        here("namespaces/library/retention/policies/7/executions/113/tasks/9/subtasks"),
        here("").replace("0001/instances", "0002/instances"),
        here("")
            .replace("/instances", "/jobs/none?")
            .replace('?', ""),
        tags("nothing"),
        tags("testrepo/tags/none"),
        tags("testrepo/retentions/9"),
        "/v2/manage/namespaces/nobody".to_owned(),
    ] {
        let target = target.trim_end_matches('/');
        let response = trial.get(target).await;
        assert_eq!(response.status, 404, "{target} {}", response.body);
    }
}

#[tokio::test]
async fn a_policy_has_one_registry_that_is_there() {
    let trial = Trial::start().await;
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    let operation = swr.operation("CreateInstanceReplicationPolicy").unwrap();
    let mut body = operation.body_example.clone();
    body["name"] = json!("new");
    for (source, destination, status) in [
        (json!({"id": 0}), json!({"id": 3}), 201),
        (json!({"id": 3}), json!({"id": 3}), 400),
        (json!({"id": 0}), json!({"id": 0}), 400),
        (Value::Null, Value::Null, 400),
        (Value::Null, json!({"id": 999}), 404),
    ] {
        body["src_registry"] = source;
        body["dest_registry"] = destination;
        let target = here("replication/policies");
        let (found, refusal) = trial.send_json("POST", &target, &body).await;
        assert_eq!(found, status, "{body} {refusal}");
        body["name"] = json!("another");
    }
}

#[tokio::test]
async fn quotas_are_for_the_accounts_projects() {
    let trial = Trial::start().await;
    let response = trial.get("/v2/manage/projects/elsewhere/quotas").await;
    assert_eq!(response.status, 403, "{}", response.body);
    assert!(response.body["errors"][0]["errorCode"].is_string());
}
