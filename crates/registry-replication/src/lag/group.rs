//! Counts of one destination and rule.

use std::fmt;

use hdrhistogram::Histogram;

use super::LagSummary;
use crate::model::{ImageRef, Provider, Task, TaskState};

/// 30 days, in milliseconds.
const LONGEST: u64 = 30 * 24 * 60 * 60 * 1000;

/// Significant digits of a percentile.
const DIGITS: u8 = 3;

/// Destination and rule that a task counts for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    provider: Provider,
    destination: Option<String>,
    rule: Option<String>,
}

impl Key {
    pub(super) fn of(task: &Task) -> Self {
        Self {
            provider: task.provider.clone(),
            destination: task.destination.as_ref().and_then(shown).map(cut),
            rule: task.rule.clone().map(cut),
        }
    }

    /// Key of all destinations and rules without a row of their own.
    pub(super) fn others(&self) -> Self {
        Self {
            provider: self.provider.clone(),
            destination: Some("(others)".to_owned()),
            rule: None,
        }
    }
}

/// Returns the beginning of a text, whose length the service decides.
fn cut(mut text: String) -> String {
    const KEPT: usize = 256;
    if let Some((end, _)) = text.char_indices().nth(KEPT) {
        text.truncate(end);
    }
    text
}

/// Returns a place as people read it.
fn shown(end: &ImageRef) -> Option<String> {
    let places = [&end.region, &end.instance, &end.registry];
    let places: Vec<&str> = places.into_iter().flatten().map(String::as_str).collect();
    match places.is_empty() {
        true => end.namespace.clone(),
        false => Some(places.join(" ")),
    }
}

/// Outcome of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It copied, in this many milliseconds.
    Took(u64),
    Untimed,
    Failed,
    Cancelled,
    AlreadyThere,
    Running,
}

impl Outcome {
    pub(super) fn of(task: &Task) -> Self {
        match &task.state {
            TaskState::Succeeded => match (task.created.or(task.started), task.ended) {
                (Some(begun), Some(ended)) => {
                    // With different clocks, a task may end before it begins. It counts as zero.
                    let took = ended.duration_since(begun).as_millis();
                    Self::Took(u64::try_from(took).unwrap_or_default().min(LONGEST))
                }
                _ => Self::Untimed,
            },
            TaskState::Failed | TaskState::TimedOut => Self::Failed,
            TaskState::Cancelled => Self::Cancelled,
            TaskState::AlreadyThere => Self::AlreadyThere,
            TaskState::Waiting | TaskState::Running | TaskState::Unknown(_) => Self::Running,
        }
    }

    /// Whether the outcome cannot change. A registry may retry a failed task, and the vendor may add
    /// a missing time later.
    pub(super) fn is_last(self) -> bool {
        matches!(self, Self::Took(_) | Self::AlreadyThere | Self::Cancelled)
    }
}

/// Counts of one destination and rule.
#[derive(Clone)]
pub(super) struct Group {
    took: Histogram<u32>,
    /// Exact maximum; the histogram's own is rounded.
    max: u64,
    untimed: u64,
    failed: u64,
    cancelled: u64,
    already_there: u64,
    running: u64,
}

impl Default for Group {
    fn default() -> Self {
        #[allow(clippy::expect_used, reason = "up to 5 digits are valid")]
        let took = Histogram::new(DIGITS).expect("up to 5 digits are valid");
        Self {
            took,
            max: 0,
            untimed: 0,
            failed: 0,
            cancelled: 0,
            already_there: 0,
            running: 0,
        }
    }
}

impl Group {
    pub(super) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Took(millis) => {
                // The histogram grows as needed. It fails only beyond addressable memory.
                if self.took.record(millis).is_ok() {
                    self.max = self.max.max(millis);
                }
            }
            other => {
                if let Some(count) = self.beside(other) {
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    /// Removes an outcome that has changed. Latencies stay.
    pub(super) fn take_back(&mut self, outcome: Outcome) {
        if let Some(count) = self.beside(outcome) {
            *count = count.saturating_sub(1);
        }
    }

    fn beside(&mut self, outcome: Outcome) -> Option<&mut u64> {
        Some(match outcome {
            Outcome::Took(_) => return None,
            Outcome::Untimed => &mut self.untimed,
            Outcome::Failed => &mut self.failed,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::AlreadyThere => &mut self.already_there,
            Outcome::Running => &mut self.running,
        })
    }

    pub(super) fn merge(&mut self, other: &Self) {
        // The histogram grows as for a single value.
        if self.took.add(&other.took).is_ok() {
            self.max = self.max.max(other.max);
        }
        for (mine, theirs) in [
            (&mut self.untimed, other.untimed),
            (&mut self.failed, other.failed),
            (&mut self.cancelled, other.cancelled),
            (&mut self.already_there, other.already_there),
            (&mut self.running, other.running),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// Whether all outcomes have been removed.
    pub(super) fn is_empty(&self) -> bool {
        let beside = [
            self.untimed,
            self.failed,
            self.cancelled,
            self.already_there,
        ];
        self.took.is_empty() && self.running == 0 && beside == [0; 4]
    }

    pub(super) fn summary(&self, key: &Key) -> LagSummary {
        let count = self.took.len();
        // Rounded up, but not above the maximum.
        let at =
            |quantile| (count > 0).then(|| self.took.value_at_quantile(quantile).min(self.max));
        LagSummary {
            provider: key.provider.clone(),
            destination: key.destination.clone(),
            rule: key.rule.clone(),
            count,
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            max_ms: (count > 0).then_some(self.max),
            untimed: self.untimed,
            failed: self.failed,
            cancelled: self.cancelled,
            already_there: self.already_there,
            running: self.running,
        }
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("count", &self.took.len())
            .field("max", &self.max)
            .field("failed", &self.failed)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}
