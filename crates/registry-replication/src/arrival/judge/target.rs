//! Verdict on one place that rules or tasks copy to.

use std::time::Duration;

use openapi_transport::Timestamp;

use super::{Judged, Known, Question, Target};
use crate::arrival::destination::Destination;
use crate::arrival::explain;
use crate::arrival::report::{Basis, DestinationReport, Evidence, EvidenceOrigin, Verdict};
use crate::arrival::sight::{Settling, SourceTag, Work, WorkOrigin, digest, is_since};
use crate::model::{RuleRef, RuleTrigger, TaskState};

/// Whether a work is about the wanted image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Yes,
    No,
    /// It depends on the source's tag.
    Unsure,
}

/// Target with the facts for its verdict.
pub(super) struct Judging<'a> {
    pub(super) question: &'a Question,
    pub(super) destination: &'a Destination,
    pub(super) known: Known<'a>,
    pub(super) target: &'a Target<'a>,
    /// Works, newest first.
    pub(super) works: Vec<&'a Work>,
    /// Works that do not name their tag, newest first.
    pub(super) unnamed: Vec<&'a Work>,
    /// Works that remove tags, newest first.
    pub(super) removing: Vec<&'a Work>,
}

impl<'a> Judging<'a> {
    pub(super) fn judged(&self) -> Judged {
        let judged = self.judged_by_name();
        let ends = matches!(
            judged.report.verdict,
            Verdict::Failed | Verdict::Stalled | Verdict::NoTask
        );
        // A work that does not name its tag may be about this image.
        let report = &judged.report;
        let is_unfounded =
            report.verdict == Verdict::Pending && report.evidence.is_none() && !judged.needs_source;
        match self.unnamed.iter().find(|work| self.may_count(work)) {
            Some(work) if ends || is_unfounded => {
                let mut report = self.of(Verdict::Pending, false, work);
                report.reasons.extend(explain::issue(work));
                report.reasons.push(explain::unnamed_tag(work));
                let others = judged.report.reasons.iter().filter(|_| is_unfounded);
                report.reasons.extend(others.cloned());
                Judged { report, ..judged }
            }
            _ => judged,
        }
    }

    /// Whether a work that does not name its tag may be about the wanted image.
    fn may_count(&self, work: &Work) -> bool {
        let is_early = |(created, earliest)| !is_since(created, earliest);
        let times = work.read().zip(self.earliest());
        !self.question.is_absent && !times.is_some_and(is_early)
    }

    /// Returns the earliest time of a work on the wanted image, as far as it is known.
    fn earliest(&self) -> Option<Timestamp> {
        let pushed = self.known.source.flatten().and_then(|tag| tag.pushed);
        self.question.since.max(pushed)
    }

    /// Returns the time before which records may be gone, if the wanted image may be older.
    fn removed_before(&self) -> Option<Timestamp> {
        let rules = self.target.rules.iter();
        let known = rules.filter_map(|rule| self.known.sight.kept_since.get(&rule.id));
        let kept_since = known.max().copied()?;
        let is_older = self.earliest().is_none_or(|earliest| earliest < kept_since);
        Some(kept_since).filter(|_| is_older)
    }

    /// Judges by the works that are certainly about the image.
    fn judged_by_name(&self) -> Judged {
        let counting = |counts| {
            let works = self.works.iter().copied();
            let works = works.filter(move |work| self.counts(work) == counts);
            works.collect::<Vec<_>>()
        };
        let counted = counting(Counts::Yes);
        let unsure = counting(Counts::Unsure);
        if let Some(judged) = self.arrived(&counted) {
            return judged;
        }
        // A running work may be about the wanted image. An ended work needs the source's answer.
        if unsure.iter().any(|work| work.state.is_final()) {
            let report = self.report(Verdict::Pending, false);
            return Judged {
                report,
                needs_source: true,
            };
        }
        let all: Vec<_> = counted.into_iter().chain(unsure).collect();
        let Some(newest) = all.first() else {
            return self.without_task();
        };
        let report = self.on_its_way(newest, &all);
        // An older work may have copied the same image.
        let older = report.is_final && all.iter().any(|work| work.succeeded());
        Judged {
            needs_source: older && self.known.source.is_none(),
            report,
        }
    }

    /// Whether the source already had its current tag when the work was created, so that the work
    /// copied it.
    fn copies_current(&self, work: &Work) -> bool {
        let pushed = self.known.source.flatten().and_then(|tag| tag.pushed);
        let times = pushed.zip(work.read());
        times.is_some_and(|(pushed, created)| is_since(created, pushed))
    }

    fn counts(&self, work: &Work) -> Counts {
        let Question {
            since,
            digest: wanted,
            ..
        } = self.question;
        if self.question.is_absent {
            return Counts::No;
        }
        if let Some(since) = since {
            match (work.read(), &work.digest, self.known.source) {
                (Some(created), _, _) if is_since(created, *since) => {}
                (Some(_), _, _) | (None, None, _) => return Counts::No,
                // A work without a time counts by the time of its digest.
                (None, Some(_), None) => return Counts::Unsure,
                (None, Some(copied), Some(source)) => {
                    let tag = source.filter(|tag| tag.digest.as_deref() == Some(copied));
                    let pushed = tag.and_then(|tag| tag.pushed);
                    if !pushed.is_some_and(|pushed| is_since(pushed, *since)) {
                        return Counts::No;
                    }
                }
            }
        }
        let Some(wanted) = wanted else {
            return Counts::Yes;
        };
        let counts = match (&work.digest, self.known.source) {
            (Some(copied), _) => digest(copied) == *wanted,
            (None, None) => return Counts::Unsure,
            (None, Some(None)) => false,
            // The source was looked up after the task was seen, so the source had its last push when
            // the task was created.
            (None, Some(Some(tag))) => self.source_has(tag) && self.copies_current(work),
        };
        match counts {
            true => Counts::Yes,
            false => Counts::No,
        }
    }

    fn source_has(&self, tag: &SourceTag) -> bool {
        tag.digest.as_deref().map(digest) == self.question.digest
    }

    /// Returns the work that wrote the tag at the destination last, by the known tasks. If the rule
    /// does not overwrite, it is the work that wrote the tag first.
    fn holder(&self) -> Option<&'a Work> {
        let written = |work: &&&Work| work.state == TaskState::Succeeded;
        let written = self.works.iter().filter(written);
        let keeps = written.clone().any(|work| work.keeps);
        let time = |work: &&&Work| (work.written(), work.created);
        let holder = match keeps {
            true => written.min_by_key(time),
            false => written.max_by_key(time),
        };
        holder.copied()
    }

    /// Returns a work that was created before another one, and that may have written an older image or
    /// removed the tag after it, or may still do so.
    fn overtakes(&self, done: &Work) -> Option<&'a Work> {
        let is_older = |work: &&&Work| {
            work.created < done.created && work.digest.is_none() && !self.copies_current(work)
        };
        let may_write = |work: &&&Work| match work.state {
            TaskState::Succeeded => !work.keeps && may_end_after(work.changed, done.written()),
            // It may have found no tag before the other work wrote it.
            TaskState::Running if work.keeps => {
                self.is_at_work(work) && work.started.is_none_or(|time| Some(time) <= done.changed)
            }
            TaskState::Running => self.is_at_work(work),
            // It removes what is there when it runs.
            TaskState::Waiting => work.removes,
            TaskState::Failed => work.removes && self.is_unsettled(work),
            _ => false,
        };
        let all = self.works.iter().chain(&self.unnamed);
        let all = all.chain(&self.removing);
        all.filter(is_older).find(may_write).copied()
    }

    /// Judges a target to which a work has copied the wanted image.
    fn arrived(&self, counted: &[&'a Work]) -> Option<Judged> {
        let newest = counted.first()?;
        let wanted = self.question.digest.clone();
        let wanted = wanted.or_else(|| newest.digest.as_deref().map(digest));
        let copied = |work: &Work| work.digest.as_deref().map(digest);
        // If the rule does not overwrite, a tag that was already there may name another image.
        let is_certain = |work: &Work| {
            let asked = self.question.digest.is_some() || self.question.since.is_some();
            work.state == TaskState::Succeeded || work.overwrites == Some(true) || !asked
        };
        let is_wanted = |work: &&&Work| match copied(work) {
            Some(digest) => Some(digest) == wanted,
            // With an expected digest, only copies of it count.
            None => self.question.digest.is_some() || self.copies_current(work),
        };
        let succeeded = |work: &&&Work| work.succeeded() && is_certain(work);
        let copies = || counted.iter().filter(succeeded).filter(is_wanted);
        let is_answer = |work: &&&Work| work.origin == WorkOrigin::Destination;
        if let Some(answer) = copies().find(is_answer) {
            let mut report = self.of(Verdict::Arrived, true, answer);
            report.digest = wanted;
            report.rests_on = Some(Basis::Destination);
            return Some(report.into());
        }
        let done = copies().next();
        let Some(done) = done.or_else(|| Some(newest).filter(succeeded)) else {
            let there = Some(newest).filter(|newest| newest.succeeded())?;
            let mut report = self.of(Verdict::Pending, false, there);
            report.reasons.push(explain::there_already(there));
            return Some(report.into());
        };
        let holder = self.holder().unwrap_or(done);
        // Copies without times have no order, so the last of them is unknown.
        let other = |work: &&&Work| work.state == TaskState::Succeeded && copied(work) != wanted;
        let is_untimed = |work: &Work| work.created.is_none() && work.changed.is_none();
        let mut others = self.works.iter().filter(other);
        if let Some(other) = others.find(|work| is_untimed(work) || is_untimed(done)) {
            let mut report = self.of(Verdict::Pending, false, done);
            report.reasons.push(explain::no_order(other));
            return Some(report.into());
        }
        let held = copied(holder);
        if held.is_some() && held != wanted {
            // A newer work may still fix it, or the newest one has failed.
            let mut newer = counted.iter().filter(|work| work.created > holder.created);
            let is_open = |work: &&Work| self.is_at_work(work) || self.is_unsettled(work);
            let newest_failed = newest.created > holder.created && !newest.succeeded();
            if !holder.keeps && (newest_failed || newer.any(is_open)) {
                return None;
            }
            let is_final = holder.keeps || self.is_late();
            let mut report = self.of(Verdict::DigestMismatch, is_final, holder);
            report.reasons.push(explain::other_digest(holder, done));
            report.digest = held;
            return Some(report.into());
        }
        if held.is_none()
            && let Some(older) = self.overtakes(done)
        {
            let mut report = self.of(Verdict::Pending, false, done);
            report.reasons.push(explain::overtaken(older, done));
            return Some(Judged {
                report,
                needs_source: self.known.source.is_none(),
            });
        }
        let mut report = self.of(Verdict::Arrived, true, done);
        report.digest = wanted;
        report.rests_on = Some(match self.question {
            _ if done.origin == WorkOrigin::Status && held.is_some() => Basis::Status,
            _ if holder.keeps => Basis::FirstCopy,
            Question {
                digest: Some(_), ..
            } if held.is_some() => Basis::TaskDigest,
            Question {
                digest: Some(_), ..
            } => Basis::SourceTag,
            Question { since: Some(_), .. } => Basis::Since,
            _ => Basis::NewestTask,
        });
        Some(report.into())
    }

    /// Judges a target to which no work has copied the wanted image yet. `all` are the works that
    /// are about it.
    fn on_its_way(&self, newest: &Work, all: &[&Work]) -> DestinationReport {
        if let Some(work) = all.iter().find(|work| self.is_at_work(work)) {
            return self.of(Verdict::Pending, false, work);
        }
        if let Some(work) = all.iter().find(|work| self.is_unsettled(work)) {
            let mut report = self.of(Verdict::Pending, false, work);
            let left = self.question.settle.window.saturating_sub(self.age(work));
            report.reasons.extend(explain::issue(work));
            report.reasons.push(explain::settling(work, left));
            return report;
        }
        let verdict = match newest.state.is_final() {
            true => Verdict::Failed,
            false => Verdict::Stalled,
        };
        let mut report = self.of(verdict, true, newest);
        report.reasons.extend(match verdict {
            Verdict::Failed => explain::failed(newest),
            _ => explain::stalled(newest, self.age(newest)),
        });
        // Tasks that name no digest may have copied the same image before.
        let before = self.holder().filter(|holder| holder.digest.is_none());
        if let Some(holder) = before.filter(|_| self.question.digest.is_some()) {
            report.reasons.push(explain::copied_before(holder));
        }
        report
    }

    /// Judges a target without any work on the wanted image.
    fn without_task(&self) -> Judged {
        let late = self.is_late();
        let mut reasons = Vec::new();
        if let Some(source) = self.known.source {
            match source {
                None => reasons.push(explain::not_in_source(&self.question.image.to_string())),
                Some(tag) if self.question.digest.is_some() && !self.source_has(tag) => {
                    let mut report = self.report(Verdict::DigestMismatch, late);
                    report.reasons.push(explain::source_moved(
                        &self.question.image,
                        tag.digest.as_deref(),
                    ));
                    return report.into();
                }
                Some(tag) => {
                    let older = self.target.rules.iter().filter_map(|rule| {
                        explain::older_than_rule(rule, &self.question.image, tag.pushed)
                    });
                    reasons.extend(older);
                }
            }
        }
        // The source's answer is the reason, and it may decide the verdict.
        let needs_source = late && self.known.source.is_none();
        let is_absent = self.known.source == Some(None);
        let never = !reasons.is_empty() && reasons.len() >= self.target.rules.len();
        let Some(rule) = self.target.rules.first() else {
            let sight = self.known.sight;
            let rules = sight.rules(&self.question.image).unwrap_or_default();
            let (image, destination) = (&self.question.image, self.destination);
            reasons.extend(explain::no_rule(rules, image, destination, sight));
            let mut report = self.report(Verdict::NoRule, true);
            report.reasons = reasons;
            return report.into();
        };
        reasons.extend(
            self.target
                .rules
                .iter()
                .flat_map(|rule| explain::rule(rule, &self.question.image)),
        );
        let scheduled = self.target.rules.iter().any(|rule| {
            rule.enabled != Some(false) && rule.trigger == Some(RuleTrigger::OnSchedule)
        });
        if let Some(kept_since) = self.removed_before().filter(|_| !never && !is_absent) {
            reasons.push(explain::records_removed(kept_since));
            let report = DestinationReport {
                reasons,
                ..self.report(Verdict::Pending, false)
            };
            return Judged {
                report,
                needs_source,
            };
        }
        if reasons.is_empty() {
            reasons.push(explain::awaiting_task(rule, self.question.task));
        }
        let mut report = self.report(Verdict::NoTask, late && (never || !scheduled));
        report.reasons = reasons;
        Judged {
            report,
            needs_source,
        }
    }

    /// Whether the expected task is late.
    fn is_late(&self) -> bool {
        let window = self.question.task;
        let old = self.question.since.is_some_and(|since| {
            let passed = self.known.sight.at.duration_since(since);
            Duration::try_from(passed).is_ok_and(|passed| passed >= window)
        });
        self.known.waited >= window || old
    }

    /// Whether a work makes progress.
    fn is_at_work(&self, work: &Work) -> bool {
        !work.state.is_final() && self.age(work) < self.question.stall
    }

    /// Whether a work has failed so recently that the registry may retry it.
    fn is_unsettled(&self, work: &Work) -> bool {
        let Settling { window, runs } = self.question.settle;
        // Its end belongs to the last run only if it is later than that run's start.
        let times = work.changed.zip(work.started);
        let ended_last = times.is_some_and(|(ended, started)| ended >= started);
        let was_last = ended_last && runs.is_some_and(|runs| (self.known.runs)(work) >= runs);
        let has_failed = work.state.is_final() && !work.succeeded();
        has_failed && !was_last && self.age(work) < window
    }

    /// Returns how long the work has not changed, by the vendor's times or by the looks.
    fn age(&self, work: &Work) -> Duration {
        let seen = (self.known.unchanged)(work);
        let told = work.changed.or(work.created);
        let told = told.and_then(|time| self.known.sight.at.duration_since(time).try_into().ok());
        seen.max(told.unwrap_or_default())
    }

    fn report(&self, verdict: Verdict, is_final: bool) -> DestinationReport {
        DestinationReport {
            place: Some(self.target.end.clone()),
            rule: self.target.rules.first().and_then(|rule| rule.reference()),
            ..DestinationReport::new(self.destination, verdict, is_final)
        }
    }

    fn of(&self, verdict: Verdict, is_final: bool, work: &Work) -> DestinationReport {
        let rules = self.target.rules.iter();
        let rule = rules
            .clone()
            .find(|rule| Some(&rule.id) == work.rule.as_ref())
            .and_then(|rule| rule.reference());
        let unchanged = i64::try_from(self.age(work).as_secs()).ok();
        let named = rule.or_else(|| work.rule.as_deref().map(RuleRef::new));
        // If tasks name no rule, it can only be the single rule.
        let only = match self.target.rules.as_slice() {
            [only] if named.is_none() => only.reference(),
            _ => None,
        };
        DestinationReport {
            rule: named.or(only),
            evidence: Some(Evidence {
                execution: work.execution.clone(),
                origin: match work.origin {
                    WorkOrigin::Task(_) => EvidenceOrigin::Task,
                    WorkOrigin::Execution(_) => EvidenceOrigin::Execution,
                    WorkOrigin::Status => EvidenceOrigin::Status,
                    WorkOrigin::Destination => EvidenceOrigin::Destination,
                },
                task: work.task().cloned(),
                subtask: work.subtask.clone(),
                state: work.state.clone(),
                status: work.status.clone(),
                issue: work.issue.clone(),
                created: work.created,
                changed: work.changed,
                unchanged_seconds: unchanged.filter(|_| work.changed.is_some()),
            }),
            ..self.report(verdict, is_final)
        }
    }
}

/// Whether one end may be after another. Some services have whole seconds only.
fn may_end_after(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) if one.subsec_nanosecond() == 0 => {
            one.as_second() >= other.as_second()
        }
        _ => one > other,
    }
}

impl From<DestinationReport> for Judged {
    fn from(report: DestinationReport) -> Self {
        Self {
            report,
            needs_source: false,
        }
    }
}
