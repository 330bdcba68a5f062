use std::time::Duration;

use clap::Args;
use registry_replication::{Completion, Feature, RunningWork, StopTarget, Task};
use serde_json::json;

use super::{Execute, plan, scope, subject, text};
use crate::args::{Bound, Change, ProgressArgs, UntilEnd, value};
use crate::deadline;
use crate::failure::{Failure, TimedOut};
use crate::following::{self, Followed, Hoped};
use crate::output::Shape;
use crate::session::Session;
use crate::signals::Signals;
use crate::target::Target;
use crate::terminal::escaped;
use crate::waiting::Feed;

#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// Execution or task, as `imgtrack executions` or `imgtrack tasks` prints it
    #[arg(value_parser = value::word)]
    what: String,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    until: UntilEnd,
    #[command(flatten)]
    progress: ProgressArgs,
}

impl Execute for Stop {
    fn bound(&self) -> Option<Bound> {
        // A wait ends in time by itself.
        (!self.until.wait).then_some(Bound {
            timeout: self.until.timeout(),
        })
    }

    fn changes(&self) -> bool {
        !self.change.dry_run
    }

    fn shape(&self) -> Shape {
        match self.until.wait {
            true => Shape::table::<Task>(),
            false => Shape::document(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        if !self.until.wait {
            return self.stop(session).await.map(|_| 0);
        }
        let clock = session.target.clock();
        let begun = clock.elapsed();
        let timeout = self.until.timeout();
        let limit = TimedOut {
            command: "stop".to_owned(),
            timeout,
            is_verdict: false,
            changes: self.changes(),
        };
        let prompts = session.output.prompts().clone();
        let stopping = self.stop(session);
        let Some(completion) = deadline::within(Some(limit), &*clock, &prompts, stopping).await?
        else {
            return Ok(0);
        };
        let mut signals = Signals::listen(session.is_process());
        let left = timeout.saturating_sub(clock.elapsed().saturating_sub(begun));
        self.follow(completion, left, &mut signals, session).await
    }
}

impl Stop {
    /// Asks the registry to stop it. Returns what has not ended yet.
    async fn stop(&self, session: &mut Session<'_>) -> Result<Option<Completion>, Failure> {
        let what = self.what.as_str();
        let stopped = stop_target(&session.target, what)?;
        let registry = session.target.registry().await?;
        let output = &mut session.output;
        let plan = registry.plan_stop(&stopped).await?;
        if let Some(state) = plan.ended() {
            match output.is_data() {
                true => output.value(&json!({ "ended": what, "state": state })),
                false => output.say(&escaped(&format!("{what} has already ended: {state}"))),
            }?;
            return Ok(None);
        }
        if self.change.dry_run {
            plan::preview(&plan, output).await?;
            return Ok(None);
        }
        let about = subject::of_stop(&*registry, &stopped);
        plan::confirm(&plan, about, &self.change, output).await?;
        plan.send().await?;
        // With --wait, one document has all.
        if output.is_data() {
            output.hold_value(&json!({ "stopped": what }))?;
        } else {
            output.say(&escaped(&format!(
                "the registry accepted the stop of {what}"
            )))?;
            output.flush()?;
        }
        let work = match stopped {
            StopTarget::Execution(execution) => RunningWork::Execution(execution),
            StopTarget::Task(task) => RunningWork::Task(task),
            _ => return Ok(None),
        };
        Ok(Some(Completion::new(registry, [work])))
    }

    /// Waits for the end of what was stopped.
    async fn follow(
        &self,
        completion: Completion,
        left: Duration,
        signals: &mut Signals,
        session: &mut Session<'_>,
    ) -> Result<u8, Failure> {
        let completion = match self.until.settle {
            Some(window) => completion.settle_window(window),
            None => completion,
        };
        let live = session.environment.live;
        let mut feed = Feed::of(self.progress, live, session.err);
        let clock = session.target.clock();
        let works = vec![(self.what.clone(), completion)];
        let (followed, signal) =
            following::follow(works, Hoped::End, left, &mut feed, signals, &clock).await;
        session.fit();
        let output = &mut session.output;
        match output.is_data() {
            true => {
                let completion = followed.first().map(Followed::json);
                output.hold_value(&json!({ "stopped": self.what, "completion": completion }))?;
            }
            false => following::told(&followed, output)?,
        }
        let code = followed.first().map_or(1, Followed::code_of_end);
        match (signal, following::failed(followed)) {
            (Some(signal), _) => Ok(signal.exit_code()),
            (None, None) => Ok(code),
            (None, Some(failure)) => Err(failure),
        }
    }
}

/// Reads what to stop. What the provider cannot stop is refused first.
///
/// A task that cannot be stopped alone is refused with the command that stops its execution.
fn stop_target(target: &Target, what: &str) -> Result<StopTarget, Failure> {
    let provider = target.provider()?;
    let (executions, tasks) = (
        provider.has(Feature::StopExecution),
        provider.has(Feature::StopTask),
    );
    match (executions, tasks) {
        (false, false) => Err(Failure::Usage(format!(
            "{} cannot stop anything; its tasks end on their own",
            provider.title
        ))),
        (false, true) => Ok(StopTarget::Task(text::reference(what)?)),
        (true, alone) => match scope::task(what) {
            None => Ok(StopTarget::Execution(text::reference(what)?)),
            Some(task) if alone => Ok(StopTarget::Task(task)),
            Some(task) => match task.execution().filter(|own| own.rule().is_none()) {
                Some(execution) => Err(Failure::Usage(format!(
                    "{what} is a task, and {} stops whole executions only; stop its execution \
                     with all of its tasks: {}",
                    provider.title,
                    target.command(&["stop", &execution.to_string()])
                ))),
                None => Ok(StopTarget::Task(task)),
            },
        },
    }
}
