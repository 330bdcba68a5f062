//! Arrivals: polls, verdicts and waits.
//!
//! - A look (`look.rs` of each vendor) reads rules and tasks into a `Sight`.
//! - `judge` makes verdicts of a sight and sends no calls.
//! - `engine` keeps the state of one arrival.
//! - `watch` lets all arrivals of a registry share their looks.
//! - `wait` polls until a verdict is final or the deadline has passed.

mod compare;
pub(crate) mod cover;
pub(crate) mod destination;
pub(crate) mod doublestar;
mod engine;
mod explain;
pub(crate) mod judge;
mod log;
mod memory;
mod parts;
mod polling;
mod proof;
pub(crate) mod read;
pub(crate) mod report;
pub(crate) mod sight;
mod wait;
pub(crate) mod watch;

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use openapi_transport::{Error, Timestamp};

use compare::Matching;
pub use cover::{Coverage, Covered};
pub use destination::Destination;
use engine::{Ask, Engine, Extent, Origin};
use judge::Question;
pub use polling::Polling;
pub(crate) use proof::{Served, Shows};
pub use report::{
    Basis, DestinationReport, Evidence, EvidenceOrigin, Reason, ReasonKind, Report, Trouble,
    Verdict,
};
use sight::{Look, Settling};
pub(crate) use wait::GRACE;
pub use wait::{Wait, WaitError};

use crate::oci;

/// Question whether an image has arrived at its destinations.
///
/// [`Registry::arrival`](crate::Registry::arrival) begins it; [`check`](Self::check),
/// [`wait`](Self::wait) and [`explain`](Self::explain) answer it.
///
/// # What counts as arrived
///
/// Tags move. So the arrival first asks the source for the digest under the tag, unless the caller
/// sets a [`digest`](Self::digest), and only a copy of that digest counts. A task that names the
/// digest proves the copy. If the provider's tasks name no digest, a task counts that was created
/// after the source's tag was pushed, while the source still has the digest. With
/// [`since`](Self::since), only tasks count that were created at that time or later. With
/// [`newest`](Self::newest), the newest task counts.
/// [`rests_on`](DestinationReport::rests_on) names the basis of a verdict.
///
/// One answer proves presence, not absence: listings lag, and pages get lost. A verdict that depends
/// on what a listing does not show, such as a newer task, is final only when two polls in a row agree.
/// A task that was seen once stays known until polls have lacked it for a minute.
///
/// A rule that does not overwrite leaves an existing destination tag unchanged, and with some
/// providers its task succeeds nevertheless. There, the first known copy of the tag counts as the
/// destination's content. Only a [`proof`](Self::proof) can tell what was there before, or what
/// another client pushed there; the report [says so](Basis::FirstCopy).
///
/// # What it costs
///
/// A poll lists the rules, and the tasks of the images that arrivals wait for. A new arrival reads
/// the rules again, and so does a poll after a minute. A poll looks up the source's tag if a verdict
/// depends on it.
/// The documentation of each provider's module names the calls.
///
/// All arrivals of one registry, and of its clones, share their polls. A poll reads each listing
/// once, however many arrivals wait: its cost depends on what is listed.
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
    /// Registry that has the expected image, and its name there.
    original: Option<(oci::Client, String, String)>,
    matching: Matching,
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
            original: None,
            matching: Matching::default(),
        }
    }

    /// Adds a destination. Repeatable. [default: the destinations of the rules that cover the image]
    pub fn to(mut self, destination: impl Into<Destination>) -> Self {
        self.to.push(destination.into());
        self
    }

    /// Sets the expected digest of the manifest, `sha256:` and 64 hexadecimal digits.
    /// [default: the source's digest under the tag when the arrival begins]
    pub fn digest(mut self, digest: impl Into<String>) -> Self {
        self.digest = Some(digest.into());
        self
    }

    /// Takes the expected digest from another registry: the digest of `repository` under `reference`,
    /// a tag or digest, when the arrival begins.
    pub fn original(
        mut self,
        registry: oci::Client,
        repository: impl Into<String>,
        reference: impl Into<String>,
    ) -> Self {
        self.original = Some((registry, repository.into(), reference.into()));
        self
    }

    /// Sets what an image at a destination must have in common with the expected one, if their digests
    /// differ. An index that was created again has another digest, for example because a copy left out
    /// attestations. `platforms` narrows the comparison; an empty list means all platforms. [default:
    /// [`Match::Digest`](oci::Match::Digest)]
    ///
    /// It applies to destinations that are asked themselves: those of an OCI registry, and those with a
    /// [proof](Self::proof). A comparison reads the manifests of the source, so a registry of a cloud
    /// needs its [`original`](Self::original).
    pub fn matching(
        mut self,
        mode: oci::Match,
        platforms: impl IntoIterator<Item = oci::Platform>,
    ) -> Self {
        self.matching.mode = mode;
        self.matching.platforms = platforms.into_iter().collect();
        self
    }

    /// Requires that the artifacts that refer to the source's image have arrived, too: signatures,
    /// attestations and others that [`Client::referrers`](oci::Client::referrers) finds. It applies to
    /// the same destinations as [`matching`](Self::matching).
    pub fn with_referrers(mut self) -> Self {
        self.matching.referrers = true;
        self
    }

    /// Ignores tasks that were created before this time, by the service's clock. Use the time of the
    /// push. If the service tells whole seconds, the whole second counts.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Lets the newest task count, whichever image it copied. Of a registry without tasks, any image
    /// under the tag counts. The arrival does not ask the source for
    /// a digest, so a later push may still be missing at the destination.
    pub fn newest(mut self) -> Self {
        self.newest = true;
        self
    }

    /// Requires all destinations. This is the default.
    pub fn all(mut self) -> Self {
        self.extent = Extent::All;
        self
    }

    /// Requires any one destination.
    pub fn any(mut self) -> Self {
        self.extent = Extent::Any;
        self
    }

    /// Sets how long a task must stay failed until the failure is final. [default: the provider's own]
    ///
    /// The default allows for the provider's retries. If the provider gives up after a known number of
    /// runs, the last one is final at once, unless this window is set.
    pub fn settle_window(mut self, window: Duration) -> Self {
        self.settle = Some(window);
        self
    }

    /// Sets how long a task may stay in one state until it counts as stalled. [default: the provider's
    /// own, usually 15 min]
    ///
    /// Tasks do not show how many bytes they have copied: allow for the largest image.
    pub fn stall_window(mut self, window: Duration) -> Self {
        self.stall = Some(window);
        self
    }

    /// Sets how long a rule may take to create a task. [default: the provider's own, usually 60 s]
    ///
    /// The window begins at [`since`](Self::since), or with the wait.
    pub fn task_window(mut self, window: Duration) -> Self {
        self.task = Some(window);
        self
    }

    /// Sets how long a wait survives answers that a retry usually does not change: permission denied,
    /// an HTML page, a truncated body. [default: 60 s]
    ///
    /// The window counts after a good poll only; before it, such an answer ends the wait. Transient
    /// failures (no connection, throttling, 5xx) never end a wait before its deadline.
    pub fn trouble_window(mut self, window: Duration) -> Self {
        self.trouble = window;
        self
    }

    /// Sets how often a wait polls.
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// Requires that `registry` itself serves the digest at this destination, twice in a row:
    /// `HEAD /v2/<name>/manifests/<tag>`. A registry may serve a manifest and lose it again. The name
    /// is the namespace and repository that the rule copies to.
    ///
    /// A registry without tasks asks its destinations itself, and ignores a proof.
    ///
    /// The arrival asks the registry when no task is copying the image: after tasks have succeeded,
    /// and also without any task, because another client may have copied the image. The expected
    /// digest is the caller's, the task's, or the source's at that time.
    pub fn proof(mut self, destination: impl Into<Destination>, registry: oci::Client) -> Self {
        self.proofs.push((destination.into(), Arc::new(registry)));
        self
    }

    fn ask(&self) -> Result<Ask, Error> {
        let image = self.registry.descriptor().image(&self.image)?;
        let shows_work = self.registry.descriptor().shows_work();
        if image.tag().is_none() && (shows_work || self.digest.is_none()) {
            return Err(Error::configuration(format!(
                "image {:?} has no tag; write {image}:TAG",
                self.image
            )));
        }
        if let Some(unfit) = self.to.iter().find(|to| to.place().is_empty()) {
            return Err(Error::configuration(format!(
                "invalid destination {:?}; name a region, instance or target registry",
                unfit.to_string()
            )));
        }
        let of_none = |(to, _): &&(Destination, _)| !self.to.contains(to);
        if let Some((to, _)) = self.proofs.iter().find(of_none) {
            return Err(Error::configuration(format!(
                "the proof for {:?} has no matching destination; add that destination, or correct the proof",
                to.to_string()
            )));
        }
        if self.newest && (self.digest.is_some() || self.since.is_some()) {
            return Err(Error::configuration(
                "newest cannot be combined with a digest or a time; leave one of them out",
            ));
        }
        if !shows_work && self.since.is_some() {
            return Err(Error::configuration(format!(
                "{} has no tasks, so no time can be compared; leave out the time",
                self.registry.descriptor().title
            )));
        }
        let digest = self.digest.as_deref().map(sha256).transpose()?;
        let mut destinations = self.to.clone();
        let mut origin = match &self.original {
            Some((registry, repository, reference)) => {
                Origin::Other(registry.clone(), repository.clone(), reference.clone())
            }
            None => Origin::Own,
        };
        if let (true, Some(own)) = (destinations.is_empty(), self.registry.own_destination()) {
            // The image is expected where it is named.
            destinations.push(own);
            if self.original.is_none() {
                origin = Origin::None;
            }
        }
        let mut proofs = self.proofs.clone();
        for destination in &destinations {
            if let Some(registry) = self.registry.shows(destination)? {
                let own = self
                    .registry
                    .client()
                    .filter(|_| matches!(origin, Origin::Own));
                let same = own.is_some_and(|own| own.endpoint() == registry.client().endpoint());
                let namespace = destination.own_namespace();
                if same && namespace.is_none_or(|name| name == image.namespace()) {
                    return Err(Error::configuration(format!(
                        "destination {destination} is the source itself; name another destination"
                    )));
                }
                proofs.insert(0, (destination.clone(), registry));
            }
        }
        let has_source = !matches!(origin, Origin::None);
        let Matching {
            mode,
            platforms,
            referrers,
        } = &self.matching;
        if *mode == oci::Match::Digest && !platforms.is_empty() {
            return Err(Error::configuration(
                "a digest covers all platforms; match platforms or configs to narrow by platform",
            ));
        }
        let reads_source = *mode != oci::Match::Digest || *referrers;
        if reads_source && shows_work && self.original.is_none() {
            return Err(Error::configuration(format!(
                "{} does not show manifests of the source; name the source's own registry as the \
                 original",
                self.registry.descriptor().title
            )));
        }
        if *referrers && !has_source {
            return Err(Error::configuration(
                "referrers are compared with a source; name a destination or an original",
            ));
        }
        let own = self.registry.descriptor().windows;
        let settle = match self.settle {
            Some(window) => Settling { window, runs: None },
            None => Settling {
                window: own.settle,
                runs: own.runs,
            },
        };
        Ok(Ask {
            resolves: has_source && !self.newest && digest.is_none() && self.since.is_none(),
            origin,
            matching: self.matching.clone(),
            registry: self.registry.clone(),
            question: Question {
                image,
                digest,
                since: self.since,
                is_absent: false,
                settle,
                stall: self.stall.unwrap_or(own.stall),
                task: self.task.unwrap_or(own.task),
                shows_work,
            },
            destinations,
            extent: self.extent,
            proofs,
        })
    }

    /// Polls the registry once, and once more a second later if one poll proves too little: for a
    /// final verdict, and for a [proof](Self::proof).
    ///
    /// # Errors
    /// When image, digest or destination is invalid, and any error of a call.
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

    /// Polls as [`check`](Self::check) does, and collects all [`reasons`](DestinationReport::reasons)
    /// why the image is not there. It sends more calls: for the source's tag, and for the reason why
    /// the whole registry copies nothing.
    ///
    /// # Errors
    /// Those of [`check`](Self::check).
    pub async fn explain(&self) -> Result<Report, Error> {
        let mut engine = Engine::new(self.ask()?, Duration::ZERO);
        let report = engine.explain(engine.start()).await?;
        match needs_another(&report) {
            true => engine.explain(another(&engine).await).await,
            false => Ok(report),
        }
    }

    /// Waits for the arrival, at most until `deadline` has passed since the first poll. The last poll
    /// begins at the deadline.
    ///
    /// A wait ends before its deadline when the image has arrived, and when a verdict is final. It
    /// survives calls that fail for a while; its reports name them as [`trouble`](Report::trouble). It
    /// ends within a second of its deadline, and drops what is in flight.
    ///
    /// # Errors
    /// [`WaitError`] tells why the image has not arrived.
    pub fn wait(&self, deadline: Duration) -> Wait {
        Wait::new(self.ask(), self.polling, self.trouble, deadline)
    }
}

/// Whether a second look may prove more than the first. Looks must agree, and a destination must
/// serve an image twice in a row.
fn needs_another(report: &Report) -> bool {
    let mut destinations = report.destinations.iter();
    destinations.any(|destination| {
        let mut reasons = destination.reasons.iter();
        let is_unconfirmed = reasons.any(|reason| reason.kind == ReasonKind::Unconfirmed);
        is_unconfirmed || destination.shown == Some(1)
    })
}

/// Returns when a second look begins: a second after the first.
async fn another(engine: &Engine) -> Duration {
    engine.clock().sleep(Duration::from_secs(1)).await;
    engine.clock().elapsed()
}

impl Shows for oci::Client {
    fn client(&self) -> &oci::Client {
        self
    }

    fn shows<'a>(
        &'a self,
        repository: &'a str,
        reference: &'a str,
        _: Duration,
        _: bool,
    ) -> BoxFuture<'a, Result<Served, Error>> {
        Box::pin(async move {
            let asked = self.context().clock().elapsed();
            let manifest = self.manifest(repository, reference).await?;
            let digest = manifest.map(|manifest| manifest.digest);
            Ok(Served { digest, asked })
        })
    }
}

/// Checks a digest of the caller. The error names it.
fn sha256(text: &str) -> Result<String, Error> {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    let fits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match hex.len() == 64 && hex.bytes().all(fits) {
        true => Ok(text.to_owned()),
        false => Err(Error::configuration(format!(
            "invalid digest {text:?}; expected sha256: and 64 hexadecimal digits in lower case"
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
