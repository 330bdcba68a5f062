//! In-memory registry for tests.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_core::future::BoxFuture;
use openapi_transport::{Clock, Context, Error, Timestamp};

use crate::arrival::cover::ReadRule;
use crate::arrival::read::Agreed;
use crate::arrival::sight::{
    Look, Sight, SourceTag, Wanted, Work, WorkOrigin, WorkTag, Works, began, repository,
};
use crate::arrival::watch::Watch;
use crate::listing::Listing;
use crate::model::{
    FilterOn, FilterSyntax, ImageName, ImageRef, Provider, Rule, RuleFilter, RuleTrigger, Task,
    TaskKind, TaskRef, TaskState,
};
use crate::pager::{Fetched, Steps};
use crate::provider::{Cloud, Descriptor, Offered, Offers, Windows};
use crate::registry::{Registry, TaskScope, sealed};
use crate::settings::Unset;

static CLOUD: Cloud = Cloud {
    name: "fake",
    title: "a fake cloud",
    variables: "",
    services: &[],
    decoder: None,
    doctor: |_| Box::pin(std::future::ready(())),
};

const NONE: Offered = Offered::No("a fake registry has rules and tasks only");

static OFFERS: Offers = Offers {
    rules: Offered::Yes,
    repository_rules: Offered::Yes,
    executions: NONE,
    all_tasks: Offered::Yes,
    execution_tasks: NONE,
    image_tasks: Offered::Yes,
    subtasks: NONE,
    run_rule: NONE,
    run_images: NONE,
    trial: NONE,
    stop_execution: NONE,
    stop_task: NONE,
    logs: NONE,
    images: NONE,
    tag_tasks: true,
    tasks_in_executions: false,
    retention_in_namespaces: false,
    namespaces: true,
    digests: true,
    times: true,
    task_rules: false,
    task_places: true,
};

/// Registry in memory, so that a controller can be tested without the sandbox.
///
/// A test decides what the registry holds: tags of the source, rules, and works. Arrivals poll it
/// by the clock that it is given, and send no calls. Clones share what they hold.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use registry_replication::testing::{FakeRegistry, FakeRule, FakeWork, ManualClock};
/// use registry_replication::{Registry, TaskState, Verdict};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), registry_replication::Error> {
/// let clock = ManualClock::at("2026-11-22T12:00:00Z".parse().unwrap()).auto_advance();
/// let registry = FakeRegistry::new(Arc::new(clock))?;
/// let digest = format!("sha256:{}", "a".repeat(64));
/// registry.push("team/api:v1", &digest)?;
/// registry.add_rule(FakeRule::to("us-west-2"));
/// let copy = FakeWork::task("9", "team/api:v1", "us-west-2")?.digest(&digest);
/// registry.put(copy.clone().state(TaskState::Running));
/// let arrival = registry.arrival("team/api:v1").to("us-west-2");
/// assert_eq!(arrival.check().await?.verdict, Verdict::Pending);
/// registry.put(copy.state(TaskState::Succeeded));
/// assert_eq!(arrival.check().await?.verdict, Verdict::Arrived);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FakeRegistry {
    descriptor: Descriptor,
    context: Context,
    watch: Watch,
    contents: Arc<Mutex<Contents>>,
}

#[derive(Default)]
struct Contents {
    rules: Vec<Rule>,
    works: Vec<FakeWork>,
    tags: BTreeMap<ImageName, SourceTag>,
    fault: Option<Error>,
}

/// Rule of a [`FakeRegistry`].
#[derive(Clone, Debug)]
pub struct FakeRule(Rule);

/// Work of a [`FakeRegistry`]: a copy of tags of one repository to one destination.
#[derive(Clone, Debug)]
pub struct FakeWork {
    image: ImageName,
    work: Work,
}

impl FakeRegistry {
    /// Makes a registry that holds nothing.
    ///
    /// # Errors
    /// When the process's HTTP settings are invalid: a context is made, but never used for a call.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let context = Context::builder("https://registry.invalid", Arc::new(Unset));
        Ok(Self {
            descriptor: Descriptor {
                name: "fake",
                title: "the fake registry",
                about: "a registry in memory",
                cloud: &CLOUD,
                settings: &[],
                regions: &[],
                offers: OFFERS.clone(),
                any_host: None,
                windows: Windows::DEFAULT,
                connect: |_| {
                    let error = Error::configuration("a fake registry is made by its constructor");
                    Box::pin(std::future::ready(Err(error)))
                },
            },
            context: context.clock(clock).build()?,
            watch: Watch::default(),
            contents: Arc::default(),
        })
    }

    /// Lets names have no namespace.
    #[must_use]
    pub fn without_namespaces(mut self) -> Self {
        self.descriptor.offers.namespaces = false;
        self
    }

    /// Sets the settle and the stall window of the provider.
    #[must_use]
    pub fn windows(mut self, settle: Duration, stall: Duration) -> Self {
        self.descriptor.windows.settle = settle;
        self.descriptor.windows.stall = stall;
        self
    }

    /// Pushes an image to the source, now by the clock.
    ///
    /// # Errors
    /// When the name is invalid.
    pub fn push(&self, image: &str, digest: &str) -> Result<(), Error> {
        let image = self.descriptor.image(image)?;
        let tag = SourceTag {
            digest: Some(digest.to_owned()),
            pushed: Some(self.context.clock().now()),
        };
        self.contents().tags.insert(image, tag);
        Ok(())
    }

    /// Adds a rule.
    pub fn add_rule(&self, rule: FakeRule) {
        self.contents().rules.push(rule.0);
    }

    /// Adds a work, or replaces the one of the same task, tag and destination.
    pub fn put(&self, work: FakeWork) {
        let mut contents = self.contents();
        let key = work.work.key();
        let is_other = |known: &FakeWork| known.image != work.image || known.work.key() != key;
        contents.works.retain(is_other);
        contents.works.push(work);
    }

    /// Lets every poll fail with this error, until `None` is set.
    pub fn fail(&self, error: Option<Error>) {
        self.contents().fault = error;
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeRule {
    /// Makes a rule without an id that copies all images to a place on push.
    pub fn to(place: &str) -> Self {
        let rule = Rule {
            destination: ImageRef {
                region: Some(place.to_owned()),
                ..ImageRef::default()
            },
            ..Rule::new(Provider::named("fake"), TaskKind::Replication, None::<&str>)
        };
        Self(rule.with_trigger(Some(RuleTrigger::OnPush)))
    }

    /// Sets the id.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.0.id = id.to_owned();
        self
    }

    /// Covers only names that begin with one of these texts.
    #[must_use]
    pub fn prefixes(mut self, prefixes: &[&str]) -> Self {
        if let [first, others @ ..] = prefixes {
            let filter = RuleFilter::new(FilterOn::Name, *first, FilterSyntax::Prefix);
            self.0.filters.push(RuleFilter {
                alternatives: others.iter().map(|&text| text.to_owned()).collect(),
                ..filter
            });
        }
        self
    }

    /// Lets the rule run only on request.
    #[must_use]
    pub fn on_request(self) -> Self {
        Self(self.0.with_trigger(Some(RuleTrigger::Manual)))
    }
}

impl FakeWork {
    /// Makes a waiting task that copies an image, or the whole repository if the name has no tag.
    ///
    /// # Errors
    /// When the name is invalid.
    pub fn task(id: &str, image: &str, place: &str) -> Result<Self, Error> {
        Self::new(WorkOrigin::Task(TaskRef::new(id)), image, place)
    }

    /// Makes a replication status of an image, which has no task and no time.
    ///
    /// # Errors
    /// When the name is invalid.
    pub fn status(image: &str, place: &str) -> Result<Self, Error> {
        Self::new(WorkOrigin::Status, image, place)
    }

    /// Makes the destination's own answer about an image.
    ///
    /// # Errors
    /// When the name is invalid.
    pub fn destination(image: &str, place: &str) -> Result<Self, Error> {
        Self::new(WorkOrigin::Destination, image, place)
    }

    fn new(origin: WorkOrigin, image: &str, place: &str) -> Result<Self, Error> {
        let image: ImageName = image.parse()?;
        let work = Work::new(
            origin,
            image.tag().map(str::to_owned).into(),
            ImageRef {
                region: Some(place.to_owned()),
                ..ImageRef::of_repository(&image.path())
            },
        );
        Ok(Self { image, work })
    }

    /// Lets the work be about one tag of the repository that it does not name.
    #[must_use]
    pub fn unnamed_tag(mut self) -> Self {
        self.work.tag = WorkTag::Unnamed;
        self
    }

    /// Sets the digest that is copied.
    #[must_use]
    pub fn digest(mut self, digest: &str) -> Self {
        self.work.digest = Some(digest.to_owned());
        self
    }

    /// Sets the state.
    #[must_use]
    pub fn state(mut self, state: TaskState) -> Self {
        self.work.state = state;
        self
    }

    /// Sets when it was created, and when its state last changed.
    #[must_use]
    pub fn times(mut self, created: Timestamp, changed: Timestamp) -> Self {
        self.work.created = Some(created);
        self.work.changed = Some(changed);
        self
    }

    fn as_task(&self) -> Option<Task> {
        let id = self.work.task()?.id();
        let source = ImageRef::of_repository(&self.image.path());
        let tag = self.image.tag().map(str::to_owned);
        Some(Task {
            state: self.work.state.clone(),
            source: Some(source.with_tag(tag.clone())),
            destination: Some(self.work.destination.clone().with_tag(tag)),
            created: self.work.created,
            updated: self.work.changed,
            ended: self.work.changed.filter(|_| self.work.state.is_final()),
            ..Task::new(Provider::named("fake"), TaskKind::Replication, Some(id))
        })
    }
}

impl sealed::Sealed for FakeRegistry {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }
}

impl Registry for FakeRegistry {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule> {
        let rules = self.contents().rules.clone().into_iter();
        let covers = |rule: &Rule| repository.is_none_or(|name| rule.covers(name));
        listed("rules", rules.filter(covers).collect())
    }

    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task> {
        let wanted = |work: &&FakeWork| match scope {
            TaskScope::Image(name) => {
                let same = work.image.path() == name.path();
                same && (name.tag().is_none() || name.tag() == work.image.tag())
            }
            TaskScope::All => true,
            TaskScope::Execution(_) => false,
        };
        let contents = self.contents();
        let works = contents.works.iter().filter(wanted);
        listed("tasks", works.filter_map(FakeWork::as_task).collect())
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

fn listed<T: Clone + Send + Sync + crate::pager::Record + 'static>(
    name: &str,
    items: Vec<T>,
) -> Listing<T> {
    Listing::new(name.to_owned(), Steps::All, move |_| {
        let items = items.clone();
        async move {
            Ok(Fetched {
                total: Some(items.len() as u64),
                items,
                size: None,
            })
        }
    })
}

impl Look for FakeRegistry {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn context(&self) -> &Context {
        &self.context
    }

    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn look(self: Arc<Self>, wanted: Arc<Wanted>) -> BoxFuture<'static, Result<Sight, Error>> {
        let begun = self.context.clock().elapsed();
        let contents = self.contents();
        if let Some(error) = contents.fault.clone() {
            return Box::pin(std::future::ready(Err(error)));
        }
        let repositories = wanted.repositories();
        let rules = contents.rules.iter().cloned().map(ReadRule::new);
        let rules = Agreed {
            value: rules.collect(),
            agreed: true,
        };
        let works = repositories.iter().map(|name| {
            let own = contents.works.iter();
            let own = own.filter(|work| repository(&work.image) == *name);
            let works: Works = own.map(|work| work.work.clone()).collect();
            (name.clone(), Ok(works))
        });
        let sight = Sight {
            works: works.collect(),
            rules: repositories
                .iter()
                .map(|name| (name.clone(), Ok(rules.clone())))
                .collect(),
            ..Sight::new(began(&self.context, begun))
        };
        Box::pin(std::future::ready(Ok(sight)))
    }

    fn source(
        self: Arc<Self>,
        image: ImageName,
    ) -> BoxFuture<'static, Result<Option<SourceTag>, Error>> {
        let contents = self.contents();
        let answer = match contents.fault.clone() {
            Some(error) => Err(error),
            None => Ok(contents.tags.get(&image).cloned()),
        };
        Box::pin(std::future::ready(answer))
    }
}

impl fmt::Debug for FakeRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeRegistry").finish_non_exhaustive()
    }
}
