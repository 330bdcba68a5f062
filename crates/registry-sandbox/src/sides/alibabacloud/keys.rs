//! Temporary keys that the sandbox has issued.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

const KEPT: usize = 10_000;

/// Sessions of roles and their keys, by access key id. Each call makes new ones.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<HashMap<String, Key>>);

#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) secret: String,
    pub(super) token: String,
    pub(super) end: Timestamp,
    pub(super) session: Session,
}

/// Session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) role: String,
    pub(super) name: String,
}

impl Keys {
    pub(super) fn hand_out(
        &self,
        session: Session,
        lifetime: SignedDuration,
        now: Timestamp,
    ) -> Key {
        let random = || Uuid::new_v4().simple().to_string();
        let key = Key {
            id: format!("STS.N{}", &random()[..24]),
            secret: format!("sandbox{}", random()),
            token: format!("CAISandbox{}{}", random(), random()),
            end: now + lifetime,
            session,
        };
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEPT {
            keys.retain(|_, key| now < key.end);
        }
        if keys.len() >= KEPT {
            keys.clear();
        }
        keys.insert(key.id.clone(), key.clone());
        key
    }

    pub(super) fn get(&self, id: &str) -> Option<Key> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(id).cloned()
    }

    /// Whether the token belongs to any key.
    pub(super) fn knows(&self, token: &str) -> bool {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.values().any(|key| key.token == token)
    }
}

impl Key {
    pub(super) fn answer(&self) -> Value {
        json!({
            "AccessKeyId": self.id,
            "AccessKeySecret": self.secret,
            "SecurityToken": self.token,
            "Expiration": seconds(self.end),
        })
    }
}

/// Returns a time in this vendor's form, to the second.
pub(super) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
