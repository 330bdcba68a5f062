//! Tests of pushes, and of the states of tasks that pushes and requests create.

use serde_json::{Value, json};

use super::Trial;
use super::alibabacloud_trial::{FLEET, TARGET};
use crate::Outcome;
use crate::push::PushError;
use crate::world;
use crate::world::alibabacloud;

#[tokio::test]
async fn a_push_runs_the_rules_that_cover_it_and_the_image_arrives() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[("SyncTrigger", "PASSIVE")]).await;
    let pushed = trial.push("team/api", "r1", "one");
    trial.push("team/api", "x1", "one");
    // The fleet's own rules copy all of the namespace to each region.
    assert_eq!(
        (trial.tasks("r1").await.len(), trial.tasks("x1").await.len()),
        (4, 3)
    );
    let batches = trial.tasks("r1").await;
    let batch = &batches[0]["SyncBatchTaskId"];
    assert!(batches.iter().all(|task| task["SyncBatchTaskId"] == *batch));

    let id = trial.task_of(&rule, "r1").await;
    let arrived = ("mirror", "team-api", "r1");
    for (seconds, status, progress) in [
        (1, "PENDING", 0),
        (1, "SYNCHRONIZING", 0),
        (4, "SYNCHRONIZING", 0),
        (1, "SUCCESS", 1),
        (999, "SUCCESS", 1),
    ] {
        trial.seconds(seconds);
        let task = trial.task(&id).await;
        assert_eq!(task["TaskStatus"], status);
        assert_eq!(task["Progress"], progress);
        assert_eq!(task["TaskTrigger"], "PASSIVE");
        let digest = trial.digest(TARGET, arrived).await;
        let expected = (status == "SUCCESS").then(|| pushed.clone());
        assert_eq!(digest, expected, "{status}");
    }
    let listed = trial.tasks("r1").await;
    let listed = listed
        .iter()
        .find(|task| task["SyncTaskId"] == *id)
        .unwrap();
    let made = listed["CreateTime"].as_i64().unwrap();
    assert_eq!(listed["ModifedTime"], made + 7000);
    assert_eq!(
        listed["ImageTo"],
        json!({
            "InstanceId": TARGET,
            "RegionId": "cn-beijing",
            "RepoNamespaceName": "mirror",
            "RepoName": "team-api",
            "ImageTag": "r1",
        })
    );
}

#[tokio::test]
async fn layers_add_up_while_they_are_copied() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[]).await;
    let pushed = trial.push("team/api", "r1", "one");
    let id = trial.task_of(&rule, "r1").await;
    let mut before = -1;
    for (seconds, layers) in [
        (0, ["PENDING", "PENDING", "PENDING"]),
        (2, ["SYNCHRONIZING", "PENDING", "PENDING"]),
        (4, ["SUCCESS", "SYNCHRONIZING", "PENDING"]),
        (1, ["SUCCESS", "SUCCESS", "SUCCESS"]),
    ] {
        trial.seconds(seconds);
        let task = trial.task(&id).await;
        let tasks = task["LayerTasks"].as_array().unwrap();
        let found: Vec<_> = tasks.iter().map(|layer| &layer["TaskStatus"]).collect();
        assert_eq!(found, layers, "{task}");
        assert!(tasks.iter().all(|layer| layer["ArtifactDigest"] == pushed));
        let sizes = tasks
            .iter()
            .map(|layer| layer["SyncedSize"].as_i64().unwrap());
        let synced = task["SyncedSize"].as_i64().unwrap();
        assert_eq!(sizes.sum::<i64>(), synced);
        assert!(synced > before || synced == 0, "{task}");
        before = synced;
    }
}

#[tokio::test]
async fn what_fails_is_tried_again() {
    for (outcome, looks) in [
        (
            Outcome::FailsFirst(1),
            vec![
                (7, "ERROR"),
                (9, "ERROR"),
                (1, "SYNCHRONIZING"),
                (5, "SUCCESS"),
            ],
        ),
        (
            Outcome::Fails,
            vec![
                (7, "ERROR"),
                (10, "SYNCHRONIZING"),
                (35, "ERROR"),
                (9999, "ERROR"),
            ],
        ),
        (
            Outcome::Stalls,
            vec![(2, "SYNCHRONIZING"), (9999, "SYNCHRONIZING")],
        ),
    ] {
        // A destination has two names: its region and its instance.
        for destination in ["cn-beijing", TARGET] {
            let trial = Trial::start().await;
            trial
                .sandbox
                .decide("team/api", None, Some(destination), outcome);
            let rule = trial.rule("releases", &[]).await;
            trial.push("team/api", "r1", "one");
            let id = trial.task_of(&rule, "r1").await;
            for (seconds, status) in &looks {
                trial.seconds(*seconds);
                let task = trial.task(&id).await;
                assert_eq!(task["TaskStatus"], *status, "{outcome:?}");
                let issue = (*status == "ERROR").then_some("NETWORK_ERROR");
                assert_eq!(task.get("TaskIssue").and_then(Value::as_str), issue);
            }
            let elsewhere = trial.tasks("r1").await;
            let ended = elsewhere
                .iter()
                .filter(|task| task["TaskStatus"] == "SUCCESS");
            assert!(ended.count() >= 2, "the others are not concerned");
        }
    }
}

#[tokio::test]
async fn a_task_can_be_canceled_until_it_ends() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[]).await;
    for (tag, seconds, code) in [
        ("r1", 1, ""),
        ("r2", 3, ""),
        ("r3", 7, "SYNC_TASK_ALREADY_ENDED"),
    ] {
        trial.push("team/api", tag, tag);
        let id = trial.task_of(&rule, tag).await;
        trial.seconds(seconds);
        let given = [FLEET, ("SyncTaskId", &id)];
        let ended = ("mirror", "team-api", tag);
        if code.is_empty() {
            trial.done("CancelRepoSyncTask", &given).await;
            let again = trial.refused("CancelRepoSyncTask", &given).await;
            assert_eq!(again, (200, "SYNC_TASK_ALREADY_ENDED".to_owned()));
            trial.seconds(60);
            assert_eq!(trial.status(&id).await, "CANCELED");
            assert_eq!(trial.digest(TARGET, ended).await, None);
        } else {
            let refused = trial.refused("CancelRepoSyncTask", &given).await;
            assert_eq!(refused, (200, code.to_owned()));
            assert_eq!(trial.status(&id).await, "SUCCESS");
            assert!(trial.digest(TARGET, ended).await.is_some());
        }
    }
}

#[tokio::test]
async fn a_task_that_was_there_from_the_start_can_be_canceled() {
    let trial = Trial::start().await;
    let tasks = trial.tasks(world::FLEET_TAG_RUNNING).await;
    let running = tasks
        .iter()
        .find(|task| task["TaskStatus"] == "SYNCHRONIZING");
    let id = running.unwrap()["SyncTaskId"].as_str().unwrap();
    trial
        .done("CancelRepoSyncTask", &[FLEET, ("SyncTaskId", id)])
        .await;
    assert_eq!(trial.status(id).await, "CANCELED");
}

#[tokio::test]
async fn a_task_by_hand_keeps_to_override() {
    let trial = Trial::start().await;
    let (one, two) = (
        trial.push("team/api", "r1", "one"),
        trial.push("team/api", "r2", "two"),
    );
    let target = ("mirror", "team-api", "latest");
    let never: &[(&str, &str)] = &[("Override", "false")];
    for (tag, more, status, issue, digest) in [
        ("r1", never, "SUCCESS", None, &one),
        ("r1", never, "SUCCESS", None, &one),
        ("r2", never, "ERROR", Some("TAG_CONFLICT"), &one),
        ("r2", &[], "ERROR", Some("TAG_CONFLICT"), &one),
        ("r2", &[("Override", "true")], "SUCCESS", None, &two),
    ] {
        let id = trial.by_hand(tag, "latest", more).await;
        trial.seconds(6);
        assert_eq!(trial.status(&id).await, "SYNCHRONIZING");
        trial.seconds(1);
        let task = trial.task(&id).await;
        assert_eq!(task["TaskStatus"], status, "{tag} {more:?}");
        assert_eq!(task.get("TaskIssue").and_then(Value::as_str), issue);
        assert_eq!(task["TaskTrigger"], "INITIATIVE");
        assert_eq!(task.get("SyncRuleId"), None);
        assert_eq!(trial.digest(TARGET, target).await.as_ref(), Some(digest));
        trial.seconds(999);
        assert_eq!(
            trial.status(&id).await,
            status,
            "a conflict is not tried again"
        );
    }
}

#[tokio::test]
async fn of_two_tasks_the_first_to_end_has_the_tag() {
    let trial = Trial::start().await;
    let (one, _) = (
        trial.push("team/api", "r1", "one"),
        trial.push("team/api", "r2", "two"),
    );
    let first = trial.by_hand("r1", "latest", &[]).await;
    trial.seconds(1);
    let second = trial.by_hand("r2", "latest", &[]).await;
    // Both end before the next call.
    trial.seconds(99);
    assert_eq!(trial.status(&second).await, "ERROR");
    assert_eq!(trial.status(&first).await, "SUCCESS");
    let held = trial.digest(TARGET, ("mirror", "team-api", "latest")).await;
    assert_eq!(held, Some(one));
}

#[tokio::test]
async fn what_arrives_is_what_was_there_when_the_attempt_began() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[]).await;
    trial.push("team/api", "r1", "first");
    trial.seconds(1);
    let old = trial.push("team/api", "r1", "old");
    trial.seconds(4);
    let new = trial.push("team/api", "r1", "new");
    assert_ne!(old, new);
    let target = ("mirror", "team-api", "r1");
    trial.seconds(2);
    assert_eq!(trial.digest(TARGET, target).await, Some(old));
    trial.seconds(5);
    assert_eq!(trial.digest(TARGET, target).await, Some(new));
    let tasks = trial.tasks("r1").await;
    assert_eq!(
        tasks
            .iter()
            .filter(|task| task["SyncRuleId"] == rule)
            .count(),
        3
    );
}

#[tokio::test]
async fn a_push_makes_repositories_and_no_namespaces() {
    let trial = Trial::start().await;
    let source = world::alibabacloud::FLEET_INSTANCE_ID;
    assert_eq!(trial.repo_id(source, "team", "new").await, None);
    let digest = trial.push("team/new", "v1", "content");
    let held = trial.digest(source, ("team", "new", "v1")).await;
    assert_eq!(held, Some(digest.clone()));
    assert_eq!(trial.push("team/new", "v2", "content"), digest);
    assert_ne!(trial.push("team/new", "v1", "changed"), digest);
    let refused = trial
        .sandbox
        .push(alibabacloud::REGISTRY, "nobody/new", "v1", "content");
    assert_eq!(refused, Err(PushError::NoNamespace("nobody".to_owned())));
}

#[tokio::test]
async fn a_tag_that_cannot_change_stays_and_the_copy_fails() {
    let trial = Trial::start().await;
    // The namespace of the vendor's example makes repositories whose tags cannot change.
    let target = [
        FLEET,
        ("SyncRuleName", "to the example"),
        ("SyncScope", "REPO"),
        ("NamespaceName", "team"),
        ("RepoName", "api"),
        ("TagFilter", "r.*"),
        ("TargetRegionId", "cn-shanghai"),
        ("TargetInstanceId", world::alibabacloud::INSTANCE_ID),
        ("TargetNamespaceName", "test"),
    ];
    let rule = trial.done("CreateRepoSyncRule", &target).await;
    let rule = &rule["SyncRuleId"];
    let (first, _) = (trial.push("team/api", "r1", "one"), trial.seconds(60));
    trial.push("team/api", "r1", "two");
    trial.seconds(60);
    let tasks = trial.tasks("r1").await;
    let of_rule = tasks.iter().filter(|task| task["SyncRuleId"] == *rule);
    let found: Vec<_> = of_rule.map(|task| task["TaskStatus"].as_str()).collect();
    assert_eq!(found, [Some("ERROR"), Some("SUCCESS")]);
    let arrived = ("test", "api", "r1");
    let held = trial
        .digest(world::alibabacloud::INSTANCE_ID, arrived)
        .await;
    assert_eq!(held, Some(first));
}
