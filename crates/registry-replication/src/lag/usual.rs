//! Usual times of copies, by destination.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use openapi_transport::{Error, Timestamp};

use super::group::Outcome;
use crate::arrival::DestinationReport;
use crate::model::{Execution, ImageName, ImageRef, RuleRef, Task, TaskKind, TaskState};
use crate::provider::Feature;
use crate::registry::{Registry, TaskScope};

/// Usual times of recent copies, by destination.
///
/// A wait can tell by them how long a copy will probably take. [`read`](Self::read) costs one listing,
/// and the times are those of [`Lag`](super::Lag): from creation to end, successful copies only.
///
/// ```
/// # async fn example(registry: &dyn registry_replication::Registry)
/// # -> Result<(), Box<dyn std::error::Error>> {
/// use registry_replication::UsualTimes;
///
/// let image = "team/api:v42";
/// let report = registry.arrival(image).check().await?;
/// let times = UsualTimes::read(registry, &image.parse()?, None).await?;
/// for destination in &report.destinations {
///     if let Some(usual) = times.of(destination) {
///         println!("{} usually takes {usual:?}", destination.destination);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct UsualTimes {
    copies: Vec<Copy>,
}

/// Time of one copy.
#[derive(Clone, Debug)]
struct Copy {
    rule: Option<String>,
    place: Option<ImageRef>,
    took: Duration,
}

impl UsualTimes {
    /// Number of records that are read at most.
    pub const MOST: usize = 100;
    /// Number of copies that a usual time needs.
    pub const LEAST: usize = 3;

    /// Reads recent copies: the tasks of the image's repository, or the executions of the rule, or of
    /// all rules. Executions count only if they have one task, because they end with their last task.
    ///
    /// A registry that lists neither has no times, and is not asked.
    ///
    /// # Errors
    /// Those of the listing.
    pub async fn read(
        registry: &dyn Registry,
        image: &ImageName,
        rule: Option<&RuleRef>,
    ) -> Result<Self, Error> {
        let provider = registry.descriptor();
        // The listing of 100 records is one page, wherever the service keeps to the size.
        let size = u32::try_from(Self::MOST).unwrap_or(u32::MAX);
        let copies = if provider.has(Feature::ImageTasks) {
            let repository = ImageName::plain(image.namespace(), image.repository());
            let tasks = registry.tasks_of(&TaskScope::Image(repository));
            let tasks = tasks.page_size(size).ahead(0).by_item().take(Self::MOST);
            let copies = tasks.try_filter_map(async |task| Ok(Copy::of_task(&task)));
            copies.try_collect().await?
        } else if provider.has(Feature::Executions) {
            let all = registry.executions_of(rule).page_size(size).ahead(0);
            let all = all.by_item().take(Self::MOST);
            let copies = all.try_filter_map(async |one| Ok(Copy::of_execution(&one)));
            copies.try_collect().await?
        } else {
            Vec::new()
        };
        Ok(Self { copies })
    }

    /// Returns the median time of the copies to a destination. `None` if fewer than
    /// [`LEAST`](Self::LEAST) are known.
    pub fn of(&self, destination: &DestinationReport) -> Option<Duration> {
        let copies = self.copies.iter().filter(|copy| copy.is_to(destination));
        let mut times: Vec<Duration> = copies.map(|copy| copy.took).collect();
        if times.len() < Self::LEAST {
            return None;
        }
        times.sort_unstable();
        // The lower one of two, as in a percentile of Lag.
        times.get((times.len() - 1) / 2).copied()
    }
}

impl Copy {
    fn of_task(task: &Task) -> Option<Self> {
        match (task.kind, Outcome::of(task)) {
            (TaskKind::Replication, Outcome::Took(millis)) => Some(Self {
                rule: task.rule.clone(),
                place: task.destination.clone(),
                took: Duration::from_millis(millis),
            }),
            _ => None,
        }
    }

    fn of_execution(execution: &Execution) -> Option<Self> {
        let is_copy = execution.kind == TaskKind::Replication
            && execution.state == TaskState::Succeeded
            && execution.tasks.and_then(|tasks| tasks.total) == Some(1);
        let begun: Option<Timestamp> = execution.created.or(execution.started);
        let (begun, ended) = begun.zip(execution.ended).filter(|_| is_copy)?;
        // With different clocks, an execution may end before it begins. It counts as zero.
        let took = ended.duration_since(begun).try_into();
        Some(Self {
            rule: execution.rule.clone(),
            place: None,
            took: took.unwrap_or_default(),
        })
    }

    /// Whether it was a copy to a destination: to the same place, or by the same rule if it names no place.
    fn is_to(&self, destination: &DestinationReport) -> bool {
        let place = self.place.as_ref().zip(destination.place.as_ref());
        if let Some(is_same) = place.and_then(|(one, other)| is_same(one, other)) {
            return is_same;
        }
        let rule = destination.rule.as_ref().map(RuleRef::id);
        rule.is_some() && self.rule.as_deref() == rule
    }
}

/// Whether two ends are the same place. `None` if they name it by nothing that both have.
fn is_same(one: &ImageRef, other: &ImageRef) -> Option<bool> {
    let names = [
        (&one.region, &other.region),
        (&one.instance, &other.instance),
        (&one.registry, &other.registry),
    ];
    let known = names
        .into_iter()
        .filter_map(|(one, other)| one.as_ref().zip(other.as_ref()));
    known
        .map(|(one, other)| one == other)
        .reduce(|all, one| all && one)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn task(seconds: i64, change: Value) -> Task {
        let ended = Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let mut task = json!({
            "provider": "somecloud", "kind": "replication", "id": "1", "state": "succeeded",
            "destination": { "region": "there", "namespace": "any" },
            "created": Timestamp::from_second(1_800_000_000).unwrap(), "ended": ended,
        });
        let change = change.as_object().unwrap().clone();
        task.as_object_mut().unwrap().extend(change);
        serde_json::from_value(task).unwrap()
    }

    fn execution(seconds: i64, change: Value) -> Execution {
        let ended = Timestamp::from_second(1_800_000_000 + seconds).unwrap();
        let mut execution = json!({
            "provider": "somecloud", "kind": "replication", "id": "1", "state": "succeeded",
            "rule": "r1", "tasks": { "total": 1 },
            "created": Timestamp::from_second(1_800_000_000).unwrap(), "ended": ended,
        });
        let change = change.as_object().unwrap().clone();
        execution.as_object_mut().unwrap().extend(change);
        serde_json::from_value(execution).unwrap()
    }

    fn report(place: Value, rule: Option<&str>) -> DestinationReport {
        let report = json!({
            "destination": "there", "verdict": "pending", "is_final": false, "place": place, "rule": rule,
        });
        serde_json::from_value(report).unwrap()
    }

    fn usual(
        copies: impl IntoIterator<Item = Option<Copy>>,
        to: &DestinationReport,
    ) -> Option<u64> {
        let copies = copies.into_iter().flatten().collect();
        UsualTimes { copies }.of(to).map(|time| time.as_secs())
    }

    #[test]
    fn the_median_of_three_and_more_copies_is_usual() {
        let there = report(json!({ "region": "there" }), None);
        for (seconds, expected) in [
            (&[][..], None),
            (&[5, 6], None),
            (&[60, 5, 7], Some(7)),
            (&[9, 5, 60, 7], Some(7)),
            (&[1, 1, 1, 60, 60], Some(1)),
            // Different clocks.
            (&[-5, -5, 3], Some(0)),
        ] {
            let copies = seconds
                .iter()
                .map(|one| Copy::of_task(&task(*one, json!({}))));
            assert_eq!(usual(copies, &there), expected, "{seconds:?}");
            let there = report(json!({}), Some("r1"));
            let copies = seconds
                .iter()
                .map(|one| Copy::of_execution(&execution(*one, json!({}))));
            assert_eq!(usual(copies, &there), expected, "{seconds:?}");
        }
    }

    #[test]
    fn only_successful_copies_with_a_time_count() {
        for change in [
            json!({ "state": "failed" }),
            json!({ "state": "already-there" }),
            json!({ "state": "running" }),
            json!({ "kind": "retention" }),
            json!({ "ended": null }),
        ] {
            assert!(
                Copy::of_task(&task(5, change.clone())).is_none(),
                "{change}"
            );
            assert!(
                Copy::of_execution(&execution(5, change.clone())).is_none(),
                "{change}"
            );
        }
        for tasks in [
            json!(null),
            json!({ "total": 2 }),
            json!({ "total": 0 }),
            json!({}),
        ] {
            let one = execution(5, json!({ "tasks": tasks }));
            assert!(Copy::of_execution(&one).is_none(), "{tasks}");
        }
    }

    #[test]
    fn copies_count_for_their_place_or_else_for_their_rule() {
        let copies = |change: Value| [(); 3].map(|()| Copy::of_task(&task(5, change.clone())));
        for (copy, place, rule, is_to) in [
            (json!({}), json!({ "region": "there" }), Some("r1"), true),
            (json!({}), json!({ "region": "here" }), None, false),
            (json!({}), json!({ "instance": "there" }), None, false),
            (json!({}), json!(null), None, false),
            // The place decides, even for another rule.
            (
                json!({ "rule": "r2" }),
                json!({ "region": "there" }),
                Some("r1"),
                true,
            ),
            (
                json!({ "rule": "r1" }),
                json!({ "region": "here" }),
                Some("r1"),
                false,
            ),
            (
                json!({ "destination": null, "rule": "r1" }),
                json!({ "region": "here" }),
                Some("r1"),
                true,
            ),
            (
                json!({ "destination": null, "rule": "r2" }),
                json!({ "region": "here" }),
                Some("r1"),
                false,
            ),
        ] {
            let to = report(place.clone(), rule);
            assert_eq!(
                usual(copies(copy.clone()), &to).is_some(),
                is_to,
                "{copy} {place}"
            );
        }
    }
}
