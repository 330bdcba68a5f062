use std::time::Duration;

use clap::Args;
use registry_replication::oci::{Match, Platform};
use registry_replication::{Error, ImageReference};

use super::{When, value};
use crate::failure::Failure;

/// Conditions of an arrival.
#[derive(Args, Debug)]
#[command(next_help_heading = "Arrival")]
pub(crate) struct ArrivalArgs {
    /// Destination: PLACE or PLACE/NAMESPACE. Repeatable
    ///
    /// PLACE is a region, an instance, a target registry or a host.
    ///
    /// [default: every destination of the rules that cover the image; without --registry, the host of
    /// the image]
    #[arg(
        long,
        value_name = "DESTINATION",
        value_delimiter = ',',
        value_parser = value::destination
    )]
    pub(crate) to: Vec<String>,
    /// Require the image at every destination [default]
    #[arg(long, conflicts_with = "any")]
    pub(crate) all: bool,
    /// Require the image at any one destination
    #[arg(long)]
    pub(crate) any: bool,
    /// Expect this digest, sha256:…; for several images, write IMAGE@DIGEST
    ///
    /// [default: the digest that the source has under the tag]
    #[arg(long, value_parser = value::digest)]
    pub(crate) digest: Option<String>,
    /// Expect the digest of this image in any registry: HOST/REPOSITORY:TAG
    ///
    /// Without another image, this image is expected at the destinations of --to.
    #[arg(
        long,
        value_name = "IMAGE",
        value_parser = value::pinned,
        conflicts_with_all = ["digest", "since", "newest"]
    )]
    pub(crate) from: Option<String>,
    /// Accept only tasks created since a time (2026-11-27T14:40:00Z), a date or 10m ago
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<When>,
    /// Accept the newest task, whatever image it copied
    #[arg(long, conflicts_with_all = ["digest", "since"])]
    pub(crate) newest: bool,
    /// Require HOST to serve the digest, twice in a row. Repeatable
    ///
    /// HOST is the registry of the destination. Credentials come from Docker's configuration.
    #[arg(long, value_name = "DESTINATION=HOST")]
    pub(crate) proof: Vec<String>,
    /// Compare the digest, platforms or config [default: digest]
    ///
    /// `platforms` accepts another index with the same manifest for each platform, and `config` other
    /// manifests with the same config. It applies to hosts of images and of --proof.
    #[arg(long = "match", value_name = "WHAT")]
    pub(crate) matching: Option<Match>,
    /// Compare only this platform, such as linux/amd64. Repeatable
    ///
    /// This implies --match platforms.
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Vec<Platform>,
    /// Require signatures and other artifacts that refer to the image, too
    #[arg(long)]
    pub(crate) with_referrers: bool,
    /// Time until a failed task is final [default: 60s, or as the registry retries]
    #[arg(long, value_name = "DURATION", value_parser = value::duration)]
    pub(crate) settle: Option<Duration>,
    /// Time until a task without progress is stalled [default: 15m, or the registry's]
    #[arg(long, value_name = "DURATION", value_parser = value::window)]
    pub(crate) stall: Option<Duration>,
    /// Time for a rule to create its task
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = value::duration)]
    pub(crate) appear: Duration,
}

impl ArrivalArgs {
    /// Returns the images to ask about: those that were given, or the one of `--from`.
    pub(crate) fn images(&self, given: Vec<String>) -> Result<Vec<String>, Failure> {
        if given.len() > 1 && self.from.is_some() {
            return Err(Failure::Usage(
                "--from applies to one image; run one command for each image".to_owned(),
            ));
        }
        if given.len() > 1 && self.digest.is_some() {
            return Err(Failure::Usage(
                "--digest applies to one image; for several images, write IMAGE@DIGEST".to_owned(),
            ));
        }
        for image in &given {
            self.check(image)?;
        }
        match (given.is_empty(), &self.from) {
            (true, Some(from)) if !self.to.is_empty() => Ok(vec![from.clone()]),
            (true, Some(_)) => Err(Failure::Usage(
                "missing destination; use --to HOST[/NAMESPACE], or write the image that is \
                 expected"
                    .to_owned(),
            )),
            _ => Ok(given),
        }
    }

    /// Refuses an image without tag and digest.
    fn check(&self, image: &str) -> Result<(), Failure> {
        let reference: ImageReference = image.parse().map_err(Error::from)?;
        let is_named = reference.tag().or(reference.digest()).is_some();
        match is_named || self.digest.is_some() {
            true => Ok(()),
            false => Err(Failure::Usage(format!(
                "invalid image {image:?}: it has no tag; write {image}:TAG"
            ))),
        }
    }
}
