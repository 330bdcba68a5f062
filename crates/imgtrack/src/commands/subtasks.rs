use clap::Args;
use registry_replication::{Subtask, TaskRef};

use super::{Execute, text};
use crate::args::{Bound, Listing, OfPeriod, OfStates, OfTag, value};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Shape;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Subtasks {
    /// Task, as `imgtrack tasks` prints it
    #[arg(value_parser = value::word)]
    task: String,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    states: OfStates,
    #[command(flatten)]
    period: OfPeriod,
    #[command(flatten)]
    tag: OfTag,
}

impl Execute for Subtasks {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::table::<Subtask>()
    }

    fn sort(&self) -> Option<&str> {
        self.listing.sort.as_deref()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let filter = Filter::default()
            .states(self.states)
            .period(&self.period, &session.target)?
            .tag(self.tag);
        let task: TaskRef = text::reference(&self.task)?;
        let registry = session.target.registry().await?;
        let subtasks = match filter.state() {
            Some(state) => registry.subtasks_in(&task, state),
            None => registry.subtasks_of(&task),
        };
        let output = &mut session.output;
        output.listing(subtasks, &filter, &self.listing).await?;
        Ok(0)
    }
}
