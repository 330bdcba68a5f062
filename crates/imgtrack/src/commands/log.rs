use clap::Args;
use registry_replication::TaskRef;
use serde_json::json;

use super::{Execute, text};
use crate::args::{Bound, value};
use crate::failure::Failure;
use crate::session::Session;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack tasks log [OPTIONS] <TASK>")]
pub(crate) struct Log {
    /// Task, as `imgtrack tasks` prints it
    #[arg(value_parser = value::word)]
    task: String,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Log {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let task: TaskRef = text::reference(&self.task)?;
        let registry = session.target.registry().await?;
        let log = registry.log_of(&task).await?;
        let output = &mut session.output;
        match output.is_data() {
            true => output.value(&json!({ "task": task, "log": log }))?,
            // A tab would move the cursor of a terminal.
            false => output.text(&log.replace('\t', "    "))?,
        }
        Ok(0)
    }
}
