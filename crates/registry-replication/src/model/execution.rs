//! Executions: runs of a rule.

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{ExecutionRef, RuleRef};
use super::rule::RuleTrigger;
use super::{Provider, TaskKind, TaskState, VendorAnswer};

/// One run of a rule, in words that all registries share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Execution {
    /// Whose registry it is.
    pub provider: Provider,
    /// Whether it copies or cleans up.
    pub kind: TaskKind,
    /// The vendor's id of the execution.
    pub id: String,
    /// The vendor's id of the rule that runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The namespace that is cleaned up; none if it copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Where it stands. It may still be said to run when all of its tasks have ended.
    pub state: TaskState,
    /// Where it stands, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the vendor says about the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<RuleTrigger>,
    /// Whether it is a trial, which deletes nothing and shows what it would delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<bool>,
    /// How its tasks stand, where the vendor counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tasks: Option<TaskCounts>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// When it ended, where the vendor says so or the state is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// How the tasks of an execution stand; what the vendor does not count is absent.
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
    /// Number of tasks that were stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<i64>,
}

impl Execution {
    /// What refers to it.
    pub fn reference(&self) -> ExecutionRef {
        match (&self.namespace, &self.rule) {
            (Some(namespace), Some(rule)) if self.kind == TaskKind::Retention => {
                ExecutionRef::of(RuleRef::retention(namespace, rule), &self.id)
            }
            _ => ExecutionRef::new(&self.id),
        }
    }
}
