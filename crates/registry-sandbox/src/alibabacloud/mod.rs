//! The Alibaba Cloud side: the RPC services of Container Registry and STS, and what hands out keys
//! within a machine.

mod cr;
mod errors;
mod gate;
mod keys;
mod metadata;
mod nonces;
mod places;
pub(crate) mod signature;
mod sts;
mod world;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::header::HeaderName;
use jiff::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;
use crate::hook::Hook;
use crate::message::{Answer, Reply, Request};
use crate::parameters::{Parameters, Violation};
use crate::plans::Plans;
use crate::push::PushError;
use crate::spec::{self, Operation, Spec, SpecError};
use crate::world::FLEET_ALIBABACLOUD_INSTANCE_ID;
use errors::Refusal;
use keys::Keys;
use metadata::Metadata;
use nonces::Nonces;
use world::World;

pub use metadata::MetadataAccess;

/// Whether a request is for this side.
pub(crate) fn is_addressed(request: &Request) -> bool {
    let headers = &request.headers;
    let authorization = headers.get(hyper::header::AUTHORIZATION);
    metadata::is_addressed(&request.path)
        || headers.contains_key("x-acs-action")
        || authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-"))
}

const CR: &str = "alibabacloud-cr/cr";
const STS: &str = "alibabacloud-cr/sts";

type Known = (&'static Spec, &'static Operation);

pub(crate) struct Alibabacloud {
    /// By id, each with the spec of its service.
    operations: BTreeMap<&'static str, Known>,
    /// All of the registry's state; one lock, so that a call sees one state of it.
    world: Mutex<World>,
    metadata: Metadata,
    keys: Keys,
    nonces: Nonces,
    clock: Clock,
    plans: Arc<Plans>,
    hook: Arc<Hook>,
}

impl Alibabacloud {
    pub(crate) fn new(
        access: MetadataAccess,
        clock: Clock,
        plans: Arc<Plans>,
        hook: Arc<Hook>,
    ) -> Result<Self, SpecError> {
        let specs = [spec::named(CR)?, spec::named(STS)?];
        let operations = specs.into_iter().flat_map(|spec| {
            let operations = spec.operations.iter();
            operations.map(move |operation| (operation.id.as_str(), (spec, operation)))
        });
        Ok(Self {
            operations: operations.collect(),
            world: Mutex::new(World::new(clock())?),
            metadata: Metadata::new(access),
            keys: Keys::default(),
            nonces: Nonces::default(),
            clock,
            plans,
            hook,
        })
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let parameters = request.query_parameters();
        if metadata::is_addressed(&request.path) {
            return Answer {
                reply: self.metadata.answer(request, &self.keys, (self.clock)()),
                operation: None,
                parameters,
            };
        }
        // An empty value is as good as none to this vendor.
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

    /// Pushes an image to the fleet's instance.
    pub(crate) fn push(
        &self,
        namespace: &str,
        repository: &str,
        tag: &str,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let image = (namespace, repository, tag);
        self.world().push(
            FLEET_ALIBABACLOUD_INSTANCE_ID,
            image,
            content,
            &self.plans,
            now,
        )
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply to a body that is over the server's limit.
    pub(crate) fn too_large(request: &Request) -> Reply {
        finished(Err(Refusal::too_large()), request, request_id())
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
            false => Some(gate::admit(request, &self.keys, &self.nonces, now)?),
        };
        if caller.is_some() {
            self.hook.call(&operation.id);
            // Which may have moved the clock.
            now = (self.clock)();
        }
        let parameters =
            Parameters::check(operation, given).map_err(|violation| match violation {
                Violation::Missing { name } => Refusal::missing(&name),
                Violation::Invalid { name, reason } => Refusal::invalid(&name, &reason),
            })?;
        let sts = sts::Call {
            keys: &self.keys,
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

/// The vendor's Python SDK writes booleans as Python does.
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
