use clap::Args;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, value};
use crate::arrivals;
use crate::failure::Failure;
use crate::session::Session;

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// Image: NAMESPACE/REPOSITORY:TAG[@DIGEST]
    #[arg(value_name = "IMAGE", value_parser = value::tagged)]
    image: String,
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

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let target = &session.target;
        let registry = target.registry().await?;
        let arrival = arrivals::arrival(&*registry, &self.image, &self.arrival, target).await?;
        let report = arrival.explain().await?;
        arrivals::explained(&report, &target.words(), &mut session.output)?;
        Ok(arrivals::code(report.verdict))
    }
}
