use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Source of the sandbox's time, for windows of signatures, nonces and tokens, and for `Date`.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Longest time by which a clock is moved in all: ten years.
const FARTHEST: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// Time by which a sandbox's clock is ahead of its source.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shift(Arc<AtomicI64>);

impl Shift {
    /// Returns `source`, ahead by this shift.
    pub(crate) fn clock(&self, source: &Clock) -> Clock {
        let (shift, source) = (self.clone(), Arc::clone(source));
        Arc::new(move || {
            let now = source();
            let ahead = SignedDuration::from_millis(shift.0.load(Ordering::Relaxed));
            now.saturating_add(ahead).unwrap_or(now)
        })
    }

    /// Moves the clock forward. Returns `false` if it would be too far ahead.
    pub(crate) fn forward(&self, by: Duration) -> bool {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        let moved = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |ahead| {
                let ahead = SignedDuration::from_millis(ahead).checked_add(by)?;
                i64::try_from(ahead.as_millis())
                    .ok()
                    .filter(|_| ahead <= FARTHEST)
            });
        moved.is_ok()
    }
}

pub(crate) fn system() -> Clock {
    Arc::new(Timestamp::now)
}
