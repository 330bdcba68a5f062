//! Tests of arrivals of all subjects, against the sandbox, with a manual clock.

mod explained;
mod shared;
mod simulation;
mod stored;
pub(crate) mod trouble;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::testing::{ManualClock, Schedule};
use openapi_transport::{Clock, ContextBuilder, Timestamp};
use registry_replication::{Registry, Report, oci};
use registry_sandbox::world::Place;
use registry_sandbox::{Options, RegistryEndpoint, Sandbox};

use crate::subjects::Subject;

/// Returns a time after all work of the sandbox's fleet.
pub(crate) fn start() -> Timestamp {
    "2026-12-05T12:00:00Z".parse().unwrap()
}

/// Sandbox whose time stands still while any task is running.
pub(crate) struct Trial {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: ManualClock,
}

impl Trial {
    pub(crate) async fn start() -> Self {
        let clock = ManualClock::at(start());
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        Self { sandbox, clock }
    }

    pub(crate) fn configured(
        &self,
    ) -> impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static + use<> {
        let clock = self.clock.clone();
        move |context| context.rate_limit(None).clock(Arc::new(clock))
    }

    /// Connects to the registry that pushes go to.
    pub(crate) async fn registry(&self, of: &dyn Subject) -> Box<dyn Registry> {
        of.connect(&self.sandbox, Box::new(self.configured())).await
    }

    /// Serves the OCI side of a destination, and connects to it.
    pub(crate) async fn oci(
        &self,
        of: &dyn Subject,
        place: &Place,
    ) -> (RegistryEndpoint, oci::Client) {
        let served = self.sandbox.registry(place).await.unwrap();
        let registry = of.oci(&self.sandbox, place, &served.host()).await;
        let registry = registry.configure(self.configured()).build().unwrap();
        (served, registry)
    }

    /// Pushes `team/api:v77` and returns its digest.
    pub(crate) fn push(&self, of: &dyn Subject, content: &str) -> String {
        self.push_to(of, "v77", content)
    }

    /// Pushes a tag of `team/api` and returns its digest.
    pub(crate) fn push_to(&self, of: &dyn Subject, tag: &str, content: &str) -> String {
        let source = of.source();
        self.sandbox.push(source, "team/api", tag, content).unwrap()
    }

    /// Runs a future that waits only for the clock, to its end.
    pub(crate) async fn run<F: IntoFuture>(&self, work: F) -> F::Output {
        self.clock.run(work, || 1, Schedule::default()).await
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

pub(crate) const QUARTER: Duration = Duration::from_secs(15 * 60);

/// Returns a short form of a report: its verdict, and the verdict of each destination with the kinds
/// of its reasons.
pub(crate) fn short(report: &Report) -> String {
    let destinations = report.destinations.iter().map(|destination| {
        let reasons = destination.reasons.iter().map(|reason| {
            let kind = serde_json::to_value(reason.kind).unwrap();
            kind.as_str().unwrap().to_owned()
        });
        let reasons: Vec<_> = reasons.collect();
        format!(
            "{} {} [{}]",
            destination.destination,
            destination.verdict,
            reasons.join(" ")
        )
    });
    destinations.collect::<Vec<_>>().join("; ")
}
