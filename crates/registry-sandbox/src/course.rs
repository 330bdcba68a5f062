//! The course of one task's work: planned when the task is made, read off at any later time.
//!
//! Nothing ticks. A task keeps its plan, and its state is what the plan says of the time at which
//! somebody looks, so that a clock moved by hand and the system's clock are the same to it.

use jiff::{SignedDuration, Timestamp};

/// How the work of a task goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The first attempt succeeds.
    #[default]
    Succeeds,
    /// So many attempts fail, and the next succeeds. A registry makes three attempts at most, as
    /// Harbor does: with three failures and more this is [`Outcome::Fails`].
    FailsFirst(u32),
    /// Every attempt fails.
    Fails,
    /// The first attempt begins and never ends.
    Stalls,
}

/// How often a registry tries again what has failed.
pub const RETRIES: u32 = 2;

/// How long the parts of a task take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From the making of the task to its first attempt.
    pub waits: SignedDuration,
    /// One attempt.
    pub runs: SignedDuration,
    /// From a failed attempt to the next one; the task shows as failed meanwhile.
    pub pause: SignedDuration,
    /// From the end of a task to the time at which the record of its execution tells of it, in the
    /// Enterprise edition: status and counts have the task in progress until then, as Harbor's do.
    pub lag: SignedDuration,
}

impl Pace {
    /// Two seconds of waiting, five for an attempt, ten between attempts, and no lag.
    pub const USUAL: Self = Self::new(
        SignedDuration::from_secs(2),
        SignedDuration::from_secs(5),
        SignedDuration::from_secs(10),
    );

    /// A pace of one's own; records do not lag behind.
    pub const fn new(waits: SignedDuration, runs: SignedDuration, pause: SignedDuration) -> Self {
        Self {
            waits,
            runs,
            pause,
            lag: SignedDuration::ZERO,
        }
    }

    /// The same pace, but records of executions tell so much later that a task has ended.
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

/// Where a task's work stands. Each side has its own words for these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting,
    Running,
    Succeeded,
    /// Failed; another attempt follows if `is_final` is false.
    Failed,
    Stopped,
}

/// What a look at the work shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) state: State,
    /// Whether the state stays as it is.
    pub(crate) is_final: bool,
    /// When the first attempt began.
    pub(crate) started: Option<Timestamp>,
    /// When the current or last attempt began.
    pub(crate) begun: Option<Timestamp>,
    /// When the work came to its end.
    pub(crate) ended: Option<Timestamp>,
    /// When the state last changed.
    pub(crate) changed: Timestamp,
    /// Attempts begun.
    pub(crate) attempts: u32,
}

/// The plan of one task's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    made: Timestamp,
    outcome: Outcome,
    pace: Pace,
    stopped: Option<Timestamp>,
}

impl Course {
    pub(crate) fn new(made: Timestamp, outcome: Outcome, pace: Pace) -> Self {
        Self {
            made,
            outcome,
            pace,
            stopped: None,
        }
    }

    pub(crate) fn made(&self) -> Timestamp {
        self.made
    }

    /// The attempt that has brought success by `now`: when it began, and when it ended.
    pub(crate) fn success(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let look = self.look(now);
        let ended = look.ended.filter(|_| look.state == State::Succeeded)?;
        Some((ended - self.pace.runs, ended))
    }

    /// Lets the attempt that was to succeed fail, and the next one, if there is any, succeed: there
    /// was nothing to copy when it began.
    pub(crate) fn fail_once_more(&mut self) {
        self.outcome = Outcome::FailsFirst(self.failures() + 1);
    }

    /// Stops the work at `now`. What has come to its end stays as it ended; says whether anything
    /// was stopped.
    pub(crate) fn stop(&mut self, now: Timestamp) -> bool {
        let stops = !self.look(now).is_final;
        if stops {
            self.stopped = Some(now);
        }
        stops
    }

    /// Where the work stands at `now`.
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

    /// How much of `whole` the last attempt has done at `now`. One that fails or stalls gets no
    /// further than half.
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

    /// Attempts that fail.
    fn failures(&self) -> u32 {
        match self.outcome {
            Outcome::Succeeds | Outcome::Stalls => 0,
            Outcome::FailsFirst(attempts) => attempts.min(RETRIES + 1),
            Outcome::Fails => RETRIES + 1,
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
            let last = attempt > RETRIES;
            let next = done + self.pace.pause;
            if now < next || last {
                return at(State::Failed, last, done);
            }
            begun = next;
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
