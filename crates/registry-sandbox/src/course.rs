//! Course of one task's work, which is planned when the task is created and read at any later time.
//!
//! There is no background task. A task keeps its plan, and the plan tells its state at the time of a
//! call. So a manual clock and the system's clock work in the same way.

use jiff::{SignedDuration, Timestamp};

/// Outcome of a task's work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The first attempt succeeds.
    #[default]
    Succeeds,
    /// This number of attempts fail, and the next one succeeds. As in Harbor, a registry makes at most
    /// three attempts, so three or more failures are [`Outcome::Fails`].
    FailsFirst(u32),
    /// Every attempt fails.
    Fails,
    /// The first attempt begins and never ends.
    Stalls,
    /// The registry gives up before it makes a task, so that its execution fails without one. A registry
    /// that makes a task in any case treats it as [`Outcome::Fails`].
    NoTask,
}

/// Number of times that a registry retries failed work.
pub const RETRIES: u32 = 2;

/// Durations of the parts of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From the creation of the task to its first attempt.
    pub waits: SignedDuration,
    /// One attempt.
    pub runs: SignedDuration,
    /// From a failed attempt to the next one. Meanwhile, the task shows as failed.
    pub pause: SignedDuration,
    /// From the end of a task until the record of its execution shows it. Until then, status and
    /// counts have the task in progress, as in Harbor.
    pub lag: SignedDuration,
}

/// One attempt that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) begun: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) succeeds: bool,
}

impl Pace {
    /// Two seconds until the first attempt, five for an attempt, ten between attempts, and no lag.
    pub const USUAL: Self = Self::new(
        SignedDuration::from_secs(2),
        SignedDuration::from_secs(5),
        SignedDuration::from_secs(10),
    );

    /// Makes a pace without lag.
    pub const fn new(waits: SignedDuration, runs: SignedDuration, pause: SignedDuration) -> Self {
        Self {
            waits,
            runs,
            pause,
            lag: SignedDuration::ZERO,
        }
    }

    /// Sets how long records of executions lag behind the end of a task.
    #[must_use]
    pub const fn with_lag(mut self, lag: SignedDuration) -> Self {
        self.lag = lag;
        self
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::USUAL
    }
}

/// State of a task's work. Each side has its own words for these states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    Succeeded,
    /// Failed. Another attempt follows if `is_final` is false.
    Failed,
    Stopped,
}

/// Work at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: State,
    /// Whether the state no longer changes.
    pub(crate) is_final: bool,
    /// Start of the first attempt.
    pub(crate) started: Option<Timestamp>,
    /// Start of the current or last attempt.
    pub(crate) begun: Option<Timestamp>,
    /// End of the work.
    pub(crate) ended: Option<Timestamp>,
    /// Time of the last change of state.
    pub(crate) changed: Timestamp,
    /// Number of attempts that have begun.
    pub(crate) attempts: u32,
}

/// Plan of one task's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    made: Timestamp,
    outcome: Outcome,
    pace: Pace,
    /// Wait after each failed attempt, except the last one.
    pauses: [SignedDuration; RETRIES as usize],
    stopped: Option<Timestamp>,
}

impl Course {
    pub(crate) fn new(made: Timestamp, outcome: Outcome, pace: Pace) -> Self {
        Self {
            made,
            outcome,
            pace,
            pauses: [pace.pause; RETRIES as usize],
            stopped: None,
        }
    }

    /// Sets the wait after each failed attempt, for registries whose waits differ.
    pub(crate) fn with_pauses(mut self, pauses: [SignedDuration; RETRIES as usize]) -> Self {
        self.pauses = pauses;
        self
    }

    pub(crate) fn made(&self) -> Timestamp {
        self.made
    }

    /// Returns start and end of the attempt that has succeeded by `now`.
    pub(crate) fn success(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let look = self.look(now);
        let ended = look.ended.filter(|_| look.state == State::Succeeded)?;
        Some((ended - self.pace.runs, ended))
    }

    /// Returns the attempt of this number, counted from 0, if it has ended by `now` and was not stopped.
    pub(crate) fn attempt(&self, number: u32, now: Timestamp) -> Option<Attempt> {
        let attempt = self.planned(number)?;
        (attempt.ended <= self.until(now)).then_some(attempt)
    }

    /// Returns the time until which work is done at `now`.
    pub(crate) fn until(&self, now: Timestamp) -> Timestamp {
        self.stopped.map_or(now, |stopped| now.min(stopped))
    }

    /// Returns the attempt of this number, counted from 0, as it is planned.
    pub(crate) fn planned(&self, number: u32) -> Option<Attempt> {
        let failures = self.failures();
        if number > failures.min(RETRIES) || self.outcome == Outcome::Stalls {
            return None;
        }
        let pauses = self.pauses.iter().take(number as usize);
        let before = pauses.fold(SignedDuration::ZERO, |all, pause| {
            all + *pause + self.pace.runs
        });
        let begun = self.made + self.pace.waits + before;
        let ended = begun + self.pace.runs;
        Some(Attempt {
            begun,
            ended,
            succeeds: number == failures,
        })
    }

    /// Lets the planned successful attempt fail because there was nothing to copy when it began. The
    /// next attempt, if any, succeeds.
    pub(crate) fn fail_once_more(&mut self) {
        self.outcome = Outcome::FailsFirst(self.failures() + 1);
    }

    /// Stops the work at `now`, unless it has ended. Returns whether it was stopped.
    pub(crate) fn stop(&mut self, now: Timestamp) -> bool {
        let stops = !self.look(now).is_final;
        if stops {
            self.stopped = Some(now);
        }
        stops
    }

    /// Returns the work at `now`.
    pub(crate) fn look(&self, now: Timestamp) -> Look {
        let stopped = self.stopped.filter(|stopped| *stopped <= now);
        let look = self.undisturbed(stopped.unwrap_or(now));
        match stopped {
            Some(at) => Look {
                state: State::Stopped,
                is_final: true,
                ended: Some(at),
                changed: at,
                ..look
            },
            None => look,
        }
    }

    /// Returns how much of `whole` the last attempt has done at `now`. An attempt that fails or stalls
    /// does at most half of it.
    pub(crate) fn done(&self, now: Timestamp, whole: i64) -> i64 {
        let now = self.stopped.map_or(now, |stopped| now.min(stopped));
        let look = self.undisturbed(now);
        let stays_behind =
            self.outcome == Outcome::Stalls || (1..=self.failures()).contains(&look.attempts);
        let most = if stays_behind { whole / 2 } else { whole };
        match look.state {
            State::Running => {
                let runs = self.pace.runs.as_millis().max(1);
                let passed = now.duration_since(look.changed).as_millis().min(runs);
                i64::try_from(i128::from(most) * passed / runs).unwrap_or(most)
            }
            State::Waiting => 0,
            _ => most,
        }
    }

    /// Returns the number of attempts that fail.
    fn failures(&self) -> u32 {
        match self.outcome {
            Outcome::Succeeds | Outcome::Stalls => 0,
            Outcome::FailsFirst(attempts) => attempts.min(RETRIES + 1),
            Outcome::Fails | Outcome::NoTask => RETRIES + 1,
        }
    }

    fn undisturbed(&self, now: Timestamp) -> Look {
        let started = self.made + self.pace.waits;
        if now < started {
            return Look {
                state: State::Waiting,
                is_final: false,
                started: None,
                begun: None,
                ended: None,
                changed: self.made,
                attempts: 0,
            };
        }
        let failures = self.failures();
        let stalls = self.outcome == Outcome::Stalls;
        let mut begun = started;
        for attempt in 1..=RETRIES + 1 {
            let done = begun + self.pace.runs;
            let at = |state, is_final, changed| Look {
                state,
                is_final,
                started: Some(started),
                begun: Some(begun),
                ended: is_final.then_some(changed),
                changed,
                attempts: attempt,
            };
            if now < done || stalls {
                return at(State::Running, false, begun);
            }
            if attempt > failures {
                return at(State::Succeeded, true, done);
            }
            let pause = self.pauses.get(attempt as usize - 1);
            let next = pause.map(|pause| done + *pause);
            match next.filter(|next| *next <= now) {
                Some(next) => begun = next,
                None => return at(State::Failed, next.is_none(), done),
            }
        }
        unreachable!("the last attempt ends or fails for good")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Timestamp = Timestamp::constant(1_793_599_200, 0);

    fn at(course: &Course, seconds: i64) -> (State, bool, u32) {
        let look = course.look(MADE + SignedDuration::from_secs(seconds));
        (look.state, look.is_final, look.attempts)
    }

    #[test]
    fn work_waits_runs_fails_is_tried_again_and_ends() {
        use State::{Failed, Running, Succeeded, Waiting};
        for (outcome, expected) in [
            (
                Outcome::Succeeds,
                vec![
                    (0, (Waiting, false, 0)),
                    (1, (Waiting, false, 0)),
                    (2, (Running, false, 1)),
                    (6, (Running, false, 1)),
                    (7, (Succeeded, true, 1)),
                    (9999, (Succeeded, true, 1)),
                ],
            ),
            (
                Outcome::FailsFirst(1),
                vec![
                    (7, (Failed, false, 1)),
                    (16, (Failed, false, 1)),
                    (17, (Running, false, 2)),
                    (22, (Succeeded, true, 2)),
                ],
            ),
            (
                Outcome::Fails,
                vec![
                    (7, (Failed, false, 1)),
                    (22, (Failed, false, 2)),
                    (37, (Failed, true, 3)),
                    (9999, (Failed, true, 3)),
                ],
            ),
            (Outcome::FailsFirst(9), vec![(37, (Failed, true, 3))]),
            (Outcome::Stalls, vec![(9999, (Running, false, 1))]),
        ] {
            let course = Course::new(MADE, outcome, Pace::USUAL);
            for (seconds, look) in expected {
                assert_eq!(at(&course, seconds), look, "{outcome:?} after {seconds} s");
            }
        }
    }

    #[test]
    fn an_attempt_gets_on_with_time_and_halfway_if_it_fails() {
        for (outcome, expected) in [
            (
                Outcome::Succeeds,
                vec![(1, 0), (2, 0), (3, 20), (6, 80), (7, 100), (9999, 100)],
            ),
            (
                Outcome::FailsFirst(1),
                vec![(6, 40), (7, 50), (16, 50), (17, 0), (18, 20), (22, 100)],
            ),
            (Outcome::Stalls, vec![(3, 10), (7, 50), (9999, 50)]),
        ] {
            let course = Course::new(MADE, outcome, Pace::USUAL);
            for (seconds, done) in expected {
                let now = MADE + SignedDuration::from_secs(seconds);
                assert_eq!(course.done(now, 100), done, "{outcome:?} after {seconds} s");
            }
        }
        let mut course = Course::new(MADE, Outcome::Succeeds, Pace::USUAL);
        course.stop(MADE + SignedDuration::from_secs(4));
        let later = MADE + SignedDuration::from_secs(60);
        assert_eq!(course.done(later, 100), 40);
    }

    #[test]
    fn an_attempt_that_finds_nothing_fails_and_the_next_is_made() {
        let later = |seconds| MADE + SignedDuration::from_secs(seconds);
        let mut course = Course::new(MADE, Outcome::Succeeds, Pace::USUAL);
        for (begins, ends) in [(2, 7), (17, 22), (32, 37)] {
            assert_eq!(course.success(later(ends - 1)), None);
            let attempt = Some((later(begins), later(ends)));
            assert_eq!(course.success(later(ends)), attempt);
            course.fail_once_more();
            let is_last = ends == 37;
            let attempts = begins / 15 + 1;
            assert_eq!(
                at(&course, ends),
                (State::Failed, is_last, attempts as u32),
                "after {ends} s"
            );
        }
        assert_eq!(course.success(later(9999)), None);
    }

    #[test]
    fn what_is_stopped_stays_so_and_what_has_ended_is_not_stopped() {
        let mut course = Course::new(MADE, Outcome::Fails, Pace::USUAL);
        assert!(course.stop(MADE + SignedDuration::from_secs(20)));
        assert_eq!(at(&course, 19), (State::Running, false, 2), "before it");
        assert_eq!(at(&course, 9999), (State::Stopped, true, 2));
        assert!(!course.stop(MADE + SignedDuration::from_secs(30)), "twice");

        let mut course = Course::new(MADE, Outcome::Succeeds, Pace::USUAL);
        assert!(!course.stop(MADE + SignedDuration::from_secs(7)));
        assert_eq!(at(&course, 9999), (State::Succeeded, true, 1));
    }
}
