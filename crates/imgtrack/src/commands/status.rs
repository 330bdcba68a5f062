use clap::Args;

use super::Execute;
use crate::args::{ArrivalArgs, Bound, value};
use crate::arrivals;
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::table::{self, Arrived};

#[derive(Args, Debug)]
pub(crate) struct Status {
    /// Image: [HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]
    #[arg(value_name = "IMAGE", required_unless_present = "from", value_parser = value::pinned)]
    image: Option<String>,
    #[command(flatten)]
    arrival: ArrivalArgs,
    #[command(flatten)]
    bound: Bound,
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

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let target = &session.target;
        let images = self.arrival.images(self.image.into_iter().collect())?;
        let asked = arrivals::all(images, &self.arrival, target).await?;
        let Some((_, arrival)) = asked.into_iter().next() else {
            return Ok(0);
        };
        let report = arrival.check().await?;
        let output = &mut session.output;
        match output.is_data() {
            true => output.value(&report)?,
            false => {
                output.rows(&table::arrivals(&[&report]))?;
                arrivals::notes(&table::noted(&[&report]), output)?;
            }
        }
        Ok(arrivals::code(report.verdict))
    }
}
