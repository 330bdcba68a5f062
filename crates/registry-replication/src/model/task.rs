//! Tasks: the work of one execution on one repository or image.

use std::fmt;

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::ImageRef;
use super::{Provider, VendorAnswer};

/// The work of one execution on one repository or image, in a form common to all providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Task {
    /// Provider of the registry.
    pub provider: Provider,
    /// Kind: copies or cleans up.
    pub kind: TaskKind,
    /// The vendor's id of the task.
    pub id: String,
    /// The vendor's id of the execution, or batch, that the task belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The vendor's id of its rule, if the task names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// State.
    pub state: TaskState,
    /// State in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Images that it copies or cleans up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ImageRef>,
    /// Destination that it copies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ImageRef>,
    /// Operation in the vendor's word, such as `copy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Trigger that started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// Reason of a failure, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Number of versions that a retention task kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionCounts>,
    /// Time of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Time of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Time of the last change. For a task in a final state, it is the time of the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Time of the end, if the vendor names it or the state is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// Kind of a rule and its tasks: copies or cleans up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskKind {
    /// It copies to a destination.
    Replication,
    /// It removes what a retention rule does not keep.
    Retention,
}

/// Trigger that started a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trigger {
    /// A rule, by itself.
    Automatic,
    /// A manual request.
    Manual,
}

/// Number of versions that a retention task checked and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RetentionCounts {
    /// Number of versions that it checked.
    pub total: i64,
    /// Number of versions that it kept.
    pub retained: i64,
}

/// State of a task, a subtask or an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskState {
    /// It has not started.
    Waiting,
    /// It is running.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed. The registry may still retry it.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// The destination already had the tag, and nothing was copied.
    AlreadyThere,
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

impl TaskState {
    /// Returns the state for the vendor's word. Without a word, it is unknown with an empty word.
    pub(crate) fn read<S: AsRef<str>>(
        status: Option<&S>,
        state: impl FnOnce(&S) -> Option<Self>,
    ) -> Self {
        let Some(status) = status else {
            return Self::Unknown(String::new());
        };
        state(status).unwrap_or_else(|| Self::Unknown(status.as_ref().to_owned()))
    }

    /// Whether the task has ended, by the vendor's state.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Succeeded
            | Self::Failed
            | Self::Cancelled
            | Self::TimedOut
            | Self::AlreadyThere => true,
            Self::Waiting | Self::Running | Self::Unknown(_) => false,
        }
    }

    /// Returns the serialised state. An unknown state is the vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::AlreadyThere => "already-there",
            Self::Unknown(word) => word,
        }
    }
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Task {
    pub(crate) fn new(provider: Provider, kind: TaskKind, id: Option<impl ToString>) -> Self {
        Self {
            provider,
            kind,
            id: id.map(|id| id.to_string()).unwrap_or_default(),
            execution: None,
            rule: None,
            state: TaskState::Unknown(String::new()),
            status: None,
            source: None,
            destination: None,
            operation: None,
            trigger: None,
            issue: None,
            retention: None,
            created: None,
            started: None,
            updated: None,
            ended: None,
            vendor: VendorAnswer::default(),
        }
    }

    /// Sets the vendor's word and its state.
    pub(crate) fn with_status<S: AsRef<str>>(
        mut self,
        status: Option<S>,
        state: impl FnOnce(&S) -> Option<TaskState>,
    ) -> Self {
        self.state = TaskState::read(status.as_ref(), state);
        self.status = status.map(|status| status.as_ref().to_owned());
        self
    }

    /// Sets the time of the last change. In a final state, it is also the time of the end.
    pub(crate) fn with_updated(mut self, updated: Option<Timestamp>) -> Self {
        self.updated = updated;
        if self.state.is_final() {
            self.ended = updated;
        }
        self
    }
}
