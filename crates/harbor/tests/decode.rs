//! Decoding of answers: real ones of public issues with replaced names, and the odd values that Harbor
//! sends.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use harbor::harbor::types::{
    Artifact, OverallHealthStatus, ReplicationExecution, ReplicationPolicy, ReplicationTask,
    RetentionExecution, RetentionExecutionTask, RetentionPolicy, WebhookJob,
};
use harbor::harbor::values::{
    HealthStatus, RegistryType, ReplicationExecutionStatus, ReplicationFilterType,
    ReplicationTaskStatus, ReplicationTriggerType, RetentionExecutionStatus,
};
use openapi_transport::Timestamp;
use serde_json::{Value, json};

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

/// goharbor/harbor#14986: one execution, polled twice. It fails for half a minute and then succeeds.
#[test]
fn an_execution_fails_between_two_runs_of_its_task() {
    let read = |json: &str| serde_json::from_str::<ReplicationExecution>(json).unwrap();
    let failed = read(
        r#"{
          "end_time": "2021-05-26T13:33:00.000Z",
          "failed": 1,
          "id": 3351,
          "in_progress": 0,
          "policy_id": 1304,
          "start_time": "2021-05-26T13:32:38.987Z",
          "status": "Failed",
          "status_text": "",
          "stopped": 0,
          "succeed": 0,
          "total": 1,
          "trigger": "manual"
        }"#,
    );
    let succeeded = read(
        r#"{
          "end_time": "2021-05-26T13:33:33.000Z",
          "failed": 0,
          "id": 3351,
          "in_progress": 0,
          "policy_id": 1304,
          "start_time": "2021-05-26T13:32:38.987Z",
          "status": "Succeed",
          "status_text": "",
          "stopped": 0,
          "succeed": 1,
          "total": 1,
          "trigger": "manual"
        }"#,
    );
    assert_eq!(failed.status, Some(ReplicationExecutionStatus::Failed));
    assert_eq!((failed.failed, failed.succeed), (Some(1), Some(0)));
    assert_eq!(succeeded.status, Some(ReplicationExecutionStatus::Succeed));
    assert_eq!((succeeded.failed, succeeded.succeed), (Some(0), Some(1)));
    assert_eq!(failed.start_time, succeeded.start_time);
    assert_eq!(failed.end_time, time("2021-05-26T13:33:00Z"));
    assert_eq!(succeeded.end_time, time("2021-05-26T13:33:33Z"));
    assert_eq!(succeeded.trigger, Some(ReplicationTriggerType::Manual));
}

/// goharbor/harbor#23912: a scheduled pull that has failed. No field gives the reason.
#[test]
fn a_failed_execution_gives_no_reason() {
    let execution: ReplicationExecution = serde_json::from_str(
        r#"{
          "end_time": "2026-09-11T20:03:23.000Z",
          "failed": 1,
          "id": 826,
          "in_progress": 0,
          "policy_id": 26,
          "start_time": "2026-09-11T20:00:02.577Z",
          "status": "Failed",
          "status_text": "",
          "stopped": 0,
          "succeed": 0,
          "total": 1,
          "trigger": "scheduled"
        }"#,
    )
    .unwrap();
    assert_eq!(execution.id, Some(826));
    assert_eq!(execution.status_text.as_deref(), Some(""));
    assert_eq!(execution.trigger, Some(ReplicationTriggerType::Scheduled));
    assert_eq!(execution.start_time, time("2026-09-11T20:00:02.577Z"));
}

/// goharbor/harbor#12497: Harbor 2.0 sent microseconds and no fraction. The record is one of a list.
#[test]
fn older_versions_write_times_in_other_forms() {
    let executions: Vec<ReplicationExecution> = serde_json::from_str(
        r#"[
          {
            "id": 3436166,
            "policy_id": 15,
            "status": "Succeed",
            "status_text": "",
            "total": 1,
            "failed": 0,
            "succeed": 1,
            "in_progress": 0,
            "stopped": 0,
            "trigger": "event_based",
            "start_time": "2020-07-16T09:52:29.589585Z",
            "end_time": "2020-07-16T09:52:31Z"
          }
        ]"#,
    )
    .unwrap();
    let [execution] = executions.as_slice() else {
        panic!("{executions:?}");
    };
    assert_eq!(execution.trigger, Some(ReplicationTriggerType::EventBased));
    assert_eq!(execution.start_time, time("2020-07-16T09:52:29.589585Z"));
    assert_eq!(execution.end_time, time("2020-07-16T09:52:31Z"));
}

/// goharbor/harbor#19035: the payload of a webhook, which a delivery has as a JSON text. Addresses and
/// the name of the registry are replaced.
#[test]
fn a_delivery_has_the_payload_as_text() {
    let payload = r#"{"type":"REPLICATION","occur_at":1690428883,"operator":"MANUAL","event_data":{"replication":{"harbor_hostname":"registry.example","job_status":"Success","artifact_type":"artifact","authentication_type":"basic","override_mode":true,"trigger_type":"MANUAL","policy_creator":"admin","execution_timestamp":1690428878,"src_resource":{"registry_type":"harbor","endpoint":"http://registry.example","namespace":"test"},"dest_resource":{"registry_name":"second","registry_type":"harbor","endpoint":"https://second.example","namespace":"test"},"successful_artifact":[{"type":"artifact","status":"Success","name_tag":"test10g [2 item(s) in total]"}]}}}"#;
    let job = json!({"id": 78, "event_type": "REPLICATION", "job_detail": payload});
    let job: WebhookJob = serde_json::from_value(job).unwrap();
    let payload: Value = serde_json::from_str(job.job_detail.as_deref().unwrap()).unwrap();
    let copied = &payload["event_data"]["replication"]["successful_artifact"][0];
    assert_eq!(copied["name_tag"], "test10g [2 item(s) in total]");
}

/// goharbor/harbor-helm#1058: the health of an older version, with components that are gone since.
#[test]
fn health_has_any_components() {
    let health: OverallHealthStatus = serde_json::from_str(
        r#"{"components":[{"name":"chartmuseum","status":"healthy"},{"name":"core","status":"healthy"},{"name":"database","status":"healthy"},{"name":"jobservice","status":"healthy"},{"name":"notary","status":"healthy"},{"name":"portal","status":"healthy"},{"name":"redis","status":"healthy"},{"name":"registry","status":"healthy"},{"name":"registryctl","status":"healthy"},{"name":"trivy","status":"healthy"}],"status":"healthy"}"#,
    )
    .unwrap();
    assert_eq!(health.status, Some(HealthStatus::Healthy));
    assert_eq!(health.components.len(), 10);
    let all = health.components.iter();
    assert!(
        all.into_iter()
            .all(|it| it.status == Some(HealthStatus::Healthy))
    );
}

/// goharbor/harbor#16406. The issue shows the first components of the answer, which has status 200.
#[test]
fn an_unhealthy_component_says_why() {
    let health: OverallHealthStatus = serde_json::from_str(
        r#"{"components":[{"name":"core","status":"healthy"},{"error":"failed to run SQL \"SELECT 1\": dial tcp: lookup postgresql: no such host","name":"database","status":"unhealthy"},{"name":"jobservice","status":"healthy"}],"status":"unhealthy"}"#,
    )
    .unwrap();
    assert_eq!(health.status, Some(HealthStatus::Unhealthy));
    let database = &health.components[1];
    assert_eq!(database.status, Some(HealthStatus::Unhealthy));
    let error = database.error.as_deref().unwrap();
    assert!(error.ends_with("no such host"), "{error}");
}

#[test]
fn year_one_means_absent() {
    for year_one in [
        "0001-01-01T00:00:00.000Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T08:05:43+08:05:43",
    ] {
        let task = json!({
            "id": 1927, "execution_id": 83, "status": "Pending", "operation": "copy",
            "src_resource": "team/api [1 item(s) in total]",
            "start_time": year_one, "end_time": year_one,
        });
        let task: ReplicationTask = serde_json::from_value(task).unwrap();
        assert_eq!(task.status, Some(ReplicationTaskStatus::Pending));
        assert_eq!((task.start_time, task.end_time), (None, None), "{year_one}");
    }
    let artifact = json!({
        "push_time": "2026-11-20T08:15:29.821Z", "pull_time": "0001-01-01T00:00:00.000Z",
        "tags": [{"name": "v1", "push_time": "2026-11-20T08:15:29.902Z",
                  "pull_time": "0001-01-01T00:00:00.000Z", "immutable": false}],
    });
    let artifact: Artifact = serde_json::from_value(artifact).unwrap();
    assert_eq!(
        (artifact.pull_time, artifact.tags[0].pull_time),
        (None, None)
    );
    assert_eq!(artifact.tags[0].push_time, time("2026-11-20T08:15:29.902Z"));
}

/// The values that Harbor's own sources set, and values that no version has.
#[test]
fn unknown_values_are_kept() {
    let policy = json!({
        "id": 12, "name": "copy",
        "src_registry": {"id": 0, "name": "Local", "type": "harbor", "url": "http://core:8080"},
        "dest_registry": {"id": 3, "type": "new-kind", "credential": null, "status": "asleep"},
        "dest_namespace_replace_count": -1,
        "trigger": {"type": "on_full_moon", "trigger_settings": {"cron": ""}},
        "filters": [
            {"type": "name", "value": "team/**"},
            {"type": "tag", "value": "v*", "decoration": "excludes"},
            {"type": "label", "value": ["release", "signed"], "decoration": "matches"},
            {"type": "size", "value": 7},
        ],
        "creation_time": "2026-11-02T09:15:27.123Z", "field_of_the_future": {"a": [1]},
    });
    let policy: ReplicationPolicy = serde_json::from_value(policy).unwrap();
    let destination = policy.dest_registry.unwrap();
    assert_eq!(
        destination.type_,
        Some(RegistryType::Unknown("new-kind".to_owned()))
    );
    assert_eq!(destination.status.unwrap().as_str(), "asleep");
    assert_eq!(policy.src_registry.unwrap().id, Some(0));
    assert_eq!(policy.dest_namespace_replace_count, Some(-1));
    let trigger = policy.trigger.unwrap().type_.unwrap();
    assert_eq!(trigger.as_str(), "on_full_moon");
    let values: Vec<_> = policy.filters.iter().map(|it| it.value.clone()).collect();
    let expected = [
        json!("team/**"),
        json!("v*"),
        json!(["release", "signed"]),
        json!(7),
    ];
    assert_eq!(values, expected.map(Some));
    let kinds: Vec<_> = policy.filters.iter().map(|it| it.type_.clone()).collect();
    assert_eq!(kinds[2], Some(ReplicationFilterType::Label));
    assert_eq!(
        kinds[3],
        Some(ReplicationFilterType::Unknown("size".to_owned()))
    );
}

#[test]
fn retention_has_words_of_its_own() {
    let policy = json!({
        "id": 7, "algorithm": "or",
        "rules": [{
            "id": 0, "priority": 0, "disabled": false, "action": "retain", "template": "latestPushedK",
            "params": {"latestPushedK": 10},
            "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "**",
                               "extras": "{\"untagged\":true}"}],
            "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches",
                                                "pattern": "**"}]},
        }],
        "trigger": {"kind": "Schedule", "references": {"job_id": 92},
                    "settings": {"cron": "0 0 0 * * *", "next_scheduled_time": "2026-11-21T00:00:00.000Z"}},
        "scope": {"level": "project", "ref": 4},
    });
    let policy: RetentionPolicy = serde_json::from_value(policy).unwrap();
    let rule = &policy.rules[0];
    assert_eq!(rule.params["latestPushedK"], 10);
    let selectors = &rule.scope_selectors["repository"];
    assert_eq!(
        selectors[0].decoration.as_ref().unwrap().as_str(),
        "repoMatches"
    );
    assert_eq!(policy.scope.unwrap().ref_, Some(4));

    let execution = json!({
        "id": 51, "policy_id": 7, "status": "Success", "trigger": "MANUAL", "dry_run": true,
        "start_time": "2026-11-20T00:00:00.123456789Z", "end_time": "2026-11-20T00:00:08Z",
    });
    let execution: RetentionExecution = serde_json::from_value(execution).unwrap();
    assert_eq!(execution.status, Some(RetentionExecutionStatus::Success));
    assert_eq!(execution.start_time, time("2026-11-20T00:00:00.123456789Z"));

    let task = json!({"id": 614, "status": "Scheduled", "status_code": 1, "total": 24, "retained": 10,
                      "end_time": "0001-01-01T00:00:00Z"});
    let task: RetentionExecutionTask = serde_json::from_value(task).unwrap();
    assert_eq!(
        (task.total, task.retained, task.end_time),
        (Some(24), Some(10), None)
    );
}

#[test]
fn an_empty_listing_may_be_null() {
    let artifact = json!({"tags": null, "references": null, "labels": null, "extra_attrs": null});
    let artifact: Artifact = serde_json::from_value(artifact).unwrap();
    assert!(artifact.tags.is_empty() && artifact.references.is_empty());
}
