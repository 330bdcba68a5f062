//! `imgtrack status`, `wait` and `explain`: whether an image is where it has to be.

mod progress;
mod wait;

use registry_replication::{Arrival, Registry, Report, Verdict};

use crate::cli::{Asked, Place};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table;
pub(crate) use wait::{Ended, follow, told, wait};

/// The exit code of a verdict. One that may still change has the code of what it is now.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Arrived => 0,
        Verdict::Failed => 3,
        Verdict::Pending | Verdict::Stalled => 4,
        Verdict::NoRule | Verdict::NoTask => 5,
        Verdict::DigestMismatch => 6,
        _ => 1,
    }
}

/// What is asked about one image, `[HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]`.
async fn arrival(
    registry: &dyn Registry,
    image: &str,
    asked: &Asked,
    connection: &Connection,
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
        arrival = arrival.since(connection.time(since)?);
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
        // What was given is not repeated: a host may come with a password.
        let (destination, host) = proof
            .split_once('=')
            .ok_or_else(|| Failure::Usage("a --proof is not DESTINATION=HOST".to_owned()))?;
        arrival = arrival.proof(destination, connection.destination(host)?);
    }
    arrival = match (asked.any, asked.all) {
        (true, _) => arrival.any(),
        (false, _) => arrival.all(),
    };
    Ok(arrival.stall_window(asked.stall).task_window(asked.appear))
}

/// One look.
pub(crate) async fn status(
    image: &str,
    asked: &Asked,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let registry = connection.registry(to.registry, &to.to).await?;
    let arrival = arrival(&*registry, image, asked, connection).await?;
    let report = arrival.check().await?;
    match output.is_json() {
        true => output.json(&report)?,
        false => {
            output.text(&table::arrivals(&[&report]))?;
            notes(&table::noted(&[&report]), output)?;
        }
    }
    Ok(code(report.verdict))
}

/// What is said below a table.
fn notes(text: &str, output: &mut Output<'_>) -> Result<(), Failure> {
    match text {
        "" => Ok(()),
        text => output.text(&format!("\n{text}")),
    }
}

/// One look, and all that can be found out of why.
pub(crate) async fn explain(
    image: &str,
    asked: &Asked,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<u8, Failure> {
    let registry = connection.registry(to.registry, &to.to).await?;
    let arrival = arrival(&*registry, image, asked, connection).await?;
    let report = arrival.explain().await?;
    explained(&report, output)?;
    Ok(code(report.verdict))
}

/// A report with its sentences first.
pub(crate) fn explained(report: &Report, output: &mut Output<'_>) -> Result<(), Failure> {
    match output.is_json() {
        true => output.json(report),
        false => {
            output.text(&table::explained(report))?;
            output.text(&format!("\n{}", table::arrivals(&[report])))
        }
    }
}
