//! The trait of all registries.

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::TryStreamExt;
use openapi_transport::Error;

use crate::arrival::Arrival;
use crate::coverage::{self, CoverageScope, ImageCoverage};
use crate::listing::Listing;
use crate::model::{
    Execution, ExecutionRef, ImageName, ImageReference, InvalidImage, ListedRepository, ListedTag,
    Provider, Rule, RuleRef, Subtask, Task, TaskRef, TaskState,
};
use crate::plan::{Plan, Started};
use crate::provider::{Descriptor, Feature};
use crate::repeat::{self, Repeat};

pub(crate) mod sealed {
    use std::sync::Arc;

    use crate::arrival::sight::Look;
    use crate::listing::Listing;
    use crate::model::Rule;

    /// Seals the trait, so that new methods do not break other crates.
    pub trait Sealed {
        /// Returns the registry in the form that arrivals poll.
        fn looked_at(&self) -> Arc<dyn Look>;

        /// Lists all rules without names that take further calls. `None` if
        /// [`rules_of`](super::Registry::rules_of) takes none.
        fn unnamed_rules(&self) -> Option<Listing<Rule>> {
            None
        }
    }
}

/// A registry of any provider: rules, executions, tasks and subtasks, run and stop.
///
/// [`descriptor`](Self::descriptor) tells what the provider offers. A method that the provider does
/// not offer returns an error of kind [`NotOffered`](crate::ErrorKind::NotOffered) that names the
/// alternative; a listing yields it as its first item. The vendor's own type has more methods: with
/// the vendor's ids, and with more ways to narrow a listing.
///
/// ```no_run
/// use futures_util::TryStreamExt;
/// use registry_replication::{Error, Registry, RunOptions, TaskScope};
///
/// # async fn example(registry: &dyn Registry) -> Result<(), Error> {
/// let mut rules = std::pin::pin!(registry.rules_of(None).by_item());
/// while let Some(rule) = rules.try_next().await? {
///     println!("{} {}", rule.id, rule.name.unwrap_or_default());
/// }
/// let rule = "12".parse().unwrap();
/// let started = registry.run(&rule, &RunOptions::default()).await?;
/// for execution in started.executions {
///     let tasks: Vec<_> = registry.tasks_of(&execution.into()).by_item().try_collect().await?;
///     println!("{} tasks", tasks.len());
/// }
/// # Ok(())
/// # }
/// ```
pub trait Registry: sealed::Sealed + Send + Sync {
    /// Returns the provider's row of the table.
    fn descriptor(&self) -> &Descriptor;

    /// Returns the provider's name.
    fn provider(&self) -> Provider {
        self.descriptor().provider()
    }

    /// Begins the question whether an image, `namespace/repository:tag`, has arrived.
    ///
    /// No call is sent. An invalid name is the error of the first method that sends a call.
    fn arrival(&self, image: &str) -> Arrival {
        Arrival::new(self.looked_at(), image)
    }

    /// Lists the rules of one repository, or all rules.
    ///
    /// Needs [`Feature::Rules`] or [`Feature::RepositoryRules`].
    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule>;

    /// Lists the executions of a rule, or of all replication rules.
    ///
    /// Needs [`Feature::Executions`].
    fn executions_of(&self, rule: Option<&RuleRef>) -> Listing<Execution> {
        let _ = rule;
        Listing::refused(self.descriptor().refusal(Feature::Executions))
    }

    /// Returns an execution, or `None` if the registry does not have it. No vendor has a call for one
    /// execution, so this reads a listing as far as needed.
    ///
    /// Needs [`Feature::Executions`].
    ///
    /// # Errors
    /// When the provider does not offer it, and any error of a call.
    fn find_execution<'a>(
        &'a self,
        execution: &'a ExecutionRef,
    ) -> BoxFuture<'a, Result<Option<Execution>, Error>> {
        let executions = self.executions_of(execution.rule()).by_item();
        Box::pin(async move {
            let same = |found: &Execution| found.reference() == *execution;
            let found = executions.try_filter(|found| std::future::ready(same(found)));
            std::pin::pin!(found).try_next().await
        })
    }

    /// Returns a task, or `None` if the registry does not have it.
    ///
    /// # Errors
    /// When the provider does not find a task by its id, and any error of a call.
    fn find_task<'a>(&'a self, task: &'a TaskRef) -> BoxFuture<'a, Result<Option<Task>, Error>> {
        let Some(execution) = task.execution() else {
            let error = Error::not_offered(
                format_args!("a task of {} by its id", self.descriptor().title),
                "list the tasks of its image",
            );
            return Box::pin(std::future::ready(Err(error)));
        };
        let tasks = self.tasks_of(&execution.clone().into()).by_item();
        Box::pin(async move {
            let same = |found: &Task| found.reference() == *task;
            let found = tasks.try_filter(|found| std::future::ready(same(found)));
            std::pin::pin!(found).try_next().await
        })
    }

    /// Lists the tasks of an execution or image, or all tasks.
    ///
    /// Needs [`Feature::AllTasks`], [`Feature::ExecutionTasks`] or [`Feature::ImageTasks`].
    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task>;

    /// Lists the subtasks of a task.
    ///
    /// Needs [`Feature::Subtasks`].
    fn subtasks_of(&self, task: &TaskRef) -> Listing<Subtask> {
        let _ = task;
        Listing::refused(self.descriptor().refusal(Feature::Subtasks))
    }

    /// Returns the log of a task.
    ///
    /// Needs [`Feature::Logs`].
    ///
    /// # Errors
    /// When the provider does not offer it, when the registry does not have the log, and any error of a call.
    fn log_of<'a>(&'a self, task: &'a TaskRef) -> BoxFuture<'a, Result<String, Error>> {
        let _ = task;
        let error = self.descriptor().refusal(Feature::Logs);
        Box::pin(std::future::ready(Err(error)))
    }

    /// Lists tasks like [`tasks_of`](Self::tasks_of), and only those of one state where the service
    /// can list by it. Elsewhere tasks of other states come, too.
    fn tasks_in(&self, scope: &TaskScope, state: &TaskState) -> Listing<Task> {
        let _ = state;
        self.tasks_of(scope)
    }

    /// Lists subtasks like [`subtasks_of`](Self::subtasks_of), and only those of one state where the
    /// service can list by it. Elsewhere subtasks of other states come, too.
    fn subtasks_in(&self, task: &TaskRef, state: &TaskState) -> Listing<Subtask> {
        let _ = state;
        self.subtasks_of(task)
    }

    /// Lists the repositories of one namespace, or all repositories.
    ///
    /// A namespace that the registry does not have is the first error of the stream.
    ///
    /// Needs [`Feature::Images`].
    fn repositories_in(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        let _ = namespace;
        Listing::refused(self.descriptor().refusal(Feature::Images))
    }

    /// Lists the tags of a repository.
    ///
    /// A repository that the registry does not have is the first error of the stream.
    ///
    /// Needs [`Feature::Images`].
    fn tags_of(&self, repository: &ListedRepository) -> Listing<ListedTag> {
        let _ = repository;
        Listing::refused(self.descriptor().refusal(Feature::Images))
    }

    /// Returns whether a rule of this registry copies from it, and not from another registry.
    fn is_source_of(&self, rule: &Rule) -> bool {
        rule.source.registry.is_none()
    }

    /// Lists the images that a rule covers, with the reasons of [`Rule::coverage`].
    ///
    /// Tags are listed only of repositories that the rule may cover. A repository that it does not cover
    /// is one record without a tag. An image comes once, also if a push moves it to the front of a listing.
    /// An error ends the stream, after the records before it. A listing with fewer records than the service
    /// counts is an error, too.
    ///
    /// Needs [`Feature::Images`].
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use registry_replication::{CoverageScope, Error, Registry, Rule};
    ///
    /// # async fn example(registry: &dyn Registry, rule: &Rule) -> Result<(), Error> {
    /// let mut images = registry.coverage_of(rule, CoverageScope::Covered);
    /// while let Some(found) = images.try_next().await? {
    ///     println!("{}: {}", found.image, found.coverage.covered);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As items of the stream: when the provider does not list images, when the rule is a retention rule
    /// or copies from another registry, and any error of a call.
    fn coverage_of<'a>(
        &'a self,
        rule: &'a Rule,
        scope: CoverageScope,
    ) -> BoxStream<'a, Result<ImageCoverage, Error>> {
        coverage::of(self, rule, scope)
    }

    /// Plans the calls that [`run`](Self::run) would send. Planning only reads.
    ///
    /// # Errors
    /// When the provider does not offer it, when the rule or an image is missing, and any error of a call.
    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>> {
        let _ = (rule, options);
        let error = self.descriptor().refusal(Feature::RunRule);
        Box::pin(std::future::ready(Err(error)))
    }

    /// Plans the calls that [`stop`](Self::stop) would send. Planning only reads.
    ///
    /// The plan of a target that has ended has no calls, and [`Plan::ended`] tells its state.
    ///
    /// # Errors
    /// When the provider does not offer it, when the registry does not have the target, and any error of a call.
    fn plan_stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<Plan, Error>> {
        let feature = match target {
            StopTarget::Execution(_) => Feature::StopExecution,
            StopTarget::Task(_) => Feature::StopTask,
        };
        let error = self.descriptor().refusal(feature);
        Box::pin(std::future::ready(Err(error)))
    }

    /// Plans to repeat the copies of a scope that have failed. Planning only reads.
    ///
    /// A copy is repeated if the newest task for its image and destination has failed. All tasks of the
    /// scope are read, and of an execution also the other tasks of each failed image, where the provider
    /// lists them. A page that cannot be read is an error. A copy is left alone if another task may be a
    /// newer one for it: see [`Repeat::doubtful`].
    ///
    /// Needs [`Feature::RunImages`].
    ///
    /// ```no_run
    /// use registry_replication::{Error, Registry, TaskScope};
    ///
    /// # async fn example(registry: &dyn Registry) -> Result<(), Error> {
    /// let scope = TaskScope::Execution("83".parse().unwrap());
    /// let repeat = registry.plan_repeat(&scope).await?;
    /// for copy in &repeat.copies {
    ///     println!("{} by rule {}", copy.image, copy.rule);
    /// }
    /// if let Some(plan) = repeat.plan {
    ///     plan.send().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the provider does not offer it, when a failed task does not name its image, when no rule
    /// or more than one rule can repeat a copy, when a rule copies to another destination or tag than
    /// the task, and any error of a call.
    fn plan_repeat<'a>(&'a self, scope: &'a TaskScope) -> BoxFuture<'a, Result<Repeat, Error>> {
        Box::pin(repeat::plan(self, scope))
    }

    /// Returns the host names by which docker knows this registry, as far as they are known.
    ///
    /// # Errors
    /// Any error of a call.
    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;

    /// Reads an image that a user gave, `[HOST/]NAMESPACE/REPOSITORY[:TAG][@DIGEST]`, and removes
    /// the host.
    ///
    /// Only a text with a host sends calls, for the registry's [`hosts`](Self::hosts).
    ///
    /// # Errors
    /// When the text is not an image, when it lacks a namespace that the provider needs, and when
    /// the host is another registry's.
    fn read_image<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<ImageReference, Error>> {
        Box::pin(async move {
            let reference: ImageReference = text.parse()?;
            self.descriptor().named(ImageName::of(&reference))?;
            let Some(host) = reference.host() else {
                return Ok(reference);
            };
            let own = self.hosts().await?;
            let same = |own: &String| plain_host(own).eq_ignore_ascii_case(plain_host(host));
            if own.iter().any(same) {
                return Ok(reference.without_host());
            }
            let problem = match own.first() {
                Some(own) => format!(
                    "{host:?} is the host of another registry, and this registry is {own}; write \
                     {plain} for this registry, or {own}/{text} if {host:?} is a namespace",
                    plain = reference.clone().without_host()
                ),
                None => format!(
                    "{host:?} is the host of a registry, and the host of this registry is not \
                     known; write {}",
                    reference.clone().without_host()
                ),
            };
            Err(InvalidImage::new(text, problem).into())
        })
    }

    /// Runs a rule now, and returns what that has started.
    ///
    /// Where the provider offers [`Feature::RunRule`], the rule runs for all that it covers. Where it
    /// offers [`Feature::RunImages`], it copies the images of [`RunOptions::images`].
    ///
    /// # Errors
    /// Those of [`plan_run`](Self::plan_run). The calls are sent one after the other. Executions that
    /// they started before a failed call keep running.
    fn run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Started, Error>> {
        Box::pin(async move { self.plan_run(rule, options).await?.send().await })
    }

    /// Stops an execution or task. Images that it has already copied stay at the destination. Does
    /// nothing if the target has ended.
    ///
    /// Needs [`Feature::StopExecution`] or [`Feature::StopTask`].
    ///
    /// # Errors
    /// Those of [`plan_stop`](Self::plan_stop), and any error of a call.
    fn stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<StopOutcome, Error>> {
        Box::pin(async move {
            let plan = self.plan_stop(target).await?;
            let ended = plan.ended().cloned();
            plan.send().await?;
            Ok(match ended {
                Some(state) => StopOutcome::HadEnded(state),
                None => StopOutcome::Asked,
            })
        })
    }
}

/// Returns a host without the default port of registries.
fn plain_host(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

/// The outcome of a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopOutcome {
    /// The registry was asked to stop it.
    Asked,
    /// It had ended in this state, and nothing was sent.
    HadEnded(TaskState),
}

/// The tasks of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskScope {
    /// All tasks.
    All,
    /// The tasks of an execution.
    Execution(ExecutionRef),
    /// The tasks of an image, or of all images of a repository.
    Image(ImageName),
}

/// The target of a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopTarget {
    /// An execution.
    Execution(ExecutionRef),
    /// A task.
    Task(TaskRef),
}

impl From<ExecutionRef> for TaskScope {
    fn from(execution: ExecutionRef) -> Self {
        Self::Execution(execution)
    }
}

impl From<ImageName> for TaskScope {
    fn from(image: ImageName) -> Self {
        Self::Image(image)
    }
}

impl From<ExecutionRef> for StopTarget {
    fn from(execution: ExecutionRef) -> Self {
        Self::Execution(execution)
    }
}

impl From<TaskRef> for StopTarget {
    fn from(task: TaskRef) -> Self {
        Self::Task(task)
    }
}

/// Options of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOptions {
    /// Images to copy, each with its tag, where a rule does not run for all that it covers.
    pub images: Vec<ImageName>,
    /// Whether a retention rule only shows what it would delete.
    pub trial: bool,
}

impl RunOptions {
    /// Adds an image.
    pub fn image(mut self, image: ImageName) -> Self {
        self.images.push(image);
        self
    }

    /// Makes the run a trial: a retention rule deletes nothing, and its subtasks show what it would
    /// delete.
    pub fn trial(mut self, trial: bool) -> Self {
        self.trial = trial;
        self
    }

    /// Refuses options that a rule of the provider cannot run with.
    pub(crate) fn check(&self, rule: &RuleRef, provider: &Descriptor) -> Result<(), Error> {
        if !self.images.is_empty() {
            provider.check(Feature::RunImages)?;
        }
        if rule.namespace().is_some() && !provider.offers.retention_in_namespaces {
            return Err(Error::configuration(format!(
                "invalid rule \"{rule}\"; rules of {} are named by their id alone",
                provider.title
            )));
        }
        if !self.trial {
            return Ok(());
        }
        provider.check(Feature::Trial)?;
        match rule.namespace().is_none() && provider.offers.retention_in_namespaces {
            false => Ok(()),
            true => Err(Error::not_offered(
                "a trial of a replication rule",
                "only retention rules have one",
            )),
        }
    }

    /// Returns the images with their tags; refuses an empty list, and images without a tag.
    pub(crate) fn tagged(&self, provider: &Descriptor) -> Result<Vec<(&ImageName, &str)>, Error> {
        if self.images.is_empty() {
            return Err(Error::configuration(format!(
                "rules of {} run for images that are named; name at least one, \
                 namespace/repository:tag",
                provider.title
            )));
        }
        let tagged = self.images.iter().map(|image| {
            provider.named(image.clone())?;
            image.tag().map(|tag| (image, tag)).ok_or_else(|| {
                Error::configuration(format!(
                    "image {:?} has no tag; write {image}:TAG",
                    image.to_string()
                ))
            })
        });
        tagged.collect()
    }
}
