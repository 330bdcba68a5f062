//! Access to a registry's own port: by password, or by bearer token.

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
use crate::message::Request;
use crate::place::Place;
use crate::side::{Access as Kind, Side};

/// Path of the token service. It is invented: each vendor has its own address, which a client finds
/// in the challenge.
pub(super) const TOKEN_PATH: &str = "/token";
/// Lifetime of a token. Invented.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Authentication of one registry.
pub(super) struct Access {
    place: Place,
    kind: Kind,
    realm: String,
    service: String,
    tokens: Mutex<HashMap<String, Grant>>,
}

/// What a request reads.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// Nothing but the answer that the registry is there.
    Base,
    /// A repository.
    Repository(&'a str),
    /// The list of repositories.
    Catalog,
}

impl Wanted<'_> {
    /// Returns the scope that a token needs.
    fn scope(self) -> Option<String> {
        match self {
            Self::Base => None,
            Self::Repository(name) => Some(format!("repository:{name}:pull")),
            Self::Catalog => Some(CATALOG.to_owned()),
        }
    }
}

const CATALOG: &str = "registry:catalog:*";

/// Permissions of a token.
struct Grant {
    /// Repositories that may be pulled from.
    names: Vec<String>,
    /// Whether the repositories may be listed.
    has_catalog: bool,
    end: Timestamp,
}

impl Access {
    pub(super) fn new(place: Place, kind: Kind, url: &str) -> Self {
        Self {
            kind,
            realm: format!("{url}{TOKEN_PATH}"),
            service: format!("sandbox-registry:{}", place.id()),
            place,
            tokens: Mutex::default(),
        }
    }

    /// Admits a request that may read what it wants.
    pub(super) fn admit(
        &self,
        request: &Request,
        wanted: Wanted<'_>,
        side: &dyn Side,
        now: Timestamp,
    ) -> Result<(), Reply> {
        if self.kind == Kind::Anonymous {
            return Ok(());
        }
        if self.takes_passwords() {
            return match self.is_user(request, side, now) {
                true => Ok(()),
                false => Err(self.challenge(wanted, None)),
            };
        }
        let given = credentials(request, "bearer");
        let given = given.ok_or_else(|| self.challenge(wanted, None))?;
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let grant = tokens.get(given).filter(|grant| now < grant.end);
        let grant = grant.ok_or_else(|| self.challenge(wanted, Some("invalid_token")))?;
        let refused = match wanted {
            Wanted::Repository(name) if !grant.names.iter().any(|own| own == name) => name,
            Wanted::Catalog if !grant.has_catalog => CATALOG,
            _ => return Ok(()),
        };
        let message = format!("the token is not for {refused}");
        Err(error(StatusCode::FORBIDDEN, "DENIED", &message))
    }

    /// Issues a token for the requested repositories, with the permission to pull only.
    pub(super) fn token(&self, request: &Request, side: &dyn Side, now: Timestamp) -> Reply {
        if self.kind != Kind::Token {
            let message = "this registry hands out no tokens";
            return error(StatusCode::NOT_FOUND, "UNSUPPORTED", message);
        }
        if !self.is_user(request, side, now) {
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
        let scopes: Vec<&str> = scopes.collect();
        let token = Uuid::new_v4().simple().to_string();
        let grant = Grant {
            names: pulled(&scopes).map(str::to_owned).collect(),
            has_catalog: scopes.contains(&CATALOG),
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

    fn takes_passwords(&self) -> bool {
        self.kind == Kind::Password
    }

    /// Returns status 401 with a challenge.
    fn challenge(&self, wanted: Wanted<'_>, wrong: Option<&str>) -> Reply {
        let Self { realm, service, .. } = self;
        let challenge = match self.takes_passwords() {
            true => format!("Basic realm=\"{service}\""),
            false => {
                let scope = wanted.scope().map(|scope| format!(",scope=\"{scope}\""));
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

    /// Whether the request has the name and password of a user that the registry admits.
    fn is_user(&self, request: &Request, side: &dyn Side, now: Timestamp) -> bool {
        let given = user(request);
        given.is_some_and(|(user, password)| side.admits(&self.place, &user, &password, now))
    }
}

/// Returns the header's text after the name of the scheme.
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

/// Returns the repositories of scopes such as `repository:team/api:pull,push` that include pull.
fn pulled<'a>(scopes: &[&'a str]) -> impl Iterator<Item = &'a str> {
    scopes.iter().filter_map(|scope| {
        let (name, actions) = scope.strip_prefix("repository:")?.rsplit_once(':')?;
        let mut actions = actions.split(',');
        actions.any(|action| action == "pull").then_some(name)
    })
}
