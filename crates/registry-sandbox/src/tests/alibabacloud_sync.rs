//! Rules, pushes, and the tasks that come of them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Trial;
use crate::Outcome;
use crate::push::PushError;
use crate::world::{self, Registry};

const FLEET: (&str, &str) = ("InstanceId", world::FLEET_ALIBABACLOUD_INSTANCE_ID);
const EXAMPLE: (&str, &str) = ("InstanceId", world::ALIBABACLOUD_INSTANCE_ID);
const TARGET: &str = "cri-fleet0000000003";

impl Trial {
    fn push(&self, image: &str, tag: &str, content: &str) -> String {
        let registry = Registry::Alibabacloud;
        self.sandbox.push(registry, image, tag, content).unwrap()
    }

    fn seconds(&self, seconds: i64) {
        self.pass(SignedDuration::from_secs(seconds));
    }

    /// A rule from `team/api` to the instance in Beijing, under other names there.
    async fn rule(&self, name: &str, more: &[(&str, &str)]) -> String {
        let given = [
            FLEET,
            ("SyncRuleName", name),
            ("SyncScope", "REPO"),
            ("NamespaceName", "team"),
            ("RepoName", "api"),
            ("TagFilter", "r.*"),
            ("TargetRegionId", "cn-beijing"),
            ("TargetInstanceId", TARGET),
            ("TargetNamespaceName", "mirror"),
            ("TargetRepoName", "team-api"),
        ];
        let id = self
            .done("CreateRepoSyncRule", &[&given, more].concat())
            .await;
        id["SyncRuleId"].as_str().unwrap().to_owned()
    }

    async fn tasks(&self, tag: &str) -> Vec<Value> {
        let mut answer = self.done("ListRepoSyncTask", &[FLEET, ("Tag", tag)]).await;
        serde_json::from_value(answer["SyncTasks"].take()).unwrap()
    }

    /// The one task that a rule made of the tag.
    async fn task_of(&self, rule: &str, tag: &str) -> String {
        let tasks = self.tasks(tag).await;
        let mut of_rule = tasks.iter().filter(|task| task["SyncRuleId"] == rule);
        let id = of_rule.next().unwrap()["SyncTaskId"].as_str().unwrap();
        assert!(of_rule.next().is_none());
        id.to_owned()
    }

    async fn task(&self, id: &str) -> Value {
        self.done("GetRepoSyncTask", &[FLEET, ("SyncTaskId", id)])
            .await
    }

    async fn status(&self, id: &str) -> String {
        let task = self.task(id).await;
        task["TaskStatus"].as_str().unwrap().to_owned()
    }

    async fn repo_id(&self, instance: &str, namespace: &str, name: &str) -> Option<String> {
        let given = [
            ("InstanceId", instance),
            ("RepoNamespaceName", namespace),
            ("RepoName", name),
        ];
        let answer = self.call("GetRepository", &given).await.body;
        answer["RepoId"].as_str().map(str::to_owned)
    }

    /// The digest under which an instance has the image.
    async fn digest(&self, instance: &str, image: (&str, &str, &str)) -> Option<String> {
        let id = self.repo_id(instance, image.0, image.1).await?;
        let given = [("InstanceId", instance), ("RepoId", &id), ("Tag", image.2)];
        let answer = self.call("GetRepoTag", &given).await.body;
        let digest = answer["Digest"].as_str()?;
        Some(format!("sha256:{digest}"))
    }

    /// A task by hand from `team/api` to `tag` of `mirror/team-api`.
    async fn by_hand(&self, tag: &str, to: &str, more: &[(&str, &str)]) -> String {
        let source = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
        let id = self.repo_id(source, "team", "api").await.unwrap();
        let given = [
            FLEET,
            ("RepoId", &id),
            ("Tag", tag),
            ("TargetRegionId", "cn-beijing"),
            ("TargetInstanceId", TARGET),
            ("TargetNamespace", "mirror"),
            ("TargetRepoName", "team-api"),
            ("TargetTag", to),
        ];
        let answer = self
            .done("CreateRepoSyncTask", &[&given, more].concat())
            .await;
        answer["SyncTaskId"].as_str().unwrap().to_owned()
    }
}

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
        // A destination goes by its region and by its instance.
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
async fn rules_that_cannot_be_are_refused() {
    let trial = Trial::start().await;
    trial.rule("taken", &[]).await;
    let good = [
        FLEET,
        ("SyncRuleName", "new"),
        ("SyncScope", "REPO"),
        ("NamespaceName", "team"),
        ("RepoName", "api"),
        ("TagFilter", ".*"),
        ("TargetRegionId", "cn-beijing"),
        ("TargetInstanceId", TARGET),
    ];
    for (name, value, status, code) in [
        ("SyncRuleName", "taken", 200, "SYNC_RULE_NAME_EXIST"),
        ("SyncRuleName", "", 400, "MissingSyncRuleName"),
        ("SyncScope", "TAG", 400, "InvalidParameter"),
        ("SyncTrigger", "ALWAYS", 400, "InvalidParameter"),
        ("Priority", "6", 400, "InvalidParameter"),
        ("TagFilter", "(", 400, "InvalidParameter"),
        ("NamespaceName", "", 400, "MissingNamespaceName"),
        ("NamespaceName", "nobody", 200, "NAMESPACE_NOT_EXIST"),
        ("RepoName", "", 400, "MissingRepoName"),
        ("RepoName", "nothing", 200, "REPO_NOT_EXIST"),
        ("TargetInstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
        ("TargetRegionId", "cn-shanghai", 200, "INSTANCE_NOT_EXIST"),
        ("InstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
    ] {
        let others = good.iter().copied().filter(|(given, _)| *given != name);
        let given: Vec<_> = others.chain([(name, value)]).collect();
        let refused = trial.refused("CreateRepoSyncRule", &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{name}={value}");
    }
    trial.done("CreateRepoSyncRule", &good).await;
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
    let source = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
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
    // Both end before anybody looks.
    trial.seconds(99);
    assert_eq!(trial.status(&second).await, "ERROR");
    assert_eq!(trial.status(&first).await, "SUCCESS");
    let held = trial.digest(TARGET, ("mirror", "team-api", "latest")).await;
    assert_eq!(held, Some(one));
}

#[tokio::test]
async fn what_arrives_is_what_was_there_when_the_task_was_made() {
    let trial = Trial::start().await;
    let rule = trial.rule("releases", &[]).await;
    let old = trial.push("team/api", "r1", "old");
    trial.seconds(5);
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
        2
    );
}

#[tokio::test]
async fn tasks_by_hand_need_their_image_and_their_destination() {
    let trial = Trial::start().await;
    let source = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
    let repository = trial.repo_id(source, "team", "api").await.unwrap();
    let good = [
        FLEET,
        ("RepoId", repository.as_str()),
        ("Tag", "v41"),
        ("TargetRegionId", "cn-beijing"),
        ("TargetInstanceId", TARGET),
        ("TargetNamespace", "mirror"),
        ("TargetRepoName", "team-api"),
        ("TargetTag", "v41"),
    ];
    for (name, value, status, code) in [
        ("RepoId", "crr-1", 200, "REPO_NOT_EXIST"),
        ("Tag", "v999", 200, "TAG_NOT_EXIST"),
        ("TargetInstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
        ("TargetRegionId", "cn-shanghai", 200, "INSTANCE_NOT_EXIST"),
        ("TargetTag", "", 400, "MissingTargetTag"),
        ("Priority", "0", 400, "InvalidParameter"),
        ("Override", "maybe", 400, "InvalidParameter"),
    ] {
        let others = good.iter().copied().filter(|(given, _)| *given != name);
        let given: Vec<_> = others.chain([(name, value)]).collect();
        let refused = trial.refused("CreateRepoSyncTask", &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{name}={value}");
    }
    trial.done("CreateRepoSyncTask", &good).await;
}

#[tokio::test]
async fn a_push_makes_repositories_and_no_namespaces() {
    let trial = Trial::start().await;
    let source = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
    assert_eq!(trial.repo_id(source, "team", "new").await, None);
    let digest = trial.push("team/new", "v1", "content");
    let held = trial.digest(source, ("team", "new", "v1")).await;
    assert_eq!(held, Some(digest.clone()));
    assert_eq!(trial.push("team/new", "v2", "content"), digest);
    assert_ne!(trial.push("team/new", "v1", "changed"), digest);
    let refused = trial
        .sandbox
        .push(Registry::Alibabacloud, "nobody/new", "v1", "content");
    assert_eq!(refused, Err(PushError::NoNamespace("nobody".to_owned())));
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
            "InstanceId": world::ALIBABACLOUD_INSTANCE_ID,
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
