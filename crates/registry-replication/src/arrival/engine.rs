//! State of one arrival between its looks, and the reports that it makes of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{Clock, Error, Timestamp, cooperate};

use super::compare::Matching;
use super::destination::Destination;
use super::explain;
use super::judge::{Judged, Known, Question, end, judge, leading};
use super::log::{self, Logged};
use super::memory::Memory;
use super::proof::{APART, Shown, Shows};
use super::report::{Basis, DestinationReport, Reason, ReasonKind, Report, Trouble, Verdict};
use super::sight::{Look, Sight, SourceTag, Wanted, Work, digest};
use super::watch::{Looked, Membership};
use crate::model::ImageRef;
use crate::oci;

/// Whether all destinations must have the image, or any one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    Any,
}

/// Source of the image.
#[derive(Clone)]
pub(crate) enum Origin {
    /// The registry itself.
    Own,
    /// Another registry, with the repository and the tag or digest there.
    Other(oci::Client, String, String),
    /// No source: the destinations alone are asked.
    None,
}

/// Question of one arrival.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) registry: Arc<dyn Look>,
    pub(crate) origin: Origin,
    pub(crate) matching: Matching,
    pub(crate) question: Question,
    /// Whether the expected digest comes from the source.
    pub(crate) resolves: bool,
    /// Destinations to check. If empty, the destinations of the rules that cover the image.
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

    /// Returns what the source has under the image's tag now.
    pub(super) async fn source(&self) -> Result<Option<SourceTag>, Error> {
        match &self.origin {
            Origin::Own => {
                let registry = self.registry.clone();
                registry.source(self.question.image.clone()).await
            }
            Origin::Other(registry, repository, reference) => {
                let manifest = registry.manifest(repository, reference).await?;
                Ok(manifest.map(|manifest| SourceTag {
                    digest: Some(manifest.digest),
                    pushed: None,
                }))
            }
            Origin::None => Ok(None),
        }
    }

    /// Returns the name of the image at its source.
    pub(super) fn original(&self) -> String {
        match &self.origin {
            Origin::Other(registry, repository, reference) => registry.image(repository, reference),
            Origin::Own | Origin::None => self.question.image.to_string(),
        }
    }

    /// Returns the reason that the source does not have the image.
    pub(super) fn not_in_source(&self) -> Reason {
        let source = self.source_registry();
        let lacks = source.and_then(|(registry, repository)| registry.lacks(&repository));
        match lacks {
            Some(repository) => explain::no_repository(&repository),
            None => explain::not_in_source(&self.original()),
        }
    }

    pub(super) fn has_source(&self) -> bool {
        !matches!(self.origin, Origin::None)
    }
}

/// State of one arrival between its looks.
pub(crate) struct Engine {
    pub(super) ask: Ask,
    membership: Membership,
    clock: Arc<dyn Clock>,
    start: Duration,
    polls: u64,
    destinations: Vec<Destination>,
    source: Option<Source>,
    /// Time that must be between two answers that both count. Polls that share looks with other waits
    /// may ask twice at the same moment, and then one cache or replica gives both answers.
    pub(super) apart: Duration,
    /// Time of the source's answer that another one must confirm.
    pub(super) unconfirmed: Option<Duration>,
    /// Whether the caller lacks the permission to read the source.
    blind: bool,
    /// Results of the looks so far.
    memory: Memory,
    logged: Logged,
    /// Start of the first look, by the service's clock.
    first: Option<Timestamp>,
    /// What each destination has served.
    pub(super) shown: BTreeMap<Destination, Shown>,
    /// Why a destination could not be asked in the last poll that asked it.
    pub(super) unasked: BTreeMap<Destination, String>,
    /// Referrers that the source has shown, by the digest of the expected image and their own.
    pub(super) referrers: BTreeMap<String, BTreeMap<String, oci::Referrer>>,
}

/// Answer of the source about the tag.
struct Source {
    tag: Option<SourceTag>,
    /// Number of the look before the answer.
    poll: u64,
    /// Works that had ended by then. The answer tells the copied digest only for them.
    ended: BTreeSet<String>,
}

impl Engine {
    /// Begins an arrival. It accepts looks of other arrivals that are no older than `slack`.
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
            apart: (slack / 2).min(APART),
            unconfirmed: None,
            blind: false,
            memory: Memory::default(),
            logged: Logged::default(),
            first: None,
            shown: BTreeMap::new(),
            unasked: BTreeMap::new(),
            referrers: BTreeMap::new(),
            ask,
        }
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Returns the service's time, as its answers show it.
    pub(crate) fn service_time(&self) -> Timestamp {
        self.ask.registry.context().service_time()
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

    /// Polls the registry together with other arrivals, and reports the result.
    pub(crate) async fn look(&mut self, not_before: Duration, gap: Duration) -> Outcome {
        let outcome = self.outcome(not_before, gap).await;
        match &outcome.report {
            Ok(report) => self.logged.polled(report),
            Err(error) => log::failed(&self.ask.question.image, error),
        }
        outcome
    }

    async fn outcome(&mut self, not_before: Duration, gap: Duration) -> Outcome {
        if let Err(error) = self.resolve(None).await {
            self.polls += 1;
            return Outcome {
                begun: self.clock.elapsed(),
                report: Err(error),
            };
        }
        let looked = self.look_only(not_before, gap).await;
        let report = match self.view(&looked) {
            Ok(sight) => self.report(&sight, looked.begun).await,
            Err(error) => Err(error),
        };
        Outcome {
            begun: looked.begun,
            report,
        }
    }

    async fn look_only(&mut self, not_before: Duration, gap: Duration) -> Looked {
        let registry = &self.ask.registry;
        let looked = self.membership.look(registry, not_before, gap).await;
        self.polls += 1;
        // One look may be the answer for thousands of arrivals at the same time.
        cooperate().await;
        looked
    }

    /// Returns all known facts about the image after a look.
    fn view(&mut self, looked: &Looked) -> Result<Sight, Error> {
        let sight = looked.outcome.as_ref().map_err(Clone::clone)?;
        let now = self.clock.elapsed();
        let image = &self.ask.question.image;
        let view = self.memory.take(sight, image, looked.begun, now)?;
        self.first.get_or_insert(view.at);
        Ok(view)
    }

    /// Looks up the expected digest if it comes from the source and is not known yet. `known` is the
    /// source's tag, if it was just looked up.
    ///
    /// Where the destinations alone decide, nothing else shows that an answer of the source is stale.
    /// So two answers in a row must agree.
    async fn resolve(&mut self, known: Option<Option<SourceTag>>) -> Result<(), Error> {
        let now = self.clock.elapsed();
        let is_due = match self.unconfirmed {
            Some(asked) => now >= asked.saturating_add(self.apart),
            None => self.ask.question.digest.is_none(),
        };
        if !self.ask.resolves || !is_due || self.blind {
            return Ok(());
        }
        let tag = match known {
            Some(tag) => tag,
            None => self.ask.source().await?,
        };
        let is_absent = tag.is_none();
        let found = tag.and_then(|tag| tag.digest).as_deref().map(digest);
        let is_alone = self.is_alone();
        let question = &mut self.ask.question;
        let agrees = found == question.digest;
        self.unconfirmed = (is_alone && found.is_some() && !agrees).then_some(now);
        question.is_absent = is_absent;
        question.digest = found;
        // A source that has the tag but names no digest will not name one later either.
        self.ask.resolves = question.is_absent || question.digest.is_some();
        Ok(())
    }

    /// Makes the report of a look. Asks the source and the destinations if that affects a verdict.
    async fn report(&mut self, sight: &Sight, begun: Duration) -> Result<Report, Error> {
        if self.destinations.is_empty() {
            self.destinations = self.of_rules(sight);
        }
        let mut judged = self.judged(sight)?;
        if !self.blind && judged.iter().any(|judged| judged.needs_source) {
            self.look_at_source(sight).await?;
            judged = self.judged(sight)?;
        }
        // A final verdict must not depend on an old answer of the source.
        let resolved = self.ask.resolves;
        let rests_on_source = |judged: &Judged| {
            let report = &judged.report;
            let verdict = report.verdict;
            let is_bad = matches!(verdict, Verdict::NoTask | Verdict::DigestMismatch);
            report.is_final && (is_bad || (resolved && verdict == Verdict::Arrived))
        };
        let poll = self.source.as_ref().map(|source| source.poll);
        let stale = match poll {
            Some(poll) => poll < self.polls,
            None => resolved,
        };
        if stale && !self.blind && judged.iter().any(rests_on_source) {
            self.look_at_source(sight).await?;
            self.correct_expected();
            judged = self.judged(sight)?;
        }
        let reports: Vec<_> = judged.into_iter().map(|judged| judged.report).collect();
        let shown = self.ask_destinations(&reports, begun).await;
        let mut destinations = Vec::new();
        let mut unreadable = Vec::new();
        for (report, shown) in reports.into_iter().zip(shown) {
            let (report, error) = self.proven_or_not(report, shown).await?;
            unreadable.extend(error);
            destinations.push(self.confirmed_or_not(report, sight));
        }
        // Without rules and tasks, nothing else is known.
        match unreadable.pop() {
            Some(error) if unreadable.len() + 1 == destinations.len() => Err(error),
            _ => Ok(self.summed(sight, destinations)),
        }
    }

    /// Expects the source's current digest if it was pushed before the wait began. The first answer
    /// of the source was outdated then.
    fn correct_expected(&mut self) {
        let (true, Some(source)) = (self.ask.resolves, &self.source) else {
            return;
        };
        let Some(tag) = &source.tag else { return };
        let was_there = tag
            .pushed
            .zip(self.first)
            .is_some_and(|(at, first)| at <= first);
        if let Some(now) = tag.digest.as_deref().map(digest).filter(|_| was_there) {
            self.ask.question.digest = Some(now);
        }
    }

    /// Returns the report as final, or as one that the next look must confirm.
    fn confirmed_or_not(&mut self, report: DestinationReport, sight: &Sight) -> DestinationReport {
        let is_proven = matches!(
            report.rests_on,
            Some(Basis::Destination | Basis::SamePlatforms | Basis::SameConfig)
        );
        let image = &self.ask.question.image;
        let agrees = self.memory.agrees(&report, sight, image);
        if !report.is_final || is_proven || agrees {
            return report;
        }
        let verdict = match report.verdict {
            bad @ (Verdict::NoRule | Verdict::NoTask | Verdict::DigestMismatch) => bad,
            _ => Verdict::Pending,
        };
        let mut report = DestinationReport {
            verdict,
            is_final: false,
            rests_on: None,
            ..report
        };
        report.reasons.push(explain::unconfirmed());
        report
    }

    /// Polls the registry, and reports all reasons why the image has not arrived.
    pub(crate) async fn explain(&mut self, not_before: Duration) -> Result<Report, Error> {
        let looked = self.look_only(not_before, Duration::ZERO).await;
        let sight = &self.view(&looked)?;
        let unseen = match self.look_at_source(sight).await {
            Ok(()) => None,
            Err(error) => Some(explain::access(&error).ok_or(error)?),
        };
        self.blind = unseen.is_some();
        let known = self.source.as_ref().map(|source| source.tag.clone());
        self.resolve(known).await?;
        let mut report = self.report(sight, looked.begun).await?;
        let all_arrived = |report: &Report| {
            let mut all = report.destinations.iter();
            all.all(|destination| destination.verdict == Verdict::Arrived)
        };
        if all_arrived(&report) {
            return Ok(report);
        }
        let registry = self.ask.registry.clone();
        let hindrances = registry.hindrances(self.ask.question.image.clone()).await;
        let missing =
            matches!(&self.source, Some(Source { tag: None, .. })) && self.ask.has_source();
        for destination in &mut report.destinations {
            if destination.verdict == Verdict::Arrived {
                continue;
            }
            let reasons = &mut destination.reasons;
            match &hindrances {
                Ok(found) => {
                    let at = &destination.destination;
                    let is_there = |end: &ImageRef| at.is(end, &sight.names);
                    let own = found
                        .iter()
                        .filter(|one| one.end.as_ref().is_none_or(is_there));
                    let own: Vec<_> = own.map(|one| one.reason.clone()).collect();
                    reasons.splice(0..0, own);
                }
                Err(error) => reasons.extend(explain::access(error)),
            }
            reasons.extend(unseen.clone());
            if let Err(error) = sight.rules(&self.ask.question.image) {
                reasons.extend(explain::access(error));
            }
            let known = reasons.iter().any(|r| r.kind == ReasonKind::NotInSource);
            if missing && !known {
                reasons.push(self.ask.not_in_source());
            }
        }
        Ok(report)
    }

    /// Returns the destinations of the rules that cover the image.
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

    fn judged(&self, sight: &Sight) -> Result<Vec<Judged>, Error> {
        let now = self.clock.elapsed();
        let unchanged = |work: &Work| self.memory.unchanged(work, now);
        let runs = |work: &Work| self.memory.runs(work);
        let ended = ended(sight, &self.ask.question)?;
        let source = self.source.as_ref();
        let source = source.filter(|source| ended.is_subset(&source.ended));
        let source = source.map(|source| source.tag.as_ref());
        let known = Known {
            sight,
            source: source.or_else(|| self.ask.question.is_absent.then_some(None)),
            waited: self.waited(),
            unchanged: &unchanged,
            runs: &runs,
        };
        let destinations = self.destinations.iter();
        destinations
            .map(|destination| judge(&self.ask.question, destination, known))
            .collect()
    }

    async fn look_at_source(&mut self, sight: &Sight) -> Result<(), Error> {
        let ended = ended(sight, &self.ask.question)?;
        let tag = self.ask.source().await?;
        let tag = tag.map(SourceTag::with_plausible_time);
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
            provider: self.ask.registry.descriptor().provider(),
            image: self.title(),
            verdict,
            is_final,
            at: sight.at,
            expected: self.ask.question.digest.clone(),
            destinations,
            trouble: None,
            polls: self.polls,
            elapsed_ms: self.elapsed_ms(),
        }
    }

    fn title(&self) -> String {
        let question = &self.ask.question;
        let title = self.ask.registry.title(&question.image);
        match (question.image.tag(), &question.digest) {
            (None, Some(digest)) => format!("{title}@{digest}"),
            _ => title,
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.waited().as_millis()).unwrap_or(u64::MAX)
    }

    /// Returns the report while the registry cannot be read: the earlier facts, if any.
    pub(crate) fn report_in_trouble(
        &self,
        known: Option<&Report>,
        trouble: Option<Trouble>,
    ) -> Report {
        let known = known.cloned().unwrap_or_else(|| {
            let pending = |destination: &Destination| {
                DestinationReport::new(destination, Verdict::Pending, false).because(
                    ReasonKind::Unreadable,
                    "no poll has read the registry so far",
                )
            };
            Report {
                provider: self.ask.registry.descriptor().provider(),
                image: self.title(),
                verdict: Verdict::Pending,
                is_final: false,
                at: self.service_time(),
                expected: self.ask.question.digest.clone(),
                destinations: self.destinations.iter().map(pending).collect(),
                trouble: None,
                polls: 0,
                elapsed_ms: 0,
            }
        });
        Report {
            trouble,
            polls: self.polls,
            elapsed_ms: self.elapsed_ms(),
            ..known
        }
    }
}

/// Result of a look.
pub(crate) struct Outcome {
    /// Start of the look, as elapsed time of the registry's clock.
    pub(crate) begun: Duration,
    pub(crate) report: Result<Report, Error>,
}

/// Returns the keys of the works on the image that have ended.
fn ended(sight: &Sight, question: &Question) -> Result<BTreeSet<String>, Error> {
    let works = sight.works(&question.image)?.into_iter();
    let ended = works.filter(|work| work.state.is_final());
    Ok(ended.map(Work::key).collect())
}
