//! Tokens that IAM or the metadata service issued.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Tokens(Mutex<HashMap<String, Timestamp>>);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Valid,
    Expired(Timestamp),
    Unknown,
}

impl Tokens {
    /// Issues a new token. Also returns its expiry.
    pub(super) fn issue(&self, now: Timestamp, lifetime: SignedDuration) -> (String, Timestamp) {
        let token: String = std::iter::once("MIISandbox".to_owned())
            .chain((0..8).map(|_| Uuid::new_v4().simple().to_string()))
            .collect();
        let expires_at = now + lifetime;
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= KEPT {
            tokens.retain(|_, expires_at| now < *expires_at);
        }
        if tokens.len() >= KEPT {
            tokens.clear();
        }
        tokens.insert(token.clone(), expires_at);
        (token, expires_at)
    }

    pub(super) fn standing(&self, token: &str, now: Timestamp) -> Standing {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.get(token) {
            None => Standing::Unknown,
            Some(expires_at) if now < *expires_at => Standing::Valid,
            Some(expires_at) => Standing::Expired(*expires_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_up_to_its_end() {
        let tokens = Tokens::default();
        let now = Timestamp::UNIX_EPOCH;
        let (token, expires_at) = tokens.issue(now, SignedDuration::from_hours(24));
        let minute = SignedDuration::from_mins(1);
        assert_eq!(expires_at, now + SignedDuration::from_hours(24));
        assert_eq!(tokens.standing(&token, now), Standing::Valid);
        assert_eq!(
            tokens.standing(&token, expires_at - minute),
            Standing::Valid
        );
        assert_eq!(
            tokens.standing(&token, expires_at),
            Standing::Expired(expires_at)
        );
        assert_eq!(tokens.standing("another", now), Standing::Unknown);
    }
}
