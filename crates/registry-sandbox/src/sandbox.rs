use std::any::Any;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::accounts::{Accounts, Settings};
use crate::clock::{self, Clock};
use crate::control::{Control, ControlAccess, ServedPlace, Token};
use crate::course::{Outcome, Pace};
use crate::entrance::Entrance;
use crate::faults::{Fault, FaultError};
use crate::hook::OutgoingAnswer;
use crate::push::PushError;
use crate::received::Received;
use crate::registry::{Gateway, RegistryEndpoint};
use crate::server::{self, Service};
use crate::side::{self, Site};
use crate::sides::SIDES;
use crate::spec::SpecError;
use crate::world::{Place, Record, Source};

/// Options for the start of a sandbox.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Address to listen on. `[default: a free port of 127.0.0.1]`
    pub listen: SocketAddr,
    /// Source of the time. `[default: the system's clock]`
    pub clock: Clock,
    pub(crate) remote: bool,
    controlled: bool,
    pub(crate) seed: u64,
    /// Options of single clouds.
    others: Vec<Arc<dyn Any + Send + Sync>>,
}

impl Options {
    /// Sets the address to listen on.
    #[must_use]
    pub fn listen(mut self, listen: SocketAddr) -> Self {
        self.listen = listen;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Allows an address that other machines can reach.
    ///
    /// The keys are then random ones of this sandbox, which [`Sandbox::accounts`] and
    /// [`Sandbox::settings`] return, and the services that hand out keys without asking for a secret
    /// (metadata services) are not there. Everything goes over plain HTTP.
    #[must_use]
    pub fn remote(mut self) -> Self {
        self.remote = true;
        self
    }

    /// Adds the [control API](crate::control) to the sandbox's own port.
    #[must_use]
    pub fn controlled(mut self) -> Self {
        self.controlled = true;
        self
    }

    /// Sets the seed by which the probability of a [`Fault`] hits. `[default: 0]`
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets an option of one cloud, such as `MetadataAccess` of its module in
    /// [`world`](crate::world). A later option of the same type replaces an earlier one.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, option: T) -> Self {
        self.others.push(Arc::new(option));
        self
    }

    /// Returns the option of this type.
    pub(crate) fn get<T: Any>(&self) -> Option<&T> {
        let mut latest_first = self.others.iter().rev();
        latest_first.find_map(|option| option.downcast_ref())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: clock::system(),
            remote: false,
            controlled: false,
            seed: 0,
            others: Vec::new(),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

/// Reason why a sandbox or a registry's port did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not a loopback address. The sandbox's keys are public, and it speaks plain HTTP,
    /// unless [`Options::remote`] is set.
    #[error(
        "{0} is not a loopback address; the sandbox's keys are public and it speaks plain HTTP, \
         so it is served to this machine only"
    )]
    NotLoopback(SocketAddr),
    /// The address could not be bound.
    #[error("cannot listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Error of the system.
        source: std::io::Error,
    },
    /// There is no such registry.
    #[error("there is no {0}")]
    NoSuchRegistry(Place),
    /// A spec that is built into the sandbox cannot be read.
    #[error("a built-in spec is broken: {0}")]
    Spec(String),
}

impl From<SpecError> for StartError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error.to_string())
    }
}

/// All clouds on one loopback port, until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    endpoint: String,
    port: u16,
    accounts: Accounts,
    service: Arc<Service>,
    serving: AbortHandle,
    /// Registries' own ports.
    gateway: Arc<Gateway>,
    control: Option<ControlAccess>,
    /// Closes when the serving task has ended.
    stopped: watch::Receiver<()>,
}

impl Sandbox {
    /// Binds the address and serves it on the current Tokio runtime, which needs I/O and time.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let address = options.listen;
        if !address.ip().is_loopback() && !options.remote {
            return Err(StartError::NotLoopback(address));
        }
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        // Nothing can call the address "any".
        let shown = match bound.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let endpoint = format!("http://{}", SocketAddr::new(shown, bound.port()));
        let service = Arc::new(Service::new(&options, &endpoint)?);
        let (alive, stopped) = watch::channel(());
        let gateway = Gateway::new(Arc::clone(&service), bound.ip(), shown);
        let gateway = Arc::new(gateway);
        let token = options.controlled.then(Token::generated);
        let control = token.as_ref().map(|token| ControlAccess {
            url: endpoint.clone(),
            token: token.text().to_owned(),
        });
        let entrance = Arc::new(Entrance {
            service: Arc::clone(&service),
            control: token.map(|token| Control {
                token,
                service: Arc::clone(&service),
                gateway: Arc::clone(&gateway),
            }),
        });
        let serving = tokio::spawn(serve(alive, listener, entrance));
        let site = Site {
            endpoint: &endpoint,
            secrets: &service.secrets,
        };
        Ok(Self {
            accounts: Accounts::at(&site),
            endpoint,
            port: bound.port(),
            service,
            serving: serving.abort_handle(),
            gateway,
            control,
            stopped,
        })
    }

    /// Returns the endpoint of all clouds, such as `http://127.0.0.1:49152`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Returns the port of all clouds.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the accounts that the sandbox admits.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns settings and access key for a provider, such as `somecloud-basic`, or for the first
    /// provider of a cloud, such as `somecloud`. Returns `None` if the sandbox does not have it.
    ///
    /// For a registry that has only a port of its own, they are the `host` and the login of this port,
    /// which is [served](Self::serve) from then on.
    pub fn settings(&self, name: &str) -> Option<Settings> {
        let registry = match side::registry(name) {
            Some((_, registry)) => registry,
            None => side::definition(name)?.registries.first()?,
        };
        if let Some(settings) = registry.settings {
            return Some(settings(&self.site()));
        }
        let port = self.serve(&registry.source.into()).ok()?;
        let (user, password) = port.login()?;
        Some(Settings::new((&user, &password), [("host", &port.host())]))
    }

    /// Returns the environment variables that lead the clients of all clouds to the sandbox.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let variables = SIDES.iter().map(|side| (side.variables)(&self.site()));
        variables.flatten().collect()
    }

    fn site(&self) -> Site<'_> {
        Site {
            endpoint: &self.endpoint,
            secrets: &self.service.secrets,
        }
    }

    /// Returns URL and token of the [control API](crate::control), if the sandbox has it.
    pub fn control(&self) -> Option<&ControlAccess> {
        self.control.as_ref()
    }

    /// Returns all registries, those of one provider after the other, its source first.
    pub fn places(&self) -> Vec<Place> {
        self.service.places()
    }

    /// Returns the last 1,000 requests that were answered, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.service.log.all()
    }

    /// Returns the number of requests that were answered.
    pub fn requests(&self) -> u64 {
        self.service.log.count()
    }

    /// Sets a function that runs before each authenticated call, with the vendor's name of the call
    /// (`ListRepoSyncTask`).
    ///
    /// With it, a test changes the world between two pages of one listing. Calls that need no
    /// signature or token, such as those for tokens, do not run it. A later hook replaces an earlier
    /// one.
    ///
    /// No lock is held meanwhile: the hook may call any method of the sandbox, and move its clock. It
    /// must not block. It lives as long as the sandbox does. It must therefore hold the sandbox
    /// weakly, or neither is ever dropped:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use registry_sandbox::{Sandbox, world};
    /// # fn disturb(sandbox: &Arc<Sandbox>, source: world::Source) {
    /// let weak = Arc::downgrade(sandbox);
    /// sandbox.on_request(move |operation| {
    ///     if let (Some(sandbox), "ListRepoSyncTask") = (weak.upgrade(), operation) {
    ///         sandbox.push(source, "team/api", "v44", "content").ok();
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_request(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        self.service.hook.set(Arc::new(hook));
    }

    /// Sets a function that may change each answer before it leaves.
    ///
    /// With it, a test lets listings lag, lose records or fail. The world stays as it is. It changes
    /// the answers at registries' own ports too, whose digest is a header. The rules of
    /// [`Sandbox::on_request`] apply to this hook too.
    ///
    /// ```
    /// # use registry_sandbox::Sandbox;
    /// # fn disturb(sandbox: &Sandbox) {
    /// sandbox.on_answer(|answer| {
    ///     if answer.operation == "ListRepoSyncTask" {
    ///         answer.status = 503;
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_answer(&self, hook: impl Fn(&mut OutgoingAnswer) + Send + Sync + 'static) {
        self.service.hook.set_after(Arc::new(hook));
    }

    /// Decides the outcome of future tasks of `repository` (`namespace/repository`).
    ///
    /// A decision is about one tag or all, and about one destination (a region, an instance or a
    /// registry's name) or all. The latest decision that applies wins. Without one, work succeeds.
    pub fn decide(
        &self,
        repository: &str,
        tag: Option<&str>,
        destination: Option<&str>,
        outcome: Outcome,
    ) {
        let plans = &self.service.plans;
        plans.decide(repository, tag, destination, outcome);
    }

    /// Sets how long the parts of future tasks take.
    pub fn set_pace(&self, pace: Pace) {
        self.service.plans.set_pace(pace);
    }

    /// Pushes an image to `repository` (`namespace/repository`) under `tag`, as docker would, and
    /// returns its digest, which is that of `content`.
    ///
    /// Creates the repository if it does not exist. Rules that run on a push run. At a registry of the
    /// provider `oci`, a `content` that is not JSON becomes the config of an image, whose digest counts.
    pub fn push(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        content: &str,
    ) -> Result<String, PushError> {
        self.service.push(to, repository, tag, content)
    }

    /// Pushes an image in the form of the OCI image specification, and returns its digest.
    ///
    /// The image has one platform (`linux/amd64`) and no files. `text` is in its config, so that the
    /// same text makes the same image. With the digest of another image as its `subject`, it refers to
    /// that image, as a signature does. The rest is as for [`Sandbox::push`].
    pub fn push_image(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        text: &str,
        subject: Option<&str>,
    ) -> Result<String, PushError> {
        let service = &self.service;
        service.push_image(to, repository, tag, text, subject)
    }

    /// Returns the sandbox's time.
    pub fn now(&self) -> Timestamp {
        (self.service.clock)()
    }

    /// Moves the sandbox's clock forward, so that work goes on faster. Returns `false`, and changes
    /// nothing, if the clock would be more than ten years ahead in all.
    pub fn forward(&self, by: Duration) -> bool {
        self.service.shift.forward(by)
    }

    /// Adds rules that spoil answers, or none of them.
    ///
    /// # Errors
    /// When the sandbox would have more than 64 rules.
    pub fn add_faults(&self, faults: Vec<Fault>) -> Result<(), FaultError> {
        self.service.faults.add(faults)
    }

    /// Returns the digest (`sha256:…`) that `repository` (`namespace/repository`) has under `tag` in
    /// a registry now.
    ///
    /// Work that has ended takes effect first. This is the truth, which no vendor's call tells for
    /// every registry.
    pub fn holds(&self, place: &Place, repository: &str, tag: &str) -> Option<String> {
        self.service.holds(place, repository, tag)
    }

    /// Removes `tag` of `repository` (`namespace/repository`) from a registry, and the manifest with
    /// its last tag. Returns whether the tag existed.
    ///
    /// Registries lose images like this now and then, or a user deletes a tag. A later push or copy
    /// brings it back. At the source, an attempt that begins before that has nothing to copy and
    /// fails. An attempt that has begun continues.
    pub fn forget(&self, place: &Place, repository: &str, tag: &str) -> bool {
        self.service.forget(place, repository, tag)
    }

    /// Serves the part of the OCI distribution API that reads, for one registry, at a free port of the
    /// sandbox's address.
    ///
    /// It serves `GET /v2/`, manifests by tag or digest, blobs of pushed images, the lists of tags and
    /// repositories with their pages, and referrers among the images that have a tag. It does so until
    /// the returned value is dropped or the sandbox stops. [`serve`](Self::serve) keeps a port open.
    ///
    /// Depending on the cloud, a registry takes a password with every request, or bearer tokens.
    /// `GET /token` hands out a token for a user, a password and repositories. A token ends after five
    /// minutes of the sandbox's clock. [`RegistryEndpoint::login`] returns a login that works. The
    /// logins that the vendors' calls hand out or their pages describe work too. Everything else here
    /// is invented.
    ///
    /// `GET` returns the content that was pushed, whose digest is the image's, with the media type of
    /// a manifest. The sandbox has no bytes of the vendors' examples: they answer `HEAD` only, with an
    /// invented length, and `GET` with 405. Where a cloud shows no manifests without a tag, only
    /// manifests that have a tag exist.
    pub async fn registry(&self, place: &Place) -> Result<RegistryEndpoint, StartError> {
        self.gateway.open(place)
    }

    /// Serves a registry as [`registry`](Self::registry) does, until the sandbox stops. Later calls
    /// return the same port.
    ///
    /// # Errors
    /// Those of [`registry`](Self::registry).
    pub fn serve(&self, place: &Place) -> Result<Arc<RegistryEndpoint>, StartError> {
        self.gateway.keep(place)
    }

    /// Serves all registries as [`serve`](Self::serve) does, and describes them.
    ///
    /// # Errors
    /// Those of [`registry`](Self::registry).
    pub fn served_places(&self) -> Result<Vec<ServedPlace>, StartError> {
        self.gateway.all()
    }

    /// Removes records of work that has ended, as vendors clean up. Returns how many.
    ///
    /// No call lists or shows a removed record. `is_due` decides about each record, oldest first.
    ///
    /// ```
    /// # use registry_sandbox::{Sandbox, world};
    /// # fn clean_up(sandbox: &Sandbox, source: world::Source) -> usize {
    /// let mut oldest = 0..10;
    /// sandbox.purge_tasks(source, |record| {
    ///     record.repository == "team/api" && oldest.next().is_some()
    /// })
    /// # }
    /// ```
    pub fn purge_tasks(&self, registry: Source, is_due: impl FnMut(&Record) -> bool) -> usize {
        self.service.purge(registry, is_due)
    }

    /// Stops serving, and closes open connections. Dropping the sandbox does the same.
    pub fn stop(&self) {
        self.serving.abort();
        self.gateway.close();
    }

    /// Waits until the sandbox no longer serves, because it was stopped or its runtime shuts down.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }
}

/// Serves all clouds. `_alive` is the first parameter and therefore dropped last, so the port is
/// already closed when it closes.
async fn serve(_alive: watch::Sender<()>, listener: TcpListener, entrance: Arc<Entrance>) {
    server::serve(listener, entrance).await;
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}
