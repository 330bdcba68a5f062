//! Metadata service of an instance, which issues temporary keys.

use hyper::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};

use super::keys::Keys;
use super::tokens::{Standing, Tokens};
use crate::message::{Reply, Request};

/// Longest lifetime of a token for the service: 6 hours.
const LONGEST: i64 = 6 * 60 * 60;
/// Lifetime of a key. Invented, because the vendor does not document it.
const KEY_LIFETIME: SignedDuration = SignedDuration::from_hours(6);

/// Answers a request, or returns `None` if it is not for the service.
pub(super) fn answer(
    request: &Request,
    tokens: &Tokens,
    keys: &Keys,
    now: Timestamp,
) -> Option<Reply> {
    match (&request.method, request.path.as_str()) {
        (&Method::PUT, "/meta-data/latest/api/token") => Some(token(request, tokens, now)),
        (&Method::GET, "/openstack/latest/securitykey") => {
            Some(security_key(request, tokens, keys, now))
        }
        _ => None,
    }
}

fn token(request: &Request, tokens: &Tokens, now: Timestamp) -> Reply {
    let seconds = request
        .header("x-metadata-token-ttl-seconds")
        .and_then(|text| text.parse().ok())
        .filter(|seconds| (1..=LONGEST).contains(seconds));
    match seconds {
        Some(seconds) => {
            let (token, _) = tokens.issue(now, SignedDuration::from_secs(seconds));
            Reply::ok(token.into())
        }
        None => Reply::new(StatusCode::BAD_REQUEST, "Bad Request".into()),
    }
}

/// Issues a temporary key. The service always requires a token, which an instance can be configured
/// to. Invented.
fn security_key(request: &Request, tokens: &Tokens, keys: &Keys, now: Timestamp) -> Reply {
    match request.header("x-metadata-token") {
        Some(token) if tokens.standing(token, now) == Standing::Valid => {
            Reply::ok(keys.issue(now, KEY_LIFETIME))
        }
        _ => Reply::new(StatusCode::UNAUTHORIZED, "Unauthorized".into()),
    }
}
