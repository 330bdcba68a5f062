//! Parts of an image that a destination must serve before an arrival is confirmed.

use std::collections::BTreeSet;

use openapi_transport::Error;

use super::compare::{Place, Side, unread_referrers};
use super::engine::Engine;
use super::proof::Expected;
use super::report::{DestinationReport, Reason, ReasonKind};
use crate::oci::{self, Match, Proof};

impl Engine {
    /// Returns what the destination lacks of an image that it has shown as expected. Asked once, when
    /// the arrival is about to be confirmed, and then with each poll until nothing is missing.
    ///
    /// - An index needs the manifests that it lists. If platforms are compared, those that are the
    ///   source's own: a comparison has read the others.
    /// - With referrers, the destination must serve those that it lists, and have those of the
    ///   index's manifests, too.
    pub(super) async fn lacking_parts(
        &mut self,
        report: &DestinationReport,
        expected: &Expected,
        shown: &str,
    ) -> Option<Reason> {
        let registry = self.proof(report)?.clone();
        let repository = self.repository(report);
        let there = Place {
            registry: registry.client(),
            repository: &repository,
            digest: shown,
        };
        let expected = match expected {
            Expected::Digest(digest) => digest,
            Expected::Any | Expected::Unknown => shown,
        };
        if self.is_alone() {
            let reference = self.reference().unwrap_or_default();
            let lacking = match self.wanted_children(expected).await {
                Ok(wanted) => lacking_children(&there, &reference, wanted).await,
                Err(error) => Err(error),
            };
            match lacking {
                Ok(None) => {}
                Ok(Some(text)) => return Some(Reason::new(ReasonKind::NotShown, text)),
                Err(error) => {
                    let text = format!("cannot check the manifests of the index: {error}");
                    return Some(Reason::new(ReasonKind::NotShown, text));
                }
            }
        }
        if !self.ask.matching.referrers {
            return None;
        }
        match self.lacking_referrers(expected, &there).await {
            Ok(None) => None,
            Ok(Some(text)) => Some(Reason::new(ReasonKind::ReferrerMissing, text)),
            Err(error) => Some(unread_referrers(error)),
        }
    }

    /// Returns the digests of the source's manifests that the destination must serve. `None` stands for
    /// all that the destination lists.
    async fn wanted_children(&self, expected: &str) -> Result<Option<BTreeSet<String>>, Error> {
        if self.ask.matching.mode == Match::Digest {
            return Ok(None);
        }
        let Ok((source, repository)) = self.original_registry() else {
            return Ok(None);
        };
        let platforms = &self.ask.matching.platforms;
        let children = source.children(&repository, expected, platforms).await?;
        let children = children.unwrap_or_default().into_iter();
        Ok(Some(children.map(|child| child.digest).collect()))
    }

    /// Returns which referrers of the image and of its platforms' manifests the destination lacks.
    async fn lacking_referrers(
        &mut self,
        expected: &str,
        there: &Place<'_>,
    ) -> Result<Option<String>, (Side, Error)> {
        if let Some(text) = self.unserved_referrers(expected, there).await? {
            return Ok(Some(text));
        }
        let (source, repository) = self.original_registry()?;
        let platforms = &self.ask.matching.platforms;
        let children = source.children(&repository, expected, platforms).await;
        let children = children.map_err(|error| (Side::Source, error))?;
        for child in children.unwrap_or_default() {
            if let Some(text) = self.lacks_referrers(&child.digest, there).await? {
                return Ok(Some(text));
            }
            if let Some(text) = self.unserved_referrers(&child.digest, there).await? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Returns which known referrers of a manifest the destination does not serve.
    async fn unserved_referrers(
        &self,
        subject: &str,
        there: &Place<'_>,
    ) -> Result<Option<String>, (Side, Error)> {
        let known = self.referrers.get(subject);
        let known = known.into_iter().flat_map(|known| known.values());
        let digest = |referrer: &&oci::Referrer| referrer.digest.clone();
        let unserved = there
            .registry
            .unserved(there.repository, known, digest, Proof::Head);
        let unserved = unserved.await.map_err(|error| (Side::Destination, error))?;
        Ok(oci::missing(unserved, &[]).map(|names| {
            format!("the destination lists referrers of the image and does not serve them: {names}")
        }))
    }
}

/// Returns which manifests of its index, shown under `reference`, a destination does not serve. If
/// `wanted` is known, others do not matter.
async fn lacking_children(
    there: &Place<'_>,
    reference: &str,
    wanted: Option<BTreeSet<String>>,
) -> Result<Option<String>, Error> {
    let (registry, repository) = (there.registry, there.repository);
    let children = match registry.children(repository, there.digest, &[]).await? {
        Some(children) => children,
        // Registries exist that serve a manifest only by its tag, or by one of its digests.
        None => {
            let children = registry.children(repository, reference, &[]).await?;
            let gone = || Error::not_found("the registry does not have the manifest");
            children.ok_or_else(gone)?
        }
    };
    let is_wanted = |child: &oci::Descriptor| {
        let wanted = wanted.as_ref();
        wanted.is_none_or(|wanted| wanted.contains(&child.digest))
    };
    let children = children.into_iter().filter(is_wanted);
    let digest = |child: &oci::Descriptor| child.digest.clone();
    let missing = registry
        .unserved(repository, children, digest, Proof::Bytes)
        .await?;
    Ok((!missing.is_empty()).then(|| {
        let missing = oci::missing_children(&missing);
        format!("the image at the destination is incomplete: same digest; {missing}")
    }))
}
