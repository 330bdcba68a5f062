//! Tests of retries: a call of each kind, and what belongs to the signature and to the project.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use huaweicloud_swr::token::{self, User};
use huaweicloud_swr::{Huaweicloud, iam, swr};
use openapi_transport::testing::ManualClock;
use openapi_transport::{Context, Error, ErrorKind};
use registry_replication::{Task, huaweicloud};
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Move, Recorder, noon, quick_clock};

use super::clients::{self, INSTANCE, PROJECT};
use crate::retries::{Call, configure, millis};

/// Calls of the Enterprise edition, and of the service that issues tokens.
pub(crate) fn enterprise_calls() -> Vec<Call> {
    vec![
        Call {
            name: "a page of a listing by GET",
            writes: false,
            // An empty listing is followed by a look-up.
            success: Move::answer(200, &[], r#"{"tasks":[{"id":1}],"total":1}"#),
            send: |endpoint, clock| list(endpoint, clock).boxed(),
        },
        Call {
            name: "an unsigned write",
            writes: true,
            success: Move::answer(201, &[("x-subject-token", "MII")], "{}"),
            send: |endpoint, clock| write(endpoint, clock).boxed(),
        },
        Call {
            name: "a signed write",
            writes: true,
            success: Move::answer(202, &[], r#"{"id": 84}"#),
            send: |endpoint, clock| signed_write(endpoint, clock).boxed(),
        },
        Call {
            name: "a deletion",
            writes: true,
            success: Move::answer(204, &[], ""),
            send: |endpoint, clock| delete(endpoint, clock).boxed(),
        },
    ]
}

/// A call of the Basic edition.
pub(crate) fn basic_calls() -> Vec<Call> {
    vec![Call {
        name: "a single answer",
        writes: false,
        success: Move::answer(200, &[], r#"[{"id": 1}]"#),
        send: |endpoint, clock| single(endpoint, clock).boxed(),
    }]
}

fn context(endpoint: &str, clock: &Arc<ManualClock>) -> Context {
    let dialect = Arc::new(Huaweicloud::new(clients::key()));
    let context = configure(clock)(Context::builder(endpoint, dialect));
    context.build().unwrap()
}

async fn list(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(&endpoint)
        .project_id(PROJECT)
        .instance(INSTANCE)
        .credentials(clients::key())
        .configure(configure(&clock))
        .build()
        .await?;
    registry.replication_tasks(83).all().await.map(drop)
}

async fn single(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let registry = huaweicloud::SwrBasic::builder()
        .endpoint(&endpoint)
        .credentials(clients::key())
        .configure(configure(&clock))
        .build()
        .await?;
    registry.rules("team/api").all().await.map(drop)
}

async fn write(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let client = iam::Client::new(context(&endpoint, &clock));
    let user = User {
        domain: "d".to_owned(),
        name: "n".to_owned(),
        password: "p".into(),
        project: "cn-north-4".to_owned(),
    };
    token::create(&client, &user).await.map(drop)
}

async fn signed_write(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let client = swr::Client::new(context(&endpoint, &clock));
    let call = client.execute_instance_replication_policy();
    let body = swr::types::StartReplicationInput { policy_id: 12 };
    let call = call.project_id(PROJECT).instance_id(INSTANCE).body(body);
    call.send().await?;
    Ok(())
}

async fn delete(endpoint: String, clock: Arc<ManualClock>) -> Result<(), Error> {
    let client = swr::Client::new(context(&endpoint, &clock));
    let call = client.delete_instance_replication_policy();
    let call = call.project_id(PROJECT).instance_id(INSTANCE).policy_id(12);
    call.send().await?;
    Ok(())
}

#[tokio::test]
async fn each_attempt_has_a_date_of_its_own() {
    let recorder = Recorder::script(vec![
        Move::answer(503, &[("retry-after", "5")], ""),
        Move::answer(200, &[], "[]"),
    ])
    .await;
    let clock = quick_clock(noon());
    let dialect = Arc::new(Huaweicloud::new(clients::key()));
    let context = configure(&clock)(Context::builder(recorder.endpoint(), dialect));
    swr::Client::new(context.build().unwrap())
        .list_image_auto_sync_repos_details()
        .namespace("team")
        .repository("api")
        .send()
        .await
        .unwrap();
    let dates: Vec<String> = recorder
        .requests()
        .await
        .iter()
        .filter_map(|request| {
            request
                .lines()
                .find_map(|line| line.strip_prefix("x-sdk-date: "))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(dates, ["20261122T120000Z", "20261122T120005Z"]);
}

#[tokio::test]
async fn the_project_lookup_goes_by_the_settings_of_the_registry() {
    let mut fails = 1;
    let server = Hostile::start(move |request| match request.path() {
        "/v3/projects" if fails > 0 => {
            fails -= 1;
            Reply::answer(503, &[], "")
        }
        "/v3/projects" => Reply::json(r#"{"projects":[{"id":"p-1","name":"cn-north-4"}]}"#),
        _ => Reply::json(r#"{"tasks":[{"id":1}],"total":1}"#),
    })
    .await;
    let clock = quick_clock(noon());
    let key = || huaweicloud::AccessKey::new("AK", "SK");
    let builder = huaweicloud::SwrEnterprise::builder()
        .region("cn-north-4")
        .endpoint(server.endpoint())
        .iam_endpoint(server.endpoint())
        .instance(INSTANCE)
        .credentials(key())
        .configure(configure(&clock));
    let registry = builder.build().await.unwrap();
    registry
        .replication_tasks(83)
        .by_item()
        .try_collect::<Vec<Task>>()
        .await
        .unwrap();
    // The injected clock has waited, and has dated the request.
    assert_eq!(millis(&clock.sleeps()), [100]);
    let requests = server.requests();
    assert_eq!(requests[0].header("x-sdk-date"), Some("20261122T120000Z"));
    assert!(requests[2].path().contains("/p-1/"), "{requests:?}");

    // The call's deadline ends it.
    let server = Hostile::start(|_| Reply::Hang).await;
    let begun = std::time::Instant::now();
    let late = huaweicloud::SwrEnterprise::builder()
        .region("cn-north-4")
        .endpoint(server.endpoint())
        .iam_endpoint(server.endpoint())
        .instance(INSTANCE)
        .credentials(key())
        .configure(|context| context.deadline(Duration::from_millis(100)))
        .build()
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Deadline, "{late}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}
