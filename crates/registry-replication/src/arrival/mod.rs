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
use registry_transport::{Error, Timestamp};

pub use destination::Destination;
use engine::{Ask, Engine, Extent};
use judge::Question;
pub use polling::Polling;
use proof::Shows;
pub use report::{Basis, DestinationReport, Evidence, Reason, ReasonKind, Report, Verdict};
use sight::Look;
pub use wait::{Wait, WaitError};

use crate::model::ImageName;
use crate::oci;

/// Whether an image is where it has to be: what is asked, before it is asked.
///
/// Begun by [`Registry::arrival`](crate::Registry::arrival), and ended by [`check`](Self::check),
/// [`wait`](Self::wait) or [`explain`](Self::explain).
///
/// # What counts as arrived
///
/// Tags move. With a [`digest`](Self::digest), only a copy of that digest counts: a task that names
/// it, or, where the vendor's tasks name none (Alibaba Cloud, Huawei Cloud Basic), one that was made
/// after the source's tag was pushed, while the source still has the digest. With
/// [`since`](Self::since), only tasks count that were made then or later. With neither, the newest
/// task counts, and [`rests_on`](DestinationReport::rests_on) says so.
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
    extent: Extent,
    settle: Duration,
    stall: Duration,
    task: Duration,
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
            extent: Extent::All,
            settle: Duration::from_secs(60),
            stall: Duration::from_secs(15 * 60),
            task: Duration::from_secs(60),
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

    /// Only this image counts: the digest of its manifest, `sha256:` and 64 hexadecimal digits.
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

    /// It has to be at every destination; so it is unless said otherwise.
    pub fn all(mut self) -> Self {
        self.extent = Extent::All;
        self
    }

    /// Any one destination will do.
    pub fn any(mut self) -> Self {
        self.extent = Extent::Any;
        self
    }

    /// How long a task has to stay failed until it counts as failed; 60 s unless said otherwise.
    /// Registries made of Harbor try up to three times more, and show the task as failed meanwhile.
    pub fn settle_window(mut self, window: Duration) -> Self {
        self.settle = window;
        self
    }

    /// How long a task may go without a change of its state until it counts as stalled; 15 min
    /// unless said otherwise. The vendors' tasks do not show how far the bytes have come: allow for
    /// the time that the largest image takes.
    pub fn stall_window(mut self, window: Duration) -> Self {
        self.stall = window;
        self
    }

    /// How long a task may take to come up where a rule should make it; 60 s unless said otherwise.
    /// It counts from [`since`](Self::since), or from the begin of the wait.
    pub fn task_window(mut self, window: Duration) -> Self {
        self.task = window;
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
    pub fn proof(mut self, destination: impl Into<Destination>, registry: oci::Registry) -> Self {
        self.proofs.push((destination.into(), Arc::new(registry)));
        self
    }

    fn ask(&self) -> Result<Ask, Error> {
        let image = ImageName::given(&self.image)?;
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
        let digest = self.digest.as_deref().map(sha256).transpose()?;
        Ok(Ask {
            registry: self.registry.clone(),
            question: Question {
                image,
                digest,
                since: self.since,
                settle: self.settle,
                stall: self.stall,
                task: self.task,
            },
            destinations: self.to.clone(),
            extent: self.extent,
            proofs: self.proofs.clone(),
        })
    }

    /// Looks once. Where a [proof](Self::proof) is asked for, the destination is asked twice, a
    /// second apart.
    ///
    /// # Errors
    /// When image, digest or destination is unfit, and whatever can go wrong with a call.
    pub async fn check(&self) -> Result<Report, Error> {
        let mut engine = Engine::new(self.ask()?, Duration::ZERO);
        let now = engine.start();
        let sight = engine.look(now, Duration::ZERO).await.outcome?;
        let report = engine.report(&sight).await?;
        self.asked_again(&mut engine, &sight, report).await
    }

    /// Looks once, and finds out all that can be said of why the image is not there, in
    /// [`reasons`](DestinationReport::reasons). It asks more than [`check`](Self::check): the source's
    /// tag, and the edition of the instance (`GetInstance`).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn explain(&self) -> Result<Report, Error> {
        let mut engine = Engine::new(self.ask()?, Duration::ZERO);
        let now = engine.start();
        let sight = engine.look(now, Duration::ZERO).await.outcome?;
        let report = engine.explained(&sight).await?;
        self.asked_again(&mut engine, &sight, report).await
    }

    /// A destination has to show an image twice in a row.
    async fn asked_again(
        &self,
        engine: &mut Engine,
        sight: &sight::Sight,
        report: Report,
    ) -> Result<Report, Error> {
        let once = |destination: &DestinationReport| destination.shown == Some(1);
        if !report.destinations.iter().any(once) {
            return Ok(report);
        }
        engine.clock().sleep(Duration::from_secs(1)).await;
        engine.report(sight).await
    }

    /// Waits for the arrival, no longer than `deadline`, at which one more look is taken. The time
    /// counts from the first poll of the wait.
    ///
    /// A wait ends before its deadline when the image has arrived, and when waiting longer would
    /// change nothing. Calls that fail for a while do not end it. A look that is under way at the
    /// deadline is the last one; how long its calls may take is a matter of the registry's
    /// [context](crate::ContextBuilder::deadline).
    ///
    /// # Errors
    /// [`WaitError`] says why it has not arrived.
    pub fn wait(&self, deadline: Duration) -> Wait {
        Wait::new(self.ask(), self.polling, deadline)
    }
}

impl Shows for oci::Registry {
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
