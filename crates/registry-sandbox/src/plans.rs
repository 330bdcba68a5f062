//! Decisions of tests and trials about future work.

use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::course::{Course, Outcome, Pace};

/// Most decisions. The oldest are dropped first.
const MOST: usize = 10_000;

/// Tasks that a decision is about: those of an image to a destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work<'a> {
    /// `namespace/repository`.
    pub(crate) repository: &'a str,
    pub(crate) tag: &'a str,
    /// Region, instance or registry that it is copied to. `None` for retention.
    pub(crate) destination: Option<&'a str>,
}

#[derive(Debug)]
struct Decision {
    repository: String,
    tag: Option<String>,
    destination: Option<String>,
    outcome: Outcome,
}

impl Decision {
    fn is_about_the_same(&self, other: &Self) -> bool {
        self.repository == other.repository
            && self.tag == other.tag
            && self.destination == other.destination
    }

    fn covers(&self, work: &Work<'_>) -> bool {
        self.repository == work.repository
            && self.tag.as_deref().is_none_or(|tag| tag == work.tag)
            && (self.destination.is_none() || self.destination.as_deref() == work.destination)
    }
}

/// Outcomes and pace of future tasks. Each side reads it when it creates a task.
#[derive(Debug, Default)]
pub(crate) struct Plans(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Pace that a test or trial has set.
    pace: Option<Pace>,
    decisions: Vec<Decision>,
}

impl Plans {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the pace of work that is created now.
    pub(crate) fn pace(&self) -> Pace {
        self.inner().pace.unwrap_or_default()
    }

    /// Returns the pace that a test or trial has set. Without one, a registry may have waits of its own.
    pub(crate) fn set(&self) -> Option<Pace> {
        self.inner().pace
    }

    pub(crate) fn set_pace(&self, pace: Pace) {
        self.inner().pace = Some(pace);
    }

    /// Decides on future work. A later decision takes precedence over an earlier one.
    pub(crate) fn decide(
        &self,
        repository: &str,
        tag: Option<&str>,
        destination: Option<&str>,
        outcome: Outcome,
    ) {
        let decision = Decision {
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            destination: destination.map(str::to_owned),
            outcome,
        };
        let decisions = &mut self.inner().decisions;
        decisions.retain(|earlier| !earlier.is_about_the_same(&decision));
        if decisions.len() >= MOST {
            decisions.remove(0);
        }
        decisions.push(decision);
    }

    /// Returns the course of work that is created at `now`.
    pub(crate) fn course(&self, now: Timestamp, work: &Work<'_>) -> Course {
        self.course_of_any(now, slice::from_ref(work))
    }

    /// Returns the course of work whose destination has several names, such as region and instance.
    pub(crate) fn course_of_any(&self, now: Timestamp, names: &[Work<'_>]) -> Course {
        Course::new(now, self.outcome(names), self.pace())
    }

    /// Returns the outcome of work whose destination has several names.
    pub(crate) fn outcome(&self, names: &[Work<'_>]) -> Outcome {
        let inner = self.inner();
        let mut latest_first = inner.decisions.iter().rev();
        let decision = latest_first.find(|d| names.iter().any(|work| d.covers(work)));
        decision.map_or(Outcome::default(), |decision| decision.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_decisions_is_bounded() {
        let plans = Plans::default();
        for _ in 0..3 {
            plans.decide("team/api", None, None, Outcome::Fails);
        }
        assert_eq!(plans.inner().decisions.len(), 1, "the last one counts");
        for number in 0..=MOST {
            plans.decide(
                "team/web",
                Some(&format!("v{number}")),
                None,
                Outcome::Fails,
            );
        }
        assert_eq!(plans.inner().decisions.len(), MOST);
        let first = plans.inner().decisions[0].tag.clone();
        assert_eq!(first.as_deref(), Some("v1"));
    }

    #[test]
    fn the_latest_decision_that_covers_the_work_holds() {
        let plans = Plans::default();
        plans.decide("team/api", None, None, Outcome::Fails);
        plans.decide("team/api", Some("v2"), Some("r1"), Outcome::Stalls);
        for (repository, tag, destination, outcome) in [
            ("team/api", "v1", Some("r1"), Outcome::Fails),
            ("team/api", "v2", Some("r1"), Outcome::Stalls),
            ("team/api", "v2", Some("r2"), Outcome::Fails),
            ("team/api", "v2", None, Outcome::Fails),
            ("team/web", "v2", Some("r1"), Outcome::Succeeds),
        ] {
            let work = Work {
                repository,
                tag,
                destination,
            };
            let expected = Course::new(Timestamp::UNIX_EPOCH, outcome, Pace::USUAL);
            let course = plans.course(Timestamp::UNIX_EPOCH, &work);
            assert_eq!(course, expected, "{work:?}");
        }
    }
}
