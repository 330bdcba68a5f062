//! Injected time.

use std::fmt::Debug;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::dialect::BoxFuture;

/// Source of time for dates in signatures, for deadlines and for waits.
///
/// The feature `test-util` has a `ManualClock` for tests.
pub trait Clock: Debug + Send + Sync {
    /// Returns the time of day.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed moment in the past. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Returns a future that ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Returns a future that ends after `duration` and bounds work in flight.
    ///
    /// The default sleeps. Override it in a test's clock that moves whenever a task sleeps by it,
    /// because work in flight must not move that clock.
    fn guard(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep(duration)
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        START.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
