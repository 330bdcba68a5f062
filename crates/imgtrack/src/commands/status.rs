use std::time::Duration;

use clap::{ArgGroup, Args};
use registry_replication::Arrival;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, Images, JobArgs, Watch};
use crate::arrivals;
use crate::failure::Failure;
use crate::jobs::Job;
use crate::output::Shape;
use crate::session::Session;
use crate::table::Arrived;

#[derive(Args, Debug)]
#[command(override_usage = "imgtrack status [OPTIONS] <IMAGE>...")]
#[command(group(
    ArgGroup::new("asked").args(["images", "images_file", "from"]).required(true).multiple(true)
))]
pub(crate) struct Status {
    #[command(flatten)]
    images: Images,
    #[command(flatten)]
    arrival: ArrivalArgs,
    #[command(flatten)]
    job: JobArgs,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    watch: Watch,
}

impl Execute for Status {
    fn shape(&self) -> Shape {
        Shape::table::<Arrived>()
    }

    fn watch(&self) -> Option<Duration> {
        self.watch.interval()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        if self.watch.interval().is_some() {
            self.images.check_repeatable()?;
        }
        session.output.limit(self.bound.timeout);
        let target = &session.target;
        let images = async { self.arrival.images(self.images.read().await?) };
        let ask = async |arrival: &Arrival| arrival.check().await;
        let command = ("status", self.bound);
        let polled = arrivals::poll(command, images, &self.arrival, target, ask).await?;
        let written = arrivals::checked(&polled, &mut session.output);
        if self.watch.interval().is_none() {
            let job = Job::of(self.job, session.environment.surroundings.as_ref());
            job.report(&polled.findings(), session.err);
        }
        written?;
        polled.end()
    }
}
