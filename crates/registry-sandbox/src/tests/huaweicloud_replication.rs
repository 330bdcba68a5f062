//! Tests of a replication policy's life.

use serde_json::{Value, json};

use super::Trial;
use super::huaweicloud_trial::{here, policy, there};
use crate::world;
use crate::world::huaweicloud;
use crate::{Outcome, PushError};

fn artifact(repository: &str, tag: &str) -> String {
    format!("namespaces/library/repositories/{repository}/artifacts/{tag}")
}

#[tokio::test]
async fn a_policy_runs_and_what_it_copies_arrives() {
    let trial = Trial::start().await;
    let digest = trial.pushed_enterprise("library/shop", "v1", "first");
    trial.pushed_enterprise("library/shop", "v2", "second");
    trial.pushed_enterprise("library/other", "v1", "other");
    let policy = trial
        .created_policy(&policy("to-second", "library/{shop,none}", "manual"))
        .await;
    assert_eq!(trial.executions_of(policy).await, Vec::<Value>::new());
    let execution = trial.run_policy(policy).await;

    // Seconds, state of the execution, state of the task, number of tasks in progress.
    for (passes, whole, task, in_progress) in [
        (0, "InProgress", "Initialized", 1),
        (1, "InProgress", "Pending", 1),
        (1, "InProgress", "InProgress", 1),
        (5, "Succeed", "Succeed", 0),
    ] {
        trial.seconds(passes);
        let executions = trial.executions_of(policy).await;
        assert_eq!(executions.len(), 1);
        assert_eq!(executions[0]["status"], whole, "{executions:?}");
        assert_eq!(executions[0]["in_progress"], in_progress);
        assert_eq!(executions[0]["total"], 1);
        assert_eq!(executions[0]["trigger"], "manual");
        let tasks = trial.tasks_of(execution).await;
        assert_eq!(tasks[0]["status"], task);
        let arrived = trial.digest_at(there(&artifact("shop", "v1"))).await;
        assert_eq!(arrived.is_some(), task == "Succeed");
    }
    let task = &trial.tasks_of(execution).await[0];
    assert_eq!(task["start_time"], "2026-11-20T08:00:02Z");
    assert_eq!(task["end_time"], "2026-11-20T08:00:07Z");
    let source: Value = serde_json::from_str(task["src_resource"].as_str().unwrap()).unwrap();
    assert_eq!(source["metadata"]["repository"]["name"], "library/shop");
    let task = task["id"].as_i64().unwrap();
    let target = here(&format!(
        "replication/executions/{execution}/tasks/{task}/subtasks"
    ));
    let subtasks = trial.get(&target).await.body;
    assert_eq!(subtasks["total"], 2);
    assert_eq!(subtasks["sub_tasks"][0]["tag"], "v1");
    assert_eq!(subtasks["sub_tasks"][0]["digest"], digest);
    assert_eq!(
        trial.digest_at(there(&artifact("shop", "v1"))).await,
        Some(digest)
    );
    assert_eq!(trial.digest_at(there(&artifact("other", "v1"))).await, None);
}

#[tokio::test]
async fn failed_attempts_are_tried_again() {
    let trial = Trial::start().await;
    for (repository, outcome) in [("a", Outcome::FailsFirst(1)), ("b", Outcome::Fails)] {
        let full = format!("library/{repository}");
        trial
            .sandbox
            .decide(&full, None, Some("second-region"), outcome);
        trial.pushed_enterprise(&full, "v1", repository);
    }
    let policy = trial
        .created_policy(&policy("to-second", "library/{a,b}", "manual"))
        .await;
    let execution = trial.run_policy(policy).await;
    // Seconds since the start; states of both tasks, of the execution, and its failures.
    for (passes, states, whole, failed) in [
        (2, ["InProgress", "InProgress"], "InProgress", 0),
        (5, ["Failed", "Failed"], "Failed", 2),
        (10, ["InProgress", "InProgress"], "InProgress", 0),
        (5, ["Succeed", "Failed"], "Failed", 1),
        (10, ["Succeed", "InProgress"], "InProgress", 0),
        (100, ["Succeed", "Failed"], "Failed", 1),
    ] {
        trial.seconds(passes);
        let tasks = trial.tasks_of(execution).await;
        let found = [&tasks[0]["status"], &tasks[1]["status"]];
        assert_eq!(found, states);
        let run = &trial.executions_of(policy).await[0];
        assert_eq!(
            (&run["status"], &run["failed"]),
            (&json!(whole), &json!(failed))
        );
    }
    assert!(trial.digest_at(there(&artifact("a", "v1"))).await.is_some());
    assert!(trial.digest_at(there(&artifact("b", "v1"))).await.is_none());
}

#[tokio::test]
async fn what_is_stopped_stays_stopped_and_brings_nothing() {
    let trial = Trial::start().await;
    trial.pushed_enterprise("library/shop", "v1", "first");
    let policy = trial
        .created_policy(&policy("to-second", "library/shop", "manual"))
        .await;
    let execution = trial.run_policy(policy).await;
    trial.seconds(3);
    let target = here(&format!("replication/executions/{execution}"));
    for _ in 0..2 {
        let response = trial.huawei("PUT", &target, String::new()).await;
        assert_eq!((response.status, response.body.as_str()), (200, Some("")));
        trial.seconds(60);
        let run = &trial.executions_of(policy).await[0];
        assert_eq!(
            (&run["status"], &run["stopped"]),
            (&json!("Stopped"), &json!(1))
        );
        assert_eq!(
            trial.tasks_of(execution).await[0]["end_time"],
            "2026-11-20T08:00:03Z"
        );
    }
    assert_eq!(trial.digest_at(there(&artifact("shop", "v1"))).await, None);
    // The fleet's execution, part of which never ends by itself.
    let fleet = world::huaweicloud::FLEET_REPLICATION_EXECUTION;
    let target = here(&format!("replication/executions/{fleet}"));
    assert_eq!(
        trial.huawei("PUT", &target, String::new()).await.status,
        200
    );
    let run = trial
        .executions_of(world::huaweicloud::FLEET_REPLICATION_POLICY)
        .await;
    assert_eq!(run[0]["in_progress"], 0);
}

#[tokio::test]
async fn a_push_runs_the_policies_that_run_on_it() {
    let trial = Trial::start().await;
    let mut off = policy("off", "library/**", "event_based");
    off["enabled"] = json!(false);
    let mut tagged = policy("tagged", "library/**", "event_based");
    tagged["filters"] = json!([{"type": "tag", "value": "v*"}]);
    tagged["dest_namespace"] = json!("copies");
    let policies = [
        (
            trial
                .created_policy(&policy("all", "library/**", "event_based"))
                .await,
            2,
        ),
        (
            trial
                .created_policy(&policy("by-hand", "library/**", "manual"))
                .await,
            0,
        ),
        (
            trial
                .created_policy(&policy("by-clock", "library/**", "scheduled"))
                .await,
            0,
        ),
        (
            trial
                .created_policy(&policy("elsewhere", "root/**", "event_based"))
                .await,
            0,
        ),
        (trial.created_policy(&off).await, 0),
        (trial.created_policy(&tagged).await, 1),
    ];
    trial.pushed_enterprise("library/shop", "v1", "first");
    trial.pushed_enterprise("library/shop", "latest", "first");
    for (policy, runs) in policies {
        let executions = trial.executions_of(policy).await;
        assert_eq!(executions.len(), runs, "{policy}");
        assert!(executions.iter().all(|run| run["trigger"] == "event_based"));
    }
    trial.pushed_enterprise("team/api", "v44", "of the fleet's policy");
    let fleet = trial
        .executions_of(world::huaweicloud::FLEET_PUSH_POLICY)
        .await;
    assert_eq!((fleet.len(), &fleet[0]["total"]), (1, &json!(1)));
    trial.seconds(7);
    let renamed = artifact("shop", "v1").replace("library", "copies");
    assert!(trial.digest_at(there(&renamed)).await.is_some());
    let body = json!({"policy_id": policies[4].0});
    let target = here("replication/executions");
    let (status, refusal) = trial.send_json("POST", &target, &body).await;
    assert_eq!(
        (status, &refusal["error_code"]),
        (400, &json!("SVCSTG.SWR.4000402"))
    );
}

#[tokio::test]
async fn what_arrives_is_what_the_tag_was_when_the_copy_ran() {
    let trial = Trial::start().await;
    let first = trial.pushed_enterprise("library/shop", "v1", "first");
    let policy = trial
        .created_policy(&policy("to-second", "library/shop", "manual"))
        .await;
    trial.run_policy(policy).await;
    trial.seconds(1);
    // Before the attempt begins: it copies this one.
    let second = trial.pushed_enterprise("library/shop", "v1", "second");
    trial.seconds(2);
    // After it has begun: it does not.
    trial.pushed_enterprise("library/shop", "v1", "third");
    trial.seconds(10);
    let arrived = trial.digest_at(there(&artifact("shop", "v1"))).await;
    assert_eq!(arrived.as_ref(), Some(&second));
    assert_ne!(arrived, Some(first));
}

#[tokio::test]
async fn a_tag_is_overwritten_only_if_the_policy_says_so() {
    for overwrite in [false, true] {
        let trial = Trial::start().await;
        let mut policy = policy("to-second", "library/shop", "event_based");
        policy["override"] = json!(overwrite);
        trial.created_policy(&policy).await;
        let first = trial.pushed_enterprise("library/shop", "v1", "first");
        trial.seconds(10);
        let second = trial.pushed_enterprise("library/shop", "v1", "second");
        trial.seconds(10);
        let arrived = trial.digest_at(there(&artifact("shop", "v1"))).await;
        assert_eq!(arrived, Some(if overwrite { second } else { first }));
    }
}

#[tokio::test]
async fn a_policy_that_pulls_copies_from_the_registry() {
    let trial = Trial::start().await;
    let mut pulls = policy("from-second", "team/**", "manual");
    pulls["src_registry"] = pulls["dest_registry"].take();
    pulls["dest_namespace"] = json!("pulled");
    let policy = trial.created_policy(&pulls).await;
    trial.run_policy(policy).await;
    trial.seconds(7);
    let own = artifact("api", world::FLEET_TAG_ARRIVED).replace("library", "pulled");
    assert!(trial.digest_at(here(&own)).await.is_some());
}

#[tokio::test]
async fn policies_are_changed_and_deleted_for_good() {
    let trial = Trial::start().await;
    let id = trial
        .created_policy(&policy("to-second", "library/**", "manual"))
        .await;
    let target = here(&format!("replication/policies/{id}"));
    let shown = trial.get(&target).await.body;
    assert_eq!(shown["src_registry"], json!({"id": 0}));
    assert_eq!(shown["created_at"], "2026-11-20T08:00:00Z");
    let (status, taken) = trial
        .send_json(
            "POST",
            &here("replication/policies"),
            &policy("to-second", "**", "manual"),
        )
        .await;
    assert_eq!(
        (status, &taken["error_code"]),
        (409, &json!("SVCSTG.SWR.4090401"))
    );
    trial.seconds(60);
    let changed = policy("renamed", "library/**", "manual");
    assert_eq!(
        trial.send_json("PUT", &target, &changed).await,
        (200, json!(""))
    );
    let shown = trial.get(&target).await.body;
    assert_eq!(shown["name"], "renamed");
    assert_eq!(shown["created_at"], "2026-11-20T08:00:00Z");
    assert_eq!(shown["updated_at"], "2026-11-20T08:01:00Z");

    let execution = trial.run_policy(id).await;
    let tasks = here(&format!("replication/executions/{execution}/tasks"));
    assert_eq!(trial.get(&tasks).await.status, 200);
    let registry = here(&format!(
        "registries/{}",
        world::huaweicloud::EXAMPLE_REGISTRY
    ));
    let (status, used) = trial.send_json("DELETE", &registry, &Value::Null).await;
    assert_eq!(
        (status, &used["error_code"]),
        (409, &json!("SVCSTG.SWR.4090403"))
    );
    assert_eq!(
        trial.huawei("DELETE", &target, String::new()).await.status,
        204
    );
    for target in [&target, &tasks] {
        assert_eq!(trial.get(target).await.status, 404, "{target}");
    }
    assert_eq!(
        trial.huawei("DELETE", &target, String::new()).await.status,
        404
    );
}

#[tokio::test]
async fn registries_come_and_go() {
    let trial = Trial::start().await;
    let body = json!({
        "name": "third",
        "type": "swr-pro",
        "url": "https://harbor.example.com",
        "credential": {"type": "basic", "access_key": "user", "access_secret": "word"},
        "insecure": false,
    });
    let list = here("registries");
    let (status, made) = trial.send_json("POST", &list, &body).await;
    assert_eq!(status, 201, "{made}");
    let own = here(&format!("registries/{}", made["id"]));
    let shown = trial.get(&own).await.body;
    assert_eq!(shown["credential"]["access_secret"], "*****");
    let (status, taken) = trial.send_json("POST", &list, &body).await;
    assert_eq!(
        (status, &taken["error_code"]),
        (409, &json!("SVCSTG.SWR.4090402"))
    );
    let mut internal = body.clone();
    internal["name"] = json!("fourth");
    internal["type"] = json!("swr-pro-internal");
    assert_eq!(trial.send_json("POST", &list, &internal).await.0, 400);
    let mut renamed = body.clone();
    renamed["name"] = json!("renamed");
    assert_eq!(trial.send_json("PUT", &own, &renamed).await.0, 200);
    assert_eq!(trial.get(&own).await.body["name"], "renamed");
    assert_eq!(
        trial.huawei("DELETE", &own, String::new()).await.status,
        204
    );
    assert_eq!(trial.get(&own).await.status, 404);
    // Copies to a registry outside of this world run nevertheless.
    let (_, made) = trial.send_json("POST", &list, &body).await;
    let mut outward = policy("outward", "root/nats", "manual");
    outward["dest_registry"] = json!({"id": made["id"]});
    let policy = trial.created_policy(&outward).await;
    trial.run_policy(policy).await;
    trial.seconds(7);
    assert_eq!(trial.executions_of(policy).await[0]["status"], "Succeed");
}

#[tokio::test]
async fn pushes_are_refused() {
    let trial = Trial::start().await;
    for to in [huaweicloud::ENTERPRISE, huaweicloud::BASIC] {
        let push = |repository, tag| trial.sandbox.push(to, repository, tag, "content");
        assert_eq!(push("api", "v1"), Err(PushError::Name("api".to_owned())));
        assert_eq!(
            push("team/api", "v 1"),
            Err(PushError::Tag("v 1".to_owned()))
        );
        let nobody = PushError::NoNamespace("nobody".to_owned());
        assert_eq!(push("nobody/api", "v1"), Err(nobody));
        assert!(push("team/new/name", "v1").is_ok());
    }
}
