//! Temporary credentials in the answers of services.

use std::time::Duration;

use openapi_transport::{Answer, Lease, SourceError, Timestamp};
use serde_json::Value;

use super::Credentials;
use super::fields::Fields;
use crate::sts::types::TemporaryCredentials;

/// Assumed lifetime of temporary credentials without an expiry. The chain renews them 15 minutes
/// before its end.
const UNSTATED: Duration = Duration::from_secs(30 * 60);

/// Makes a lease of credentials without an expiry.
pub(super) fn of_unstated_length(credentials: Credentials, now: Timestamp) -> Lease<Credentials> {
    match credentials.security_token {
        Some(_) => Lease::until(credentials, now.checked_add(UNSTATED).unwrap_or(now)),
        None => Lease::lasting(credentials),
    }
}

/// Makes a lease of the credentials in an answer of STS.
pub(super) fn complete(
    credentials: Option<TemporaryCredentials>,
) -> Result<Lease<Credentials>, SourceError> {
    match credentials {
        Some(TemporaryCredentials {
            access_key_id: Some(id),
            access_key_secret: Some(secret),
            security_token: Some(token),
            expiration: Some(end),
        }) => Ok(Lease::until(
            Credentials::new(id, secret).security_token(token),
            end,
        )),
        _ => Err(SourceError::failed(
            "the answer lacks AccessKeyId, AccessKeySecret, SecurityToken or Expiration",
        )),
    }
}

/// Reads the answer of a metadata service or a credentials URI. No error shows the body, which may
/// hold a part of the credentials.
pub(super) fn read(answer: &Answer) -> Result<Lease<Credentials>, SourceError> {
    if answer.status.as_u16() != 200 {
        let status = answer.status.as_u16();
        return Err(SourceError::failed(format!("HTTP {status}")));
    }
    let unread = |_| SourceError::failed("the answer is not the JSON of credentials");
    let body: Value = serde_json::from_slice(&answer.body).map_err(unread)?;
    match Fields(&body).text("Code") {
        Some("Success") => complete(Some(serde_json::from_value(body).map_err(unread)?)),
        _ => Err(SourceError::failed("the answer's Code is not Success")),
    }
}
