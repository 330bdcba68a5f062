//! Tests of running rules and stopping tasks, with a manual clock.

use registry_replication::{
    ErrorKind, Registry, RunOptions, StopOutcome, StopTarget, TaskState, alibabacloud,
};
use registry_sandbox::{Outcome, world};

use crate::alibabacloud::clients;
use crate::any_registry::{Trial, all, each_says, plans, refused};
use crate::subjects::alibabacloud::Alibabacloud;

impl Trial {
    /// Connects to the instance of the vendor's example.
    async fn example(&self) -> alibabacloud::AlibabaCr {
        let registry = alibabacloud::AlibabaCr::builder()
            .endpoint(self.sandbox.endpoint())
            .instance(world::alibabacloud::INSTANCE_ID)
            .credentials(clients::sandbox_key(&self.sandbox))
            .configure(self.configured());
        registry.build().await.unwrap()
    }
}

const BY_HAND: &str = "crsr-o8n4dijbumgq****";

#[tokio::test]
async fn a_rule_copies_an_image_and_its_task_is_cancelled() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .decide("test/test", None, None, Outcome::Stalls);
    let registry = trial.example().await;
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
    let registry = trial.example().await;
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
    // The client looks the repository's id up once.
    let asked = trial.sandbox.received().into_iter();
    let asked = asked.filter(|request| request.operation.as_deref() == Some("GetRepository"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn a_plan_changes_nothing_until_it_is_sent() {
    let trial = Trial::start().await;
    let registry = trial.example().await;
    let image = RunOptions::default().image("test/test:v0.1".parse().unwrap());
    plans(&registry, BY_HAND, &image, "CreateRepoSyncTaskByRule").await;
    assert_eq!(trial.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_vendor_has_not_is_a_kind_of_error() {
    let trial = Trial::start().await;
    let alibabacloud = trial.registry(&Alibabacloud).await;
    let rule = "12".parse().unwrap();
    let execution = || StopTarget::Execution("83".parse().unwrap());
    let errors = vec![
        (
            "its batch",
            refused(alibabacloud.executions_of(Some(&rule))).await,
        ),
        (
            "one tag",
            refused(alibabacloud.subtasks_of(&"1".parse().unwrap())).await,
        ),
        (
            "stop its tasks",
            alibabacloud.plan_stop(&execution()).await.err(),
        ),
    ];
    each_says(&trial, ErrorKind::NotOffered, errors);
}

#[tokio::test]
async fn a_reference_that_does_not_fit_says_so_before_anything_is_sent() {
    let trial = Trial::start().await;
    let alibabacloud = trial.registry(&Alibabacloud).await;
    let image = RunOptions::default().image("team/api:v1".parse().unwrap());
    let retention = "library/7".parse().unwrap();
    let task = StopTarget::Task("83/1927".parse().unwrap());
    let errors = vec![
        (
            "by their id alone",
            alibabacloud.plan_run(&retention, &image).await.err(),
        ),
        (
            "by their id alone",
            alibabacloud.plan_stop(&task).await.err(),
        ),
    ];
    each_says(&trial, ErrorKind::Invalid, errors);
}
