use clap::Args;
use registry_replication::{RuleRef, RunOptions, Started};

use super::{Execute, plan, text};
use crate::args::{Bound, Change, value};
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::target::Target;
use crate::terminal::escaped;

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
    bound: Bound,
}

impl Execute for Run {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn changes(&self) -> bool {
        !self.change.dry_run
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
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
            return Ok(0);
        }
        plan::confirm(&plan, &self.change, output)?;
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
        output.close()?;
        ended?;
        Ok(0)
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
            output.hold(lines(all, target, options)?);
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
