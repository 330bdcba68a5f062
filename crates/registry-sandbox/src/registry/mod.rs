//! Registry's own port: the part of the OCI distribution API that reads manifests.

mod access;
mod reply;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::encoding;
use crate::message::Request;
use crate::place::{Found, Place};
use crate::received::Received;
use crate::sandbox::StartError;
use crate::server::{self, Serves, Service};
use crate::side;
use access::{Access, TOKEN_PATH};
use reply::{Reply, error};

/// Port of a registry, until it is dropped or the sandbox stops.
/// [`Sandbox::registry`](crate::Sandbox::registry) makes it.
#[derive(Debug)]
pub struct RegistryEndpoint {
    place: Place,
    address: SocketAddr,
    login: (String, String),
    serving: AbortHandle,
}

impl RegistryEndpoint {
    /// Returns the registry.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Returns its host, which is the first part of an image's name: `127.0.0.1:49152`.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// Returns its URL: `http://127.0.0.1:49152`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns a user and a password that it admits. They open nothing but the sandbox.
    pub fn login(&self) -> (String, String) {
        self.login.clone()
    }
}

impl Drop for RegistryEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves `place` at a free port, in a task of `tasks`.
pub(crate) async fn open(
    service: &Arc<Service>,
    place: &Place,
    tasks: &Mutex<JoinSet<()>>,
) -> Result<RegistryEndpoint, StartError> {
    let absent = || StartError::NoSuchRegistry(place.clone());
    let (_, registry) = side::registry(place.provider()).ok_or_else(absent)?;
    let side = service
        .side(place.provider())
        .filter(|_| service.has(place));
    let login = side.ok_or_else(absent)?.login(place);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let front = Arc::new(Front {
        access: Access::new(
            place.clone(),
            (registry.access)(place.id()),
            &format!("http://{address}"),
        ),
        place: place.clone(),
        service: Arc::clone(service),
    });
    let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
    while tasks.try_join_next().is_some() {}
    Ok(RegistryEndpoint {
        place: place.clone(),
        address,
        login,
        serving: tasks.spawn(server::serve(listener, front)),
    })
}

/// Server of one registry's port.
struct Front {
    service: Arc<Service>,
    place: Place,
    access: Access,
}

/// Requested resource.
enum Call {
    Base,
    Token,
    Manifest { name: String, reference: String },
}

impl Call {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/v2" | "/v2/" => return Some(Self::Base),
            TOKEN_PATH => return Some(Self::Token),
            _ => {}
        }
        let (name, reference) = path.strip_prefix("/v2/")?.rsplit_once("/manifests/")?;
        Some(Self::Manifest {
            name: encoding::decode(name)?,
            reference: encoding::decode(reference)?,
        })
    }

    fn parameters(&self) -> BTreeMap<String, String> {
        let Self::Manifest { name, reference } = self else {
            return BTreeMap::new();
        };
        [("name", name), ("reference", reference)]
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .into()
    }
}

impl Serves for Front {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Option<hyper::Response<Full<Bytes>>> {
        // No request that is served here has a body.
        let (head, _) = request.into_parts();
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let target = target.to_owned();
        let request = Request::new(head.method, &target, head.headers, Bytes::new());
        let mut parameters = request.query_parameters();
        let call = Call::of(&request.path);
        let operation = call
            .as_ref()
            .and_then(|call| operation(call, &request.method));
        let mut reply = match (&call, &operation) {
            (None, _) => error(
                StatusCode::NOT_FOUND,
                "UNSUPPORTED",
                "there is no such path",
            ),
            (Some(_), None) => {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                error(status, "UNSUPPORTED", "the sandbox can be read only")
            }
            (Some(call), Some(operation)) => {
                parameters.extend(call.parameters());
                self.reply(call, operation, &request)
            }
        };
        if let Some(operation) = &operation {
            reply.change(&self.service.hook, operation, &target, &self.place);
        }
        self.service.log.add(Received {
            method: request.method.to_string(),
            target,
            operation,
            parameters,
            place: Some(self.place.clone()),
            status: reply.status.as_u16(),
        });
        Some(reply.response(self.service.date()))
    }
}

/// Returns the name of a call for the log and hooks.
fn operation(call: &Call, method: &Method) -> Option<String> {
    let noun = match call {
        Call::Base => "base",
        Call::Token => "token",
        Call::Manifest { .. } => "manifest",
    };
    let reads = method == Method::GET || (method == Method::HEAD && noun != "token");
    reads.then(|| format!("{method} {noun}"))
}

impl Front {
    fn reply(&self, call: &Call, operation: &str, request: &Request) -> Reply {
        let now = (self.service.clock)();
        let Some(side) = self.service.side(self.place.provider()) else {
            return error(
                StatusCode::NOT_FOUND,
                "UNSUPPORTED",
                "there is no such registry",
            );
        };
        if matches!(call, Call::Token) {
            return self.access.token(request, side, now);
        }
        let name = match call {
            Call::Manifest { name, .. } => Some(name.as_str()),
            _ => None,
        };
        if let Err(refusal) = self.access.admit(request, name, side, now) {
            return refusal;
        }
        self.service.hook.call(operation);
        match call {
            Call::Manifest { name, reference } => {
                self.manifest(name, reference, request.method == Method::HEAD)
            }
            _ => Reply::json(StatusCode::OK, "{}"),
        }
    }

    fn manifest(&self, name: &str, reference: &str, is_head: bool) -> Reply {
        let manifest = match self.service.find(&self.place, name, reference) {
            Found::Manifest(manifest) => manifest,
            Found::NoManifest => {
                let message = format!("{name} has no manifest {reference}");
                return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &message);
            }
            Found::NoRepository => {
                let message = format!("there is no repository {name}");
                return error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message);
            }
        };
        match self.service.contents.of(name, &manifest) {
            Some(content) => Reply::manifest(&manifest, content),
            None if is_head => Reply::manifest_unseen(&manifest),
            None => {
                let status = StatusCode::METHOD_NOT_ALLOWED;
                let message = "the sandbox does not have the bytes of this manifest; ask by HEAD";
                error(status, "UNSUPPORTED", message)
            }
        }
    }
}
