//! Who may read: bearer tokens at instances, a password at the Basic edition.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::reply::{Reply, error};
use crate::alibabacloud::Alibabacloud;
use crate::digest::{hmac_hex, hmac_matches};
use crate::message::Request;
use crate::place::Place;
use crate::world;

/// Where tokens are. Made: each vendor has an address of its own for it, which a client finds in
/// the challenge.
pub(super) const TOKEN_PATH: &str = "/token";
/// How long a token is good. Made.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// The way into one registry.
pub(super) struct Access {
    place: Place,
    realm: String,
    service: String,
    tokens: Mutex<HashMap<String, Grant>>,
}

/// What a token is good for.
struct Grant {
    /// Repositories that may be pulled from.
    names: Vec<String>,
    end: Timestamp,
}

impl Access {
    pub(super) fn new(place: Place, url: &str) -> Self {
        let service = match &place {
            Place::HuaweicloudEnterprise(id) | Place::Alibabacloud(id) => id,
            Place::HuaweicloudBasic(region) => region,
        };
        Self {
            realm: format!("{url}{TOKEN_PATH}"),
            service: format!("sandbox-registry:{service}"),
            place,
            tokens: Mutex::default(),
        }
    }

    /// Lets a request pass that may read the repository `name`, or the registry at all.
    pub(super) fn admit(
        &self,
        request: &Request,
        name: Option<&str>,
        logins: &Alibabacloud,
        now: Timestamp,
    ) -> Result<(), Reply> {
        if self.is_basic() {
            return match self.is_user(request, logins, now) {
                true => Ok(()),
                false => Err(self.challenge(name, None)),
            };
        }
        let given = credentials(request, "bearer");
        let given = given.ok_or_else(|| self.challenge(name, None))?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = tokens.get(given).filter(|grant| now < grant.end);
        let grant = grant.ok_or_else(|| self.challenge(name, Some("invalid_token")))?;
        match name {
            Some(name) if !grant.names.iter().any(|own| own == name) => {
                let message = format!("the token is not for {name}");
                Err(error(StatusCode::FORBIDDEN, "DENIED", &message))
            }
            _ => Ok(()),
        }
    }

    /// Hands out a token for the repositories that are asked for, and for pulling alone.
    pub(super) fn token(&self, request: &Request, logins: &Alibabacloud, now: Timestamp) -> Reply {
        if self.is_basic() {
            let message = "this registry takes a password and hands out no tokens";
            return error(StatusCode::NOT_FOUND, "UNSUPPORTED", message);
        }
        if !self.is_user(request, logins, now) {
            let message = "user or password is wrong";
            let refusal = error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message);
            let realm = format!("Basic realm=\"{}\"", self.service);
            return refusal.with(WWW_AUTHENTICATE, realm);
        }
        let all = |key: &'static str| {
            let pairs = request.query.iter().filter(move |(name, _)| name == key);
            pairs.map(|(_, value)| value.as_str())
        };
        if all("service").any(|service| service != self.service) {
            let message = format!("the service is {}", self.service);
            return error(StatusCode::BAD_REQUEST, "UNSUPPORTED", &message);
        }
        let scopes = all("scope").flat_map(|scopes| scopes.split(' '));
        let token = Uuid::new_v4().simple().to_string();
        let grant = Grant {
            names: scopes.filter_map(pulled).map(str::to_owned).collect(),
            end: now + LIFETIME,
        };
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, grant| now < grant.end);
        tokens.insert(token.clone(), grant);
        let answer = json!({
            "token": token,
            "access_token": token,
            "expires_in": LIFETIME.as_secs(),
            "issued_at": now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        });
        Reply::json(StatusCode::OK, answer.to_string())
    }

    fn is_basic(&self) -> bool {
        matches!(self.place, Place::HuaweicloudBasic(_))
    }

    /// 401, and how to do better.
    fn challenge(&self, name: Option<&str>, wrong: Option<&str>) -> Reply {
        let Self { realm, service, .. } = self;
        let challenge = match self.is_basic() {
            true => format!("Basic realm=\"{service}\""),
            false => {
                let scope = name.map(|name| format!(",scope=\"repository:{name}:pull\""));
                let wrong = wrong.map(|wrong| format!(",error=\"{wrong}\""));
                format!(
                    "Bearer realm=\"{realm}\",service=\"{service}\"{}{}",
                    scope.unwrap_or_default(),
                    wrong.unwrap_or_default(),
                )
            }
        };
        let message = "authentication required";
        error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message).with(WWW_AUTHENTICATE, challenge)
    }

    /// Whether the request has a user's name and password.
    fn is_user(&self, request: &Request, logins: &Alibabacloud, now: Timestamp) -> bool {
        let Some((user, password)) = user(request) else {
            return false;
        };
        let (own, secret) = login(&self.place);
        match &self.place {
            // Made: the page tells of the key that is made of the secret, and of no instance.
            Place::HuaweicloudEnterprise(_) => {
                user == own && (password == secret || is_login_key(&password))
            }
            Place::HuaweicloudBasic(_) => user == own && is_login_key(&password),
            // Made, so that no call is needed first: the vendor takes passwords of its own.
            Place::Alibabacloud(_) if user == own => password == secret,
            Place::Alibabacloud(id) => logins.admits(id, &user, &password, now),
        }
    }
}

/// A user and a password that are let in.
pub(super) fn login(place: &Place) -> (String, String) {
    let key = world::HUAWEICLOUD_ACCESS_KEY;
    let secret = world::HUAWEICLOUD_SECRET_KEY;
    match place {
        Place::HuaweicloudEnterprise(_) => (key.to_owned(), secret.to_owned()),
        Place::HuaweicloudBasic(region) => {
            let password = hmac_hex(secret.as_bytes(), key);
            (format!("{region}@{key}"), password)
        }
        Place::Alibabacloud(_) => (
            world::ALIBABACLOUD_ACCESS_KEY_ID.to_owned(),
            world::ALIBABACLOUD_ACCESS_KEY_SECRET.to_owned(),
        ),
    }
}

/// Whether it is the login key that SWR documents: the access key's HMAC-SHA256 under the secret.
fn is_login_key(password: &str) -> bool {
    let secret = world::HUAWEICLOUD_SECRET_KEY.as_bytes();
    hmac_matches(secret, world::HUAWEICLOUD_ACCESS_KEY, password)
}

/// What follows the scheme's name in the header.
fn credentials<'a>(request: &'a Request, scheme: &str) -> Option<&'a str> {
    let (own, rest) = request.header("authorization")?.split_once(' ')?;
    own.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn user(request: &Request) -> Option<(String, String)> {
    let decoded = STANDARD.decode(credentials(request, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The repository of a scope such as `repository:team/api:pull,push`, if it is for pulling.
fn pulled(scope: &str) -> Option<&str> {
    let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
    let mut actions = actions.split(',');
    actions.any(|action| action == "pull").then_some(name)
}
