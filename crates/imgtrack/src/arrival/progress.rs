//! How a wait goes on, in a line for each change.

use std::collections::BTreeMap;

use registry_replication::{DestinationReport, ReasonKind, Report, TaskState, Verdict};

use crate::table::duration;

/// What has been said of an image, so that it is not said again.
#[derive(Default)]
pub(super) struct Progress(BTreeMap<String, Known>);

/// What makes a line, but for what changes by itself, as the time that is left does.
type Known = (
    Verdict,
    Option<String>,
    Option<TaskState>,
    Option<ReasonKind>,
);

impl Progress {
    /// What is new of it, a line for each destination where something is.
    pub(super) fn news(&mut self, report: &Report) -> Vec<String> {
        let mut lines = Vec::new();
        for destination in &report.destinations {
            let evidence = destination.evidence.as_ref();
            let known = (
                destination.verdict,
                evidence.map(|evidence| evidence.task.to_string()),
                evidence.map(|evidence| evidence.state.clone()),
                destination.reasons.first().map(|reason| reason.kind),
            );
            let name = destination.destination.to_string();
            if self.0.get(&name) != Some(&known) {
                lines.push(line(report, destination));
                self.0.insert(name, known);
            }
        }
        lines
    }
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
