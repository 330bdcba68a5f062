//! Subtasks of replication and retention tasks.

use std::fmt::Display;

use huaweicloud_swr::swr::types::{ReplicationSubtask, RetentionSubtask};
use huaweicloud_swr::swr::values::TaskStatus;
use openapi_transport::Error;

use super::PROVIDER;
use super::SwrEnterprise;
use super::tasks::state;
use crate::listing::Listing;
use crate::model::{ExecutionRef, RuleRef, Subtask, TaskKind, TaskRef, TaskState, VendorAnswer};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl SwrEnterprise {
    /// Lists the subtasks of a task of a replication execution, one for each tag, in one state or
    /// in any: `ListInstanceReplicationPolicyExecSubTasks`.
    pub fn replication_subtasks(
        &self,
        execution: i64,
        task: i64,
        status: Option<TaskStatus>,
    ) -> Listing<Subtask> {
        self.list_replication_subtasks(execution, task, status, true)
    }

    /// Lists subtasks. `is_checked` tells whether the task is looked up when it has no subtasks.
    pub(super) fn list_replication_subtasks(
        &self,
        execution: i64,
        task: i64,
        status: Option<TaskStatus>,
        is_checked: bool,
    ) -> Listing<Subtask> {
        let narrowed: [(&str, Option<&dyn Display>); 4] = [
            ("instance", Some(&self.instance)),
            ("execution", Some(&execution)),
            ("task", Some(&task)),
            ("status", status.as_ref().map(|status| status as _)),
        ];
        let name = listing_name("ListInstanceReplicationPolicyExecSubTasks", &narrowed);
        let subtasks = ReplicationSubtasks {
            registry: self.clone(),
            execution,
            task,
            status,
            is_checked,
        };
        Listing::new(name, Steps::Pages, move |slot| subtasks.clone().fetch(slot))
    }

    /// Lists the subtasks of a task of a retention execution, one for each tag that the rule
    /// deletes, in one state or in any: `ListInstanceRetentionPolicyExecSubTasks`.
    pub fn retention_subtasks(
        &self,
        namespace: impl Into<String>,
        policy: i64,
        execution: i64,
        task: i64,
        status: Option<TaskStatus>,
    ) -> Listing<Subtask> {
        let subtasks = RetentionSubtasks {
            registry: self.clone(),
            namespace: namespace.into(),
            policy,
            execution,
            task,
            status,
        };
        let status = subtasks.status.as_ref();
        let narrowed: [(&str, Option<&dyn Display>); 6] = [
            ("instance", Some(&self.instance)),
            ("namespace", Some(&subtasks.namespace)),
            ("policy", Some(&policy)),
            ("execution", Some(&execution)),
            ("task", Some(&task)),
            ("status", status.map(|status| status as _)),
        ];
        let name = listing_name("ListInstanceRetentionPolicyExecSubTasks", &narrowed);
        Listing::new(name, Steps::Pages, move |slot| subtasks.clone().fetch(slot))
    }
}

/// Parameters of one listing of replication subtasks.
#[derive(Clone)]
struct ReplicationSubtasks {
    registry: SwrEnterprise,
    execution: i64,
    task: i64,
    status: Option<TaskStatus>,
    /// Whether the task is looked up when it has no subtasks.
    is_checked: bool,
}

impl ReplicationSubtasks {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Subtask>, Error> {
        let mut call = self
            .registry
            .client
            .list_instance_replication_policy_exec_sub_tasks()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .execution_id(self.execution)
            .task_id(self.task)
            .offset(slot.offset)
            .limit(slot.size);
        if let Some(status) = self.status {
            call = call.status(status);
        }
        let page = call.send().await?.into_inner();
        let execution = ExecutionRef::new(self.execution.to_string());
        let task = TaskRef::of(execution, self.task.to_string());
        // The list goes by either name; an answer has it once.
        let subtasks = match page.sub_tasks.is_empty() {
            true => page.subtasks,
            false => page.sub_tasks,
        };
        if self.is_checked && slot.is_empty_beginning(&subtasks) {
            let tasks = self.registry.replication_tasks(self.execution);
            self.registry.task_exists(tasks.by_item(), &task).await?;
        }
        let subtask = |vendor| replication(vendor, task.clone());
        Ok(Fetched {
            items: subtasks.into_iter().map(subtask).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// Parameters of one listing of retention subtasks.
#[derive(Clone)]
struct RetentionSubtasks {
    registry: SwrEnterprise,
    namespace: String,
    policy: i64,
    execution: i64,
    task: i64,
    status: Option<TaskStatus>,
}

impl RetentionSubtasks {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Subtask>, Error> {
        let mut call = self
            .registry
            .client
            .list_instance_retention_policy_exec_sub_tasks()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .namespace_name(&self.namespace)
            .policy_id(self.policy)
            .execution_id(self.execution)
            .task_id(self.task)
            .offset(slot.offset)
            .limit(slot.size);
        if let Some(status) = self.status {
            call = call.status(status);
        }
        let page = call.send().await?.into_inner();
        let rule = RuleRef::retention(&self.namespace, self.policy.to_string());
        let execution = ExecutionRef::of(rule, self.execution.to_string());
        let task = TaskRef::of(execution, self.task.to_string());
        if slot.is_empty_beginning(&page.sub_tasks) {
            let (policy, execution) = (self.policy, self.execution);
            let tasks = self
                .registry
                .retention_tasks(&self.namespace, policy, execution, None);
            self.registry.task_exists(tasks.by_item(), &task).await?;
        }
        let subtask = |vendor| retention(vendor, task.clone());
        Ok(Fetched {
            items: page.sub_tasks.into_iter().map(subtask).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

fn replication(vendor: ReplicationSubtask, task: TaskRef) -> Subtask {
    Subtask {
        provider: PROVIDER,
        kind: TaskKind::Replication,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        task,
        namespace: vendor.namespace.clone(),
        repository: vendor.repository.clone(),
        tag: vendor.tag.clone(),
        digest: vendor.digest.clone().filter(|text| !text.is_empty()),
        state: TaskState::read(vendor.status.as_ref(), state),
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: vendor.status_text.clone().filter(|text| !text.is_empty()),
        operation: None,
        job: vendor.job_id.clone().filter(|text| !text.is_empty()),
        started: vendor.start_time,
        ended: vendor.end_time,
        vendor: VendorAnswer::of(vendor),
    }
}

fn retention(vendor: RetentionSubtask, task: TaskRef) -> Subtask {
    Subtask {
        provider: PROVIDER,
        kind: TaskKind::Retention,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        task,
        namespace: vendor.namespace.clone(),
        repository: vendor.repository.clone(),
        tag: vendor.tag.clone(),
        digest: vendor.digest.clone().filter(|text| !text.is_empty()),
        state: TaskState::read(vendor.status.as_ref(), state),
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: vendor.status_text.clone().filter(|text| !text.is_empty()),
        operation: vendor.action.as_ref().map(|word| word.as_str().to_owned()),
        job: vendor.job_id.map(|id| id.to_string()),
        started: vendor.op_time,
        ended: None,
        vendor: VendorAnswer::of(vendor),
    }
}
