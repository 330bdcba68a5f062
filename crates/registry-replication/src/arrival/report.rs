//! What is said of an arrival.

use std::fmt;

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::destination::Destination;
use crate::model::{ExecutionRef, ImageRef, Provider, RuleRef, TaskRef, TaskState};

/// How an image stands to a destination, or to all of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is there.
    Arrived,
    /// It is on its way, or something that went wrong is not settled yet.
    Pending,
    /// The task that should bring it has not got on for the stall window.
    Stalled,
    /// A rule covers it, and there is no task.
    NoTask,
    /// No rule copies it there.
    NoRule,
    /// The task that should have brought it failed or was stopped, and the registry has not tried
    /// again for the settle window.
    Failed,
    /// The destination has, or will have, another image under this tag than the one expected.
    DigestMismatch,
    /// A verdict of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Verdict {
    /// The verdict as it is serialised, such as `no-task`.
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

/// What was known about an image at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Report {
    /// Whose registry it is copied from.
    pub provider: Provider,
    /// The image, `namespace/repository:tag`.
    pub image: String,
    /// Of all destinations: the worst of their verdicts, or, if any of them will do, the best.
    pub verdict: Verdict,
    /// Whether waiting longer would change nothing.
    pub is_final: bool,
    /// When the registry was looked at, by the service's clock.
    pub at: Timestamp,
    /// The digest that has to arrive: the one asked for, or the one that the source had under the
    /// tag when it was asked. Absent if a time or the newest task decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// Each destination, in the order in which they were asked for.
    pub destinations: Vec<DestinationReport>,
    /// Why the registry cannot be read now, if that is so. The rest is then what the last good look
    /// has shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
    /// How often the registry was looked at so far.
    pub polls: u64,
    /// How long the wait has taken so far, in milliseconds.
    pub elapsed_ms: u64,
}

/// Looks in a row that have failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Trouble {
    /// What went wrong with the latest of them.
    pub what: String,
    /// When the first of them failed, by the service's clock.
    pub since: Timestamp,
    /// How many they are.
    pub count: u64,
    /// When the wait looks again, if the service asked it to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_look: Option<Timestamp>,
}

/// What was known about one destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct DestinationReport {
    /// The destination.
    pub destination: Destination,
    /// How the image stands to it.
    pub verdict: Verdict,
    /// Whether waiting longer would change nothing.
    pub is_final: bool,
    /// What the verdict rests on, of one that rests on something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rests_on: Option<Basis>,
    /// The digest that the destination has under the tag, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The place as the registry names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<ImageRef>,
    /// The rule that copies it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
    /// The work that the verdict is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How often in a row the destination itself has shown the same digest, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<u32>,
    /// Why the verdict is what it is, most telling first.
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

/// What shows the work that a verdict is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EvidenceOrigin {
    /// A task, or a part of one.
    #[default]
    Task,
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

/// The work that a verdict is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Evidence {
    /// The execution that the task belongs to, where the vendor has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<ExecutionRef>,
    /// What shows the work; a task by default.
    #[serde(default, skip_serializing_if = "EvidenceOrigin::is_task")]
    pub origin: EvidenceOrigin,
    /// The task, where a task shows the work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskRef>,
    /// The vendor's id of the subtask, where the task is of several tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtask: Option<String>,
    /// Where it stands.
    pub state: TaskState,
    /// Where it stands, in the vendor's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the vendor says about the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When its state last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// For how many seconds its state had not changed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged_seconds: Option<i64>,
}

impl Evidence {
    /// Returns a name for a sentence, such as `task 9`.
    pub fn name(&self) -> String {
        match (&self.task, self.origin) {
            (Some(task), _) => format!("task {task}"),
            (None, EvidenceOrigin::Destination) => "the destination's answer".to_owned(),
            (None, _) => "the replication status".to_owned(),
        }
    }
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Basis {
    /// The destination itself showed the digest, twice in a row.
    Destination,
    /// The task names the digest that it copies.
    TaskDigest,
    /// The task names the digest that it copies, and is the first on record that has copied the tag
    /// by a rule that does not overwrite. Had the destination the tag before, it still has that.
    FirstCopy,
    /// The source has the digest under the tag, and the task was made after that was pushed.
    SourceTag,
    /// The task was made at the time that was asked for or later.
    Since,
    /// The newest task, as was asked for, or because the source names no digest. It may have copied
    /// an older image than the tag names now.
    NewestTask,
    /// The registry's replication status names the digest.
    Status,
    /// A basis of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Basis {
    /// What it rests on, as a clause.
    pub fn as_sentence(self) -> &'static str {
        match self {
            Self::Destination => "the destination showed the digest twice in a row",
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
            Self::Unknown => "a basis that this version does not know",
        }
    }
}

/// One reason for a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Reason {
    /// What kind of reason it is.
    pub kind: ReasonKind,
    /// A sentence that names the thing to change.
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

/// What kind of thing stands in an image's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasonKind {
    /// No rule leads to the destination at all.
    NoRuleThere,
    /// A rule leads there, and its source or filters leave the image out.
    NotCovered,
    /// A rule covers the image and leads elsewhere.
    RuleElsewhere,
    /// The rule is switched off.
    RuleDisabled,
    /// The rule runs when somebody asks for it.
    RuleByHand,
    /// The rule runs on schedule.
    RuleOnSchedule,
    /// The rule has a filter that cannot be read here.
    FilterUnread,
    /// The image was pushed before the rule was made.
    OlderThanRule,
    /// The source has no such image.
    NotInSource,
    /// The source has another image under the tag.
    SourceMoved,
    /// The tag at the destination is not overwritten.
    Kept,
    /// A newer copy of another image has taken the tag.
    Overwritten,
    /// An older task has copied the tag, and does not say which image it had then.
    CopiedBefore,
    /// The edition of the registry does not copy.
    Edition,
    /// The caller may not look.
    Access,
    /// The vendor says what is wrong with the task.
    TaskIssue,
    /// The task has failed, and the registry may try again.
    Settling,
    /// The task has not got on for long.
    NoProgress,
    /// A task to copy it has not come up yet.
    AwaitingTask,
    /// The destination itself does not show the image.
    NotShown,
    /// The destination itself has shown it once, and is asked again.
    ShownOnce,
    /// One look says so, and the next one has not agreed yet.
    Unconfirmed,
    /// The registry cannot be read.
    Unreadable,
    /// A task copies one tag of the repository and does not name it.
    UnnamedTag,
    /// A reason of a stored report that this version does not know.
    #[serde(other)]
    Unknown,
}
