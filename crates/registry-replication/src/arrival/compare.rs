//! Comparison of what a destination serves with the expected image.

use openapi_transport::Error;

use super::engine::{Ask, Engine, Origin};
use super::proof::Expected;
use super::report::{Basis, DestinationReport, Reason, ReasonKind};
use crate::oci::{self, Match, Platform};

/// What an image must have in common with the expected one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matching {
    pub(crate) mode: Match,
    /// Platforms to compare. Empty for all.
    pub(crate) platforms: Vec<Platform>,
    /// Whether signatures and other referrers of the image must have arrived, too.
    pub(crate) referrers: bool,
}

/// What a destination serves.
pub(super) enum Found {
    /// The expected image.
    Expected(Basis),
    /// Another image, and how it differs if that was compared.
    Other(Option<String>),
    /// The expected image, without something that belongs to it.
    Incomplete(Reason),
    /// An image that cannot be compared.
    Unread(Reason),
}

/// Registry whose answer is missing.
enum Side {
    Source,
    Destination,
}

/// Image at a registry.
struct Place<'a> {
    registry: &'a oci::Client,
    repository: &'a str,
    digest: &'a str,
}

impl Ask {
    /// Returns the source's registry and the repository there, if it serves the distribution API.
    pub(super) fn source_registry(&self) -> Option<(oci::Client, String)> {
        match &self.origin {
            Origin::Own => Some((self.registry.client()?, self.question.image.path())),
            Origin::Other(registry, repository, _) => Some((registry.clone(), repository.clone())),
            Origin::None => None,
        }
    }
}

impl Engine {
    /// Compares the digest that a destination has shown with the expected image.
    pub(super) async fn compared(
        &mut self,
        report: &DestinationReport,
        expected: &Expected,
        shown: &str,
    ) -> Found {
        let Some(registry) = self.proof(report).cloned() else {
            return Found::Other(None);
        };
        let repository = self.repository(report);
        let there = Place {
            registry: registry.client(),
            repository: &repository,
            digest: shown,
        };
        let expected = match expected {
            Expected::Digest(digest) => digest,
            // Any image counts, if it is whole.
            Expected::Any => shown,
            Expected::Unknown => return Found::Other(None),
        };
        let found = match self.matches(expected, &there).await {
            Ok(found) => found,
            Err(error) => {
                let text = format!("cannot compare the image at the destination: {error}");
                return Found::Unread(Reason::new(ReasonKind::NotShown, text));
            }
        };
        if !matches!(found, Found::Expected(_)) || !self.ask.matching.referrers {
            return found;
        }
        match self.lacks_referrers(expected, &there).await {
            Ok(None) => found,
            Ok(Some(text)) => Found::Incomplete(Reason::new(ReasonKind::ReferrerMissing, text)),
            Err((side, error)) => {
                let side = match side {
                    Side::Source => "source",
                    Side::Destination => "destination",
                };
                let text = format!("cannot read the referrers of the image at the {side}: {error}");
                Found::Unread(Reason::new(ReasonKind::NotShown, text))
            }
        }
    }

    async fn matches(&self, expected: &str, there: &Place<'_>) -> Result<Found, Error> {
        let Matching {
            mode, platforms, ..
        } = &self.ask.matching;
        if *mode == Match::Digest {
            return Ok(match expected == there.digest {
                true => Found::Expected(Basis::Destination),
                false => Found::Other(None),
            });
        }
        let source = self.ask.source_registry();
        let (registry, repository) = match &source {
            Some((registry, repository)) => (registry, repository.as_str()),
            // The destination's own image is all that is known.
            None => (there.registry, there.repository),
        };
        let at = (there.registry, there.repository, there.digest);
        // Each look asks again, because what a destination serves of an index may change.
        let comparison =
            oci::compare((registry, repository, expected), at, *mode, platforms).await?;
        Ok(match (comparison.is_same(), mode) {
            (true, _) if expected == there.digest => Found::Expected(Basis::Destination),
            (true, Match::Config) => Found::Expected(Basis::SameConfig),
            (true, _) => Found::Expected(Basis::SamePlatforms),
            (false, _) => Found::Other(Some(comparison.to_string())),
        })
    }

    /// Returns which referrers of the source's image the destination does not list.
    async fn lacks_referrers(
        &mut self,
        expected: &str,
        there: &Place<'_>,
    ) -> Result<Option<String>, (Side, Error)> {
        let source = self.ask.source_registry();
        let (registry, repository) = source.ok_or_else(|| {
            let what = "the source does not serve the distribution API";
            (Side::Source, Error::configuration(what))
        })?;
        let listed = registry.referrers(&repository, expected).await;
        let listed = listed.map_err(|error| (Side::Source, error))?;
        let known = self.referrers.entry(expected.to_owned()).or_default();
        for mut referrer in listed {
            // What the source has shown once stays expected: lists lag, and an answer may be lost.
            let before = known.remove(&referrer.digest);
            referrer.tag = referrer.tag.or(before.and_then(|before| before.tag));
            known.insert(referrer.digest.clone(), referrer);
        }
        let found = there.registry.referrers(there.repository, expected).await;
        let found = found.map_err(|error| (Side::Destination, error))?;
        let missing = oci::missing(known.values(), &found);
        Ok(missing.map(|names| {
            format!("the image is at the destination without what refers to it: {names}")
        }))
    }
}
