//! Tests of listings of services that cap pages, ignore where a page begins, or never end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{Error, ErrorKind, Registry as _, api, huaweicloud};
use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::{Value, json};

use crate::huaweicloud::clients;

async fn enterprise(endpoint: &str) -> huaweicloud::SwrEnterprise {
    huaweicloud::SwrEnterprise::builder()
        .endpoint(endpoint)
        .project_id(clients::PROJECT)
        .instance(clients::INSTANCE)
        .credentials(clients::key())
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}

async fn basic(endpoint: &str) -> huaweicloud::SwrBasic {
    huaweicloud::SwrBasic::builder()
        .endpoint(endpoint)
        .region("cn-north-4")
        .credentials(clients::key())
        .configure(|context| context.rate_limit(None))
        .build()
        .await
        .unwrap()
}

/// Returns the offset and the size of a requested page.
fn asked(request: &Request) -> (u64, u64) {
    let number = |name: &str| request.query(name).and_then(|text| text.parse().ok());
    if let (Some(offset), Some(limit)) = (number("offset"), number("limit")) {
        return (offset, limit);
    }
    // `limit::N|offset::N`, with plain or encoded separators.
    let filter = request.query("filter").unwrap_or_default();
    let filter = filter.replace("%3A", ":").replace("%7C", "|");
    let fields: BTreeMap<&str, u64> = filter
        .split('|')
        .filter_map(|field| field.split_once("::"))
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect();
    (fields["offset"], fields["limit"])
}

/// Makes a page of the records `from..to`, under this name as Enterprise lists them, or without a name
/// as Basic does.
fn page(name: Option<&str>, records: impl Iterator<Item = u64>) -> Reply {
    let records: Vec<Value> = records.map(|id| json!({"id": id + 1})).collect();
    let body = match name {
        Some(name) => json!({ name: records }),
        None => json!(records),
    };
    Reply::json(body.to_string())
}

#[tokio::test]
async fn a_service_that_caps_pages_in_silence_loses_no_record() {
    for cap in [1, 2, 7, 50] {
        let server = Hostile::start(move |request| {
            let (offset, limit) = asked(request);
            let name = request.target.contains("executions").then_some("tasks");
            page(name, offset..(offset + limit.min(cap)).min(120))
        })
        .await;
        let enterprise = enterprise(server.endpoint()).await;
        let tasks = enterprise.replication_tasks(83).by_item();
        let tasks: Vec<_> = tasks.try_collect().await.unwrap();
        assert_eq!(tasks.len(), 120, "Enterprise, {cap} on a page");
        let basic = basic(server.endpoint()).await;
        let jobs = basic.sync_jobs("team/api", None).by_item();
        let jobs: Vec<_> = jobs.try_collect().await.unwrap();
        assert_eq!(jobs.len(), 120, "Basic, {cap} on a page");
        let call = |operation: &'static api::Operation| {
            let call = api::Call::new(operation);
            let call = call.parameter("project_id", clients::PROJECT).unwrap();
            let call = call.parameter("instance_id", clients::INSTANCE).unwrap();
            call.parameter("execution_id", "83").unwrap()
        };
        let (_, operation) = api::find("ListInstanceReplicationPolicyExecTasks").unwrap();
        let context = clients::context(server.endpoint(), clients::key());
        let listing = api::listing(call(operation), &context);
        let records = listing.all().await.unwrap();
        assert_eq!(records.len(), 120, "by name, {cap} on a page");
    }
}

/// Returns the number of items before the error that ended a listing, and the error.
async fn ended<T>(listing: impl futures_util::Stream<Item = Result<T, Error>>) -> (usize, Error) {
    let mut listing = std::pin::pin!(listing);
    let mut count = 0;
    loop {
        match listing.next().await.unwrap() {
            Ok(_) => count += 1,
            Err(error) => return (count, error),
        }
    }
}

#[tokio::test]
async fn a_listing_that_never_ends_is_an_error_at_a_bound() {
    let calls = Arc::new(Mutex::new(0_u64));
    for (what, says, most) in [
        ("fresh", "more than 2000 records", 2000),
        ("without ids", "more than 2000 records", 2000),
        ("in front", "changes too fast to read", 20_000),
        ("the same", "answers with the same records", 100),
    ] {
        let calls = calls.clone();
        let server = Hostile::start(move |request| {
            let (offset, limit) = asked(request);
            let name = request.target.contains("executions").then_some("tasks");
            let mut calls = calls.lock().unwrap();
            *calls += 1;
            let first = match what {
                "in front" => 1_000_000_000 - *calls * 200 + offset,
                "the same" => 0,
                _ => offset,
            };
            if what == "without ids" {
                let records = vec![json!({}); usize::try_from(limit).unwrap()];
                let body = match name {
                    Some(name) => json!({ name: records }),
                    None => json!(records),
                };
                return Reply::json(body.to_string());
            }
            page(name, first..first + limit)
        })
        .await;
        let enterprise = enterprise(server.endpoint()).await;
        let tasks = enterprise.replication_tasks(83).max_records(2000);
        let basic = basic(server.endpoint()).await;
        let jobs = basic.sync_jobs("team/api", None).max_records(2000);
        let ends = [ended(tasks.by_item()).await, ended(jobs.by_item()).await];
        for (count, error) in ends {
            let error_says = error.to_string();
            assert_eq!(error.can_retry(), error.kind() == ErrorKind::Deadline);
            if what == "in front" && error_says.contains("more than 2000 records") {
                continue;
            }
            assert!(error_says.contains(says), "{what}: {error}");
            assert!(count <= most, "{what}: {count}");
        }
    }
}

#[tokio::test]
async fn target_registries_at_any_offset_the_same_end_a_look() {
    for (count, total, ends_well) in [
        (100, None, false),
        (100, Some(500), false),
        (30, None, true),
        (100, Some(100), true),
    ] {
        let server = Hostile::start(move |request| {
            if request.path().ends_with("/registries") {
                let registries: Vec<Value> = (1..=count).map(|id| json!({"id": id})).collect();
                let mut body = json!({ "registries": registries });
                if let Some(total) = total {
                    body["total"] = json!(total);
                }
                return Reply::json(body.to_string());
            }
            Reply::json("{}")
        })
        .await;
        let registry = enterprise(server.endpoint()).await;
        let report = registry.arrival("team/api:v42").explain().await;
        let requests = server.requests();
        let listed = requests.iter();
        let listed = listed.filter(|request| request.path().ends_with("/registries"));
        let listed = listed.count();
        assert!((1..=10).contains(&listed), "{listed}");
        let says = format!("{report:?}");
        assert_eq!(
            !says.contains("answers with the same records"),
            ends_well,
            "{count} {total:?}: {says}"
        );
    }
}
