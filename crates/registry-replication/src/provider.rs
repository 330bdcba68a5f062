//! Table of providers: the name, settings and features of each.
//!
//! A [`Descriptor`] has all differences between providers that other code needs. The program's
//! options, help, errors and advice come from it, so a new provider needs no change of other code.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use openapi_transport::Error;

use crate::api::Service;
use crate::connect::Settings;
use crate::doctor::Doctor;
use crate::model::{
    ExecutionRef, ImageName, InvalidImage, Provider, RuleRef, Task, TaskKind, TaskRef,
};
use crate::providers::TABLE;
use crate::registry::Registry;

/// Returns all providers that this build has, one for each Cargo feature of a provider.
///
/// ```
/// for provider in registry_replication::providers() {
///     println!("{}: {}", provider.name, provider.about);
/// }
/// ```
pub fn providers() -> &'static [&'static Descriptor] {
    TABLE
}

/// Returns the clouds of all providers, each once.
pub fn clouds() -> impl Iterator<Item = &'static Cloud> + Clone {
    let mut last = "";
    let clouds = providers().iter().map(|provider| provider.cloud);
    // The providers of one cloud follow each other.
    clouds.filter(move |cloud| std::mem::replace(&mut last, cloud.name) != cloud.name)
}

/// Connects to a registry of the provider with this name, such as `alibabacloud`.
///
/// ```no_run
/// use registry_replication::{Error, Settings, connect};
///
/// # async fn example() -> Result<(), Error> {
/// let settings = Settings::new()
///     .set("region", "cn-hangzhou")
///     .set("instance", "cri-kmsiwlxxdcva0001");
/// let registry = connect("alibabacloud", settings).await?;
/// println!("{}", registry.arrival("team/api:v42").check().await?.verdict);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When this build has no such provider, and as [`Descriptor::connect`].
pub async fn connect(provider: &str, settings: Settings) -> Result<Arc<dyn Registry>, Error> {
    let found = providers().iter().find(|one| one.name == provider);
    let Some(found) = found else {
        let names = providers().iter().map(|one| one.name);
        return Err(Error::configuration(format!(
            "unknown provider {provider:?}; this build has {}",
            names.collect::<Vec<_>>().join(", ")
        )));
    };
    found.connect(settings).await
}

/// What a provider is called, needs and offers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Descriptor {
    /// Name on the command line and in reports, such as `huaweicloud-basic`.
    pub name: &'static str,
    /// Name in a sentence, such as `Huawei Cloud Basic`.
    pub title: &'static str,
    /// Name of the product in full.
    pub about: &'static str,
    /// The cloud that the registry belongs to.
    pub cloud: &'static Cloud,
    /// What a connection can be given.
    pub settings: &'static [Setting],
    /// Ids of known regions. A connection accepts others.
    pub regions: &'static [&'static str],
    /// What the registry can be asked and told.
    pub offers: Offers,
    /// The setting that the host in an image's name sets, if any host can be of this provider.
    pub any_host: Option<&'static str>,
    /// The waiting times of an arrival.
    pub windows: Windows,
    pub(crate) connect: Connect,
}

/// A cloud: one set of credentials, and the services that they are for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cloud {
    /// Name, such as `huaweicloud`.
    pub name: &'static str,
    /// Name in a sentence, such as `Huawei Cloud`.
    pub title: &'static str,
    /// Names of the environment variables that hold a static key.
    pub variables: &'static str,
    /// The services whose calls can be made by name.
    pub services: &'static [Service],
    /// The call that decodes the encoded reason of a refusal, if a service of the cloud has one.
    pub decoder: Option<Decoder>,
    pub(crate) doctor: Doctor,
}

/// A call that decodes what
/// [`Error::encoded_authorization_message`](crate::Error::encoded_authorization_message) returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoder {
    /// Name of the call.
    pub call: &'static str,
    /// Field of the call's JSON body that takes the encoded text.
    pub field: &'static str,
}

/// A value that a connection can be given.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// Name, such as `instance`.
    pub name: &'static str,
    /// What it is, as a noun phrase.
    pub about: &'static str,
    /// Whether a connection needs it.
    pub required: bool,
    /// Setting that makes this one unnecessary. A connection needs one of both.
    pub unless: Option<&'static str>,
    /// The parameter of calls by name that it fills.
    pub parameter: Option<&'static str>,
    /// Form of its value.
    pub form: Form,
}

/// Form of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An id, which is a word without slashes.
    Id,
    /// A URL.
    Url,
    /// A host with an optional port.
    Host,
    /// Several hosts, with commas between them.
    Hosts,
    /// A path of a file.
    File,
}

impl Setting {
    pub(crate) const fn optional(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            required: false,
            unless: None,
            parameter: None,
            form: Form::Id,
        }
    }

    /// The same with a value of another form.
    pub(crate) const fn form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    pub(crate) const fn required(name: &'static str, about: &'static str) -> Self {
        Self {
            required: true,
            ..Self::optional(name, about)
        }
    }

    /// The same; a connection needs it unless it has another setting.
    pub(crate) const fn unless(self, other: &'static str) -> Self {
        Self {
            unless: Some(other),
            ..self
        }
    }

    /// The same; its value is also that parameter of calls by name.
    pub(crate) const fn fills(self, parameter: &'static str) -> Self {
        Self {
            parameter: Some(parameter),
            ..self
        }
    }
}

/// Makes a registry from settings.
pub(crate) type Connect = fn(Settings) -> BoxFuture<'static, Result<Arc<dyn Registry>, Error>>;

/// Something that a registry can be asked or told, and that not every provider has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// A listing of all rules.
    Rules,
    /// A listing of the rules of one repository.
    RepositoryRules,
    /// Listings of executions.
    Executions,
    /// A listing of all tasks.
    AllTasks,
    /// A listing of the tasks of an execution.
    ExecutionTasks,
    /// A listing of the tasks of a repository or an image.
    ImageTasks,
    /// Listings of subtasks.
    Subtasks,
    /// Running a rule for all that it covers.
    RunRule,
    /// Running a rule for images that are named.
    RunImages,
    /// A trial of a retention rule.
    Trial,
    /// Stopping an execution.
    StopExecution,
    /// Stopping a task.
    StopTask,
    /// Logs of tasks.
    Logs,
    /// Listings of repositories and tags.
    Images,
}

impl fmt::Display for Feature {
    /// A noun phrase, such as `tasks of an execution`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rules => "rules of all repositories",
            Self::RepositoryRules => "rules of one repository",
            Self::Executions => "executions of rules",
            Self::AllTasks => "tasks of all images",
            Self::ExecutionTasks => "tasks of an execution",
            Self::ImageTasks => "tasks of an image",
            Self::Subtasks => "subtasks",
            Self::RunRule => "a run of a whole rule",
            Self::RunImages => "a run for some images",
            Self::Trial => "a trial",
            Self::StopExecution => "stopping an execution",
            Self::StopTask => "stopping a task",
            Self::Logs => "logs of tasks",
            Self::Images => "repositories and tags",
        })
    }
}

/// Whether a provider has a [`Feature`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offered {
    /// It has.
    Yes,
    /// It has not; the text says what to do instead.
    No(&'static str),
}

/// What a registry of a provider can be asked and told.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Offers {
    /// Whether [`Feature::Rules`] is offered.
    pub rules: Offered,
    /// Whether [`Feature::RepositoryRules`] is offered.
    pub repository_rules: Offered,
    /// Whether [`Feature::Executions`] is offered.
    pub executions: Offered,
    /// Whether [`Feature::AllTasks`] is offered.
    pub all_tasks: Offered,
    /// Whether [`Feature::ExecutionTasks`] is offered.
    pub execution_tasks: Offered,
    /// Whether [`Feature::ImageTasks`] is offered.
    pub image_tasks: Offered,
    /// Whether [`Feature::Subtasks`] is offered.
    pub subtasks: Offered,
    /// Whether [`Feature::RunRule`] is offered.
    pub run_rule: Offered,
    /// Whether [`Feature::RunImages`] is offered.
    pub run_images: Offered,
    /// Whether [`Feature::Trial`] is offered.
    pub trial: Offered,
    /// Whether [`Feature::StopExecution`] is offered.
    pub stop_execution: Offered,
    /// Whether [`Feature::StopTask`] is offered.
    pub stop_task: Offered,
    /// Whether [`Feature::Logs`] is offered.
    pub logs: Offered,
    /// Whether [`Feature::Images`] is offered.
    pub images: Offered,
    /// Whether the listing of [`Feature::ImageTasks`] can be narrowed to one tag.
    pub tag_tasks: bool,
    /// Whether a task belongs to an execution, which its reference names.
    pub tasks_in_executions: bool,
    /// Whether retention rules belong to a namespace, which their references name.
    pub retention_in_namespaces: bool,
    /// Whether the name of an image needs a namespace.
    pub namespaces: bool,
    /// Whether tasks name the digest that they copy.
    pub digests: bool,
    /// Whether tasks name the time of their creation.
    pub times: bool,
    /// Whether tasks of replication name their rule. If not, [`TaskRules`](crate::TaskRules) finds the
    /// rules that may have created a task.
    pub task_rules: bool,
    /// Whether tasks name the region, instance or registry that they copy to.
    pub task_places: bool,
}

impl Offers {
    /// Returns whether a feature is offered, and what to do instead.
    pub fn offered(&self, feature: Feature) -> Offered {
        match feature {
            Feature::Rules => self.rules,
            Feature::RepositoryRules => self.repository_rules,
            Feature::Executions => self.executions,
            Feature::AllTasks => self.all_tasks,
            Feature::ExecutionTasks => self.execution_tasks,
            Feature::ImageTasks => self.image_tasks,
            Feature::Subtasks => self.subtasks,
            Feature::RunRule => self.run_rule,
            Feature::RunImages => self.run_images,
            Feature::Trial => self.trial,
            Feature::StopExecution => self.stop_execution,
            Feature::StopTask => self.stop_task,
            Feature::Logs => self.logs,
            Feature::Images => self.images,
        }
    }
}

/// The waiting times of an arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Windows {
    /// How long a failed task may still be retried by the registry.
    pub settle: Duration,
    /// Number of runs after which the registry gives up, if each run has its own start time.
    pub runs: Option<usize>,
    /// How long a task may stay in one state until it counts as stalled.
    pub stall: Duration,
    /// How long a rule may take to create a task.
    pub task: Duration,
}

impl Windows {
    /// The windows of a provider that documents no retries.
    pub(crate) const DEFAULT: Self = Self {
        settle: Duration::from_secs(60),
        runs: None,
        stall: Duration::from_secs(15 * 60),
        task: Duration::from_secs(60),
    };
}

impl Descriptor {
    /// Returns the provider's name in reports and tasks.
    pub fn provider(&self) -> Provider {
        Provider::named(self.name)
    }

    /// Makes a registry. A call is sent only if a setting has to be looked up.
    ///
    /// # Errors
    /// When a setting is unknown, missing or invalid, and any error of a call.
    pub async fn connect(&self, settings: Settings) -> Result<Arc<dyn Registry>, Error> {
        for name in settings.names() {
            if !self.settings.iter().any(|setting| setting.name == name) {
                let known: Vec<_> = self.settings.iter().map(|setting| setting.name).collect();
                return Err(Error::configuration(format!(
                    "{} has no setting {name:?}; it has {}",
                    self.title,
                    known.join(", ")
                )));
            }
        }
        (self.connect)(settings).await
    }

    /// Returns the settings that a connection still needs, if it has those that `has` returns true for.
    pub fn missing(&self, has: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static Setting> {
        let settings = self.settings.iter();
        settings.filter(move |setting| {
            let is_needed = match setting.unless {
                Some(other) => !has(other),
                None => setting.required,
            };
            is_needed && !has(setting.name)
        })
    }

    /// Returns whether the provider has a feature.
    pub fn has(&self, feature: Feature) -> bool {
        self.offers.offered(feature) == Offered::Yes
    }

    /// Returns whether the registry has rules or tasks. If not, an arrival asks the destinations only.
    pub fn shows_work(&self) -> bool {
        let features = [
            Feature::Rules,
            Feature::RepositoryRules,
            Feature::AllTasks,
            Feature::ExecutionTasks,
            Feature::ImageTasks,
        ];
        features.into_iter().any(|feature| self.has(feature))
    }

    /// Refuses a feature that the provider does not have.
    ///
    /// # Errors
    /// Of kind [`NotOffered`](crate::ErrorKind::NotOffered); says what to do instead.
    pub fn check(&self, feature: Feature) -> Result<(), Error> {
        match self.offers.offered(feature) {
            Offered::Yes => Ok(()),
            Offered::No(_) => Err(self.refusal(feature)),
        }
    }

    /// Returns the error of a feature that the provider does not have.
    pub(crate) fn refusal(&self, feature: Feature) -> Error {
        let instead = match self.offers.offered(feature) {
            Offered::No(instead) => instead,
            // A registry that does not implement what its row offers.
            Offered::Yes => "this version does not implement it",
        };
        Error::not_offered(format_args!("{feature} of {}", self.title), instead)
    }

    /// Reads the caller's name of an image.
    pub(crate) fn image(&self, text: &str) -> Result<ImageName, Error> {
        Ok(self.named(text.parse()?)?)
    }

    /// Reads the name of a repository, which has no tag.
    pub(crate) fn repository(&self, text: &str) -> Result<ImageName, Error> {
        self.image(text)?.without_tag()
    }

    /// Refuses a name without the namespace that the provider needs.
    pub(crate) fn named(&self, image: ImageName) -> Result<ImageName, InvalidImage> {
        match image.namespace().is_empty() && self.offers.namespaces {
            false => Ok(image),
            true => Err(InvalidImage::new(
                &image.to_string(),
                "it has no namespace; write NAMESPACE/REPOSITORY or NAMESPACE/REPOSITORY:TAG",
            )),
        }
    }
}

impl Provider {
    /// Returns the provider's row of the table; `None` if this build does not have the provider.
    pub fn descriptor(&self) -> Option<&'static Descriptor> {
        let mut all = providers().iter().copied();
        all.find(|descriptor| descriptor.name == self.as_str())
    }
}

impl Task {
    /// Returns the reference that names the task.
    pub fn reference(&self) -> TaskRef {
        let offers = self.provider.descriptor().map(|one| &one.offers);
        let in_executions = offers.is_some_and(|offers| offers.tasks_in_executions);
        let Some(execution) = self.execution.as_ref().filter(|_| in_executions) else {
            return TaskRef::new(&self.id);
        };
        let namespace = self.source.as_ref().and_then(|end| end.namespace.as_ref());
        match (&self.rule, namespace) {
            (Some(rule), Some(namespace)) if self.kind == TaskKind::Retention => {
                let rule = RuleRef::retention(namespace, rule);
                TaskRef::of(ExecutionRef::of(rule, execution), &self.id)
            }
            _ => TaskRef::of(ExecutionRef::new(execution), &self.id),
        }
    }
}
