//! Alibaba Cloud Container Registry, Enterprise Edition. [`client`] is the generated client.
//!
//! # Calls
//!
//! | method | calls |
//! |---|---|
//! | `rules_of` | `ListRepoSyncRule`; of a repository, only the rules that name it |
//! | `tasks_of` | `ListRepoSyncTask`, of all, a batch, a repository or an image |
//! | `repositories_in` | `ListRepository`; of a namespace without any, `GetNamespace` |
//! | `tags_of` | `ListRepoTag`, after `GetRepository` if the id of the repository is not known |
//! | `run` | `GetRepository`, then `CreateRepoSyncTaskByRule` for each image |
//! | `stop` | `GetRepoSyncTask`, `CancelRepoSyncTask` |
//! | `hosts` | `ListInstanceEndpoint` |
//! | arrivals | `ListRepoSyncRule`, `ListRepoSyncTask`; for the source's tag `GetRepository` and `GetRepoTag`; to explain `GetInstance` |
//!
//! A batch is an execution here. An empty listing looks up what narrows it: `GetRepository`,
//! `GetRepoTag`, `GetRepoSyncTask`.

mod descriptor;
mod doctor;
mod images;
mod known;
mod login;
mod look;
mod operate;
mod rules;

use std::fmt::Display;
use std::sync::Arc;

/// The generated client and what goes with it.
pub use alibabacloud_cr as client;
pub use alibabacloud_cr::Credentials;
use alibabacloud_cr::cr::types::{GetRepoSyncTaskAnswer, SyncImage, SyncTask};
use alibabacloud_cr::cr::values::{TaskIssue, TaskStatus, TaskTrigger};
use alibabacloud_cr::{Alibabacloud, ChainSettings, cr, endpoints};
pub use descriptor::{DESCRIPTOR, PROVIDER};
pub use login::Logins;
use openapi_transport::{Caller, ContextBuilder, Error};
pub use rules::RuleQuery;

use crate::arrival::read::Kept;
use crate::arrival::sight::Rules as RulesRead;
use crate::arrival::watch::Watch;
use crate::listing::Listing;
use crate::model::{ImageName, ImageRef, Task, TaskKind, TaskState, Trigger, VendorAnswer};
use crate::pager::{Fetched, Slot, Steps, listing_name};
use crate::settings::{Settings, common_settings};
use crate::suggest;

/// An instance of the Enterprise Edition.
#[derive(Clone, Debug)]
pub struct AlibabaCr {
    client: cr::Client,
    instance: String,
    watch: Watch,
    rules_read: Kept<RulesRead>,
}

/// Settings of an [`AlibabaCr`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
    instance: Option<String>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Id of the instance, `cri-…`.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Makes the registry. Nothing is sent yet.
    ///
    /// # Errors
    /// When region and endpoint or instance are missing; names what is missing.
    pub async fn build(mut self) -> Result<AlibabaCr, Error> {
        let instance = self
            .instance
            .ok_or_else(|| Error::missing_setting(&["instance"]))?;
        let endpoint = endpoint(&self.settings)?;
        let context = self.settings.begin(endpoint);
        let dialect = Arc::new(dialect(&mut self.settings, &context));
        Ok(AlibabaCr {
            client: cr::Client::new(context.dialect(dialect).build()?),
            instance,
            watch: Watch::default(),
            rules_read: Kept::default(),
        })
    }
}

/// A dialect for the caller that is set. The default is the vendor's own chain, by the clock of
/// the `context`.
fn dialect(settings: &mut Settings<Credentials>, context: &ContextBuilder) -> Alibabacloud {
    Alibabacloud::of(settings.caller.take().unwrap_or_else(|| {
        let chain = ChainSettings::default()
            .clock(context.clock_set())
            .chance(context.chance_set())
            .http(context.http_set());
        Caller::Chain(Arc::new(Credentials::default_chain(&chain)))
    }))
}

fn endpoint(settings: &Settings<Credentials>) -> Result<String, Error> {
    settings
        .endpoint(|region| suggest::region(endpoints::cr(region), region, &endpoints::CR_REGIONS))
}

impl AlibabaCr {
    /// Begins a registry.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The generated client.
    pub fn client(&self) -> &cr::Client {
        &self.client
    }

    /// Lists the synchronization tasks of the instance: `ListRepoSyncTask`.
    ///
    /// An image with an invalid name, an image that is not found and a batch that is not found are
    /// reported as the first error of the stream.
    pub fn tasks(&self, query: TaskQuery) -> Listing<Task> {
        let TaskQuery { image, batch } = query;
        let image = image
            .as_deref()
            .map(|image| DESCRIPTOR.image(image))
            .transpose();
        Listing::tried(image.map(|image| self.list_tasks(image, batch, true)))
    }

    /// Lists tasks. `is_checked` tells whether image and batch are looked up when they have no
    /// tasks.
    fn list_tasks(
        &self,
        image: Option<ImageName>,
        batch: Option<String>,
        is_checked: bool,
    ) -> Listing<Task> {
        let narrowed: [(&str, Option<&dyn Display>); 3] = [
            ("instance", Some(&self.instance)),
            ("image", image.as_ref().map(|image| image as _)),
            ("batch", batch.as_ref().map(|batch| batch as _)),
        ];
        let name = listing_name("ListRepoSyncTask", &narrowed);
        let tasks = Tasks {
            registry: self.clone(),
            image,
            batch,
            is_checked,
        };
        Listing::new(name, Steps::Pages, move |slot| tasks.clone().fetch(slot))
    }
}

/// Filter for [`AlibabaCr::tasks`]. The default selects all tasks of the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskQuery {
    /// `namespace/repository:tag`, or `namespace/repository` for all images of a repository.
    pub image: Option<String>,
    /// `SyncBatchTaskId` of a batch. A task carries it as its execution.
    pub batch: Option<String>,
}

impl TaskQuery {
    /// Selects the tasks of one image, `namespace/repository:tag`, or of all images of a
    /// `namespace/repository`.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Selects the tasks of one batch, by its `SyncBatchTaskId`.
    pub fn batch(mut self, id: impl Into<String>) -> Self {
        self.batch = Some(id.into());
        self
    }
}

/// Parameters of one task listing.
#[derive(Clone)]
struct Tasks {
    registry: AlibabaCr,
    image: Option<ImageName>,
    batch: Option<String>,
    /// Whether image and batch are looked up when they have no tasks.
    is_checked: bool,
}

impl Tasks {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Task>, Error> {
        let mut call = self
            .registry
            .client
            .list_repo_sync_task()
            .instance_id(&self.registry.instance)
            .page_no(slot.page())
            .page_size(slot.size);
        let image = self.image;
        if let Some(image) = &image {
            call = call
                .repo_namespace_name(image.namespace())
                .repo_name(image.repository());
            if let Some(tag) = image.tag() {
                call = call.tag(tag);
            }
        }
        if let Some(batch) = &self.batch {
            call = call.sync_record_id(batch);
        }
        let page = call.send().await?.into_inner();
        if self.is_checked && slot.is_empty_beginning(&page.sync_tasks) {
            if let Some(image) = &image {
                self.registry.image_exists(image).await?;
            }
            if let Some(batch) = &self.batch {
                self.registry.batch_exists(batch, image.is_some()).await?;
            }
        }
        Ok(Fetched {
            items: page.sync_tasks.into_iter().map(task).collect(),
            total: page.total_count.and_then(|total| total.0.try_into().ok()),
            size: page.page_size.and_then(|size| size.try_into().ok()),
        })
    }
}

fn state(status: &TaskStatus) -> Option<TaskState> {
    Some(match status {
        TaskStatus::Pending => TaskState::Waiting,
        TaskStatus::Synchronizing => TaskState::Running,
        TaskStatus::Success => TaskState::Succeeded,
        TaskStatus::Error => TaskState::Failed,
        TaskStatus::Canceled => TaskState::Cancelled,
        _ => return None,
    })
}

fn image(vendor: SyncImage) -> ImageRef {
    ImageRef {
        region: vendor.region_id,
        instance: vendor.instance_id,
        namespace: vendor.repo_namespace_name,
        repository: vendor.repo_name,
        ..ImageRef::default()
    }
    .with_tag(vendor.image_tag)
}

fn task(vendor: SyncTask) -> Task {
    // Older answers have the misspelt name alone.
    let updated = vendor.modified_time.or(vendor.modifed_time);
    let task = Task::new(PROVIDER, TaskKind::Replication, vendor.sync_task_id.clone())
        .with_status(vendor.task_status.clone(), state)
        .with_updated(updated.map(|time| time.0));
    Task {
        execution: vendor.sync_batch_task_id.clone(),
        rule: vendor.sync_rule_id.clone(),
        source: vendor.image_from.clone().map(image),
        destination: vendor.image_to.clone().map(image),
        trigger: vendor.task_trigger.as_ref().and_then(trigger),
        issue: vendor.task_issue.as_ref().and_then(issue),
        created: vendor.create_time.map(|time| time.0),
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

/// Reads the answer about a single task, which has no times.
fn single(vendor: GetRepoSyncTaskAnswer) -> Task {
    let task = Task::new(PROVIDER, TaskKind::Replication, vendor.sync_task_id.clone())
        .with_status(vendor.task_status.clone(), state);
    Task {
        execution: vendor.sync_batch_task_id.clone(),
        rule: vendor.sync_rule_id.clone(),
        source: vendor.image_from.clone().map(image),
        destination: vendor.image_to.clone().map(image),
        trigger: vendor.task_trigger.as_ref().and_then(trigger),
        issue: vendor.task_issue.as_ref().and_then(issue),
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

fn trigger(vendor: &TaskTrigger) -> Option<Trigger> {
    match vendor {
        TaskTrigger::Passive => Some(Trigger::Automatic),
        TaskTrigger::Initiative => Some(Trigger::Manual),
        _ => None,
    }
}

fn issue(vendor: &TaskIssue) -> Option<String> {
    Some(vendor.as_str().to_owned()).filter(|issue| !issue.is_empty())
}
