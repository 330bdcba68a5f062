//! What polls have shown of the work, and the verdict on it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openapi_transport::Timestamp;

use super::read::{Shown, is_failed};
use super::report::CompletionVerdict;
use crate::arrival::sight::plausible;
use crate::model::{Execution, Task, TaskState};

/// How long polls must lack a task that has not ended before it counts as gone.
const WINDOW: Duration = Duration::from_secs(60);

/// What polls have shown so far.
#[derive(Debug)]
pub(super) struct Memory {
    /// How long a failure must last until it is final.
    settle: Duration,
    /// How long the registry may take to show the work.
    appear: Duration,
    /// When the wait began.
    begun: Duration,
    pieces: Vec<Piece>,
    /// What the latest poll showed, if it showed an end.
    ended: Option<(CompletionVerdict, Vec<String>)>,
}

/// One piece of the work.
#[derive(Debug, Default)]
struct Piece {
    execution: Option<Seen<Execution>>,
    /// Tasks by their references.
    tasks: BTreeMap<String, Seen<Task>>,
    is_short: bool,
    /// Whether the latest poll lacked a known task.
    lacks: bool,
}

#[derive(Debug)]
struct Seen<T> {
    record: T,
    /// When it was seen first in its state.
    since: Duration,
    /// When it was missing first.
    missing: Option<Duration>,
}

/// Verdict of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) verdict: CompletionVerdict,
    pub(super) is_final: bool,
    /// Whether the next poll may make it final.
    pub(super) is_unconfirmed: bool,
}

impl Memory {
    pub(super) fn new(settle: Duration, appear: Duration, begun: Duration) -> Self {
        Self {
            settle,
            appear,
            begun,
            pieces: Vec::new(),
            ended: None,
        }
    }

    /// Adds what a poll has shown, and judges. `now` is the time of the wait's clock, and `at` that of
    /// the service's.
    pub(super) fn take(&mut self, shown: Vec<Shown>, now: Duration, at: Timestamp) -> Judged {
        self.pieces.resize_with(shown.len(), Piece::default);
        self.move_tasks(&shown);
        for (piece, shown) in self.pieces.iter_mut().zip(shown) {
            piece.take(shown, now);
        }
        let verdict = self.verdict(now, at);
        let ended = verdict.map(|verdict| (verdict, self.states()));
        let is_final = ended.is_some() && ended == self.ended;
        self.ended = ended;
        Judged {
            verdict: verdict
                .filter(|_| is_final)
                .unwrap_or(CompletionVerdict::Running),
            is_final,
            is_unconfirmed: verdict.is_some() && !is_final,
        }
    }

    pub(super) fn executions(&self) -> Vec<Execution> {
        let seen = self.pieces.iter().filter_map(|one| one.execution.as_ref());
        seen.map(|seen| seen.record.clone()).collect()
    }

    pub(super) fn tasks(&self) -> Vec<Task> {
        let seen = self.pieces.iter().flat_map(|one| one.tasks.values());
        seen.map(|seen| seen.record.clone()).collect()
    }

    /// Returns the numbers of the pieces of which no poll has shown anything.
    pub(super) fn empty(&self) -> impl Iterator<Item = usize> {
        let pieces = self.pieces.iter().enumerate();
        pieces.filter(|(_, one)| one.is_empty()).map(|(at, _)| at)
    }

    /// Forgets a task where another piece shows it now, so that it does not count for both.
    fn move_tasks(&mut self, shown: &[Shown]) {
        let names = |shown: &Shown| {
            let tasks = shown.tasks.iter();
            let names = tasks.map(|task| task.reference().to_string());
            names.collect::<BTreeSet<String>>()
        };
        let own: Vec<BTreeSet<String>> = shown.iter().map(names).collect();
        let all: BTreeSet<&String> = own.iter().flatten().collect();
        for (piece, own) in self.pieces.iter_mut().zip(&own) {
            let stays = |name: &String| own.contains(name) || !all.contains(name);
            piece.tasks.retain(|name, _| stays(name));
        }
    }

    /// Returns the verdict if this poll shows the end of all work.
    fn verdict(&self, now: Duration, at: Timestamp) -> Option<CompletionVerdict> {
        let mut has_failed = false;
        let mut was_cancelled = false;
        // What is not known to have started has not succeeded.
        let mut has_none = self.pieces.is_empty();
        for piece in &self.pieces {
            if piece.is_empty() {
                if now.saturating_sub(self.begun) < self.appear {
                    return None;
                }
                has_none = true;
                continue;
            }
            if piece.is_short || piece.lacks {
                return None;
            }
            let execution = piece.execution.iter().map(|seen| {
                let updated = seen.record.updated.or(seen.record.ended);
                (&seen.record.state, updated, seen.since)
            });
            let tasks = piece.tasks.values().map(|seen| {
                let updated = seen.record.updated.or(seen.record.ended);
                (&seen.record.state, updated, seen.since)
            });
            for (state, updated, since) in execution.chain(tasks) {
                if !state.is_final() {
                    return None;
                }
                if is_failed(state) {
                    if !self.has_settled(updated, since, now, at) {
                        return None;
                    }
                    has_failed = true;
                }
                was_cancelled |= *state == TaskState::Cancelled;
            }
        }
        Some(match (has_failed, was_cancelled, has_none) {
            (true, _, _) => CompletionVerdict::Failed,
            (false, true, _) => CompletionVerdict::Cancelled,
            (false, false, true) => CompletionVerdict::NoTask,
            (false, false, false) => CompletionVerdict::Succeeded,
        })
    }

    /// Whether a failure has lasted for the settle window.
    fn has_settled(
        &self,
        updated: Option<Timestamp>,
        since: Duration,
        now: Duration,
        at: Timestamp,
    ) -> bool {
        let seen = now.saturating_sub(since);
        let told = plausible(updated).map(|updated| at.duration_since(updated));
        let told = told.and_then(|age| Duration::try_from(age).ok());
        seen.max(told.unwrap_or_default()) >= self.settle
    }

    /// Returns what two polls must agree on.
    fn states(&self) -> Vec<String> {
        let mut states = Vec::new();
        for piece in &self.pieces {
            let execution = piece.execution.iter();
            states.extend(execution.map(|seen| format!("execution {}", seen.record.state)));
            let tasks = piece.tasks.iter();
            states.extend(tasks.map(|(name, seen)| format!("{name} {}", seen.record.state)));
            states.push(String::new());
        }
        states
    }
}

impl Piece {
    fn is_empty(&self) -> bool {
        self.execution.is_none() && self.tasks.is_empty()
    }

    fn take(&mut self, shown: Shown, now: Duration) {
        self.is_short = shown.is_short;
        self.lacks = shown.execution.is_none() && self.execution.is_some();
        if let Some(execution) = shown.execution {
            let is_same = |seen: &Seen<Execution>| seen.record.state == execution.state;
            let since = self.execution.as_ref().filter(|seen| is_same(seen));
            self.execution = Some(Seen {
                since: since.map_or(now, |seen| seen.since),
                record: execution,
                missing: None,
            });
        }
        let mut names = BTreeSet::new();
        for task in shown.tasks {
            let name = task.reference().to_string();
            let is_same = |seen: &&Seen<Task>| seen.record.state == task.state;
            let since = self.tasks.get(&name).filter(is_same);
            let seen = Seen {
                since: since.map_or(now, |seen| seen.since),
                record: task,
                missing: None,
            };
            self.tasks.insert(name.clone(), seen);
            names.insert(name);
        }
        self.tasks.retain(|name, seen| {
            if names.contains(name) {
                return true;
            }
            let missing = *seen.missing.get_or_insert(now);
            seen.record.state.is_final() || now.saturating_sub(missing) < WINDOW
        });
        let mut tasks = self.tasks.values();
        let is_lost = |seen: &Seen<Task>| seen.missing.is_some() && !seen.record.state.is_final();
        self.lacks |= tasks.any(is_lost);
    }
}
