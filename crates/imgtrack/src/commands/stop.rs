use clap::Args;
use registry_replication::{Feature, StopTarget};
use serde_json::json;

use super::{Execute, plan, scope, text};
use crate::args::{Bound, Change, value};
use crate::failure::Failure;
use crate::session::Session;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct Stop {
    /// Execution or task, as `imgtrack executions` or `imgtrack tasks` prints it
    #[arg(value_parser = value::word)]
    what: String,
    #[command(flatten)]
    change: Change,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Stop {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn changes(&self) -> bool {
        !self.change.dry_run
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let what = self.what.as_str();
        let stopped = stop_target(&session.target, what)?;
        let registry = session.target.registry().await?;
        let output = &mut session.output;
        let plan = registry.plan_stop(&stopped).await?;
        if let Some(state) = plan.ended() {
            match output.is_data() {
                true => output.value(&json!({ "ended": what, "state": state })),
                false => output.line(&format!("{what} has already ended: {state}")),
            }?;
            return Ok(0);
        }
        if self.change.dry_run {
            plan::preview(&plan, output).await?;
            return Ok(0);
        }
        plan::confirm(&plan, &self.change, output)?;
        plan.send().await?;
        match output.is_data() {
            true => output.value(&json!({ "stopped": what })),
            false => output.line(&format!("the registry accepted the stop of {what}")),
        }?;
        Ok(0)
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
                     with all of its tasks: imgtrack stop {execution} {}",
                    provider.title,
                    target.words()
                ))),
                None => Ok(StopTarget::Task(task)),
            },
        },
    }
}
