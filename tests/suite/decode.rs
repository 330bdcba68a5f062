//! The vendors' examples as they decode, and pages that are not quite as documented.

use futures_util::TryStreamExt;
use insta::assert_json_snapshot;
use registry_replication::{Task, TaskState, alibabacloud, huaweicloud};
use registry_tests::Recorder;
use serde_json::{Value, json};

use crate::clients::{self, INSTANCE, PROJECT};

macro_rules! seed {
    ($name:literal) => {
        include_str!(concat!("../data/seeds/", $name, ".json"))
    };
}
const REPLICATION: &str = seed!("000-ListInstanceReplicationPolicyExecTasks");
const RETENTION: &str = seed!("001-ListInstanceRetentionPolicyExecTasks");
const SYNC_REPO: &str = seed!("002-ListImageAutoSyncReposDetails");
const SYNC_JOB: &str = seed!("003-ShowSyncJob");
const SYNC_TASK: &str = seed!("004-ListRepoSyncTask");

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Decodes with the generated type and encodes again: nothing of the example may be lost.
fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned>(json: &str) {
    let decoded: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_value(decoded).unwrap(), value(json));
}

#[test]
fn nothing_of_the_examples_is_lost() {
    use huaweicloud_swr::swr::types::{ReplicationTaskPage, RetentionTaskPage, SyncJob, SyncRepo};
    round_trip::<ReplicationTaskPage>(REPLICATION);
    round_trip::<RetentionTaskPage>(RETENTION);
    round_trip::<Vec<SyncRepo>>(SYNC_REPO);
    round_trip::<Vec<SyncJob>>(SYNC_JOB);
    round_trip::<alibabacloud_cr::cr::types::ListRepoSyncTaskAnswer>(SYNC_TASK);
}

async fn enterprise(page: &str) -> (Recorder, huaweicloud::SwrEnterprise) {
    let recorder = Recorder::json(page).await;
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(recorder.endpoint())
        .project_id(PROJECT)
        .instance(INSTANCE)
        .credentials(clients::huawei_key())
        .build()
        .await
        .unwrap();
    (recorder, registry)
}

async fn basic(recorder: &Recorder) -> huaweicloud::SwrBasic {
    huaweicloud::SwrBasic::builder()
        .endpoint(recorder.endpoint())
        .credentials(clients::huawei_key())
        .build()
        .await
        .unwrap()
}

async fn replication_tasks(page: &str) -> Vec<Task> {
    let (_recorder, registry) = enterprise(page).await;
    let tasks = registry.replication_tasks(83).by_item();
    tasks.try_collect().await.unwrap()
}

async fn retention_tasks(page: &str) -> Vec<Task> {
    let (_recorder, registry) = enterprise(page).await;
    let tasks = registry.retention_tasks("library", 7, 113, None).by_item();
    tasks.try_collect().await.unwrap()
}

async fn sync_jobs(page: &str) -> Vec<Task> {
    let headers = [
        ("content-range", "0-1/1"),
        ("content-type", "application/json"),
    ];
    let recorder = Recorder::start(200, &headers, page).await;
    let jobs = basic(&recorder)
        .await
        .sync_jobs("test/testrepo", None)
        .by_item();
    jobs.try_collect().await.unwrap()
}

async fn sync_tasks(page: &str) -> Vec<Task> {
    let recorder = Recorder::json(page).await;
    let registry = alibabacloud::AlibabaCr::builder()
        .endpoint(recorder.endpoint())
        .instance("cri-kmsiwlxxdcva0001")
        .credentials(clients::alibaba_key())
        .build()
        .await
        .unwrap();
    registry
        .tasks(alibabacloud::TaskQuery::default())
        .all()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_examples_in_words_that_all_registries_share() {
    assert_json_snapshot!("000", replication_tasks(REPLICATION).await);
    assert_json_snapshot!("001", retention_tasks(RETENTION).await);
    let recorder = Recorder::json(SYNC_REPO).await;
    let rules = basic(&recorder)
        .await
        .rules("test/grpc-helloworld")
        .all()
        .await;
    assert_json_snapshot!("002", rules.unwrap());
    assert_json_snapshot!("003", sync_jobs(SYNC_JOB).await);
    assert_json_snapshot!("004", sync_tasks(SYNC_TASK).await);
}

/// A page whose first task has this field set to that value, or taken out.
fn with(page: &str, list: &str, field: &str, to: Option<Value>) -> String {
    let mut page = value(page);
    let task = page.pointer_mut(list).unwrap().as_object_mut().unwrap();
    match to {
        Some(to) => task.insert(field.to_owned(), to),
        None => task.remove(field),
    };
    page.to_string()
}

#[tokio::test]
async fn whatever_becomes_of_a_field_the_page_decodes() {
    let odd = [None, Some(Value::Null), Some(json!(""))];
    for (page, list) in [
        (REPLICATION, "/tasks/0"),
        (RETENTION, "/tasks/0"),
        (SYNC_JOB, "/0"),
        (SYNC_TASK, "/SyncTasks/0"),
    ] {
        let fields: Vec<String> = value(page)
            .pointer(list)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .chain(["a field that no page shows".to_owned()])
            .collect();
        for field in fields {
            for to in odd.iter().cloned().chain([Some(json!({ "nested": [1] }))]) {
                let known = !field.starts_with("a field");
                if known && to.as_ref().is_some_and(Value::is_object) {
                    continue;
                }
                let object = matches!(field.as_str(), "ImageFrom" | "ImageTo");
                if object && to == Some(json!("")) {
                    continue;
                }
                let page = with(page, list, &field, to);
                let tasks = match list {
                    "/0" => sync_jobs(&page).await,
                    "/SyncTasks/0" => sync_tasks(&page).await,
                    _ if page.contains("src_resource") || field == "src_resource" => {
                        replication_tasks(&page).await
                    }
                    _ => retention_tasks(&page).await,
                };
                assert_eq!(tasks.len(), 1, "{field}: {page}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_may_be_null_or_hold_nulls() {
    for (page, count) in [("null", 0), ("[]", 0), ("[null]", 0), (SYNC_REPO, 1)] {
        let recorder = Recorder::json(page).await;
        let rules = basic(&recorder)
            .await
            .rules("test/testrepo")
            .all()
            .await
            .unwrap();
        assert_eq!(rules.len(), count, "{page}");
    }
    assert_eq!(sync_jobs("null").await.len(), 0);
}

#[tokio::test]
async fn an_unknown_status_is_kept_as_it_came() {
    let word = || Some(json!("Levitating"));
    for tasks in [
        replication_tasks(&with(REPLICATION, "/tasks/0", "status", word())).await,
        retention_tasks(&with(RETENTION, "/tasks/0", "status", word())).await,
        sync_jobs(&with(SYNC_JOB, "/0", "status", word())).await,
        sync_tasks(&with(SYNC_TASK, "/SyncTasks/0", "TaskStatus", word())).await,
    ] {
        assert_eq!(tasks[0].state, TaskState::Unknown("Levitating".to_owned()));
        assert_eq!(tasks[0].status.as_deref(), Some("Levitating"));
        assert!(!tasks[0].state.is_final());
    }
}

#[tokio::test]
async fn known_statuses_mean_what_the_vendor_means() {
    use TaskState::{AlreadyThere, Cancelled, Failed, Running, Succeeded, TimedOut, Waiting};
    for (status, state) in [
        ("Initialized", Waiting),
        ("Pending", Waiting),
        ("InProgress", Running),
        ("Succeed", Succeeded),
        ("Failed", Failed),
        ("Stopped", Cancelled),
    ] {
        let page = with(REPLICATION, "/tasks/0", "status", Some(json!(status)));
        assert_eq!(replication_tasks(&page).await[0].state, state, "{status}");
        let page = with(RETENTION, "/tasks/0", "status", Some(json!(status)));
        assert_eq!(retention_tasks(&page).await[0].state, state, "{status}");
    }
    for (status, state) in [
        ("waiting", Waiting),
        ("running", Running),
        ("success", Succeeded),
        ("failed", Failed),
        ("timeout", TimedOut),
        ("cancel", Cancelled),
        ("existed", AlreadyThere),
    ] {
        let page = with(SYNC_JOB, "/0", "status", Some(json!(status)));
        assert_eq!(sync_jobs(&page).await[0].state, state, "{status}");
    }
    for (status, state) in [
        ("PENDING", Waiting),
        ("SYNCHRONIZING", Running),
        ("SUCCESS", Succeeded),
        ("ERROR", Failed),
        ("CANCELED", Cancelled),
    ] {
        let page = with(SYNC_TASK, "/SyncTasks/0", "TaskStatus", Some(json!(status)));
        assert_eq!(sync_tasks(&page).await[0].state, state, "{status}");
    }
}

#[tokio::test]
async fn a_destination_that_stands_apart_is_read_too() {
    let proper = |name: &str| {
        json!({ "metadata": { "repository": { "name": name }, "artifacts": [
            { "digest": "sha256:aa", "tags": ["v1"] }
        ] } })
        .to_string()
    };
    let page = with(
        REPLICATION,
        "/tasks/0",
        "src_resource",
        Some(json!(proper("team/api"))),
    );
    let page = with(
        &page,
        "/tasks/0",
        "dst_resource",
        Some(json!(proper("mirror/api"))),
    );
    let task = &replication_tasks(&page).await[0];
    assert_eq!(task.source.as_ref().unwrap().to_string(), "team/api:v1");
    let destination = task.destination.as_ref().unwrap();
    assert_eq!(destination.to_string(), "mirror/api:v1");
    assert_eq!(destination.digest(), Some("sha256:aa"));

    // Absent: the page's own example has the destination inside of the source.
    let task = &replication_tasks(REPLICATION).await[0];
    let destination = task.destination.as_ref().unwrap();
    assert_eq!(destination.namespace.as_deref(), Some("harbor0"));
    let page = with(
        REPLICATION,
        "/tasks/0",
        "src_resource",
        Some(json!("team/api:v1")),
    );
    assert_eq!(replication_tasks(&page).await[0].destination, None);
}

#[tokio::test]
async fn a_total_may_be_a_number_or_a_text() {
    for total in [json!(1), json!("1"), json!(1.0), json!(null)] {
        let mut page = value(SYNC_TASK);
        page["TotalCount"] = total.clone();
        assert_eq!(sync_tasks(&page.to_string()).await.len(), 1, "{total}");
        let mut page = value(REPLICATION);
        page["total"] = total.clone();
        assert_eq!(
            replication_tasks(&page.to_string()).await.len(),
            1,
            "{total}"
        );
    }
}

#[tokio::test]
async fn both_spellings_of_the_modified_time_are_read() {
    let page = with(
        SYNC_TASK,
        "/SyncTasks/0",
        "ModifiedTime",
        Some(json!(1572839200000_i64)),
    );
    let newer = sync_tasks(&page).await[0].updated.unwrap();
    assert_eq!(newer.as_millisecond(), 1572839200000);
    let older = sync_tasks(SYNC_TASK).await[0].updated.unwrap();
    assert_eq!(older.as_millisecond(), 1572839133000);
}

#[test]
fn the_model_has_a_schema() {
    use registry_replication::{Execution, Rule, Started, Subtask};
    assert_json_snapshot!("schema-task", schemars::schema_for!(Task));
    assert_json_snapshot!("schema-rule", schemars::schema_for!(Rule));
    assert_json_snapshot!("schema-execution", schemars::schema_for!(Execution));
    assert_json_snapshot!("schema-subtask", schemars::schema_for!(Subtask));
    assert_json_snapshot!("schema-started", schemars::schema_for!(Started));
}

#[tokio::test]
async fn the_model_is_read_back_as_it_was_written() {
    for task in sync_tasks(SYNC_TASK)
        .await
        .into_iter()
        .chain(replication_tasks(REPLICATION).await)
    {
        let json = serde_json::to_string(&task).unwrap();
        let again: Task = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
        assert!(!task.vendor.is_empty() && again.vendor.is_empty());
    }
}

#[test]
fn a_rule_that_an_earlier_version_wrote_is_read() {
    let rule = r#"{"provider": "huaweicloud-basic", "id": "45", "source": {}, "destination": {}}"#;
    let rule: registry_replication::Rule = serde_json::from_str(rule).unwrap();
    assert_eq!(rule.kind, registry_replication::TaskKind::Replication);
    assert_eq!(rule.reference().unwrap().to_string(), "45");
}
