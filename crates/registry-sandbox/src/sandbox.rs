use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::accounts::Accounts;
use crate::alibabacloud::MetadataAccess;
use crate::clock::{self, Clock};
use crate::course::{Outcome, Pace};
use crate::hook::OutgoingAnswer;
use crate::push::PushError;
use crate::received::Received;
use crate::registry::{self, RegistryEndpoint};
use crate::server::{self, Service};
use crate::spec::SpecError;
use crate::world::{Place, Record, Source};

/// How a sandbox is started.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Where it listens; a loopback address. The default is a free port of 127.0.0.1.
    pub listen: SocketAddr,
    /// What time it is. The default is the system's clock.
    pub clock: Clock,
    /// How the Alibaba metadata service can be asked. The default is in every way.
    pub alibabacloud_metadata: MetadataAccess,
}

impl Options {
    /// Listens at `listen`.
    #[must_use]
    pub fn listen(mut self, listen: SocketAddr) -> Self {
        self.listen = listen;
        self
    }

    /// Reads the time from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Lets the Alibaba metadata service be asked in this way.
    #[must_use]
    pub fn alibabacloud_metadata(mut self, access: MetadataAccess) -> Self {
        self.alibabacloud_metadata = access;
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: clock::system(),
            alibabacloud_metadata: MetadataAccess::default(),
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

/// Why a sandbox did not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not a loopback one. The sandbox's keys are public, and it speaks plain HTTP.
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
        /// What the system says.
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

/// Both clouds on one loopback port, until it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    endpoint: String,
    accounts: Accounts,
    service: Arc<Service>,
    serving: AbortHandle,
    /// What serves registries' own sides.
    registries: Mutex<JoinSet<()>>,
    /// Closes when the serving task is gone.
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

    /// Where both clouds are, such as `http://127.0.0.1:49152`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// The accounts that the sandbox lets in.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// The last 1,000 requests that were answered, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.service.log.all()
    }

    /// How many requests were answered so far.
    pub fn requests(&self) -> u64 {
        self.service.log.count()
    }

    /// Calls `hook` with the vendor's name of the call (`ListRepoSyncTask`) whenever a caller has
    /// been let in and before the call is looked at, so that the world can change between two pages
    /// of one listing. Calls that need no signature or token, such as those for tokens, are left
    /// out. A later hook takes the place of an earlier one.
    ///
    /// No lock is held meanwhile: the hook may call any method of the sandbox, and move its clock.
    /// It must not block. It lives as long as the sandbox does, so that it has to hold the sandbox
    /// weakly, or neither would ever be dropped:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use registry_sandbox::{Sandbox, world};
    /// # fn disturb(sandbox: &Arc<Sandbox>) {
    /// let weak = Arc::downgrade(sandbox);
    /// sandbox.on_request(move |operation| {
    ///     if let (Some(sandbox), "ListRepoSyncTask") = (weak.upgrade(), operation) {
    ///         sandbox.push(world::Source::Alibabacloud, "team/api", "v44", "content").ok();
    ///     }
    /// });
    /// # }
    /// ```
    pub fn on_request(&self, hook: impl Fn(&str) + Send + Sync + 'static) {
        self.service.hook.set(Arc::new(hook));
    }

    /// Calls `hook` with each answer before it leaves, so that a test can let listings lag, lose
    /// records or fail. The world stays as it is. A later hook replaces an earlier one, and
    /// everything that [`Sandbox::on_request`] says of its hook holds for this one too.
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

    /// Decides how the work of tasks that are yet to be made goes: those of `repository`
    /// (`namespace/repository`), of one tag or of all, to one destination (a region, an instance or
    /// a registry's name) or to all. A later decision goes before an earlier one; without one, work
    /// succeeds.
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

    /// How long the parts of tasks take that are yet to be made.
    pub fn set_pace(&self, pace: Pace) {
        self.service.plans.set_pace(pace);
    }

    /// Pushes an image to `repository` (`namespace/repository`) under `tag`, as docker would, and
    /// answers its digest, which is that of `content`. A repository that is not there is made;
    /// rules that run on a push run.
    pub fn push(
        &self,
        to: Source,
        repository: &str,
        tag: &str,
        content: &str,
    ) -> Result<String, PushError> {
        self.service.push(to, repository, tag, content)
    }

    /// The digest (`sha256:…`) that `repository` (`namespace/repository`) has under `tag` in a
    /// registry now; work that has ended has taken effect before. It is the truth, of which no call
    /// tells for every place: of the Basic edition's other regions there is nothing to ask but this
    /// and [`Sandbox::registry`].
    pub fn holds(&self, place: &Place, repository: &str, tag: &str) -> Option<String> {
        self.service.holds(place, repository, tag)
    }

    /// Loses what a registry has under `tag` of `repository` (`namespace/repository`), as
    /// registries now and then lose what they have shown, or as somebody deletes a tag: the tag is
    /// gone, and so is the manifest with its last tag. Says whether there was anything to lose.
    ///
    /// A later push or copy brings it back. At the source, an attempt that begins before that has
    /// nothing to copy, and fails; one that had begun goes on.
    pub fn forget(&self, place: &Place, repository: &str, tag: &str) -> bool {
        self.service.forget(place, repository, tag)
    }

    /// Serves a registry's own side, the OCI distribution API as far as it reads manifests, at a free
    /// port of 127.0.0.1, until the answer is dropped or the sandbox stops: `GET /v2/`, and `HEAD`
    /// and `GET /v2/<name>/manifests/<tag or digest>`.
    ///
    /// Instances take bearer tokens, which `GET /token` hands out against user and password and for
    /// the repositories that are asked for; they end after five minutes of the sandbox's clock. An
    /// Alibaba instance takes what GetAuthorizationToken has handed out for it, and the account's
    /// access key; an Enterprise edition instance takes the account's access key with its secret or
    /// with the login key. The Basic edition takes a password with every request: `region@access
    /// key`, and the login key, the access key's HMAC-SHA256 in hex under the secret key. All but
    /// the tokens of GetAuthorizationToken and the login key is made.
    ///
    /// `GET` answers the content that was pushed, whose digest is the image's, with the media type
    /// of a manifest. Of the vendor's examples the sandbox has no bytes: they answer `HEAD` alone,
    /// with a made length, and `GET` with 405. At Alibaba's instances and in the Basic edition's
    /// other regions, only manifests that have a tag are there.
    pub async fn registry(&self, place: &Place) -> Result<RegistryEndpoint, StartError> {
        registry::open(&self.service, place, &self.registries).await
    }

    /// Takes away records of work that has ended, as vendors clean up: no call lists or shows them
    /// any more. `is_due` is asked about each, oldest first. Answers how many went.
    ///
    /// ```
    /// # use registry_sandbox::{Sandbox, world::Source};
    /// # fn clean_up(sandbox: &Sandbox) -> usize {
    /// let mut oldest = 0..10;
    /// sandbox.purge_tasks(Source::HuaweicloudBasic, |record| {
    ///     record.repository == "team/api" && oldest.next().is_some()
    /// })
    /// # }
    /// ```
    pub fn purge_tasks(&self, registry: Source, is_due: impl FnMut(&Record) -> bool) -> usize {
        self.service.purge(registry, is_due)
    }

    /// Stops serving, and cuts open connections off. Dropping the sandbox does the same.
    pub fn stop(&self) {
        self.serving.abort();
        let mut registries = self
            .registries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        registries.abort_all();
    }

    /// Waits until the sandbox serves no more: it was stopped, or its runtime is shutting down.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.clone();
        while stopped.changed().await.is_ok() {}
    }
}

/// Serves both clouds. `_alive` is the first parameter and so the last to be dropped: who sees it
/// closed finds the port closed, too.
async fn serve(_alive: watch::Sender<()>, listener: TcpListener, service: Arc<Service>) {
    server::serve(listener, service).await;
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}
