//! Calls of each kind, for tests of retries.

use std::sync::Arc;

use futures_util::FutureExt;
use harbor::{Harbor, Login, harbor as api};
use openapi_transport::testing::ManualClock;
use openapi_transport::{Context, Error};
use registry_replication::harbor::HarborRegistry;
use registry_tests::Move;

use crate::retries::{Call, configure};

pub(crate) fn calls() -> Vec<Call> {
    vec![
        Call {
            name: "a page of a listing",
            writes: false,
            // An empty listing is followed by a look-up.
            success: Move::answer(200, &[("x-total-count", "1")], r#"[{"id":1}]"#),
            send: |endpoint, clock| list(endpoint, clock).boxed(),
        },
        Call {
            name: "a write with an answer without a body",
            writes: true,
            success: Move::answer(
                201,
                &[("location", "/api/v2.0/replication/executions/84")],
                "",
            ),
            send: |endpoint, clock| write(endpoint, clock).boxed(),
        },
    ]
}

fn login() -> Login {
    Login::new("robot$example", "example-secret")
}

async fn list(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let registry = HarborRegistry::builder()
        .endpoint(&endpoint)
        .credentials(login())
        .configure(configure(&clock))
        .build()
        .await?;
    registry.replication_tasks(83, None).all().await.map(drop)
}

async fn write(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let context = Context::builder(&endpoint, Arc::new(Harbor::new(login())));
    let client = api::Client::new(configure(&clock)(context).build()?);
    let call = client.start_replication();
    let body = api::types::StartReplicationExecution::builder().policy_id(12);
    call.body(body).send().await?;
    Ok(())
}
