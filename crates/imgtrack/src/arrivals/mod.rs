//! Arrivals of images: questions, results and exit codes.

mod progress;
mod wait;

use registry_replication::{Arrival, Registry, Report, Verdict};

use crate::args::ArrivalArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::table;
use crate::target::Target;
#[cfg(feature = "demo")]
pub(crate) use wait::Ended;
pub(crate) use wait::{follow, told};

/// Returns the exit code of a verdict, whether or not it is final.
pub(crate) fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Arrived => 0,
        Verdict::Failed => 3,
        Verdict::Pending | Verdict::Stalled => 4,
        Verdict::NoRule | Verdict::NoTask => 5,
        Verdict::DigestMismatch => 6,
        _ => 1,
    }
}

/// Builds the question about one image, `[HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]`.
pub(crate) async fn arrival(
    registry: &dyn Registry,
    image: &str,
    asked: &ArrivalArgs,
    target: &Target,
) -> Result<Arrival, Failure> {
    let reference = registry.read_image(image).await?;
    let digest = match (reference.digest(), &asked.digest) {
        (Some(_), Some(_)) => {
            return Err(Failure::Usage(format!(
                "image {image:?} has a digest; leave out --digest"
            )));
        }
        (own, given) => own.or(given.as_deref()).map(str::to_owned),
    };
    let mut arrival = registry.arrival(&reference.without_digest().to_string());
    for destination in &asked.to {
        arrival = arrival.to(destination.as_str());
    }
    if let Some(digest) = digest {
        arrival = arrival.digest(digest);
    }
    if let Some(since) = asked.since {
        arrival = arrival.since(target.time(since)?);
    }
    if asked.newest {
        if image.contains('@') {
            return Err(Failure::Usage(format!(
                "image {image:?} has a digest; leave out --newest"
            )));
        }
        arrival = arrival.newest();
    }
    if let Some(settle) = asked.settle {
        arrival = arrival.settle_window(settle);
    }
    for proof in &asked.proof {
        // The value is not repeated: a host may come with a password.
        let (destination, host) = proof
            .split_once('=')
            .ok_or_else(|| Failure::Usage("invalid --proof; write DESTINATION=HOST".to_owned()))?;
        arrival = arrival.proof(destination, target.destination(host)?);
    }
    arrival = match (asked.any, asked.all) {
        (true, _) => arrival.any(),
        (false, _) => arrival.all(),
    };
    Ok(arrival.stall_window(asked.stall).task_window(asked.appear))
}

/// Writes notes below a table.
pub(crate) fn notes(text: &str, output: &mut Output<'_>) -> Result<(), Failure> {
    match text {
        "" => Ok(()),
        text => output.text(&format!("\n{text}")),
    }
}

/// Writes a report, its sentences first. `target` has the options that name the registry.
pub(crate) fn explained(
    report: &Report,
    target: &str,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match output.is_json() {
        true => output.json(report),
        false => {
            output.text(&table::explained(report, target))?;
            output.text(&format!("\n{}", table::arrivals(&[report])))
        }
    }
}
