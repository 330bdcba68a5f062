//! The stream of reports.

use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use futures_util::future::{Either, select};
use futures_util::stream;
use openapi_transport::{Clock, Error, Timestamp};

use super::memory::{Judged, Memory};
use super::read::{explain, read};
use super::report::{CompletionError, CompletionReport, CompletionVerdict};
use super::{Completion, RunningWork};
use crate::arrival::GRACE;
use crate::arrival::sight::Look;
use crate::failed_polls::FailedPolls;

type Item = Result<CompletionReport, CompletionError>;

/// Next step of a wait.
enum Phase {
    Start(Box<Completion>, Duration),
    Poll(Box<Polls>),
    /// The error that follows a report.
    Bad(CompletionError),
    End,
}

/// Step after a report.
enum Next {
    Poll,
    Bad(CompletionError),
    End,
}

struct Polls {
    of: Completion,
    look: Arc<dyn Look>,
    memory: Memory,
    failed: FailedPolls,
    begun: Duration,
    /// Deadline, by the registry's clock.
    end: Duration,
    polls: u64,
    /// Start of the latest poll.
    latest: Option<Duration>,
    is_unconfirmed: bool,
    has_report: bool,
}

pub(super) fn reports(of: Completion, deadline: Duration) -> impl Stream<Item = Item> + Send {
    let start = Phase::Start(Box::new(of), deadline);
    stream::unfold(start, |phase| async move {
        let polls = match phase {
            Phase::Start(of, deadline) => Box::new(Polls::new(*of, deadline)),
            Phase::Poll(polls) => polls,
            Phase::Bad(error) => return Some((Err(error), Phase::End)),
            Phase::End => return None,
        };
        Some(polls.next().await)
    })
}

impl Polls {
    fn new(of: Completion, deadline: Duration) -> Self {
        let look = (*of.registry).looked_at();
        let begun = look.context().clock().elapsed();
        Self {
            memory: Memory::new(of.settle, of.appear, begun),
            failed: FailedPolls::new(of.trouble),
            end: begun.saturating_add(deadline),
            look,
            of,
            begun,
            polls: 0,
            latest: None,
            is_unconfirmed: false,
            has_report: false,
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.look.context().clock().clone()
    }

    /// Returns the next report. Drops calls that are still running after the deadline.
    async fn next(mut self: Box<Self>) -> (Item, Phase) {
        let clock = self.clock();
        let limit = self.end.saturating_add(GRACE);
        let guard = clock.guard(limit.saturating_sub(clock.elapsed()));
        let polled = {
            let poll = std::pin::pin!(self.poll());
            match select(poll, guard).await {
                Either::Left((polled, _)) => Some(polled),
                Either::Right(_) => None,
            }
        };
        match polled {
            Some((item, Next::Poll)) => (item, Phase::Poll(self)),
            Some((item, Next::Bad(error))) => (item, Phase::Bad(error)),
            Some((item, Next::End)) => (item, Phase::End),
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

    async fn poll(&mut self) -> (Item, Next) {
        self.rest().await;
        let clock = self.clock();
        let now = clock.elapsed();
        let is_last = now >= self.end;
        self.latest = Some(now);
        self.polls += 1;
        let shown = match read(&*self.of.registry, &self.of.work).await {
            Ok(shown) => shown,
            Err(error) => return self.in_trouble(error, is_last),
        };
        self.failed.clear();
        self.has_report = true;
        let at = self.look.context().service_time();
        let judged = self.memory.take(shown, clock.elapsed(), at);
        self.is_unconfirmed = judged.is_unconfirmed;
        if judged.is_final
            && let Some(error) = self.not_found()
        {
            return (Err(error.into()), Next::End);
        }
        let mut report = self.report(judged, at);
        if judged.verdict == CompletionVerdict::Failed {
            explain(&*self.of.registry, &mut report.tasks).await;
        }
        let next = match (judged.is_final, is_last) {
            (true, _) => Next::End,
            (false, true) => Next::Bad(self.deadline_passed()),
            (false, false) => Next::Poll,
        };
        tracing::debug!(verdict = %report.verdict, polls = report.polls, "polled");
        (Ok(report), next)
    }

    fn in_trouble(&mut self, error: Error, is_last: bool) -> (Item, Next) {
        let now = self.clock().elapsed();
        if self.failed.is_hopeless(&error, self.has_report, now) {
            return (Err(error.into()), Next::End);
        }
        tracing::info!(%error, "a poll failed");
        self.note(error);
        if is_last {
            return (Err(self.deadline_passed()), Next::End);
        }
        let judged = Judged {
            verdict: CompletionVerdict::Running,
            is_final: false,
            is_unconfirmed: false,
        };
        let at = self.look.context().service_time();
        let trouble = self.failed.trouble(at);
        let report = self.report(judged, at);
        (Ok(CompletionReport { trouble, ..report }), Next::Poll)
    }

    /// Returns the error of an execution that the registry does not have.
    fn not_found(&self) -> Option<Error> {
        let missing = self
            .memory
            .empty()
            .find_map(|at| match self.of.work.get(at)? {
                RunningWork::Execution(execution) => Some(format!("execution {execution}")),
                RunningWork::Task(task) => Some(format!("task {task}")),
                RunningWork::Copy(_) => None,
            })?;
        let title = self.of.registry.descriptor().title;
        Some(Error::not_found(format!(
            "{title} has no {missing}; check its id"
        )))
    }

    fn report(&self, judged: Judged, at: Timestamp) -> CompletionReport {
        CompletionReport {
            provider: self.of.registry.provider(),
            verdict: judged.verdict,
            is_final: judged.is_final,
            at,
            executions: self.memory.executions(),
            tasks: self.memory.tasks(),
            trouble: None,
            polls: self.polls,
            elapsed_ms: self.waited().as_millis().try_into().unwrap_or(u64::MAX),
        }
    }

    fn waited(&self) -> Duration {
        self.clock().elapsed().saturating_sub(self.begun)
    }

    fn note(&mut self, error: Error) {
        let at = self.look.context().service_time();
        self.failed.add(error, self.clock().elapsed(), at);
    }

    /// Waits until the next poll is due.
    async fn rest(&self) {
        let Some(latest) = self.latest else {
            return;
        };
        let polling = self.of.polling;
        let interval = match self.is_unconfirmed {
            true => polling.quickest(),
            false => polling.interval(self.waited()),
        };
        let interval = interval.max(self.failed.retry_after().unwrap_or_default());
        let next = latest.saturating_add(interval).min(self.end);
        let clock = self.clock();
        let now = clock.elapsed();
        if now < next {
            clock.sleep(next - now).await;
        }
    }

    fn deadline_passed(&self) -> CompletionError {
        CompletionError::DeadlinePassed {
            last: self.failed.error().cloned(),
            elapsed: self.waited(),
            polls: self.polls,
        }
    }
}
