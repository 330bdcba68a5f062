//! Rules: what makes a registry copy or clean up.

use openapi_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::ImageRef;
use super::reference::RuleRef;
use super::{Provider, TaskKind, VendorAnswer};

/// What makes a registry copy or clean up, in words that all registries share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Rule {
    /// Whose registry it is.
    pub provider: Provider,
    /// Whether it copies or cleans up.
    #[serde(default = "replication")]
    pub kind: TaskKind,
    /// The vendor's id of the rule; empty if the registry gives rules no id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// Its name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it may start at all, where it can be switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What it covers.
    pub source: ImageRef,
    /// What of the source it covers: what fits filters of each kind that there are. Without any,
    /// all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<RuleFilter>,
    /// Where it copies to; nothing is known of it if the rule cleans up. A rule with several
    /// destinations is listed once for each.
    pub destination: ImageRef,
    /// What starts it, beside a request by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<RuleTrigger>,
    /// When it starts on schedule, in the vendor's form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Whether it copies by itself after a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
    /// Whether it overwrites a tag that is at the destination already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrites: Option<bool>,
    /// When it was made. Images pushed before are not copied by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: VendorAnswer,
}

/// Rules that were written before there were others.
fn replication() -> TaskKind {
    TaskKind::Replication
}

/// What starts a rule, or has started an execution.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RuleTrigger {
    /// A push of an image that the rule covers.
    OnPush,
    /// Somebody's request.
    ByHand,
    /// The time.
    OnSchedule,
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

impl RuleTrigger {
    /// The trigger as it is serialised; of an unknown one, the vendor's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::OnPush => "on-push",
            Self::ByHand => "by-hand",
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

/// A pattern that what a rule covers must fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct RuleFilter {
    /// What must fit.
    pub on: FilterOn,
    /// The pattern.
    pub pattern: String,
    /// Patterns of which one may fit instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<String>,
    /// How the pattern is read.
    pub syntax: FilterSyntax,
    /// Whether it covers what does *not* fit.
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

/// What a filter looks at.
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
    /// The vendor's word, which this version does not know.
    Unknown(String),
}

/// How a pattern is read.
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
            trigger: None,
            schedule: None,
            automatic: None,
            overwrites: None,
            created: None,
            updated: None,
            vendor: VendorAnswer::default(),
        }
    }

    /// Sets what starts it, and with it whether it copies by itself.
    pub(crate) fn with_trigger(mut self, trigger: Option<RuleTrigger>) -> Self {
        self.automatic = match &trigger {
            _ if self.kind != TaskKind::Replication => None,
            Some(RuleTrigger::OnPush) => Some(true),
            Some(RuleTrigger::ByHand | RuleTrigger::OnSchedule) => Some(false),
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
