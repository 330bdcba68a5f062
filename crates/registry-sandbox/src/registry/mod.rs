//! Registry's own port: the part of the OCI distribution API that reads.

mod access;
mod pages;
mod referrers;
mod reply;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};

use crate::control::ServedPlace;
use crate::encoding;
use crate::faults::{self, AnswerBody};
use crate::message::Request;
use crate::place::{Found, Place};
use crate::received::Received;
use crate::sandbox::StartError;
use crate::server::{self, Serves, Service};
use crate::side;
use access::{Access, TOKEN_PATH, Wanted};
use reply::{Reply, error};

/// Port of a registry, until it is dropped or the sandbox stops.
/// [`Sandbox::registry`](crate::Sandbox::registry) makes it.
#[derive(Debug)]
pub struct RegistryEndpoint {
    place: Place,
    address: SocketAddr,
    login: Option<(String, String)>,
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

    /// Returns a user and a password that it admits, or `None` if it is anonymous. They open nothing but
    /// the sandbox.
    pub fn login(&self) -> Option<(String, String)> {
        self.login.clone()
    }
}

impl Drop for RegistryEndpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Tasks that serve registries' own ports, and where they listen.
#[derive(Debug)]
pub(crate) struct Gateway {
    service: Arc<Service>,
    tasks: Mutex<JoinSet<()>>,
    /// Ports that stay open.
    kept: Mutex<Vec<Arc<RegistryEndpoint>>>,
    /// Runtime of the sandbox, which outlives the one that asks for a port.
    runtime: Handle,
    address: IpAddr,
    /// Address that clients call.
    shown: IpAddr,
}

impl Gateway {
    /// Makes a gateway in the current runtime.
    pub(crate) fn new(service: Arc<Service>, address: IpAddr, shown: IpAddr) -> Self {
        Self {
            service,
            tasks: Mutex::default(),
            kept: Mutex::default(),
            runtime: Handle::current(),
            address,
            shown,
        }
    }

    /// Returns the port of `place` that stays open.
    pub(crate) fn keep(&self, place: &Place) -> Result<Arc<RegistryEndpoint>, StartError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.iter().find(|known| known.place() == place) {
            return Ok(Arc::clone(known));
        }
        let opened = Arc::new(self.open(place)?);
        kept.push(Arc::clone(&opened));
        Ok(opened)
    }

    /// Opens the ports of all registries, and describes them.
    pub(crate) fn all(&self) -> Result<Vec<ServedPlace>, StartError> {
        let places = self.service.places().into_iter();
        places
            .map(|place| Ok(ServedPlace::of(&*self.keep(&place)?)))
            .collect()
    }

    /// Serves `place` at a free port.
    pub(crate) fn open(&self, place: &Place) -> Result<RegistryEndpoint, StartError> {
        let service = &self.service;
        let absent = || StartError::NoSuchRegistry(place.clone());
        let (_, registry) = side::registry(place.provider()).ok_or_else(absent)?;
        let side = service
            .side(place.provider())
            .filter(|_| service.has(place));
        let login = side.ok_or_else(absent)?.login(place);
        let address = SocketAddr::new(self.address, 0);
        let failed = |source| StartError::Listen { address, source };
        let listener = self.listen(address).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let address = SocketAddr::new(self.shown, port);
        let access = (registry.access)(place.id());
        let front = Arc::new(Front {
            access: Access::new(place.clone(), access, &format!("http://{address}")),
            place: place.clone(),
            service: Arc::clone(service),
        });
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        Ok(RegistryEndpoint {
            place: place.clone(),
            address,
            login: Some(login).filter(|_| access != side::Access::Anonymous),
            serving: tasks.spawn_on(server::serve(listener, front), &self.runtime),
        })
    }

    /// Binds a port in the sandbox's runtime.
    fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let _entered = self.runtime.enter();
        TcpListener::from_std(listener)
    }

    /// Stops all ports.
    pub(crate) fn close(&self) {
        self.tasks().abort_all();
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    Catalog,
    Tags { name: String },
    Manifest { name: String, reference: String },
    Blob { name: String, digest: String },
    Referrers { name: String, digest: String },
}

impl Call {
    fn of(path: &str) -> Option<Self> {
        let path = match path {
            "/v2" | "/v2/" => return Some(Self::Base),
            "/v2/_catalog" => return Some(Self::Catalog),
            TOKEN_PATH => return Some(Self::Token),
            path => path.strip_prefix("/v2/")?,
        };
        if let Some(name) = path.strip_suffix("/tags/list") {
            let name = encoding::decode(name)?;
            return Some(Self::Tags { name });
        }
        let (path, last) = path.rsplit_once('/')?;
        let (name, noun) = path.rsplit_once('/')?;
        let (name, last) = (encoding::decode(name)?, encoding::decode(last)?);
        match noun {
            "manifests" => Some(Self::Manifest {
                name,
                reference: last,
            }),
            "blobs" => Some(Self::Blob { name, digest: last }),
            "referrers" => Some(Self::Referrers { name, digest: last }),
            _ => None,
        }
    }

    /// Returns what the call reads. The token service needs no access.
    fn wanted(&self) -> Wanted<'_> {
        match self {
            Self::Base | Self::Token => Wanted::Base,
            Self::Catalog => Wanted::Catalog,
            Self::Tags { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Referrers { name, .. } => Wanted::Repository(name),
        }
    }

    fn parameters(&self) -> BTreeMap<String, String> {
        let pairs = match self {
            Self::Base | Self::Token | Self::Catalog => vec![],
            Self::Tags { name } => vec![("name", name)],
            Self::Manifest { name, reference } => vec![("name", name), ("reference", reference)],
            Self::Blob { name, digest } | Self::Referrers { name, digest } => {
                vec![("name", name), ("digest", digest)]
            }
        };
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect()
    }

    /// Returns the call's noun, and whether `HEAD` is answered.
    fn noun(&self) -> (&'static str, bool) {
        match self {
            Self::Base => ("base", true),
            Self::Token => ("token", false),
            Self::Catalog => ("catalog", false),
            Self::Tags { .. } => ("tags", false),
            Self::Manifest { .. } => ("manifest", true),
            Self::Blob { .. } => ("blob", true),
            Self::Referrers { .. } => ("referrers", false),
        }
    }
}

impl Serves for Front {
    async fn answer(
        &self,
        request: hyper::Request<Incoming>,
    ) -> Option<hyper::Response<AnswerBody>> {
        // No request that is served here has a body.
        let (head, _) = request.into_parts();
        let target = head
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let target = target.to_owned();
        let request = Request::new(head.method, &target, head.headers, Bytes::new());
        let side = self.service.side(self.place.provider());
        if let Some(answer) = side.and_then(|side| side.answer_at(&self.place, &request)) {
            return self
                .service
                .finish(request, answer, target, Some(&self.place))
                .await;
        }
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
        let response = reply.response(self.service.date());
        let fault = self.service.faults.next(operation.as_deref());
        let status = faults::status(fault, response.status());
        self.service.log.add(Received {
            method: request.method.to_string(),
            target,
            operation,
            parameters,
            place: Some(self.place.clone()),
            status: status.as_u16(),
        });
        faults::answer(fault, response).await
    }
}

/// Names of the calls of all registries' own ports.
pub(crate) const OPERATIONS: [&str; 10] = [
    "GET base",
    "HEAD base",
    "GET token",
    "GET catalog",
    "GET tags",
    "GET manifest",
    "HEAD manifest",
    "GET blob",
    "HEAD blob",
    "GET referrers",
];

/// Returns the name of a call for the log and hooks.
fn operation(call: &Call, method: &Method) -> Option<String> {
    let (noun, has_head) = call.noun();
    let reads = method == Method::GET || (method == Method::HEAD && has_head);
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
        if let Err(refusal) = self.access.admit(request, call.wanted(), side, now) {
            return refusal;
        }
        self.service.hook.call(operation);
        match call {
            Call::Base | Call::Token => Reply::json(StatusCode::OK, "{}"),
            Call::Catalog => {
                let names = side.repositories(&self.place, (self.service.clock)());
                pages::page(request, names.iter(), json!({}), "repositories")
            }
            Call::Tags { name } => match self.service.tags(&self.place, name) {
                Some(tags) => pages::page(request, tags.keys(), json!({"name": name}), "tags"),
                None => no_repository(name),
            },
            Call::Manifest { name, reference } => {
                self.manifest(name, reference, request.method == Method::HEAD)
            }
            Call::Blob { name, digest } => self.blob(name, digest),
            Call::Referrers { name, digest } => {
                let wanted = request.query_parameters();
                let wanted = wanted.get("artifactType").map(String::as_str);
                let tags = self.service.tags(&self.place, name).unwrap_or_default();
                referrers::index(&tags, digest, wanted, &self.service.contents)
            }
        }
    }

    fn blob(&self, name: &str, digest: &str) -> Reply {
        let has_repository = self.service.tags(&self.place, name).is_some();
        let content = self.service.contents.get(digest);
        match content.filter(|_| has_repository) {
            Some(content) => Reply::blob(digest, content),
            None => {
                let message = format!("{name} has no blob {digest}");
                error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", &message)
            }
        }
    }

    fn manifest(&self, name: &str, reference: &str, is_head: bool) -> Reply {
        let manifest = match self.service.find(&self.place, name, reference) {
            Found::Manifest(manifest) => manifest,
            Found::NoManifest => {
                let message = format!("{name} has no manifest {reference}");
                return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &message);
            }
            Found::NoRepository => return no_repository(name),
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

fn no_repository(name: &str) -> Reply {
    let message = format!("there is no repository {name}");
    error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message)
}
