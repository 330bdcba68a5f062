//! How a wait goes on, in a line for each change.

use std::collections::BTreeMap;

use registry_replication::{DestinationReport, ReasonKind, Report, TaskState, Trouble, Verdict};

use crate::table::duration;

/// What was printed of an image, so that it is not printed again.
#[derive(Default)]
pub(super) struct Progress {
    known: BTreeMap<String, Known>,
    /// What is wrong with the registry, and whether it said when to look again.
    trouble: Option<(String, bool)>,
}

/// What makes a line, but for what changes by itself, as the time that is left does.
type Known = (
    Verdict,
    Option<String>,
    Option<TaskState>,
    Option<ReasonKind>,
);

impl Progress {
    /// What is new of it: a line for each destination where something is, and one when the registry
    /// cannot be read any more, for another reason than before, or again.
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
                    "{} {} the registry can be read again",
                    elapsed(report.elapsed_ms),
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
                // The next look is due, and says more.
                continue;
            }
            let evidence = destination.evidence.as_ref();
            let known = (
                destination.verdict,
                evidence.map(|evidence| evidence.task.to_string()),
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
        elapsed(report.elapsed_ms),
        report.image,
        trouble.what
    );
    if trouble.count > 1 {
        line.push_str(&format!(
            " ({} looks since {:.0})",
            trouble.count, trouble.since
        ));
    }
    if let Some(at) = trouble.next_look {
        line.push_str(&format!("; next look at {at:.0}"));
    }
    line
}

fn line(report: &Report, destination: &DestinationReport) -> String {
    let mut line = format!(
        "{} {} {} {}",
        elapsed(report.elapsed_ms),
        report.image,
        destination.destination,
        destination.verdict
    );
    if let Some(why) = why(destination) {
        line.push_str(&format!(" ({why})"));
    }
    line
}

/// The task and its state, or the first reason where the task has done what it should.
fn why(destination: &DestinationReport) -> Option<String> {
    let evidence = destination.evidence.as_ref();
    let task = evidence.map(|evidence| format!("task {} {}", evidence.task, evidence.state));
    let reason = destination.reasons.first().map(ToString::to_string);
    match evidence.is_some_and(|evidence| evidence.state != TaskState::Succeeded) {
        true => task,
        false => reason.or(task),
    }
}

/// How long a wait has taken, in words.
pub(super) fn elapsed(milliseconds: u64) -> String {
    duration(i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX)).replace(' ', "")
}
