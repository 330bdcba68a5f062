//! Tests of retries: a call of each kind, and faults that the service words.

use std::sync::Arc;

use alibabacloud_cr::{Alibabacloud, cr};
use futures_util::FutureExt;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Context, Error, ErrorKind};
use registry_replication::alibabacloud::{AlibabaCr, TaskQuery};
use registry_tests::Move;

use super::clients;
use crate::retries::{Call, Fault, configure};

/// A read and a write.
pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call {
            name: "a page of a listing by POST",
            writes: false,
            // An empty listing is followed by a look-up.
            success: Move::answer(200, &[], r#"{"tasks":[{"id":1}],"total":1}"#),
            send: |endpoint, clock| list(endpoint, clock).boxed(),
        },
        Call {
            name: "a write by RPC",
            writes: true,
            success: Move::answer(200, &[], r#"{"SyncTaskId": "rst-1"}"#),
            send: |endpoint, clock| write(endpoint, clock).boxed(),
        },
    ]
}

async fn list(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let registry = AlibabaCr::builder()
        .endpoint(&endpoint)
        .instance("cri-1")
        .credentials(clients::key())
        .configure(configure(&clock))
        .build()
        .await?;
    registry.tasks(TaskQuery::default()).all().await.map(drop)
}

async fn write(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let dialect = Arc::new(Alibabacloud::new(clients::key()));
    let context = configure(&clock)(Context::builder(&endpoint, dialect)).build()?;
    let client = cr::Client::new(context);
    let call = client.create_repo_sync_task_by_rule();
    let call = call
        .instance_id("cri-1")
        .repo_id("crr-1")
        .sync_rule_id("crsr-1");
    call.tag("v1").send().await?;
    Ok(())
}

/// Refusals with HTTP 400 whose code or header says that the call was throttled.
pub(crate) fn faults() -> Vec<Fault> {
    let fault = |name, code, headers: &[(&str, &str)], waits| {
        let body = format!(r#"{{"RequestId":"1","Code":"{code}","Message":"m"}}"#);
        Fault {
            name,
            moved: Move::answer(400, headers, body),
            waits,
            kind: ErrorKind::Throttled,
            status: Some(400),
            code: Some(code),
        }
    };
    let coded = |code| fault(code, code, &[], 100);
    vec![
        coded("Throttling.User"),
        coded("ServiceUnavailable"),
        coded("Rejected.Throttling"),
        fault(
            "x-acs-retry-after",
            "Busy",
            &[("x-acs-retry-after", "2500")],
            2_500,
        ),
    ]
}
