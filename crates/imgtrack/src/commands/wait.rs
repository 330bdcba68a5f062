use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args};
use futures_util::future::{Either, select};
use registry_replication::{
    Clock, Completion, ExecutionRef, Feature, RunningWork, Task, WaitError,
};

use super::{Execute, text};
use crate::args::{ArrivalArgs, Images, JobArgs, ProgressArgs, value};
use crate::arrivals::{self, Awaiting, Ended};
use crate::environment::Terminal;
use crate::failure::{Failure, TimedOut, worst};
use crate::following::{self, Followed, Hoped};
use crate::jobs::{Finding, Job};
use crate::output::Shape;
use crate::session::Session;
use crate::signals::{Signal, Signals};
use crate::table::Arrived;
use crate::target::Target;
use crate::waiting::Feed;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack wait [OPTIONS] --timeout <DURATION> <IMAGE>...")]
#[command(group(
    ArgGroup::new("asked")
        .args(["images", "images_file", "from", "execution"])
        .required(true)
        .multiple(true)
))]
pub(crate) struct Wait {
    #[command(flatten)]
    images: Images,
    /// Wait for the end of this execution instead of images. Repeatable
    ///
    /// The exit code is 0 if all of its tasks have succeeded, and 3 if one has failed.
    #[arg(
        long,
        value_name = "EXECUTION",
        value_delimiter = ',',
        value_parser = value::word,
        conflicts_with_all = [
            "images", "images_file", "to", "all", "any", "digest", "from", "since", "newest", "proof", "matching",
            "platform", "with_referrers", "stall", "appear"
        ]
    )]
    execution: Vec<String>,
    /// Longest time to wait, such as 90s, 15m or 1h30m
    ///
    /// The registry is polled a last time at the end. The command ends at most a second later.
    #[arg(long, value_name = "DURATION", value_parser = value::window)]
    timeout: Duration,
    /// Time to go on while the registry's answers are unusable
    ///
    /// This counts only after the first successful poll. Failures that usually pass (no connection,
    /// throttling, 5xx) do not end a wait before its timeout.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::duration)]
    trouble: Duration,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    arrival: ArrivalArgs,
}

impl Execute for Wait {
    fn shape(&self) -> Shape {
        match self.execution.is_empty() {
            true => Shape::table::<Arrived>(),
            false => Shape::table::<Task>(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        session.output.limit(self.timeout);
        let mut signals = Signals::listen(session.is_process());
        match self.execution.is_empty() {
            true => self.for_images(session, &mut signals).await,
            false => self.for_executions(session, &mut signals).await,
        }
    }
}

/// How the preparation of a wait has ended.
enum Prepared<T> {
    /// With the time that is left.
    Ready(T, Duration),
    Stopped(Signal),
}

impl Wait {
    async fn for_images(
        self,
        session: &mut Session<'_>,
        signals: &mut Signals,
    ) -> Result<u8, Failure> {
        let clock = session.target.clock();
        let (job, live) = self.job(session);
        // Looking up a project or a host counts, too.
        let preparing = self.arrivals(&session.target);
        let (ended, signal) = match self.prepared(preparing, signals, &clock).await? {
            Prepared::Ready(waits, left) => {
                job.begin("Waiting for images", clock.now(), session.err);
                let mut feed = Feed::of(self.progress, live, session.err);
                let ended = arrivals::follow(waits, left, &mut feed, signals, &clock).await;
                let findings: Vec<Finding> = ended.0.iter().flat_map(Ended::findings).collect();
                job.end(&findings, clock.now(), session.err);
                ended
            }
            Prepared::Stopped(signal) => {
                let images = self.images.named().chain(self.arrival.from.clone());
                let ended = images.map(|image| Ended::stopped(image, signal)).collect();
                (ended, Some(signal))
            }
        };
        session.fit();
        arrivals::told(&ended, &mut session.output)?;
        let codes: Vec<u8> = ended.iter().map(Ended::code).collect();
        let errors = ended.into_iter().filter_map(|one| match one.into_error() {
            Some(WaitError::Call { error, .. }) => Some(error),
            _ => None,
        });
        match (signal, arrivals::failure(errors.collect())) {
            (Some(signal), _) => Ok(signal.exit_code()),
            (None, None) => Ok(worst(codes)),
            (None, Some(failure)) => Err(failure),
        }
    }

    async fn for_executions(
        self,
        session: &mut Session<'_>,
        signals: &mut Signals,
    ) -> Result<u8, Failure> {
        let clock = session.target.clock();
        let (job, live) = self.job(session);
        let preparing = self.completions(&session.target);
        let (followed, signal) = match self.prepared(preparing, signals, &clock).await? {
            Prepared::Ready(works, left) => {
                job.begin("Waiting for executions", clock.now(), session.err);
                let mut feed = Feed::of(self.progress, live, session.err);
                let ended =
                    following::follow(works, Hoped::Success, left, &mut feed, signals, &clock)
                        .await;
                let findings = ended.0.iter().flat_map(Followed::findings);
                job.end(&findings.collect::<Vec<_>>(), clock.now(), session.err);
                ended
            }
            Prepared::Stopped(signal) => {
                let names = self.execution.iter().map(|one| format!("execution {one}"));
                let followed = names.map(|name| Followed::stopped(name, signal)).collect();
                (followed, Some(signal))
            }
        };
        session.fit();
        following::told(&followed, &mut session.output)?;
        let codes: Vec<u8> = followed.iter().map(Followed::code).collect();
        match (signal, following::failed(followed)) {
            (Some(signal), _) => Ok(signal.exit_code()),
            (None, None) => Ok(worst(codes)),
            (None, Some(failure)) => Err(failure),
        }
    }

    /// Returns the job that runs this command, and the size of a terminal that shows live lines.
    fn job(&self, session: &Session<'_>) -> (Job, Option<Terminal>) {
        let environment = &session.environment;
        let job = Job::of(self.job, environment.surroundings.as_ref());
        let live = environment.live.filter(|_| !job.has_log());
        (job, live)
    }

    /// Prepares a wait, until the time is up or a signal comes.
    async fn prepared<T>(
        &self,
        preparing: impl Future<Output = Result<T, Failure>>,
        signals: &mut Signals,
        clock: &Arc<dyn Clock>,
    ) -> Result<Prepared<T>, Failure> {
        let begun = clock.elapsed();
        let (preparing, signal) = (pin!(preparing), pin!(signals.next()));
        match select(preparing, select(signal, clock.guard(self.timeout))).await {
            Either::Left((ready, _)) => {
                let passed = clock.elapsed().saturating_sub(begun);
                Ok(Prepared::Ready(ready?, self.timeout.saturating_sub(passed)))
            }
            Either::Right((Either::Left((signal, _)), _)) => Ok(Prepared::Stopped(signal)),
            Either::Right((Either::Right(_), _)) => Err(Failure::TimedOut(TimedOut {
                command: "wait".to_owned(),
                timeout: self.timeout,
                is_verdict: true,
                changes: false,
            })),
        }
    }

    /// Returns the arrivals to wait for. This looks up names only.
    async fn arrivals(&self, target: &Target) -> Result<Vec<Awaiting>, Failure> {
        let images = self.arrival.images(self.images.read().await?)?;
        let waits = arrivals::all(images, &self.arrival, target)
            .await?
            .into_iter();
        let waits = waits.map(|mut asked| {
            asked.arrival = asked.arrival.trouble_window(self.trouble);
            Awaiting::from(asked)
        });
        Ok(waits.collect())
    }

    /// Returns the executions to wait for. This looks up names only.
    async fn completions(&self, target: &Target) -> Result<Vec<(String, Completion)>, Failure> {
        target.provider()?.check(Feature::ExecutionTasks)?;
        let executions = self.execution.iter().map(|text| text::reference(text));
        let executions: Vec<ExecutionRef> = executions.collect::<Result<_, _>>()?;
        let registry = target.registry().await?;
        let completions = executions.into_iter().map(|execution| {
            let name = format!("execution {execution}");
            let work = RunningWork::Execution(execution);
            let completion = Completion::new(registry.clone(), [work])
                .trouble_window(self.trouble)
                // An execution that is there is listed.
                .task_window(Duration::ZERO);
            let completion = match self.arrival.settle {
                Some(window) => completion.settle_window(window),
                None => completion,
            };
            (name, completion)
        });
        Ok(completions.collect())
    }
}
