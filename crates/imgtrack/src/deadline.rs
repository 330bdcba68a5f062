//! Time limit of a whole command.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use registry_replication::Clock;

use crate::failure::{Failure, TimedOut};
use crate::output::Prompts;

/// Runs a command, or a part of one, until its time is up, whatever is in flight then.
///
/// The time that prompts take does not count.
pub(crate) async fn within<T>(
    limit: Option<TimedOut>,
    clock: &dyn Clock,
    prompts: &Prompts,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let Some(limit) = limit else {
        return work.await;
    };
    let mut work = pin!(work);
    let mut left = limit.timeout;
    loop {
        match select(work.as_mut(), clock.guard(left)).await {
            Either::Left((done, _)) => return done,
            Either::Right(_) => left = prompts.take(),
        }
        if left == Duration::ZERO {
            return Err(Failure::TimedOut(limit));
        }
    }
}
