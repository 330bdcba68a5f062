use clap::{ArgGroup, Args};
use registry_replication::Arrival;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, Images};
use crate::arrivals;
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
    fn shape(&self) -> Shape {
        Shape::table::<Arrived>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        session.output.limit(self.bound.timeout);
        let target = &session.target;
        let images = async { self.arrival.images(self.images.read().await?) };
        let ask = async |arrival: &Arrival| arrival.explain().await;
        let command = ("explain", self.bound);
        let polled = arrivals::poll(command, images, &self.arrival, target, ask).await?;
        arrivals::explained(&polled, &mut session.output)?;
        polled.end()
    }
}
