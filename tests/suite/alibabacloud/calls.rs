//! Every call of the registry against the sandbox.

use registry_sandbox::world;
use serde_json::{Value, json};

use crate::calls::{Trial, with_id};

async fn trial() -> Trial {
    Trial::new("alibabacloud-cr/cr", &[]).await
}

#[tokio::test]
async fn every_read_finds_something() {
    // Each of these needs an id or a name, and the spec can require neither.
    let lacking = ["GetNamespace", "GetRepository"];
    trial().await.every_read_finds_something(&lacking).await;
}

#[tokio::test]
async fn every_write_changes_what_is_read() {
    let trial = trial().await;
    sync(&trial).await;
    lifecycle(&trial).await;
    trial.all_writes_were_made();
}

async fn sync(trial: &Trial) {
    let instance = world::alibabacloud::FLEET_INSTANCE_ID;
    let rules = || async {
        let all = json!({"InstanceId": instance, "PageSize": 100});
        trial.read("ListRepoSyncRule", all).await["SyncRules"].clone()
    };
    let tasks = trial
        .read("ListRepoSyncTask", json!({"InstanceId": instance}))
        .await;
    let target = tasks["SyncTasks"][0]["ImageTo"].clone();
    let rule = json!({
        "InstanceId": instance,
        "SyncRuleName": "by-hand",
        "SyncScope": "REPO",
        "SyncTrigger": "INITIATIVE",
        "NamespaceName": "team",
        "RepoName": "api",
        "TagFilter": ".*",
        "TargetInstanceId": target["InstanceId"],
        "TargetRegionId": target["RegionId"],
        "TargetNamespaceName": "team",
        "TargetRepoName": "api",
    });
    let made = trial.read("CreateRepoSyncRule", rule).await;
    assert!(with_id(&rules().await, "SyncRuleId", &made["SyncRuleId"]).is_some());

    let repository =
        json!({"InstanceId": instance, "RepoNamespaceName": "team", "RepoName": "api"});
    let repository = trial.read("GetRepository", repository).await;
    let run = json!({
        "InstanceId": instance,
        "RepoId": repository["RepoId"],
        "SyncRuleId": made["SyncRuleId"],
        "Tag": "v41",
    });
    let task = trial.read("CreateRepoSyncTaskByRule", run).await["SyncTaskId"].clone();
    let state = |task: Value| async move {
        let this = json!({"InstanceId": instance, "SyncTaskId": task});
        trial.read("GetRepoSyncTask", this).await["TaskStatus"].clone()
    };
    assert_eq!(state(task.clone()).await, "PENDING");
    trial.pass(3);
    assert_eq!(state(task.clone()).await, "SYNCHRONIZING");
    trial.pass(3600);
    assert_eq!(state(task).await, "SUCCESS");

    let by_hand = json!({
        "InstanceId": instance,
        "RepoId": repository["RepoId"],
        "Tag": "v41",
        "TargetInstanceId": target["InstanceId"],
        "TargetRegionId": target["RegionId"],
        "TargetNamespace": "elsewhere",
        "TargetRepoName": "api",
        "TargetTag": "v41",
    });
    let task = trial.read("CreateRepoSyncTask", by_hand).await["SyncTaskId"].clone();
    let this = json!({"InstanceId": instance, "SyncTaskId": task});
    trial.read("CancelRepoSyncTask", this).await;
    assert_eq!(state(task).await, "CANCELED");

    let this = json!({"InstanceId": instance, "SyncRuleId": made["SyncRuleId"]});
    trial.read("DeleteRepoSyncRule", this).await;
    assert!(with_id(&rules().await, "SyncRuleId", &made["SyncRuleId"]).is_none());
}

async fn lifecycle(trial: &Trial) {
    let instance = json!({"InstanceId": world::alibabacloud::FLEET_INSTANCE_ID});
    let mut rule = instance.clone();
    for (name, value) in [
        ("Scope", json!("REPO")),
        ("NamespaceName", json!("team")),
        ("RepoName", json!("api")),
        ("RetentionTagCount", json!(30)),
    ] {
        rule[name] = value;
    }
    let made = trial
        .read("CreateArtifactLifecycleRule", rule.clone())
        .await;
    rule["RuleId"] = made["RuleId"].clone();
    let mut this = instance.clone();
    this["RuleId"] = made["RuleId"].clone();
    let get = || trial.read("GetArtifactLifecycleRule", this.clone());
    assert_eq!(get().await["RetentionTagCount"], 30);
    let listed = trial
        .read("ListArtifactLifecycleRule", instance.clone())
        .await;
    assert!(with_id(&listed["Rules"], "RuleId", &made["RuleId"]).is_some());

    rule["RetentionTagCount"] = json!(20);
    trial.read("UpdateArtifactLifecycleRule", rule).await;
    assert_eq!(get().await["RetentionTagCount"], 20);

    trial
        .read("DeleteArtifactLifecycleRule", this.clone())
        .await;
    let gone = trial
        .attempt("GetArtifactLifecycleRule", this, Value::Null)
        .await;
    assert!(gone.is_err(), "{gone:?}");
}
