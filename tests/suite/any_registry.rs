//! Shared code of tests of running and stopping, and tests of features that no provider has.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, ContextBuilder};
use registry_replication::api::{self, Access};
use registry_replication::{
    Error, ErrorKind, ExecutionRef, Feature, Listing, Registry, RunOptions, Task, TaskScope,
    TaskState,
};
use registry_sandbox::{Options, Sandbox};
use registry_tests::{noon, quick_clock};

use crate::subjects::{Ports, Subject, subjects};

/// Sandbox whose time stands still until the test moves it.
pub(crate) struct Trial {
    pub(crate) sandbox: Sandbox,
    clock: Arc<ManualClock>,
    ports: Ports,
}

impl Trial {
    pub(crate) async fn start() -> Self {
        let clock = quick_clock(noon());
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Sandbox::start(options).await.unwrap();
        Self {
            sandbox,
            clock,
            ports: Ports::default(),
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn configured(
        &self,
    ) -> impl Fn(ContextBuilder) -> ContextBuilder + Send + Sync + 'static + use<> {
        let clock = self.clock.clone();
        move |context| context.rate_limit(None).clock(clock.clone())
    }

    pub(crate) async fn registry(&self, of: &dyn Subject) -> Box<dyn Registry> {
        let configured = Box::new(self.configured());
        of.connect(&self.sandbox, &self.ports, configured).await
    }

    /// Returns the names of the calls so far that change something.
    pub(crate) fn writes(&self) -> Vec<String> {
        let received = self.sandbox.received().into_iter();
        received
            .filter_map(|request| request.operation)
            .filter(|name| api::find(name).unwrap().1.access == Access::Write)
            .collect()
    }
}

pub(crate) async fn all<T: Send + 'static>(listing: Listing<T>) -> Vec<T> {
    listing.by_item().try_collect().await.unwrap()
}

pub(crate) fn states(tasks: &[Task]) -> Vec<TaskState> {
    let mut states: Vec<_> = tasks.iter().map(|task| task.state.clone()).collect();
    states.dedup();
    states
}

/// Returns the first error of a listing.
pub(crate) async fn refused<T: Send + 'static>(listing: Listing<T>) -> Option<Error> {
    let items: Vec<_> = listing.by_page().collect().await;
    assert_eq!(items.len(), 1);
    items.into_iter().next().unwrap().err()
}

/// Checks that each error has this kind and text, and that nothing was sent.
pub(crate) fn each_says(trial: &Trial, kind: ErrorKind, errors: Vec<(&str, Option<Error>)>) {
    for (says, error) in errors {
        let error = error.expect(says);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(!error.can_retry());
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(trial.sandbox.received().is_empty());
}

/// Checks that a plan to run a rule has this one call, which is not sent.
pub(crate) async fn plans(registry: &dyn Registry, rule: &str, options: &RunOptions, call: &str) {
    let rule = rule.parse().unwrap();
    let plan = registry.plan_run(&rule, options).await.unwrap();
    let calls: Vec<_> = plan.calls().map(|call| call.operation().name).collect();
    assert_eq!(calls, [call]);
    let shown = plan.shown().await.unwrap();
    assert_eq!(shown[0].method, "POST");
    assert!(shown[0].url.starts_with(plan.endpoint()));
}

#[tokio::test]
async fn each_listing_that_is_not_offered_is_refused_unsent() {
    for of in subjects() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let image = || "team/api:v1".parse().unwrap();
        let rule = "12".parse().unwrap();
        let execution = ExecutionRef::new("83");
        refuses(of, Feature::Rules, registry.rules_of(None)).await;
        let rules = registry.rules_of(Some(&image()));
        refuses(of, Feature::RepositoryRules, rules).await;
        let executions = registry.executions_of(Some(&rule));
        refuses(of, Feature::Executions, executions).await;
        let tasks = registry.tasks_of(&TaskScope::All);
        refuses(of, Feature::AllTasks, tasks).await;
        let tasks = registry.tasks_of(&execution.into());
        refuses(of, Feature::ExecutionTasks, tasks).await;
        let tasks = registry.tasks_of(&image().into());
        refuses(of, Feature::ImageTasks, tasks).await;
        let subtasks = registry.subtasks_of(&"1".parse().unwrap());
        refuses(of, Feature::Subtasks, subtasks).await;
        refuses(of, Feature::Images, registry.repositories_in(None)).await;
        let tags = registry.tags_of(&image().into());
        refuses(of, Feature::Images, tags).await;
        assert!(trial.sandbox.received().is_empty(), "{of:?}");
    }
}

/// Checks that a listing of a feature is not offered, if the table says so.
async fn refuses<T: Send + 'static>(of: &dyn Subject, feature: Feature, listing: Listing<T>) {
    if of.descriptor().has(feature) {
        return;
    }
    let error = refused(listing).await.unwrap();
    assert_eq!(error.kind(), ErrorKind::NotOffered, "{of:?}: {error}");
    let words = feature.to_string();
    assert!(error.to_string().contains(&words), "{of:?}: {error}");
}
