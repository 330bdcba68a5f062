//! Tasks of replication executions.

use std::fmt::Display;

use ::harbor::harbor::types::ReplicationTask;
use ::harbor::harbor::values::ReplicationTaskStatus;
use openapi_transport::Error;

use super::{HarborRegistry, PROVIDER, total};
use crate::arrival::sight::plausible;
use crate::listing::Listing;
use crate::model::{ExecutionRef, Task, TaskKind, TaskState, VendorAnswer};
use crate::pager::{Fetched, Slot, Steps, listing_name};
use crate::providers::resource::Resources;

impl HarborRegistry {
    /// Lists the tasks of an execution of a replication rule, in one state or in any:
    /// `listReplicationTasks`.
    ///
    /// A task names its repository and the number of artifacts, and neither tags nor digests.
    pub fn replication_tasks(
        &self,
        execution: i64,
        status: Option<ReplicationTaskStatus>,
    ) -> Listing<Task> {
        self.list_replication_tasks(execution, status, true)
    }

    /// Lists tasks. `is_checked` tells whether the execution is looked up when it has none.
    pub(super) fn list_replication_tasks(
        &self,
        execution: i64,
        status: Option<ReplicationTaskStatus>,
        is_checked: bool,
    ) -> Listing<Task> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("execution", Some(&execution)),
            ("status", status.as_ref().map(|status| status as _)),
        ];
        let name = listing_name("listReplicationTasks", &narrowed);
        let registry = self.clone();
        Listing::new(name, Steps::Pages, move |slot| {
            registry
                .clone()
                .tasks_on(execution, status.clone(), is_checked, slot)
        })
    }

    async fn tasks_on(
        self,
        execution: i64,
        status: Option<ReplicationTaskStatus>,
        is_checked: bool,
        slot: Slot,
    ) -> Result<Fetched<Task>, Error> {
        // In the default order, tasks move as they start.
        let mut call = self.client.list_replication_tasks().id(execution);
        call = call.sort("id").page(slot.page()).page_size(slot.size);
        if let Some(status) = status {
            call = call.status(status);
        }
        let page = call.send().await?;
        let total = total(page.headers());
        let page = page.into_inner();
        let id = execution.to_string();
        if is_checked && slot.is_empty_beginning(&page) {
            self.execution_exists(&ExecutionRef::new(&id)).await?;
        }
        let task = |vendor| {
            let mut task = replication(vendor);
            // Without its execution, nothing could refer to the task.
            task.execution.get_or_insert_with(|| id.clone());
            task
        };
        Ok(Fetched {
            items: page.into_iter().map(task).collect(),
            total,
            size: None,
        })
    }
}

fn state(status: &ReplicationTaskStatus) -> Option<TaskState> {
    Some(match status {
        ReplicationTaskStatus::Pending => TaskState::Waiting,
        ReplicationTaskStatus::InProgress => TaskState::Running,
        ReplicationTaskStatus::Succeed => TaskState::Succeeded,
        ReplicationTaskStatus::Failed => TaskState::Failed,
        ReplicationTaskStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

/// Returns the status that stands for a state.
pub(super) fn status_of(state: &TaskState) -> Option<ReplicationTaskStatus> {
    Some(match state {
        TaskState::Waiting => ReplicationTaskStatus::Pending,
        TaskState::Running => ReplicationTaskStatus::InProgress,
        TaskState::Succeeded => ReplicationTaskStatus::Succeed,
        TaskState::Failed => ReplicationTaskStatus::Failed,
        TaskState::Cancelled => ReplicationTaskStatus::Stopped,
        _ => return None,
    })
}

fn replication(vendor: ReplicationTask) -> Task {
    let operation = vendor.operation.as_ref().map(|word| word.as_str());
    let resources = Resources::read(
        vendor.src_resource.as_deref(),
        vendor.dst_resource.as_deref(),
        operation,
    );
    let task = Task::new(PROVIDER, TaskKind::Replication, vendor.id)
        .with_status(vendor.status.clone(), state);
    let started = plausible(vendor.start_time);
    // While a task waits for its next run, it has the end of the last one.
    let ended = plausible(vendor.end_time);
    Task {
        execution: vendor.execution_id.map(|id| id.to_string()),
        source: resources.source,
        destination: resources.destination,
        operation: resources.operation,
        started,
        // A new start may show before the new state does.
        updated: match task.state.is_final() {
            true => ended.or(started),
            false => ended.max(started),
        },
        ended,
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}
