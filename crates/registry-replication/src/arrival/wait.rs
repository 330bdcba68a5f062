//! A wait: a stream of reports, and a future of the last one.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use registry_transport::Error;

use super::engine::{Ask, Engine};
use super::polling::Polling;
use super::report::{DestinationReport, Report, Verdict};

/// A wait for an image, made by [`Arrival::wait`](crate::Arrival::wait).
///
/// As a stream it yields a [`Report`] for each look, and ends after one that is final, or with the
/// error that the future gives. As a future (`.await`) it gives the last report.
///
/// It does nothing but when it is polled, runs nothing beside itself, and may be dropped at any
/// time.
#[must_use = "a wait does nothing unless it is awaited or polled"]
pub struct Wait(BoxStream<'static, Result<Report, WaitError>>);

/// Why a wait did not end in an arrival.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WaitError {
    /// Waiting longer would change nothing: the report says why.
    #[error("{}", not_arrived(.0))]
    NotArrived(Box<Report>),
    /// The deadline has passed, and the last look at it did not show the image arrived.
    #[error("the deadline has passed after {} s (looks: {polls}): {}", .elapsed.as_secs(), left(.report, .last))]
    DeadlinePassed {
        /// What the last look has shown that succeeded.
        report: Option<Box<Report>>,
        /// Why looks failed since, if they did.
        last: Option<Error>,
        /// How long the wait has taken.
        elapsed: Duration,
        /// How often the registry was looked at.
        polls: u64,
    },
    /// A call failed in a way that trying again does not mend.
    #[error("{error}")]
    Call {
        /// The call's error.
        #[source]
        error: Error,
        /// What was known before.
        report: Option<Box<Report>>,
    },
}

impl WaitError {
    /// What was known last.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::NotArrived(report) => Some(report),
            Self::DeadlinePassed { report, .. } | Self::Call { report, .. } => report.as_deref(),
        }
    }

    /// The verdict that was known last.
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
        (_, Some(error)) => format!("the last look failed: {error}"),
        (Some(report), None) => not_arrived(report),
        (None, None) => "nothing was seen".to_owned(),
    }
}

impl Wait {
    pub(crate) fn new(ask: Result<Ask, Error>, polling: Polling, deadline: Duration) -> Self {
        let start = match ask {
            Ok(ask) => Phase::Start(ask),
            Err(error) => Phase::Bad(WaitError::Call {
                error,
                report: None,
            }),
        };
        let steps = stream::unfold(start, move |phase| async move {
            phase.next(polling, deadline).await
        });
        Self(steps.fuse().boxed())
    }
}

/// What comes next.
enum Phase {
    Start(Ask),
    Look(Box<Looking>),
    Bad(WaitError),
    End,
}

struct Looking {
    engine: Engine,
    /// When the last look began; none before the first.
    begun: Option<Duration>,
    report: Option<Box<Report>>,
    last: Option<Error>,
}

type Item = Result<Report, WaitError>;

impl Phase {
    async fn next(self, polling: Polling, deadline: Duration) -> Option<(Item, Self)> {
        match self {
            Self::Start(ask) => {
                let looking = Box::new(Looking {
                    engine: Engine::new(ask, polling.quickest()),
                    begun: None,
                    report: None,
                    last: None,
                });
                Some(looking.next(polling, deadline).await)
            }
            Self::Look(looking) => Some(looking.next(polling, deadline).await),
            Self::Bad(error) => Some((Err(error), Self::End)),
            Self::End => None,
        }
    }
}

impl Looking {
    async fn next(mut self: Box<Self>, polling: Polling, deadline: Duration) -> (Item, Phase) {
        let end = self.engine.start().saturating_add(deadline);
        let quickest = polling.quickest();
        loop {
            let not_before = self.rest(polling, end).await;
            let is_last = self.engine.clock().elapsed() >= end;
            let gap = if is_last { Duration::ZERO } else { quickest };
            let looked = self.engine.look(not_before, gap).await;
            self.begun = Some(looked.begun);
            let outcome = match looked.outcome {
                Ok(sight) => self.engine.report(&sight).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(report) => {
                    self.report = Some(Box::new(report.clone()));
                    self.last = None;
                    let next = match report.is_final {
                        true if report.verdict == Verdict::Arrived => Phase::End,
                        true => Phase::Bad(WaitError::NotArrived(Box::new(report.clone()))),
                        false if is_last => Phase::Bad(self.deadline_passed()),
                        false => Phase::Look(self),
                    };
                    return (Ok(report), next);
                }
                Err(error) if !error.can_retry() => {
                    let report = self.report.take();
                    return (Err(WaitError::Call { error, report }), Phase::End);
                }
                Err(error) => {
                    self.last = Some(error);
                    if is_last {
                        return (Err(self.deadline_passed()), Phase::End);
                    }
                }
            }
        }
    }

    /// Waits until it is time for the next look, and answers how old that may be at most: what
    /// others have looked at meanwhile is as good, if it is not too old.
    async fn rest(&self, polling: Polling, end: Duration) -> Duration {
        let Some(begun) = self.begun else {
            // Who begins to wait at the same time looks together.
            once_more().await;
            return self.engine.start().saturating_sub(polling.quickest());
        };
        let clock = self.engine.clock();
        let interval = polling.interval(self.engine.waited());
        let next = begun.saturating_add(interval).min(end);
        let now = clock.elapsed();
        if now < next {
            clock.sleep(next - now).await;
        }
        match clock.elapsed() >= end {
            true => end,
            false => begun.saturating_add(interval / 2),
        }
    }

    fn deadline_passed(&self) -> WaitError {
        WaitError::DeadlinePassed {
            report: self.report.clone(),
            last: self.last.clone(),
            elapsed: self.engine.waited(),
            polls: self.engine.polls(),
        }
    }
}

/// Lets others that are polled together with this come first.
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
        self.0.poll_next_unpin(cx)
    }
}

impl IntoFuture for Wait {
    type Output = Result<Report, WaitError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut last = None;
            while let Some(item) = self.next().await {
                last = Some(item?);
            }
            last.ok_or_else(|| WaitError::Call {
                error: Error::configuration("the wait has ended before"),
                report: None,
            })
        })
    }
}

impl std::fmt::Debug for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
