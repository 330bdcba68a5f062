//! Rules run, are watched and stopped, through the facade and by a clock that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, ContextBuilder};
use registry_replication::api::{self, Access};
use registry_replication::{
    Error, ErrorKind, Execution, Listing, Registry, RuleTrigger, RunOptions, Started, StopOutcome,
    StopTarget, Task, TaskState, alibabacloud, huaweicloud,
};
use registry_sandbox::{Options, Outcome, Sandbox, world};
use registry_tests::{noon, quick_clock};

use crate::clients;

/// A sandbox whose time stands still until it is moved.
struct Trial {
    sandbox: Sandbox,
    clock: Arc<ManualClock>,
}

impl Trial {
    async fn start() -> Self {
        let clock = quick_clock(noon());
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Sandbox::start(options).await.unwrap();
        Self { sandbox, clock }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    fn configured(&self) -> impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static + use<> {
        let clock = self.clock.clone();
        move |context| context.rate_limit(None).clock(clock)
    }

    async fn enterprise(&self) -> Box<dyn Registry> {
        let account = &self.sandbox.accounts().huaweicloud_swr;
        let registry = huaweicloud::SwrEnterprise::builder()
            .endpoint(&account.endpoint)
            .project_id(&account.project_id)
            .instance(&account.instance_id)
            .credentials(clients::sandbox_key(&self.sandbox))
            .configure(self.configured());
        Box::new(registry.build().await.unwrap())
    }

    async fn basic(&self) -> Box<dyn Registry> {
        let registry = huaweicloud::SwrBasic::builder()
            .endpoint(self.sandbox.endpoint())
            .region(world::HUAWEICLOUD_REGION)
            .credentials(clients::sandbox_key(&self.sandbox))
            .configure(self.configured());
        Box::new(registry.build().await.unwrap())
    }

    async fn alibabacloud(&self) -> Box<dyn Registry> {
        let registry = alibabacloud::AlibabaCr::builder()
            .endpoint(self.sandbox.endpoint())
            .instance(world::ALIBABACLOUD_INSTANCE_ID)
            .credentials(clients::sandbox_alibaba_key(&self.sandbox))
            .configure(self.configured());
        Box::new(registry.build().await.unwrap())
    }

    /// Names of the calls so far that change something.
    fn writes(&self) -> Vec<String> {
        let received = self.sandbox.received().into_iter();
        received
            .filter_map(|request| request.operation)
            .filter(|name| api::find(name).unwrap().1.access == Access::Write)
            .collect()
    }
}

async fn all<T: Send + 'static>(listing: Listing<T>) -> Vec<T> {
    listing.by_item().try_collect().await.unwrap()
}

async fn execution(registry: &dyn Registry, rule: &str, id: &str) -> Execution {
    let executions = all(registry.executions_of(Some(&rule.parse().unwrap()))).await;
    let mut found = executions
        .into_iter()
        .filter(|execution| execution.id == id);
    found.next().unwrap()
}

fn states(tasks: &[Task]) -> Vec<TaskState> {
    let mut states: Vec<_> = tasks.iter().map(|task| task.state.clone()).collect();
    states.dedup();
    states
}

#[tokio::test]
async fn a_replication_rule_runs_and_its_execution_ends() {
    let trial = Trial::start().await;
    let registry = trial.enterprise().await;
    let rule = "12".parse().unwrap();
    let started = registry.run(&rule, &RunOptions::default()).await.unwrap();
    let [started] = started.executions.as_slice() else {
        panic!("{started:?}");
    };
    let scope = started.clone().into();

    let found = execution(&*registry, "12", started.id()).await;
    assert_eq!(found.state, TaskState::Running);
    assert_eq!(found.trigger, Some(RuleTrigger::ByHand));
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
    let registry = trial.enterprise().await;
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
    let registry = trial.enterprise().await;
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
    let registry = trial.basic().await;
    let image = |text: &str| text.parse().unwrap();
    let options = RunOptions::default()
        .image(image("team/api:v41"))
        .image(image("team/api:v42"));
    let rule = "101".parse().unwrap();
    let started = registry.run(&rule, &options).await.unwrap();
    assert_eq!(started, Started::default());
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

const BY_HAND: &str = "crsr-o8n4dijbumgq****";

#[tokio::test]
async fn a_rule_of_alibaba_copies_an_image_and_its_task_is_cancelled() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .decide("test/test", None, None, Outcome::Stalls);
    let registry = trial.alibabacloud().await;
    let image: registry_replication::ImageName = "test/test:v0.1".parse().unwrap();
    let options = RunOptions::default().image(image.clone());
    let rule = BY_HAND.parse().unwrap();
    let started = registry.run(&rule, &options).await.unwrap();
    let [reference] = started.tasks.as_slice() else {
        panic!("{started:?}");
    };
    let task = async || {
        let tasks = all(registry.tasks_of(&image.clone().into())).await;
        let mut tasks = tasks.into_iter();
        tasks.find(|task| task.reference() == *reference).unwrap()
    };
    assert_eq!(task().await.rule.as_deref(), Some(BY_HAND));
    assert_eq!(task().await.state, TaskState::Waiting);
    trial.pass(60);
    assert_eq!(task().await.state, TaskState::Running);
    registry.stop(&reference.clone().into()).await.unwrap();
    assert_eq!(task().await.state, TaskState::Cancelled);
    let again = registry.stop(&reference.clone().into()).await;
    assert_eq!(again.unwrap(), StopOutcome::HadEnded(TaskState::Cancelled));

    let batch = task().await.execution.unwrap();
    let batch = registry_replication::ExecutionRef::new(batch);
    assert_eq!(all(registry.tasks_of(&batch.into())).await.len(), 1);
}

#[tokio::test]
async fn what_was_started_before_a_call_failed_is_told() {
    let trial = Trial::start().await;
    let registry = trial.alibabacloud().await;
    let options = RunOptions::default()
        .image("test/test:v0.1".parse().unwrap())
        .image("test/test:never-pushed".parse().unwrap());
    let rule = BY_HAND.parse().unwrap();
    let mut plan = registry.plan_run(&rule, &options).await.unwrap();
    assert_eq!(plan.calls().count(), 2);
    let started = plan.send_next().await.unwrap().unwrap();
    assert_eq!(started.tasks.len(), 1);
    let error = plan.send_next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(plan.send_next().await.unwrap().is_none());
    // The repository's id is asked for once.
    let asked = trial.sandbox.received().into_iter();
    let asked = asked.filter(|request| request.operation.as_deref() == Some("GetRepository"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_plan_changes_nothing_until_it_is_sent() {
    let trial = Trial::start().await;
    let enterprise = trial.enterprise().await;
    let basic = trial.basic().await;
    let alibabacloud = trial.alibabacloud().await;
    let none = RunOptions::default;
    let image = |text: &str| none().image(text.parse().unwrap());
    for (registry, rule, options, call) in [
        (
            &enterprise,
            "12",
            none(),
            "ExecuteInstanceReplicationPolicy",
        ),
        (
            &enterprise,
            "library/7",
            none(),
            "ExecuteInstanceRetentionPolicy",
        ),
        (
            &basic,
            "101",
            image("team/api:v1"),
            "CreateManualImageSyncRepo",
        ),
        (
            &alibabacloud,
            BY_HAND,
            image("test/test:v0.1"),
            "CreateRepoSyncTaskByRule",
        ),
    ] {
        let rule = rule.parse().unwrap();
        let plan = registry.plan_run(&rule, &options).await.unwrap();
        let calls: Vec<_> = plan.calls().map(|call| call.operation().name).collect();
        assert_eq!(calls, [call]);
        let shown = plan.shown().await.unwrap();
        assert_eq!(shown[0].method, "POST");
        assert!(shown[0].url.starts_with(plan.endpoint()));
    }
    let target = StopTarget::Execution("301".parse().unwrap());
    let plan = enterprise.plan_stop(&target).await.unwrap();
    assert_eq!(plan.shown().await.unwrap().len(), 1);
    assert_eq!(trial.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_vendor_has_not_is_a_kind_of_error() {
    async fn listed<T: Send + 'static>(listing: Listing<T>) -> Option<Error> {
        let items: Vec<_> = listing.by_page().collect().await;
        assert_eq!(items.len(), 1);
        items.into_iter().next().unwrap().err()
    }
    let trial = Trial::start().await;
    let enterprise = trial.enterprise().await;
    let basic = trial.basic().await;
    let alibabacloud = trial.alibabacloud().await;
    let image = || "team/api:v1".parse().unwrap();
    let rule = "12".parse().unwrap();
    let with_image = RunOptions::default().image(image());
    let trial_run = RunOptions::default().image(image()).trial(true);
    let execution = || StopTarget::Execution("83".parse().unwrap());
    let task = || StopTarget::Task("83/1927".parse().unwrap());
    let of_retention = StopTarget::Execution("library/7/113".parse().unwrap());
    for (says, error) in [
        (
            "whose filters say",
            listed(enterprise.rules_of(Some(&image()))).await,
        ),
        (
            "those of an execution",
            listed(enterprise.tasks_of(&image().into())).await,
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
        ("name a repository", listed(basic.rules_of(None)).await),
        (
            "tasks of a repository",
            listed(basic.executions_of(None)).await,
        ),
        (
            "one tag",
            listed(basic.subtasks_of(&"1".parse().unwrap())).await,
        ),
        (
            "it ends by itself",
            basic.plan_stop(&execution()).await.err(),
        ),
        (
            "only retention rules",
            basic.plan_run(&rule, &trial_run).await.err(),
        ),
        (
            "its batch",
            listed(alibabacloud.executions_of(Some(&rule))).await,
        ),
        (
            "one tag",
            listed(alibabacloud.subtasks_of(&"1".parse().unwrap())).await,
        ),
        (
            "stop its tasks",
            alibabacloud.plan_stop(&execution()).await.err(),
        ),
    ] {
        let error = error.expect(says);
        assert_eq!(error.kind(), ErrorKind::NotOffered, "{error}");
        assert!(!error.can_retry());
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(trial.sandbox.received().is_empty());
}

#[tokio::test]
async fn a_reference_that_does_not_fit_says_so_before_anything_is_sent() {
    let trial = Trial::start().await;
    let enterprise = trial.enterprise().await;
    let basic = trial.basic().await;
    let alibabacloud = trial.alibabacloud().await;
    let none = RunOptions::default();
    let image = RunOptions::default().image("team/api:v1".parse().unwrap());
    let word = "crsr-1".parse().unwrap();
    let retention = "library/7".parse().unwrap();
    let tasks = enterprise.tasks_of(&registry_replication::ExecutionRef::new("x").into());
    let subtasks = enterprise.subtasks_of(&"83".parse().unwrap());
    let task = StopTarget::Task("83/1927".parse().unwrap());
    for (says, error) in [
        (
            "\"crsr-1\" is not a number",
            enterprise.plan_run(&word, &none).await.unwrap_err(),
        ),
        (
            "\"x\" is not a number",
            tasks.by_item().boxed().next().await.unwrap().unwrap_err(),
        ),
        (
            "has no execution",
            subtasks
                .by_item()
                .boxed()
                .next()
                .await
                .unwrap()
                .unwrap_err(),
        ),
        (
            "by their id alone",
            basic.plan_run(&retention, &image).await.unwrap_err(),
        ),
        (
            "name at least one",
            basic.plan_run(&word, &none).await.unwrap_err(),
        ),
        (
            "by their id alone",
            alibabacloud.plan_run(&retention, &image).await.unwrap_err(),
        ),
        (
            "by their id alone",
            alibabacloud.plan_stop(&task).await.unwrap_err(),
        ),
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(trial.sandbox.received().is_empty());
}
