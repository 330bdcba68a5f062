//! Subtasks: the work of a task on one tag.

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::TaskRef;
use super::{Provider, TaskKind, TaskState, VendorAnswer};

/// The work of one task on one tag, in a form common to all providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Subtask {
    /// Provider of the registry.
    pub provider: Provider,
    /// Kind: copies or cleans up.
    pub kind: TaskKind,
    /// The vendor's id of the subtask.
    pub id: String,
    /// Task that it belongs to.
    pub task: TaskRef,
    /// Namespace of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Repository within its namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Digest of the manifest that the tag names, `sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// State.
    pub state: TaskState,
    /// State in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Vendor's message about the state, such as the reason of a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Operation in the vendor's word, such as `DEL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Id of the job in the vendor's job service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Time of the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// Time of the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}
