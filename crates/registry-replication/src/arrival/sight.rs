//! Sight: the facts that a look reads from a registry, in a form common to all providers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use openapi_transport::{Context, Error, Timestamp};

use super::cover::ReadRule;
use super::destination::{Destination, Names};
use super::proof::Shows;
use super::read::Agreed;
use super::report::Reason;
use super::watch::Watch;
use crate::model::{ExecutionRef, ImageName, ImageRef, Rule, TaskRef, TaskState};
use crate::oci;
use crate::provider::Descriptor;

/// Registry that arrivals can poll. Each vendor implements it in its `look.rs`.
pub trait Look: fmt::Debug + Send + Sync {
    /// Returns the row of the provider table.
    fn descriptor(&self) -> &Descriptor;

    /// Returns the context of its calls.
    fn context(&self) -> &Context;

    /// Returns the state that all waits of this registry share.
    fn watch(&self) -> &Watch;

    /// Reads the rules, and the tasks that may concern the wanted images.
    fn look(self: Arc<Self>, wanted: Arc<Wanted>) -> BoxFuture<'static, Result<Sight, Error>>;

    /// Returns what the source has under an image's tag now, or `None` if it does not have the tag.
    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>>;

    /// Returns the registry at a destination, if this registry asks destinations itself because it has
    /// neither rules nor tasks. The default asks none.
    ///
    /// # Errors
    /// When the destination is invalid.
    fn shows(&self, destination: &Destination) -> Result<Option<Arc<dyn Shows>>, Error> {
        let _ = destination;
        Ok(None)
    }

    /// Returns the client of this registry, if it serves the distribution API itself.
    fn client(&self) -> Option<oci::Client> {
        None
    }

    /// Returns the name of an image in reports. The default is the name within the registry.
    fn title(&self, image: &ImageName) -> String {
        image.to_string()
    }

    /// Returns the destination of an arrival that names none. The default leaves it to the rules.
    fn own_destination(&self) -> Option<Destination> {
        None
    }

    /// Returns why this registry does not copy an image, beyond what its rules show. The default knows
    /// no such reason.
    fn hindrances(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Vec<Hindrance>, Error>> {
        let _ = image;
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// When a failed task is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settling {
    /// How long a task must stay failed.
    pub(crate) window: Duration,
    /// Number of runs after which the registry gives up, if each run has its own start time.
    pub(crate) runs: Option<usize>,
}

/// Repository: its namespace, and its name within it.
pub(crate) type Repository = (String, String);

pub(crate) fn repository(image: &ImageName) -> Repository {
    (image.namespace().to_owned(), image.repository().to_owned())
}

/// Rules that all looks share, in the order of their listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Arc<Vec<ReadRule>>);

impl FromIterator<ReadRule> for Rules {
    fn from_iter<I: IntoIterator<Item = ReadRule>>(rules: I) -> Self {
        Self(Arc::new(rules.into_iter().collect()))
    }
}

impl Deref for Rules {
    type Target = [ReadRule];

    fn deref(&self) -> &[ReadRule] {
        &self.0
    }
}

impl PartialEq for Rules {
    /// Whether both have the same rules, in any order.
    fn eq(&self, other: &Self) -> bool {
        let in_other = |rule| other.0.contains(rule);
        self.0.len() == other.0.len() && self.0.iter().all(in_other)
    }
}

impl PartialEq for ReadRule {
    /// Compares the fields that decide which images the rule copies, where and when.
    fn eq(&self, other: &Self) -> bool {
        let compared = |rule: &Self| {
            let rule: &Rule = rule;
            (
                (rule.id.clone(), rule.kind, rule.filters.clone()),
                (rule.source.clone(), rule.destination.clone(), rule.replaces),
                (rule.enabled, rule.automatic, rule.overwrites),
                (rule.trigger.clone(), rule.schedule.clone()),
            )
        };
        compared(self) == compared(other)
    }
}

/// Images that a look must read about.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub(crate) images: BTreeSet<ImageName>,
    /// Time before which tasks do not count; set if all wanted images have such a time.
    pub(crate) since: Option<Timestamp>,
    /// The oldest such time of any wanted image.
    pub(crate) oldest: Option<Timestamp>,
    /// Start of the most recent arrival, as elapsed time of the clock. Cached rules that are older
    /// are read again.
    pub(crate) begun: Duration,
}

/// How long before the counting time a work may have been created and still matter, because it may
/// end later than works that were created since.
const MARGIN: Duration = Duration::from_secs(15 * 60);

impl Wanted {
    pub(crate) fn repositories(&self) -> BTreeSet<Repository> {
        self.images.iter().map(repository).collect()
    }

    /// Whether a look for this includes all that a look for `other` shows.
    pub(crate) fn includes(&self, other: &Self) -> bool {
        let old = match (self.oldest, other.oldest) {
            (_, None) => true,
            (Some(ours), Some(theirs)) => ours <= theirs,
            (None, Some(_)) => false,
        };
        let deep = match (self.since, other.since) {
            (None, _) => true,
            (Some(ours), Some(theirs)) => ours <= theirs,
            (Some(_), None) => false,
        };
        let new = self.begun >= other.begun;
        deep && old && new && other.images.is_subset(&self.images)
    }

    /// Whether something created at `created` is too old to matter.
    pub(crate) fn is_too_old(&self, created: Option<Timestamp>) -> bool {
        is_older(created, self.since)
    }

    /// Whether something created at `created` is too old for every wanted image that has a time.
    pub(crate) fn is_too_old_for_all(&self, created: Option<Timestamp>) -> bool {
        self.oldest.is_none() || is_older(created, self.oldest)
    }
}

fn is_older(created: Option<Timestamp>, since: Option<Timestamp>) -> bool {
    plausible(created)
        .zip(since)
        .is_some_and(|(created, since)| {
            let from = since.checked_sub(MARGIN).unwrap_or(since);
            !is_since(created, from)
        })
}

/// Returns the start of a look by the service's clock, which its answers have shown since.
pub(crate) fn began(context: &Context, begun: Duration) -> Timestamp {
    let now = context.service_time();
    let passed = context.clock().elapsed().saturating_sub(begun);
    now.checked_sub(passed).unwrap_or(now)
}

/// Returns a time if it is plausible. Some services write the year 1, 1970 or seconds instead of
/// milliseconds for a missing time, and ages or orders from such times would be wrong.
pub(crate) fn plausible(time: Option<Timestamp>) -> Option<Timestamp> {
    /// 2000-01-01, which is before any of these registries existed.
    const EARLIEST: i64 = 946_684_800;
    time.filter(|time| time.as_second() >= EARLIEST)
}

/// Whether `created` is not before `since`. Some vendors have whole seconds only; then the whole
/// second counts.
pub(crate) fn is_since(created: Timestamp, since: Timestamp) -> bool {
    match created.subsec_nanosecond() {
        0 => created.as_second() >= since.as_second(),
        _ => created >= since,
    }
}

/// Reason why a registry does not copy an image, beyond what its rules show.
#[derive(Clone, Debug)]
pub struct Hindrance {
    pub(crate) reason: Reason,
    /// Where the image does not arrive because of it. `None` is everywhere.
    pub(crate) end: Option<ImageRef>,
}

impl From<Reason> for Hindrance {
    fn from(reason: Reason) -> Self {
        Self { reason, end: None }
    }
}

/// Tag of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTag {
    pub(crate) digest: Option<String>,
    /// Time of the tag's last push.
    pub(crate) pushed: Option<Timestamp>,
}

/// Facts that a look has read.
#[derive(Debug)]
pub struct Sight {
    /// Start of the look, by the service's clock.
    pub(crate) at: Timestamp,
    /// Rules that may cover a repository of this registry, or why they cannot be read.
    pub(crate) rules: BTreeMap<Repository, Result<Agreed<Rules>, Error>>,
    pub(crate) names: Names,
    /// Works by repository, or why they cannot be read.
    pub(crate) works: BTreeMap<Repository, Result<Works, Error>>,
    /// Repositories with incomplete listings: with fewer records than the service counts, or than a
    /// listed record should have.
    pub(crate) short: BTreeSet<Repository>,
    /// Keys of works without named tags whose tags are known now: works of this look are in their place,
    /// or they are about other images.
    pub(crate) resolved: BTreeSet<String>,
    /// Time before which the registry may have removed records of a rule's works, by the rule's id.
    pub(crate) kept_since: BTreeMap<String, Timestamp>,
}

/// Works of a repository, by the tags that they are about.
#[derive(Debug, Default)]
pub(crate) struct Works(BTreeMap<WorkTag, Vec<Work>>);

impl Works {
    pub(crate) fn add(&mut self, work: Work) {
        self.0.entry(work.tag.clone()).or_default().push(work);
    }
}

impl FromIterator<Work> for Works {
    fn from_iter<I: IntoIterator<Item = Work>>(works: I) -> Self {
        let mut all = Self::default();
        works.into_iter().for_each(|work| all.add(work));
        all
    }
}

/// Tags of a repository that a work is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum WorkTag {
    /// This tag.
    Named(String),
    /// All tags.
    All,
    /// Tags that the service does not name. It may be any of them.
    Unnamed,
}

/// Origin of a work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WorkOrigin {
    /// A task, or a part of one.
    Task(TaskRef),
    /// An execution without tasks.
    Execution(ExecutionRef),
    /// The status of an image at a destination, if a registry has no tasks.
    Status,
    /// The destination's own answer.
    Destination,
}

impl From<Option<String>> for WorkTag {
    /// A task without a tag copies the whole repository.
    fn from(tag: Option<String>) -> Self {
        tag.map_or(Self::All, Self::Named)
    }
}

/// Copy of tags of a repository to one destination.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Work {
    pub(crate) tag: WorkTag,
    pub(crate) destination: ImageRef,
    pub(crate) rule: Option<String>,
    pub(crate) execution: Option<ExecutionRef>,
    pub(crate) origin: WorkOrigin,
    pub(crate) subtask: Option<String>,
    /// Digest that is copied, if the vendor names it.
    pub(crate) digest: Option<String>,
    pub(crate) state: TaskState,
    /// The vendor's word for the state.
    pub(crate) status: Option<String>,
    /// Vendor's message about the state.
    pub(crate) issue: Option<String>,
    /// What to do about the issue.
    pub(crate) advice: Option<&'static str>,
    pub(crate) created: Option<Timestamp>,
    /// Start of its current or last run.
    pub(crate) started: Option<Timestamp>,
    /// Time of the last change of state.
    pub(crate) changed: Option<Timestamp>,
    /// Earliest time at which it can have read the tag at the source. `None` is its creation.
    pub(crate) reads: Option<Timestamp>,
    /// Earliest time at which it can have written the tag, if that is before its last change.
    pub(crate) wrote: Option<Timestamp>,
    /// Whether the work leaves an existing tag at the destination unchanged and still succeeds.
    pub(crate) keeps: bool,
    /// Whether it overwrites an existing tag. If not, such a tag ends the work.
    pub(crate) overwrites: Option<bool>,
    /// Whether it removes tags at the destination instead of copying them.
    pub(crate) removes: bool,
}

impl Work {
    /// Makes a waiting work of which nothing else is known.
    pub(crate) fn new(origin: WorkOrigin, tag: WorkTag, destination: ImageRef) -> Self {
        Self {
            tag,
            destination,
            rule: None,
            execution: None,
            origin,
            subtask: None,
            digest: None,
            state: TaskState::Waiting,
            status: None,
            issue: None,
            advice: None,
            created: None,
            started: None,
            changed: None,
            reads: None,
            wrote: None,
            keeps: false,
            overwrites: None,
            removes: false,
        }
    }

    /// Returns the key that identifies the work. A task of one tag and its only subtask have the same
    /// key.
    pub(crate) fn key(&self) -> String {
        let tag = match &self.tag {
            WorkTag::Named(tag) => Some(tag),
            WorkTag::All | WorkTag::Unnamed => None,
        };
        match (&self.origin, tag) {
            (WorkOrigin::Task(task), Some(tag)) => format!("{task}:{tag}"),
            (WorkOrigin::Task(task), None) => task.to_string(),
            (WorkOrigin::Execution(execution), _) => execution_key(execution),
            // Each image and destination has one.
            (WorkOrigin::Status | WorkOrigin::Destination, _) => {
                let ImageRef {
                    region,
                    instance,
                    registry,
                    namespace,
                    repository,
                    ..
                } = &self.destination;
                let place = (region, instance, registry, namespace, repository);
                format!("{:?} {place:?} {tag:?} {:?}", self.origin, self.digest)
            }
        }
    }

    /// Returns the name of the work at the start of a clause, such as `task 9`.
    pub(crate) fn name(&self) -> String {
        match &self.origin {
            WorkOrigin::Task(task) => format!("task {task}"),
            WorkOrigin::Execution(execution) => format!("execution {execution}"),
            WorkOrigin::Status => "the replication status".to_owned(),
            WorkOrigin::Destination => "the destination's answer".to_owned(),
        }
    }

    /// Returns the task, if a task shows the work.
    pub(crate) fn task(&self) -> Option<&TaskRef> {
        match &self.origin {
            WorkOrigin::Task(task) => Some(task),
            WorkOrigin::Execution(_) | WorkOrigin::Status | WorkOrigin::Destination => None,
        }
    }

    /// Returns the work without implausible times.
    pub(crate) fn with_plausible_times(&self) -> Self {
        Self {
            created: plausible(self.created),
            started: plausible(self.started),
            changed: plausible(self.changed),
            reads: plausible(self.reads),
            wrote: plausible(self.wrote),
            ..self.clone()
        }
    }

    /// Returns the earliest time at which it can have read the tag at the source.
    pub(crate) fn read(&self) -> Option<Timestamp> {
        self.reads.or(self.created)
    }

    /// Returns the earliest time at which it can have written the tag.
    pub(crate) fn written(&self) -> Option<Timestamp> {
        self.wrote.or(self.changed)
    }

    /// Whether it succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        matches!(self.state, TaskState::Succeeded | TaskState::AlreadyThere)
    }
}

/// Returns the key of the work of an execution without tasks.
pub(crate) fn execution_key(execution: &ExecutionRef) -> String {
    format!("execution {execution}")
}

impl SourceTag {
    /// Returns the tag without an implausible time.
    pub(crate) fn with_plausible_time(self) -> Self {
        Self {
            pushed: plausible(self.pushed),
            ..self
        }
    }
}

impl Sight {
    /// Makes a sight that shows nothing.
    pub(crate) fn new(at: Timestamp) -> Self {
        Self {
            at,
            rules: BTreeMap::new(),
            names: Names::new(),
            works: BTreeMap::new(),
            short: BTreeSet::new(),
            resolved: BTreeSet::new(),
            kept_since: BTreeMap::new(),
        }
    }

    /// Returns the rules that may cover an image.
    pub(crate) fn rules(&self, image: &ImageName) -> Result<&[ReadRule], &Error> {
        match self.rules.get(&repository(image)) {
            Some(Ok(rules)) => Ok(&rules.value),
            Some(Err(error)) => Err(error),
            None => Ok(&[]),
        }
    }

    /// Returns the works on an image, newest first. Works without a time keep their place in the
    /// vendor's listing.
    pub(crate) fn works(&self, image: &ImageName) -> Result<Vec<&Work>, Error> {
        let works = match self.works.get(&repository(image)) {
            Some(Ok(works)) => works,
            Some(Err(error)) => return Err(error.clone()),
            None => return Ok(Vec::new()),
        };
        let named = image.tag().map(|tag| WorkTag::Named(tag.to_owned()));
        let own = named.into_iter().chain([WorkTag::All, WorkTag::Unnamed]);
        let own = own.filter_map(|tag| works.0.get(&tag));
        let mut works: Vec<_> = own.flatten().collect();
        works.sort_by_key(|work| std::cmp::Reverse(work.created));
        Ok(works)
    }
}

/// Returns a digest in the form for comparison, because some services omit the algorithm.
pub(crate) fn digest(text: &str) -> String {
    let hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match hex {
        true => format!("sha256:{}", text.to_ascii_lowercase()),
        false => text.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_count_as_a_whole() {
        for (created, since, counts) in [
            ("2026-11-22T12:00:00.5Z", "2026-11-22T12:00:00.5Z", true),
            ("2026-11-22T12:00:00.4Z", "2026-11-22T12:00:00.5Z", false),
            ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.5Z", true),
            ("2026-11-22T11:59:59Z", "2026-11-22T12:00:00.5Z", false),
            ("2026-11-22T12:00:01Z", "2026-11-22T12:00:00.5Z", true),
        ] {
            let [from, to] = [created, since].map(|text| text.parse().unwrap());
            assert_eq!(is_since(from, to), counts, "{created} {since}");
        }
    }

    #[test]
    fn a_look_includes_what_is_no_deeper_and_no_wider() {
        let wanted = |images: &[&str], since: Option<i64>| Wanted {
            images: images.iter().map(|image| image.parse().unwrap()).collect(),
            since: since.map(|second| Timestamp::from_second(second).unwrap()),
            oldest: since.map(|second| Timestamp::from_second(second).unwrap()),
            begun: Duration::from_secs(7),
        };
        let both = ["team/api:v1", "team/api:v2"];
        for (look, other, includes) in [
            (wanted(&both, None), wanted(&both[..1], None), true),
            (wanted(&both[..1], None), wanted(&both, None), false),
            (wanted(&both, Some(5)), wanted(&both, Some(5)), true),
            (wanted(&both, Some(5)), wanted(&both, Some(4)), false),
            (wanted(&both, Some(5)), wanted(&both, None), false),
            (wanted(&both, None), wanted(&both, Some(5)), false),
        ] {
            assert_eq!(look.includes(&other), includes, "{look:?} {other:?}");
        }
    }

    #[test]
    fn a_time_before_any_registry_is_none() {
        for (text, is_plausible) in [
            ("0001-01-01T00:00:00Z", false),
            ("1970-01-01T00:00:00Z", false),
            ("1970-01-21T18:00:00Z", false),
            ("2026-11-22T12:00:00Z", true),
        ] {
            let time = Some(text.parse().unwrap());
            assert_eq!(plausible(time).is_some(), is_plausible, "{text}");
        }
    }

    #[test]
    fn digests_go_with_their_algorithm() {
        let hex = "A".repeat(64);
        assert_eq!(digest(&hex), format!("sha256:{}", "a".repeat(64)));
        for other in ["sha256:ab", "ab", ""] {
            assert_eq!(digest(other), other);
        }
    }
}
