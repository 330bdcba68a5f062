//! Retry policy and retry budget.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Retry policy: the number of attempts and the waits between them.
///
/// The waits are exponential backoff with full jitter, so that clients that failed together do not
/// retry together. Before the second attempt the client waits a random time up to `base`, before
/// the third up to twice `base`, and so on up to `cap`. If the service asks for a wait
/// (`Retry-After`), the client waits at least that long, up to an hour.
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
    /// Allows one attempt.
    ///
    /// A second attempt still follows if the service rejects the date, or credentials that can be
    /// renewed, because it did not execute the call.
    pub fn never() -> Self {
        Self::default().attempts(1)
    }

    /// Sets the number of attempts, including the first. The least is 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Sets the longest wait before the second attempt.
    pub fn base(mut self, base: Duration) -> Self {
        self.base = base;
        self
    }

    /// Sets the longest wait before any attempt.
    pub fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Returns the wait after attempt number `attempt`, counted from 1. `fraction` is a random
    /// number from 0 to 1.
    pub fn backoff(&self, attempt: u32, fraction: f64) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let longest = self.base.saturating_mul(1 << doublings).min(self.cap);
        longest.mul_f64(fraction.clamp(0.0, 1.0))
    }
}

/// Retry budget that all calls of a client share, so that retries do not make an outage worse.
///
/// A client starts with 20. Each retry takes one, and each success gives back a tenth.
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

    /// Takes one retry. Returns whether the budget allowed it.
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
