//! Expiry of an ID token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openapi_transport::{Secret, Timestamp};
use serde::Deserialize;

/// Returns when a token expires, as the token says. Harbor verifies the token, and not the client.
pub(super) fn expiry(token: &Secret) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims = token.expose().split('.').nth(1)?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    // Larger numbers are no times.
    #[allow(clippy::cast_possible_truncation, reason = "the cast saturates")]
    Timestamp::from_second(claims.exp as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_names_its_expiry() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        for (token, expires) in [
            (token(r#"{"exp":1767225600}"#), Some("2026-01-01T00:00:00Z")),
            (token(r#"{"sub":"me"}"#), None),
            (token(r#"{"exp":1e300}"#), None),
            ("opaque".to_owned(), None),
            ("a.b.c".to_owned(), None),
        ] {
            let found = expiry(&token.as_str().into()).map(|time| time.to_string());
            assert_eq!(found.as_deref(), expires, "{token}");
        }
    }
}
