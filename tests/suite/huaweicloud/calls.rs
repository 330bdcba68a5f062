//! Every call of SWR against the sandbox.

use registry_sandbox::world;
use serde_json::{Value, json};

use crate::calls::{Trial, with_id};

async fn trial() -> Trial {
    let own = &[
        ("project_id", world::huaweicloud::PROJECT_ID),
        ("instance_id", world::huaweicloud::INSTANCE_ID),
    ];
    Trial::new("huaweicloud-swr/swr", own).await
}

#[tokio::test]
async fn every_read_finds_something() {
    trial().await.every_read_finds_something(&[]).await;
}

#[tokio::test]
async fn every_write_changes_what_is_read() {
    let trial = trial().await;
    target_registries(&trial).await;
    replication(&trial).await;
    retention(&trial).await;
    basic_sync(&trial).await;
    basic_retention(&trial).await;
    trial.all_writes_were_made();
}

async fn target_registries(trial: &Trial) {
    let body = json!({"name": "another-region"});
    let made = trial.call("CreateInstanceRegistry", json!({}), body).await;
    let this = json!({"registry_id": made["id"]});
    let shown = trial.read("ShowInstanceRegistry", this.clone()).await;
    assert_eq!(shown["name"], "another-region");
    let listed = trial
        .read("ListInstanceRegistries", json!({"offset": 0, "limit": 100}))
        .await;
    assert!(with_id(&listed["registries"], "id", &made["id"]).is_some());
    let secret = trial
        .operation("CreateInstanceRegistry")
        .everything()
        .body
        .unwrap();
    let secret = secret["credential"]["access_secret"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        !listed.to_string().contains(&secret),
        "a secret is not given back"
    );

    let body = json!({"name": "third-region"});
    trial
        .call("UpdateInstanceRegistry", this.clone(), body)
        .await;
    let shown = trial.read("ShowInstanceRegistry", this.clone()).await;
    assert_eq!(shown["name"], "third-region");

    trial.read("DeleteInstanceRegistry", this.clone()).await;
    trial.refused("ShowInstanceRegistry", this, 404).await;
}

async fn replication(trial: &Trial) {
    let body = json!({"name": "by-hand", "trigger": {"type": "manual"}});
    let made = trial
        .call("CreateInstanceReplicationPolicy", json!({}), body)
        .await;
    let policy = json!({"policy_id": made["id"]});
    let show = || trial.read("ShowInstanceReplicationPolicy", policy.clone());
    assert_eq!(show().await["name"], "by-hand");
    let body = json!({"name": "by-hand-2", "trigger": {"type": "manual"}, "description": "d"});
    trial
        .call("UpdateInstanceReplicationPolicy", policy.clone(), body)
        .await;
    assert_eq!(show().await["name"], "by-hand-2");

    let run = || {
        trial.call(
            "ExecuteInstanceReplicationPolicy",
            json!({}),
            policy.clone(),
        )
    };
    let executions = || async {
        let listed = json!({"policy_id": made["id"], "offset": 0, "limit": 100});
        trial
            .read("ListInstanceReplicationPolicyExecutions", listed)
            .await
    };
    let state = |execution: Value| async move {
        let listed = executions().await;
        with_id(&listed["executions"], "id", &execution).unwrap()["status"].clone()
    };
    assert_eq!(executions().await["total"], 0);
    let first = run().await["id"].clone();
    assert_eq!(executions().await["total"], 1);
    assert_eq!(state(first.clone()).await, "InProgress");
    let tasks = json!({"execution_id": first, "offset": 0, "limit": 100});
    let listed = trial
        .read("ListInstanceReplicationPolicyExecTasks", tasks.clone())
        .await;
    assert!(!listed["tasks"].as_array().unwrap().is_empty());
    trial.pass(3600);
    assert_eq!(state(first.clone()).await, "Succeed");
    let listed = trial
        .read("ListInstanceReplicationPolicyExecTasks", tasks)
        .await;
    for task in listed["tasks"].as_array().unwrap() {
        assert_eq!(task["status"], "Succeed", "{task}");
        let of = json!({"execution_id": first, "task_id": task["id"]});
        let subtasks = trial
            .read("ListInstanceReplicationPolicyExecSubTasks", of)
            .await;
        assert!(
            !subtasks["sub_tasks"].as_array().unwrap().is_empty(),
            "{subtasks}"
        );
    }

    let second = run().await["id"].clone();
    let this = json!({"execution_id": second});
    trial
        .read("StopInstanceReplicationPolicyExecution", this)
        .await;
    assert_eq!(state(second).await, "Stopped");

    trial
        .read("DeleteInstanceReplicationPolicy", policy.clone())
        .await;
    trial
        .refused("ShowInstanceReplicationPolicy", policy.clone(), 404)
        .await;
    trial
        .refused("DeleteInstanceReplicationPolicy", policy, 404)
        .await;
}

async fn retention(trial: &Trial) {
    let namespace = trial.operation("CreateInstanceRetentionPolicy").required();
    let namespace = namespace.parameters["namespace_name"].clone();
    let body = json!({"name": "keep-some", "trigger": {"type": "manual"}});
    let made = trial
        .attempt("CreateInstanceRetentionPolicy", json!({}), body.clone())
        .await;
    // The namespace of the examples may have its one policy already.
    let (namespace, made) = match made {
        Ok(made) => (namespace, made),
        Err(error) => {
            assert_eq!(error.status(), Some(409), "{error}");
            let root = json!({"namespace_name": "root"});
            (
                json!("root"),
                trial
                    .call("CreateInstanceRetentionPolicy", root, body)
                    .await,
            )
        }
    };
    let policy = json!({"namespace_name": namespace, "policy_id": made["id"]});
    let show = || trial.read("ShowInstanceRetentionPolicy", policy.clone());
    assert_eq!(show().await["name"], "keep-some");
    let body = json!({"name": "keep-more", "trigger": {"type": "manual"}});
    trial
        .call("UpdateInstanceRetentionPolicy", policy.clone(), body)
        .await;
    assert_eq!(show().await["name"], "keep-more");

    let executions = || trial.read("ListInstanceRetentionPolicyExecutions", policy.clone());
    assert_eq!(executions().await["total"], 0);
    let dry = json!({"dry_run": true});
    trial
        .call("ExecuteInstanceRetentionPolicy", policy.clone(), dry)
        .await;
    assert_eq!(executions().await["total"], 1);

    trial
        .read("DeleteInstanceRetentionPolicy", policy.clone())
        .await;
    trial
        .refused("ShowInstanceRetentionPolicy", policy, 404)
        .await;
}

async fn basic_sync(trial: &Trial) {
    let repository = json!({"namespace": "team", "repository": "api"});
    let rules = || trial.read("ListImageAutoSyncReposDetails", repository.clone());
    let before = rules().await.as_array().unwrap().len();
    let rule = json!({"remoteRegionId": "cn-south-1", "remoteNamespace": "team"});
    trial
        .call("CreateImageSyncRepo", repository.clone(), rule.clone())
        .await;
    assert_eq!(rules().await.as_array().unwrap().len(), before + 1);

    let mut filter = repository.clone();
    filter["filter"] = json!("limit::100|offset::0|order::desc");
    let jobs = || trial.read("ShowSyncJob", filter.clone());
    let newest = jobs().await[0]["id"].clone();
    let images =
        json!({"imageTag": ["v41"], "remoteRegionId": "cn-south-1", "remoteNamespace": "team"});
    trial
        .call("CreateManualImageSyncRepo", repository.clone(), images)
        .await;
    let after = jobs().await[0].clone();
    assert_ne!(after["id"], newest);
    assert_eq!(after["tag"], "v41");

    trial
        .call("DeleteImageSyncRepo", repository.clone(), rule)
        .await;
    assert_eq!(rules().await.as_array().unwrap().len(), before);
}

async fn basic_retention(trial: &Trial) {
    let repository = json!({"namespace": "team", "repository": "api"});
    let made = trial
        .call("CreateRetention", repository.clone(), Value::Null)
        .await;
    let mut policy = repository.clone();
    policy["retention_id"] = made["id"].clone();
    let shown = trial.read("ShowRetention", policy.clone()).await;
    let listed = trial.read("ListRetentions", repository.clone()).await;
    assert_eq!(with_id(&listed, "id", &made["id"]), Some(&shown));

    let one = json!({"rules": [shown["rules"][0]]});
    trial.call("UpdateRetention", policy.clone(), one).await;
    let changed = trial.read("ShowRetention", policy.clone()).await;
    assert_eq!(changed["rules"], json!([shown["rules"][0]]));
    assert_ne!(changed["rules"], shown["rules"]);

    trial.read("DeleteRetention", policy.clone()).await;
    trial.refused("ShowRetention", policy, 404).await;
}
