//! Tests of instances through the sandbox, which shares no code with the clients.

use alibabacloud_cr::{Alibabacloud, Credentials, cr};
use registry_replication::alibabacloud::TaskQuery;
use registry_replication::{Error, ErrorKind};
use registry_sandbox::{Options, Sandbox, world};
use serde_json::Value;

use super::clients as own;
use crate::clients;

async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

#[tokio::test]
async fn the_pages_example_comes_back_value_for_value() {
    let sandbox = sandbox().await;
    let registry =
        own::registry(&sandbox, "cri-kmsiwlxxdcva0001", own::sandbox_key(&sandbox)).await;
    let page = registry
        .client()
        .list_repo_sync_task()
        .instance_id("cri-kmsiwlxxdcva0001")
        .send()
        .await
        .unwrap();
    let mut answer = serde_json::to_value(&*page).unwrap();
    let mut expected: Value =
        serde_json::from_str(include_str!("../../data/seeds/004-ListRepoSyncTask.json")).unwrap();
    // Each answer has its own id.
    assert_ne!(answer["RequestId"], expected["RequestId"]);
    answer["RequestId"] = Value::Null;
    expected["RequestId"] = Value::Null;
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn listings_can_be_narrowed() {
    let sandbox = sandbox().await;
    let alibaba = own::registry(
        &sandbox,
        world::alibabacloud::FLEET_INSTANCE_ID,
        own::sandbox_key(&sandbox),
    )
    .await;
    let image = TaskQuery::default().image("team/api:v41");
    let tasks = alibaba.tasks(image).all().await.unwrap();
    assert!(!tasks.is_empty());
    for task in &tasks {
        let source = task.source.as_ref().unwrap();
        assert_eq!(source.tags().collect::<Vec<_>>(), ["v41"]);
        assert_eq!(source.repository.as_deref(), Some("api"));
    }
    let batch = tasks[0].execution.clone().unwrap();
    let of_batch = TaskQuery::default().batch(&batch);
    let same = alibaba.tasks(of_batch).all().await.unwrap();
    assert!(
        same.iter()
            .all(|task| task.execution.as_ref() == Some(&batch))
    );
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let sandbox = sandbox().await;
    let id = world::alibabacloud::ACCESS_KEY_ID;
    let wrong = Credentials::new(id, "wrong");
    let registry = own::registry(&sandbox, "cri-kmsiwlxxdcva0001", wrong).await;
    let error = clients::first_error(registry.tasks(TaskQuery::default()).by_item()).await;
    assert_eq!(error.code(), Some("SignatureDoesNotMatch"));
    assert!(error.request_id().is_some(), "{error}");
}

#[tokio::test]
async fn a_date_out_of_the_window_is_refused_and_corrected_once() {
    for (minutes, fits) in clients::SKEWS {
        let sandbox = clients::sandbox_later(minutes).await;
        let provider = Alibabacloud::new(own::sandbox_key(&sandbox));
        let tasks = cr::Client::new(clients::at(&sandbox, provider))
            .list_repo_sync_task()
            .instance_id("cri-kmsiwlxxdcva0001")
            .send()
            .await;
        // The nonce is always the same here. Only an accepted request uses a nonce up.
        assert!(tasks.is_ok(), "{minutes} minutes: {tasks:?}");
        let expected: &[u16] = if fits { &[200] } else { &[400, 200] };
        let found = clients::statuses(&sandbox, "ListRepoSyncTask");
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_nonce_is_good_for_one_request() {
    let sandbox = clients::sandbox_later(0).await;
    let provider = Alibabacloud::new(own::sandbox_key(&sandbox));
    let client = cr::Client::new(clients::at(&sandbox, provider));
    let call = || {
        client
            .list_repo_sync_task()
            .instance_id("cri-kmsiwlxxdcva0001")
            .send()
    };
    assert!(call().await.is_ok());
    let error = Error::from(call().await.unwrap_err());
    assert_eq!(error.code(), Some("SignatureNonceUsed"));
}

#[tokio::test]
async fn success_that_says_it_is_none_is_an_error() {
    let sandbox = sandbox().await;
    let key = own::sandbox_key(&sandbox);
    let registry = own::registry(&sandbox, "cri-elsewhere", key).await;
    let error = clients::first_error(registry.tasks(TaskQuery::default()).by_item()).await;
    assert_eq!(error.status(), Some(200));
    assert_eq!(error.code(), Some("INSTANCE_NOT_EXIST"));
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.request_id().is_some(), "{error}");
}
