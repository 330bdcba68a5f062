//! Reports of a completion.

use std::fmt;
use std::time::Duration;

use openapi_transport::{Error, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arrival::Trouble;
use crate::model::{Execution, Provider, Task};

/// How work has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CompletionVerdict {
    /// It has not ended, or a failure may still be retried.
    Running,
    /// All tasks have succeeded.
    Succeeded,
    /// A task has failed or timed out, or the execution has failed.
    Failed,
    /// A task or the execution was cancelled, and nothing has failed.
    Cancelled,
    /// The registry shows no task.
    NoTask,
    /// A verdict of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl CompletionVerdict {
    /// Returns the serialised verdict, such as `no-task`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::NoTask => "no-task",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for CompletionVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// State of work at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct CompletionReport {
    /// Provider of the registry.
    pub provider: Provider,
    /// Verdict on all of the work.
    pub verdict: CompletionVerdict,
    /// Whether waiting longer would change nothing.
    pub is_final: bool,
    /// Time of the poll, by the service's clock.
    pub at: Timestamp,
    /// Executions, if the provider has records of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<Execution>,
    /// Tasks that are known. A failed task has the reasons of its subtasks in the last report.
    pub tasks: Vec<Task>,
    /// Reason why the registry cannot be read now. The rest of the report is then from the last good
    /// poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Number of polls so far.
    pub polls: u64,
    /// Duration of the wait so far, in milliseconds.
    pub elapsed_ms: u64,
}

/// Reason why the end of work is not known.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompletionError {
    /// The deadline has passed, and the last poll did not show the end.
    #[error("the deadline has passed after {} s (polls: {polls}){}", .elapsed.as_secs(), failed(.last))]
    DeadlinePassed {
        /// Error of the last polls, if they failed.
        last: Option<Error>,
        /// Duration of the wait.
        elapsed: Duration,
        /// Number of polls.
        polls: u64,
    },
    /// A call failed in a way that a retry does not fix.
    #[error(transparent)]
    Call(#[from] Error),
}

fn failed(last: &Option<Error>) -> String {
    match last {
        Some(error) => format!(": the last poll failed: {error}"),
        None => String::new(),
    }
}
