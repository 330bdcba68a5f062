//! A clock that nobody waits for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use registry_replication::{Clock, Timestamp};

/// Stands still until somebody sleeps by it: then it has come to the end of the sleep at once. The
/// sandbox reads it, too, so that a demo of waiting takes no time and is the same each time.
#[derive(Clone, Debug)]
pub(super) struct Hurried {
    start: Timestamp,
    elapsed: Arc<Mutex<Duration>>,
}

impl Hurried {
    pub(super) fn at(start: Timestamp) -> Self {
        Self {
            start,
            elapsed: Arc::default(),
        }
    }
}

impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        *self.elapsed.lock().unwrap_or_else(PoisonError::into_inner) += duration;
        Box::pin(std::future::ready(()))
    }

    fn guard(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }
}
