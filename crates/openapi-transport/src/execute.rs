//! Execution of calls: attempts, retries and deadlines.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use reqwest::Request;
use tracing::{Instrument, Span, field};

use crate::attempt::{AttemptFailure, AttemptSuccess, attempt};
use crate::client;
use crate::content;
use crate::context::Context;
use crate::cooperate::cooperate;
use crate::dialect::Answer;
use crate::error::{Error, ErrorKind};
use crate::operation::{Access, Operation};
use crate::response_error::{self, Origin};

/// Sends one request of a generated client.
///
/// `id` is the name of the generated method, and `operations` is the generated table that has it.
///
/// All attempts share one deadline. The client retries a call that changes nothing after a
/// temporary failure. It retries a call that changes something only if the request provably never
/// arrived.
///
/// Never fails: the response carries an error inside, and `?` extracts it where the result of the
/// call becomes an [`Error`]. Dropping the future closes the connection.
pub async fn execute(
    context: &Context,
    operations: &'static [Operation],
    id: &str,
    request: Request,
) -> reqwest::Response {
    let Some(operation) = operations.iter().find(|operation| operation.id == id) else {
        return response_error::pack(Error::configuration(format!(
            "unknown operation {id}; generate the client again"
        )));
    };
    let host = client::address(request.url());
    match run(context, operation, request).await {
        (Ok(AttemptSuccess { answer, request_id }), attempts) => {
            let origin = Origin {
                operation: operation.name,
                host,
                request_id,
                attempts,
            };
            match content::content(operation, &answer) {
                Ok(body) => response_error::answer(Answer { body, ..answer }, origin),
                Err(what) => response_error::unfit(origin, answer.status, what),
            }
        }
        (Err(error), _) => response_error::pack(error),
    }
}

/// Sends one request that no generated client has built, as [`execute`] does. Returns the answer
/// undecoded.
///
/// # Errors
/// Any error of a call.
pub async fn send(
    context: &Context,
    operation: &'static Operation,
    request: Request,
) -> Result<Answer, Error> {
    let (result, _) = run(context, operation, request).await;
    result.map(|done| done.answer)
}

/// Runs a call in its span. Returns the result and the number of attempts.
async fn run(
    context: &Context,
    operation: &'static Operation,
    request: Request,
) -> (Result<AttemptSuccess, Error>, u32) {
    let url = request.url();
    let span = tracing::info_span!(
        "call",
        otel.name = operation.name,
        otel.kind = "client",
        http.request.method = request.method().as_str(),
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
        http.response.status_code = field::Empty,
        http.request.resend_count = field::Empty,
        error.r#type = field::Empty,
    );
    let mut call = Call {
        context,
        operation,
        host: client::address(url),
        attempts: 0,
        renewed: false,
        corrected: false,
        sending: false,
        last: None,
    };
    let work = call.run(request).instrument(span.clone());
    let result = match in_time(context, work).await {
        Some(result) => result,
        None => Err(call.out_of_time()),
    };
    call.record(&span, &result);
    let attempts = call.attempts;
    let host = call.host;
    (
        result.map_err(|error| error.with_attempts(attempts).with_host(host)),
        attempts,
    )
}

/// Runs the work of a call until its deadline, or returns `None`. The deadline ends by the injected
/// clock or by the machine's own time, because an injected clock may stand still.
async fn in_time<T>(context: &Context, work: impl Future<Output = T>) -> Option<T> {
    let settings = context.settings();
    let mut work = pin!(work);
    let mut guard = settings.clock.guard(settings.deadline);
    let mut real = pin!(tokio::time::sleep(settings.deadline));
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        match (guard.as_mut().poll(cx), real.as_mut().poll(cx)) {
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            _ => Poll::Ready(None),
        }
    })
    .await
}

/// Shortest time for another attempt. With less time left, the last error is more useful.
const WORTH_TRYING: Duration = Duration::from_secs(1);

/// State of a call in progress.
struct Call<'a> {
    context: &'a Context,
    operation: &'static Operation,
    /// Host and port.
    host: String,
    attempts: u32,
    /// Whether rejected credentials have been renewed once.
    renewed: bool,
    /// Whether the clock has been corrected once.
    corrected: bool,
    /// Whether an attempt is in flight.
    sending: bool,
    /// Error of the previous attempt.
    last: Option<Error>,
}

impl Call<'_> {
    async fn run(&mut self, request: Request) -> Result<AttemptSuccess, Error> {
        self.operation.check(&request)?;
        let settings = self.context.settings();
        let end = settings.clock.elapsed().saturating_add(settings.deadline);
        loop {
            if let Err(error) = self.wait_for_turn(end).await {
                return Err(self.last.take().unwrap_or(error));
            }
            // Bodies of generated clients are bytes, which can be cloned.
            let Some(this) = request.try_clone() else {
                let what = "the body is a stream, which cannot be sent";
                return Err(Error::invalid(self.operation.name, what.to_owned()));
            };
            // Signing and sending take long enough to count.
            cooperate().await;
            let left = end.saturating_sub(settings.clock.elapsed());
            let deadline = left.min(settings.attempt);
            let departed = settings.clock.elapsed();
            self.sending = true;
            let outcome = attempt(self.context, self.operation, this, deadline, left).await;
            self.sending = false;
            if !matches!(&outcome, Err(failed) if !failed.sent) {
                self.attempts += 1;
            }
            let failed = match outcome {
                Ok(done) => {
                    tracing::debug!(
                        http.request.resend_count = self.attempts - 1,
                        http.response.status_code = done.answer.status.as_u16(),
                        "attempt"
                    );
                    self.context.budget().give_back();
                    return Ok(done);
                }
                Err(failed) => failed,
            };
            tracing::debug!(
                http.request.resend_count = self.attempts.saturating_sub(1),
                http.response.status_code = failed.error.status(),
                error.r#type = failed.error.kind().as_str(),
                error.message = %failed.error,
                "attempt"
            );
            self.take_in(&failed, departed);
            match self.next(&failed, end) {
                Some(wait) if wait.is_zero() => {}
                Some(wait) => settings.clock.sleep(wait).await,
                // The service's error is more useful than "no time for another attempt".
                None if !failed.sent => return Err(self.last.take().unwrap_or(failed.error)),
                None => return Err(failed.error),
            }
            self.last = Some(failed.error);
        }
    }

    /// Makes the error of a call whose deadline passed while it was in progress.
    fn out_of_time(&mut self) -> Error {
        self.attempts += u32::from(self.sending);
        let within = self.context.settings().deadline;
        self.last.take().unwrap_or_else(|| {
            let what = format!("no complete answer from {} within {within:?}", self.host);
            Error::out_of_time(self.operation.name, what)
        })
    }

    /// Applies throttling and requested waits of a failed attempt to later calls.
    fn take_in(&self, failed: &AttemptFailure, departed: Duration) {
        let now = self.context.settings().clock.elapsed();
        if failed.error.kind() == ErrorKind::Throttled {
            let family = self.operation.family;
            let limiters = self.context.limiters();
            limiters.throttled(family, departed, failed.limit);
        }
        if let Some(wait) = failed.retry_after
            && failed.error.can_retry()
        {
            self.context.waits().ask(&self.host, now, wait);
        }
    }

    /// Waits until the host and the rate limit of the operation's family allow the call.
    async fn wait_for_turn(&self, end: Duration) -> Result<(), Error> {
        let clock = &self.context.settings().clock;
        loop {
            let now = clock.elapsed();
            if let Some(left) = self.context.waits().left(&self.host, now) {
                if now.saturating_add(left) > end {
                    return Err(Error::held(self.operation.name, &self.host, left));
                }
                clock.sleep(left).await;
                continue;
            }
            let Some(wait) = self.context.limiters().wait(self.operation.family) else {
                return Ok(());
            };
            if now.saturating_add(wait) > end {
                return Err(Error::out_of_time(
                    self.operation.name,
                    "the rate limit leaves no time for the call; raise the deadline or the rate"
                        .to_owned(),
                ));
            }
            clock.sleep(wait).await;
        }
    }

    /// Returns the wait before the next attempt, or `None` to make no further attempt.
    fn next(&mut self, failed: &AttemptFailure, end: Duration) -> Option<Duration> {
        if !failed.sent {
            return None;
        }
        let settings = self.context.settings();
        // The service did not execute a call whose date or credentials it rejected.
        if let Some(skew) = failed.skew
            && !self.corrected
        {
            self.corrected = true;
            self.context.correct_clock(skew);
            return Some(Duration::ZERO);
        }
        if failed.unauthenticated && !self.renewed && settings.dialect.renew(&failed.used) {
            self.renewed = true;
            return Some(Duration::ZERO);
        }
        let safe = match self.operation.access {
            Access::Read => failed.error.can_retry(),
            Access::Write => !failed.arrived && failed.error.can_retry(),
        };
        if !safe || self.attempts >= settings.retry.attempts {
            return None;
        }
        let backoff = settings
            .retry
            .backoff(self.attempts, settings.chance.fraction());
        let wait = failed.retry_after.unwrap_or_default().max(backoff);
        let begins = settings.clock.elapsed().saturating_add(wait);
        let in_time = begins.saturating_add(WORTH_TRYING) <= end;
        (in_time && self.context.budget().take()).then_some(wait)
    }

    fn record(&self, span: &Span, result: &Result<AttemptSuccess, Error>) {
        span.record("http.request.resend_count", self.attempts.saturating_sub(1));
        match result {
            Ok(done) => {
                span.record("http.response.status_code", done.answer.status.as_u16());
            }
            Err(error) => {
                span.record("http.response.status_code", error.status());
                span.record("error.type", error.kind().as_str());
            }
        }
    }
}
