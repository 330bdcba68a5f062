//! Logs of replication tasks.

use jiff::{SignedDuration, Timestamp};

use super::executions::{Effect, End, Operation, Run, Step, Task};
use super::times;
use crate::course::State;

/// How long a log is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
const FILE: &str = "/controller/replication/transfer/image/transfer.go";

/// Returns the log of a task, or `None` if it does not exist: before its first run, and a day after its
/// last.
///
/// All runs write to one file, each from its beginning. So a shorter run leaves the end of an earlier
/// one.
pub(super) fn text(task: &Task, now: Timestamp) -> Option<String> {
    let look = task.course.look(now);
    if look.attempts == 0 || (look.is_final && now >= look.changed + KEPT) {
        return None;
    }
    let mut file: Vec<u8> = Vec::new();
    let mut write = |text: String| {
        let kept = file.get(text.len()..).unwrap_or_default().to_vec();
        file = [text.into_bytes(), kept].concat();
    };
    for run in &task.runs {
        write(whole(task, run));
    }
    let is_open = usize::try_from(look.attempts).unwrap_or(0) > task.runs.len();
    if let Some(begun) = look.begun.filter(|_| is_open) {
        let mut lines = Lines::new(begun);
        opened(&mut lines, task);
        stepped(&mut lines, task, &task.steps);
        if look.state == State::Stopped {
            lines.at = look.changed;
            lines.add("INFO", 175, "the job is stopped");
        }
        write(lines.text);
    }
    // All texts here are UTF-8, but an earlier one may be cut.
    Some(String::from_utf8_lossy(&file).into_owned())
}

struct Lines {
    at: Timestamp,
    text: String,
}

impl Lines {
    fn new(at: Timestamp) -> Self {
        let text = String::new();
        Self { at, text }
    }

    fn add(&mut self, level: &str, line: u32, message: &str) {
        let time = times::line(self.at);
        self.text += &format!("{time} [{level}] [{FILE}:{line}]: {message}\n");
    }
}

/// Writes the lines of a run before its work on single references.
fn opened(lines: &mut Lines, task: &Task) {
    let Task { source, ends, .. } = task;
    let created = |side: &str, end: &End| {
        format!(
            "client for {side} registry [type: {}, URL: {}, insecure: {}] created",
            end.kind, end.url, end.insecure
        )
    };
    lines.add("INFO", 140, &created("source", &ends.from));
    lines.add("INFO", 150, &created("destination", &ends.to));
    if task.operation == Operation::Copy {
        let tags = references(task);
        let between = between(source, &tags, &task.destination);
        lines.add("INFO", 183, &format!("copying {between}..."));
    }
}

fn references(task: &Task) -> String {
    let names = task.references.iter().map(|own| own.name.as_str());
    format!("[{}]", names.collect::<Vec<_>>().join(","))
}

fn between(source: &str, reference: &str, destination: &str) -> String {
    format!(
        "{source}:{reference}(source registry) to {destination}:{reference}(destination registry)"
    )
}

/// Returns the text that a run has written.
fn whole(task: &Task, run: &Run) -> String {
    let mut lines = Lines::new(run.begun);
    opened(&mut lines, task);
    stepped(&mut lines, task, &run.steps);
    lines.at = run.ended;
    if run.has_failed() {
        let message = "got error during the whole transfer period, mark the job failure";
        lines.add("ERROR", 201, message);
    } else if task.operation == Operation::Copy {
        let between = between(&task.source, &references(task), &task.destination);
        lines.add("INFO", 205, &format!("copy {between} completed"));
    }
    lines.text
}

/// Writes the lines of the work on single references.
fn stepped(lines: &mut Lines, task: &Task, steps: &[Step]) {
    let there = &task.destination;
    for step in steps {
        let Step {
            reference, effect, ..
        } = step;
        lines.at = step.begun;
        let between = between(&task.source, reference, there);
        if *effect != Effect::Deleted {
            lines.add("INFO", 211, &format!("copying {between}..."));
            pulled(lines, &task.source, reference, *effect);
        }
        let same = format!("the same name artifact {there}:{reference} exists on the destination");
        match effect {
            Effect::Copied { over } => {
                if *over {
                    let goes_on = "registry and the \"override\" is set to true, continue...";
                    lines.add("WARNING", 238, &format!("{same} {goes_on}"));
                }
                lines.at = step.ended;
                let at = format!("the manifest of artifact {there}:{reference}");
                lines.add("INFO", 494, &format!("pushing {at} ..."));
                lines.add("INFO", 506, &format!("{at} pushed"));
                lines.add("INFO", 254, &format!("copy {between} completed"));
            }
            Effect::Exists => {
                let message = format!("the artifact {there}:{reference} already exists");
                let message = format!("{message} on the destination registry, skip");
                lines.add("INFO", 227, &message);
            }
            Effect::Kept => {
                let stays = "registry, but the \"override\" is set to false, skip";
                lines.add("WARNING", 233, &format!("{same} {stays}"));
            }
            Effect::Missing => lines.add("ERROR", 195, "http error: code 404, message not found"),
            Effect::Failed => {
                lines.at = step.ended;
                // Invented.
                let cause = "dial tcp: i/o timeout";
                let at = format!("manifest of artifact {there}:{reference}");
                lines.add("ERROR", 502, &format!("failed to push {at}: {cause}"));
                lines.add("ERROR", 195, cause);
            }
            Effect::Deleted => {
                let message = format!("the manifest of artifact {there}:{reference} is deleted");
                lines.add("INFO", 610, &message);
            }
        }
    }
}

fn pulled(lines: &mut Lines, source: &str, reference: &str, effect: Effect) {
    let at = format!("the manifest of artifact {source}:{reference}");
    lines.add("INFO", 465, &format!("pulling {at} ..."));
    match effect {
        Effect::Missing => {
            let message = format!("failed to pull {at}: http error: code 404, message not found");
            lines.add("ERROR", 468, &message);
        }
        _ => lines.add("INFO", 471, &format!("{at} pulled")),
    }
}
