//! Copy latency by destination and rule.

mod follow;
mod group;
mod tasks;
mod usual;

use std::collections::BTreeMap;

use futures_core::Stream;
use openapi_transport::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use follow::LagFollower;
use group::{Group, Key, Outcome};
pub use tasks::{LagMeasurement, LagQuery};
pub use usual::UsualTimes;

use crate::model::{Provider, Task, TaskKind};

/// Latency of replication tasks from creation to end, by destination and rule.
///
/// A task counts for its destination and its rule. A task that names no rule counts without one,
/// unless the caller sets [`Task::rule`]. The latency of a task without a creation time counts from
/// its start. Retention tasks copy nothing and are skipped.
///
/// Latencies cover successful copies only; all other tasks are counted separately. They are kept in
/// milliseconds, up to 30 days. A longer one counts as 30 days. A percentile is never too low and at
/// most 0.1 % too high. Memory grows with the logarithm of the longest latency, up to 100 KB for each
/// destination and rule, and not with the number of tasks.
///
/// ```
/// use registry_replication::{Lag, Task};
///
/// let task = |id: u32, ended: &str| -> Task {
///     serde_json::from_value(serde_json::json!({
///         "provider": "somecloud", "kind": "replication", "id": format!("rst-{id}"),
///         "rule": "crsr-1", "state": "succeeded", "destination": { "region": "cn-shenzhen" },
///         "created": "2026-11-22T12:00:00Z", "ended": ended,
///     }))
///     .unwrap()
/// };
/// let mut lag = Lag::new();
/// lag.add(&task(1, "2026-11-22T12:00:07Z"));
/// let mut other = Lag::new();
/// other.add(&task(2, "2026-11-22T12:01:30Z"));
/// lag.merge(&other);
/// let rows = lag.summaries();
/// assert_eq!(rows[0].destination.as_deref(), Some("cn-shenzhen"));
/// assert_eq!((rows[0].count, rows[0].max_ms), (2, Some(90_000)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lag {
    groups: BTreeMap<Key, Group>,
}

/// Latency of the tasks of one destination and rule. Times are in milliseconds, and absent if no
/// task counts into them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct LagSummary {
    /// Provider of the registry that lists the tasks.
    pub provider: Provider,
    /// Destination: region, instance and target registry, as far as the tasks name them.
    /// Otherwise the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Id of the rule that created the tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Number of successful copies with a latency.
    pub count: u64,
    /// Median latency, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// 90th percentile of the latency, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<u64>,
    /// 99th percentile of the latency, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    /// Longest latency, in milliseconds. It is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// Number of successful copies whose times do not show a latency.
    pub untimed: u64,
    /// Number of tasks that failed or timed out.
    pub failed: u64,
    /// Number of tasks that were cancelled.
    pub cancelled: u64,
    /// Number of tasks whose tag the destination had already.
    pub already_there: u64,
    /// Number of tasks that wait, run, or are in a state that this version does not know.
    pub running: u64,
}

impl Lag {
    /// Creates an empty count.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a task in its current state. Pass each task once. [`follow`](Self::follow) accepts
    /// listings in which tasks come again.
    pub fn add(&mut self, task: &Task) {
        if let Some((key, outcome)) = read(task) {
            let key = self.bounded(key);
            self.groups.entry(key).or_default().add(outcome);
        }
    }

    /// Adds all that `other` has counted.
    pub fn merge(&mut self, other: &Self) {
        for (key, group) in &other.groups {
            let key = self.bounded(key.clone());
            self.groups.entry(key).or_default().merge(group);
        }
    }

    /// Returns the key, or the key of all others if there are too many keys.
    fn bounded(&self, key: Key) -> Key {
        match self.groups.len() < MOST_GROUPS || self.groups.contains_key(&key) {
            true => key,
            false => key.others(),
        }
    }

    /// Returns a row for each destination and rule, in the order of provider, destination and rule.
    ///
    /// After 10,000 rows, tasks of further destinations and rules count together under the
    /// destination `(others)`. Names are cut after 256 characters.
    pub fn summaries(&self) -> Vec<LagSummary> {
        let rows = self.groups.iter().filter(|(_, group)| !group.is_empty());
        rows.map(|(key, group)| group.summary(key)).collect()
    }

    /// Counts the tasks of a stream as they end. The stream may chain repeated listings: a task that
    /// comes again is recognised and counts once.
    ///
    /// Whenever a task has ended, the stream yields the current row of its destination and rule; see
    /// [`LagFollower`] for the others. An error of the tasks' stream is passed on.
    pub fn follow<'a>(
        tasks: impl Stream<Item = Result<Task, Error>> + Send + 'a,
    ) -> LagFollower<'a> {
        LagFollower::new(tasks)
    }

    /// Counts the new outcome of a task, and removes its outcome `before`.
    fn change(&mut self, key: &Key, before: Option<Outcome>, now: Outcome) -> &Group {
        let group = self.groups.entry(key.clone()).or_default();
        if let Some(before) = before {
            group.take_back(before);
        }
        group.add(now);
        group
    }
}

impl<'a> FromIterator<&'a Task> for Lag {
    fn from_iter<I: IntoIterator<Item = &'a Task>>(tasks: I) -> Self {
        let mut lag = Self::new();
        tasks.into_iter().for_each(|task| lag.add(task));
        lag
    }
}

/// Number of destinations and rules that have their own row. Tasks of further ones count together
/// under the destination `(others)`, because each group takes some kilobytes.
const MOST_GROUPS: usize = 10_000;

/// Returns the key and the outcome of a task, or `None` if it copies nothing.
fn read(task: &Task) -> Option<(Key, Outcome)> {
    (task.kind == TaskKind::Replication).then(|| (Key::of(task), Outcome::of(task)))
}
