//! Has it arrived? Looks, verdicts, waits.
//!
//! A look (`look.rs` of each vendor) reads rules and tasks into a `Sight`, `judge` makes verdicts of
//! it without asking anything, `engine` keeps what one arrival has to remember, `watch` lets all
//! arrivals of a registry share their looks, and `wait` looks time and again.

pub(crate) mod cover;
mod destination;
mod engine;
mod explain;
mod judge;
mod memory;
mod polling;
mod proof;
pub(crate) mod read;
mod report;
pub(crate) mod sight;
mod wait;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use openapi_transport::{Error, Timestamp};

pub use destination::Destination;
use engine::{Ask, Engine, Extent};
use judge::Question;
pub use polling::Polling;
use proof::Shows;
pub use report::{
    Basis, DestinationReport, Evidence, EvidenceOrigin, Reason, ReasonKind, Report, Trouble,
    Verdict,
};
use sight::{Look, Settling};
pub use wait::{Wait, WaitError};

use crate::oci;

/// Whether an image is where it has to be: what is asked, before it is asked.
///
/// Begun by [`Registry::arrival`](crate::Registry::arrival), and ended by [`check`](Self::check),
/// [`wait`](Self::wait) or [`explain`](Self::explain).
///
/// # What counts as arrived
///
/// Tags move. So the source is asked first which digest it has under the tag, unless a
/// [`digest`](Self::digest) is given, and only a copy of that digest counts: a task that names it,
/// or, where the vendor's tasks name none (Alibaba Cloud, Huawei Cloud Basic), a task that was made
/// after the source's tag was pushed, while the source still has the digest. With
/// [`since`](Self::since), only tasks count that were made then or later. With
/// [`newest`](Self::newest), the newest task counts. [`rests_on`](DestinationReport::rests_on) says
/// what the verdict rests on.
///
/// One answer proves presence, and not absence: listings lag behind, and pages get lost. A verdict
/// that rests on what a listing does not show, such as a newer task, is final only when two looks in
/// a row agree. What was seen once stays known until looks have lacked it for a minute.
///
/// A rule of Huawei Cloud Enterprise that does not overwrite leaves a tag as it is that the
/// destination has already, and its task succeeds all the same. There, the first copy of the tag
/// that the last 200 executions show is taken for what the destination has. What was there before,
/// or was pushed there by somebody else, only a [`proof`](Self::proof) can tell; the report
/// [says so](Basis::FirstCopy).
///
/// # What it asks
///
/// A look at Huawei Cloud Enterprise makes the calls `ListInstanceReplicationPolicies`,
/// `ListInstanceRegistries`, `ListInstanceReplicationPolicyExecutions`, and, for each execution that
/// is at work for what is wanted, `ListInstanceReplicationPolicyExecTasks` and
/// `ListInstanceReplicationPolicyExecSubTasks`; at Huawei Cloud Basic, `ListImageAutoSyncReposDetails`
/// and `ShowSyncJob` of the repository; at Alibaba Cloud, `ListRepoSyncRule` and `ListRepoSyncTask`.
/// Rules and target registries are read anew when an arrival begins, and after a minute. What the
/// source has under the tag is looked up when a verdict depends on it: `ShowInstanceArtifact`,
/// `ShowRepoTag`, `GetRepository` and `GetRepoTag`.
///
/// All arrivals of one registry, and of its clones, share their looks. A look reads each listing
/// once, whoever waits: its cost goes by what is listed, not by how many wait.
#[derive(Clone)]
#[must_use = "an arrival asks nothing until it is checked or awaited"]
pub struct Arrival {
    registry: Arc<dyn Look>,
    image: String,
    to: Vec<Destination>,
    digest: Option<String>,
    since: Option<Timestamp>,
    newest: bool,
    extent: Extent,
    settle: Option<Duration>,
    stall: Option<Duration>,
    task: Option<Duration>,
    trouble: Duration,
    polling: Polling,
    proofs: Vec<(Destination, Arc<dyn Shows>)>,
}

impl Arrival {
    pub(crate) fn new(registry: Arc<dyn Look>, image: &str) -> Self {
        Self {
            registry,
            image: image.to_owned(),
            to: Vec::new(),
            digest: None,
            since: None,
            newest: false,
            extent: Extent::All,
            settle: None,
            stall: None,
            task: None,
            trouble: Duration::from_secs(60),
            polling: Polling::default(),
            proofs: Vec::new(),
        }
    }

    /// With this destination, too. Unless one is named, the destinations are those of the rules that
    /// cover the image, as the first look shows them.
    pub fn to(mut self, destination: impl Into<Destination>) -> Self {
        self.to.push(destination.into());
        self
    }

    /// Only this image counts: the digest of its manifest, `sha256:` and 64 hexadecimal digits. The
    /// default is the digest that the source has under the tag when the arrival begins.
    pub fn digest(mut self, digest: impl Into<String>) -> Self {
        self.digest = Some(digest.into());
        self
    }

    /// Only tasks count that were made at this time or later, by the service's clock: the time of
    /// the push. Where a vendor tells whole seconds, the second counts.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// The newest task counts, whatever it copied. The source is not asked for a digest, so an image
    /// that was pushed since may still be missing.
    pub fn newest(mut self) -> Self {
        self.newest = true;
        self
    }

    /// It has to be at every destination. This is the default.
    pub fn all(mut self) -> Self {
        self.extent = Extent::All;
        self
    }

    /// Any one destination will do.
    pub fn any(mut self) -> Self {
        self.extent = Extent::Any;
        self
    }

    /// How long a task has to stay failed until it counts as failed. The default is the registry's
    /// own: 60 s, and 150 s for Huawei Cloud Enterprise, which runs a failed task up to three times
    /// with pauses of up to 118 s and shows it as failed meanwhile. There, a third run that failed
    /// counts at once, unless this window is set.
    pub fn settle_window(mut self, window: Duration) -> Self {
        self.settle = Some(window);
        self
    }

    /// How long a task may go without a change of its state until it counts as stalled; 15 min
    /// unless said otherwise. The vendors' tasks do not show how far the bytes have come: allow for
    /// the time that the largest image takes.
    pub fn stall_window(mut self, window: Duration) -> Self {
        self.stall = Some(window);
        self
    }

    /// How long a task may take to come up where a rule should make it; 60 s unless said otherwise.
    /// It counts from [`since`](Self::since), or from the begin of the wait.
    pub fn task_window(mut self, window: Duration) -> Self {
        self.task = Some(window);
        self
    }

    /// How long a wait goes on while the registry gives answers that a retry usually does not
    /// change: permission denied, an HTML page, a truncated body. The default is 60 s. The window
    /// counts after a good look only; before it, such an answer ends the wait. Failures that usually
    /// pass (no connection, throttling, 5xx) never end a wait before its deadline.
    pub fn trouble_window(mut self, window: Duration) -> Self {
        self.trouble = window;
        self
    }

    /// How often a wait looks.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Lets the destination itself prove it: it counts as arrived only when `registry` has shown the
    /// digest twice in a row, `HEAD /v2/<name>/manifests/<tag>`, since a registry may show a manifest
    /// and lose it again. Each time, the tag is looked up under the namespace and repository that the
    /// rule copies to.
    ///
    /// The registry is asked when tasks do not say any more that the image is on its way: after they
    /// have succeeded, but also where there are none, since somebody else may have copied it. What
    /// has to be shown is the digest that was asked for, the one that the task names, or the one
    /// that the source has at that time.
    pub fn proof(mut self, destination: impl Into<Destination>, registry: oci::Client) -> Self {
        self.proofs.push((destination.into(), Arc::new(registry)));
        self
    }

    fn ask(&self) -> Result<Ask, Error> {
        let image = self.registry.descriptor().image(&self.image)?;
        if image.tag().is_none() {
            return Err(Error::configuration(format!(
                "image {:?} has no tag; write {image}:TAG",
                self.image
            )));
        }
        if let Some(unfit) = self.to.iter().find(|to| to.place().is_empty()) {
            return Err(Error::configuration(format!(
                "destination {:?} names no region, instance or registry",
                unfit.to_string()
            )));
        }
        let of_none = |(to, _): &&(Destination, _)| !self.to.contains(to);
        if let Some((to, _)) = self.proofs.iter().find(of_none) {
            return Err(Error::configuration(format!(
                "the proof for {:?} is of no destination that was asked for",
                to.to_string()
            )));
        }
        if self.newest && (self.digest.is_some() || self.since.is_some()) {
            return Err(Error::configuration(
                "the newest task cannot count beside a digest or a time; leave one of them out",
            ));
        }
        let digest = self.digest.as_deref().map(sha256).transpose()?;
        let own = self.registry.descriptor().windows;
        let settle = match self.settle {
            Some(window) => Settling { window, runs: None },
            None => Settling {
                window: own.settle,
                runs: own.runs,
            },
        };
        Ok(Ask {
            resolves: !self.newest && digest.is_none() && self.since.is_none(),
            registry: self.registry.clone(),
            question: Question {
                image,
                digest,
                since: self.since,
                is_absent: false,
                settle,
                stall: self.stall.unwrap_or(own.stall),
                task: self.task.unwrap_or(own.task),
            },
            destinations: self.to.clone(),
            extent: self.extent,
            proofs: self.proofs.clone(),
        })
    }

    /// Looks at the registry, and a second time a second later where one look proves too little: for
    /// a verdict that is final, and where a [proof](Self::proof) is asked for.
    ///
    /// # Errors
    /// When image, digest or destination is invalid, and whatever can go wrong with a call.
    pub async fn check(&self) -> Result<Report, Error> {
        let mut engine = Engine::new(self.ask()?, Duration::ZERO);
        let report = engine.look(engine.start(), Duration::ZERO).await.report?;
        match needs_another(&report) {
            true => {
                engine
                    .look(another(&engine).await, Duration::ZERO)
                    .await
                    .report
            }
            false => Ok(report),
        }
    }

    /// Looks as [`check`](Self::check) does, and finds out all that can be said of why the image is
    /// not there, in [`reasons`](DestinationReport::reasons). It asks more: the source's tag, and
    /// the edition of the instance (`GetInstance`).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn explain(&self) -> Result<Report, Error> {
        let mut engine = Engine::new(self.ask()?, Duration::ZERO);
        let report = engine.explain(engine.start()).await?;
        match needs_another(&report) {
            true => engine.explain(another(&engine).await).await,
            false => Ok(report),
        }
    }

    /// Waits for the arrival, no longer than `deadline`, at which one more look is taken. The time
    /// counts from the first poll of the wait.
    ///
    /// A wait ends before its deadline when the image has arrived, and when waiting longer would
    /// change nothing. Calls that fail for a while do not end it; its reports say so in
    /// [`trouble`](Report::trouble). It ends within a second of its deadline: what is in flight then
    /// is dropped.
    ///
    /// # Errors
    /// [`WaitError`] says why it has not arrived.
    pub fn wait(&self, deadline: Duration) -> Wait {
        Wait::new(self.ask(), self.polling, self.trouble, deadline)
    }
}

/// Whether a second look may say more than the first: looks have to agree, and a destination has to
/// show an image twice in a row.
fn needs_another(report: &Report) -> bool {
    let mut destinations = report.destinations.iter();
    destinations.any(|destination| {
        let mut reasons = destination.reasons.iter();
        let is_unconfirmed = reasons.any(|reason| reason.kind == ReasonKind::Unconfirmed);
        is_unconfirmed || destination.shown == Some(1)
    })
}

/// When a second look begins: a second after the first.
async fn another(engine: &Engine) -> Duration {
    engine.clock().sleep(Duration::from_secs(1)).await;
    engine.clock().elapsed()
}

impl Shows for oci::Client {
    fn shows<'a>(
        &'a self,
        repository: &'a str,
        tag: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, Error>> {
        Box::pin(async move {
            let manifest = self.manifest(repository, tag).await?;
            Ok(manifest.map(|manifest| manifest.digest))
        })
    }
}

/// A digest that was given, or an error that names it.
fn sha256(text: &str) -> Result<String, Error> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match hex.len() == 64 && hex.bytes().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(Error::configuration(format!(
            "digest {text:?} is not sha256: and 64 hexadecimal digits in lower case"
        ))),
    }
}

impl std::fmt::Debug for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrival")
            .field("image", &self.image)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
