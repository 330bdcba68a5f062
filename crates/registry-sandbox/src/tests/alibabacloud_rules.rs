//! Tests of rules: triggers, coverage and deletion.

use serde_json::{Value, json};

use super::Trial;
use super::alibabacloud_trial::{EXAMPLE, FLEET, TARGET};
use crate::world;

#[tokio::test]
async fn a_deleted_rule_is_gone_for_good_and_makes_no_more_tasks() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[]).await;
    trial.push("team/api", "r1", "one");
    let id = trial.task_of(&rule, "r1").await;
    let given = [FLEET, ("SyncRuleId", rule.as_str())];
    trial.done("DeleteRepoSyncRule", &given).await;
    let again = trial.refused("DeleteRepoSyncRule", &given).await;
    assert_eq!(again, (200, "SYNC_RULE_NOT_EXIST".to_owned()));
    let rules = trial
        .done("ListRepoSyncRule", &[FLEET, ("RepoName", "api")])
        .await;
    assert_eq!(rules["TotalCount"], 0);
    trial.push("team/api", "r2", "two");
    assert_eq!(trial.tasks("r2").await.len(), 3);
    trial.seconds(7);
    assert_eq!(trial.status(&id).await, "SUCCESS", "what was made goes on");
    // The name is free again.
    trial.rule("releases", &[]).await;
}

#[tokio::test]
async fn scopes_and_filters_say_what_a_rule_covers() {
    let trial = Trial::start().await;
    let target = [
        ("TargetRegionId", "cn-beijing"),
        ("TargetInstanceId", TARGET),
    ];
    for (name, more) in [
        (
            "namespace",
            vec![
                ("SyncScope", "NAMESPACE"),
                ("NamespaceName", "team"),
                ("RepoNameFilter", "w.*"),
            ],
        ),
        (
            "instance",
            vec![
                ("SyncScope", "INSTANCE"),
                ("NamespaceNameFilter", "team|web"),
                ("RepoNameFilter", ".*b"),
            ],
        ),
        (
            "by hand",
            vec![("SyncScope", "INSTANCE"), ("SyncTrigger", "INITIATIVE")],
        ),
    ] {
        let given = [FLEET, ("SyncRuleName", name), ("TagFilter", "q.*")];
        let given = [given.as_slice(), &target, &more].concat();
        trial.done("CreateRepoSyncRule", &given).await;
    }
    // Three tasks are those of the fleet's own rules.
    for (image, tag, tasks) in [
        ("team/web", "q1", 5),
        ("team/worker", "q2", 4),
        ("team/api", "q3", 3),
        ("web/web", "q4", 4),
        ("team/web", "p5", 3),
    ] {
        trial.push(image, tag, tag);
        assert_eq!(trial.tasks(tag).await.len(), tasks, "{image}:{tag}");
    }
}

#[tokio::test]
async fn a_rule_for_requests_by_hand_runs_only_so() {
    let trial = Trial::start().await;
    let by_hand = trial
        .rule(
            "by hand",
            &[("SyncTrigger", "INITIATIVE"), ("LinkId", "stl-1")],
        )
        .await;
    let automatic = trial.rule("automatic", &[]).await;
    let source = world::alibabacloud::FLEET_INSTANCE_ID;
    let repository = trial.repo_id(source, "team", "api").await.unwrap();
    let pushed = trial.push("team/api", "r1", "one");
    let of_rule = |tasks: Vec<Value>| tasks.iter().filter(|t| t["SyncRuleId"] == by_hand).count();
    assert_eq!(of_rule(trial.tasks("r1").await), 0);

    let call = |rule: &str, tag: &str| {
        let texts = [("RepoId", &*repository), ("SyncRuleId", rule), ("Tag", tag)];
        texts.map(|(name, text)| (name.to_owned(), text.to_owned()))
    };
    for (rule, tag, code) in [
        (automatic.as_str(), "r1", "SYNC_RULE_NOT_INITIATIVE"),
        ("crsr-1", "r1", "SYNC_RULE_NOT_EXIST"),
        (&by_hand, "v41", "SYNC_RULE_NOT_MATCH"),
        (&by_hand, "r9", "TAG_NOT_EXIST"),
    ] {
        let given = call(rule, tag);
        let given: Vec<_> = given
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let given = [&[FLEET], given.as_slice()].concat();
        let refused = trial.refused("CreateRepoSyncTaskByRule", &given).await;
        assert_eq!(refused, (200, code.to_owned()), "{rule} {tag}");
    }
    let given = [
        FLEET,
        ("RepoId", &repository),
        ("SyncRuleId", &by_hand),
        ("Tag", "r1"),
        ("Priority", "5"),
    ];
    let made = trial.done("CreateRepoSyncTaskByRule", &given).await;
    let task = trial.task(made["SyncTaskId"].as_str().unwrap()).await;
    assert_eq!(task["TaskTrigger"], "INITIATIVE");
    assert_eq!(task["Priority"], 5);
    let listed = &trial.tasks("r1").await[0];
    assert_eq!(
        (&listed["CustomLink"], &listed["LinkId"]),
        (&json!(true), &json!("stl-1"))
    );
    trial.seconds(7);
    let arrived = trial.digest(TARGET, ("mirror", "team-api", "r1")).await;
    assert_eq!(arrived, Some(pushed));
}

#[tokio::test]
async fn lifecycle_rules_are_kept_changed_and_deleted() {
    let trial = Trial::start().await;
    let given = [
        EXAMPLE,
        ("Scope", "REPO"),
        ("NamespaceName", "test"),
        ("RepoName", "test"),
        ("RetentionTagCount", "5"),
        ("EnableDeleteTag", "true"),
        ("Auto", "true"),
        ("ScheduleTime", "WEEK"),
    ];
    let made = trial.done("CreateArtifactLifecycleRule", &given).await;
    let id = made["RuleId"].as_str().unwrap();
    let rule = [EXAMPLE, ("RuleId", id)];
    let mut held = trial.done("GetArtifactLifecycleRule", &rule).await;
    held["RequestId"].take();
    let now = trial.now().as_millisecond();
    assert_eq!(
        held,
        json!({
            "RequestId": null,
            "Code": "success",
            "IsSuccess": true,
            "RuleId": id,
            "InstanceId": world::alibabacloud::INSTANCE_ID,
            "Scope": "REPO",
            "NamespaceName": "test",
            "RepoName": "test",
            "RetentionTagCount": 5,
            "EnableDeleteTag": true,
            "EnableDeleteUntaggedManifest": false,
            "Auto": true,
            "DryRun": false,
            "ScheduleTime": "WEEK",
            "CreateTime": now,
            "ModifiedTime": now,
        })
    );

    trial.seconds(60);
    let change = [
        &rule,
        [("RetentionTagCount", "9"), ("TagRegexp", "release-.*")].as_slice(),
    ]
    .concat();
    trial.done("UpdateArtifactLifecycleRule", &change).await;
    let changed = trial.done("GetArtifactLifecycleRule", &rule).await;
    assert_eq!(changed["RetentionTagCount"], 9);
    assert_eq!(changed["TagRegexp"], "release-.*");
    assert_eq!(changed["ScheduleTime"], "WEEK", "what is not given stays");
    assert_eq!(changed["CreateTime"], now);
    assert_eq!(changed["ModifiedTime"], now + 60_000);

    for (name, value, status, code) in [
        (
            "EnableDeleteUntaggedManifest",
            "true",
            400,
            "InvalidParameter",
        ),
        ("TagRegexp", "(", 400, "InvalidParameter"),
        ("Scope", "TAG", 400, "InvalidParameter"),
        ("NamespaceName", "nobody", 200, "NAMESPACE_NOT_EXIST"),
        ("RepoName", "nothing", 200, "REPO_NOT_EXIST"),
    ] {
        let change = [&rule, [(name, value)].as_slice()].concat();
        let refused = trial.refused("UpdateArtifactLifecycleRule", &change).await;
        assert_eq!(refused, (status, code.to_owned()), "{name}={value}");
    }
    let scoped = [EXAMPLE, ("Scope", "REPO")];
    let refused = trial.refused("CreateArtifactLifecycleRule", &scoped).await;
    assert_eq!(refused, (400, "MissingNamespaceName".to_owned()));

    let all = trial.done("ListArtifactLifecycleRule", &[EXAMPLE]).await;
    assert_eq!(all["TotalCount"], 2);
    trial.done("DeleteArtifactLifecycleRule", &rule).await;
    for action in [
        "DeleteArtifactLifecycleRule",
        "GetArtifactLifecycleRule",
        "UpdateArtifactLifecycleRule",
    ] {
        let refused = trial.refused(action, &rule).await;
        assert_eq!(
            refused,
            (200, "LIFECYCLE_RULE_NOT_EXIST".to_owned()),
            "{action}"
        );
    }
}
