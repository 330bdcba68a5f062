//! Tests of arrivals of all subjects, against the sandbox, with a manual clock.

mod explained;
mod registries;
mod shared;
pub(crate) mod simulation;
mod stored;
pub(crate) mod trouble;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::testing::{ManualClock, Schedule};
use openapi_transport::{Chance, Clock, ContextBuilder, SystemChance, Timestamp};
use registry_replication::{Registry, Report, oci};
use registry_sandbox::world::Place;
use registry_sandbox::{Options, Sandbox};

use crate::subjects::{Ports, Subject};

/// Chance whose pauses are always the same, so that a history can be repeated.
#[derive(Debug)]
struct Even;

impl Chance for Even {
    fn nonce(&self) -> String {
        SystemChance.nonce()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Returns a time after all work of the sandbox's fleet.
pub(crate) fn start() -> Timestamp {
    "2026-12-05T12:00:00Z".parse().unwrap()
}

/// Sandbox whose time stands still while any task is running.
pub(crate) struct Trial {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: ManualClock,
    ports: Ports,
}

impl Trial {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        let clock = ManualClock::at(start());
        let read = clock.clone();
        let options = options.clock(Arc::new(move || read.now()));
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        Self {
            sandbox,
            clock,
            ports: Ports::default(),
        }
    }

    pub(crate) fn configured(
        &self,
    ) -> impl Fn(ContextBuilder) -> ContextBuilder + Send + Sync + 'static + use<> {
        let clock = self.clock.clone();
        move |context| {
            let context = context.rate_limit(None).chance(Arc::new(Even));
            context.clock(Arc::new(clock.clone()))
        }
    }

    /// Connects to the registry that pushes go to.
    pub(crate) async fn registry(&self, of: &dyn Subject) -> Box<dyn Registry> {
        let configured = Box::new(self.configured());
        of.connect(&self.sandbox, &self.ports, configured).await
    }

    /// Name by which an arrival knows a destination.
    pub(crate) async fn name(&self, of: &dyn Subject, number: usize) -> String {
        of.name(number, &self.sandbox, &self.ports).await
    }

    /// Name by which an arrival knows the first destination.
    pub(crate) async fn there(&self, of: &dyn Subject) -> String {
        self.name(of, 0).await
    }

    /// Serves the OCI side of a destination, and connects to it.
    pub(crate) async fn oci(&self, of: &dyn Subject, place: &Place) -> oci::Client {
        let host = self.ports.host(&self.sandbox, place).await;
        let registry = of.oci(&self.sandbox, place, &host).await;
        registry.configure(self.configured()).build().unwrap()
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
