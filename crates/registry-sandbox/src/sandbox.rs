use std::any::Any;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::accounts::{Accounts, Settings};
use crate::clock::{self, Clock};
use crate::course::{Outcome, Pace};
use crate::hook::OutgoingAnswer;
use crate::push::PushError;
use crate::received::Received;
use crate::registry::{self, RegistryEndpoint};
use crate::server::{self, Service};
use crate::sides::SIDES;
use crate::spec::SpecError;
use crate::world::{Place, Record, Source};

/// Options for the start of a sandbox.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Loopback address to listen on. `[default: a free port of 127.0.0.1]`
    pub listen: SocketAddr,
    /// Source of the time. `[default: the system's clock]`
    pub clock: Clock,
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
    /// The address is not a loopback address. The sandbox's keys are public, and it speaks plain HTTP.
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
    accounts: Accounts,
    service: Arc<Service>,
    serving: AbortHandle,
    /// Tasks that serve registries' own ports.
    registries: Mutex<JoinSet<()>>,
    /// Closes when the serving task has ended.
    stopped: watch::Receiver<()>,
}

impl Sandbox {
    /// Binds the address and serves it on the current Tokio runtime, which needs I/O and time.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        let endpoint = format!("http://{bound}");
        let service = Arc::new(Service::new(&options, &endpoint)?);
        let (alive, stopped) = watch::channel(());
        let served = Arc::clone(&service);
        let serving = tokio::spawn(serve(alive, listener, served));
        Ok(Self {
            accounts: Accounts::at(&endpoint),
            endpoint,
            service,
            serving: serving.abort_handle(),
            registries: Mutex::default(),
            stopped,
        })
    }

    /// Returns the endpoint of all clouds, such as `http://127.0.0.1:49152`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Returns the accounts that the sandbox admits.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Returns settings and access key for a provider, such as `somecloud-basic`, or for the first
    /// provider of a cloud, such as `somecloud`. Returns `None` if the sandbox does not have it, and if
    /// it has only ports of its own, whose login is [`RegistryEndpoint::login`].
    pub fn settings(&self, name: &str) -> Option<Settings> {
        Settings::of(name, &self.endpoint)
    }

    /// Returns the environment variables that lead the clients of all clouds to the sandbox.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let variables = SIDES.iter().map(|side| (side.variables)(&self.endpoint));
        variables.flatten().collect()
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
    /// Creates the repository if it does not exist. Rules that run on a push run.
    pub fn push(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        content: &str,
    ) -> Result<String, PushError> {
        self.service.push(to, repository, tag, content)
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

    /// Serves the part of the OCI distribution API that reads manifests, for one registry, at a free
    /// port of 127.0.0.1.
    ///
    /// It serves `GET /v2/`, and `HEAD` and `GET /v2/<name>/manifests/<tag or digest>`, until the
    /// returned value is dropped or the sandbox stops.
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
        registry::open(&self.service, place, &self.registries).await
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
        let mut registries = self
            .registries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        registries.abort_all();
    }

    /// Waits until the sandbox no longer serves, because it was stopped or its runtime shuts down.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }
}

/// Serves all clouds. `_alive` is the first parameter and therefore dropped last, so the port is
/// already closed when it closes.
async fn serve(_alive: watch::Sender<()>, listener: TcpListener, service: Arc<Service>) {
    server::serve(listener, service).await;
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}
