//! Tests of running rules and stopping executions, with a manual clock.

use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{
    CoverageScope, ErrorKind, Execution, Registry, RuleTrigger, RunOptions, StopOutcome,
    StopTarget, Task, TaskState,
};
use registry_sandbox::Outcome;

use crate::any_registry::{Trial, all, each_says, plans, refused, states};
use crate::subjects::huaweicloud::{HuaweicloudBasic, HuaweicloudEnterprise};

async fn execution(registry: &dyn Registry, rule: &str, id: &str) -> Execution {
    let executions = all(registry.executions_of(Some(&rule.parse().unwrap()))).await;
    let mut found = executions
        .into_iter()
        .filter(|execution| execution.id == id);
    found.next().unwrap()
}

#[tokio::test]
async fn a_deleted_tag_that_is_still_listed_is_not_covered() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudBasic).await;
    let repository = "test/testrepo".parse().unwrap();
    let rule = all(registry.rules_of(Some(&repository))).await.remove(0);
    let covered = async || {
        let images = registry.coverage_of(&rule, CoverageScope::Covered);
        let images: Vec<_> = images.try_collect().await.unwrap();
        images.len()
    };
    let count = covered().await;
    assert_ne!(count, 0);
    trial.sandbox.on_answer(|answer| {
        if answer.operation == "ListRepositoryTags" {
            answer.body[0]["deleted"] = "2020-04-17T08:01:09.658309Z".into();
        }
    });
    assert_eq!(covered().await, count - 1);
    let tags = all(registry.tags_of(&repository.into())).await;
    assert_eq!(tags.len(), count);
    assert!(tags[0].deleted.is_some());
}

#[tokio::test]
async fn a_replication_rule_runs_and_its_execution_ends() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    let rule = "12".parse().unwrap();
    let started = registry.run(&rule, &RunOptions::default()).await.unwrap();
    let [started] = started.executions.as_slice() else {
        panic!("{started:?}");
    };
    let scope = started.clone().into();

    let found = execution(&*registry, "12", started.id()).await;
    assert_eq!(found.state, TaskState::Running);
    assert_eq!(found.trigger, Some(RuleTrigger::Manual));
    assert_eq!(&found.reference(), started);
    let tasks = all(registry.tasks_of(&scope)).await;
    assert_eq!(states(&tasks), [TaskState::Waiting]);
    assert_eq!(found.tasks.unwrap().total, Some(tasks.len() as i64));

    trial.pass(3);
    let tasks = all(registry.tasks_of(&scope)).await;
    assert_eq!(states(&tasks), [TaskState::Running]);
    let subtasks = all(registry.subtasks_of(&tasks[0].reference())).await;
    assert!(!subtasks.is_empty());
    for subtask in &subtasks {
        assert_eq!(subtask.task, tasks[0].reference());
        assert!(subtask.tag.is_some());
    }

    trial.pass(3600);
    let tasks = all(registry.tasks_of(&scope)).await;
    assert_eq!(states(&tasks), [TaskState::Succeeded]);
    let found = execution(&*registry, "12", started.id()).await;
    assert_eq!(found.state, TaskState::Succeeded);
    assert_eq!(found.tasks.unwrap().succeeded, found.tasks.unwrap().total);
    assert!(found.ended.is_some());
}

#[tokio::test]
async fn an_execution_is_stopped() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .decide("root/nats", None, None, Outcome::Stalls);
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    let rule = "12".parse().unwrap();
    let started = registry.run(&rule, &RunOptions::default()).await.unwrap();
    let reference = started.executions[0].clone();
    trial.pass(60);
    registry.stop(&reference.clone().into()).await.unwrap();
    trial.pass(60);
    let found = execution(&*registry, "12", reference.id()).await;
    assert_eq!(found.state, TaskState::Cancelled);
    let tasks = all(registry.tasks_of(&reference.into())).await;
    assert!(states(&tasks).contains(&TaskState::Cancelled));
    // It has ended, so nothing more is sent.
    let again = registry.stop(&started.executions[0].clone().into()).await;
    assert_eq!(again.unwrap(), StopOutcome::HadEnded(TaskState::Cancelled));
    let stop = "StopInstanceReplicationPolicyExecution";
    assert_eq!(trial.writes(), ["ExecuteInstanceReplicationPolicy", stop]);
}

#[tokio::test]
async fn a_trial_of_a_retention_rule_deletes_nothing() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    let rule = "library/7".parse().unwrap();
    let options = RunOptions::default().trial(true);
    let started = registry.run(&rule, &options).await.unwrap();
    let reference = started.executions[0].clone();
    assert_eq!(reference.rule(), Some(&rule));
    trial.pass(3600);
    let found = execution(&*registry, "library/7", reference.id()).await;
    assert_eq!(found.trial, Some(true));
    assert_eq!(found.reference(), reference);
    assert_eq!(found.state, TaskState::Succeeded);
    let tasks = all(registry.tasks_of(&reference.into())).await;
    assert!(!tasks.is_empty());
    for task in tasks {
        let subtasks = all(registry.subtasks_of(&task.reference())).await;
        let counts = task.retention.unwrap();
        assert_eq!(subtasks.len() as i64, counts.total - counts.retained);
    }
}

#[tokio::test]
async fn a_basic_rule_copies_the_tags_that_are_named() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudBasic).await;
    let image = |text: &str| text.parse().unwrap();
    let options = RunOptions::default()
        .image(image("team/api:v41"))
        .image(image("team/api:v42"));
    let rule = "101".parse().unwrap();
    let started = registry.run(&rule, &options).await.unwrap();
    // The answer names nothing, so a wait follows both copies.
    assert!(started.executions.is_empty() && started.tasks.is_empty());
    assert_eq!(started.work().len(), 2);
    let jobs = registry.tasks_of(&image("team/api").into()).by_item();
    let jobs: Vec<Task> = jobs.take(2).try_collect().await.unwrap();
    let mut tags: Vec<_> = jobs
        .iter()
        .flat_map(|job| job.source.as_ref().unwrap().tags())
        .collect();
    tags.sort_unstable();
    assert_eq!(tags, ["v41", "v42"]);
    for job in &jobs {
        assert_eq!(
            job.destination.as_ref().unwrap().region.as_deref(),
            Some("cn-north-1")
        );
        assert!(!job.state.is_final());
    }
    trial.pass(3600);
    let jobs = registry.tasks_of(&image("team/api").into()).by_item();
    let jobs: Vec<Task> = jobs.take(2).try_collect().await.unwrap();
    assert!(jobs.iter().all(|job| job.state.is_final()));
}

#[tokio::test]
async fn a_plan_changes_nothing_until_it_is_sent() {
    let trial = Trial::start().await;
    let enterprise = trial.registry(&HuaweicloudEnterprise).await;
    let basic = trial.registry(&HuaweicloudBasic).await;
    let none = RunOptions::default();
    let image = RunOptions::default().image("team/api:v1".parse().unwrap());
    plans(
        &*enterprise,
        "12",
        &none,
        "ExecuteInstanceReplicationPolicy",
    )
    .await;
    plans(
        &*enterprise,
        "library/7",
        &none,
        "ExecuteInstanceRetentionPolicy",
    )
    .await;
    plans(&*basic, "101", &image, "CreateManualImageSyncRepo").await;
    let target = StopTarget::Execution("301".parse().unwrap());
    let plan = enterprise.plan_stop(&target).await.unwrap();
    assert_eq!(plan.shown().await.unwrap().len(), 1);
    assert_eq!(trial.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_an_edition_has_not_is_a_kind_of_error() {
    let trial = Trial::start().await;
    let enterprise = trial.registry(&HuaweicloudEnterprise).await;
    let basic = trial.registry(&HuaweicloudBasic).await;
    let image = || "team/api:v1".parse().unwrap();
    let rule = "12".parse().unwrap();
    let with_image = RunOptions::default().image(image());
    let trial_run = RunOptions::default().image(image()).trial(true);
    let execution = || StopTarget::Execution("83".parse().unwrap());
    let task = || StopTarget::Task("83/1927".parse().unwrap());
    let of_retention = StopTarget::Execution("library/7/113".parse().unwrap());
    let errors = vec![
        (
            "whose filters say",
            refused(enterprise.rules_of(Some(&image()))).await,
        ),
        (
            "those of an execution",
            refused(enterprise.tasks_of(&image().into())).await,
        ),
        (
            "leave out the images",
            enterprise.plan_run(&rule, &with_image).await.err(),
        ),
        (
            "stop execution 83, which",
            enterprise.plan_stop(&task()).await.err(),
        ),
        (
            "it ends by itself",
            enterprise.plan_stop(&of_retention).await.err(),
        ),
        ("name a repository", refused(basic.rules_of(None)).await),
        (
            "tasks of a repository",
            refused(basic.executions_of(None)).await,
        ),
        (
            "one tag",
            refused(basic.subtasks_of(&"1".parse().unwrap())).await,
        ),
        (
            "it ends by itself",
            basic.plan_stop(&execution()).await.err(),
        ),
        (
            "no retention rules",
            basic.plan_run(&rule, &trial_run).await.err(),
        ),
    ];
    each_says(&trial, ErrorKind::NotOffered, errors);
}

#[tokio::test]
async fn a_reference_that_does_not_fit_says_so_before_anything_is_sent() {
    let trial = Trial::start().await;
    let enterprise = trial.registry(&HuaweicloudEnterprise).await;
    let basic = trial.registry(&HuaweicloudBasic).await;
    let none = RunOptions::default();
    let image = RunOptions::default().image("team/api:v1".parse().unwrap());
    let word = "crsr-1".parse().unwrap();
    let retention = "library/7".parse().unwrap();
    let tasks = enterprise.tasks_of(&registry_replication::ExecutionRef::new("x").into());
    let subtasks = enterprise.subtasks_of(&"83".parse().unwrap());
    let errors = vec![
        (
            "invalid rule \"crsr-1\"",
            enterprise.plan_run(&word, &none).await.err(),
        ),
        (
            "invalid execution \"x\"",
            tasks.by_item().boxed().next().await.unwrap().err(),
        ),
        (
            "has no execution",
            subtasks.by_item().boxed().next().await.unwrap().err(),
        ),
        (
            "by their id alone",
            basic.plan_run(&retention, &image).await.err(),
        ),
        (
            "name at least one",
            basic.plan_run(&word, &none).await.err(),
        ),
    ];
    each_says(&trial, ErrorKind::Invalid, errors);
}
