//! Error of a call.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::connection::{self, ConnectionFault, Diagnosis};
use crate::cut::{self, cut};
use crate::dialect::{Answer, Refusal};
use crate::secret::Secret;

/// Error of a call that did not end in a decoded answer.
///
/// Its text says what happened and why, in one line. It shows no secret, and of a body no more than
/// the vendor's message.
///
/// What a service sends is cut when the error is made: a message to 1 KiB, a code and a request id
/// to 128 bytes each. A text that was cut says so. At most 8 challenges of 4 KiB are kept.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    kind: ErrorKind,
    operation: Option<&'static str>,
    what: String,
    status: Option<StatusCode>,
    refusal: Refusal,
    meaning: Meaning,
    request_id: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    challenges: Vec<String>,
    /// Host and port that the call was for.
    host: Option<String>,
    /// What the call was about, such as an image.
    subject: Option<String>,
    connection: Option<Diagnosis>,
    /// What else may be the reason.
    note: Option<String>,
    /// Where a redirect leads.
    redirect: Option<String>,
    /// Settings of which one is missing.
    missing: &'static [&'static str],
}

/// What a refusal means, as the dialect reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub(crate) throttled: bool,
    pub(crate) absent: bool,
    pub(crate) denied: bool,
}

/// Kind of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credentials are missing or invalid.
    Credentials,
    /// A parameter or setting is invalid; nothing was sent.
    Invalid,
    /// The connection failed.
    Transport,
    /// The service wants fewer calls.
    Throttled,
    /// The service answered that it did not execute the call.
    Service,
    /// The answer does not match the spec.
    Undecodable,
    /// Time ran out.
    Deadline,
    /// The vendor does not offer this; nothing was sent.
    NotOffered,
    /// The registry does not have the rule, execution, task or repository that the caller named.
    NotFound,
}

impl ErrorKind {
    /// A short word, as it stands in logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Invalid => "invalid",
            Self::Transport => "transport",
            Self::Throttled => "throttled",
            Self::Service => "service",
            Self::Undecodable => "undecodable",
            Self::Deadline => "deadline",
            Self::NotOffered => "not-offered",
            Self::NotFound => "not-found",
        }
    }
}

impl Error {
    fn new(kind: ErrorKind, operation: Option<&'static str>, what: String) -> Self {
        Self(Box::new(Details {
            kind,
            operation,
            what,
            status: None,
            refusal: Refusal::default(),
            meaning: Meaning::default(),
            request_id: None,
            attempts: 0,
            retry_after: None,
            challenges: Vec::new(),
            source: None,
            host: None,
            subject: None,
            connection: None,
            note: None,
            redirect: None,
            missing: &[],
        }))
    }

    /// Makes an error of missing or invalid credentials; `what` says which.
    pub fn credentials(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Credentials, None, what.into())
    }

    /// Makes an error of an invalid argument or setting; `what` names it.
    pub fn configuration(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, None, what.into())
    }

    /// Makes an error of a connection that lacks a setting; any one of `names` is enough.
    pub fn missing_setting(names: &'static [&'static str]) -> Self {
        let what = format!("missing setting: {}", names.join(" or "));
        let mut made = Self::configuration(what);
        made.0.missing = names;
        made
    }

    /// Makes an error of something that the vendor does not have; `what` names it and the vendor,
    /// `instead` says what to use in its place.
    pub fn not_offered(what: impl fmt::Display, instead: impl fmt::Display) -> Self {
        let what = format!("{what}: not offered; {instead}");
        Self::new(ErrorKind::NotOffered, None, what)
    }

    /// Makes an error of something that the registry does not have; `what` names it.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, None, what.into())
    }

    /// Makes an error of work that ran out of time; a retry may help.
    pub fn deadline(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Deadline, None, what.into())
    }

    /// Makes an error of an unexpected answer; `what` says why and quotes nothing of the answer.
    pub fn unexpected(operation: &'static str, answer: &Answer, what: impl Into<String>) -> Self {
        Self::undecodable(Some(operation), answer.status, what.into())
    }

    /// Makes an error of answers that contradict each other or never end; `what` says why.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self::new(ErrorKind::Undecodable, None, what.into())
    }

    /// Removes `secret` from the texts of the service, whether in capital or small letters: some
    /// services quote what they reject. These are the code, the message, the request id, the note
    /// and the target of a redirect.
    #[must_use]
    pub fn without(mut self, secret: &Secret) -> Self {
        let details = &mut *self.0;
        let texts = [
            &mut details.refusal.code,
            &mut details.refusal.message,
            &mut details.request_id,
            &mut details.note,
            &mut details.redirect,
        ];
        for text in texts.into_iter().flatten() {
            *text = cut::without(text, secret);
        }
        // The only kind that may quote the answer.
        if details.kind == ErrorKind::Undecodable {
            details.what = cut::without(&details.what, secret);
        }
        self
    }

    /// Names the subject of the call, such as an image. The text shows it after the operation.
    #[must_use]
    pub fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.0.subject = Some(cut(subject.into(), cut::MESSAGE));
        self
    }

    /// Names the host of the call. Errors of calls already have it.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<String>) -> Self {
        self.0.host = Some(host.into());
        self
    }

    /// Adds `note`, another possible reason, at the end of the text.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.0.note = Some(note.into());
        self
    }

    pub(crate) fn invalid(operation: &'static str, what: String) -> Self {
        Self::new(ErrorKind::Invalid, Some(operation), what)
    }

    pub(crate) fn unbuilt(error: reqwest::Error) -> Self {
        let what = "the request cannot be built".to_owned();
        let mut made = Self::new(ErrorKind::Invalid, None, what);
        made.0.source = Some(Arc::new(error));
        made
    }

    /// Makes the error of a request to `host` that got no complete answer; `proxy` is the proxy
    /// that it used.
    pub(crate) fn transport(
        operation: &'static str,
        host: &str,
        proxy: Option<&str>,
        error: &reqwest::Error,
    ) -> Self {
        // A connection that was not made in time was not made.
        if error.is_timeout() && !error.is_connect() {
            let what = format!("no complete answer from {host} in time");
            return Self::out_of_time(operation, what).with_host(host);
        }
        let diagnosis = connection::diagnose(error, proxy);
        let what = match error.is_connect() {
            true => format!("cannot connect to {host}: {}", diagnosis.reason),
            false => format!("the connection to {host} failed: {}", diagnosis.reason),
        };
        Self::unconnected(operation, what, diagnosis).with_host(host)
    }

    pub(crate) fn unconnected(operation: &'static str, what: String, diagnosis: Diagnosis) -> Self {
        let mut made = Self::new(ErrorKind::Transport, Some(operation), what);
        made.0.connection = Some(diagnosis);
        made
    }

    /// Makes the error of a call that was not sent because the service asked for a wait, of which
    /// `left` remains.
    pub(crate) fn held(operation: &'static str, host: &str, left: Duration) -> Self {
        // A wait of 0.2 s is not called 0 s.
        let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
        let what = format!("not sent: {host} asked for a wait, of which {seconds} s remain");
        let made = Self::new(ErrorKind::Throttled, Some(operation), what);
        made.with_host(host).with_retry_after(Some(left))
    }

    pub(crate) fn out_of_time(operation: &'static str, what: String) -> Self {
        Self::new(ErrorKind::Deadline, Some(operation), what)
    }

    pub(crate) fn refused(
        operation: &'static str,
        status: StatusCode,
        mut refusal: Refusal,
        meaning: Meaning,
    ) -> Self {
        refusal.bound();
        let kind = match meaning.throttled {
            true => ErrorKind::Throttled,
            false => ErrorKind::Service,
        };
        let what = "refused by the service".to_owned();
        let mut made = Self::new(kind, Some(operation), what);
        made.0.status = Some(status);
        made.0.refusal = refusal;
        made.0.meaning = meaning;
        made
    }

    pub(crate) fn undecodable(
        operation: Option<&'static str>,
        status: StatusCode,
        what: String,
    ) -> Self {
        // It may quote the answer.
        let what = cut(what, cut::MESSAGE);
        let mut made = Self::new(ErrorKind::Undecodable, operation, what);
        made.0.status = Some(status);
        made
    }

    pub(crate) fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    pub(crate) fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    pub(crate) fn with_challenges(mut self, challenges: Vec<String>) -> Self {
        self.0.challenges = challenges;
        self
    }

    pub(crate) fn with_redirect(mut self, redirect: Option<String>) -> Self {
        self.0.redirect = redirect;
        self
    }

    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    pub(crate) fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.0.request_id = request_id.map(|id| cut(id, cut::ID));
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the vendor's name of the call.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// Returns the HTTP status of the answer, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    /// Returns the names of the settings of which one is missing.
    pub fn missing_settings(&self) -> &'static [&'static str] {
        self.0.missing
    }

    /// Returns the vendor's error code.
    pub fn code(&self) -> Option<&str> {
        self.0.refusal.code.as_deref()
    }

    /// Returns the vendor's message.
    pub fn message(&self) -> Option<&str> {
        self.0.refusal.message.as_deref()
    }

    /// Returns the encoded reason of a refused access, which the vendor's STS decodes.
    pub fn encoded_authorization_message(&self) -> Option<&str> {
        self.0.refusal.encoded_authorization_message.as_deref()
    }

    /// Returns the vendor's request id, for its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns how often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the host and port of the call, such as `registry.example:443`.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// Returns the subject of the call, such as an image.
    pub fn subject(&self) -> Option<&str> {
        self.0.subject.as_deref()
    }

    /// Returns why the connection failed, if it failed.
    pub fn connection(&self) -> Option<ConnectionFault> {
        self.0.connection.as_ref().map(|diagnosis| diagnosis.fault)
    }

    /// Returns the wait that the service asked for before the next attempt, at most an hour. For a
    /// call that was not sent because of an earlier wait: the rest of that wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the `WWW-Authenticate` values of a 401 answer.
    pub fn challenges(&self) -> &[String] {
        &self.0.challenges
    }

    /// Returns the redirect target (`Location`). The client follows no redirect.
    pub fn redirect(&self) -> Option<&str> {
        self.0.redirect.as_deref()
    }

    /// Whether the service wants fewer calls: the kind is [`ErrorKind::Throttled`].
    pub fn is_throttled(&self) -> bool {
        self.0.kind == ErrorKind::Throttled
    }

    /// Whether the service itself says that what the call names does not exist.
    ///
    /// A status 404 that does not come from the service, such as a gateway's, does not count. What
    /// the facade looked up and did not find has the kind [`ErrorKind::NotFound`] instead.
    pub fn is_absent(&self) -> bool {
        self.0.meaning.absent
    }

    /// Whether the service refuses the caller: it does not accept the credentials, or they lack a
    /// permission.
    pub fn is_denied(&self) -> bool {
        self.0.meaning.denied || matches!(self.status(), Some(401 | 403))
    }

    /// Whether the same call may succeed later without any change.
    ///
    /// A certificate that is not trusted, a name that does not exist and a proxy that wants a
    /// password do not pass. Of the statuses 408, 425, 429, 500, 502, 503, 504, 520 to 524 and 529
    /// do.
    pub fn can_retry(&self) -> bool {
        match self.0.kind {
            ErrorKind::Transport => {
                let diagnosis = self.0.connection.as_ref();
                diagnosis.is_none_or(|diagnosis| diagnosis.may_pass)
            }
            ErrorKind::Throttled | ErrorKind::Deadline => true,
            ErrorKind::Service | ErrorKind::Undecodable => self.0.status.is_some_and(may_pass),
            ErrorKind::Credentials
            | ErrorKind::Invalid
            | ErrorKind::NotOffered
            | ErrorKind::NotFound => false,
        }
    }
}

/// Whether a status says that the same call may succeed later. 520 to 524 and 529 are of gateways
/// in front of a service that is down, or has too much to do.
fn may_pass(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        408 | 425 | 429 | 500 | 502 | 503 | 504 | 520..=524 | 529
    )
}

impl Refusal {
    /// Hides a secret that the service repeats.
    pub(crate) fn hide(&mut self, secret: &Secret) {
        for text in [&mut self.code, &mut self.message].into_iter().flatten() {
            *text = cut::without(text, secret);
        }
    }

    /// Cuts texts that are too long to read.
    fn bound(&mut self) {
        for (text, max) in [(&mut self.code, cut::ID), (&mut self.message, cut::MESSAGE)] {
            *text = text.take().map(|text| cut(text, max));
        }
        // A part of it cannot be decoded.
        let encoded = self.encoded_authorization_message.take();
        self.encoded_authorization_message = encoded.filter(|text| text.len() <= cut::ENCODED);
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.0;
        match (details.operation, &details.subject) {
            (Some(operation), Some(subject)) => write!(f, "{operation} {subject}: ")?,
            (Some(operation), None) => write!(f, "{operation}: ")?,
            (None, Some(subject)) => write!(f, "{subject}: ")?,
            (None, None) => {}
        }
        f.write_str(&details.what)?;
        if let Some(status) = details.status {
            write!(f, ", HTTP {}", status.as_u16())?;
        }
        if let Some(code) = &details.refusal.code {
            write!(f, ", {code}")?;
        }
        if let Some(message) = &details.refusal.message {
            write!(f, ": {message}")?;
        }
        if let Some(request_id) = &details.request_id {
            write!(f, " (request id {request_id})")?;
        }
        if details.refusal.encoded_authorization_message.is_some() {
            f.write_str("; the reason is encoded")?;
        }
        if details.attempts > 1 {
            write!(f, ", after {} attempts", details.attempts)?;
        }
        if let Some(note) = &details.note {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// What serde says, without the value that it quotes: some bodies and answers hold secrets.
pub(crate) fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // `invalid type: string "…", expected …`, `invalid type: integer `…`, expected …`. A value may
    // hold the same words.
    if text.starts_with("invalid ")
        && let Some(expected) = text.rfind(", expected ")
        && let Some(kind) = text[..expected].split(['"', '`']).next()
    {
        return format!("{}{}", kind.trim_end(), &text[expected..]);
    }
    match (text.find('"'), text.rfind('"')) {
        (Some(begin), Some(end)) if begin < end => {
            format!("{}\"…\"{}", &text[..begin], &text[end + 1..])
        }
        _ => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn no_text_of_a_service_shows_a_secret() {
        let refusal = Refusal {
            code: Some("hush-code".to_owned()),
            message: Some("no hush".to_owned()),
            ..Refusal::default()
        };
        let status = StatusCode::FORBIDDEN;
        let error = Error::refused("GET", status, refusal, Meaning::default())
            .with_request_id(Some("id-HUSH".to_owned()))
            .with_redirect(Some("https://hush.example".to_owned()))
            .with_note("from Hush.example");
        let error = error.without(&Secret::from("hush"));
        assert_eq!(
            error.to_string(),
            "GET: refused by the service, HTTP 403, [secret]-code: no [secret] \
             (request id id-[secret]); from [secret].example"
        );
        assert_eq!(error.redirect(), Some("https://[secret].example"));
        let error = Error::undecodable(Some("GET"), status, "(hush/html)".to_owned());
        let error = error.without(&Secret::from("hush"));
        assert_eq!(error.to_string(), "GET: ([secret]/html), HTTP 403");
    }

    #[test]
    fn what_serde_quotes_is_left_out() {
        for (json, says) in [
            (r#""hush""#, "invalid type: string, expected i64"),
            (
                r#""a, expected hush""#,
                "invalid type: string, expected i64",
            ),
            (r#""a\"hush""#, "invalid type: string, expected i64"),
            ("987654321.5", "invalid type: floating point, expected i64"),
            ("[]", "invalid type: sequence, expected i64"),
            ("{}", "invalid type: map, expected i64"),
        ] {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let error = serde_json::from_value::<i64>(value).unwrap_err();
            assert_eq!(without_values(&error), says, "{json}");
        }
    }
}
