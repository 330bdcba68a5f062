//! Server of the control API.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};
use jiff::SignedDuration;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::messages::{
    ClockRequest, DecideRequest, Digest, FaultRules, ImageRequest, Lost, Now, PushRequest,
    ServedLogin, ServedPlace,
};
use super::{BASE, Token, names};
use crate::faults::Fault;
use crate::message::Reply;
use crate::place::Source;
use crate::registry::Gateway;
use crate::server::Service;

/// Calls, each with its methods.
const CALLS: [(&str, &[Method]); 7] = [
    ("places", &[Method::GET]),
    ("push", &[Method::POST]),
    ("decide", &[Method::POST]),
    ("lose", &[Method::POST]),
    ("holds", &[Method::POST]),
    ("clock", &[Method::POST]),
    ("faults", &[Method::GET, Method::POST, Method::DELETE]),
];

/// Control API of a sandbox.
pub(crate) struct Control {
    pub(crate) token: Token,
    pub(crate) service: Arc<Service>,
    pub(crate) gateway: Arc<Gateway>,
}

/// Status and reason of a refusal.
type Refusal = (StatusCode, String);

fn bad(reason: impl ToString) -> Refusal {
    (StatusCode::BAD_REQUEST, reason.to_string())
}

fn refused((status, reason): Refusal) -> Reply {
    Reply::new(status, json!({"error": reason}))
}

impl Control {
    /// Whether a path belongs to the API.
    pub(crate) fn is_addressed(path: &str) -> bool {
        path.starts_with(BASE)
    }

    /// Admits a request with the token. Nothing else of it has been read.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Reply> {
        let given = headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let given = given.and_then(|value| value.split_once(' '));
        let token = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        match token.is_some_and(|(_, token)| self.token.is(token.trim())) {
            true => Ok(()),
            false => {
                let reason = "missing or wrong token; pass the sandbox's IMGTRACK_SANDBOX_TOKEN";
                let refusal = refused((StatusCode::UNAUTHORIZED, reason.to_owned()));
                Err(refusal.with(WWW_AUTHENTICATE, "Bearer"))
            }
        }
    }

    pub(crate) fn too_large() -> Reply {
        let reason = "the body is larger than 1 MiB".to_owned();
        refused((StatusCode::PAYLOAD_TOO_LARGE, reason))
    }

    /// Answers an admitted request.
    pub(crate) fn answer(&self, method: &Method, path: &str, body: &[u8]) -> Reply {
        let name = path.strip_prefix(BASE).unwrap_or_default();
        let call = CALLS.iter().find(|(known, _)| *known == name);
        let answer = match call {
            None => {
                let known = CALLS.map(|(name, _)| name).join(", ");
                let reason = format!("unknown call {name:?}; use one of {known}");
                Err((StatusCode::NOT_FOUND, reason))
            }
            Some((_, methods)) if !methods.contains(method) => {
                let methods: Vec<_> = methods.iter().map(Method::as_str).collect();
                let reason = format!("use {}", methods.join(" or "));
                Err((StatusCode::METHOD_NOT_ALLOWED, reason))
            }
            Some(_) => self.call(name, method, body),
        };
        answer.map_or_else(refused, Reply::ok)
    }

    fn call(&self, name: &str, method: &Method, body: &[u8]) -> Result<Value, Refusal> {
        match (name, method.as_str()) {
            ("places", _) => written(self.places()?),
            ("push", _) => self.push(&read(body)?).and_then(written),
            ("decide", _) => self.decide(&read(body)?),
            ("lose", _) => self.lose(&read(body)?).and_then(written),
            ("holds", _) => self.holds(&read(body)?).and_then(written),
            ("clock", _) => self.clock(&read(body)?).and_then(written),
            (_, "GET") => written(self.faults()),
            (_, "DELETE") => {
                self.service.faults.clear();
                written(self.faults())
            }
            _ => self.add_faults(&read(body)?).and_then(written),
        }
    }

    fn places(&self) -> Result<Vec<ServedPlace>, Refusal> {
        let served = self.gateway.all();
        served.map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
    }

    fn push(&self, request: &PushRequest) -> Result<Digest, Refusal> {
        let source = names::source(&self.service, &request.place).map_err(bad)?;
        let (repository, tag) = names::image(&request.image).map_err(bad)?;
        let text = match &request.text {
            Some(text) => text.clone(),
            None => format!("{} {}", request.image, uuid::Uuid::new_v4()),
        };
        let subject = request.subject.as_deref();
        let digest = self
            .service
            .push_image(source, repository, tag, &text, subject);
        digest
            .map(|digest| Digest {
                digest: Some(digest),
            })
            .map_err(bad)
    }

    fn decide(&self, request: &DecideRequest) -> Result<Value, Refusal> {
        let (repository, tag) = names::repository(&request.image).map_err(bad)?;
        let plans = &self.service.plans;
        let destination = request.destination.as_deref();
        plans.decide(repository, tag, destination, request.outcome.into());
        Ok(json!({}))
    }

    fn lose(&self, request: &ImageRequest) -> Result<Lost, Refusal> {
        let place = names::place(&self.service, &request.place).map_err(bad)?;
        let (repository, tag) = names::image(&request.image).map_err(bad)?;
        let lost = self.service.forget(&place, repository, tag);
        Ok(Lost { lost })
    }

    fn holds(&self, request: &ImageRequest) -> Result<Digest, Refusal> {
        let place = names::place(&self.service, &request.place).map_err(bad)?;
        let (repository, tag) = names::image(&request.image).map_err(bad)?;
        let digest = self.service.holds(&place, repository, tag);
        Ok(Digest { digest })
    }

    fn clock(&self, request: &ClockRequest) -> Result<Now, Refusal> {
        let text = request.forward.trim_start_matches('+');
        let by = text.parse::<SignedDuration>().ok();
        let by = by.and_then(|by| by.try_into().ok()).ok_or_else(|| {
            bad(format!(
                "invalid duration {:?}; the clock goes forward only, by a duration such as 10m",
                request.forward
            ))
        })?;
        match self.service.shift.forward(by) {
            true => Ok(Now {
                now: (self.service.clock)(),
            }),
            false => Err(bad("the clock can be at most 10 years ahead")),
        }
    }

    fn faults(&self) -> FaultRules {
        let rules = self.service.faults.all();
        FaultRules {
            rules: rules.iter().map(Fault::to_string).collect(),
        }
    }

    fn add_faults(&self, request: &FaultRules) -> Result<FaultRules, Refusal> {
        let rules = request.rules.iter().map(|rule| rule.parse());
        let rules: Result<Vec<Fault>, _> = rules.collect();
        self.service.faults.add(rules.map_err(bad)?).map_err(bad)?;
        Ok(self.faults())
    }
}

impl ServedPlace {
    /// Describes a registry at its own port.
    pub(crate) fn of(port: &crate::RegistryEndpoint) -> Self {
        let place = port.place();
        let source = Source::of(place.provider());
        let login = port.login();
        Self {
            place: format!("{}/{}", place.provider(), place.id()),
            registry: place.provider().to_owned(),
            id: place.id().to_owned(),
            takes_pushes: source.is_some_and(|source| source.id() == place.id()),
            host: port.host(),
            login: login.map(|(user, password)| ServedLogin { user, password }),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let value = serde_json::from_slice(body);
    value.map_err(|error| bad(format!("invalid body: {error}")))
}

fn written(value: impl Serialize) -> Result<Value, Refusal> {
    let value = serde_json::to_value(value);
    value.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}
