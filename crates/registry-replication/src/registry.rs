//! What all registries can be asked.

use futures_core::future::BoxFuture;
use openapi_transport::Error;

use crate::arrival::Arrival;
use crate::listing::Listing;
use crate::model::{
    Execution, ExecutionRef, ImageName, ImageReference, InvalidImage, Provider, Rule, RuleRef,
    Subtask, Task, TaskRef, TaskState,
};
use crate::plan::{Plan, Started};

pub(crate) mod sealed {
    use std::sync::Arc;

    use crate::arrival::sight::Look;

    /// Keeps the trait ours to widen.
    pub trait Sealed {
        /// The registry as arrivals look at it.
        fn looked_at(&self) -> Arc<dyn Look>;
    }
}

/// A registry of any vendor: rules, executions, tasks and subtasks, run and stop.
///
/// What a vendor does not have is refused with an error of the kind
/// [`NotOffered`](crate::ErrorKind::NotOffered) that says what to use instead; a listing yields it
/// as its first item. Each vendor's own registry has more to say: ids as they are typed there, and
/// ways to narrow a listing.
///
/// ```no_run
/// use futures_util::TryStreamExt;
/// use registry_replication::{Error, Registry, RunOptions, TaskScope};
///
/// # async fn example(registry: &dyn Registry) -> Result<(), Error> {
/// let mut rules = std::pin::pin!(registry.rules_of(None).by_item());
/// while let Some(rule) = rules.try_next().await? {
///     println!("{} {}", rule.reference(), rule.name.unwrap_or_default());
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
    /// Whose registry it is.
    fn provider(&self) -> Provider;

    /// Whether an image, `namespace/repository:tag`, is where it has to be. Nothing is asked yet;
    /// a name that is none is the first error of what asks.
    fn arrival(&self, image: &str) -> Arrival {
        Arrival::new(self.looked_at(), image)
    }

    /// The rules, of one repository or of all.
    ///
    /// Enterprise: replication rules and then retention rules, `ListInstanceReplicationPolicies`
    /// and `ListInstanceRetentionPolicies`; not of one repository. Basic: of one repository only,
    /// `ListImageAutoSyncReposDetails`. Alibaba: `ListRepoSyncRule`; of a repository, those that
    /// name it, and not those of its namespace or instance.
    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule>;

    /// The executions of a rule, or of all replication rules.
    ///
    /// Enterprise: `ListInstanceReplicationPolicyExecutions`,
    /// `ListInstanceRetentionPolicyExecutions`. Others have none.
    fn executions_of(&self, rule: Option<&RuleRef>) -> Listing<Execution>;

    /// The tasks of an execution or image.
    ///
    /// Enterprise: of an execution, `ListInstanceReplicationPolicyExecTasks`,
    /// `ListInstanceRetentionPolicyExecTasks`. Basic: of a repository, `ShowSyncJob`. Alibaba: of a
    /// batch or an image, `ListRepoSyncTask`.
    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task>;

    /// The subtasks of a task.
    ///
    /// Enterprise: `ListInstanceReplicationPolicyExecSubTasks`,
    /// `ListInstanceRetentionPolicyExecSubTasks`. Others have none: a task is of one tag there.
    fn subtasks_of(&self, task: &TaskRef) -> Listing<Subtask>;

    /// What [`run`](Self::run) would send. What it asks to find that out changes nothing.
    ///
    /// # Errors
    /// What the vendor does not offer or what is missing, and whatever can go wrong with a call.
    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>>;

    /// What [`stop`](Self::stop) would send. It looks the target up, which changes nothing.
    ///
    /// The plan of a target that has ended has no calls, and [`Plan::ended`] tells its state.
    ///
    /// # Errors
    /// What the vendor does not offer, a target that the registry does not have, and whatever can go
    /// wrong with a call.
    fn plan_stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<Plan, Error>>;

    /// The host names that docker knows this registry by, as far as they are known.
    ///
    /// Enterprise: `ShowInstance`. Basic: made of the region, without a call. Alibaba:
    /// `ListInstanceEndpoint`.
    ///
    /// # Errors
    /// Whatever can go wrong with a call.
    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>>;

    /// Reads an image that a user gave, `[HOST/]NAMESPACE/REPOSITORY[:TAG][@DIGEST]`, and takes the
    /// host off.
    ///
    /// Only a text with a host asks the registry, for its [`hosts`](Self::hosts).
    ///
    /// # Errors
    /// When the text is not an image, when it has no namespace, and when the host is another
    /// registry's.
    fn read_image<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<ImageReference, Error>> {
        Box::pin(async move {
            let reference: ImageReference = text.parse()?;
            ImageName::of(&reference)?;
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

    /// Runs a rule now, and answers what that has started.
    ///
    /// Enterprise: `ExecuteInstanceReplicationPolicy`, `ExecuteInstanceRetentionPolicy`, for all
    /// that the rule covers. Basic: copies the tags of [`RunOptions::images`], which must be of one
    /// repository, to the rule's destination by `CreateManualImageSyncRepo`; the rule is looked up
    /// by `ListImageAutoSyncReposDetails`, and the jobs are not named. Alibaba: copies those images
    /// by `CreateRepoSyncTaskByRule`, one call each; `GetRepository` knows the repository's id.
    ///
    /// # Errors
    /// As [`plan_run`](Self::plan_run). Calls are made one after the other, and what those before
    /// the one that failed have started goes on.
    fn run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Started, Error>> {
        Box::pin(async move { self.plan_run(rule, options).await?.send().await })
    }

    /// Stops an execution or task. What it has copied by then stays at the destination. A target
    /// that has ended is left as it is.
    ///
    /// Enterprise: a replication execution, `StopInstanceReplicationPolicyExecution`. Alibaba: a
    /// task, `CancelRepoSyncTask`. Basic: nothing.
    ///
    /// # Errors
    /// As [`plan_stop`](Self::plan_stop), and whatever can go wrong with a call.
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

/// A host without the port that every registry has.
fn plain_host(host: &str) -> &str {
    host.strip_suffix(":443").unwrap_or(host)
}

/// What a stop has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopOutcome {
    /// The registry was asked to stop it.
    Asked,
    /// It had ended in this state, and nothing was sent.
    HadEnded(TaskState),
}

/// Which tasks are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskScope {
    /// Those of an execution.
    Execution(ExecutionRef),
    /// Those of an image, or of all images of a repository.
    Image(ImageName),
}

/// What is to be stopped.
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

/// How a rule is to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOptions {
    /// The images to copy, each with its tag, where a rule does not run for all that it covers.
    pub images: Vec<ImageName>,
    /// Whether a retention rule only shows what it would delete.
    pub trial: bool,
}

impl RunOptions {
    /// With this image, too.
    pub fn image(mut self, image: ImageName) -> Self {
        self.images.push(image);
        self
    }

    /// As a trial: a retention rule deletes nothing, and its subtasks show what it would delete.
    pub fn trial(mut self, trial: bool) -> Self {
        self.trial = trial;
        self
    }

    /// Refuses a trial of a rule that copies.
    pub(crate) fn no_trial(&self) -> Result<(), Error> {
        match self.trial {
            false => Ok(()),
            true => Err(Error::not_offered(
                "a trial of a replication rule",
                "only retention rules have one",
            )),
        }
    }

    /// The images with their tags; refuses none, and those without a tag.
    pub(crate) fn tagged(&self, provider: Provider) -> Result<Vec<(&ImageName, &str)>, Error> {
        if self.images.is_empty() {
            return Err(Error::configuration(format!(
                "rules of {} run for images that are named; name at least one, \
                 namespace/repository:tag",
                provider.title()
            )));
        }
        let tagged = self.images.iter().map(|image| {
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
