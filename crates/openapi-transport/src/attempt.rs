//! One attempt at a call: signed, sent, read.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use reqwest::Request;

use crate::client;
use crate::connection::Diagnosis;
use crate::context::Context;
use crate::cut;
use crate::dialect::{Answer, Reading, Stamp, UsedCredentials};
use crate::error::{Error, Meaning};
use crate::form;
use crate::operation::Operation;
use crate::pace::LONGEST_WAIT;
use crate::secret::Secret;

/// How far the date of a refused call is off at least, if that may be the reason. Services accept
/// about five minutes, and a clock that is right may be read a moment earlier.
const SKEW: SignedDuration = SignedDuration::from_mins(4);

const USER_AGENT: &str = concat!("registry-replication/", env!("CARGO_PKG_VERSION"));

/// Answer of a successful attempt.
pub(crate) struct AttemptSuccess {
    pub(crate) answer: Answer,
    pub(crate) request_id: Option<String>,
}

/// Failed attempt, and what is known about the reason.
pub(crate) struct AttemptFailure {
    pub(crate) error: Error,
    /// Whether anything was sent.
    pub(crate) sent: bool,
    /// Whether the service may have seen the request.
    pub(crate) arrived: bool,
    /// What the service asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The limit that the service names, as the shortest time between two calls.
    pub(crate) limit: Option<Duration>,
    /// What the request was signed with.
    pub(crate) used: UsedCredentials,
    /// Whether the service did not accept what the request was signed with.
    pub(crate) unauthenticated: bool,
    /// How far the service's clock is ahead, if the service refused the call because of that.
    pub(crate) skew: Option<SignedDuration>,
}

impl AttemptFailure {
    fn before_sending(error: Error) -> Self {
        Self {
            error,
            sent: false,
            arrived: false,
            retry_after: None,
            limit: None,
            used: None,
            unauthenticated: false,
            skew: None,
        }
    }

    fn on_the_way(error: Error, arrived: bool) -> Self {
        Self {
            sent: true,
            arrived,
            ..Self::before_sending(error)
        }
    }
}

/// Returns the request as the client sends it, and the credentials that signed it.
///
/// Finding the credentials may take `time`.
pub(crate) async fn signed(
    context: &Context,
    operation: &'static Operation,
    mut request: Request,
    time: Duration,
) -> Result<(Request, UsedCredentials), Error> {
    let settings = context.settings();
    let name = operation.name;
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
    // progenitor omits the header where a success has no body, but a refusal has a body.
    let accepted = HeaderValue::from_static(operation.accept);
    // progenitor knows one media type. Here it stands for every JSON type.
    match headers.get(header::ACCEPT) {
        Some(other) if other != "application/json" => {}
        _ => drop(headers.insert(header::ACCEPT, accepted)),
    }
    if let Some(body) = operation.body
        && headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|it| it == "application/json")
    {
        let sent = HeaderValue::from_static(body.content_type);
        headers.insert(header::CONTENT_TYPE, sent);
    }
    form::write(operation, &mut request)?;
    let stamp = Stamp {
        date: context.now(),
        nonce: settings.chance.nonce(),
    };
    let signing = settings.dialect.sign(&mut request, operation, &stamp);
    let used = match tokio::time::timeout(time, signing).await {
        Ok(signed) => signed.map_err(|error| error.with_operation(name))?,
        Err(_) => {
            let what = "the credential sources did not answer in time".to_owned();
            return Err(Error::out_of_time(name, what));
        }
    };
    Ok((request, used))
}

/// Makes one attempt of at most `deadline`. Finding credentials comes before it and may take the
/// time that is `left` for the call.
pub(crate) async fn attempt(
    context: &Context,
    operation: &'static Operation,
    request: Request,
    deadline: Duration,
    left: Duration,
) -> Result<AttemptSuccess, AttemptFailure> {
    let name = operation.name;
    let begun = Instant::now();
    let dated = context.now();
    let (mut request, used) = signed(context, operation, request, left)
        .await
        .map_err(AttemptFailure::before_sending)?;
    *request.timeout_mut() = Some(deadline.min(left.saturating_sub(begun.elapsed())));
    let secrets = secrets(request.headers());
    let host = client::address(request.url());
    // hyper omits the length of an empty body, and some gateways answer that with 411.
    let may_have_body = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let body = request.body().map(|body| body.as_bytes());
    if may_have_body && matches!(body, None | Some(Some(b""))) {
        let none = HeaderValue::from_static("0");
        request.headers_mut().insert(header::CONTENT_LENGTH, none);
    }

    let asked = request.url().clone();
    let response = context.http().execute(request).await.map_err(|error| {
        let arrived = !error.is_connect();
        let error = Error::transport(name, &host, context.proxy(), &error);
        AttemptFailure::on_the_way(error, arrived)
    })?;
    if *response.url() != asked {
        let what = "the HTTP client followed a redirect, which may carry credentials to another \
                    host; build it with redirect(Policy::none())";
        let error = Error::undecodable(Some(name), response.status(), what.to_owned());
        return Err(AttemptFailure::on_the_way(error, true));
    }
    let answer = read(context, response, name, &host)
        .await
        .map_err(|error| AttemptFailure::on_the_way(error, true))?;
    judge(context, operation, answer, (dated, used), &secrets)
}

/// Returns the secret values of headers.
fn secrets(headers: &HeaderMap) -> Vec<Secret> {
    let secret = headers.values().filter(|value| value.is_sensitive());
    let texts = secret.filter_map(|value| value.to_str().ok());
    // `Bearer TOKEN` also gives the token alone.
    let texts = texts.flat_map(|text| [Some(text), text.split_once(' ').map(|(_, secret)| secret)]);
    texts.flatten().map(Secret::from).collect()
}

/// Returns the `WWW-Authenticate` challenges of a 401.
fn challenges(answer: &Answer) -> Vec<String> {
    let asks = answer.status == StatusCode::UNAUTHORIZED;
    let values = answer.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let texts = values
        .filter(|_| asks)
        .filter_map(|value| value.to_str().ok())
        // A cut challenge cannot be parsed.
        .filter(|text| text.len() <= cut::CHALLENGE);
    texts.take(cut::CHALLENGES).map(str::to_owned).collect()
}

async fn read(
    context: &Context,
    mut response: reqwest::Response,
    operation: &'static str,
    host: &str,
) -> Result<Answer, Error> {
    let max = context.settings().max_answer;
    let status = response.status();
    let headers: HeaderMap = std::mem::take(response.headers_mut());
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if size > cut::HEADERS {
        let what = format!("the headers are longer than {} bytes", cut::HEADERS);
        return Err(Error::undecodable(Some(operation), status, what));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Error::transport(operation, host, context.proxy(), &error))?
    {
        if body.len() + chunk.len() > max {
            let what = format!("the answer is longer than {max} bytes");
            return Err(Error::undecodable(Some(operation), status, what));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}

/// Turns an answer into a success or a failure. `dated` and `used` are the date and the credentials
/// of the request's signature.
fn judge(
    context: &Context,
    operation: &'static Operation,
    answer: Answer,
    (dated, used): (Timestamp, UsedCredentials),
    secrets: &[Secret],
) -> Result<AttemptSuccess, AttemptFailure> {
    let Reading {
        request_id,
        refusal,
        retry_after,
        limit,
        skewed,
        maybe_skewed,
        unauthenticated,
        throttled,
        absent,
        denied,
    } = context.settings().dialect.read(&answer);
    let status = answer.status;
    let theirs = date(answer.headers.get(header::DATE));
    if let Some(theirs) = theirs {
        context.note_service_time(theirs);
    }
    if status.is_success() && refusal.is_none() {
        return Ok(AttemptSuccess { answer, request_id });
    }
    if status.is_redirection() {
        let what = "the service redirects the request, and redirects are not followed; check the \
                    endpoint";
        let location = answer.headers.get(header::LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let error = Error::undecodable(Some(operation.name), status, what.to_owned())
            .with_request_id(request_id)
            .with_redirect(location.map(str::to_owned));
        return Err(AttemptFailure::on_the_way(error, true));
    }
    // Only a proxy that forwards plain HTTP sends this status.
    if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        let diagnosis = Diagnosis::proxy_authentication(context.proxy());
        let what = diagnosis.reason.clone();
        let error = Error::unconnected(operation.name, what, diagnosis);
        return Err(AttemptFailure::on_the_way(error, true));
    }
    let throttled = throttled || status == StatusCode::TOO_MANY_REQUESTS || retry_after.is_some();
    let meaning = Meaning {
        throttled,
        // A throttling service has not looked the subject up.
        absent: absent && !throttled,
        denied,
    };
    let retry_after = retry_after.or_else(|| {
        // The date refers to the clock of the service that wrote it.
        retry_after_header(&answer.headers, theirs.unwrap_or_else(|| context.now()))
    });
    let retry_after = retry_after.map(|wait| wait.min(LONGEST_WAIT));
    let is_off = |theirs: &Timestamp| theirs.duration_since(dated).abs() >= SKEW;
    let skew = theirs
        .filter(|theirs| skewed || (maybe_skewed && is_off(theirs)))
        .map(|theirs| theirs.duration_since(context.local_now()));
    let mut refusal = refusal.unwrap_or_default();
    // Some services quote the request that they refuse. Long texts are cut after that, so that no part
    // of a secret is left.
    for secret in secrets {
        refusal.hide(secret);
    }
    let error = Error::refused(operation.name, status, refusal, meaning)
        .with_request_id(request_id)
        .with_retry_after(retry_after)
        .with_challenges(challenges(&answer));
    let error = secrets.iter().fold(error, Error::without);
    Err(AttemptFailure {
        error,
        sent: true,
        arrived: true,
        retry_after,
        limit,
        used,
        unauthenticated,
        skew,
    })
}

/// Reads `Retry-After`, which is a number of seconds or a date.
fn retry_after_header(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?;
    let text = value.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = date(Some(value))?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default())
}

/// Reads a date in HTTP's form.
fn date(value: Option<&HeaderValue>) -> Option<Timestamp> {
    let text = value?.to_str().ok()?;
    let zoned = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(zoned.timestamp())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Sun, 22 Nov 2026 12:00:30 GMT", Some(30)),
            ("Sun, 22 Nov 2026 11:59:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, text.parse().unwrap());
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after_header(&headers, now), expected, "{text}");
        }
    }
}
