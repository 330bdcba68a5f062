//! Rules, which make a registry copy or clean up.

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::ImageRef;
use super::reference::RuleRef;
use super::{Provider, TaskKind, VendorAnswer};

/// Rule that makes a registry copy or clean up, in a form common to all providers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Rule {
    /// Provider of the registry.
    pub provider: Provider,
    /// Kind: copies or cleans up.
    #[serde(default = "replication")]
    pub kind: TaskKind,
    /// The vendor's id of the rule; empty if the registry gives rules no id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is enabled, if it can be disabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Images that it covers, before filters.
    pub source: ImageRef,
    /// Filters on the source. An image must match a filter of each kind that is present. Without
    /// filters, the rule covers the whole source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<RuleFilter>,
    /// Destination; empty if the rule cleans up. A rule with several destinations is listed once
    /// for each of them.
    pub destination: ImageRef,
    /// Leading parts of a repository's path that the namespace of the destination replaces. If absent,
    /// it is the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ReplacedParts>,
    /// Trigger that starts it, in addition to a manual request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<RuleTrigger>,
    /// Schedule, in the vendor's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Whether it copies by itself after a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
    /// Whether it overwrites an existing tag at the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrites: Option<bool>,
    /// Time of creation. The rule does not copy images that were pushed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Time of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// Default kind, for stored rules that have no kind.
fn replication() -> TaskKind {
    TaskKind::Replication
}

/// Trigger that starts a rule, or has started an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RuleTrigger {
    /// A push of an image that the rule covers.
    OnPush,
    /// A manual request.
    #[serde(alias = "by-hand")]
    Manual,
    /// A schedule.
    OnSchedule,
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

impl RuleTrigger {
    /// Returns the serialised trigger. An unknown trigger is the vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OnPush => "on-push",
            Self::Manual => "manual",
            Self::OnSchedule => "on-schedule",
            Self::Unknown(word) => word,
        }
    }
}

impl std::fmt::Display for RuleTrigger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Leading parts of a repository's path, which is cut at its slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReplacedParts {
    /// All parts except the last one.
    AllButLast,
    /// This many parts. A path with as few parts cannot be copied.
    First(u32),
}

impl ReplacedParts {
    /// Returns a path whose leading parts are replaced by `namespace`; `None` if it has too few.
    ///
    /// ```
    /// use registry_replication::ReplacedParts;
    /// let one = ReplacedParts::First(1);
    /// assert_eq!(one.replace("team/api/server", "copies").as_deref(), Some("copies/api/server"));
    /// assert_eq!(one.replace("server", "copies"), None);
    /// let all = ReplacedParts::AllButLast;
    /// assert_eq!(all.replace("team/api/server", "copies").as_deref(), Some("copies/server"));
    /// ```
    pub fn replace(self, path: &str, namespace: &str) -> Option<String> {
        let parts: Vec<&str> = path.split('/').collect();
        let first = match self {
            Self::AllButLast => parts.len().saturating_sub(1),
            Self::First(count) => usize::try_from(count).ok()?,
        };
        let rest = parts.get(first..).filter(|rest| !rest.is_empty())?;
        Some(format!("{namespace}/{}", rest.join("/")))
    }
}

/// Pattern that the images of a rule must match.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RuleFilter {
    /// Part of the name that must match.
    pub on: FilterOn,
    /// Pattern.
    pub pattern: String,
    /// Alternative patterns, one of which may match instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
    /// Syntax of the pattern.
    pub syntax: FilterSyntax,
    /// Whether the rule covers names that do *not* match.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub excludes: bool,
}

impl RuleFilter {
    pub(crate) fn new(on: FilterOn, pattern: impl Into<String>, syntax: FilterSyntax) -> Self {
        Self {
            on,
            pattern: pattern.into(),
            alternatives: Vec::new(),
            syntax,
            excludes: false,
        }
    }
}

/// Part of an image's name that a filter checks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FilterOn {
    /// `namespace/repository`.
    Name,
    /// The namespace.
    Namespace,
    /// The repository within its namespace.
    Repository,
    /// The tag.
    Tag,
    /// The labels, one of which must be the text of the pattern.
    Label,
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

/// Syntax of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FilterSyntax {
    /// `*` stops at a slash, `**` does not, `?` is one character, `{a,b}` is either.
    Doublestar,
    /// A regular expression.
    Regex,
    /// The beginning of the text.
    Prefix,
    /// A syntax that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Rule {
    pub(crate) fn new(provider: Provider, kind: TaskKind, id: Option<impl ToString>) -> Self {
        Self {
            provider,
            kind,
            id: id.map(|id| id.to_string()).unwrap_or_default(),
            name: None,
            enabled: None,
            source: ImageRef::default(),
            filters: Vec::new(),
            destination: ImageRef::default(),
            replaces: None,
            trigger: None,
            schedule: None,
            automatic: None,
            overwrites: None,
            created: None,
            updated: None,
            vendor: VendorAnswer::default(),
        }
    }

    /// Sets the trigger, and whether the rule copies by itself.
    pub(crate) fn with_trigger(mut self, trigger: Option<RuleTrigger>) -> Self {
        self.automatic = match &trigger {
            _ if self.kind != TaskKind::Replication => None,
            Some(RuleTrigger::OnPush) => Some(true),
            Some(RuleTrigger::Manual | RuleTrigger::OnSchedule) => Some(false),
            Some(RuleTrigger::Unknown(_)) | None => None,
        };
        self.trigger = trigger;
        self
    }

    pub(crate) fn answered(mut self, vendor: VendorAnswer) -> Self {
        self.vendor = vendor;
        self
    }

    /// Returns the reference that names the rule; `None` if the registry gives rules no id.
    pub fn reference(&self) -> Option<RuleRef> {
        let id = Some(&self.id).filter(|id| !id.is_empty())?;
        Some(match (self.kind, &self.source.namespace) {
            (TaskKind::Retention, Some(namespace)) => RuleRef::retention(namespace, id),
            _ => RuleRef::new(id),
        })
    }
}
