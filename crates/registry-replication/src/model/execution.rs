//! Executions: runs of a rule.

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{ExecutionRef, RuleRef};
use super::rule::RuleTrigger;
use super::{Provider, TaskKind, TaskState, VendorAnswer};

/// One run of a rule, in a form common to all providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Execution {
    /// Provider of the registry.
    pub provider: Provider,
    /// Kind: copies or cleans up.
    pub kind: TaskKind,
    /// The vendor's id of the execution.
    pub id: String,
    /// The vendor's id of the rule that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Namespace that is cleaned up; absent if the execution copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// State. It may still be running when all of its tasks have ended.
    pub state: TaskState,
    /// State in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Vendor's message about the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Trigger that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<RuleTrigger>,
    /// Whether it is a trial (dry run), which deletes nothing and shows what it would delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<bool>,
    /// Number of its tasks by state, if the vendor counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<TaskCounts>,
    /// Time of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Time of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Time of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Time of the end, if the vendor names it or the state is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// Number of an execution's tasks by state. Numbers that the vendor does not count are absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TaskCounts {
    /// Number of all tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// Number of tasks that succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded: Option<i64>,
    /// Number of tasks that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<i64>,
    /// Number of tasks that have not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<i64>,
    /// Number of tasks that were cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "stopped")]
    pub cancelled: Option<i64>,
}

impl Execution {
    /// Returns the reference that names the execution.
    pub fn reference(&self) -> ExecutionRef {
        match (&self.namespace, &self.rule) {
            (Some(namespace), Some(rule)) if self.kind == TaskKind::Retention => {
                ExecutionRef::of(RuleRef::retention(namespace, rule), &self.id)
            }
            _ => ExecutionRef::new(&self.id),
        }
    }
}
