//! Tasks: the work of one execution on one repository or image.

use std::fmt;

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::ImageRef;
use super::{Provider, VendorAnswer};

/// The work of one execution on one repository or image, in words that all registries share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Task {
    /// Whose registry it is.
    pub provider: Provider,
    /// Whether it copies or cleans up.
    pub kind: TaskKind,
    /// The vendor's id of the task.
    pub id: String,
    /// The vendor's id of the execution, or batch, that the task belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// The vendor's id of the rule behind it, where the task names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where it stands.
    pub state: TaskState,
    /// Where it stands, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it copies or cleans up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ImageRef>,
    /// Where it copies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<ImageRef>,
    /// What it does, in the vendor's word, such as `copy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// Why it failed, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// What a retention task kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<RetentionCounts>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it last changed; for a task in a final state, when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// When it ended, where the vendor says so or the state is final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// Whether a rule, and what it starts, copies or cleans up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskKind {
    /// It copies to a destination.
    Replication,
    /// It removes what a retention rule does not keep.
    Retention,
}

/// What started a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Trigger {
    /// A rule, by itself.
    Automatic,
    /// Somebody's request.
    Manual,
}

/// What a retention task looked at and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RetentionCounts {
    /// Number of versions that it looked at.
    pub total: i64,
    /// Number of versions that it kept.
    pub retained: i64,
}

/// Where a task, a subtask or an execution stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TaskState {
    /// It has not started.
    Waiting,
    /// It is at work.
    Running,
    /// It is done.
    Succeeded,
    /// It failed. Registries made of Harbor may still try again.
    Failed,
    /// It was stopped.
    Cancelled,
    /// It took too long.
    TimedOut,
    /// The tag was at the destination already, and nothing was copied.
    AlreadyThere,
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

impl TaskState {
    /// The state that the vendor's word stands for; of none, the unknown one of no word.
    pub(crate) fn read<S: AsRef<str>>(
        status: Option<&S>,
        state: impl FnOnce(&S) -> Option<Self>,
    ) -> Self {
        let Some(status) = status else {
            return Self::Unknown(String::new());
        };
        state(status).unwrap_or_else(|| Self::Unknown(status.as_ref().to_owned()))
    }

    /// Whether the vendor calls the task ended.
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

    /// The state as it is serialised; of an unknown one, the vendor's word.
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

    /// Sets the vendor's word and the state that it stands for.
    pub(crate) fn with_status<S: AsRef<str>>(
        mut self,
        status: Option<S>,
        state: impl FnOnce(&S) -> Option<TaskState>,
    ) -> Self {
        self.state = TaskState::read(status.as_ref(), state);
        self.status = status.map(|status| status.as_ref().to_owned());
        self
    }

    /// Sets when it last changed, which of a final state is also when it ended.
    pub(crate) fn with_updated(mut self, updated: Option<Timestamp>) -> Self {
        self.updated = updated;
        if self.state.is_final() {
            self.ended = updated;
        }
        self
    }
}
