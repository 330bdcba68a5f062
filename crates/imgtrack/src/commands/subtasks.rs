use clap::Args;
use registry_replication::{Subtask, TaskRef};

use super::{Execute, text};
use crate::args::{Bound, Limit, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Subtasks {
    /// Task, as `imgtrack tasks` prints it
    #[arg(value_parser = value::word)]
    task: String,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Subtasks {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::table::<Subtask>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let task: TaskRef = text::reference(&self.task)?;
        let registry = session.target.registry().await?;
        let subtasks = registry.subtasks_of(&task).by_item();
        session.output.listing(subtasks, self.limit.most).await?;
        Ok(0)
    }
}
