//! Proof of an arrival: the destination itself serves the digest under the tag.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use openapi_transport::Error;

use super::compare::Found;
use super::engine::{Engine, Extent};
use super::report::{DestinationReport, Reason, ReasonKind, Verdict};
use super::sight::{SourceTag, digest, is_since};
use crate::model::ImageRef;
use crate::oci;

/// Registry that can return its digest of `namespace/repository` and a tag.
pub trait Shows: Send + Sync {
    /// Returns the client of the registry.
    fn client(&self) -> &oci::Client;

    /// Returns the digest under a tag or digest. An answer to an earlier question is good enough if
    /// the question is not older than the look, which began at `look`. An OCI registry's answer
    /// that `confirms` another proves the manifest's bytes, because a header proves none.
    fn shows<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
        look: Duration,
        confirms: bool,
    ) -> BoxFuture<'a, Result<Served, Error>>;
}

/// Answer of a registry about a tag or digest.
#[derive(Clone, Debug)]
pub struct Served {
    /// Digest, or `None` if the registry does not have it.
    pub digest: Option<String>,
    /// Time of the question, by the registry's clock.
    pub asked: Duration,
}

/// Latest answers of a destination that agree.
pub(super) struct Shown {
    digest: Option<String>,
    times: u32,
    /// Number of these answers, up to the last one, with which the image was as expected.
    matched: u32,
    /// Time of the last question that counts.
    asked: Duration,
}

impl Shown {
    /// Returns the answers that agree, after one more answer.
    fn after(
        known: Option<Self>,
        digest: Option<String>,
        asked: Duration,
        apart: Duration,
    ) -> Self {
        match known.filter(|known| known.digest == digest) {
            Some(known) if asked < known.asked.saturating_add(apart) => known,
            Some(known) => Self {
                times: known.times + 1,
                asked,
                ..known
            },
            None => Self {
                digest,
                times: 1,
                matched: 0,
                asked,
            },
        }
    }

    /// Notes whether the image was as expected with the last answer. `times` is the number of answers
    /// before.
    fn note(&mut self, is_expected: bool, times: u32) {
        self.matched = match is_expected {
            true if self.times > times || self.times == 1 => self.matched + 1,
            true => self.matched,
            false => 0,
        };
    }
}

/// Digest that a destination must serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Digest(String),
    Any,
    Unknown,
}

/// How often in a row a destination must serve a digest.
const SHOWN: u32 = 2;
/// Longest time that must be between two answers that both count.
pub(super) const APART: Duration = Duration::from_secs(1);
/// How long one of several destinations may delay the report on the others.
const SLOW: Duration = Duration::from_secs(5);
/// Number of destinations of one arrival that are asked at the same time.
const AT_ONCE: usize = 8;

/// Answer of a destination. Absent if it was not asked.
pub(super) type Answer = Option<Result<Served, Error>>;

impl Engine {
    /// Whether the destinations alone decide, because the registry has neither rules nor tasks.
    pub(super) fn is_alone(&self) -> bool {
        !self.ask.registry.descriptor().shows_work()
    }

    /// Asks the destinations that have a proof and whose answers affect the verdict.
    pub(super) async fn ask_destinations(
        &mut self,
        reports: &[DestinationReport],
        look: Duration,
    ) -> Vec<Answer> {
        let is_alone = self.is_alone();
        let is_one_of_many = reports.len() > 1;
        let calls = reports.iter().map(|report| {
            let is_due = is_alone || report.verdict != Verdict::Pending || is_undecided(report);
            let own = self.proof(report).filter(|_| is_due);
            let call = own.zip(self.reference()).map(|(registry, reference)| {
                let known = self.shown.get(&report.destination);
                let confirms = known.is_some_and(|known| known.matched > 0);
                let repository = self.repository(report);
                (registry.clone(), repository, reference, confirms)
            });
            let clock = self.clock().clone();
            async move {
                let (registry, repository, reference, confirms) = call?;
                let answer = registry.shows(&repository, &reference, look, confirms);
                if !is_one_of_many {
                    return Some(answer.await);
                }
                Some(match select(answer, clock.guard(SLOW)).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(_) => Err(Error::deadline(format!(
                        "no answer within {} s, and other destinations wait for it",
                        SLOW.as_secs()
                    ))),
                })
            }
        });
        let calls: Vec<_> = calls.collect();
        stream::iter(calls).buffered(AT_ONCE).collect().await
    }

    /// Returns the repository of the image at a destination.
    pub(super) fn repository(&self, report: &DestinationReport) -> String {
        let image = &self.ask.question.image;
        let name = repository_at(report.place.as_ref(), image.namespace(), image.repository());
        match self.proof(report) {
            Some(registry) => registry.client().full_name(name),
            None => name,
        }
    }

    /// Returns the registry at a destination.
    pub(super) fn proof(&self, report: &DestinationReport) -> Option<&Arc<dyn Shows>> {
        let mut proofs = self.ask.proofs.iter();
        let own = proofs.find(|(destination, _)| *destination == report.destination);
        own.map(|(_, registry)| registry)
    }

    /// Returns the tag to ask for, or the digest if the image has no tag.
    pub(super) fn reference(&self) -> Option<String> {
        let question = &self.ask.question;
        let tag = question.image.tag().map(str::to_owned);
        tag.or_else(|| question.digest.clone())
    }

    /// Adds a destination's answer to its report. If the destination could not be asked but a verdict
    /// is still possible, the report goes without the answer. The error is returned if nothing else
    /// is known of the destination.
    pub(super) async fn proven_or_not(
        &mut self,
        report: DestinationReport,
        answer: Answer,
    ) -> Result<(DestinationReport, Option<Error>), Error> {
        let error = match answer {
            None => {
                self.shown.remove(&report.destination);
                return Ok((report, None));
            }
            Some(Ok(served)) => {
                let failed = self.unasked.remove(&report.destination);
                let mut report = self.proven(report, served).await?;
                let is_once = |reason: &Reason| reason.kind == ReasonKind::ShownOnce;
                // The registry may fail at each second answer, and the failures would not be seen.
                if let Some(failed) = failed.filter(|_| report.reasons.iter().any(is_once)) {
                    let text = format!("{failed}, in the poll before");
                    report = report.because(ReasonKind::NotShown, text);
                }
                return Ok((report, None));
            }
            Some(Err(error)) => error,
        };
        self.shown.remove(&report.destination);
        let arrived = report.verdict == Verdict::Arrived;
        let decides = arrived || self.is_alone();
        // A wait is useless if the destination can never be read.
        if decides && !error.can_retry() && self.ask.extent == Extent::All {
            return Err(error);
        }
        let text = format!("cannot ask the destination itself: {error}");
        self.unasked
            .insert(report.destination.clone(), text.clone());
        let report = match arrived {
            true => DestinationReport {
                verdict: Verdict::Pending,
                is_final: false,
                rests_on: None,
                ..report
            },
            false => report,
        };
        let error = Some(error).filter(|_| self.is_alone());
        Ok((report.because(ReasonKind::NotShown, text), error))
    }

    /// Judges by what the destination has now.
    async fn proven(
        &mut self,
        mut report: DestinationReport,
        served: Served,
    ) -> Result<DestinationReport, Error> {
        let is_alone = self.is_alone();
        let shown = served.digest.as_deref().map(digest);
        let known = self.shown.remove(&report.destination);
        let same = known.as_ref().filter(|known| known.digest == shown);
        let before = same.map_or(0, |known| known.times);
        let mut answers = Shown::after(known, shown.clone(), served.asked, self.apart);
        let times = answers.times;
        let expected = self.expected(&report).await?;
        report.shown = Some(times).filter(|_| shown.is_some());
        let found = match &shown {
            Some(shown) => self.compared(&report, &expected, shown).await,
            None => Found::Other(None),
        };
        let is_expected = matches!(found, Found::Expected(_));
        answers.note(is_expected, before);
        let matched = answers.matched;
        self.shown.insert(report.destination.clone(), answers);
        let is_confirmed = is_expected && matched >= SHOWN && self.unconfirmed.is_none();
        let lacking = match &shown {
            Some(shown) if is_confirmed => self.lacking_parts(&report, &expected, shown).await,
            _ => None,
        };
        let pending = DestinationReport {
            verdict: Verdict::Pending,
            is_final: false,
            rests_on: None,
            digest: shown.clone(),
            ..report.clone()
        };
        let under = match self.ask.question.image.tag() {
            Some(_) => " under the tag",
            None => "",
        };
        if let Some(reason) = lacking {
            let reasons = Vec::new();
            let pending = DestinationReport { reasons, ..pending };
            return Ok(pending.because(reason.kind, reason.text));
        }
        Ok(match (is_expected, &shown) {
            (true, _) if matched >= SHOWN && self.unconfirmed.is_some() => DestinationReport {
                reasons: Vec::new(),
                ..pending
            }
            .because(
                ReasonKind::Unconfirmed,
                "the source has named the expected digest once; the next poll must confirm it",
            ),
            (true, _) if matched >= SHOWN => DestinationReport {
                verdict: Verdict::Arrived,
                is_final: true,
                rests_on: match found {
                    Found::Expected(basis) => Some(basis),
                    _ => None,
                },
                reasons: Vec::new(),
                ..pending
            },
            (true, _) => DestinationReport {
                reasons: Vec::new(),
                ..pending
            }
            .because(
                ReasonKind::ShownOnce,
                "the destination has served the digest once; the next poll must confirm it",
            ),
            // The verdict by rules and tasks stays, except an arrival.
            (false, _) if report.verdict != Verdict::Arrived && !is_alone => report,
            (false, Some(_)) if expected == Expected::Unknown => match self.ask.question.is_absent {
                true => {
                    let reason = self.ask.not_in_source();
                    pending.because(reason.kind, reason.text)
                }
                false => pending.because(
                    ReasonKind::NotShown,
                    "the expected digest is unknown because the source tag has moved; pass a digest",
                ),
            },
            (false, Some(other)) => {
                let settled = times >= SHOWN;
                let text = match (found, is_alone) {
                    (Found::Incomplete(reason) | Found::Unread(reason), _) => {
                        return Ok(pending.because(reason.kind, reason.text));
                    }
                    (Found::Other(Some(differs)), _) => {
                        format!("the destination has {other}{under}: {differs}")
                    }
                    (_, true) => match &expected {
                        Expected::Digest(expected) => format!(
                            "the destination has {other}{under}, and {expected} is expected"
                        ),
                        _ => format!("the destination has {other}{under}"),
                    },
                    (_, false) => format!(
                        "the destination has {other}{under}: another client has pushed or \
                         copied there, or the rule does not overwrite"
                    ),
                };
                let verdict = match settled {
                    true => Verdict::DigestMismatch,
                    false => Verdict::Pending,
                };
                DestinationReport {
                    verdict,
                    // Without rules, the registry does not show what will still be copied there.
                    is_final: settled && !is_alone,
                    ..pending
                }
                .because(ReasonKind::NotShown, text)
            }
            (false, None) => {
                let image = self.at(&pending);
                let lacks = match self.lacking(&pending) {
                    Some(name) => format!("the destination does not have the repository {name}"),
                    None => format!("the destination does not have {image}"),
                };
                let text = match is_alone {
                    true => lacks,
                    false => format!("the task has succeeded, but {lacks}"),
                };
                let report = match is_alone && self.ask.question.is_absent {
                    true => {
                        let reason = self.ask.not_in_source();
                        pending.because(reason.kind, reason.text)
                    }
                    false => pending,
                };
                report.because(ReasonKind::NotShown, text)
            }
        })
    }

    /// Returns the host and name of the repository, if the destination does not have it at all.
    fn lacking(&self, report: &DestinationReport) -> Option<String> {
        let client = self.proof(report)?.client();
        client.lacks(&self.repository(report))
    }

    /// Returns the name of the image at a destination.
    fn at(&self, report: &DestinationReport) -> String {
        let repository = self.repository(report);
        let question = &self.ask.question;
        match (question.image.tag(), &question.digest) {
            (Some(tag), _) => format!("{repository}:{tag}"),
            (None, Some(digest)) => format!("{repository}@{digest}"),
            (None, None) => repository,
        }
    }

    /// Returns the digest that the destination must serve: the caller's, the task's, or the
    /// source's current one if it was pushed since then.
    async fn expected(&mut self, report: &DestinationReport) -> Result<Expected, Error> {
        let copied = report.digest.as_ref();
        let copied = copied.filter(|_| report.verdict == Verdict::Arrived);
        if let Some(digest) = self.ask.question.digest.as_ref().or(copied) {
            return Ok(Expected::Digest(digest.clone()));
        }
        // Tasks that do not decide prove no digest.
        let of_tasks = match report.verdict == Verdict::Pending && !self.is_alone() {
            true => Expected::Unknown,
            false => Expected::Any,
        };
        if !self.ask.has_source() {
            return Ok(of_tasks);
        }
        if self.is_alone() {
            return Ok(match self.ask.resolves {
                // The source was asked before this look, and does not have the tag.
                true => Expected::Unknown,
                false => Expected::Any,
            });
        }
        let tag = self.ask.source().await?;
        let tag = tag.map(SourceTag::with_plausible_time);
        let question = &self.ask.question;
        let tag = tag.filter(|tag| match question.since {
            Some(since) => tag.pushed.is_some_and(|pushed| is_since(pushed, since)),
            None => true,
        });
        let known = tag.and_then(|tag| tag.digest).as_deref().map(digest);
        Ok(match (known, question.since) {
            (Some(digest), _) => Expected::Digest(digest),
            // The newest task counts, with any digest.
            (None, None) if !question.is_absent => of_tasks,
            (None, _) => Expected::Unknown,
        })
    }
}

/// Whether tasks cannot decide and the destination can.
fn is_undecided(report: &DestinationReport) -> bool {
    let mut reasons = report.reasons.iter();
    reasons.any(|reason| {
        matches!(
            reason.kind,
            ReasonKind::UnnamedTag
                | ReasonKind::RecordsRemoved
                | ReasonKind::Kept
                | ReasonKind::Overwritten
        )
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_count_that_agree_and_are_apart() {
        let mut known = None;
        for (digest, asked, times) in [
            (Some("a"), 10_000, 1),
            (Some("a"), 10_000, 1),
            (Some("a"), 10_999, 1),
            (Some("a"), 11_000, 2),
            (Some("a"), 11_500, 2),
            (Some("a"), 12_000, 3),
            (Some("b"), 12_000, 1),
            (None, 20_000, 1),
            (None, 30_000, 2),
            (Some("b"), 40_000, 1),
        ] {
            let digest = digest.map(str::to_owned);
            let shown = Shown::after(known, digest, Duration::from_millis(asked), APART);
            assert_eq!(shown.times, times, "{asked}");
            known = Some(shown);
        }
    }
}
