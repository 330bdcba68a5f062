//! When a call is retried.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a call is tried, and how long is waited in between: exponential backoff with full
/// jitter, so that clients that failed together do not come back together.
///
/// Before the second attempt a random time up to `base` is waited, before the third up to twice
/// that, and so on up to `cap`. What the service asks for (`Retry-After`) is waited in full, up to
/// an hour.
///
/// ```
/// use std::time::Duration;
/// use openapi_transport::RetryPolicy;
/// let policy = RetryPolicy::default().attempts(6).base(Duration::from_millis(100));
/// assert_eq!(policy.backoff(3, 0.5), Duration::from_millis(200));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pub(crate) attempts: u32,
    base: Duration,
    cap: Duration,
}

impl Default for RetryPolicy {
    /// 4 attempts, backoff from 200 ms to 10 s.
    fn default() -> Self {
        Self {
            attempts: 4,
            base: Duration::from_millis(200),
            cap: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// One attempt and no more.
    ///
    /// A call that was refused for its date, or for credentials that can be renewed, was not
    /// carried out, and is sent again once all the same.
    pub fn never() -> Self {
        Self::default().attempts(1)
    }

    /// How often a call is tried in all, the first attempt included; at least once.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The longest wait before the second attempt.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// The longest wait before any attempt.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The wait after attempt number `attempt` (1 is the first), where `fraction`, from 0 to 1, is
    /// chance.
    pub fn backoff(&self, attempt: u32, fraction: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let longest = self.base.saturating_mul(1 << doublings).min(self.cap);
        longest.mul_f64(fraction.clamp(0.0, 1.0))
    }
}

/// How many tries beyond the first all calls of a client may make together, so that an outage is
/// not made worse by those who wait for its end.
///
/// A client starts with 20. Each repeated attempt takes one, each success brings back a tenth.
#[derive(Debug)]
pub(crate) struct Budget {
    tenths: Mutex<u32>,
}

impl Budget {
    const FULL: u32 = 200;
    const RETRY: u32 = 10;
    const SUCCESS: u32 = 1;

    pub(crate) fn full() -> Self {
        Self {
            tenths: Mutex::new(Self::FULL),
        }
    }

    /// Whether there was enough left.
    pub(crate) fn take(&self) -> bool {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        let left = tenths.checked_sub(Self::RETRY);
        *tenths = left.unwrap_or(*tenths);
        left.is_some()
    }

    pub(crate) fn give_back(&self) {
        let mut tenths = self.tenths.lock().unwrap_or_else(PoisonError::into_inner);
        *tenths = (*tenths + Self::SUCCESS).min(Self::FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        let policy = RetryPolicy::default();
        for (attempt, longest) in [
            (1, 200),
            (2, 400),
            (3, 800),
            (6, 6400),
            (7, 10_000),
            (99, 10_000),
        ] {
            assert_eq!(policy.backoff(attempt, 1.0), Duration::from_millis(longest));
            assert_eq!(policy.backoff(attempt, 0.0), Duration::ZERO);
        }
    }

    #[test]
    fn a_budget_ends_and_comes_back_with_successes() {
        let budget = Budget::full();
        assert_eq!((0..100).filter(|_| budget.take()).count(), 20);
        (0..9).for_each(|_| budget.give_back());
        assert!(!budget.take());
        budget.give_back();
        assert!(budget.take());
    }
}
