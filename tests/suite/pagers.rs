//! Listings over the sandbox: fetched ahead or not, in one go or resumed, each item comes once.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, pin_mut};
use registry_replication::alibabacloud::TaskQuery;
use registry_replication::{Error, ErrorKind, Listing, PageToken, Registry, RuleRef, TaskState};
use registry_sandbox::{Options, Sandbox, world};

use crate::clients;

/// Reads a listing, made anew by `listing` each time, in every way. Answers how many items there are,
/// and how many requests it takes without and with pages ahead.
async fn read<T: Send + 'static>(
    sandbox: &Sandbox,
    listing: impl Fn() -> Listing<T>,
    id: impl Fn(&T) -> String,
) -> (usize, usize, usize) {
    let mut asked = Vec::new();
    let mut found: Vec<Vec<String>> = Vec::new();
    for ahead in [0, 4] {
        let before = sandbox.received().len();
        let items: Vec<T> = listing()
            .ahead(ahead)
            .by_item()
            .try_collect()
            .await
            .unwrap();
        let ids: Vec<_> = items.iter().map(&id).collect();
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "each once");
        found.push(ids);
        asked.push(sandbox.received().len() - before);
    }
    assert_eq!(found[0], found[1], "ahead or not");

    let mut items = Vec::new();
    let mut token: Option<PageToken> = None;
    loop {
        let resumed = match &token {
            None => listing(),
            Some(token) => listing().resume(token.to_string().parse().unwrap()),
        };
        let pages = resumed.by_page();
        pin_mut!(pages);
        let Some(page) = pages.try_next().await.unwrap() else {
            break;
        };
        let over = page.token().is_last();
        token = Some(page.token().clone());
        items.extend(page.items.iter().map(&id));
        if over {
            break;
        }
    }
    assert_eq!(items, found[0], "resumed after each page");
    (items.len(), asked[0], asked[1])
}

#[tokio::test]
async fn every_listing_comes_whole_ahead_or_not_and_resumed() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let key = clients::sandbox_key(&sandbox);
    let enterprise = clients::enterprise(&sandbox, key.clone()).await;
    let basic = clients::basic(&sandbox, key).await;
    let instance = world::alibabacloud::FLEET_INSTANCE_ID;
    let key = clients::sandbox_alibaba_key(&sandbox);
    let alibaba = clients::alibaba(&sandbox, instance, key).await;
    let execution = || world::huaweicloud::FLEET_REPLICATION_EXECUTION;
    let retention = || {
        let (namespace, policy) = (
            world::huaweicloud::FLEET_RETENTION_NAMESPACE,
            world::huaweicloud::FLEET_RETENTION_POLICY,
        );
        enterprise.retention_tasks(
            namespace,
            policy,
            world::huaweicloud::FLEET_RETENTION_EXECUTION,
            None,
        )
    };
    let repository = || "team/api".parse().unwrap();

    for (name, size, expected) in [
        (
            "replication tasks",
            100,
            (world::huaweicloud::FLEET_REPLICATION_TASKS, 14, 14),
        ),
        (
            "replication tasks",
            20,
            (world::huaweicloud::FLEET_REPLICATION_TASKS, 82, 82),
        ),
        (
            "retention tasks",
            100,
            (world::huaweicloud::FLEET_RETENTION_TASKS, 7, 7),
        ),
        (
            "sync jobs",
            100,
            (world::huaweicloud::FLEET_BASIC_JOBS, 8, 8),
        ),
        (
            "sync jobs",
            33,
            (world::huaweicloud::FLEET_BASIC_JOBS, 22, 22),
        ),
        (
            "sync tasks",
            100,
            (world::alibabacloud::FLEET_TASKS, 17, 17),
        ),
    ] {
        let listing = || -> Listing<_> {
            match name {
                "replication tasks" => enterprise.replication_tasks(execution()),
                "retention tasks" => retention(),
                "sync jobs" => basic.sync_jobs("team/api", None),
                _ => alibaba.tasks(TaskQuery::default()),
            }
        };
        let found = read(
            &sandbox,
            || listing().page_size(size),
            |task| {
                assert!(!matches!(task.state, TaskState::Unknown(_)), "{task:?}");
                task.id.clone()
            },
        )
        .await;
        assert_eq!(found, expected, "{name} by {size}");
    }

    // Two parts, and one that the vendor answers at once.
    let rule = |rule: &registry_replication::Rule| {
        format!("{:?} {}", rule.kind, rule.reference().unwrap())
    };
    let mut counts = BTreeSet::new();
    for size in [1, 2, 100] {
        let rules = || enterprise.rules_of(None).page_size(size);
        counts.insert(read(&sandbox, rules, rule).await.0);
    }
    assert!(counts.len() == 1 && counts.first() > Some(&2), "{counts:?}");
    let refused = first_error(enterprise.rules_of(None).page_size(101)).await;
    assert_eq!(refused.kind(), ErrorKind::Invalid);
    let (rules, asked, _) = read(&sandbox, || basic.rules_of(Some(&repository())), rule).await;
    assert_eq!((rules, asked), (3, 1));
    let (rules, ..) = read(&sandbox, || alibaba.rules_of(None), rule).await;
    assert!(rules > 0);

    let policy = RuleRef::new(world::huaweicloud::FLEET_REPLICATION_POLICY.to_string());
    let executions = || enterprise.executions_of(Some(&policy));
    let (executions, ..) = read(&sandbox, executions, |one| one.reference().to_string()).await;
    assert!(executions > 0);
    let task = format!(
        "{}/{}",
        execution(),
        world::huaweicloud::FLEET_REPLICATION_FIRST_TASK
    );
    let task = task.parse().unwrap();
    let subtasks = || enterprise.subtasks_of(&task).page_size(1);
    let (subtasks, ..) = read(&sandbox, subtasks, |one| one.id.clone()).await;
    assert!(subtasks > 0);
}

async fn first_error<T: Send + 'static>(listing: Listing<T>) -> Error {
    let item = listing.by_item().boxed().next().await;
    item.unwrap().err().unwrap()
}

#[tokio::test]
async fn a_token_is_of_its_listing_and_its_part() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let key = clients::sandbox_key(&sandbox);
    let enterprise = clients::enterprise(&sandbox, key.clone()).await;
    let basic = clients::basic(&sandbox, key).await;
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

    // The facade's listing of the same is the same, whatever the size of a page.
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
    for error in [first_error(other).await, first_error(of_enterprise).await] {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        let says = "the page token is of another listing: of ShowSyncJob";
        assert!(error.to_string().starts_with(says), "{error}");
    }
    assert_eq!(sandbox.received().len(), after);

    // The last part of one listing is more than another has.
    let pages = enterprise.rules_of(None).by_page().boxed();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    let [replication, retention] = pages.as_slice() else {
        panic!("{} pages", pages.len());
    };
    assert!(!replication.token().is_last() && retention.token().is_last());
    let error = first_error(
        enterprise
            .replication_rules(None)
            .resume(retention.token().clone()),
    );
    let error = error.await.to_string();
    assert!(error.contains("ListInstanceRetentionPolicies"), "{error}");
}

#[tokio::test]
async fn a_page_ahead_is_not_asked_for_before_it_is_wanted() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let enterprise = clients::enterprise(&sandbox, clients::sandbox_key(&sandbox)).await;
    let tasks = || enterprise.replication_tasks(world::huaweicloud::FLEET_REPLICATION_EXECUTION);
    let first: Vec<_> = tasks().by_item().take(100).try_collect().await.unwrap();
    assert_eq!(first.len(), 100);
    assert_eq!(sandbox.received().len(), 1);
    let more = tasks().ahead(0).by_item().take(150);
    let more: Vec<_> = more.try_collect().await.unwrap();
    assert_eq!(more.len(), 150);
    assert_eq!(sandbox.received().len(), 3);
}
