use clap::{ArgGroup, Args};
use futures_util::future::join_all;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, Images};
use crate::arrivals::{self, Polled};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::table::Arrived;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack explain [OPTIONS] <IMAGE>...")]
#[command(group(
    ArgGroup::new("asked").args(["images", "images_file", "from"]).required(true).multiple(true)
))]
pub(crate) struct Explain {
    #[command(flatten)]
    images: Images,
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
        let images = self.arrival.images(self.images.read().await?)?;
        let asked = arrivals::all(images, &self.arrival, target).await?;
        let polls = join_all(asked.iter().map(|(_, arrival)| arrival.explain())).await;
        let polled = Polled::new(polls);
        arrivals::explained(&polled, &target.words(), &mut session.output)?;
        polled.end()
    }
}
