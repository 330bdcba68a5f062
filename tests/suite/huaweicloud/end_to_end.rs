//! Tests of both editions through the sandbox, which shares no code with the clients.

use std::sync::Arc;

use futures_util::TryStreamExt;
use huaweicloud_swr::token::{self, User};
use huaweicloud_swr::{AccessKey, Credentials, Huaweicloud, Order, iam, sts, swr};
use jiff::SignedDuration;
use openapi_transport::{Context, Secret};
use registry_replication::{Error, ErrorKind, Registry, RunOptions, Task, TaskState};
use registry_sandbox::{Options, Sandbox, world};
use serde_json::Value;

use super::clients as own;
use crate::clients;

async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

fn seed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn iam_client(sandbox: &Sandbox) -> iam::Client {
    let provider = Arc::new(Huaweicloud::new(own::sandbox_key(sandbox)));
    let context = Context::builder(sandbox.endpoint(), provider);
    iam::Client::new(context.build().unwrap())
}

#[tokio::test]
async fn the_pages_examples_come_back_value_for_value() {
    let sandbox = sandbox().await;
    let account = world::huaweicloud::account(sandbox.endpoint());
    let client = own::swr(&sandbox);

    let page = client
        .list_instance_replication_policy_exec_tasks()
        .project_id(&account.project_id)
        .instance_id(&account.instance_id)
        .execution_id(83)
        .send()
        .await
        .unwrap();
    let expected = seed(include_str!(
        "../../data/seeds/000-ListInstanceReplicationPolicyExecTasks.json"
    ));
    assert_eq!(serde_json::to_value(&*page).unwrap(), expected);

    let page = client
        .list_instance_retention_policy_exec_tasks()
        .project_id(&account.project_id)
        .instance_id(&account.instance_id)
        .namespace_name("library")
        .policy_id(7)
        .execution_id(113)
        .send()
        .await
        .unwrap();
    let expected = seed(include_str!(
        "../../data/seeds/001-ListInstanceRetentionPolicyExecTasks.json"
    ));
    assert_eq!(serde_json::to_value(&*page).unwrap(), expected);

    let rules = client
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("grpc-helloworld")
        .send()
        .await
        .unwrap();
    let expected = seed(include_str!(
        "../../data/seeds/002-ListImageAutoSyncReposDetails.json"
    ));
    assert_eq!(serde_json::to_value(&*rules).unwrap(), expected);

    let jobs = client
        .show_sync_job()
        .namespace("test")
        .repository("testrepo")
        .filter("limit::10|offset::0")
        .send()
        .await
        .unwrap();
    let expected = seed(include_str!("../../data/seeds/003-ShowSyncJob.json"));
    assert_eq!(serde_json::to_value(&*jobs).unwrap(), expected);
    assert_eq!(jobs.headers()["content-range"], "0-1/1");
}

#[tokio::test]
async fn listings_can_be_narrowed() {
    let sandbox = sandbox().await;
    let key = own::sandbox_key(&sandbox);
    let enterprise = own::enterprise(&sandbox, key.clone()).await;
    let failed: Vec<Task> = enterprise
        .retention_tasks(
            world::huaweicloud::FLEET_RETENTION_NAMESPACE,
            world::huaweicloud::FLEET_RETENTION_POLICY,
            world::huaweicloud::FLEET_RETENTION_EXECUTION,
            Some("Failed".into()),
        )
        .by_item()
        .try_collect()
        .await
        .unwrap();
    assert!(!failed.is_empty() && failed.len() < world::huaweicloud::FLEET_RETENTION_TASKS);
    assert!(failed.iter().all(|task| task.state == TaskState::Failed));

    let basic = own::basic(&sandbox, key).await;
    let created = async |order| {
        let jobs = basic.sync_jobs("team/api", Some(order)).by_item();
        let jobs: Vec<Task> = jobs.try_collect().await.unwrap();
        jobs.into_iter()
            .map(|job| job.created.unwrap())
            .collect::<Vec<_>>()
    };
    assert!(created(Order::Descending).await.is_sorted_by(|a, b| a >= b));
    assert!(created(Order::Ascending).await.is_sorted());
}

#[tokio::test]
async fn a_repository_with_a_slash_is_found() {
    let sandbox = sandbox().await;
    let basic = own::basic(&sandbox, own::sandbox_key(&sandbox)).await;
    let name = format!(
        "{}/{}",
        world::huaweicloud::FLEET_BASIC_NAMESPACE,
        world::huaweicloud::FLEET_BASIC_NESTED_REPOSITORY
    );
    assert_eq!(basic.rules(&name).all().await.unwrap().len(), 1);
    let jobs = basic.sync_jobs(&name, None).all().await.unwrap();
    assert_eq!(jobs.len(), 12);
}

#[tokio::test]
async fn a_user_token_opens_what_a_key_opens() {
    let sandbox = sandbox().await;
    let user = |password: &str| User {
        domain: world::huaweicloud::IAM_DOMAIN.to_owned(),
        name: world::huaweicloud::IAM_USER.to_owned(),
        password: password.into(),
        project: world::huaweicloud::REGION.to_owned(),
    };
    let iam = iam_client(&sandbox);
    let token = token::create(&iam, &user(world::huaweicloud::IAM_PASSWORD))
        .await
        .unwrap();
    assert_eq!(
        token.project_id.as_deref(),
        Some(world::huaweicloud::PROJECT_ID)
    );
    assert!(token.expires.is_some());
    let registry = own::enterprise(&sandbox, token).await;
    let tasks: Vec<Task> = registry
        .replication_tasks(83)
        .by_item()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(tasks[0].id, "1927");

    let error = token::create(&iam, &user("wrong")).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(401), Some("401")));
    let made_up = Credentials::Token(Secret::from("made-up"));
    let registry = own::enterprise(&sandbox, made_up).await;
    let error = clients::first_error(registry.replication_tasks(83).by_item()).await;
    assert_eq!(
        (error.status(), error.code()),
        (Some(401), Some("APIGW.0301"))
    );
}

#[tokio::test]
async fn projects_are_listed() {
    let sandbox = sandbox().await;
    let list = iam_client(&sandbox)
        .keystone_list_projects()
        .name(world::huaweicloud::REGION)
        .send()
        .await
        .unwrap();
    let ids: Vec<_> = list
        .projects
        .iter()
        .map(|project| project.id.as_deref())
        .collect();
    assert_eq!(ids, [Some(world::huaweicloud::PROJECT_ID)]);
}

#[tokio::test]
async fn a_refusal_can_be_decoded() {
    let sandbox = sandbox().await;
    let foreign = own::swr(&sandbox)
        .list_instance_replication_policy_exec_tasks()
        .project_id("somebody-elses")
        .instance_id(world::huaweicloud::INSTANCE_ID)
        .execution_id(83)
        .send()
        .await;
    let error = Error::from(foreign.unwrap_err());
    assert_eq!(error.status(), Some(403));
    assert_eq!(error.kind(), ErrorKind::Service);
    let encoded = error.encoded_authorization_message().unwrap().to_owned();
    let provider = Arc::new(Huaweicloud::new(own::sandbox_key(&sandbox)));
    let context = Context::builder(sandbox.endpoint(), provider)
        .build()
        .unwrap();
    let answer = sts::Client::new(context)
        .decode_authorization_message()
        .body(sts::types::DecodeRequest {
            encoded_message: encoded.parse().unwrap(),
        })
        .send()
        .await
        .unwrap();
    let decoded: Value = serde_json::from_str(answer.decoded_message.as_deref().unwrap()).unwrap();
    assert!(decoded.is_object(), "{decoded}");
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let sandbox = sandbox().await;
    let account = world::huaweicloud::account(sandbox.endpoint());
    let wrong = AccessKey::new(&account.access_key, "wrong");
    let registry = own::enterprise(&sandbox, wrong.clone()).await;
    let basic = own::basic(&sandbox, wrong).await;
    for error in [
        clients::first_error(registry.replication_tasks(83).by_item()).await,
        clients::first_error(registry.retention_tasks("library", 7, 113, None).by_item()).await,
        basic.rules("test/grpc-helloworld").all().await.unwrap_err(),
        clients::first_error(basic.sync_jobs("test/testrepo", None).by_item()).await,
    ] {
        assert_eq!(error.status(), Some(401));
        assert_eq!(error.code(), Some("APIGW.0301"));
        assert!(
            error.request_id().is_some() && !error.can_retry(),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_date_out_of_the_window_is_refused_and_corrected_once() {
    for (minutes, fits) in clients::SKEWS {
        let sandbox = clients::sandbox_later(minutes).await;
        let provider = Huaweicloud::new(own::sandbox_key(&sandbox));
        let rules = swr::Client::new(clients::at(&sandbox, provider))
            .list_image_auto_sync_repos_details()
            .namespace("test")
            .repository("grpc-helloworld")
            .send()
            .await;
        // After a refusal, the client uses the service's date.
        assert!(rules.is_ok(), "{minutes} minutes: {rules:?}");
        let expected: &[u16] = if fits { &[200] } else { &[401, 200] };
        let found = clients::statuses(&sandbox, "ListImageAutoSyncReposDetails");
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_corrected_clock_is_remembered() {
    let sandbox = clients::sandbox_later(90).await;
    let context = clients::at(&sandbox, Huaweicloud::new(own::sandbox_key(&sandbox)));
    let client = swr::Client::new(context.clone());
    for _ in 0..3 {
        client
            .list_image_auto_sync_repos_details()
            .namespace("test")
            .repository("grpc-helloworld")
            .send()
            .await
            .unwrap();
    }
    let statuses = clients::statuses(&sandbox, "ListImageAutoSyncReposDetails");
    assert_eq!(statuses, [401, 200, 200, 200]);
    assert_eq!(context.clock_skew(), SignedDuration::from_mins(90));
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let sandbox = sandbox().await;
    let key = own::sandbox_key(&sandbox);
    let registry = own::enterprise(&sandbox, key.clone()).await;
    let basic = own::basic(&sandbox, key).await;
    for error in [
        clients::first_error(registry.replication_tasks(84).by_item()).await,
        clients::first_error(registry.retention_tasks("nowhere", 7, 113, None).by_item()).await,
        clients::first_error(registry.retention_tasks("library", 8, 113, None).by_item()).await,
        basic
            .rules("nowhere/grpc-helloworld")
            .all()
            .await
            .unwrap_err(),
        clients::first_error(basic.sync_jobs("test/nothing", None).by_item()).await,
    ] {
        assert_eq!(error.status(), Some(404), "{error}");
        assert!(
            error.code().is_some() && error.message().is_some(),
            "{error}"
        );
    }
}

#[test]
fn everything_can_be_sent_between_threads() {
    fn send<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let sandbox = sandbox().await;
        let basic = own::basic(&sandbox, own::sandbox_key(&sandbox)).await;
        send(basic.rules("a/b").all());
        send(basic.sync_jobs("a/b", None).by_item());
        send(basic.sync_jobs("a/b", None).by_page());
        let client = own::swr(&sandbox);
        send(client.list_image_auto_sync_repos_details().send());
        send(iam_client(&sandbox).keystone_list_projects().send());
        let any: &dyn Registry = &basic;
        let rule = "101".parse().unwrap();
        let options = RunOptions::default().image("team/api:v41".parse().unwrap());
        send(any);
        send(any.rules_of(None).by_item());
        send(any.run(&rule, &options));
        let plan = any.plan_run(&rule, &options).await.unwrap();
        send(plan.shown());
        send(plan.send());
    });
}
