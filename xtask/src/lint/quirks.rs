//! Documented mistakes of the vendor, and the check that each still exists.
//!
//! A quirk has its reason, and the conditions under which it applies. If a condition no longer holds,
//! the quirk is out of date: the vendor or the spec has changed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::document::{Document, keys};
use super::finding::Findings;
use super::keys::says;

const FORMS: &str = "one of {at, absent: true}, {at, present: true}, {at, is: …}, \
                     {at, differs-from}, {at, no-json: true}, {unlike-list: type | required | \
                     extra | 'missing: NAME'}";

/// Documented mistake of the vendor.
pub(super) struct Quirk {
    /// Pointer to the element with the mistake.
    pub(super) element: String,
    /// Pointer to the quirk itself.
    pub(super) at: String,
    pub(super) conditions: Vec<Condition>,
}

pub(super) enum Condition {
    /// The element at the pointer does not exist.
    Absent(String),
    /// The element at the pointer exists.
    Present(String),
    /// The value at the pointer is this.
    Is(String, Value),
    /// The values at the pointers differ.
    Differs(String, String),
    /// The text at the pointer is not a JSON document.
    NoJson(String),
    /// The element differs from the vendor's operation list.
    Unlike(Unlike),
}

/// Difference between an element and the vendor's operation list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unlike {
    Type,
    Required,
    /// The list does not have it.
    Extra,
    /// The list has an element of this name below it that the spec does not have.
    Missing(String),
}

/// Reads all quirks that have a valid form.
pub(super) fn read(document: &Document<'_>, findings: &mut Findings) -> Vec<Quirk> {
    let mut quirks = Vec::new();
    keys("", document.root, &mut |at, key, value| {
        if key != "x-quirk" {
            return;
        }
        let element = at.strip_suffix("/x-quirk").unwrap_or(at);
        let (list, many) = match value {
            Value::Array(list) => (list.as_slice(), true),
            one => (std::slice::from_ref(one), false),
        };
        for (index, quirk) in list.iter().enumerate() {
            let at = if many {
                format!("{at}/{index}")
            } else {
                at.to_owned()
            };
            let mut say = |what: String| findings.add(document.place(&at), what);
            let known = quirk.as_object().is_some_and(|quirk| {
                quirk.keys().all(|key| key == "why" || key == "while") && !quirk.is_empty()
            });
            if !known {
                say("a quirk is an object of why and while: write it so".into());
                continue;
            }
            if !says(quirk, "why") {
                say("has no why: give the vendor's statement, and the truth".into());
            }
            let conditions = quirk.get("while").and_then(Value::as_array);
            if conditions.is_none_or(Vec::is_empty) {
                say(format!(
                    "has no condition under while: give at least {FORMS}"
                ));
            }
            let conditions = conditions.into_iter().flatten().filter_map(|written| {
                let condition = condition(written);
                if condition.is_none() {
                    say(format!("the condition {written} is not {FORMS}"));
                }
                condition
            });
            let conditions = conditions.collect();
            quirks.push(Quirk {
                element: element.to_owned(),
                at,
                conditions,
            });
        }
    });
    quirks
}

fn condition(written: &Value) -> Option<Condition> {
    let keys: BTreeSet<&str> = written.as_object()?.keys().map(String::as_str).collect();
    let pointer = |key: &str| {
        let pointer = written.get(key)?.as_str()?.strip_prefix('#')?;
        pointer.starts_with('/').then(|| pointer.to_owned())
    };
    let yes = |key: &str| (*written.get(key)? == Value::Bool(true)).then_some(());
    let keys: Vec<&str> = keys.into_iter().collect();
    match keys.as_slice() {
        ["absent", "at"] => yes("absent").and_then(|()| Some(Condition::Absent(pointer("at")?))),
        ["at", "present"] => yes("present").and_then(|()| Some(Condition::Present(pointer("at")?))),
        ["at", "no-json"] => yes("no-json").and_then(|()| Some(Condition::NoJson(pointer("at")?))),
        ["at", "is"] => Some(Condition::Is(pointer("at")?, written.get("is")?.clone())),
        ["at", "differs-from"] => {
            Some(Condition::Differs(pointer("at")?, pointer("differs-from")?))
        }
        ["unlike-list"] => unlike(written.get("unlike-list")?).map(Condition::Unlike),
        _ => None,
    }
}

/// Reads the value of `unlike-list`. `missing: NAME` may be one text or an object, because YAML reads
/// it as an object unless it is quoted.
fn unlike(written: &Value) -> Option<Unlike> {
    if let Some(map) = written.as_object() {
        let name = map.get("missing").filter(|_| map.len() == 1)?.as_str()?;
        return Some(Unlike::Missing(name.to_owned()));
    }
    match written.as_str()? {
        "type" => Some(Unlike::Type),
        "required" => Some(Unlike::Required),
        "extra" => Some(Unlike::Extra),
        other => {
            let name = other.strip_prefix("missing:")?.trim();
            (!name.is_empty()).then(|| Unlike::Missing(name.to_owned()))
        }
    }
}

/// Reports conditions that no longer hold. The comparison checks those about the list.
pub(super) fn hold(document: &Document<'_>, quirks: &[Quirk], findings: &mut Findings) {
    for quirk in quirks {
        for condition in &quirk.conditions {
            if let Some(no_longer) = no_longer(document, condition) {
                findings.add(
                    document.place(&quirk.at),
                    format!("{no_longer}: {OUT_OF_DATE}"),
                );
            }
        }
    }
}

pub(super) const OUT_OF_DATE: &str =
    "the quirk is out of date; remove it, or check what the vendor has changed";

fn no_longer(document: &Document<'_>, condition: &Condition) -> Option<String> {
    let nothing = |at: &str| format!("#{at} does not exist");
    match condition {
        Condition::Absent(at) => {
            let above = at.rsplit_once('/').map_or("", |(above, _)| above);
            if document.at(above).is_none() {
                return Some(nothing(above));
            }
            document.at(at).map(|_| format!("#{at} exists"))
        }
        Condition::Present(at) => document.at(at).is_none().then(|| nothing(at)),
        Condition::Is(at, wanted) => match document.at(at) {
            None => Some(nothing(at)),
            Some(value) if value == wanted => None,
            Some(value) => Some(format!("#{at} is {}, not {wanted}", short(value))),
        },
        Condition::Differs(one, other) => match (document.at(one), document.at(other)) {
            (None, _) => Some(nothing(one)),
            (_, None) => Some(nothing(other)),
            (Some(a), Some(b)) if a == b => {
                Some(format!("#{one} and #{other} are both {}", short(a)))
            }
            _ => None,
        },
        Condition::NoJson(at) => match document.at(at).map(|value| value.as_str()) {
            None => Some(nothing(at)),
            Some(None) => Some(format!("#{at} is not text")),
            Some(Some(text)) => serde_json::from_str::<Value>(text)
                .is_ok()
                .then(|| format!("#{at} is a JSON document")),
        },
        Condition::Unlike(_) => None,
    }
}

/// Returns a short form of a value for a message.
fn short(value: &Value) -> String {
    match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => other.to_string(),
    }
}
