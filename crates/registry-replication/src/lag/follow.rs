//! Counts of tasks as they end, from repeated listings.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::BoxStream;
use openapi_transport::Error;

use super::group::{Key, Outcome};
use super::{Lag, LagSummary, read};
use crate::model::Task;

/// Number of tasks that are recognised when they come again. Each takes some 50 bytes.
const KNOWN: usize = 1_000_000;

/// Stream of the rows that change as tasks end. See [`Lag::follow`].
///
/// A running task counts as running until it comes again in another state. A failed task that the
/// registry retries counts by its later state. The last million tasks are recognised when they come
/// again; an older one counts again.
///
/// Dropping the follower drops the tasks' stream. There is no background task.
pub struct LagFollower<'a> {
    tasks: BoxStream<'a, Result<Task, Error>>,
    lag: Lag,
    known: Known,
}

impl<'a> LagFollower<'a> {
    pub(super) fn new(tasks: impl Stream<Item = Result<Task, Error>> + Send + 'a) -> Self {
        Self {
            tasks: Box::pin(tasks),
            lag: Lag::new(),
            known: Known::up_to(KNOWN),
        }
    }

    /// Returns the counts so far.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// Drops the stream and returns the counts.
    pub fn into_lag(self) -> Lag {
        self.lag
    }

    /// Counts a task. Returns the row that it changes, if it has ended.
    fn count(&mut self, task: &Task) -> Option<LagSummary> {
        let (key, now) = read(task)?;
        let key = self.lag.bounded(key);
        let before = self.known.turn(identity(task), &key, now)?;
        let group = match before {
            // A task that names another place or rule now counts there.
            Some((old, outcome)) if old != key => {
                if let Some(group) = self.lag.groups.get_mut(&old) {
                    group.take_back(outcome);
                }
                self.lag.change(&key, None, now)
            }
            Some((_, outcome)) => self.lag.change(&key, Some(outcome), now),
            None => self.lag.change(&key, None, now),
        };
        (now != Outcome::Running).then(|| group.summary(&key))
    }
}

impl Stream for LagFollower<'_> {
    type Item = Result<LagSummary, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Yield now and then, because a listing in memory could block the thread.
        for _ in 0..100 {
            match std::task::ready!(self.tasks.as_mut().poll_next(cx)) {
                Some(Ok(task)) => {
                    if let Some(row) = self.count(&task) {
                        return Poll::Ready(Some(Ok(row)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl fmt::Debug for LagFollower<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LagFollower")
            .field("lag", &self.lag)
            .finish_non_exhaustive()
    }
}

/// Identity of a task. Two registries may use the same id. The destination is not part of it, because
/// a registry may tell it late.
fn identity(task: &Task) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&task.provider, &task.execution, &task.id).hash(&mut hasher);
    if let Some(end) = &task.source {
        let places = [&end.region, &end.instance, &end.registry];
        let names = [&end.namespace, &end.repository];
        (places, names).hash(&mut hasher);
    }
    hasher.finish()
}

/// Tasks that have been seen, with their outcomes.
struct Known {
    most: usize,
    tasks: HashMap<u64, Seen>,
    /// Tasks in the order in which they first came.
    order: VecDeque<u64>,
}

enum Seen {
    Ended,
    /// The count under this key may change.
    Open(Box<(Key, Outcome)>),
}

impl Known {
    fn up_to(most: usize) -> Self {
        Self {
            most,
            tasks: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    /// Stores the outcome of a task. Returns its previous outcome, if it counted before, or `None`
    /// if nothing is new.
    fn turn(&mut self, task: u64, key: &Key, now: Outcome) -> Option<Option<(Key, Outcome)>> {
        let seen = match now.is_last() {
            true => Seen::Ended,
            false => Seen::Open(Box::new((key.clone(), now))),
        };
        match self.tasks.get_mut(&task) {
            Some(Seen::Ended) => None,
            Some(Seen::Open(open)) if open.1 == now => None,
            Some(before) => match std::mem::replace(before, seen) {
                Seen::Open(open) => Some(Some(*open)),
                Seen::Ended => None,
            },
            None => {
                if self.order.len() >= self.most
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.tasks.remove(&oldest);
                }
                self.order.push_back(task);
                self.tasks.insert(task, seen);
                Some(None)
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn destinations_without_end_count_together() {
        let task = |number: usize| -> Task {
            serde_json::from_value(serde_json::json!({
                "provider": "somecloud", "kind": "replication", "id": number.to_string(),
                "state": "failed", "destination": {"region": format!("{number:01000}")},
            }))
            .unwrap()
        };
        let mut follower = LagFollower::new(futures_util::stream::empty());
        let mut lag = Lag::new();
        for number in 0..20_000 {
            follower.count(&task(number));
            lag.add(&task(number));
        }
        for lag in [&lag, follower.lag()] {
            let rows = lag.summaries();
            // After the cut, all names are the same.
            assert_eq!((rows.len(), rows[0].failed), (1, 20_000));
            assert_eq!(rows[0].destination.as_ref().map(String::len), Some(256));
        }
        let task = |number: usize| Task {
            destination: Some(crate::model::ImageRef {
                region: Some(number.to_string()),
                ..Default::default()
            }),
            ..task(number)
        };
        let mut follower = LagFollower::new(futures_util::stream::empty());
        for number in 0..12_000 {
            follower.count(&task(number));
        }
        let rows = follower.lag().summaries();
        assert_eq!(rows.len(), 10_001);
        let others = rows
            .iter()
            .find(|row| row.destination.as_deref() == Some("(others)"));
        assert_eq!(others.unwrap().failed, 2_000);
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let task: Task = serde_json::from_value(serde_json::json!({
            "provider": "somecloud", "kind": "replication", "id": "1", "state": "succeeded",
        }))
        .unwrap();
        let key = Key::of(&task);
        let mut known = Known::up_to(2);
        let mut news = |task: u64| known.turn(task, &key, Outcome::Took(1)).is_some();
        let came = [1, 2, 1, 2, 3, 2, 3, 1].map(&mut news);
        assert_eq!(came, [true, true, false, false, true, false, false, true]);
        assert_eq!((known.tasks.len(), known.order.len()), (2, 2));
    }
}
