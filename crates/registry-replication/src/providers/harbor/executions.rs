//! Executions of replication rules.

use std::fmt::Display;

use ::harbor::harbor::types::ReplicationExecution;
use ::harbor::harbor::values::ReplicationExecutionStatus;
use openapi_transport::Error;

use super::rules::trigger;
use super::{HarborRegistry, PROVIDER, total};
use crate::arrival::sight::plausible;
use crate::listing::Listing;
use crate::model::{Execution, RuleRef, TaskCounts, TaskKind, TaskState, VendorAnswer};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl HarborRegistry {
    /// Lists the executions of one replication rule, or of all, newest first:
    /// `listReplicationExecutions`.
    ///
    /// Harbor keeps the newest 50 of a rule that have ended, unless it is configured otherwise.
    pub fn replication_executions(&self, policy: Option<i64>) -> Listing<Execution> {
        self.list_replication_executions(policy, true)
    }

    /// Lists executions. `is_checked` tells whether the rule is looked up when it has none.
    pub(super) fn list_replication_executions(
        &self,
        policy: Option<i64>,
        is_checked: bool,
    ) -> Listing<Execution> {
        let narrowed: [(&str, Option<&dyn Display>); 1] =
            [("policy", policy.as_ref().map(|policy| policy as _))];
        let name = listing_name("listReplicationExecutions", &narrowed);
        let registry = self.clone();
        Listing::new(name, Steps::Pages, move |slot| {
            registry.clone().executions_on(policy, is_checked, slot)
        })
    }

    async fn executions_on(
        self,
        policy: Option<i64>,
        is_checked: bool,
        slot: Slot,
    ) -> Result<Fetched<Execution>, Error> {
        let mut call = self.client.list_replication_executions();
        call = call.sort("-id").page(slot.page()).page_size(slot.size);
        if let Some(policy) = policy {
            call = call.policy_id(policy);
        }
        let page = call.send().await?;
        let total = total(page.headers());
        let page = page.into_inner();
        if let Some(policy) = policy.filter(|_| is_checked)
            && slot.is_empty_beginning(&page)
        {
            self.rule_exists(&RuleRef::new(policy.to_string())).await?;
        }
        Ok(Fetched {
            items: page.into_iter().map(replication).collect(),
            total,
            size: None,
        })
    }
}

fn word(status: &ReplicationExecutionStatus) -> Option<TaskState> {
    Some(match status {
        ReplicationExecutionStatus::InProgress => TaskState::Running,
        ReplicationExecutionStatus::Succeed => TaskState::Succeeded,
        ReplicationExecutionStatus::Failed => TaskState::Failed,
        ReplicationExecutionStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

/// Returns the state that Harbor's own status names.
fn marked(vendor: &ReplicationExecution) -> TaskState {
    TaskState::read(vendor.status.as_ref(), word)
}

/// Whether Harbor has marked an execution as ended, so that it makes no more tasks.
pub(super) fn has_all_tasks(execution: &Execution) -> bool {
    let vendor = execution.vendor.get::<ReplicationExecution>();
    vendor.is_some_and(|vendor| marked(vendor).is_final())
}

/// Returns the state by the counts of tasks, which are current. The status is up to 30 s late.
///
/// Harbor makes the tasks of an execution one after another. So all tasks may have succeeded before the last
/// one is there, and making the next one may fail.
fn state(vendor: &ReplicationExecution) -> TaskState {
    match (counted(vendor), marked(vendor)) {
        (TaskState::Succeeded, TaskState::Running) => TaskState::Running,
        (TaskState::Succeeded, TaskState::Failed)
            if vendor
                .status_text
                .as_ref()
                .is_some_and(|text| !text.is_empty()) =>
        {
            TaskState::Failed
        }
        (counted, _) => counted,
    }
}

fn counted(vendor: &ReplicationExecution) -> TaskState {
    let some = |count: Option<i64>| count.is_some_and(|count| count > 0);
    match () {
        () if !some(vendor.total) => marked(vendor),
        () if some(vendor.in_progress) => TaskState::Running,
        () if some(vendor.failed) => TaskState::Failed,
        () if some(vendor.stopped) => TaskState::Cancelled,
        () if some(vendor.succeed) => TaskState::Succeeded,
        () => marked(vendor),
    }
}

pub(super) fn replication(vendor: ReplicationExecution) -> Execution {
    let state = state(&vendor);
    let counts = TaskCounts {
        total: vendor.total,
        succeeded: vendor.succeed,
        failed: vendor.failed,
        running: vendor.in_progress,
        cancelled: vendor.stopped,
    };
    let ended = plausible(vendor.end_time).filter(|_| state.is_final());
    Execution {
        provider: PROVIDER,
        kind: TaskKind::Replication,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        rule: vendor.policy_id.map(|id| id.to_string()),
        namespace: None,
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: vendor.status_text.clone().filter(|text| !text.is_empty()),
        trigger: vendor.trigger.as_ref().map(trigger),
        trial: None,
        tasks: (counts != TaskCounts::default()).then_some(counts),
        created: plausible(vendor.start_time),
        started: plausible(vendor.start_time),
        updated: ended,
        ended,
        state,
        vendor: VendorAnswer::of(vendor),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counts_decide_and_the_status_where_there_are_none() {
        for (counts, status, expected) in [
            ((1, 0, 1, 0, 0), "Failed", TaskState::Running),
            ((1, 1, 0, 0, 0), "InProgress", TaskState::Failed),
            ((2, 0, 0, 2, 0), "InProgress", TaskState::Running),
            ((2, 0, 0, 2, 0), "Succeed", TaskState::Succeeded),
            ((2, 0, 0, 2, 0), "Failed", TaskState::Failed),
            ((2, 0, 0, 1, 1), "InProgress", TaskState::Cancelled),
            ((2, 1, 0, 0, 1), "Stopped", TaskState::Failed),
            ((0, 0, 0, 0, 0), "InProgress", TaskState::Running),
            ((0, 0, 0, 0, 0), "Failed", TaskState::Failed),
            ((1, 0, 0, 0, 0), "Succeed", TaskState::Succeeded),
        ] {
            let (total, failed, in_progress, succeed, stopped) = counts;
            let vendor = serde_json::json!({
                "id": 83, "total": total, "failed": failed, "in_progress": in_progress,
                "succeed": succeed, "stopped": stopped, "status": status,
                "status_text": if status == "Failed" { "failed to create the task" } else { "" },
                "end_time": "0001-01-01T00:00:00.000Z",
            });
            let vendor: ReplicationExecution = serde_json::from_value(vendor).unwrap();
            let execution = replication(vendor);
            assert_eq!(execution.state, expected, "{counts:?} {status}");
            assert_eq!(execution.ended, None, "the year 1 is no time");
        }
    }
}
