//! Arrivals of images: questions, results and exit codes.

mod poll;
mod progress;
mod usual;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;

use registry_replication::oci::Match;
use registry_replication::{Arrival, Error, ImageName, ImageReference, Registry, Report, Verdict};

use crate::args::ArrivalArgs;
use crate::failure::Failure;
use crate::jobs::Finding;
use crate::output::Output;
use crate::table;
use crate::target::Target;
pub(crate) use poll::{Polled, failure, poll};
pub(crate) use progress::{elapsed, elapsed_ms};
use usual::CopySource;
pub(crate) use wait::{Awaiting, Ended, EndedJson, follow, told};

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

/// Questions that are built before timers and signals get their turn.
const AT_ONCE: usize = 64;

/// Arrival of one image, with the registry that it is in.
pub(crate) struct ImageArrival {
    pub(crate) image: String,
    pub(crate) arrival: Arrival,
    /// Target of the image's registry.
    target: Target,
    source: CopySource,
}

/// Prepares the arrivals of images, `[HOST/]NAMESPACE/REPOSITORY:TAG[@DIGEST]`.
///
/// Images of one registry share their polls.
pub(crate) async fn all(
    images: Vec<String>,
    asked: &ArrivalArgs,
    target: &Target,
) -> Result<Vec<ImageArrival>, Failure> {
    let mut registries = Registries::default();
    let mut all = Vec::new();
    for (number, image) in images.into_iter().enumerate() {
        if number % AT_ONCE == AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
        let place = registries.of(&image, target).await?;
        let target = place.target.clone();
        let source = CopySource {
            registry: place.registry.clone(),
            image: ImageName::of(&place.reference),
        };
        all.push(ImageArrival {
            arrival: arrival(place, &image, asked).await?,
            image,
            target,
            source,
        });
    }
    Ok(all)
}

/// Registries that images are in.
#[derive(Default)]
struct Registries {
    /// The registry that the options name.
    named: Option<Arc<dyn Registry>>,
    by_host: BTreeMap<String, (Arc<dyn Registry>, Target)>,
}

/// Where an image is.
struct Place {
    registry: Arc<dyn Registry>,
    /// Name of the image there.
    reference: ImageReference,
    /// The registry's own target, with its destinations.
    target: Target,
}

impl Registries {
    /// Returns the registry of an image: the one that the command line names, or that of its host.
    async fn of(&mut self, image: &str, target: &Target) -> Result<Place, Failure> {
        let at_host = match target.is_named() && !target.is_at_host_of_image() {
            true => None,
            false => Some(docker_name(image)?),
        };
        let at_host = at_host.and_then(|image| Some((image.host()?.to_owned(), image)));
        let Some((host, reference)) = at_host else {
            let registry = match &self.named {
                Some(registry) => registry.clone(),
                None => {
                    target.provider().map_err(|error| match error {
                        Failure::Usage(what) if !target.has_registry() => Failure::Usage(format!(
                            "{what}; or write the host of the image: HOST/{image}, or {} for \
                                 Docker Hub",
                            hub_name(image)
                        )),
                        other => other,
                    })?;
                    self.named.insert(target.registry().await?).clone()
                }
            };
            return Ok(Place {
                reference: registry.read_image(image).await?,
                registry,
                target: target.clone(),
            });
        };
        let (registry, target) = match self.by_host.get(&host) {
            Some(known) => known.clone(),
            None => match target.configured_at(&host) {
                Some(configured) => (configured.registry().await?, configured),
                None => (target.at_host(&host).await?, target.without_registry()),
            },
        };
        self.by_host
            .insert(host, (registry.clone(), target.clone()));
        Ok(Place {
            registry,
            reference: reference.without_host(),
            target,
        })
    }
}

/// Reads the name of an image as docker does.
fn docker_name(text: &str) -> Result<ImageReference, Error> {
    let image: ImageReference = text.parse()?;
    Ok(image.as_docker())
}

/// Returns the name of an image at Docker Hub.
fn hub_name(image: &str) -> String {
    let at_hub = format!("docker.io/{image}");
    match docker_name(&at_hub) {
        Ok(name) => name.to_string(),
        Err(_) => at_hub,
    }
}

/// Builds the question about one image.
async fn arrival(place: Place, image: &str, asked: &ArrivalArgs) -> Result<Arrival, Failure> {
    let Place {
        registry,
        reference,
        target,
    } = place;
    let digest = match (reference.digest(), &asked.digest) {
        (Some(_), Some(_)) => {
            return Err(Failure::Usage(format!(
                "image {image:?} has a digest; leave out --digest"
            )));
        }
        (own, given) => own.or(given.as_deref()).map(str::to_owned),
    };
    let from = asked.from.as_deref().filter(|from| *from != image);
    if from.is_some() && reference.digest().is_some() {
        return Err(Failure::Usage(format!(
            "image {image:?} has a digest; leave out --from"
        )));
    }
    let mut arrival = registry.arrival(&reference.without_digest().to_string());
    let configured = target.destinations();
    let to: Vec<&str> = match asked.to.is_empty() {
        true => configured.iter().map(|one| one.name.as_str()).collect(),
        false => asked.to.iter().map(String::as_str).collect(),
    };
    for destination in &to {
        // The configuration may have another host for the name.
        let real = match destination.split_once('/') {
            _ if registry.descriptor().shows_work() => (*destination).to_owned(),
            Some((host, namespace)) => format!("{}/{namespace}", target.real_host(host)),
            None => target.real_host(destination).to_owned(),
        };
        if registry.descriptor().shows_work() && destination.matches('/').count() > 1 {
            return Err(Failure::Usage(format!(
                "invalid destination {destination:?}: it has more than one slash, and a namespace \
                 of {} has none; write PLACE/NAMESPACE",
                registry.descriptor().title
            )));
        }
        arrival = arrival.to(real);
    }
    if let Some(digest) = digest {
        arrival = arrival.digest(digest);
    }
    if let Some(from) = from {
        let from = docker_name(from)?;
        let host = from.host().ok_or_else(|| {
            Failure::Usage(format!("invalid --from: it has no host; write HOST/{from}"))
        })?;
        let reference = from.digest().or(from.tag()).unwrap_or_default();
        arrival = arrival.original(target.destination(host).await?, from.path(), reference);
    }
    let mode = asked.matching.unwrap_or(match asked.platform.is_empty() {
        true => Match::Digest,
        false => Match::Platforms,
    });
    arrival = arrival.matching(mode, asked.platform.clone());
    if asked.with_referrers {
        arrival = arrival.with_referrers();
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
        let proof = target.destination(host).await?;
        let is_asked = to.contains(&destination);
        if is_asked && !registry.descriptor().shows_work() {
            return Err(Failure::Usage(format!(
                "{} asks its destinations itself; leave out --proof",
                registry.descriptor().title
            )));
        }
        arrival = arrival.proof(destination, proof);
    }
    let is_given = |destination: &str| {
        let given = asked.proof.iter().filter_map(|proof| proof.split_once('='));
        given.into_iter().any(|(given, _)| given == destination)
    };
    for one in configured {
        let Some(host) = one.proof.as_deref().filter(|_| !is_given(&one.name)) else {
            continue;
        };
        if to.contains(&one.name.as_str()) {
            arrival = arrival.proof(one.name.as_str(), target.destination(host).await?);
        }
    }
    arrival = match (asked.any, asked.all) {
        (true, _) => arrival.any(),
        (false, _) => arrival.all(),
    };
    if let Some(stall) = asked.stall {
        arrival = arrival.stall_window(stall);
    }
    Ok(arrival.task_window(asked.appear))
}

/// Returns what a report tells of each destination.
fn findings(report: &Report) -> Vec<Finding> {
    let destinations = report.destinations.iter().map(|one| Finding {
        what: report.image.clone(),
        to: Some(one.destination.to_string()),
        verdict: one.verdict.to_string(),
        details: match one.reasons.first() {
            Some(reason) => reason.text.clone(),
            None => one.evidence.as_ref().map_or(String::new(), |evidence| {
                format!("{} is {}", evidence.name(), evidence.state)
            }),
        },
        is_good: one.verdict == Verdict::Arrived,
    });
    destinations.collect()
}

/// Writes notes below a table.
pub(crate) fn notes(text: &str, output: &mut Output<'_>) -> Result<(), Failure> {
    match text.trim_end() {
        "" => Ok(()),
        text => output.say(&format!("\n{text}")),
    }
}

/// Writes the reports of single polls as a table, with notes.
pub(crate) fn checked(polled: &Polled, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_data() {
        return polled.write(output);
    }
    if polled.answers.is_empty() {
        return Ok(());
    }
    polled.rows(output)?;
    notes(&table::noted(&polled.reports()), output)
}

/// Writes the reports of single polls, their sentences first.
pub(crate) fn explained(polled: &Polled, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_data() {
        return polled.write(output);
    }
    if polled.answers.is_empty() {
        return Ok(());
    }
    for (report, answer) in polled.reports().into_iter().zip(&polled.answers) {
        output.say(&table::explained(report, &answer.target))?;
    }
    polled.rows(output)
}
