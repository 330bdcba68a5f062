//! Tests of decoded pages.

use alibabacloud_cr::cr::types::ListRepoSyncTaskAnswer;
use futures_util::FutureExt;
use registry_replication::{Registry, Task, TaskState, alibabacloud};
use registry_tests::Recorder;
use serde_json::{Value, json};

use crate::alibabacloud::clients;
use crate::decode::{round_trip, value, with};
use crate::subjects::{ExamplePage, example, items};

macro_rules! seed {
    ($name:literal) => {
        include_str!(concat!("../../data/seeds/", $name, ".json"))
    };
}
const SYNC_TASK: &str = seed!("004-ListRepoSyncTask");

async fn registry(recorder: &Recorder) -> alibabacloud::AlibabaCr {
    alibabacloud::AlibabaCr::builder()
        .endpoint(recorder.endpoint())
        .instance("cri-kmsiwlxxdcva0001")
        .credentials(clients::key())
        .build()
        .await
        .unwrap()
}

async fn sync_tasks(page: &str) -> Vec<Task> {
    let recorder = Recorder::json(page).await;
    let tasks = registry(&recorder)
        .await
        .tasks(alibabacloud::TaskQuery::default());
    tasks.all().await.unwrap()
}

async fn rules(page: Value) -> Vec<Value> {
    let recorder = Recorder::json(page.to_string()).await;
    items(registry(&recorder).await.rules_of(None)).await
}

/// Returns pages of the registry.
pub(crate) fn pages() -> Vec<ExamplePage> {
    vec![
        ExamplePage {
            name: "004",
            body: value(SYNC_TASK),
            records: "SyncTasks",
            state: Some("TaskStatus"),
            decode: |page| {
                async move {
                    let tasks = sync_tasks(&page.to_string()).await.into_iter();
                    let tasks = tasks.map(|task| serde_json::to_value(task).unwrap());
                    tasks.collect()
                }
                .boxed()
            },
        },
        ExamplePage {
            name: "ListRepoSyncRule",
            body: example("alibabacloud-cr/cr", "ListRepoSyncRule"),
            records: "SyncRules",
            state: None,
            decode: |page| rules(page).boxed(),
        },
    ]
}

#[test]
fn nothing_of_the_examples_is_lost() {
    round_trip::<ListRepoSyncTaskAnswer>(SYNC_TASK);
}

#[tokio::test]
async fn known_statuses_mean_what_the_vendor_means() {
    use TaskState::{Cancelled, Failed, Running, Succeeded, Waiting};
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
async fn a_total_may_be_a_number_or_a_text() {
    for total in [json!(1), json!("1"), json!(1.0), json!(null)] {
        let mut page = value(SYNC_TASK);
        page["TotalCount"] = total.clone();
        assert_eq!(sync_tasks(&page.to_string()).await.len(), 1, "{total}");
    }
}

#[tokio::test]
async fn a_task_keeps_what_the_vendor_said() {
    assert!(!sync_tasks(SYNC_TASK).await[0].vendor.is_empty());
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

#[tokio::test]
async fn what_a_rule_copies_over_and_from() {
    let page = example("alibabacloud-cr/cr", "ListRepoSyncRule");
    let changed = async |field: &str, value: &str| {
        let mut page = page.clone();
        page["SyncRules"][0][field] = json!(value);
        rules(page).await.remove(0)
    };
    let there = changed("SyncDirection", "FROM").await;
    let back = changed("SyncDirection", "TO").await;
    assert_eq!(there["source"], back["destination"]);
    assert_eq!(there["destination"], back["source"]);

    let filters = |rule: &Value| {
        let filters = rule["filters"].as_array().unwrap().iter();
        let filters = filters.map(|filter| filter["on"].as_str().unwrap().to_owned());
        filters.collect::<Vec<_>>()
    };
    for (scope, expected) in [
        ("REPO", &["tag"][..]),
        ("NAMESPACE", &["repository", "tag"]),
        ("INSTANCE", &["namespace", "repository", "tag"]),
    ] {
        assert_eq!(
            filters(&changed("SyncScope", scope).await),
            expected,
            "{scope}"
        );
    }
}
