//! Retention and webhooks of the Harbor side, and deletions that policies pass on.

use serde_json::{Value, json};

use super::Trial;
use super::harbor_trial::policy;
use crate::world::harbor::{EXAMPLE_RETENTION, PUBLIC_PROJECT, REGISTRY, TARGETS, registry};
use crate::{Outcome, Pace};

/// Keeps one artifact of each repository.
fn keeps_one(project: i64) -> Value {
    json!({
        "algorithm": "or",
        "scope": {"level": "project", "ref": project},
        "trigger": {"kind": "Schedule", "settings": {"cron": ""}},
        "rules": [{
            "action": "retain",
            "template": "latestPushedK",
            "params": {"latestPushedK": 1},
            "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": "**"}],
            "scope_selectors": {"repository": [
                {"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"},
            ]},
        }],
    })
}

#[tokio::test]
async fn retention_has_its_own_words_and_trials() {
    let trial = Trial::start().await;
    let body = keeps_one(1);
    let id = trial.made("retentions", &body).await;
    let project = trial.seen(&format!("projects/{PUBLIC_PROJECT}")).await;
    assert_eq!(project["metadata"]["retention_id"], id.to_string());
    assert_eq!(trial.harbor("POST", "retentions", &body).await.status, 400);
    let path = format!("retentions/{id}");
    assert_eq!(
        trial.seen(&path).await["rules"][0]["params"],
        json!({"latestPushedK": 1})
    );
    trial.pushed_harbor("library/new", "r1", "one");
    trial.seconds(1);
    trial.pushed_harbor("library/new", "r2", "two");
    let held = |tag| {
        trial
            .sandbox
            .holds(&REGISTRY.into(), "library/new", tag)
            .is_some()
    };
    for (is_trial, kept) in [(true, true), (false, false)] {
        let run = json!({"dry_run": is_trial});
        let execution = trial.made(&format!("{path}/executions"), &run).await;
        let tasks = format!("{path}/executions/{execution}/tasks");
        trial.seconds(3);
        let own = trial.seen(&format!("{path}/executions")).await;
        assert_eq!(
            (&own[0]["status"], &own[0]["trigger"]),
            (&json!("Running"), &json!("MANUAL"))
        );
        assert_eq!(own[0]["dry_run"], is_trial);
        assert_eq!(own[0]["end_time"], "0001-01-01T00:00:00Z");
        let found = trial.seen(&tasks).await;
        assert_eq!(
            (&found[0]["status"], &found[0]["status_code"]),
            (&json!("Running"), &json!(2))
        );
        trial.seconds(4);
        let found = trial.seen(&tasks).await;
        let task = found.as_array().unwrap().iter();
        let task = task
            .clone()
            .find(|task| task["repository"] == "new")
            .unwrap();
        assert_eq!(
            (&task["status"], &task["total"], &task["retained"]),
            (&json!("Success"), &json!(2), &json!(1))
        );
        assert_eq!(held("r1"), kept, "{is_trial}");
        assert!(held("r2"));
        let log = trial
            .harbor("GET", &format!("{tasks}/{}", task["id"]), &Value::Null)
            .await;
        let log = log.body.as_str().unwrap().to_owned();
        assert!(log.contains("| r1 | image | DEL |"), "{log}");
        assert!(log.contains("| r2 | image | RETAIN |"), "{log}");
        trial.seconds(30);
        let own = trial.seen(&format!("{path}/executions")).await;
        assert_eq!(own[0]["status"], "Success");
    }
    assert_eq!(
        trial
            .harbor("GET", "retentions/999", &Value::Null)
            .await
            .status,
        400
    );
    let mut changed = body.clone();
    changed["rules"][0]["params"] = json!({"latestPushedK": 5});
    assert_eq!(trial.harbor("PUT", &path, &changed).await.status, 200);
    assert_eq!(
        trial.seen(&path).await["rules"][0]["params"]["latestPushedK"],
        5
    );
    let twice = json!([changed["rules"][0], changed["rules"][0]]);
    changed["rules"] = twice;
    assert_eq!(trial.harbor("PUT", &path, &changed).await.status, 409);
    assert_eq!(
        trial.harbor("DELETE", &path, &Value::Null).await.status,
        200
    );
    assert_eq!(trial.harbor("GET", &path, &Value::Null).await.status, 400);
}

#[tokio::test]
async fn a_failed_run_of_retention_is_not_repeated_and_a_stop_ends_it() {
    let trial = Trial::start().await;
    trial.sandbox.set_pace(Pace::USUAL);
    let path = format!("retentions/{EXAMPLE_RETENTION}/executions");
    trial
        .sandbox
        .decide("team/api", None, None, Outcome::FailsFirst(1));
    let run = json!({"dry_run": false});
    trial.made(&path, &run).await;
    for seconds in [7, 9999] {
        trial.seconds(seconds);
        assert_eq!(trial.seen(&path).await[0]["status"], "Error");
    }
    let execution = trial.made(&path, &run).await;
    trial.seconds(3);
    let own = format!("{path}/{execution}");
    let stop = json!({"action": "stop"});
    assert_eq!(trial.harbor("PATCH", &own, &stop).await.status, 200);
    let wrong = json!({"action": "go"});
    assert_eq!(trial.harbor("PATCH", &own, &wrong).await.status, 422);
    trial.seconds(9999);
    assert_eq!(trial.seen(&path).await[0]["status"], "Stopped");
    assert!(
        trial
            .sandbox
            .holds(&REGISTRY.into(), "team/api", "v41")
            .is_some()
    );
}

#[tokio::test]
async fn a_webhook_tells_of_each_run_with_its_references() {
    let trial = Trial::start().await;
    trial.sandbox.set_pace(Pace::USUAL);
    trial
        .sandbox
        .decide("library/new", None, None, Outcome::FailsFirst(1));
    let copies = policy("copies-on-push", "library/**", "event_based");
    trial.made("replication/policies", &copies).await;
    let hook = json!({
        "name": "tells",
        "enabled": true,
        "event_types": ["REPLICATION"],
        "targets": [{"type": "http", "address": "https://hooks.example"}],
    });
    let base = format!("projects/{PUBLIC_PROJECT}/webhook");
    let id = trial.made(&format!("{base}/policies"), &hook).await;
    trial.pushed_harbor("library/new", "r1", "one");
    trial.seconds(60);
    let jobs = trial.seen(&format!("{base}/jobs?policy_id={id}")).await;
    let details: Vec<Value> = jobs
        .as_array()
        .unwrap()
        .iter()
        .map(|job| serde_json::from_str(job["job_detail"].as_str().unwrap()).unwrap())
        .collect();
    let words = details
        .iter()
        .map(|own| &own["event_data"]["replication"]["job_status"]);
    assert_eq!(
        words.collect::<Vec<_>>(),
        ["Success", "Error"],
        "the newest first"
    );
    let own = &details[0]["event_data"]["replication"]["successful_artifact"][0];
    assert_eq!(own["references"], json!(["r1"]));
    assert_eq!(own["name_tag"], "new [1 item(s) in total]");
    let execution = &jobs[0]["id"];
    let policy = format!("{base}/policies/{id}");
    let runs = trial.seen(&format!("{policy}/executions")).await;
    assert_eq!(&runs[0]["id"], execution);
    let tasks = trial
        .seen(&format!("{policy}/executions/{execution}/tasks"))
        .await;
    let log = format!(
        "{policy}/executions/{execution}/tasks/{}/log",
        tasks[0]["id"]
    );
    assert!(
        trial
            .seen(&log)
            .await
            .as_str()
            .unwrap()
            .contains("webhook job")
    );
    assert_eq!(
        trial.seen(&format!("{base}/lasttrigger")).await[0]["policy_name"],
        "tells"
    );
    let mut off = hook.clone();
    off["enabled"] = json!(false);
    assert_eq!(trial.harbor("PUT", &policy, &off).await.status, 200);
    trial.pushed_harbor("library/new", "r2", "two");
    trial.seconds(60);
    let jobs = trial.seen(&format!("{base}/jobs?policy_id={id}")).await;
    assert_eq!(jobs.as_array().unwrap().len(), 2);
    assert_eq!(
        trial.harbor("DELETE", &policy, &Value::Null).await.status,
        200
    );
    assert_eq!(trial.harbor("GET", &policy, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn a_policy_that_replicates_deletions_deletes_at_the_target() {
    let trial = Trial::start().await;
    for (deletes, is_left) in [(true, false), (false, true)] {
        let name = format!("library/d-{deletes}");
        let mut copies = policy(&name, &name, "event_based");
        // Only the old name of the field counts.
        copies["replicate_deletion"] = json!(true);
        copies["deletion"] = json!(deletes);
        let id = trial.made("replication/policies", &copies).await;
        trial.pushed_harbor(&name, "r1", "one");
        trial.seconds(7);
        let held = || {
            trial
                .sandbox
                .holds(&registry(TARGETS[0]), &name, "r1")
                .is_some()
        };
        assert!(held());
        let repository = name.replace("library/", "");
        let path = format!("projects/library/repositories/{repository}/artifacts/r1/tags/r1");
        assert_eq!(
            trial.harbor("DELETE", &path, &Value::Null).await.status,
            200
        );
        trial.seconds(7);
        assert_eq!(held(), is_left, "{deletes}");
        let executions = trial.replications(id).await;
        assert_eq!(executions.len(), 1 + usize::from(deletes));
        if deletes {
            let task = &trial.replication_tasks(&executions[0]).await[0];
            assert_eq!(task["operation"], "tag deletion");
        }
    }
}
