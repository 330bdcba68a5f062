//! Reports of an arrival.

use std::fmt;

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::destination::Destination;
use crate::model::{ExecutionRef, ImageRef, Provider, RuleRef, TaskRef, TaskState};

/// Verdict on an image at one destination, or at all of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The destination has the image.
    Arrived,
    /// A task is copying it, or a failure may still be retried.
    Pending,
    /// The task that copies it has made no progress for the stall window.
    Stalled,
    /// A rule covers it, but there is no task.
    NoTask,
    /// No rule copies it to the destination.
    NoRule,
    /// The task that copies it failed or was cancelled, and the registry has not retried it for the
    /// settle window.
    Failed,
    /// The destination has, or will have, another digest than the expected one under this tag.
    DigestMismatch,
    /// A verdict of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Verdict {
    /// Returns the serialised verdict, such as `no-task`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Pending => "pending",
            Self::Stalled => "stalled",
            Self::NoTask => "no-task",
            Self::NoRule => "no-rule",
            Self::Failed => "failed",
            Self::DigestMismatch => "digest-mismatch",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// State of an image's arrival at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Report {
    /// Provider of the source registry.
    pub provider: Provider,
    /// Image, `namespace/repository:tag`.
    pub image: String,
    /// Verdict on all destinations: the worst of their verdicts, or the best one if any
    /// destination is enough.
    pub verdict: Verdict,
    /// Whether waiting longer would change nothing.
    pub is_final: bool,
    /// Time of the poll, by the service's clock.
    pub at: Timestamp,
    /// Expected digest: the caller's, or the source's under the tag when it was asked. Absent if a
    /// time or the newest task decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Reports of the destinations, in the order of the request.
    pub destinations: Vec<DestinationReport>,
    /// Reason why the registry cannot be read now. The rest of the report is then from the last
    /// good poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// Number of polls so far.
    pub polls: u64,
    /// Duration of the wait so far, in milliseconds.
    pub elapsed_ms: u64,
}

/// Polls in a row that have failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Trouble {
    /// Error of the latest failed poll.
    pub what: String,
    /// Time of the first failure, by the service's clock.
    pub since: Timestamp,
    /// Number of failed polls.
    pub count: u64,
    /// Time of the next poll, if the service asked for a wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
}

/// State of one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct DestinationReport {
    /// Destination.
    pub destination: Destination,
    /// Verdict on the image at this destination.
    pub verdict: Verdict,
    /// Whether waiting longer would change nothing.
    pub is_final: bool,
    /// Basis of the verdict, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<Basis>,
    /// Digest that the destination has under the tag, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Place, as the registry names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ImageRef>,
    /// Rule that copies the image there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// Work that the verdict is based on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often in a row the destination itself has served the same digest, if it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<u32>,
    /// Reasons of the verdict, most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl DestinationReport {
    pub(crate) fn new(destination: &Destination, verdict: Verdict, is_final: bool) -> Self {
        Self {
            destination: destination.clone(),
            verdict,
            is_final,
            rests_on: None,
            digest: None,
            place: None,
            rule: None,
            evidence: None,
            shown: None,
            reasons: Vec::new(),
        }
    }

    pub(crate) fn because(mut self, kind: ReasonKind, text: impl Into<String>) -> Self {
        self.reasons.push(Reason::new(kind, text));
        self
    }
}

/// Origin of the evidence for a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EvidenceOrigin {
    /// A task, or a part of one.
    #[default]
    Task,
    /// An execution without tasks.
    Execution,
    /// The replication status of the image, where the registry has no tasks.
    Status,
    /// The destination's own answer.
    Destination,
    /// An origin of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl EvidenceOrigin {
    fn is_task(&self) -> bool {
        *self == Self::Task
    }
}

/// Work that a verdict is based on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Evidence {
    /// Execution that the task belongs to, if the vendor has executions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// Origin of the evidence. [default: a task]
    #[serde(default, skip_serializing_if = "EvidenceOrigin::is_task")]
    pub origin: EvidenceOrigin,
    /// Task, if the evidence comes from a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskRef>,
    /// Vendor's id of the subtask, if the task has several tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtask: Option<String>,
    /// State.
    pub state: TaskState,
    /// State in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Vendor's message about the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// Time of creation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Time of the last change of state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// Number of seconds for which its state had not changed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_seconds: Option<i64>,
}

impl Evidence {
    /// Returns a name for a sentence, such as `task 9`.
    pub fn name(&self) -> String {
        match (&self.task, self.origin) {
            (Some(task), _) => format!("task {task}"),
            (None, EvidenceOrigin::Destination) => "the destination's answer".to_owned(),
            (None, EvidenceOrigin::Execution) => match &self.execution {
                Some(execution) => format!("execution {execution}"),
                None => "an execution".to_owned(),
            },
            (None, _) => "the replication status".to_owned(),
        }
    }
}

/// Basis of a verdict: why a copy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Basis {
    /// The destination itself served the digest twice in a row.
    Destination,
    /// The task names the digest that it copies.
    TaskDigest,
    /// The task names the digest that it copies, and it is the first known copy of the tag by a rule
    /// that does not overwrite. If the destination had the tag before, it still has the old image.
    FirstCopy,
    /// The source has the digest under the tag, and the task was created after its push.
    SourceTag,
    /// The task was created at the requested time or later.
    Since,
    /// The newest task, as requested or because the source names no digest. It may have copied an
    /// older image than the tag names now.
    NewestTask,
    /// The registry's replication status names the digest.
    Status,
    /// The destination itself served another digest twice in a row, with the expected manifest for
    /// each platform.
    SamePlatforms,
    /// The destination itself served another digest twice in a row, with the expected config for each
    /// platform.
    SameConfig,
    /// A basis of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Basis {
    /// Returns the basis as a clause.
    pub fn as_sentence(self) -> &'static str {
        match self {
            Self::Destination => "the destination served the digest twice in a row",
            Self::TaskDigest => "the task names the digest",
            Self::FirstCopy => {
                "the first copy on record, by a rule that does not overwrite; what the destination \
                 had before would still be there"
            }
            Self::SourceTag => "the task was created after the digest was pushed",
            Self::Since => "the task was created since then",
            Self::NewestTask => {
                "based on the newest task; give a digest or a start time to confirm it copied this \
                 image"
            }
            Self::Status => "the replication status names the digest",
            Self::SamePlatforms => {
                "the destination served an index of the same platforms twice in a row"
            }
            Self::SameConfig => {
                "the destination served an image with the same configs twice in a row"
            }
            Self::Unknown => "a basis that this version does not know",
        }
    }
}

/// Reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Reason {
    /// Kind of reason.
    pub kind: ReasonKind,
    /// Sentence that names the thing to change.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(kind: ReasonKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Kind of a [`Reason`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonKind {
    /// No rule copies to the destination.
    NoRuleThere,
    /// A rule copies there, but its source or filters exclude the image.
    NotCovered,
    /// A rule covers the image but copies to another destination.
    RuleElsewhere,
    /// The rule is disabled.
    RuleDisabled,
    /// The rule runs only on request.
    #[serde(alias = "rule-by-hand")]
    RuleManual,
    /// The rule runs on schedule.
    RuleOnSchedule,
    /// The rule has a filter that this version cannot read.
    FilterUnread,
    /// The image was pushed before the rule was created.
    OlderThanRule,
    /// The source does not have the image.
    NotInSource,
    /// The source has another image under the tag.
    SourceMoved,
    /// The rule does not overwrite the tag at the destination.
    Kept,
    /// A newer copy of another image has overwritten the tag.
    Overwritten,
    /// An older task has copied the tag, but does not name the digest.
    CopiedBefore,
    /// The edition of the registry does not copy.
    Edition,
    /// The caller lacks a permission.
    Access,
    /// The vendor reports a problem of the task.
    TaskIssue,
    /// The task has failed, but the registry may retry it.
    Settling,
    /// The task has made no progress for a long time.
    NoProgress,
    /// The rule has not created a task yet.
    AwaitingTask,
    /// The destination itself does not have the image.
    NotShown,
    /// The destination itself has served the digest once, and the next poll must confirm it.
    ShownOnce,
    /// One poll shows this, and the next one has not confirmed it yet.
    Unconfirmed,
    /// The destination has the image, but not a signature or another artifact that refers to it.
    ReferrerMissing,
    /// The registry cannot be read.
    Unreadable,
    /// A task copies one tag of the repository and does not name it.
    UnnamedTag,
    /// The registry may have removed the records of tasks that are this old.
    RecordsRemoved,
    /// The registry accepts no changes at the moment.
    ReadOnly,
    /// The version of the registry has an error that concerns the image.
    Version,
    /// The registry cannot reach the destination.
    Unreachable,
    /// A pattern of a rule is malformed.
    PatternMalformed,
    /// A reason of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}
