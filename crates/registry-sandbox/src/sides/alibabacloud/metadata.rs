//! Metadata service of an instance, and a credentials URI, which issue keys within a machine.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hyper::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use super::keys::{Keys, Session, seconds};
use crate::message::{Reply, Request};
use crate::world;

const TOKEN_PATH: &str = "/latest/api/token";
const METADATA_PATH: &str = "/latest/meta-data/";
const CREDENTIALS_PATH: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN: &str = "x-aliyun-ecs-metadata-token";
const TOKEN_LIFETIME: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
const LONGEST_TOKEN: i64 = 21_600;

const INSTANCE_KEYS: SignedDuration = SignedDuration::from_hours(6);
const URI_KEYS: SignedDuration = SignedDuration::from_hours(1);

/// Access mode of the Alibaba Cloud instance metadata service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataAccess {
    /// With a token or without, as on an instance in normal mode.
    #[default]
    Any,
    /// With a token only, as on an instance in security hardening mode.
    TokenOnly,
    /// Without a token, because the service issues none.
    PlainOnly,
}

pub(super) fn is_addressed(path: &str) -> bool {
    path == TOKEN_PATH
        || path.starts_with(METADATA_PATH)
        || path == world::alibabacloud::CREDENTIALS_URI_PATH
}

#[derive(Debug)]
pub(super) struct Metadata {
    access: MetadataAccess,
    tokens: Mutex<HashMap<String, Timestamp>>,
}

impl Metadata {
    pub(super) fn new(access: MetadataAccess) -> Self {
        Self {
            access,
            tokens: Mutex::default(),
        }
    }

    pub(super) fn answer(&self, request: &Request, keys: &Keys, now: Timestamp) -> Reply {
        match (&request.method, request.path.as_str()) {
            (&Method::PUT, TOKEN_PATH) if self.access != MetadataAccess::PlainOnly => {
                self.issue(request, now)
            }
            (&Method::GET, world::alibabacloud::CREDENTIALS_URI_PATH) => {
                credentials(keys, "sandbox-uri-role", URI_KEYS, now)
            }
            (&Method::GET, path) => match path.strip_prefix(CREDENTIALS_PATH) {
                Some(_) if !self.admits(request, now) => plain(StatusCode::FORBIDDEN, "Forbidden"),
                Some("") => plain(StatusCode::OK, world::alibabacloud::ECS_ROLE),
                Some(world::alibabacloud::ECS_ROLE) => {
                    credentials(keys, world::alibabacloud::ECS_ROLE, INSTANCE_KEYS, now)
                }
                _ => plain(StatusCode::NOT_FOUND, "Not Found"),
            },
            _ => plain(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    fn issue(&self, request: &Request, now: Timestamp) -> Reply {
        let lifetime = request
            .header(TOKEN_LIFETIME)
            .and_then(|text| text.parse().ok());
        let Some(lifetime @ 1..=LONGEST_TOKEN) = lifetime else {
            return plain(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let token = Uuid::new_v4().simple().to_string();
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, end| now < *end);
        tokens.insert(token.clone(), now + SignedDuration::from_secs(lifetime));
        plain(StatusCode::OK, &token)
    }

    /// Whether the mode admits a request. A token must be valid, even if the mode needs none.
    fn admits(&self, request: &Request, now: Timestamp) -> bool {
        match request.header(TOKEN) {
            None => self.access != MetadataAccess::TokenOnly,
            Some(token) => {
                let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.get(token).is_some_and(|end| now < *end)
            }
        }
    }
}

fn plain(status: StatusCode, text: &str) -> Reply {
    Reply::new(status, Value::from(text))
}

fn credentials(keys: &Keys, role: &str, lifetime: SignedDuration, now: Timestamp) -> Reply {
    let session = Session {
        role: role.to_owned(),
        name: "sandbox-instance".to_owned(),
    };
    let mut answer = keys.hand_out(session, lifetime, now).answer();
    answer["LastUpdated"] = json!(seconds(now));
    answer["Code"] = json!("Success");
    Reply::ok(answer)
}
