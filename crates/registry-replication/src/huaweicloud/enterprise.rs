//! Huawei Cloud SWR, Enterprise edition.

use huaweicloud_swr::swr::types::{ReplicationTask, RetentionTask};
use huaweicloud_swr::swr::{self, values::TaskStatus};
use registry_transport::Error;

use super::Credentials;
use crate::model::{
    ImageRef, Provider, Resources, RetentionCounts, Task, TaskKind, TaskState, VendorTask,
};
use crate::pager::{Page, Pager, Slot, paged};
use crate::settings::{Settings, common_settings};

/// An instance of the Enterprise edition.
#[derive(Clone, Debug)]
pub struct Registry {
    client: swr::Client,
    project_id: String,
    instance: String,
}

/// Settings of a [`Registry`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
    project_id: Option<String>,
    instance: Option<String>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Id of the project, which is the region's share of the account. Unless said otherwise, the
    /// one that the credentials name, or IAM by the region.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// Id of the instance.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Makes the registry. Nothing is sent yet, unless the project id has to be looked up.
    ///
    /// # Errors
    /// When region and endpoint or instance are missing, and when the project id is not given and
    /// cannot be found out; names what is missing.
    pub async fn build(self) -> Result<Registry, Error> {
        let mut settings = self.settings;
        let instance = self
            .instance
            .ok_or_else(|| Error::configuration("instance id is not set"))?;
        let endpoint = super::endpoint(&settings)?;
        let provider = super::provider(&mut settings);
        let project_id = match self.project_id {
            Some(id) => id,
            None => super::project_id(&settings, &provider).await?,
        };
        let provider = provider.project_id(&project_id);
        Ok(Registry {
            client: super::client(settings, endpoint, provider)?,
            project_id,
            instance,
        })
    }
}

impl Registry {
    /// Begins a registry.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The generated client.
    pub fn client(&self) -> &swr::Client {
        &self.client
    }

    /// The tasks of an execution of a replication policy:
    /// `ListInstanceReplicationPolicyExecTasks`.
    pub fn replication_tasks(&self, execution: i64) -> ReplicationTasks {
        ReplicationTasks {
            registry: self.clone(),
            execution,
            page_size: 100,
        }
    }

    /// The tasks of an execution of a namespace's retention policy:
    /// `ListInstanceRetentionPolicyExecTasks`.
    pub fn retention_tasks(
        &self,
        namespace: impl Into<String>,
        policy: i64,
        execution: i64,
    ) -> RetentionTasks {
        RetentionTasks {
            registry: self.clone(),
            namespace: namespace.into(),
            policy,
            execution,
            status: None,
            page_size: 100,
        }
    }
}

/// The tasks of a replication execution.
#[derive(Clone, Debug)]
pub struct ReplicationTasks {
    registry: Registry,
    execution: i64,
    page_size: u32,
}
paged!(ReplicationTasks, Pages, 100, "1 to 100");

impl ReplicationTasks {
    async fn fetch(self, slot: Slot) -> Result<Page<Task>, Error> {
        let page = self
            .registry
            .client
            .list_instance_replication_policy_exec_tasks()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .execution_id(self.execution)
            .offset(slot.offset)
            .limit(slot.size)
            .send()
            .await?
            .into_inner();
        Ok(Page {
            items: page.tasks.into_iter().map(replication).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// The tasks of a retention execution.
#[derive(Clone, Debug)]
pub struct RetentionTasks {
    registry: Registry,
    namespace: String,
    policy: i64,
    execution: i64,
    status: Option<TaskStatus>,
    page_size: u32,
}
paged!(RetentionTasks, Pages, 100, "1 to 100");

impl RetentionTasks {
    /// Only the tasks in this state.
    pub fn status(mut self, status: impl Into<TaskStatus>) -> Self {
        self.status = Some(status.into());
        self
    }

    async fn fetch(self, slot: Slot) -> Result<Page<Task>, Error> {
        let mut call = self
            .registry
            .client
            .list_instance_retention_policy_exec_tasks()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .namespace_name(&self.namespace)
            .policy_id(self.policy)
            .execution_id(self.execution)
            .offset(slot.offset)
            .limit(slot.size);
        if let Some(status) = self.status {
            call = call.status(status);
        }
        let page = call.send().await?.into_inner();
        let task = |task| retention(task, &self.namespace, self.policy);
        Ok(Page {
            items: page.tasks.into_iter().map(task).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

fn state(status: &TaskStatus) -> Option<TaskState> {
    Some(match status {
        TaskStatus::Initialized | TaskStatus::Pending => TaskState::Waiting,
        TaskStatus::InProgress => TaskState::Running,
        TaskStatus::Succeed => TaskState::Succeeded,
        TaskStatus::Failed => TaskState::Failed,
        TaskStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

fn replication(vendor: ReplicationTask) -> Task {
    let resources = Resources::read(
        vendor.src_resource.as_deref(),
        vendor.dst_resource.as_deref(),
        vendor.operation.as_deref(),
    );
    let task = Task::new(
        Provider::HuaweicloudEnterprise,
        TaskKind::Replication,
        vendor.id,
    )
    .with_status(vendor.status.clone(), state);
    Task {
        execution: vendor.execution_id.map(|id| id.to_string()),
        source: resources.source,
        destination: resources.destination,
        operation: resources.operation,
        started: vendor.start_time,
        updated: vendor.end_time,
        ended: vendor.end_time,
        vendor: Some(VendorTask::HuaweicloudReplication(Box::new(vendor))),
        ..task
    }
}

fn retention(vendor: RetentionTask, namespace: &str, policy: i64) -> Task {
    let task = Task::new(
        Provider::HuaweicloudEnterprise,
        TaskKind::Retention,
        vendor.id,
    )
    .with_status(vendor.status.clone(), state);
    let source = vendor.repository.clone().map(|repository| ImageRef {
        namespace: Some(namespace.to_owned()),
        repository: Some(repository),
        ..ImageRef::default()
    });
    let retention = vendor.total.zip(vendor.retained);
    Task {
        execution: vendor.execution_id.map(|id| id.to_string()),
        rule: Some(policy.to_string()),
        source,
        retention: retention.map(|(total, retained)| RetentionCounts { total, retained }),
        started: vendor.start_time,
        updated: vendor.end_time,
        ended: vendor.end_time,
        vendor: Some(VendorTask::HuaweicloudRetention(Box::new(vendor))),
        ..task
    }
}
