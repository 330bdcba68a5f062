//! Progress of a wait, one line for each change.

use std::collections::BTreeMap;
use std::time::Duration;

use registry_replication::{
    DestinationReport, Evidence, ReasonKind, Report, TaskState, Trouble, UsualTimes, Verdict,
};

use super::usual::estimate;
use crate::table::duration;
use crate::waiting::LiveLine;

/// State that was printed last, so that it is not printed again.
#[derive(Default)]
pub(super) struct Progress {
    known: BTreeMap<String, Known>,
    /// Why the registry cannot be read, and whether it told when to retry.
    trouble: Option<(String, bool)>,
}

/// Contents of a line, without what changes on its own, such as the remaining time.
type Known = (
    Verdict,
    Option<String>,
    Option<TaskState>,
    Option<ReasonKind>,
);

impl Progress {
    /// Returns a line for each destination that has changed.
    ///
    /// Another line tells when the registry stops being readable, when the reason changes, and when
    /// the registry is readable again.
    pub(super) fn news(&mut self, report: &Report) -> Vec<String> {
        let mut lines = Vec::new();
        let trouble = report.trouble.as_ref();
        let trouble = trouble.map(|trouble| {
            // Each request has an id of its own.
            let what = trouble.what.split(" (request id").next();
            (
                what.unwrap_or_default().to_owned(),
                trouble.next_look.is_some(),
            )
        });
        if trouble != self.trouble {
            lines.push(match &report.trouble {
                Some(trouble) => in_trouble(report, trouble),
                None => format!(
                    "{} {} the registry is readable again",
                    elapsed_ms(report.elapsed_ms),
                    report.image
                ),
            });
            self.trouble = trouble;
        }
        if self.trouble.is_some() {
            return lines;
        }
        for destination in &report.destinations {
            let mut kinds = destination.reasons.iter().map(|reason| reason.kind);
            if kinds.any(|kind| kind == ReasonKind::Unconfirmed) {
                // The next poll is due, and tells more.
                continue;
            }
            let evidence = destination.evidence.as_ref();
            let known = (
                destination.verdict,
                evidence.map(Evidence::name),
                evidence.map(|evidence| evidence.state.clone()),
                destination.reasons.first().map(|reason| reason.kind),
            );
            let name = destination.destination.to_string();
            if self.known.get(&name) != Some(&known) {
                lines.push(line(report, destination));
                self.known.insert(name, known);
            }
        }
        lines
    }
}

fn in_trouble(report: &Report, trouble: &Trouble) -> String {
    let mut line = format!(
        "{} {} cannot read the registry: {}",
        elapsed_ms(report.elapsed_ms),
        report.image,
        trouble.what
    );
    if trouble.count > 1 {
        line.push_str(&format!(
            " ({} polls since {:.0})",
            trouble.count, trouble.since
        ));
    }
    if let Some(at) = trouble.next_look {
        line.push_str(&format!("; next poll at {at:.0}"));
    }
    line
}

fn line(report: &Report, destination: &DestinationReport) -> String {
    let mut line = format!(
        "{} {} {} {}",
        elapsed_ms(report.elapsed_ms),
        report.image,
        destination.destination,
        destination.verdict
    );
    if let Some(why) = why(destination) {
        line.push_str(&format!(" ({why})"));
    }
    line
}

/// Returns a line for each destination, `waited` after the wait began.
pub(super) fn live<'a>(
    report: &'a Report,
    waited: Duration,
    is_open: bool,
    times: Option<&'a UsualTimes>,
) -> Vec<LiveLine<'a>> {
    let lines = report.destinations.iter().map(|destination| {
        let is_open = is_open && !destination.is_final && !report.is_final;
        LiveLine {
            text: Box::new(move || live_text(report, destination, waited, is_open, times)),
            is_open,
        }
    });
    lines.collect()
}

fn live_text(
    report: &Report,
    destination: &DestinationReport,
    waited: Duration,
    is_open: bool,
    times: Option<&UsualTimes>,
) -> String {
    let passed = waited.saturating_sub(Duration::from_millis(report.elapsed_ms));
    let seconds_passed = i64::try_from(passed.as_secs()).unwrap_or(i64::MAX);
    let mut text = format!(
        "{} {} {}",
        report.image, destination.destination, destination.verdict
    );
    if let Some(why) = why(destination) {
        text.push_str(&format!(" ({why})"));
    }
    let unchanged = destination.evidence.as_ref();
    let unchanged = unchanged.and_then(|evidence| evidence.unchanged_seconds);
    if let Some(seconds) = unchanged.filter(|_| is_open) {
        let age = duration(seconds.saturating_add(seconds_passed)).replace(' ', "");
        text.push_str(&format!(" for {age}"));
    }
    let times = times.filter(|_| is_open);
    if let Some(usual) = times.and_then(|times| estimate(report, destination, passed, times)) {
        text.push_str(&format!(", {usual}"));
    }
    if is_open {
        text.push_str(&format!(", waited {}", elapsed(waited)));
    }
    if let Some(trouble) = &report.trouble {
        text.push_str(&format!("; cannot read the registry: {}", trouble.what));
    }
    text
}

/// Returns the task and its state, or the first reason if the task has succeeded.
fn why(destination: &DestinationReport) -> Option<String> {
    let evidence = destination.evidence.as_ref();
    let task = evidence.map(|evidence| format!("{} {}", evidence.name(), evidence.state));
    let reason = destination.reasons.first().map(ToString::to_string);
    match evidence.is_some_and(|evidence| evidence.state != TaskState::Succeeded) {
        true => task,
        false => reason.or(task),
    }
}

/// Formats the time that a wait has taken.
pub(crate) fn elapsed(waited: Duration) -> String {
    duration(i64::try_from(waited.as_secs()).unwrap_or(i64::MAX)).replace(' ', "")
}

/// Formats the time in a report.
pub(crate) fn elapsed_ms(milliseconds: u64) -> String {
    elapsed(Duration::from_millis(milliseconds))
}
