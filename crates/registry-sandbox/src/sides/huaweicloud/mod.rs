//! Huawei Cloud: SWR in both editions, IAM and STS behind one gateway, and an instance's metadata
//! service.
//!
//! In the Enterprise edition, a replication policy makes a task for each repository, and a subtask for
//! each tag that its filters match. It runs on request, and on a push if it is event-based and
//! enabled. A scheduled policy is kept and does not run by itself. If the target registry is
//! [`TARGET_INSTANCE_ID`], all reads of that instance show what has arrived. For other registries, the
//! tasks are all that can be seen. Retention policies count and delete by latestPushedK,
//! latestPulledN, nDaysSinceLastPush and nDaysSinceLastPull when they are executed. For
//! [`Sandbox::decide`](crate::Sandbox::decide), a destination is the target registry's name.
//!
//! In the Basic edition, a rule makes a job for each tag that is pushed. Retention is applied when it
//! is created or changed and when an image is pushed, not as time passes. A destination is a region.
//!
//! At its own port, an instance takes tokens, for the access key with its secret or with the login
//! key. The Basic edition takes a password with every request: user `region@access key`, and the login
//! key, which is the access key's HMAC-SHA256 in hex under the secret key. Other regions of the Basic
//! edition show only manifests that have a tag. Everything of this except the login key is invented.

mod asked;
mod basic;
mod calls;
mod enterprise;
mod errors;
mod gate;
mod glob;
mod iam;
mod ids;
mod images;
mod keys;
mod listing;
mod metadata;
mod names;
mod places;
mod side;
pub(crate) mod signature;
mod sts;
mod tokens;
mod words;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use hyper::header::HeaderName;
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::hook::Hook;
use crate::later::Later;
use crate::message::{Answer, Reply, Request};
use crate::parameters::{Parameters, Violation};
use crate::plans::Plans;
use crate::route::Routes;
use crate::secrets::Secrets;
use crate::side::Surroundings;
use crate::spec::{self, Operation, SpecError};
use asked::Asked;
use calls::Handler;
use errors::Refusal;
use keys::Keys;
use tokens::Tokens;
use world::World;

pub use names::*;
pub(crate) use side::SIDE;

const SWR: &str = "huaweicloud-swr/swr";
const IAM: &str = "huaweicloud-swr/iam";
const STS: &str = "huaweicloud-swr/sts";

/// Calls that this side answers.
#[derive(Debug, Clone, Copy)]
enum Call {
    Swr(Handler),
    CreateToken,
    CreateTokenWithIdToken,
    CreateTemporaryKey,
    ListProjects,
    DecodeMessage,
}

impl Call {
    fn of(operation: &Operation) -> Option<Self> {
        Some(match operation.id.as_str() {
            "KeystoneCreateUserTokenByPassword" => Self::CreateToken,
            "CreateTokenWithIdToken" => Self::CreateTokenWithIdToken,
            "CreateTemporaryAccessKeyByToken" => Self::CreateTemporaryKey,
            "KeystoneListProjects" => Self::ListProjects,
            "DecodeAuthorizationMessage" => Self::DecodeMessage,
            other => Self::Swr(calls::handler(other)?),
        })
    }
}

/// One routed request.
struct Context<'a> {
    operation: &'a Operation,
    request: &'a Request,
    /// Decoded parameters of path and query.
    given: &'a BTreeMap<String, String>,
}

impl<'a> Context<'a> {
    fn parameters(
        &self,
        refusal: impl FnOnce(Violation) -> Refusal,
    ) -> Result<Parameters<'a>, Refusal> {
        Parameters::check(self.operation, self.given).map_err(refusal)
    }
}

struct Huaweicloud {
    routes: Routes<Call>,
    world: Later<World>,
    tokens: Tokens,
    metadata_tokens: Tokens,
    keys: Keys,
    clock: Clock,
    plans: Arc<Plans>,
    hook: Arc<Hook>,
    secrets: Arc<Secrets>,
    endpoint: String,
}

impl Huaweicloud {
    fn new(surroundings: &Surroundings<'_>) -> Result<Self, SpecError> {
        let Surroundings {
            clock,
            plans,
            hook,
            secrets,
            endpoint,
            ..
        } = surroundings;
        let swr = spec::named(SWR)?;
        let iam = spec::named(IAM)?;
        let sts = spec::named(STS)?;
        let operations = [swr, iam, sts]
            .into_iter()
            .flat_map(|spec| &spec.operations);
        let calls = operations.filter_map(|operation| Some((operation, Call::of(operation)?)));
        Ok(Self {
            routes: Routes::new(calls),
            world: World::later(endpoint, clock())?,
            tokens: Tokens::default(),
            metadata_tokens: Tokens::default(),
            keys: Keys::default(),
            clock: Arc::clone(clock),
            plans: Arc::clone(plans),
            hook: Arc::clone(hook),
            secrets: Arc::clone(secrets),
            endpoint: (*endpoint).to_owned(),
        })
    }

    fn respond(&self, request: &Request) -> Answer {
        let mut parameters = request.query_parameters();
        let mut operation = None;
        let now = (self.clock)();
        let metadata = metadata::answer(request, &self.metadata_tokens, &self.keys, now);
        // The service asks for no secret, so it is there only where the keys are public.
        if let Some(reply) = metadata.filter(|_| self.secrets.are_public()) {
            return Answer {
                reply,
                operation,
                parameters,
            };
        }
        let result = match self.routes.find(&request.method, &request.path) {
            None => Err(Refusal::no_such_api()),
            Some((route, path)) => {
                parameters.extend(path);
                operation = Some(route.operation.id.clone());
                let context = Context {
                    operation: route.operation,
                    request,
                    given: &parameters,
                };
                self.call(route.target, &context, now)
            }
        };
        Answer {
            reply: marked(result),
            operation,
            parameters,
        }
    }

    /// Returns the world, with the effects of work that has ended by `now`.
    fn world(&self, now: Timestamp) -> MutexGuard<'_, World> {
        let mut world = self.world.lock();
        world.settle(&self.plans, now);
        world
    }

    fn issuer(&self, now: Timestamp) -> iam::Issuer<'_> {
        iam::Issuer {
            tokens: &self.tokens,
            secrets: &self.secrets,
            endpoint: &self.endpoint,
            now,
        }
    }

    /// Runs a test's hook before the call is answered. Returns the time after the hook.
    fn called(&self, operation: &Operation, now: Timestamp) -> Timestamp {
        if operation.authentication.is_empty() {
            return now;
        }
        self.hook.call(&operation.id);
        (self.clock)()
    }

    fn call(&self, call: Call, context: &Context<'_>, now: Timestamp) -> Result<Reply, Refusal> {
        let gate = gate::Gate {
            tokens: &self.tokens,
            keys: &self.keys,
            secrets: &self.secrets,
            now,
        };
        let token = match call {
            Call::CreateTemporaryKey => iam::token_in_body(context.request),
            _ => None,
        };
        gate.admit(context.operation, context.request, token.as_deref())?;
        let now = self.called(context.operation, now);
        match call {
            Call::Swr(handler) => {
                let asked = Asked::check(context, &self.plans, now)?;
                handler(&mut self.world(now), &asked)
            }
            Call::CreateToken => self.issuer(now).create_token(context),
            Call::CreateTokenWithIdToken => self.issuer(now).create_token_with_id_token(context),
            Call::CreateTemporaryKey => iam::create_temporary_key(&self.keys, now, context),
            Call::ListProjects => iam::list_projects(&self.world(now), &self.endpoint, context),
            Call::DecodeMessage => sts::decode(context),
        }
    }
}

/// Adds a request id to an answer, in a header and in some bodies.
fn marked(result: Result<Reply, Refusal>) -> Reply {
    let request_id = Uuid::new_v4().simple().to_string();
    result
        .unwrap_or_else(|refusal| refusal.reply(&request_id))
        .with(HeaderName::from_static("x-request-id"), request_id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    #[test]
    fn every_call_of_the_specs_is_answered() {
        for name in [SWR, IAM, STS] {
            for operation in &spec::named(name).unwrap().operations {
                assert!(Call::of(operation).is_some(), "{}", operation.id);
            }
        }
    }
}
