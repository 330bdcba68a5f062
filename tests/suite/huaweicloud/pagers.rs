//! Tests of listings of the sandbox.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{ErrorKind, Registry, RuleRef};
use registry_sandbox::{Options, Sandbox, world};

use super::clients as own;
use crate::clients::first_error;
use crate::pagers::{read, rule, task};

#[tokio::test]
async fn every_listing_comes_whole_ahead_or_not_and_resumed() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let key = own::sandbox_key(&sandbox);
    let enterprise = own::enterprise(&sandbox, key.clone()).await;
    let basic = own::basic(&sandbox, key).await;
    let execution = world::huaweicloud::FLEET_REPLICATION_EXECUTION;

    let tasks = || enterprise.replication_tasks(execution);
    for (size, requests) in [(100, 14), (20, 82)] {
        let found = read(&sandbox, || tasks().page_size(size), task).await;
        let expected = (
            world::huaweicloud::FLEET_REPLICATION_TASKS,
            requests,
            requests,
        );
        assert_eq!(found, expected, "replication tasks by {size}");
    }
    let tasks = || {
        enterprise.retention_tasks(
            world::huaweicloud::FLEET_RETENTION_NAMESPACE,
            world::huaweicloud::FLEET_RETENTION_POLICY,
            world::huaweicloud::FLEET_RETENTION_EXECUTION,
            None,
        )
    };
    let found = read(&sandbox, || tasks().page_size(100), task).await;
    let expected = (world::huaweicloud::FLEET_RETENTION_TASKS, 7, 7);
    assert_eq!(found, expected, "retention tasks");
    let jobs = || basic.sync_jobs("team/api", None);
    for (size, requests) in [(100, 8), (33, 22)] {
        let found = read(&sandbox, || jobs().page_size(size), task).await;
        let expected = (world::huaweicloud::FLEET_BASIC_JOBS, requests, requests);
        assert_eq!(found, expected, "sync jobs by {size}");
    }

    // Two parts, one of which the vendor returns at once.
    let mut counts = BTreeSet::new();
    for size in [1, 2, 100] {
        let rules = || enterprise.rules_of(None).page_size(size);
        counts.insert(read(&sandbox, rules, rule).await.0);
    }
    assert!(counts.len() == 1 && counts.first() > Some(&2), "{counts:?}");
    let refused = first_error(enterprise.rules_of(None).page_size(101).by_item()).await;
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let repository = "team/api".parse().unwrap();
    let (rules, asked, _) = read(&sandbox, || basic.rules_of(Some(&repository)), rule).await;
    assert_eq!((rules, asked), (3, 1));

    let policy = RuleRef::new(world::huaweicloud::FLEET_REPLICATION_POLICY.to_string());
    let executions = || enterprise.executions_of(Some(&policy));
    let (executions, ..) = read(&sandbox, executions, |one| one.reference().to_string()).await;
    assert!(executions > 0);
    let task = format!(
        "{}/{}",
        execution,
        world::huaweicloud::FLEET_REPLICATION_FIRST_TASK
    );
    let task = task.parse().unwrap();
    let subtasks = || enterprise.subtasks_of(&task).page_size(1);
    let (subtasks, ..) = read(&sandbox, subtasks, |one| one.id.clone()).await;
    assert!(subtasks > 0);
}

#[tokio::test]
async fn a_token_is_of_its_listing_and_its_part() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let key = own::sandbox_key(&sandbox);
    let enterprise = own::enterprise(&sandbox, key.clone()).await;
    let basic = own::basic(&sandbox, key).await;
    let token = async |size| {
        let pages = basic
            .sync_jobs("team/api", None)
            .page_size(size)
            .by_page()
            .boxed();
        let page = pages.into_future().await.0.unwrap().unwrap();
        page.token().clone()
    };
    let token = token(10).await;
    assert!(!token.is_last());
    let asked = sandbox.received().len();

    // The facade's listing is the same with any page size.
    let image = "team/api"
        .parse::<registry_replication::ImageName>()
        .unwrap();
    let rest = basic
        .tasks_of(&image.into())
        .resume(token.clone())
        .by_item();
    let rest: Vec<_> = rest.try_collect().await.unwrap();
    assert_eq!(rest.len(), world::huaweicloud::FLEET_BASIC_JOBS - 10);
    let after = sandbox.received().len();
    assert!(after > asked);

    let other = basic
        .sync_jobs("team/web/storefront", None)
        .resume(token.clone());
    let of_enterprise = enterprise.replication_tasks(83).resume(token.clone());
    for error in [
        first_error(other.by_item()).await,
        first_error(of_enterprise.by_item()).await,
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        let says = "the page token is of another listing: of ShowSyncJob";
        assert!(error.to_string().starts_with(says), "{error}");
    }
    assert_eq!(sandbox.received().len(), after);

    // The part of the token does not exist in the other listing.
    let pages = enterprise.rules_of(None).by_page().boxed();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let [replication, retention] = pages.as_slice() else {
        panic!("{} pages", pages.len());
    };
    assert!(!replication.token().is_last() && retention.token().is_last());
    let error = first_error(
        enterprise
            .replication_rules(None)
            .resume(retention.token().clone())
            .by_item(),
    );
    let error = error.await.to_string();
    assert!(error.contains("ListInstanceRetentionPolicies"), "{error}");
}

#[tokio::test]
async fn a_page_ahead_is_not_asked_for_before_it_is_wanted() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let enterprise = own::enterprise(&sandbox, own::sandbox_key(&sandbox)).await;
    let tasks = || enterprise.replication_tasks(world::huaweicloud::FLEET_REPLICATION_EXECUTION);
    let first: Vec<_> = tasks().by_item().take(100).try_collect().await.unwrap();
    assert_eq!(first.len(), 100);
    assert_eq!(sandbox.received().len(), 1);
    let more = tasks().ahead(0).by_item().take(150);
    let more: Vec<_> = more.try_collect().await.unwrap();
    assert_eq!(more.len(), 150);
    assert_eq!(sandbox.received().len(), 3);
}
