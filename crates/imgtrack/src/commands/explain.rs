use clap::Args;
use futures_util::future::join_all;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, value};
use crate::arrivals::{self, Polled};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::table::Arrived;

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Images: [HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]
    #[arg(value_name = "IMAGE", required_unless_present = "from", value_parser = value::image)]
    images: Vec<String>,
    #[command(flatten)]
    arrival: ArrivalArgs,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Explain {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn is_verdict(&self) -> bool {
        true
    }

    fn shape(&self) -> Shape {
        Shape::table::<Arrived>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let target = &session.target;
        let images = self.arrival.images(self.images)?;
        let asked = arrivals::all(images, &self.arrival, target).await?;
        let polls = join_all(asked.iter().map(|(_, arrival)| arrival.explain())).await;
        let polled = Polled::new(polls);
        arrivals::explained(&polled, &target.words(), &mut session.output)?;
        polled.end()
    }
}
