//! Tasks of replication and retention executions.

use std::fmt::Display;

use huaweicloud_swr::swr::types::{ReplicationTask, RetentionTask};
use huaweicloud_swr::swr::values::TaskStatus;
use openapi_transport::{Error, Timestamp};

use super::PROVIDER;
use super::SwrEnterprise;
use crate::listing::Listing;
use crate::model::{
    ExecutionRef, ImageRef, RetentionCounts, RuleRef, Task, TaskKind, TaskState, VendorAnswer,
};
use crate::pager::{Fetched, Slot, Steps, listing_name};
use crate::providers::resource::Resources;

impl SwrEnterprise {
    /// Lists the tasks of an execution of a replication rule:
    /// `ListInstanceReplicationPolicyExecTasks`.
    pub fn replication_tasks(&self, execution: i64) -> Listing<Task> {
        self.list_replication_tasks(execution, true)
    }

    /// Lists tasks. `is_checked` tells whether the execution is looked up when it has no tasks.
    pub(super) fn list_replication_tasks(&self, execution: i64, is_checked: bool) -> Listing<Task> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("execution", Some(&execution)),
        ];
        let name = listing_name("ListInstanceReplicationPolicyExecTasks", &narrowed);
        let tasks = ReplicationTasks {
            registry: self.clone(),
            execution,
            is_checked,
        };
        Listing::new(name, Steps::Pages, move |slot| tasks.clone().fetch(slot))
    }

    /// Lists the tasks of an execution of a namespace's retention rule, in one state or in any:
    /// `ListInstanceRetentionPolicyExecTasks`.
    pub fn retention_tasks(
        &self,
        namespace: impl Into<String>,
        policy: i64,
        execution: i64,
        status: Option<TaskStatus>,
    ) -> Listing<Task> {
        let tasks = RetentionTasks {
            registry: self.clone(),
            namespace: namespace.into(),
            policy,
            execution,
            status,
        };
        let status = tasks.status.as_ref();
        let narrowed: [(&str, Option<&dyn Display>); 5] = [
            ("instance", Some(&self.instance)),
            ("namespace", Some(&tasks.namespace)),
            ("policy", Some(&policy)),
            ("execution", Some(&execution)),
            ("status", status.map(|status| status as _)),
        ];
        let name = listing_name("ListInstanceRetentionPolicyExecTasks", &narrowed);
        Listing::new(name, Steps::Pages, move |slot| tasks.clone().fetch(slot))
    }
}

/// Parameters of one listing of replication tasks.
#[derive(Clone)]
struct ReplicationTasks {
    registry: SwrEnterprise,
    execution: i64,
    /// Whether the execution is looked up when it has no tasks.
    is_checked: bool,
}

impl ReplicationTasks {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Task>, Error> {
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
        let execution = self.execution.to_string();
        if self.is_checked && slot.is_empty_beginning(&page.tasks) {
            let execution = ExecutionRef::new(&execution);
            self.registry.execution_exists(&execution).await?;
        }
        let task = |vendor| {
            let mut task = replication(vendor);
            // Without its execution, nothing could refer to the task.
            task.execution.get_or_insert_with(|| execution.clone());
            task
        };
        Ok(Fetched {
            items: page.tasks.into_iter().map(task).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// Parameters of one listing of retention tasks.
#[derive(Clone)]
struct RetentionTasks {
    registry: SwrEnterprise,
    namespace: String,
    policy: i64,
    execution: i64,
    status: Option<TaskStatus>,
}

impl RetentionTasks {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Task>, Error> {
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
        let execution = self.execution.to_string();
        if slot.is_empty_beginning(&page.tasks) {
            let rule = RuleRef::retention(&self.namespace, self.policy.to_string());
            let execution = ExecutionRef::of(rule, &execution);
            self.registry.execution_exists(&execution).await?;
        }
        let task = |vendor| {
            let mut task = retention(vendor, &self.namespace, self.policy);
            task.execution.get_or_insert_with(|| execution.clone());
            task
        };
        Ok(Fetched {
            items: page.tasks.into_iter().map(task).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

pub(super) fn state(status: &TaskStatus) -> Option<TaskState> {
    Some(match status {
        TaskStatus::Initialized | TaskStatus::Pending => TaskState::Waiting,
        TaskStatus::InProgress => TaskState::Running,
        TaskStatus::Succeed => TaskState::Succeeded,
        TaskStatus::Failed => TaskState::Failed,
        TaskStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

/// Returns the status that stands for a state, if it is the only one.
pub(super) fn status_of(state: &TaskState) -> Option<TaskStatus> {
    Some(match state {
        TaskState::Running => TaskStatus::InProgress,
        TaskState::Succeeded => TaskStatus::Succeed,
        TaskState::Failed => TaskStatus::Failed,
        TaskState::Cancelled => TaskStatus::Stopped,
        _ => return None,
    })
}

fn replication(vendor: ReplicationTask) -> Task {
    let resources = Resources::read(
        vendor.src_resource.as_deref(),
        vendor.dst_resource.as_deref(),
        vendor.operation.as_deref(),
    );
    let task = Task::new(PROVIDER, TaskKind::Replication, vendor.id)
        .with_status(vendor.status.clone(), state);
    Task {
        execution: vendor.execution_id.map(|id| id.to_string()),
        source: resources.source,
        destination: resources.destination,
        operation: resources.operation,
        started: vendor.start_time,
        updated: revised(vendor.status_revision).max(vendor.end_time),
        ended: vendor.end_time,
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

/// When the state last changed.
fn revised(revision: Option<i64>) -> Option<Timestamp> {
    let second = revision.filter(|second| *second > 0)?;
    Timestamp::from_second(second).ok()
}

fn retention(vendor: RetentionTask, namespace: &str, policy: i64) -> Task {
    let task = Task::new(PROVIDER, TaskKind::Retention, vendor.id)
        .with_status(vendor.status.clone(), state);
    // The namespace is a part of the task's reference, so it is there without a repository, too.
    let source = Some(ImageRef {
        namespace: Some(namespace.to_owned()),
        repository: vendor.repository.clone(),
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
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_is_sent_stands_for_its_state_alone() {
        let all = [
            TaskStatus::Initialized,
            TaskStatus::Pending,
            TaskStatus::InProgress,
            TaskStatus::Succeed,
            TaskStatus::Failed,
            TaskStatus::Stopped,
        ];
        for status in &all {
            let same = all.iter().filter(|one| state(one) == state(status)).count();
            let sent = state(status).and_then(|state| status_of(&state));
            assert_eq!(sent.as_ref(), (same == 1).then_some(status), "{status}");
        }
    }
}
