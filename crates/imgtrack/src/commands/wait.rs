use std::pin::pin;
use std::time::Duration;

use clap::Args;
use futures_util::future::{Either, select};
use registry_replication::{Arrival, WaitError};

use super::Execute;
use crate::args::{ArrivalArgs, value};
use crate::arrivals::{self, Ended};
use crate::failure::{Failure, TimedOut, worst};
use crate::output::Shape;
use crate::session::Session;
use crate::table::Arrived;
use crate::target::Target;
use crate::terminal::escaped;

#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// Images: [HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]
    #[arg(value_name = "IMAGE", required_unless_present = "from", value_parser = value::image)]
    images: Vec<String>,
    /// Longest time to wait, such as 90s, 15m or 1h30m
    ///
    /// The registry is polled a last time at the end. The command ends at most a second later.
    #[arg(long, value_name = "DURATION", value_parser = value::window)]
    timeout: Duration,
    /// Time to go on while the registry's answers are unusable
    ///
    /// This counts only after the first successful poll. Failures that usually pass (no connection,
    /// throttling, 5xx) do not end a wait before its timeout.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::duration)]
    trouble: Duration,
    /// Print no progress
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    arrival: ArrivalArgs,
}

impl Execute for Wait {
    fn shape(&self) -> Shape {
        Shape::table::<Arrived>()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let clock = session.target.clock();
        let begun = clock.elapsed();
        // Looking up a project or a host counts, too.
        let preparing = pin!(self.prepare(&session.target));
        let waits = match select(preparing, clock.guard(self.timeout)).await {
            Either::Left((waits, _)) => waits?,
            Either::Right(_) => {
                return Err(Failure::TimedOut(TimedOut {
                    command: "wait".to_owned(),
                    timeout: self.timeout,
                    is_verdict: true,
                    changes: false,
                }));
            }
        };
        let passed = clock.elapsed().saturating_sub(begun);
        let left = self.timeout.saturating_sub(passed);
        let err = &mut session.err;
        let ended = arrivals::follow(waits, left, |line| {
            if !self.quiet {
                // The wait goes on even if its progress cannot be written.
                let _ = writeln!(err, "{}", escaped(line));
            }
        })
        .await;
        arrivals::told(&ended, &mut session.output)?;
        let codes: Vec<u8> = ended.iter().map(Ended::code).collect();
        let errors = ended.into_iter().filter_map(|one| match one.into_error() {
            Some(WaitError::Call { error, .. }) => Some(error),
            _ => None,
        });
        match arrivals::failure(errors.collect()) {
            None => Ok(worst(codes)),
            Some(failure) => Err(failure),
        }
    }
}

impl Wait {
    /// Returns the arrivals to wait for. This looks up names only.
    async fn prepare(&self, target: &Target) -> Result<Vec<(String, Arrival)>, Failure> {
        let images = self.arrival.images(self.images.clone())?;
        let waits = arrivals::all(images, &self.arrival, target)
            .await?
            .into_iter();
        let waits = waits.map(|(image, arrival)| (image, arrival.trouble_window(self.trouble)));
        Ok(waits.collect())
    }
}
