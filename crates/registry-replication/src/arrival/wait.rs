//! Waits: streams of reports, and futures of the last report.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::future::{Either, select};
use futures_util::{StreamExt, stream};
use openapi_transport::Error;

use super::engine::{Ask, Engine};
use super::needs_another;
use super::polling::Polling;
use super::report::{DestinationReport, Report, Verdict};
use crate::failed_polls::FailedPolls;

/// A wait for an image, made by [`Arrival::wait`](crate::Arrival::wait): a stream and a future.
///
/// The stream yields a [`Report`] for each poll. It ends after a final report, or with the error that
/// the future returns. The future returns the last report; `tokio::spawn` accepts it.
///
/// A wait works only while it is polled. It starts no task and may be dropped at any time.
///
/// ```
/// # use std::time::Duration;
/// # use registry_replication::{Registry, Report, WaitError};
/// # async fn gate(registry: &dyn Registry) -> Result<Report, WaitError> {
/// let arrival = registry.arrival("team/api:v42").to("cn-shanghai");
/// let wait = tokio::spawn(arrival.wait(Duration::from_secs(900)));
/// # let Ok(report) = wait.await else { unreachable!() };
/// # report
/// # }
/// ```
#[must_use = "a wait does nothing unless it is awaited or polled"]
pub struct Wait {
    reports: BoxStream<'static, Result<Report, WaitError>>,
    last: Option<Report>,
}

/// Reason why a wait did not end with an arrival.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// Waiting longer would change nothing. The report tells why.
    #[error("{}", not_arrived(.0))]
    NotArrived(Box<Report>),
    /// The deadline has passed, and the last poll did not find the image at its destinations.
    #[error("the deadline has passed after {} s (polls: {polls}): {}", .elapsed.as_secs(), left(.report, .last))]
    DeadlinePassed {
        /// Report of the last good poll.
        report: Option<Box<Report>>,
        /// Error of the polls since then, if they failed.
        last: Option<Error>,
        /// Duration of the wait.
        elapsed: Duration,
        /// Number of polls.
        polls: u64,
    },
    /// A call failed in a way that a retry does not fix.
    #[error("{error}")]
    Call {
        /// The call's error.
        #[source]
        error: Error,
        /// Last report before the error.
        report: Option<Box<Report>>,
    },
}

impl WaitError {
    /// Returns the last report.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::NotArrived(report) => Some(report),
            Self::DeadlinePassed { report, .. } | Self::Call { report, .. } => report.as_deref(),
        }
    }

    /// Returns the last verdict.
    pub fn verdict(&self) -> Option<Verdict> {
        self.report().map(|report| report.verdict)
    }
}

fn not_arrived(report: &Report) -> String {
    let bad = report.destinations.iter();
    let bad = bad.filter(|destination| destination.verdict != Verdict::Arrived);
    let bad: Vec<_> = bad.map(sentence).collect();
    format!("{} has not arrived: {}", report.image, bad.join("; "))
}

fn sentence(destination: &DestinationReport) -> String {
    let DestinationReport {
        destination: place,
        verdict,
        ..
    } = destination;
    match destination.reasons.first() {
        Some(reason) => format!("{place}: {verdict}, {reason}"),
        None => format!("{place}: {verdict}"),
    }
}

fn left(report: &Option<Box<Report>>, last: &Option<Error>) -> String {
    match (report, last) {
        (_, Some(error)) => format!("the last poll failed: {error}"),
        (Some(report), None) => not_arrived(report),
        (None, None) => "no poll has ended".to_owned(),
    }
}

/// Time limit of the last look after the deadline, so that the wait ends within a second of it.
pub(crate) const GRACE: Duration = Duration::from_millis(800);

impl Wait {
    pub(crate) fn new(
        ask: Result<Ask, Error>,
        polling: Polling,
        patience: Duration,
        deadline: Duration,
    ) -> Self {
        let start = match ask {
            Ok(ask) => Phase::Start(Box::new(ask)),
            Err(error) => Phase::Bad(WaitError::Call {
                error,
                report: None,
            }),
        };
        let reports = stream::unfold(start, move |phase| async move {
            phase.next(polling, patience, deadline).await
        });
        Self {
            reports: reports.fuse().boxed(),
            last: None,
        }
    }
}

/// Next step of a wait.
enum Phase {
    Start(Box<Ask>),
    Look(Box<Looking>),
    Bad(WaitError),
    End,
}

struct Looking {
    engine: Engine,
    polling: Polling,
    /// Deadline, by the registry's clock.
    end: Duration,
    /// Start of the last look; absent before the first look.
    begun: Option<Duration>,
    /// Report of the last good look.
    report: Option<Box<Report>>,
    /// Looks that have failed since then.
    failed: FailedPolls,
}

type Item = Result<Report, WaitError>;

impl Phase {
    async fn next(
        self,
        polling: Polling,
        patience: Duration,
        deadline: Duration,
    ) -> Option<(Item, Self)> {
        match self {
            Self::Start(ask) => {
                let engine = Engine::new(*ask, polling.quickest());
                let looking = Box::new(Looking {
                    end: engine.start().saturating_add(deadline),
                    engine,
                    polling,
                    begun: None,
                    report: None,
                    failed: FailedPolls::new(patience),
                });
                Some(looking.next().await)
            }
            Self::Look(looking) => Some(looking.next().await),
            Self::Bad(error) => Some((Err(error), Self::End)),
            Self::End => None,
        }
    }
}

impl Looking {
    /// Returns the next report. Drops calls that are still running after the deadline.
    async fn next(mut self: Box<Self>) -> (Item, Phase) {
        let clock = self.engine.clock().clone();
        let limit = self.end.saturating_add(GRACE);
        let guard = clock.guard(limit.saturating_sub(clock.elapsed()));
        let looked = {
            let look = std::pin::pin!(self.look());
            match select(look, guard).await {
                Either::Left((looked, _)) => Some(looked),
                Either::Right(_) => None,
            }
        };
        match looked {
            Some((Ok(report), next)) => {
                let next = match next {
                    Next::Look => Phase::Look(self),
                    Next::End => Phase::End,
                    Next::Bad(error) => Phase::Bad(error),
                };
                (Ok(report), next)
            }
            Some((Err(error), _)) => (Err(error), Phase::End),
            None => {
                // An earlier failure says more.
                if !self.failed.is_failing() {
                    let what = "the last poll got no answer before the deadline";
                    self.note(Error::deadline(what));
                }
                (Err(self.deadline_passed()), Phase::End)
            }
        }
    }

    async fn look(&mut self) -> (Item, Next) {
        let not_before = self.rest().await;
        let is_last = self.engine.clock().elapsed() >= self.end;
        let gap = match is_last {
            true => Duration::ZERO,
            false => self.polling.quickest(),
        };
        let looked = self.engine.look(not_before, gap).await;
        self.begun = Some(looked.begun);
        match looked.report {
            Ok(report) => {
                self.report = Some(Box::new(report.clone()));
                self.failed.clear();
                let next = match report.is_final {
                    true if report.verdict == Verdict::Arrived => Next::End,
                    true => Next::Bad(WaitError::NotArrived(Box::new(report.clone()))),
                    false if is_last => Next::Bad(self.deadline_passed()),
                    false => Next::Look,
                };
                (Ok(report), next)
            }
            Err(error) if self.is_hopeless(&error) => {
                let report = self.report.take();
                (Err(WaitError::Call { error, report }), Next::End)
            }
            Err(error) => {
                self.note(error);
                if is_last {
                    return (Err(self.deadline_passed()), Next::End);
                }
                let now = self.engine.service_time();
                let report = self
                    .engine
                    .report_in_trouble(self.report.as_deref(), self.failed.trouble(now));
                (Ok(report), Next::Look)
            }
        }
    }

    /// Whether an error ends the wait.
    fn is_hopeless(&self, error: &Error) -> bool {
        let now = self.engine.clock().elapsed();
        self.failed.is_hopeless(error, self.report.is_some(), now)
    }

    fn note(&mut self, error: Error) {
        let now = self.engine.clock().elapsed();
        self.failed.add(error, now, self.engine.service_time());
    }

    /// Waits until the next look is due, and returns how old it may be. A look of another wait is as
    /// good if it is not older.
    async fn rest(&self) -> Duration {
        let Some(begun) = self.begun else {
            // Waits that begin at the same time share a look.
            once_more().await;
            return self.engine.start().saturating_sub(self.polling.quickest());
        };
        let clock = self.engine.clock();
        let asked = self.failed.retry_after();
        let interval = match self.report.as_deref().is_some_and(needs_another) {
            true => self.polling.quickest(),
            false => self.polling.interval(self.engine.waited()),
        };
        let interval = interval.max(asked.unwrap_or_default());
        let next = begun.saturating_add(interval).min(self.end);
        let now = clock.elapsed();
        if now < next {
            clock.sleep(next - now).await;
        }
        match clock.elapsed() >= self.end {
            true => self.end,
            false => begun.saturating_add(interval / 2),
        }
    }

    fn deadline_passed(&self) -> WaitError {
        WaitError::DeadlinePassed {
            report: self.report.clone(),
            last: self.failed.error().cloned(),
            elapsed: self.engine.waited(),
            polls: self.engine.polls(),
        }
    }
}

/// Step after a report.
enum Next {
    Look,
    Bad(WaitError),
    End,
}

/// Yields once to futures that are polled together with this one.
async fn once_more() {
    let mut polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut polled, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Stream for Wait {
    type Item = Result<Report, WaitError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.reports.poll_next_unpin(cx)
    }
}

impl Future for Wait {
    type Output = Result<Report, WaitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match ready!(self.reports.poll_next_unpin(cx)) {
                Some(Ok(report)) => self.last = Some(report),
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => {
                    let over = || WaitError::Call {
                        error: Error::configuration("the wait has already ended"),
                        report: None,
                    };
                    return Poll::Ready(self.last.take().ok_or_else(over));
                }
            }
        }
    }
}

impl std::fmt::Debug for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "test-util"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use futures_util::future::join_all;

    use crate::fake::{FakeRegistry, FakeRule};
    use crate::registry::Registry;

    #[tokio::test]
    async fn reports_of_thousands_of_arrivals_take_turns() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let clock = openapi_transport::testing::ManualClock::at(now).auto_advance();
        let registry = FakeRegistry::new(Arc::new(clock)).unwrap();
        registry.add_rule(FakeRule::to("us-west-2"));
        let names = (0..2_000).map(|number| format!("team/api:v{number}"));
        let arrivals: Vec<_> = names.map(|name| registry.arrival(&name)).collect();
        let mut checks = std::pin::pin!(join_all(arrivals.iter().map(|one| one.check())));
        let mut turns = 0;
        let reports = std::future::poll_fn(|cx| {
            turns += 1;
            checks.as_mut().poll(cx)
        })
        .await;
        assert!(reports.iter().all(Result::is_ok));
        // Signals and other timers would be late by the time of all reports.
        assert!(turns > 2_000 / 130, "{turns} turns");
    }
}
