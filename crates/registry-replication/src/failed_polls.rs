//! Polls of a wait that fail in a row, and when they end the wait.

use std::time::Duration;

use openapi_transport::{Error, ErrorKind, Timestamp};

use crate::arrival::Trouble;

/// Polls that have failed since the last good one.
#[derive(Debug)]
pub(crate) struct FailedPolls {
    /// How long errors may last that a retry usually does not fix.
    patience: Duration,
    current: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    error: Error,
    /// Time of the first failure, by the registry's clock and by the service's.
    since: Duration,
    at: Timestamp,
    count: u64,
}

impl FailedPolls {
    pub(crate) fn new(patience: Duration) -> Self {
        Self {
            patience,
            current: None,
        }
    }

    /// Returns whether the latest poll has failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.current.is_some()
    }

    /// Returns the error of the latest failed poll.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.current.as_ref().map(|failing| &failing.error)
    }

    /// Returns the wait that the service has asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.error()?.retry_after()
    }

    /// Whether an error ends the wait. The caller must fix it, or a retry usually does not fix it and
    /// it comes before the first good poll or lasts longer than the wait's patience.
    pub(crate) fn is_hopeless(&self, error: &Error, has_report: bool, now: Duration) -> bool {
        if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::NotOffered) {
            return true;
        }
        let since = self.current.as_ref().map(|failing| failing.since);
        let lasted = since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        // The error of a contradictory listing has no status. The next poll may succeed.
        let is_odd = error.kind() == ErrorKind::Undecodable && error.status().is_none();
        let is_first = !has_report && !is_odd;
        !error.can_retry() && (is_first || lasted >= self.patience)
    }

    /// Adds a failed poll.
    pub(crate) fn add(&mut self, error: Error, now: Duration, at: Timestamp) {
        self.current = Some(match self.current.take() {
            Some(failing) => Failing {
                error,
                count: failing.count + 1,
                ..failing
            },
            None => Failing {
                error,
                since: now,
                at,
                count: 1,
            },
        });
    }

    /// Forgets the failures after a good poll.
    pub(crate) fn clear(&mut self) {
        self.current = None;
    }

    /// Describes the failures for a report. `now` is the time of the service's clock.
    pub(crate) fn trouble(&self, now: Timestamp) -> Option<Trouble> {
        let failing = self.current.as_ref()?;
        let next_look = failing.error.retry_after();
        Some(Trouble {
            what: failing.error.to_string(),
            since: failing.at,
            count: failing.count,
            next_look: next_look.and_then(|wait| now.checked_add(wait).ok()),
        })
    }
}
