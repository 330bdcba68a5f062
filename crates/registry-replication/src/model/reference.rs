//! References to rules, executions and tasks: texts that a person can type.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grammar::quoted;

/// Reference to a rule: its id, `12`, or namespace and id for a retention rule that belongs to a
/// namespace, `library/7`.
///
/// ```
/// use registry_replication::RuleRef;
/// let rule: RuleRef = "library/7".parse().unwrap();
/// assert_eq!((rule.namespace(), rule.id()), (Some("library"), "7"));
/// let error = "a/b/c".parse::<RuleRef>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid rule \"a/b/c\"; write RULE such as 12, or NAMESPACE/RULE such as library/7 for a \
///      retention rule"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RuleRef {
    namespace: Option<String>,
    id: String,
}

/// Reference to an execution: its id, `83`, or rule and id for a retention rule, `library/7/113`.
///
/// ```
/// use registry_replication::ExecutionRef;
/// let execution: ExecutionRef = "library/7/113".parse().unwrap();
/// assert_eq!(execution.rule().unwrap().to_string(), "library/7");
/// assert_eq!(execution.id(), "113");
/// assert!("library/113".parse::<ExecutionRef>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ExecutionRef {
    rule: Option<RuleRef>,
    id: String,
}

/// Reference to a task: execution and id, `83/1927` or `library/7/113/2439`, or its id alone if the
/// vendor has no executions, `rst-4kfd7fk6pohk`.
///
/// ```
/// use registry_replication::TaskRef;
/// let task: TaskRef = "83/1927".parse().unwrap();
/// assert_eq!(task.execution().unwrap().id(), "83");
/// assert_eq!(task.id(), "1927");
/// assert!("83/".parse::<TaskRef>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TaskRef {
    execution: Option<ExecutionRef>,
    id: String,
}

/// Reason why a text is not a valid reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} {}; write {forms}", quoted(text))]
#[non_exhaustive]
pub struct UnfitReference {
    /// Kind of the expected reference.
    pub what: &'static str,
    /// Invalid text.
    pub text: String,
    /// Valid forms.
    pub forms: &'static str,
}

impl RuleRef {
    const FORMS: &str = "RULE such as 12, or NAMESPACE/RULE such as library/7 for a retention rule";

    /// Refers to a rule by the vendor's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            namespace: None,
            id: id.into(),
        }
    }

    /// Refers to a retention rule that belongs to a namespace.
    pub fn retention(namespace: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            id: id.into(),
        }
    }

    /// Returns the namespace of a retention rule.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The vendor's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl ExecutionRef {
    const FORMS: &str = "EXECUTION such as 83, or NAMESPACE/RULE/EXECUTION such as library/7/113 \
                         for one of a retention rule";

    /// Refers to an execution by the vendor's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            rule: None,
            id: id.into(),
        }
    }

    /// Refers to an execution of this rule. Ignores the rule unless it is a retention rule.
    pub fn of(rule: RuleRef, id: impl Into<String>) -> Self {
        Self {
            rule: Some(rule).filter(|rule| rule.namespace.is_some()),
            id: id.into(),
        }
    }

    /// Returns the rule of a retention execution.
    pub fn rule(&self) -> Option<&RuleRef> {
        self.rule.as_ref()
    }

    /// The vendor's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl TaskRef {
    const FORMS: &str = "EXECUTION/TASK such as 83/1927, NAMESPACE/RULE/EXECUTION/TASK such as \
                         library/7/113/2439 for one of a retention rule, or TASK where the vendor \
                         has no executions";

    /// Refers to a task by the vendor's id, for a vendor without executions.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            execution: None,
            id: id.into(),
        }
    }

    /// Refers to a task of an execution.
    pub fn of(execution: ExecutionRef, id: impl Into<String>) -> Self {
        Self {
            execution: Some(execution),
            id: id.into(),
        }
    }

    /// Returns the execution, if the vendor has executions.
    pub fn execution(&self) -> Option<&ExecutionRef> {
        self.execution.as_ref()
    }

    /// The vendor's id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Splits a reference into segments. Returns no segments if one of them cannot be an id.
fn segments(text: &str) -> Vec<&str> {
    let segments: Vec<_> = text.split('/').collect();
    match segments.iter().all(|segment| is_id(segment)) {
        true => segments,
        false => Vec::new(),
    }
}

/// Whether a text can be an id: it is not empty, not `.` or `..`, and has no white space or control
/// characters.
fn is_id(text: &str) -> bool {
    let unfit = |c: char| c.is_whitespace() || c.is_control();
    !matches!(text, "" | "." | "..") && text.len() <= 255 && !text.contains(unfit)
}

/// Implements reading, writing and serialisation of a reference.
macro_rules! reference {
    ($name:ident, $what:literal, $($pattern:pat => $value:expr),+) => {
        impl FromStr for $name {
            type Err = UnfitReference;

            fn from_str(text: &str) -> Result<Self, UnfitReference> {
                match segments(text).as_slice() {
                    $($pattern => Ok($value),)+
                    _ => Err(UnfitReference {
                        what: $what,
                        text: text.to_owned(),
                        forms: Self::FORMS,
                    }),
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = UnfitReference;
            fn try_from(text: String) -> Result<Self, UnfitReference> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(reference: $name) -> Self {
                reference.to_string()
            }
        }
    };
}
reference!(RuleRef, "rule",
    [id] => Self::new(*id),
    [namespace, id] => Self::retention(*namespace, *id));
reference!(ExecutionRef, "execution",
    [id] => Self::new(*id),
    [namespace, rule, id] => Self::of(RuleRef::retention(*namespace, *rule), *id));
reference!(TaskRef, "task",
[id] => Self::new(*id),
[execution, id] => Self::of(ExecutionRef::new(*execution), *id),
[namespace, rule, execution, id] => {
    let rule = RuleRef::retention(*namespace, *rule);
    Self::of(ExecutionRef::of(rule, *execution), *id)
});

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        behind(self.namespace.as_ref(), &self.id, f)
    }
}

impl fmt::Display for ExecutionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        behind(self.rule.as_ref(), &self.id, f)
    }
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        behind(self.execution.as_ref(), &self.id, f)
    }
}

fn behind(before: Option<&impl fmt::Display>, id: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match before {
        Some(before) => write!(f, "{before}/{id}"),
        None => f.write_str(id),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        fn form<T: FromStr + fmt::Display>(text: &str) -> bool {
            match text.parse::<T>() {
                Ok(reference) => {
                    assert_eq!(reference.to_string(), text);
                    true
                }
                Err(_) => false,
            }
        }
        for (text, rule, execution, task) in [
            ("83", true, true, true),
            ("15DEEB56-9271-4FDD", true, true, true),
            ("library/7", true, false, true),
            ("library/7/113", false, true, false),
            ("library/7/113/2439", false, false, true),
            ("a/b/c/d/e", false, false, false),
            ("", false, false, false),
            ("/", false, false, false),
            ("library/", false, false, false),
            ("library//113", false, false, false),
            ("..", false, false, false),
            ("library/../7", false, false, false),
            ("83 ", false, false, false),
            ("83\r", false, false, false),
            ("rst-4kfd7fk6pohk****", true, true, true),
        ] {
            assert_eq!(form::<RuleRef>(text), rule, "rule {text:?}");
            assert_eq!(form::<ExecutionRef>(text), execution, "execution {text:?}");
            assert_eq!(form::<TaskRef>(text), task, "task {text:?}");
        }
    }

    #[test]
    fn a_reference_is_a_text_in_json() {
        let task: TaskRef = serde_json::from_str(r#""library/7/113/2439""#).unwrap();
        assert_eq!(task.execution().unwrap().rule().unwrap().id(), "7");
        let text = serde_json::to_string(&task).unwrap();
        assert_eq!(text, r#""library/7/113/2439""#);
    }
}
