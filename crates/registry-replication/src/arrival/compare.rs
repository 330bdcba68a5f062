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
pub(super) enum Side {
    Source,
    Destination,
}

/// Returns the reason that a destination has the digest of an index, but not all of its manifests.
fn incomplete(comparison: &oci::Comparison) -> Reason {
    let text = format!("the image at the destination is incomplete: {comparison}");
    Reason::new(ReasonKind::NotShown, text)
}

/// Image at a registry.
pub(super) struct Place<'a> {
    pub(super) registry: &'a oci::Client,
    pub(super) repository: &'a str,
    pub(super) digest: &'a str,
}

/// Returns the reason that the referrers of an image cannot be read at one side.
pub(super) fn unread_referrers((side, error): (Side, Error)) -> Reason {
    let side = match side {
        Side::Source => "source",
        Side::Destination => "destination",
    };
    let text = format!("cannot read the referrers of the image at the {side}: {error}");
    Reason::new(ReasonKind::NotShown, text)
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
        let expected = match expected {
            Expected::Digest(digest) => digest,
            // Any image counts, if it is whole.
            Expected::Any => shown,
            Expected::Unknown => return Found::Other(None),
        };
        let unread = |error: Error| {
            let text = format!("cannot compare the image at the destination: {error}");
            Found::Unread(Reason::new(ReasonKind::NotShown, text))
        };
        let (client, reference) = (registry.client(), self.reference().unwrap_or_default());
        let same = client.digest_like(&repository, &reference, shown, expected);
        let shown = match same.await {
            Ok(same) if same == expected => same,
            Ok(_) => shown.to_owned(),
            Err(error) => return unread(error),
        };
        let there = Place {
            registry: client,
            repository: &repository,
            digest: &shown,
        };
        let found = match self.matches(expected, &there).await {
            Ok(found) => found,
            Err(error) => return unread(error),
        };
        if !matches!(found, Found::Expected(_)) || !self.ask.matching.referrers {
            return found;
        }
        match self.lacks_referrers(expected, &there).await {
            Ok(None) => found,
            Ok(Some(text)) => Found::Incomplete(Reason::new(ReasonKind::ReferrerMissing, text)),
            Err(error) => Found::Unread(unread_referrers(error)),
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
            (false, _) if expected == there.digest => Found::Incomplete(incomplete(&comparison)),
            (false, _) => Found::Other(Some(comparison.to_string())),
        })
    }

    /// Returns the source's registry and the repository there.
    pub(super) fn original_registry(&self) -> Result<(oci::Client, String), (Side, Error)> {
        self.ask.source_registry().ok_or_else(|| {
            let what = "the source does not serve the distribution API";
            (Side::Source, Error::configuration(what))
        })
    }

    /// Returns which referrers of a manifest the source lists and the destination does not.
    pub(super) async fn lacks_referrers(
        &mut self,
        expected: &str,
        there: &Place<'_>,
    ) -> Result<Option<String>, (Side, Error)> {
        let (registry, repository) = self.original_registry()?;
        let listed = registry.referrers(&repository, expected).await;
        let listed = listed.map_err(|error| (Side::Source, error))?;
        let known = self.referrers.entry(expected.to_owned()).or_default();
        for mut referrer in listed {
            // What the source has shown once stays expected: lists lag, and an answer may be lost.
            let before = known.remove(&referrer.digest);
            referrer.tag = referrer.tag.or(before.and_then(|before| before.tag));
            known.insert(referrer.digest.clone(), referrer);
        }
        if known.is_empty() {
            return Ok(None);
        }
        let found = there.registry.referrers(there.repository, expected).await;
        let found = found.map_err(|error| (Side::Destination, error))?;
        let missing = oci::missing(known.values(), &found);
        Ok(missing.map(|names| {
            format!("the image is at the destination without what refers to it: {names}")
        }))
    }
}
