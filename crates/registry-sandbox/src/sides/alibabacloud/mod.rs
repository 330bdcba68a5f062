//! Alibaba Cloud: the RPC services of Container Registry and STS, and the services that hand out keys
//! inside a machine.
//!
//! A push to the fleet's instance starts the rules that run on a push. Lifecycle rules are kept and
//! never run. For [`Sandbox::decide`](crate::Sandbox::decide), a destination is a region or an
//! instance.
//!
//! At its own port, an instance takes tokens, for the logins that GetAuthorizationToken hands out or
//! for the account's access key, which is invented. It shows only manifests that have a tag.

mod cr;
mod errors;
mod gate;
mod keys;
mod metadata;
mod names;
mod nonces;
mod places;
mod side;
pub(crate) mod signature;
mod sts;
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
use crate::secrets::Secrets;
use crate::side::Surroundings;
use crate::spec::{self, Operation, Spec, SpecError};
use errors::Refusal;
use keys::Keys;
use metadata::Metadata;
use nonces::Nonces;
use world::World;

pub use metadata::MetadataAccess;
pub use names::*;
pub(crate) use side::SIDE;

const CR: &str = "alibabacloud-cr/cr";
const STS: &str = "alibabacloud-cr/sts";

type Known = (&'static Spec, &'static Operation);

struct Alibabacloud {
    /// Operations by id, each with the spec of its service.
    operations: BTreeMap<&'static str, Known>,
    /// All of the registry's state. It has one lock, so that a call sees one state.
    world: Later<World>,
    metadata: Metadata,
    keys: Keys,
    nonces: Nonces,
    clock: Clock,
    plans: Arc<Plans>,
    hook: Arc<Hook>,
    secrets: Arc<Secrets>,
}

impl Alibabacloud {
    fn new(surroundings: &Surroundings<'_>) -> Result<Self, SpecError> {
        let Surroundings {
            options,
            clock,
            plans,
            hook,
            secrets,
            ..
        } = surroundings;
        let access = options.get::<MetadataAccess>().copied().unwrap_or_default();
        let specs = [spec::named(CR)?, spec::named(STS)?];
        let operations = specs.into_iter().flat_map(|spec| {
            let operations = spec.operations.iter();
            operations.map(move |operation| (operation.id.as_str(), (spec, operation)))
        });
        Ok(Self {
            operations: operations.collect(),
            world: World::later(clock())?,
            metadata: Metadata::new(access),
            keys: Keys::default(),
            nonces: Nonces::default(),
            clock: Arc::clone(clock),
            plans: Arc::clone(plans),
            hook: Arc::clone(hook),
            secrets: Arc::clone(secrets),
        })
    }

    fn respond(&self, request: &Request) -> Answer {
        let parameters = request.query_parameters();
        // These services ask for no secret, so they are there only where the keys are public.
        if metadata::is_addressed(&request.path) && self.secrets.are_public() {
            return Answer {
                reply: self.metadata.answer(request, &self.keys, (self.clock)()),
                operation: None,
                parameters,
            };
        }
        // This vendor treats an empty value as absent.
        let mut given = parameters.clone();
        given.retain(|_, value| !value.is_empty());
        let operation = self.operation(request);
        if let Some((_, operation)) = operation {
            lower_booleans(operation, &mut given);
        }
        let request_id = request_id();
        let result = self.call(operation, request, &given, &request_id);
        Answer {
            reply: finished(result, request, request_id),
            operation: operation.map(|(_, operation)| operation.id.clone()),
            parameters,
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock()
    }

    fn gate(&self, now: Timestamp) -> gate::Gate<'_> {
        gate::Gate {
            keys: &self.keys,
            nonces: &self.nonces,
            secrets: &self.secrets,
            now,
        }
    }

    fn operation(&self, request: &Request) -> Option<Known> {
        let action = request.header("x-acs-action")?;
        let operation = self.operations.get(action).copied();
        operation.filter(|_| request.path == "/")
    }

    fn call(
        &self,
        operation: Option<Known>,
        request: &Request,
        given: &BTreeMap<String, String>,
        request_id: &str,
    ) -> Result<Reply, Refusal> {
        let Some((spec, operation)) = operation else {
            return Err(match request.header("x-acs-action") {
                None => Refusal::missing("Action"),
                Some(_) => Refusal::unknown_action(),
            });
        };
        if operation.method != request.method {
            return Err(Refusal::wrong_method());
        }
        match request.header("x-acs-version") {
            Some(given) if given == spec.version => {}
            Some(_) => return Err(Refusal::wrong_version()),
            None => return Err(Refusal::missing("Version")),
        }
        let mut now = (self.clock)();
        let caller = match operation.authentication.is_empty() {
            true => None,
            false => Some(self.gate(now).admit(request)?),
        };
        if caller.is_some() {
            self.hook.call(&operation.id);
            // The hook may have moved the clock.
            now = (self.clock)();
        }
        let parameters =
            Parameters::check(operation, given).map_err(|violation| match violation {
                Violation::Missing { name } => Refusal::missing(&name),
                Violation::Invalid { name, reason } => Refusal::invalid(&name, &reason),
            })?;
        let sts = sts::Call {
            keys: &self.keys,
            secrets: &self.secrets,
            parameters: &parameters,
            request_id,
            now,
        };
        match (operation.id.as_str(), &caller) {
            ("AssumeRole", Some(caller)) => sts.assume_role(caller),
            ("AssumeRoleWithOIDC", _) => sts.assume_role_with_oidc(),
            ("GetCallerIdentity", Some(caller)) => Ok(sts.get_caller_identity(caller)),
            (id, Some(caller)) => {
                let mut call = cr::Call {
                    world: &mut self.world(),
                    plans: &self.plans,
                    parameters: &parameters,
                    caller,
                    request_id,
                    now,
                };
                call.answer(id)
                    .unwrap_or_else(|| Err(Refusal::unknown_action()))
            }
            _ => Err(Refusal::unknown_action()),
        }
    }
}

/// Converts booleans to lower case, because the vendor's Python SDK writes them as Python does.
fn lower_booleans(operation: &Operation, given: &mut BTreeMap<String, String>) {
    for parameter in &operation.parameters {
        if let Some(text) = given.get_mut(&parameter.name)
            && parameter.rule.is_boolean()
            && matches!(text.as_str(), "True" | "False")
        {
            text.make_ascii_lowercase();
        }
    }
}

fn request_id() -> String {
    Uuid::new_v4().to_string().to_uppercase()
}

fn finished(result: Result<Reply, Refusal>, request: &Request, request_id: String) -> Reply {
    let host = request.header("host").unwrap_or_default();
    result
        .unwrap_or_else(|refusal| refusal.reply(&request_id, host))
        .with(HeaderName::from_static("x-acs-request-id"), request_id)
}
