//! From looks to reports: what one arrival remembers between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use registry_transport::{Clock, Error, Timestamp};

use super::destination::Destination;
use super::explain;
use super::judge::{Judged, Known, Question, end, judge, leading};
use super::proof::Shows;
use super::report::{DestinationReport, Reason, ReasonKind, Report, Verdict};
use super::sight::{Look, Sight, SourceTag, Wanted, Work};
use super::watch::{Looked, Membership};
use crate::model::TaskState;

/// Whether all destinations have to have the image, or any one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    Any,
}

/// Everything about one arrival that does not change.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) registry: Arc<dyn Look>,
    pub(crate) question: Question,
    /// Those of the rules that cover the image, if there are none.
    pub(crate) destinations: Vec<Destination>,
    pub(crate) extent: Extent,
    pub(crate) proofs: Vec<(Destination, Arc<dyn Shows>)>,
}

impl Ask {
    fn wanted(&self, begun: Duration) -> Wanted {
        Wanted {
            images: BTreeSet::from([self.question.image.clone()]),
            since: self.question.since,
            oldest: self.question.since,
            begun,
        }
    }
}

/// One arrival as it is watched.
pub(crate) struct Engine {
    pub(super) ask: Ask,
    membership: Membership,
    clock: Arc<dyn Clock>,
    start: Duration,
    polls: u64,
    destinations: Vec<Destination>,
    source: Option<Source>,
    /// Whether the caller may not look at the source.
    blind: bool,
    /// Since when each work has been seen in its state.
    seen: BTreeMap<String, (TaskState, Option<Timestamp>, Duration)>,
    /// What each destination has shown last, and how often in a row.
    pub(super) shown: BTreeMap<Destination, (Option<String>, u32)>,
}

/// What the source had under the tag.
struct Source {
    tag: Option<SourceTag>,
    /// The look after which it was looked up.
    poll: u64,
    /// Works that had ended then: only of them it says what they copied.
    ended: BTreeSet<String>,
}

impl Engine {
    /// One that begins now; what others have looked at is good if it is no older than `slack`.
    pub(crate) fn new(ask: Ask, slack: Duration) -> Self {
        let clock = ask.registry.context().clock().clone();
        let start = clock.elapsed();
        let wanted = ask.wanted(start.saturating_sub(slack));
        Self {
            membership: ask.registry.watch().join(wanted),
            start,
            clock,
            polls: 0,
            destinations: ask.destinations.clone(),
            source: None,
            blind: false,
            seen: BTreeMap::new(),
            shown: BTreeMap::new(),
            ask,
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn start(&self) -> Duration {
        self.start
    }

    pub(crate) fn polls(&self) -> u64 {
        self.polls
    }

    pub(crate) fn waited(&self) -> Duration {
        self.clock.elapsed().saturating_sub(self.start)
    }

    /// Looks at the registry together with the others.
    pub(crate) async fn look(&mut self, not_before: Duration, gap: Duration) -> Looked {
        let registry = &self.ask.registry;
        let looked = self.membership.look(registry, not_before, gap).await;
        self.polls += 1;
        looked
    }

    /// What a look says of the image. Looks the source and the destinations up where that decides
    /// something.
    pub(crate) async fn report(&mut self, sight: &Sight) -> Result<Report, Error> {
        if self.destinations.is_empty() {
            self.destinations = self.of_rules(sight);
        }
        self.note(sight)?;
        let mut judged = self.judged(sight)?;
        if !self.blind && judged.iter().any(|judged| judged.needs_source) {
            self.look_at_source(sight).await?;
            judged = self.judged(sight)?;
        }
        // What is said for good does not rest on what the source had a while ago.
        let is_bad = |judged: &Judged| {
            let report = &judged.report;
            report.is_final && matches!(report.verdict, Verdict::NoTask | Verdict::DigestMismatch)
        };
        let stale = self
            .source
            .as_ref()
            .is_some_and(|source| source.poll < self.polls);
        if stale && judged.iter().any(is_bad) {
            self.look_at_source(sight).await?;
            judged = self.judged(sight)?;
        }
        let mut destinations = Vec::new();
        for judged in judged {
            destinations.push(self.proven_or_not(judged.report).await?);
        }
        Ok(self.summed(sight, destinations))
    }

    /// The same with all that can be found out about what stands in the image's way.
    pub(crate) async fn explained(&mut self, sight: &Sight) -> Result<Report, Error> {
        let unseen = match self.look_at_source(sight).await {
            Ok(()) => None,
            Err(error) => Some(explain::access(&error).ok_or(error)?),
        };
        self.blind = unseen.is_some();
        let mut report = self.report(sight).await?;
        let all_arrived = |report: &Report| {
            let mut all = report.destinations.iter();
            all.all(|destination| destination.verdict == Verdict::Arrived)
        };
        if all_arrived(&report) {
            return Ok(report);
        }
        let hindrance = self.ask.registry.clone().hindrance().await;
        let missing = matches!(&self.source, Some(Source { tag: None, .. }));
        for destination in &mut report.destinations {
            if destination.verdict == Verdict::Arrived {
                continue;
            }
            let reasons = &mut destination.reasons;
            match &hindrance {
                Ok(Some(text)) => {
                    reasons.insert(0, Reason::new(ReasonKind::Edition, text.clone()));
                }
                Ok(None) => {}
                Err(error) => reasons.extend(explain::access(error)),
            }
            reasons.extend(unseen.clone());
            if let Err(error) = sight.rules(&self.ask.question.image) {
                reasons.extend(explain::access(error));
            }
            let known = reasons.iter().any(|r| r.kind == ReasonKind::NotInSource);
            if missing && !known {
                reasons.push(explain::not_in_source(&self.ask.question.image));
            }
        }
        Ok(report)
    }

    /// The places that the rules which cover the image copy to.
    fn of_rules(&self, sight: &Sight) -> Vec<Destination> {
        let image = &self.ask.question.image;
        let anywhere = Destination::anywhere();
        let rules = sight.rules(image).unwrap_or_default();
        let mut all = Vec::new();
        for rule in leading(rules, image, &anywhere, sight) {
            let place = Destination::new(explain::place(&end(rule, image), sight));
            if !all.contains(&place) {
                all.push(place);
            }
        }
        match all.is_empty() {
            true => vec![anywhere],
            false => all,
        }
    }

    /// Notes since when works have been in their states.
    fn note(&mut self, sight: &Sight) -> Result<(), Error> {
        let now = self.clock.elapsed();
        let works = sight.works(&self.ask.question.image)?;
        let seen = works.into_iter().map(|work| {
            let key = work.key();
            let known = self.seen.get(&key);
            let same = known
                .filter(|(state, changed, _)| *state == work.state && *changed == work.changed);
            let since = same.map_or(now, |(_, _, since)| *since);
            (key, (work.state.clone(), work.changed, since))
        });
        self.seen = seen.collect();
        Ok(())
    }

    fn judged(&self, sight: &Sight) -> Result<Vec<Judged>, Error> {
        let now = self.clock.elapsed();
        let unchanged = |work: &Work| {
            let seen = self.seen.get(&work.key());
            seen.map_or(Duration::ZERO, |(_, _, since)| now.saturating_sub(*since))
        };
        let ended = ended(sight, &self.ask.question)?;
        let source = self.source.as_ref();
        let source = source.filter(|source| ended.is_subset(&source.ended));
        let known = Known {
            sight,
            source: source.map(|source| source.tag.as_ref()),
            waited: self.waited(),
            unchanged: &unchanged,
        };
        let destinations = self.destinations.iter();
        destinations
            .map(|destination| judge(&self.ask.question, destination, known))
            .collect()
    }

    async fn look_at_source(&mut self, sight: &Sight) -> Result<(), Error> {
        let ended = ended(sight, &self.ask.question)?;
        let image = self.ask.question.image.clone();
        let tag = self.ask.registry.clone().source(image).await?;
        let poll = self.polls;
        self.source = Some(Source { tag, poll, ended });
        Ok(())
    }

    fn summed(&self, sight: &Sight, destinations: Vec<DestinationReport>) -> Report {
        let verdicts = destinations.iter().map(|destination| destination.verdict);
        let is_bad = |one: &DestinationReport| one.is_final && one.verdict != Verdict::Arrived;
        let (verdict, is_final) = match self.ask.extent {
            Extent::All => {
                let worst = verdicts.max().unwrap_or(Verdict::NoRule);
                (
                    worst,
                    worst == Verdict::Arrived || destinations.iter().any(is_bad),
                )
            }
            Extent::Any => {
                let best = verdicts.min().unwrap_or(Verdict::NoRule);
                (
                    best,
                    best == Verdict::Arrived || destinations.iter().all(is_bad),
                )
            }
        };
        Report {
            provider: self.ask.registry.provider(),
            image: self.ask.question.image.to_string(),
            verdict,
            is_final,
            at: sight.at,
            destinations,
            polls: self.polls,
            elapsed_ms: u64::try_from(self.waited().as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// The works on the image that have ended, by their keys.
fn ended(sight: &Sight, question: &Question) -> Result<BTreeSet<String>, Error> {
    let works = sight.works(&question.image)?.into_iter();
    let ended = works.filter(|work| work.state.is_final());
    Ok(ended.map(Work::key).collect())
}
