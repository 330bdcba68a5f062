//! Proof of an arrival: the destination itself serves the digest under the tag.

use futures_core::future::BoxFuture;
use openapi_transport::Error;

use super::engine::{Engine, Extent};
use super::report::{Basis, DestinationReport, ReasonKind, Verdict};
use super::sight::{SourceTag, digest, is_since};
use crate::model::ImageRef;

/// Registry that can return its digest of `namespace/repository` and a tag.
pub(crate) trait Shows: Send + Sync {
    fn shows<'a>(
        &'a self,
        repository: &'a str,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, Error>>;
}

/// Digest that a destination must serve.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Digest(String),
    Any,
    Unknown,
}

/// How often in a row a destination must serve a digest.
const SHOWN: u32 = 2;

impl Engine {
    /// Asks the destination itself. If that fails but a verdict is still possible, continues without
    /// the proof.
    pub(super) async fn proven_or_not(
        &mut self,
        report: DestinationReport,
    ) -> Result<DestinationReport, Error> {
        let error = match self.proven(report.clone()).await {
            Ok(proven) => return Ok(proven),
            Err(error) => error,
        };
        self.shown.remove(&report.destination);
        let arrived = report.verdict == Verdict::Arrived;
        // A wait is useless if the destination can never be read.
        if arrived && !error.can_retry() && self.ask.extent == Extent::All {
            return Err(error);
        }
        let text = format!("cannot ask the destination itself: {error}");
        let report = match arrived {
            true => DestinationReport {
                verdict: Verdict::Pending,
                is_final: false,
                rests_on: None,
                ..report
            },
            false => report,
        };
        Ok(report.because(ReasonKind::NotShown, text))
    }

    /// Asks the destination itself, if it has a proof and the answer affects the verdict.
    async fn proven(&mut self, mut report: DestinationReport) -> Result<DestinationReport, Error> {
        let proofs = self.ask.proofs.iter();
        let mut proofs = proofs.filter(|(destination, _)| *destination == report.destination);
        let Some((_, registry)) = proofs.next() else {
            return Ok(report);
        };
        let registry = registry.clone();
        if report.verdict == Verdict::Pending {
            self.shown.remove(&report.destination);
            return Ok(report);
        }
        let image = self.ask.question.image.clone();
        let Some(tag) = image.tag() else {
            return Ok(report);
        };
        let repository =
            repository_at(report.place.as_ref(), image.namespace(), image.repository());
        let shown = registry.shows(&repository, tag).await?;
        let shown = shown.as_deref().map(digest);
        let entry = self.shown.entry(report.destination.clone());
        let (last, times) = entry.or_insert((None, 0));
        *times = match *last == shown {
            true => *times + 1,
            false => 1,
        };
        *last = shown.clone();
        let times = *times;
        let expected = self.expected(&report).await?;
        report.shown = Some(times).filter(|_| shown.is_some());
        let is_expected = shown.is_some()
            && match &expected {
                Expected::Digest(digest) => Some(digest) == shown.as_ref(),
                Expected::Any => true,
                Expected::Unknown => false,
            };
        Ok(match (is_expected, &shown) {
            (true, _) if times >= SHOWN => DestinationReport {
                verdict: Verdict::Arrived,
                is_final: true,
                rests_on: Some(Basis::Destination),
                digest: shown,
                reasons: Vec::new(),
                ..report
            },
            (true, _) => DestinationReport {
                verdict: Verdict::Pending,
                is_final: false,
                rests_on: None,
                digest: shown,
                reasons: Vec::new(),
                ..report
            }
            .because(
                ReasonKind::ShownOnce,
                "the destination has served the digest once; the next poll must confirm it",
            ),
            // The verdict by rules and tasks stays, except an arrival.
            (false, _) if report.verdict != Verdict::Arrived => report,
            (false, Some(_)) if expected == Expected::Unknown => DestinationReport {
                verdict: Verdict::Pending,
                is_final: false,
                rests_on: None,
                digest: shown,
                ..report
            }
            .because(
                ReasonKind::NotShown,
                "the expected digest is unknown because the source tag has moved; pass a digest",
            ),
            (false, Some(other)) => {
                let settled = times >= SHOWN;
                let text = format!(
                    "the destination has {other} under the tag: another client has pushed or copied \
                     there, or the rule does not overwrite"
                );
                let verdict = match settled {
                    true => Verdict::DigestMismatch,
                    false => Verdict::Pending,
                };
                DestinationReport {
                    verdict,
                    is_final: settled,
                    rests_on: None,
                    digest: shown.clone(),
                    ..report
                }
                .because(ReasonKind::NotShown, text)
            }
            (false, None) => DestinationReport {
                verdict: Verdict::Pending,
                is_final: false,
                rests_on: None,
                digest: None,
                ..report
            }
            .because(
                ReasonKind::NotShown,
                format!(
                    "the task has succeeded, but the destination does not have {repository}:{tag}"
                ),
            ),
        })
    }

    /// Returns the digest that the destination must serve: the caller's, the task's, or the
    /// source's current one if it was pushed since then.
    async fn expected(&mut self, report: &DestinationReport) -> Result<Expected, Error> {
        let copied = report.digest.as_ref();
        let copied = copied.filter(|_| report.verdict == Verdict::Arrived);
        if let Some(digest) = self.ask.question.digest.as_ref().or(copied) {
            return Ok(Expected::Digest(digest.clone()));
        }
        let question = &self.ask.question;
        let source = self.ask.registry.clone().source(question.image.clone());
        let tag = source.await?.map(SourceTag::with_plausible_time);
        let tag = tag.filter(|tag| match question.since {
            Some(since) => tag.pushed.is_some_and(|pushed| is_since(pushed, since)),
            None => true,
        });
        let known = tag.and_then(|tag| tag.digest).as_deref().map(digest);
        Ok(match (known, question.since) {
            (Some(digest), _) => Expected::Digest(digest),
            // The newest task counts, with any digest.
            (None, None) if !question.is_absent => Expected::Any,
            (None, _) => Expected::Unknown,
        })
    }
}

fn repository_at(place: Option<&ImageRef>, namespace: &str, repository: &str) -> String {
    let namespace = place
        .and_then(|place| place.namespace.as_deref())
        .unwrap_or(namespace);
    let repository = place
        .and_then(|place| place.repository.as_deref())
        .unwrap_or(repository);
    match namespace.is_empty() {
        false => format!("{namespace}/{repository}"),
        true => repository.to_owned(),
    }
}
