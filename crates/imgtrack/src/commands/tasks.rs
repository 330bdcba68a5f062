use clap::Args;
use registry_replication::Task;

use super::{Execute, scope};
use crate::args::{Bound, Limit, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Tasks {
    /// Execution, repository or image, as far as the registry lists tasks by it
    #[arg(value_parser = value::word)]
    scope: String,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Tasks {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Task>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let scope = scope::read(&session.target, &self.scope)?;
        let registry = session.target.registry().await?;
        let scope = scope.resolved(&*registry).await?;
        let tasks = registry.tasks_of(&scope).by_item();
        session.output.listing(tasks, self.limit.most).await?;
        Ok(0)
    }
}
