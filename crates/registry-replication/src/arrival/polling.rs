//! How often a wait looks.

use std::time::Duration;

/// How often a wait looks: often at first, and then less, as it goes on.
///
/// The time between two looks is a tenth of the time that the wait has taken so far, so that news
/// are no older than a tenth of what one has waited for them, and no less than `quickest` nor more
/// than `slowest`. Whatever is set here, the calls keep to the rate limit of the registry's
/// [context](crate::ContextBuilder::rate_limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Polling {
    quickest: Duration,
    slowest: Duration,
}

impl Polling {
    /// Every `quickest` at first, which is at least 100 ms, and every `slowest` after ten times that.
    pub fn new(quickest: Duration, slowest: Duration) -> Self {
        let quickest = quickest.max(Duration::from_millis(100));
        Self {
            quickest,
            slowest: slowest.max(quickest),
        }
    }

    /// The time between two looks at first.
    pub fn quickest(&self) -> Duration {
        self.quickest
    }

    /// The time to the next look of a wait that has taken `so_far`.
    pub fn interval(&self, so_far: Duration) -> Duration {
        (so_far / 10).clamp(self.quickest, self.slowest)
    }
}

impl Default for Polling {
    /// Every 2 seconds at first, and every 30 seconds after 5 minutes.
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
