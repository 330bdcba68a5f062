//! The Alibaba Cloud side: the RPC service of Container Registry.

mod cr;
mod errors;
mod gate;
mod nonces;
pub(crate) mod signature;
mod world;

use std::collections::BTreeMap;

use hyper::header::HeaderName;
use uuid::Uuid;

use crate::clock::Clock;
use crate::message::{Answer, Reply, Request};
use crate::parameters::{Parameters, Violation};
use crate::spec::{Operation, Spec, SpecError};
use errors::Refusal;
use nonces::Nonces;
use world::World;

/// Whether a request is for this side.
pub(crate) fn is_addressed(headers: &hyper::HeaderMap) -> bool {
    let authorization = headers.get(hyper::header::AUTHORIZATION);
    headers.contains_key("x-acs-action")
        || authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-"))
}

pub(crate) struct Alibabacloud {
    version: String,
    operations: Vec<Operation>,
    world: World,
    nonces: Nonces,
    clock: Clock,
}

impl Alibabacloud {
    pub(crate) fn new(cr: &Spec, clock: Clock) -> Result<Self, SpecError> {
        Ok(Self {
            version: cr.version.clone(),
            operations: cr.operations.clone(),
            world: World::new(cr)?,
            nonces: Nonces::default(),
            clock,
        })
    }

    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let parameters = request.query_parameters();
        // An empty value is as good as none to this vendor.
        let mut given = parameters.clone();
        given.retain(|_, value| !value.is_empty());
        let operation = self.operation(request);
        let request_id = request_id();
        let result = self.call(operation, request, &given, &request_id);
        Answer {
            reply: finished(result, request, request_id),
            operation: operation.map(|operation| operation.id.clone()),
            parameters,
        }
    }

    /// The reply to a body that is over the server's limit.
    pub(crate) fn too_large(request: &Request) -> Reply {
        finished(Err(Refusal::too_large()), request, request_id())
    }

    fn operation(&self, request: &Request) -> Option<&Operation> {
        let action = request.header("x-acs-action")?;
        let operation = self
            .operations
            .iter()
            .find(|operation| operation.id == action);
        operation.filter(|_| request.path == "/")
    }

    fn call(
        &self,
        operation: Option<&Operation>,
        request: &Request,
        given: &BTreeMap<String, String>,
        request_id: &str,
    ) -> Result<Reply, Refusal> {
        let Some(operation) = operation else {
            return Err(match request.header("x-acs-action") {
                None => Refusal::missing("Action"),
                Some(_) => Refusal::unknown_action(),
            });
        };
        if operation.method != request.method {
            return Err(Refusal::wrong_method());
        }
        match request.header("x-acs-version") {
            Some(version) if version == self.version => {}
            Some(_) => return Err(Refusal::wrong_version()),
            None => return Err(Refusal::missing("Version")),
        }
        gate::admit(request, &self.nonces, (self.clock)())?;
        let parameters =
            Parameters::check(operation, given).map_err(|violation| match violation {
                Violation::Missing { name } => Refusal::missing(&name),
                Violation::Invalid { name, reason } => Refusal::invalid(&name, &reason),
            })?;
        match operation.id.as_str() {
            "ListRepoSyncTask" => Ok(cr::list_repo_sync_task(
                &self.world,
                &parameters,
                request_id,
            )),
            _ => Err(Refusal::unknown_action()),
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
