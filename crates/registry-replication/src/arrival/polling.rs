//! Polling intervals of a wait.

use std::time::Duration;

/// Polling intervals of a wait: short at first, then longer.
///
/// The interval is a tenth of the time that the wait has taken so far, within `quickest` and
/// `slowest`. So a change is noticed after at most a tenth of the time waited for it. The rate limit
/// of the registry's [context](crate::ContextBuilder::rate_limit) still applies to the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    quickest: Duration,
    slowest: Duration,
}

impl Polling {
    /// Polls every `quickest` at first (at least 100 ms), and every `slowest` after ten times
    /// `slowest`.
    pub fn new(quickest: Duration, slowest: Duration) -> Self {
        let quickest = quickest.max(Duration::from_millis(100));
        Self {
            quickest,
            slowest: slowest.max(quickest),
        }
    }

    /// Returns the first interval.
    pub fn quickest(&self) -> Duration {
        self.quickest
    }

    /// Returns the time until the next poll of a wait that has taken `so_far`.
    pub fn interval(&self, so_far: Duration) -> Duration {
        (so_far / 10).clamp(self.quickest, self.slowest)
    }
}

impl Default for Polling {
    /// Polls every 2 seconds at first, and every 30 seconds after 5 minutes.
    fn default() -> Self {
        Self::new(Duration::from_secs(2), Duration::from_secs(30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_come_less_often_as_time_goes_by() {
        let polling = Polling::default();
        for (so_far, interval) in [(0, 2), (20, 2), (60, 6), (300, 30), (3600, 30)] {
            let interval = Duration::from_secs(interval);
            assert_eq!(polling.interval(Duration::from_secs(so_far)), interval);
        }
        let second = Duration::from_secs(1);
        let odd = Polling::new(second, Duration::ZERO);
        assert_eq!(odd.interval(Duration::ZERO), second);
    }
}
