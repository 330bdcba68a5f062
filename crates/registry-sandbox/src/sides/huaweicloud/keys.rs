//! Temporary access keys that IAM and the metadata service have issued.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

/// Time format of the services, with six digits of a second.
const TIME: &str = "%Y-%m-%dT%H:%M:%S.%6fZ";
const KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<String, Key>>);

/// Secret and expiry of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) secret: String,
    pub(super) security_token: String,
    pub(super) expires_at: Timestamp,
}

impl Keys {
    /// Issues a new key in the form of the services' answers.
    pub(super) fn issue(&self, now: Timestamp, lifetime: SignedDuration) -> Value {
        let random = || Uuid::new_v4().simple().to_string();
        let access = format!("SANDBOXTEMP{}", &random().to_uppercase()[..9]);
        let key = Key {
            secret: format!("sandbox-temporary-{}", random()),
            security_token: format!("sandbox-security-token-{}{}", random(), random()),
            expires_at: now + lifetime,
        };
        let answer = json!({"credential": {
            "access": access,
            "secret": key.secret,
            "securitytoken": key.security_token,
            "expires_at": key.expires_at.strftime(TIME).to_string(),
        }});
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEPT {
            keys.retain(|_, key| now < key.expires_at);
        }
        if keys.len() >= KEPT {
            keys.clear();
        }
        keys.insert(access, key);
        answer
    }

    pub(super) fn find(&self, access: &str) -> Option<Key> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(access).cloned()
    }
}
