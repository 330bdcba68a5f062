//! Every call of the registries' specs against the sandbox, through the generated clients: each
//! read finds something, and each write changes what the reads then say.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alibabacloud_cr::Alibabacloud;
use huaweicloud_swr::Huaweicloud;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Context, Dialect, Error};
use registry_sandbox::{Options, Sandbox, world};
use registry_tests::given::Given;
use registry_tests::specs::{self, Operation};
use registry_tests::{generated, noon, quick_clock};
use serde_json::{Value, json};

use crate::clients;

const SWR: &str = "huaweicloud-swr/swr";
const CR: &str = "alibabacloud-cr/cr";

/// A sandbox at noon, and both registries' clients by the same clock.
struct Trial {
    /// Served as long as it is held.
    _sandbox: Sandbox,
    clock: Arc<ManualClock>,
    swr: huaweicloud_swr::swr::Client,
    cr: alibabacloud_cr::cr::Client,
    /// Names of the calls that were made.
    made: Mutex<BTreeSet<String>>,
}

impl Trial {
    async fn new() -> Self {
        let clock = quick_clock(noon());
        let hands = Arc::clone(&clock);
        let options = Options::default().clock(Arc::new(move || hands.now()));
        let sandbox = Sandbox::start(options).await.unwrap();
        let context = |provider: Arc<dyn Dialect>| {
            Context::builder(sandbox.endpoint(), provider)
                .clock(clock.clone())
                .rate_limit(None)
                .build()
                .unwrap()
        };
        let huawei = Huaweicloud::new(clients::sandbox_key(&sandbox));
        let alibaba = Alibabacloud::new(clients::sandbox_alibaba_key(&sandbox));
        Self {
            swr: huaweicloud_swr::swr::Client::new(context(Arc::new(huawei))),
            cr: alibabacloud_cr::cr::Client::new(context(Arc::new(alibaba))),
            clock,
            made: Mutex::default(),
            _sandbox: sandbox,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn try_call(&self, spec: &str, name: &str, given: &Given) -> Result<Value, Error> {
        self.made.lock().unwrap().insert(name.to_owned());
        match spec {
            SWR => generated::huaweicloud_swr_swr::call(&self.swr, name, given).await,
            _ => generated::alibabacloud_cr_cr::call(&self.cr, name, given).await,
        }
    }

    /// A call with what is required, these parameters in the place of the examples, and the
    /// example of the body with these fields.
    async fn call(&self, spec: &str, name: &str, parameters: Value, body: Value) -> Value {
        let answer = self.attempt(spec, name, parameters, body).await;
        answer.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    async fn attempt(
        &self,
        spec: &str,
        name: &str,
        parameters: Value,
        body: Value,
    ) -> Result<Value, Error> {
        let operation = operation(spec, name);
        let mut given = here(operation.required());
        given.body = operation.everything().body;
        let parameters = parameters.as_object().unwrap().clone();
        given.parameters.extend(parameters);
        if let (Some(given), Some(body)) = (&mut given.body, body.as_object()) {
            given.as_object_mut().unwrap().extend(body.clone());
        }
        self.try_call(spec, name, &given).await
    }

    async fn swr(&self, name: &str, parameters: Value) -> Value {
        self.call(SWR, name, parameters, Value::Null).await
    }

    async fn cr(&self, name: &str, parameters: Value) -> Value {
        self.call(CR, name, parameters, Value::Null).await
    }

    /// That a call is refused, with this status.
    async fn refused(&self, spec: &str, name: &str, parameters: Value, status: u16) {
        let answer = self.attempt(spec, name, parameters, Value::Null).await;
        let error = answer.expect_err(name);
        assert_eq!(error.status(), Some(status), "{name}: {error}");
    }

    fn writes_made(&self, spec: &str) -> (BTreeSet<String>, BTreeSet<String>) {
        let operations = &specs::spec(spec).operations;
        let writes = operations.iter().filter(|operation| !operation.is_read);
        let writes: BTreeSet<_> = writes.map(|operation| operation.name.clone()).collect();
        let made = self.made.lock().unwrap();
        (made.intersection(&writes).cloned().collect(), writes)
    }
}

fn operation(spec: &str, name: &str) -> &'static Operation {
    let mut operations = specs::spec(spec).operations.iter();
    operations.find(|operation| operation.name == name).unwrap()
}

/// With the sandbox's own project and instance.
fn here(mut given: Given) -> Given {
    for (name, value) in [
        ("project_id", world::HUAWEICLOUD_PROJECT_ID),
        ("instance_id", world::HUAWEICLOUD_INSTANCE_ID),
    ] {
        if let Some(given) = given.parameters.get_mut(name) {
            *given = json!(value);
        }
    }
    given
}

/// Whether an answer says anything: of a listing, that there are records.
fn is_empty(operation: &Operation, answer: &Value) -> bool {
    let items = operation.value.pointer("/x-paging/items");
    let records = match items.and_then(Value::as_str) {
        Some(items) => &answer[items],
        None => answer,
    };
    // What every answer of an RPC service has says nothing.
    const ENVELOPE: [&str; 3] = ["Code", "IsSuccess", "RequestId"];
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    match records {
        Value::Object(fields) => {
            let mut own = fields
                .iter()
                .filter(|(name, _)| !ENVELOPE.contains(&name.as_str()));
            let is_list = fields.values().any(Value::is_array);
            match is_list {
                true => fields
                    .values()
                    .filter(|it| it.is_array())
                    .any(|it| !says(it)),
                false => !own.any(|(_, value)| says(value)),
            }
        }
        other => !says(other),
    }
}

#[tokio::test]
async fn every_read_finds_something() {
    // Each of these wants an id or a name, and the spec can require neither.
    const ONE_OF_SEVERAL: [&str; 2] = ["GetNamespace", "GetRepository"];
    let trial = Trial::new().await;
    for spec in [SWR, CR] {
        let reads = specs::spec(spec).operations.iter().filter(|it| it.is_read);
        for operation in reads {
            let required = operation.required();
            let lacks = ONE_OF_SEVERAL.contains(&operation.name.as_str());
            for given in [operation.everything()]
                .into_iter()
                .chain((!lacks).then_some(required))
            {
                let given = here(given);
                let answer = trial.try_call(spec, &operation.name, &given).await;
                let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", operation.name));
                assert!(
                    !is_empty(operation, &answer),
                    "{}: {answer}",
                    operation.name
                );
            }
        }
    }
}

/// The record with this id.
fn with_id<'a>(records: &'a Value, key: &str, id: &Value) -> Option<&'a Value> {
    let records = records.as_array().unwrap();
    records.iter().find(|record| &record[key] == id)
}

#[tokio::test]
async fn every_write_of_swr_changes_what_is_read() {
    let trial = Trial::new().await;
    target_registries(&trial).await;
    replication(&trial).await;
    retention(&trial).await;
    basic_sync(&trial).await;
    basic_retention(&trial).await;
    let (made, all) = trial.writes_made(SWR);
    assert_eq!(made, all);
}

async fn target_registries(trial: &Trial) {
    let body = json!({"name": "another-region"});
    let made = trial
        .call(SWR, "CreateInstanceRegistry", json!({}), body)
        .await;
    let this = json!({"registry_id": made["id"]});
    let shown = trial.swr("ShowInstanceRegistry", this.clone()).await;
    assert_eq!(shown["name"], "another-region");
    let listed = trial
        .swr("ListInstanceRegistries", json!({"offset": 0, "limit": 100}))
        .await;
    assert!(with_id(&listed["registries"], "id", &made["id"]).is_some());
    let secret = operation(SWR, "CreateInstanceRegistry")
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
        .call(SWR, "UpdateInstanceRegistry", this.clone(), body)
        .await;
    let shown = trial.swr("ShowInstanceRegistry", this.clone()).await;
    assert_eq!(shown["name"], "third-region");

    trial.swr("DeleteInstanceRegistry", this.clone()).await;
    trial.refused(SWR, "ShowInstanceRegistry", this, 404).await;
}

async fn replication(trial: &Trial) {
    let body = json!({"name": "by-hand", "trigger": {"type": "manual"}});
    let made = trial
        .call(SWR, "CreateInstanceReplicationPolicy", json!({}), body)
        .await;
    let policy = json!({"policy_id": made["id"]});
    let show = || trial.swr("ShowInstanceReplicationPolicy", policy.clone());
    assert_eq!(show().await["name"], "by-hand");
    let body = json!({"name": "by-hand-2", "trigger": {"type": "manual"}, "description": "d"});
    trial
        .call(SWR, "UpdateInstanceReplicationPolicy", policy.clone(), body)
        .await;
    assert_eq!(show().await["name"], "by-hand-2");

    let run = || {
        trial.call(
            SWR,
            "ExecuteInstanceReplicationPolicy",
            json!({}),
            policy.clone(),
        )
    };
    let executions = || async {
        let listed = json!({"policy_id": made["id"], "offset": 0, "limit": 100});
        trial
            .swr("ListInstanceReplicationPolicyExecutions", listed)
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
        .swr("ListInstanceReplicationPolicyExecTasks", tasks.clone())
        .await;
    assert!(!listed["tasks"].as_array().unwrap().is_empty());
    trial.pass(3600);
    assert_eq!(state(first.clone()).await, "Succeed");
    let listed = trial
        .swr("ListInstanceReplicationPolicyExecTasks", tasks)
        .await;
    for task in listed["tasks"].as_array().unwrap() {
        assert_eq!(task["status"], "Succeed", "{task}");
        let of = json!({"execution_id": first, "task_id": task["id"]});
        let subtasks = trial
            .swr("ListInstanceReplicationPolicyExecSubTasks", of)
            .await;
        assert!(
            !subtasks["sub_tasks"].as_array().unwrap().is_empty(),
            "{subtasks}"
        );
    }

    let second = run().await["id"].clone();
    let this = json!({"execution_id": second});
    trial
        .swr("StopInstanceReplicationPolicyExecution", this)
        .await;
    assert_eq!(state(second).await, "Stopped");

    trial
        .swr("DeleteInstanceReplicationPolicy", policy.clone())
        .await;
    trial
        .refused(SWR, "ShowInstanceReplicationPolicy", policy.clone(), 404)
        .await;
    trial
        .refused(SWR, "DeleteInstanceReplicationPolicy", policy, 404)
        .await;
}

async fn retention(trial: &Trial) {
    let namespace = operation(SWR, "CreateInstanceRetentionPolicy").required();
    let namespace = namespace.parameters["namespace_name"].clone();
    let body = json!({"name": "keep-some", "trigger": {"type": "manual"}});
    let made = trial
        .attempt(
            SWR,
            "CreateInstanceRetentionPolicy",
            json!({}),
            body.clone(),
        )
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
                    .call(SWR, "CreateInstanceRetentionPolicy", root, body)
                    .await,
            )
        }
    };
    let policy = json!({"namespace_name": namespace, "policy_id": made["id"]});
    let show = || trial.swr("ShowInstanceRetentionPolicy", policy.clone());
    assert_eq!(show().await["name"], "keep-some");
    let body = json!({"name": "keep-more", "trigger": {"type": "manual"}});
    trial
        .call(SWR, "UpdateInstanceRetentionPolicy", policy.clone(), body)
        .await;
    assert_eq!(show().await["name"], "keep-more");

    let executions = || trial.swr("ListInstanceRetentionPolicyExecutions", policy.clone());
    assert_eq!(executions().await["total"], 0);
    let dry = json!({"dry_run": true});
    trial
        .call(SWR, "ExecuteInstanceRetentionPolicy", policy.clone(), dry)
        .await;
    assert_eq!(executions().await["total"], 1);

    trial
        .swr("DeleteInstanceRetentionPolicy", policy.clone())
        .await;
    trial
        .refused(SWR, "ShowInstanceRetentionPolicy", policy, 404)
        .await;
}

async fn basic_sync(trial: &Trial) {
    let repository = json!({"namespace": "team", "repository": "api"});
    let rules = || trial.swr("ListImageAutoSyncReposDetails", repository.clone());
    let before = rules().await.as_array().unwrap().len();
    let rule = json!({"remoteRegionId": "cn-south-1", "remoteNamespace": "team"});
    trial
        .call(SWR, "CreateImageSyncRepo", repository.clone(), rule.clone())
        .await;
    assert_eq!(rules().await.as_array().unwrap().len(), before + 1);

    let mut filter = repository.clone();
    filter["filter"] = json!("limit::100|offset::0|order::desc");
    let jobs = || trial.swr("ShowSyncJob", filter.clone());
    let newest = jobs().await[0]["id"].clone();
    let images =
        json!({"imageTag": ["v41"], "remoteRegionId": "cn-south-1", "remoteNamespace": "team"});
    trial
        .call(SWR, "CreateManualImageSyncRepo", repository.clone(), images)
        .await;
    let after = jobs().await[0].clone();
    assert_ne!(after["id"], newest);
    assert_eq!(after["tag"], "v41");

    trial
        .call(SWR, "DeleteImageSyncRepo", repository.clone(), rule)
        .await;
    assert_eq!(rules().await.as_array().unwrap().len(), before);
}

async fn basic_retention(trial: &Trial) {
    let repository = json!({"namespace": "team", "repository": "api"});
    let made = trial
        .call(SWR, "CreateRetention", repository.clone(), Value::Null)
        .await;
    let mut policy = repository.clone();
    policy["retention_id"] = made["id"].clone();
    let shown = trial.swr("ShowRetention", policy.clone()).await;
    let listed = trial.swr("ListRetentions", repository.clone()).await;
    assert_eq!(with_id(&listed, "id", &made["id"]), Some(&shown));

    let one = json!({"rules": [shown["rules"][0]]});
    trial
        .call(SWR, "UpdateRetention", policy.clone(), one)
        .await;
    let changed = trial.swr("ShowRetention", policy.clone()).await;
    assert_eq!(changed["rules"], json!([shown["rules"][0]]));
    assert_ne!(changed["rules"], shown["rules"]);

    trial.swr("DeleteRetention", policy.clone()).await;
    trial.refused(SWR, "ShowRetention", policy, 404).await;
}

#[tokio::test]
async fn every_write_of_the_alibaba_registry_changes_what_is_read() {
    let trial = Trial::new().await;
    sync(&trial).await;
    lifecycle(&trial).await;
    let (made, all) = trial.writes_made(CR);
    assert_eq!(made, all);
}

async fn sync(trial: &Trial) {
    let instance = world::FLEET_ALIBABACLOUD_INSTANCE_ID;
    let rules = || async {
        let all = json!({"InstanceId": instance, "PageSize": 100});
        trial.cr("ListRepoSyncRule", all).await["SyncRules"].clone()
    };
    let tasks = trial
        .cr("ListRepoSyncTask", json!({"InstanceId": instance}))
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
    let made = trial.cr("CreateRepoSyncRule", rule).await;
    assert!(with_id(&rules().await, "SyncRuleId", &made["SyncRuleId"]).is_some());

    let repository =
        json!({"InstanceId": instance, "RepoNamespaceName": "team", "RepoName": "api"});
    let repository = trial.cr("GetRepository", repository).await;
    let run = json!({
        "InstanceId": instance,
        "RepoId": repository["RepoId"],
        "SyncRuleId": made["SyncRuleId"],
        "Tag": "v41",
    });
    let task = trial.cr("CreateRepoSyncTaskByRule", run).await["SyncTaskId"].clone();
    let state = |task: Value| async move {
        let this = json!({"InstanceId": instance, "SyncTaskId": task});
        trial.cr("GetRepoSyncTask", this).await["TaskStatus"].clone()
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
    let task = trial.cr("CreateRepoSyncTask", by_hand).await["SyncTaskId"].clone();
    let this = json!({"InstanceId": instance, "SyncTaskId": task});
    trial.cr("CancelRepoSyncTask", this).await;
    assert_eq!(state(task).await, "CANCELED");

    let this = json!({"InstanceId": instance, "SyncRuleId": made["SyncRuleId"]});
    trial.cr("DeleteRepoSyncRule", this).await;
    assert!(with_id(&rules().await, "SyncRuleId", &made["SyncRuleId"]).is_none());
}

async fn lifecycle(trial: &Trial) {
    let instance = json!({"InstanceId": world::FLEET_ALIBABACLOUD_INSTANCE_ID});
    let mut rule = instance.clone();
    for (name, value) in [
        ("Scope", json!("REPO")),
        ("NamespaceName", json!("team")),
        ("RepoName", json!("api")),
        ("RetentionTagCount", json!(30)),
    ] {
        rule[name] = value;
    }
    let made = trial.cr("CreateArtifactLifecycleRule", rule.clone()).await;
    rule["RuleId"] = made["RuleId"].clone();
    let mut this = instance.clone();
    this["RuleId"] = made["RuleId"].clone();
    let get = || trial.cr("GetArtifactLifecycleRule", this.clone());
    assert_eq!(get().await["RetentionTagCount"], 30);
    let listed = trial
        .cr("ListArtifactLifecycleRule", instance.clone())
        .await;
    assert!(with_id(&listed["Rules"], "RuleId", &made["RuleId"]).is_some());

    rule["RetentionTagCount"] = json!(20);
    trial.cr("UpdateArtifactLifecycleRule", rule).await;
    assert_eq!(get().await["RetentionTagCount"], 20);

    trial.cr("DeleteArtifactLifecycleRule", this.clone()).await;
    let gone = trial
        .attempt(CR, "GetArtifactLifecycleRule", this, Value::Null)
        .await;
    assert!(gone.is_err(), "{gone:?}");
}
