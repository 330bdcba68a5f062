use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, Watch, value};
use crate::arrivals::{self, Polled};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::table::Arrived;

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Images: [HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]
    #[arg(value_name = "IMAGE", required_unless_present = "from", value_parser = value::image)]
    images: Vec<String>,
    #[command(flatten)]
    arrival: ArrivalArgs,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    watch: Watch,
}

impl Execute for Status {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn is_verdict(&self) -> bool {
        true
    }

    fn shape(&self) -> Shape {
        Shape::table::<Arrived>()
    }

    fn watch(&self) -> Option<Duration> {
        self.watch.interval()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let target = &session.target;
        let images = self.arrival.images(self.images)?;
        let asked = arrivals::all(images, &self.arrival, target).await?;
        let polls = join_all(asked.iter().map(|(_, arrival)| arrival.check())).await;
        let polled = Polled::new(polls);
        arrivals::checked(&polled, &mut session.output)?;
        polled.end()
    }
}
