//! What a call takes from its surroundings: time, and chance.

use std::fmt::Debug;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::dialect::BoxFuture;

/// Time: for dates in signatures, for deadlines, and to wait.
pub trait Clock: Debug + Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// The time since some moment in the past, which nobody sets back.
    fn elapsed(&self) -> Duration;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Ends after `duration`, to bound work that is in flight.
    ///
    /// The default sleeps. Override it in a test's clock that moves whenever something sleeps by it:
    /// work in flight must not move that clock.
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

/// Chance: for signatures that are good for one request, and for waits that do not coincide.
pub trait Chance: Debug + Send + Sync {
    /// A text that never comes twice.
    fn nonce(&self) -> String;

    /// A number from 0 up to, but not including, 1.
    fn fraction(&self) -> f64;
}

/// Chance from the operating system: nonces of 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn nonce(&self) -> String {
        uuid::Uuid::new_v4().simple().to_string()
    }

    fn fraction(&self) -> f64 {
        // The low half of a random UUID has 62 random bits; 53 fill a float.
        let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
        (low & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64
    }
}
