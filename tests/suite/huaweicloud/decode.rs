//! Tests of decoded pages of both editions.

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryStreamExt};
use huaweicloud_swr::swr::types::{ReplicationTaskPage, RetentionTaskPage, SyncJob, SyncRepo};
use registry_replication::{Registry, Task, TaskState, huaweicloud};
use registry_tests::Recorder;
use serde_json::{Value, json};

use crate::decode::{round_trip, value, with};
use crate::huaweicloud::clients::{self, INSTANCE, PROJECT};
use crate::subjects::{ExamplePage, example, items};

macro_rules! seed {
    ($name:literal) => {
        include_str!(concat!("../../data/seeds/", $name, ".json"))
    };
}
const REPLICATION: &str = seed!("000-ListInstanceReplicationPolicyExecTasks");
const RETENTION: &str = seed!("001-ListInstanceRetentionPolicyExecTasks");
const SYNC_REPO: &str = seed!("002-ListImageAutoSyncReposDetails");
const SYNC_JOB: &str = seed!("003-ShowSyncJob");

async fn enterprise(page: &str) -> (Recorder, huaweicloud::SwrEnterprise) {
    let recorder = Recorder::json(page).await;
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(recorder.endpoint())
        .project_id(PROJECT)
        .instance(INSTANCE)
        .credentials(clients::key())
        .build()
        .await
        .unwrap();
    (recorder, registry)
}

async fn basic(recorder: &Recorder) -> huaweicloud::SwrBasic {
    huaweicloud::SwrBasic::builder()
        .endpoint(recorder.endpoint())
        .credentials(clients::key())
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

/// Returns pages of the Enterprise edition.
pub(crate) fn enterprise_pages() -> Vec<ExamplePage> {
    const SPEC: &str = "huaweicloud-swr/swr";
    let page = |name, records, state, decode| {
        let mut body = example(SPEC, name);
        // A list that goes by two names stands under both in the example.
        body.as_object_mut().unwrap().remove("subtasks");
        ExamplePage {
            name,
            body,
            records,
            state,
            decode,
        }
    };
    let seed = |name, seed, decode| ExamplePage {
        name,
        body: value(seed),
        records: "tasks",
        state: Some("status"),
        decode,
    };
    vec![
        seed("000", REPLICATION, |page| {
            listed(page, |registry| {
                items(registry.replication_tasks(83)).boxed()
            })
        }),
        seed("001", RETENTION, |page| {
            listed(page, |registry| {
                items(registry.retention_tasks("library", 7, 113, None)).boxed()
            })
        }),
        page(
            "ListInstanceReplicationPolicies",
            "policies",
            None,
            |page| {
                listed(page, |registry| {
                    items(registry.replication_rules(None)).boxed()
                })
            },
        ),
        page(
            "ListInstanceRetentionPolicies",
            "retentions",
            None,
            |page| listed(page, |registry| items(registry.retention_rules()).boxed()),
        ),
        page(
            "ListInstanceReplicationPolicyExecutions",
            "executions",
            Some("status"),
            |page| listed(page, |registry| items(registry.executions_of(None)).boxed()),
        ),
        page(
            "ListInstanceRetentionPolicyExecutions",
            "executions",
            Some("status"),
            |page| {
                listed(page, |registry| {
                    let rule = "library/7".parse().unwrap();
                    items(registry.executions_of(Some(&rule))).boxed()
                })
            },
        ),
        page(
            "ListInstanceReplicationPolicyExecSubTasks",
            "sub_tasks",
            None,
            |page| listed(page, |registry| subtasks(registry, "83/1927")),
        ),
        page(
            "ListInstanceRetentionPolicyExecSubTasks",
            "sub_tasks",
            None,
            |page| listed(page, |registry| subtasks(registry, "library/7/113/2439")),
        ),
    ]
}

fn subtasks(registry: &huaweicloud::SwrEnterprise, task: &str) -> BoxFuture<'static, Vec<Value>> {
    items(registry.subtasks_of(&task.parse().unwrap())).boxed()
}

/// Returns the records that a listing of the Enterprise edition decodes from a page.
fn listed(
    page: Value,
    list: fn(&huaweicloud::SwrEnterprise) -> BoxFuture<'static, Vec<Value>>,
) -> BoxFuture<'static, Vec<Value>> {
    async move {
        let (_recorder, registry) = enterprise(&page.to_string()).await;
        list(&registry).await
    }
    .boxed()
}

/// Returns pages of the Basic edition.
pub(crate) fn basic_pages() -> Vec<ExamplePage> {
    let page = |name, seed, state, decode| ExamplePage {
        name,
        body: value(seed),
        records: "",
        state,
        decode,
    };
    vec![
        page("002", SYNC_REPO, None, |page| {
            async move {
                let recorder = Recorder::json(page.to_string()).await;
                let registry = basic(&recorder).await;
                items(registry.rules("test/grpc-helloworld")).await
            }
            .boxed()
        }),
        page("003", SYNC_JOB, Some("status"), |page| {
            async move {
                let jobs = sync_jobs(&page.to_string()).await.into_iter();
                let jobs = jobs.map(|job| serde_json::to_value(job).unwrap());
                jobs.collect()
            }
            .boxed()
        }),
    ]
}

#[test]
fn nothing_of_the_examples_is_lost() {
    round_trip::<ReplicationTaskPage>(REPLICATION);
    round_trip::<RetentionTaskPage>(RETENTION);
    round_trip::<Vec<SyncRepo>>(SYNC_REPO);
    round_trip::<Vec<SyncJob>>(SYNC_JOB);
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
        let mut page = value(REPLICATION);
        page["total"] = total.clone();
        let tasks = replication_tasks(&page.to_string()).await;
        assert_eq!(tasks.len(), 1, "{total}");
    }
}

#[tokio::test]
async fn a_task_keeps_what_the_vendor_said() {
    assert!(!replication_tasks(REPLICATION).await[0].vendor.is_empty());
}

#[tokio::test]
async fn subtasks_are_read_by_either_name() {
    let name = "ListInstanceReplicationPolicyExecSubTasks";
    let mut pages = enterprise_pages().into_iter();
    let page = pages.find(|page| page.name == name).unwrap();
    let mut other = page.body.clone();
    let list = other.as_object_mut().unwrap().remove("sub_tasks").unwrap();
    other["subtasks"] = list;
    assert_eq!((page.decode)(other).await, (page.decode)(page.body).await);
}

#[tokio::test]
async fn an_unknown_trigger_is_kept_as_it_came() {
    let name = "ListInstanceReplicationPolicyExecutions";
    let mut pages = enterprise_pages().into_iter();
    let page = pages.find(|page| page.name == name).unwrap();
    let body = page.with(|record| {
        record.insert("status".to_owned(), json!("Levitating"));
        record.insert("trigger".to_owned(), json!("eclipse"));
    });
    let execution = (page.decode)(body).await.remove(0);
    assert_eq!(execution["trigger"], json!({ "unknown": "eclipse" }));
    assert_eq!(execution.get("ended"), None);
}
