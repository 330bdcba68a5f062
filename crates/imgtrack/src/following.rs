//! Waits for the end of executions and tasks: progress, results and exit codes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use registry_replication::{
    Clock, Completion, CompletionError, CompletionReport, CompletionVerdict, Error, Task, TaskState,
};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::arrivals::{elapsed, elapsed_ms};
use crate::failure::Failure;
use crate::jobs::Finding;
use crate::output::Output;
use crate::signals::{Signal, Signals};
use crate::terminal::escaped;
use crate::waiting::{Awaited, Feed, LiveLine, drive};

/// Most lines about tasks that have failed, of one poll.
const MOST_LINES: usize = 20;

/// Result of the wait for the end of some work.
pub(crate) struct Followed {
    /// What was waited for, such as `execution 83`.
    what: String,
    report: Option<CompletionReport>,
    error: Option<CompletionError>,
    signal: Option<Signal>,
}

/// JSON form of a result.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FollowedJson<'a> {
    /// What was waited for, such as `execution 83`.
    work: &'a str,
    #[serde(flatten)]
    report: Option<&'a CompletionReport>,
    /// Whether the time was up.
    deadline_passed: bool,
    /// Why the wait ended without a final verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Followed {
    /// Makes the result of a wait that a signal has ended before its first poll.
    pub(crate) fn stopped(what: String, signal: Signal) -> Self {
        Self {
            what,
            report: None,
            error: None,
            signal: Some(signal),
        }
    }

    fn deadline_passed(&self) -> bool {
        matches!(self.error, Some(CompletionError::DeadlinePassed { .. }))
    }

    fn is_final(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.is_final)
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self.report.as_ref().map(|report| report.verdict) {
            _ if self.deadline_passed() => 4,
            Some(CompletionVerdict::Succeeded) => 0,
            Some(CompletionVerdict::Failed | CompletionVerdict::Cancelled) => 3,
            Some(CompletionVerdict::Running) => 4,
            Some(CompletionVerdict::NoTask) => 5,
            _ => 1,
        }
    }

    /// Returns the exit code if any end is a success, as after a stop.
    pub(crate) fn code_of_end(&self) -> u8 {
        match self.is_final() {
            true => 0,
            false => self.code(),
        }
    }

    /// Returns the error of a call that has ended the wait.
    pub(crate) fn into_error(self) -> Option<Error> {
        match self.error {
            Some(CompletionError::Call(error)) => Some(error),
            _ => None,
        }
    }

    /// Returns the JSON form.
    pub(crate) fn json(&self) -> FollowedJson<'_> {
        FollowedJson {
            work: &self.what,
            report: self.report.as_ref(),
            deadline_passed: self.deadline_passed(),
            error: match (&self.error, self.signal) {
                (Some(error), _) => Some(error.to_string()),
                (None, signal) => signal.map(|signal| signal.word().to_owned()),
            },
        }
    }

    /// Returns what is known of the end, and of each task that has failed.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let verdict = self.report.as_ref().map(|report| report.verdict);
        let whole = Finding {
            what: self.what.clone(),
            to: None,
            verdict: verdict.map_or("unknown".to_owned(), |verdict| verdict.to_string()),
            details: self.sentence(),
            is_good: self.error.is_none() && verdict == Some(CompletionVerdict::Succeeded),
        };
        let tasks = self.report.iter().flat_map(|report| &report.tasks);
        let failed = tasks.filter(|task| has_failed(task)).map(|task| Finding {
            what: format!("task {}", task.reference()),
            to: task.destination.as_ref().map(ToString::to_string),
            verdict: task.state.to_string(),
            details: failure(task),
            is_good: false,
        });
        std::iter::once(whole).chain(failed).collect()
    }

    /// Describes the end in a sentence.
    fn sentence(&self) -> String {
        let what = &self.what;
        let counts = self.report.as_ref().map(counted);
        let counts = counts.unwrap_or_default();
        match (&self.error, self.signal, &self.report) {
            (
                Some(CompletionError::DeadlinePassed {
                    last,
                    elapsed,
                    polls,
                }),
                ..,
            ) => {
                let last = last.as_ref();
                let last = last.map(|error| format!("; the last poll failed: {error}"));
                format!(
                    "{what}: deadline passed after {} s and {polls} polls{counts}{}",
                    elapsed.as_secs(),
                    last.unwrap_or_default()
                )
            }
            (_, Some(signal), Some(report)) => format!(
                "{what}: {} after {} s and {} polls{counts}",
                signal.word(),
                report.elapsed_ms / 1000,
                report.polls
            ),
            (_, Some(signal), None) => format!("{what}: {} before the first poll", signal.word()),
            (_, None, Some(report)) => format!("{what}: {}{counts}", report.verdict),
            (_, None, None) => format!("{what}: unknown"),
        }
    }
}

impl Serialize for Followed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

/// Formats the number of tasks in each state, after a sentence: `; 3 tasks: 1 failed, 2 succeeded`. Without
/// tasks, it is what the registry says of the execution.
fn counted(report: &CompletionReport) -> String {
    let tasks = &report.tasks;
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for task in tasks {
        *counts.entry(task.state.as_str()).or_default() += 1;
    }
    let counts = counts
        .iter()
        .map(|(state, count)| format!("{count} {state}"));
    let counts = counts.collect::<Vec<_>>().join(", ");
    match tasks.len() {
        0 if !report.is_final => "; no task yet".to_owned(),
        0 => {
            let mut messages = report
                .executions
                .iter()
                .filter_map(|one| one.message.as_ref());
            let message = messages.next().map(|text| format!(": {text}"));
            format!("; no task{}", message.unwrap_or_default())
        }
        1 => format!("; 1 task: {counts}"),
        many => format!("; {many} tasks: {counts}"),
    }
}

/// End that a wait hopes for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hoped {
    Success,
    /// Any end, as after a stop. A task that was cancelled is no news then.
    End,
}

/// Waits for the end of all work concurrently. A signal ends the waits that have not ended.
pub(crate) async fn follow(
    works: Vec<(String, Completion)>,
    hoped: Hoped,
    timeout: Duration,
    feed: &mut Feed<'_>,
    signals: &mut Signals,
    clock: &Arc<dyn Clock>,
) -> (Vec<Followed>, Option<Signal>) {
    let all = works.iter().enumerate();
    let news = stream::select_all(all.map(|(number, (_, completion))| {
        let reports = completion.wait(timeout);
        reports.map(move |item| (number, item))
    }));
    let followed = works.iter().map(|(what, _)| Followed {
        what: what.clone(),
        report: None,
        error: None,
        signal: None,
    });
    let mut follows = Follows {
        followed: followed.collect(),
        known: works.iter().map(|_| Known::default()).collect(),
        hoped,
    };
    let signal = drive(&mut follows, news, feed, signals, clock).await;
    for one in &mut follows.followed {
        if one.error.is_none() && !one.is_final() {
            one.signal = signal;
        }
    }
    (follows.followed, signal)
}

/// What was printed last about some work.
#[derive(Default)]
struct Known {
    line: Option<String>,
    trouble: Option<String>,
    failed: Vec<String>,
}

/// Work that is followed.
struct Follows {
    followed: Vec<Followed>,
    known: Vec<Known>,
    hoped: Hoped,
}

impl Awaited for Follows {
    type News = (usize, Result<CompletionReport, CompletionError>);

    fn take(&mut self, (number, item): Self::News) -> Vec<String> {
        let (one, known) = (self.followed.get_mut(number), self.known.get_mut(number));
        let (Some(one), Some(known)) = (one, known) else {
            return Vec::new();
        };
        match item {
            Ok(report) => {
                let lines = known.news(&one.what, &report, self.hoped);
                one.report = Some(report);
                lines
            }
            Err(error) => {
                let line = match &error {
                    CompletionError::DeadlinePassed { elapsed: after, .. } => {
                        Some(format!("{} {} deadline passed", elapsed(*after), one.what))
                    }
                    _ => None,
                };
                one.error = Some(error);
                line.into_iter().collect()
            }
        }
    }

    fn live(&self, waited: Duration) -> Vec<LiveLine<'_>> {
        let waited = elapsed(waited);
        let text = move |one: &Followed| {
            let state = one.report.as_ref().map(state);
            let state = state.unwrap_or_else(|| "asking".to_owned());
            let trouble = one
                .report
                .as_ref()
                .and_then(|report| report.trouble.as_ref());
            let trouble = trouble.map(|one| format!("; cannot read the registry: {}", one.what));
            format!(
                "{} {state}, waited {waited}{}",
                one.what,
                trouble.unwrap_or_default()
            )
        };
        let lines = self.followed.iter().map(|one| {
            let text = text.clone();
            LiveLine {
                text: Box::new(move || text(one)),
                is_open: !one.is_final() && one.error.is_none(),
            }
        });
        lines.collect()
    }

    fn summary(&self, waited: Duration) -> String {
        let at = elapsed(waited);
        let open = self.followed.iter().filter(|one| !one.is_final());
        let lines = open.map(|one| match &one.report {
            Some(report) => format!("{at} {} still {}", one.what, state(report)),
            None => format!("{at} {} still waiting for the first answer", one.what),
        });
        lines.collect::<Vec<_>>().join(", ")
    }
}

impl Known {
    /// Returns a line if the tasks have changed, and one for each task that has failed.
    fn news(&mut self, what: &str, report: &CompletionReport, hoped: Hoped) -> Vec<String> {
        let at = elapsed_ms(report.elapsed_ms);
        let trouble = report.trouble.as_ref();
        // Each request has an id of its own.
        let trouble = trouble.map(|trouble| trouble.what.split(" (request id").next());
        let trouble = trouble.flatten().map(str::to_owned);
        if trouble != self.trouble {
            self.trouble.clone_from(&trouble);
            return vec![match trouble {
                Some(error) => format!("{at} {what} cannot read the registry: {error}"),
                None => format!("{at} {what} the registry is readable again"),
            }];
        }
        let mut lines = Vec::new();
        let line = state(report);
        if self.line.as_ref() != Some(&line) {
            lines.push(format!("{at} {what} {line}"));
            self.line = Some(line);
        }
        let is_news = |task: &&Task| match hoped {
            Hoped::Success => has_failed(task),
            Hoped::End => has_failed(task) && task.state != TaskState::Cancelled,
        };
        for task in report.tasks.iter().filter(is_news) {
            let line = failure(task);
            if !self.failed.contains(&line) && lines.len() <= MOST_LINES {
                lines.push(format!("{at} {line}"));
                self.failed.push(line);
            }
        }
        lines
    }
}

/// Describes the state of work: the verdict, the number of tasks in each state, and why the wait goes on if
/// they have all ended.
fn state(report: &CompletionReport) -> String {
    let retry = match may_be_retried(report) {
        true => "; a failed task may be retried",
        false => "",
    };
    format!("{}{}{retry}", report.verdict, counted(report))
}

/// Whether all known tasks have ended, and a failed one keeps the wait open because the registry may retry it.
///
/// The end of its execution proves nothing, also after a stop. Some registries derive that state from the
/// tasks, do not stop a failed task that waits for its retry, and open the execution again.
fn may_be_retried(report: &CompletionReport) -> bool {
    let is_failed = |task: &Task| matches!(task.state, TaskState::Failed | TaskState::TimedOut);
    report.verdict == CompletionVerdict::Running
        && report.tasks.iter().any(is_failed)
        && report.tasks.iter().all(|task| task.state.is_final())
        && report.executions.iter().all(|one| one.state.is_final())
}

/// Whether a task has ended without success.
fn has_failed(task: &Task) -> bool {
    matches!(
        task.state,
        TaskState::Failed | TaskState::TimedOut | TaskState::Cancelled
    )
}

/// Describes a task that has failed.
fn failure(task: &Task) -> String {
    let end = |end: &Option<registry_replication::ImageRef>| {
        end.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    let issue = task.issue.as_ref().map(|issue| format!(": {issue}"));
    format!(
        "task {} {} ({} to {}){}",
        task.reference(),
        task.state,
        end(&task.source),
        end(&task.destination),
        issue.unwrap_or_default()
    )
}

/// Writes the results: a sentence for each, and the tasks that have not succeeded.
pub(crate) fn told(followed: &[Followed], output: &mut Output<'_>) -> Result<(), Failure> {
    if output.is_data() {
        return output.list(followed);
    }
    let open = followed.iter().filter_map(|one| one.report.as_ref());
    let open = open.flat_map(|report| &report.tasks);
    let open =
        open.filter(|task| !matches!(task.state, TaskState::Succeeded | TaskState::AlreadyThere));
    let open: Vec<Task> = open.cloned().collect();
    for one in followed
        .iter()
        .filter(|one| !matches!(one.error, Some(CompletionError::Call(_))))
    {
        output.say(&escaped(&one.sentence()))?;
    }
    match open.is_empty() && output.is_for_people() {
        true => Ok(()),
        false => output.rows(&open),
    }
}

/// Returns the failure of waits that an error has ended.
pub(crate) fn failed(followed: Vec<Followed>) -> Option<Failure> {
    crate::arrivals::failure(
        followed
            .into_iter()
            .filter_map(Followed::into_error)
            .collect(),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Makes the report of a poll that shows an execution and tasks in these states.
    fn report(execution: &str, tasks: &[&str], verdict: &str) -> CompletionReport {
        let tasks = tasks.iter().enumerate().map(|(id, state)| {
            json!({ "provider": "somecloud", "kind": "replication", "id": id.to_string(), "state": state })
        });
        let report = json!({
            "provider": "somecloud", "verdict": verdict, "is_final": verdict != "running",
            "at": "2026-12-05T12:00:00Z", "polls": 1, "elapsed_ms": 0,
            "executions": [{ "provider": "somecloud", "kind": "replication", "id": "83", "state": execution }],
            "tasks": tasks.collect::<Vec<_>>(),
        });
        serde_json::from_value(report).unwrap()
    }

    #[test]
    fn a_failed_task_is_why_a_wait_goes_on_after_the_end() {
        let why = "; a failed task may be retried";
        for (execution, tasks, verdict, expected) in [
            ("failed", &["failed", "cancelled"][..], "running", true),
            ("running", &["failed", "cancelled"], "running", false),
            ("running", &["failed", "running"], "running", false),
            ("cancelled", &["cancelled", "succeeded"], "running", false),
            ("failed", &["failed", "succeeded"], "failed", false),
        ] {
            let said = state(&report(execution, tasks, verdict));
            assert_eq!(said.ends_with(why), expected, "{tasks:?}: {said}");
        }
    }

    #[test]
    fn a_task_that_was_stopped_as_asked_is_no_news() {
        let report = report("failed", &["cancelled", "failed"], "running");
        let lines = |hoped| Known::default().news("83", &report, hoped);
        let (success, end) = (lines(Hoped::Success), lines(Hoped::End));
        assert_eq!((success.len(), end.len()), (3, 2), "{success:?} {end:?}");
        assert!(end[1].contains("failed"), "{end:?}");
    }
}
