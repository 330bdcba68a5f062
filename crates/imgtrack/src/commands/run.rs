use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use registry_replication::{Completion, Registry, RuleRef, RunOptions, Started, Task, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Execute, plan, text};
use crate::args::{Bound, Change, ProgressArgs, UntilEnd, value};
use crate::deadline;
use crate::failure::{Failure, TimedOut};
use crate::following::{self, Followed, FollowedJson};
use crate::output::{Output, Shape};
use crate::session::Session;
use crate::signals::Signals;
use crate::target::Target;
use crate::terminal::escaped;
use crate::waiting::Feed;

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Rule, as `imgtrack rules` prints it
    #[arg(value_parser = value::word)]
    rule: String,
    /// Image to copy, NAMESPACE/REPOSITORY:TAG, if the rule runs by image. Repeatable
    #[arg(long, value_name = "IMAGE", value_parser = value::tagged)]
    image: Vec<String>,
    /// Dry-run a retention rule: list in its subtasks what it would delete
    #[arg(long)]
    trial: bool,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    until: UntilEnd,
    #[command(flatten)]
    progress: ProgressArgs,
}

/// What was started, and how it has ended.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RunJson<'a> {
    #[serde(flatten)]
    started: &'a Started,
    /// With --wait, how it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<FollowedJson<'a>>,
}

/// Work that was started.
struct Running {
    started: Started,
    options: RunOptions,
    registry: Arc<dyn Registry>,
    /// Time by the service's clock before anything was started.
    since: Timestamp,
}

impl Execute for Run {
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
            return self.start(session).await.map(|_| 0);
        }
        let clock = session.target.clock();
        let begun = clock.elapsed();
        let timeout = self.until.timeout();
        let limit = TimedOut {
            command: "run".to_owned(),
            timeout,
            is_verdict: false,
            changes: self.changes(),
        };
        let prompts = session.output.prompts().clone();
        let starting = self.start(session);
        let Some(running) = deadline::within(Some(limit), &*clock, &prompts, starting).await?
        else {
            return Ok(0);
        };
        // What has started goes on after the signal. So it is printed before, and signals count only
        // from here.
        let mut signals = Signals::listen(session.is_process());
        let left = timeout.saturating_sub(clock.elapsed().saturating_sub(begun));
        self.follow(running, left, &mut signals, session).await
    }
}

impl Run {
    /// Starts the run, or shows what it would send.
    async fn start(&self, session: &mut Session<'_>) -> Result<Option<Running>, Failure> {
        let rule: RuleRef = text::reference(&self.rule)?;
        let (target, output) = (&session.target, &mut session.output);
        let registry = target.registry().await?;
        let mut options = RunOptions::default().trial(self.trial);
        for text in &self.image {
            options = options.image(text::image(&*registry, text).await?);
        }
        let mut plan = registry.plan_run(&rule, &options).await?;
        if self.change.dry_run {
            plan::preview(&plan, output).await?;
            return Ok(None);
        }
        plan::confirm(&plan, &self.change, output)?;
        let since = plan.time();
        let mut all = Started::default();
        let ended = loop {
            match plan.send_next().await {
                Ok(Some(started)) => {
                    all = all.and(started);
                    // What was started goes on when a later call fails or the time is up, so it is
                    // printed in any case.
                    hold(&all, target, &options, output)?;
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if ended.is_ok() {
            hold(&all, target, &options, output)?;
        }
        if ended.is_err() || !(self.until.wait && output.is_data()) {
            // Otherwise, one document has all.
            output.close()?;
        }
        ended?;
        Ok(Some(Running {
            started: all,
            options,
            registry,
            since,
        }))
    }

    /// Waits for the end of what was started.
    async fn follow(
        &self,
        running: Running,
        left: Duration,
        signals: &mut Signals,
        session: &mut Session<'_>,
    ) -> Result<u8, Failure> {
        let work = running.started.work(&running.options, running.since);
        let completion = Completion::new(running.registry, work);
        let completion = match self.until.settle {
            Some(window) => completion.settle_window(window),
            None => completion,
        };
        let name = match &running.started.executions[..] {
            [execution] => format!("execution {execution}"),
            _ => format!("run of rule {}", self.rule),
        };
        let live = session.environment.live;
        let mut feed = Feed::of(self.progress, live, session.err);
        let clock = session.target.clock();
        let works = vec![(name, completion)];
        let (followed, signal) = following::follow(works, left, &mut feed, signals, &clock).await;
        let output = &mut session.output;
        match output.is_data() {
            true => output.hold_value(&RunJson {
                started: &running.started,
                completion: followed.first().map(Followed::json),
            })?,
            false => following::told(&followed, output)?,
        }
        let code = followed.first().map_or(1, Followed::code);
        match (signal, following::failed(followed)) {
            (Some(signal), _) => Ok(signal.exit_code()),
            (None, None) => Ok(code),
            (None, Some(failure)) => Err(failure),
        }
    }
}

/// Keeps what was started, to print it at the end.
fn hold(
    all: &Started,
    target: &Target,
    options: &RunOptions,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match output.is_data() {
        true => output.hold_value(all),
        false => {
            if output.is_for_people() {
                output.hold(lines(all, target, options)?);
            }
            Ok(())
        }
    }
}
/// Returns what was started, with the commands that list it.
fn lines(started: &Started, target: &Target, options: &RunOptions) -> Result<String, Failure> {
    let follow = |what: &str| format!("imgtrack tasks {what} {}", target.words());
    let mut lines = Vec::new();
    for execution in &started.executions {
        let execution = execution.to_string();
        let execution = escaped(&execution);
        lines.push(format!("execution {execution} has started; its tasks:"));
        lines.push(format!("  {}", follow(&execution)));
    }
    for task in &started.tasks {
        lines.push(format!("task {} has started", escaped(&task.to_string())));
    }
    if started.executions.is_empty() {
        let by_image = target.provider()?.offers.tag_tasks;
        let images = options.images.iter().map(|image| match by_image {
            true => image.to_string(),
            false => image.path(),
        });
        let mut images: Vec<String> = images.collect();
        images.dedup();
        for image in images {
            lines.push(format!("tasks of {image}:"));
            lines.push(format!("  {}", follow(&image)));
        }
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}
