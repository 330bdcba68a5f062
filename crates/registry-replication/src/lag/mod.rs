//! How long copies take, for each destination and rule.

mod follow;
mod group;

use std::collections::BTreeMap;

use futures_core::Stream;
use openapi_transport::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use follow::LagFollower;
use group::{Group, Key, Outcome};

use crate::model::{Provider, Task, TaskKind};

/// How long replication tasks take from creation to end, for each destination and rule.
///
/// A task counts where it copies to and by the rule that it names; tasks of Huawei's Enterprise and
/// Basic editions name none, and count by none unless [`Task::rule`] is set by whoever knows it.
/// Tasks of the Enterprise edition do not say when they were made: of those, the time counts from
/// their start. Retention tasks copy nothing and are passed over.
///
/// Only a task that copied counts into the times; others are counted beside. Times are kept in
/// milliseconds, up to 30 days (one that is longer counts as 30 days), so that a percentile is
/// never less than what it stands for and at most 0.1 % more. The memory that it takes grows with
/// the logarithm of the longest time, up to 100 KB for each destination and rule, and not with the
/// number of tasks.
///
/// ```
/// use registry_replication::{Lag, Task};
///
/// let task = |id: u32, ended: &str| -> Task {
///     serde_json::from_value(serde_json::json!({
///         "provider": "alibabacloud", "kind": "replication", "id": format!("rst-{id}"),
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

/// How long the tasks of one destination and rule took. Times are in milliseconds, and absent
/// where no task counts into them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct LagSummary {
    /// Whose registry the tasks are of.
    pub provider: Provider,
    /// Where they copy to: region, instance and target registry, as far as the tasks name them,
    /// else the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The vendor's id of the rule behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Number of tasks that copied, and whose times say how long that took.
    pub count: u64,
    /// The time in which half of these were done, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// The time in which 90 % of these were done, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90_ms: Option<u64>,
    /// The time in which 99 % of these were done, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    /// The time of the slowest of these, in milliseconds; it is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u64>,
    /// Number of tasks that copied, and whose times do not say how long that took.
    pub untimed: u64,
    /// Number of tasks that failed or took too long for the registry.
    pub failed: u64,
    /// Number of tasks that were stopped.
    pub cancelled: u64,
    /// Number of tasks that found the tag at the destination already.
    pub already_there: u64,
    /// Number of tasks that wait, are at work, or are in a state that this version does not know.
    pub running: u64,
}

impl Lag {
    /// Of no tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a task as it stands. Each task is to be given once; [`follow`](Self::follow) takes
    /// listings in which tasks come again.
    pub fn add(&mut self, task: &Task) {
        if let Some((key, outcome)) = read(task) {
            let key = self.bounded(key);
            self.groups.entry(key).or_default().add(outcome);
        }
    }

    /// Counts all that `other` has counted, too.
    pub fn merge(&mut self, other: &Self) {
        for (key, group) in &other.groups {
            let key = self.bounded(key.clone());
            self.groups.entry(key).or_default().merge(group);
        }
    }

    /// The key, or that of all others where there are too many.
    fn bounded(&self, key: Key) -> Key {
        match self.groups.len() < MOST_GROUPS || self.groups.contains_key(&key) {
            true => key,
            false => key.others(),
        }
    }

    /// A row for each destination and rule, in the order of provider, destination and rule.
    ///
    /// After 10,000 rows, tasks of further destinations and rules count together, as of the
    /// destination `(others)`. Names are cut after 256 characters.
    pub fn summaries(&self) -> Vec<LagSummary> {
        let rows = self.groups.iter().filter(|(_, group)| !group.is_empty());
        rows.map(|(key, group)| group.summary(key)).collect()
    }

    /// Counts the tasks of a stream as they end. The stream may be made of listings that are asked
    /// for time and again: a task is known when it comes again, and counts once.
    ///
    /// Whenever a task has ended, the stream yields the row of its destination and rule as it is
    /// by then; see [`LagFollower`] for the others. An error of the tasks' stream is passed on.
    pub fn follow<'a>(
        tasks: impl Stream<Item = Result<Task, Error>> + Send + 'a,
    ) -> LagFollower<'a> {
        LagFollower::new(tasks)
    }

    /// Counts what a task has come to, which counted as `before` until now.
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

/// The most destinations and rules that are counted each. Tasks of further ones count together, as
/// of the destination `(others)`: each group takes some kilobytes.
const MOST_GROUPS: usize = 10_000;

/// Where a task counts, and as what; `None` if it copies nothing.
fn read(task: &Task) -> Option<(Key, Outcome)> {
    (task.kind == TaskKind::Replication).then(|| (Key::of(task), Outcome::of(task)))
}
