//! Reasons why an image has not arrived, in sentences that name the thing to change.

use std::time::Duration;

use openapi_transport::{Error, ErrorKind, Timestamp};

use super::cover::{Cover, ReadRule, cover};
use super::destination::Destination;
use super::judge::end;
use super::report::{Reason, ReasonKind};
use super::sight::{Sight, Work, WorkOrigin};
use crate::model::{ImageName, ImageRef, Rule, RuleTrigger, TaskKind, TaskState};
use crate::provider::Feature;
use crate::suggest;

/// Number of rules that are named when no rule matches. More would hide the relevant rule.
const NAMED: usize = 3;

/// Returns the name of a rule in a sentence, such as `rule 12 (name)`.
fn named(rule: &Rule) -> String {
    match (rule.reference(), &rule.name) {
        (Some(id), Some(name)) => format!("rule {id} ({name})"),
        (Some(id), None) => format!("rule {id}"),
        (None, Some(name)) => format!("rule {name}"),
        (None, None) => "a rule".to_owned(),
    }
}

/// Returns why no rule copies the image to the destination, with the nearest rules first.
pub(crate) fn no_rule(
    rules: &[ReadRule],
    image: &ImageName,
    destination: &Destination,
    sight: &Sight,
) -> Vec<Reason> {
    let rules = rules.iter();
    let rules = rules.filter(|rule| rule.kind == TaskKind::Replication);
    let with_cover = rules.map(|rule| (rule, cover(rule, image)));
    let (mut there, elsewhere): (Vec<_>, Vec<_>) =
        with_cover.partition(|(rule, _)| destination.is(&end(rule, image), &sight.names));
    there.sort_by_key(|(_, cover)| cover.distance);
    if let Some(nearest) = there.first().map(|(_, cover)| cover.distance) {
        let near = there.iter().filter(|(_, cover)| cover.distance == nearest);
        let near = near.take(NAMED);
        return near.map(|(rule, cover)| leaves_out(rule, cover)).collect();
    }
    let covering = elsewhere.iter().filter(|(_, cover)| cover.covers());
    let places = covering.map(|(rule, _)| place(&end(rule, image), sight));
    let places: Vec<String> = places.collect();
    let question = suggest::question(destination.place(), places.iter().map(String::as_str));
    let mut reasons = vec![Reason::new(
        ReasonKind::NoRuleThere,
        match destination.is_anywhere() {
            true => format!("no rule copies {image} anywhere: create one that covers it"),
            false => {
                format!("no rule copies to {destination}: create one that covers {image}{question}")
            }
        },
    )];
    let covering = elsewhere.iter().filter(|(_, cover)| cover.covers());
    reasons.extend(covering.take(NAMED).map(|(rule, _)| {
        let end = place(&end(rule, image), sight);
        let text = format!("{} covers the image and copies it to {end}", named(rule));
        Reason::new(ReasonKind::RuleElsewhere, text)
    }));
    reasons
}

/// Returns a place by the names that users know.
pub(crate) fn place(end: &ImageRef, sight: &Sight) -> String {
    let registry = end.registry.as_ref();
    let name = registry.map(|id| {
        let names = sight.names.get(id);
        names.and_then(|names| names.first()).unwrap_or(id)
    });
    let known = end.region.as_ref().or(end.instance.as_ref()).or(name);
    known.map_or_else(|| "an unnamed place".to_owned(), Clone::clone)
}

fn leaves_out(rule: &Rule, cover: &Cover) -> Reason {
    Reason::new(
        ReasonKind::NotCovered,
        format!(
            "{} copies there but does not cover the image: {}",
            named(rule),
            cover.misfits.join(", and ")
        ),
    )
}

/// Returns why a rule that covers the image does not run by itself.
pub(crate) fn rule(rule: &ReadRule, image: &ImageName) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if rule.enabled == Some(false) {
        reasons.push(Reason::new(
            ReasonKind::RuleDisabled,
            format!("{} is disabled: enable it", named(rule)),
        ));
    }
    match &rule.trigger {
        Some(RuleTrigger::Manual) => reasons.push(Reason::new(
            ReasonKind::RuleManual,
            match runs_whole(rule) {
                true => format!(
                    "{} runs only on request: run it, or let it run on push",
                    named(rule)
                ),
                false => format!(
                    "{} runs only on request: run it for {image}, or let it run on push",
                    named(rule)
                ),
            },
        )),
        Some(RuleTrigger::OnSchedule) => reasons.push(Reason::new(
            ReasonKind::RuleOnSchedule,
            match &rule.schedule {
                Some(schedule) => format!("{} runs on schedule, {schedule}", named(rule)),
                None => format!("{} runs on schedule", named(rule)),
            },
        )),
        _ => {}
    }
    for unread in cover(rule, image).unread {
        reasons.push(Reason::new(
            ReasonKind::FilterUnread,
            format!(
                "{} may not cover the image: its filter on {unread} cannot be read here",
                named(rule)
            ),
        ));
    }
    reasons
}

/// Whether a run of the rule copies all that it covers, not only named images.
fn runs_whole(rule: &Rule) -> bool {
    let provider = rule.provider.descriptor();
    provider.is_none_or(|provider| provider.has(Feature::RunRule))
}

pub(crate) fn older_than_rule(
    rule: &Rule,
    image: &ImageName,
    pushed: Option<Timestamp>,
) -> Option<Reason> {
    let (pushed, made) = pushed.zip(rule.created)?;
    (rule.automatic == Some(true) && pushed < made).then(|| {
        let text = format!(
            "{image} was pushed at {pushed:.0}, before {} was created at {made:.0}, and a rule \
             copies only later pushes: push the image again, or copy it manually",
            named(rule)
        );
        Reason::new(ReasonKind::OlderThanRule, text)
    })
}

pub(crate) fn not_in_source(image: &str) -> Reason {
    let text = format!("the source has no {image}: push it, or check its name");
    Reason::new(ReasonKind::NotInSource, text)
}

pub(crate) fn no_repository(repository: &str) -> Reason {
    let text =
        format!("the source has no repository {repository}: push the image, or check its name");
    Reason::new(ReasonKind::NotInSource, text)
}

pub(crate) fn source_moved(image: &ImageName, digest: Option<&str>) -> Reason {
    let now = digest.map(super::sight::digest);
    let now = now.unwrap_or_else(|| "another image".to_owned());
    let text = format!(
        "the source has {now} under {image}, not the expected digest: the tag was pushed again, or \
         the digest belongs to another image"
    );
    Reason::new(ReasonKind::SourceMoved, text)
}

pub(crate) fn awaiting_task(rule: &Rule, window: Duration) -> Reason {
    let text = format!(
        "{} has not created a task yet; it may take up to {} s",
        named(rule),
        window.as_secs()
    );
    Reason::new(ReasonKind::AwaitingTask, text)
}

/// Reason that the destination has the digest of `holder` and not the one of `done`.
pub(crate) fn other_digest(holder: &Work, done: &Work) -> Reason {
    let digest = holder.digest.as_deref().unwrap_or("another image");
    match holder.keeps {
        true => Reason::new(
            ReasonKind::Kept,
            format!(
                "{} put {digest} there first, and the rule does not overwrite: let it \
                 overwrite, or push under another tag",
                holder.name()
            ),
        ),
        false => Reason::new(
            ReasonKind::Overwritten,
            format!(
                "{} put {digest} there after {} was done",
                holder.name(),
                done.name()
            ),
        ),
    }
}

/// Reason that a verdict depends on one poll only.
pub(crate) fn unconfirmed() -> Reason {
    let text = "one poll shows this; the next one must agree, because listings lag";
    Reason::new(ReasonKind::Unconfirmed, text)
}

/// Reason that an older work may have written an older image after a newer one, or may still do so.
pub(crate) fn overtaken(older: &Work, done: &Work) -> Reason {
    let (older_name, done) = (older.name(), done.name());
    let effect = match older.removes {
        true => "removed the tag",
        false => "put an older image there",
    };
    let text = match older.state.is_final() {
        true => format!(
            "{older_name} was created before {done} and ended after it, so it may have {effect}; \
             ask the destination itself, or copy the image again"
        ),
        false => format!(
            "{older_name} was created before {done} and has not ended, so it may have {effect} when it ends"
        ),
    };
    Reason::new(ReasonKind::Overwritten, text)
}

pub(crate) fn there_already(work: &Work) -> Reason {
    let text = format!(
        "{} found the tag at the destination and left it unchanged; it may be another image: ask \
         the destination itself, or let the rule overwrite",
        work.name()
    );
    Reason::new(ReasonKind::Kept, text)
}

pub(crate) fn copied_before(holder: &Work) -> Reason {
    let text = format!(
        "{} copied the tag before; if the tag was the same image then, the destination has it: \
         ask the destination itself",
        holder.name()
    );
    Reason::new(ReasonKind::CopiedBefore, text)
}

/// Reason that a work does not name the tags that it copies.
pub(crate) fn unnamed_tag(work: &Work) -> Reason {
    let what = match work.origin {
        WorkOrigin::Execution(_) => "has no tasks",
        _ => "does not show for certain which tags it copies, and where",
    };
    let text = format!(
        "{} {what}, so it may be about this image: ask the destination itself",
        work.name()
    );
    Reason::new(ReasonKind::UnnamedTag, text)
}

/// Reason that records of works from the time of the push may have been removed.
pub(crate) fn records_removed(kept_since: Timestamp) -> Reason {
    let text = format!(
        "the registry may have removed the records of tasks before {kept_since:.0}, and the image is \
         older: ask the destination itself"
    );
    Reason::new(ReasonKind::RecordsRemoved, text)
}

/// Reason that copies have no times, so the last of them is unknown.
pub(crate) fn no_order(holder: &Work) -> Reason {
    let text = format!(
        "{} has no time, so the order of the copies is unknown: ask the destination itself",
        holder.name()
    );
    Reason::new(ReasonKind::Overwritten, text)
}

pub(crate) fn settling(work: &Work, left: Duration) -> Reason {
    let text = format!(
        "{} {}; it counts as final in {} s unless the registry retries",
        work.name(),
        ended(work),
        left.as_secs()
    );
    Reason::new(ReasonKind::Settling, text)
}

fn ended(work: &Work) -> &'static str {
    match work.state {
        TaskState::Cancelled => "was cancelled",
        TaskState::TimedOut => "timed out",
        _ => "failed",
    }
}

/// Reason that the vendor reports for a task.
pub(crate) fn issue(work: &Work) -> Option<Reason> {
    let issue = work.issue.as_ref()?;
    let todo = work.advice.map(|todo| format!(": {todo}"));
    let todo = todo.unwrap_or_default();
    let text = format!("the registry reports {issue:?} for {}{todo}", work.name());
    Some(Reason::new(ReasonKind::TaskIssue, text))
}

pub(crate) fn failed(work: &Work) -> Vec<Reason> {
    let text = format!(
        "{} {} and was not retried; run the rule again, or copy the image manually",
        work.name(),
        ended(work)
    );
    let own = Reason::new(ReasonKind::TaskIssue, text);
    issue(work).into_iter().chain([own]).collect()
}

pub(crate) fn stalled(work: &Work, age: Duration) -> Vec<Reason> {
    let text = format!(
        "{} has been {} for {} without progress; stop it and run it again, or allow more time if \
         the image is large",
        work.name(),
        work.state,
        roughly(age)
    );
    let own = Reason::new(ReasonKind::NoProgress, text);
    issue(work).into_iter().chain([own]).collect()
}

/// Returns a duration in words.
fn roughly(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds < 2 * 60 => format!("{seconds} s"),
        seconds if seconds < 2 * 3600 => format!("{} min", seconds / 60),
        seconds if seconds < 2 * 86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86400),
    }
}

/// Returns a reason for an error that denies access.
pub(crate) fn access(error: &Error) -> Option<Reason> {
    let refused = matches!(error.status(), Some(401 | 403));
    (refused || error.kind() == ErrorKind::Credentials).then(|| {
        let call = error.operation().unwrap_or("the call");
        let text = format!("permission denied: {error}; grant {call}");
        Reason::new(ReasonKind::Access, text)
    })
}
