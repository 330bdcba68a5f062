//! Credentials in the forms in which services, files and commands send them.

use std::time::Duration;

use openapi_transport::{Answer, Lease, Secret, SourceError, Timestamp};
use serde_json::Value;

use super::Credentials;

/// Assumed lifetime of temporary credentials without an expiry. The chain renews them 15 minutes
/// before its end.
const UNSTATED: Duration = Duration::from_secs(30 * 60);

/// Fields of a JSON object. A text field that is empty or of another type counts as absent, because
/// serde's error could show a secret.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Value);

impl<'a> Fields<'a> {
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn needed(self, name: &str) -> Result<&'a str, SourceError> {
        self.text(name).ok_or_else(|| lacks(name))
    }

    pub(super) fn number(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// Returns an access key. `token` is the name of the field with its token.
    pub(super) fn access_key(self, token: &str) -> Result<Credentials, SourceError> {
        let id = self.needed("AccessKeyId")?;
        let mut key = Credentials::new(id, self.needed("SecretAccessKey")?);
        key.session_token = self.text(token).map(Secret::from);
        Ok(key)
    }
}

pub(super) fn lacks(name: &str) -> SourceError {
    SourceError::failed(format!("{name} is missing"))
}

/// Reads an answer of a metadata service. No error shows the body, which may hold a part of the
/// credentials.
pub(super) fn read(answer: &Answer) -> Result<Lease<Credentials>, SourceError> {
    let status = answer.status.as_u16();
    if status != 200 {
        return Err(SourceError::failed(format!("HTTP {status}")));
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|_| SourceError::failed("the answer is not the JSON of credentials"))?;
    let fields = Fields(&body);
    // The instance's service answers 200 for a role that it cannot assume.
    if let Some(code) = fields.text("Code").filter(|code| *code != "Success") {
        let code: String = code
            .chars()
            .take(60)
            .filter(|c| c.is_ascii_graphic())
            .collect();
        return Err(SourceError::failed(format!("the service answers {code}")));
    }
    let key = fields.access_key("Token")?;
    if key.session_token.is_none() {
        return Err(lacks("Token"));
    }
    Ok(Lease::until(key, time(fields.needed("Expiration")?)?))
}

/// Makes a lease of credentials whose expiry may be missing.
pub(super) fn lease(credentials: Credentials, now: Timestamp) -> Lease<Credentials> {
    match credentials.session_token {
        Some(_) => Lease::until(credentials, now.checked_add(UNSTATED).unwrap_or(now)),
        None => Lease::lasting(credentials),
    }
}

/// Reads a time such as `2026-11-22T12:00:00Z`. Older programs write `UTC` for the `Z`.
pub(super) fn time(text: &str) -> Result<Timestamp, SourceError> {
    let text = text.trim();
    let zulu = text.strip_suffix("UTC").map(|text| format!("{text}Z"));
    let text = zulu.as_deref().unwrap_or(text);
    text.parse().map_err(|_| {
        SourceError::failed("invalid expiry; expected a time such as 2026-11-22T12:00:00Z")
    })
}
