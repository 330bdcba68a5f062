use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use registry_replication::{
    Completion, Feature, Plan, Registry, Repeat, RuleRef, RunOptions, Started, Task,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{Execute, plan, scope, subject, text};
use crate::args::{Bound, Change, ProgressArgs, UntilEnd, value};
use crate::deadline;
use crate::failure::{Failure, TimedOut};
use crate::following::{self, Followed, FollowedJson, Hoped};
use crate::output::{Output, Shape};
use crate::session::Session;
use crate::signals::Signals;
use crate::target::Target;
use crate::terminal::escaped;
use crate::waiting::Feed;

#[derive(Args, Debug)]
pub(crate) struct Run {
    /// Rule, as `imgtrack rules` prints it
    #[arg(value_parser = value::word, required_unless_present = "failed")]
    rule: Option<String>,
    /// Image to copy, NAMESPACE/REPOSITORY:TAG, if the rule runs by image. Repeatable
    #[arg(long, value_name = "IMAGE", value_parser = value::tagged)]
    image: Vec<String>,
    /// Repeat only the copies of an execution that have failed
    ///
    /// Where tasks have no execution, this is a repository. A copy has failed if the newest task for its
    /// image and destination has failed.
    #[arg(
        long,
        value_name = "EXECUTION",
        value_parser = value::word,
        conflicts_with_all = ["rule", "image", "trial"]
    )]
    failed: Option<String>,
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

/// Change that was planned.
struct Planned {
    registry: Arc<dyn Registry>,
    plan: Plan,
    options: RunOptions,
    /// What is run.
    subject: Subject,
}

/// What is run.
enum Subject {
    Rule(RuleRef),
    /// Failed copies, described for the confirmation.
    Failed {
        scope: String,
        about: String,
    },
}

impl Subject {
    /// Describes the change for its confirmation.
    async fn about(&self, registry: &dyn Registry, options: &RunOptions) -> String {
        match self {
            Self::Rule(rule) => subject::of_run(registry, rule, options).await,
            Self::Failed { about, .. } => about.clone(),
        }
    }
}

/// Work that was started.
struct Running {
    /// What is followed, in a few words.
    name: String,
    started: Started,
    registry: Arc<dyn Registry>,
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
        let planned = match (&self.failed, &self.rule) {
            (Some(failed), _) => repeat(failed, session).await?,
            (None, Some(rule)) => Some(self.whole(rule, &session.target).await?),
            (None, None) => None,
        };
        let Some(planned) = planned else {
            return Ok(None);
        };
        let Planned {
            registry,
            mut plan,
            options,
            subject,
        } = planned;
        let (target, output) = (&session.target, &mut session.output);
        if self.change.dry_run {
            plan::preview(&plan, output).await?;
            return Ok(None);
        }
        let about = subject.about(&*registry, &options);
        plan::confirm(&plan, about, &self.change, output).await?;
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
        let name = match (&all.executions[..], &subject) {
            ([execution], _) => format!("execution {execution}"),
            (_, Subject::Rule(rule)) => format!("run of rule {rule}"),
            (_, Subject::Failed { scope, .. }) => format!("repeat of {scope}"),
        };
        Ok(Some(Running {
            name,
            started: all,
            registry,
        }))
    }

    /// Plans a run of a rule.
    async fn whole(&self, rule: &str, target: &Target) -> Result<Planned, Failure> {
        let rule: RuleRef = text::reference(rule)?;
        let registry = target.registry().await?;
        let mut options = RunOptions::default().trial(self.trial);
        for text in &self.image {
            options = options.image(text::image(&*registry, text).await?);
        }
        Ok(Planned {
            plan: registry.plan_run(&rule, &options).await?,
            registry,
            options,
            subject: Subject::Rule(rule),
        })
    }

    /// Waits for the end of what was started.
    async fn follow(
        &self,
        running: Running,
        left: Duration,
        signals: &mut Signals,
        session: &mut Session<'_>,
    ) -> Result<u8, Failure> {
        let work = running.started.work();
        let completion = Completion::new(running.registry, work);
        let completion = match self.until.settle {
            Some(window) => completion.settle_window(window),
            None => completion,
        };
        let live = session.environment.live;
        let mut feed = Feed::of(self.progress, live, session.err);
        let clock = session.target.clock();
        let works = vec![(running.name.clone(), completion)];
        let (followed, signal) =
            following::follow(works, Hoped::Success, left, &mut feed, signals, &clock).await;
        session.fit();
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

/// Plans to repeat what has failed. Says so if nothing has failed.
async fn repeat(failed: &str, session: &mut Session<'_>) -> Result<Option<Planned>, Failure> {
    let (target, failed) = session.target.at_image(failed);
    session.target = target;
    let provider = session.target.provider()?;
    if !provider.has(Feature::RunImages) && provider.has(Feature::RunRule) {
        return Err(Failure::Usage(format!(
            "{} cannot repeat failed copies alone; `imgtrack run RULE` repeats all that the rule covers",
            provider.title
        )));
    }
    provider.check(Feature::RunImages)?;
    let scope = scope::read(&session.target, &failed)?;
    let registry = session.target.registry().await?;
    let scope = scope.resolved(&*registry).await?;
    let mut repeat = registry.plan_repeat(&scope).await?;
    let name = subject::scope_name(&scope);
    let Some(plan) = repeat.plan.take() else {
        let output = &mut session.output;
        match output.is_data() {
            true => output.value(&json!({
                "repeated": 0,
                "superseded": repeat.superseded.len(),
                "doubtful": repeat.doubtful.len(),
            })),
            false => output.say(&escaped(&left_alone(&name, &repeat))),
        }?;
        return Ok(None);
    };
    if let Some(doubt) = doubt(&name, &repeat) {
        session.output.say(&escaped(&doubt))?;
    }
    Ok(Some(Planned {
        options: repeat.options(),
        subject: Subject::Failed {
            about: subject::of_repeat(&scope, &repeat),
            scope: name,
        },
        registry,
        plan,
    }))
}

/// Tells which failed tasks are not repeated because of a doubt.
fn doubt(scope: &str, repeat: &Repeat) -> Option<String> {
    let doubtful = Some(repeat.doubtful.len()).filter(|count| *count > 0)?;
    Some(format!(
        "other tasks may have replaced {doubtful} failed tasks of {scope}: they do not name their time, \
         image and destination in full, so compare them with `imgtrack tasks`"
    ))
}

/// Tells why nothing is repeated.
fn left_alone(scope: &str, repeat: &Repeat) -> String {
    let superseded = repeat.superseded.len();
    let mut reasons = Vec::new();
    if superseded > 0 {
        reasons.push(format!(
            "newer tasks have replaced the {superseded} failed tasks of {scope}"
        ));
    }
    reasons.extend(doubt(scope, repeat));
    if reasons.is_empty() {
        reasons.push(format!("{scope} has no failed copy"));
    }
    format!("{}; nothing was sent", reasons.join("; "))
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
    let follow = |what: &str| target.command(&["tasks", what]);
    let mut lines = Vec::new();
    for execution in &started.executions {
        let execution = execution.to_string();
        lines.push(format!(
            "execution {} has started; its tasks:",
            escaped(&execution)
        ));
        lines.push(format!("  {}", escaped(&follow(&execution))));
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
            lines.push(format!("  {}", escaped(&follow(&image))));
        }
    }
    lines.push(String::new());
    Ok(lines.join("\n"))
}
