//! Tags of a repository that the rules of a retention policy keep.
//!
//! As in Harbor, a tag stays if one rule keeps it. A tag that no rule selects is deleted if some rule
//! is about its repository.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sides::huaweicloud::glob;
use crate::sides::huaweicloud::images::{Repository, Tag};

/// Returns for each tag of the repository whether it stays, or `None` if no rule is about the
/// repository.
pub(super) fn judged(
    policy: &Value,
    name: &str,
    repository: &Repository,
    now: Timestamp,
) -> Option<BTreeMap<String, bool>> {
    let rules = policy["rules"].as_array().into_iter().flatten();
    let mut rules = rules
        .filter(|rule| rule["disabled"] != true && is_about(rule, name))
        .peekable();
    rules.peek()?;
    let tags = repository.tags.keys();
    let mut verdicts: BTreeMap<_, _> = tags.map(|tag| (tag.clone(), false)).collect();
    for rule in rules {
        for tag in kept(rule, repository, now) {
            verdicts.insert(tag.to_owned(), true);
        }
    }
    Some(verdicts)
}

fn is_about(rule: &Value, repository: &str) -> bool {
    let selectors = rule["scope_selectors"].as_object();
    let mut selectors = selectors.into_iter().flat_map(|scopes| scopes.values());
    selectors.all(|scope| {
        let mut scope = scope.as_array().into_iter().flatten();
        scope.all(|selector| selects(selector, repository))
    })
}

fn selects(selector: &Value, text: &str) -> bool {
    let pattern = selector["pattern"].as_str().unwrap_or_default();
    let excludes = selector["decoration"] == "excludes";
    glob::matches(pattern, text) != excludes
}

/// Returns the selected tags that one rule keeps.
fn kept<'a>(rule: &Value, repository: &'a Repository, now: Timestamp) -> Vec<&'a str> {
    let selected = repository.tags.iter().filter(|(tag, _)| {
        let mut selectors = rule["tag_selectors"].as_array().into_iter().flatten();
        selectors.all(|selector| selects(selector, tag))
    });
    let template = rule["template"].as_str().unwrap_or_default();
    let number = number(&rule["params"][template]);
    let days = i32::try_from(number).unwrap_or(i32::MAX);
    let age = SignedDuration::from_hours(24).saturating_mul(days);
    let since = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    let pushed = |tag: &Tag| Some(tag.pushed);
    let pulled = |tag: &Tag| tag.pulled;
    let selected = selected.map(|(name, tag)| (name.as_str(), tag)).collect();
    match template {
        "latestPushedK" => latest(selected, number, pushed),
        "latestPulledN" => latest(selected, number, pulled),
        "nDaysSinceLastPush" => newer(selected, since, pushed),
        "nDaysSinceLastPull" => newer(selected, since, pulled),
        // The spec's enum refuses other values.
        _ => selected.into_iter().map(|(name, _)| name).collect(),
    }
}

/// Returns the latest tags. Tags without a time are last.
fn latest<'a>(
    mut tags: Vec<(&'a str, &'a Tag)>,
    number: i64,
    time: impl Fn(&Tag) -> Option<Timestamp>,
) -> Vec<&'a str> {
    tags.sort_by_key(|(name, tag)| (std::cmp::Reverse(time(tag)), *name));
    let number = usize::try_from(number).unwrap_or(0);
    tags.into_iter()
        .take(number)
        .map(|(name, _)| name)
        .collect()
}

fn newer<'a>(
    tags: Vec<(&'a str, &'a Tag)>,
    since: Timestamp,
    time: impl Fn(&Tag) -> Option<Timestamp>,
) -> Vec<&'a str> {
    let tags = tags.into_iter();
    tags.filter(|(_, tag)| time(tag).is_some_and(|time| time >= since))
        .map(|(name, _)| name)
        .collect()
}

/// Returns the number of a rule's parameter, which may be text.
pub(super) fn number(parameter: &Value) -> i64 {
    let text = || parameter.as_str()?.parse().ok();
    parameter.as_i64().or_else(text).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sides::huaweicloud::ids::Ids;
    use crate::sides::huaweicloud::images::Pushed;
    use serde_json::json;

    const NOW: Timestamp = Timestamp::constant(1_793_599_200, 0);

    fn days(days: i64) -> Timestamp {
        NOW - SignedDuration::from_hours(24 * days)
    }

    #[test]
    fn rules_keep() {
        let mut ids = Ids::default();
        let mut repository = Repository::new(1, days(90));
        for (tag, age, pulled) in [
            ("v1", 40, Some(1)),
            ("v2", 20, None),
            ("v3", 10, Some(5)),
            ("rc-1", 5, None),
        ] {
            repository.push(&mut ids, tag, &Pushed::content(tag), days(age));
            if let Some(tag) = repository.tags.get_mut(tag) {
                tag.pulled = pulled.map(days);
            }
        }
        let rule = |template: &str, number: Value, tags: (&str, &str), repositories: &str| {
            json!({
                "template": template,
                "params": {template: number},
                "tag_selectors": [{"decoration": tags.0, "pattern": tags.1}],
                "scope_selectors": {"repository": [
                    {"decoration": "repoMatches", "pattern": repositories},
                ]},
            })
        };
        let all = ("matches", "**");
        let mut off = rule("latestPushedK", json!(9), all, "**");
        off["disabled"] = json!(true);
        for (rules, expected) in [
            (
                vec![rule("latestPushedK", json!(2), all, "**")],
                Some("rc-1 v3"),
            ),
            (
                vec![rule("latestPushedK", json!("2"), ("matches", "v*"), "api")],
                Some("v2 v3"),
            ),
            (
                vec![rule("latestPushedK", json!(1), ("excludes", "rc-*"), "**")],
                Some("v3"),
            ),
            (vec![rule("latestPulledN", json!(1), all, "**")], Some("v1")),
            (
                vec![rule("nDaysSinceLastPush", json!(20), all, "**")],
                Some("rc-1 v2 v3"),
            ),
            (
                vec![rule("nDaysSinceLastPush", json!(i64::MAX), all, "**")],
                Some("rc-1 v1 v2 v3"),
            ),
            (
                vec![rule("nDaysSinceLastPull", json!(2), all, "{api,web}")],
                Some("v1"),
            ),
            (
                vec![
                    rule("latestPulledN", json!(1), all, "**"),
                    rule("nDaysSinceLastPush", json!(7), all, "**"),
                ],
                Some("rc-1 v1"),
            ),
            (vec![rule("latestPushedK", json!(2), all, "web*")], None),
            (vec![off], None),
            (vec![], None),
        ] {
            let policy = json!({"rules": rules});
            let verdicts = judged(&policy, "api", &repository, NOW);
            let kept = verdicts.map(|verdicts| {
                let kept = verdicts.into_iter().filter(|(_, stays)| *stays);
                kept.map(|(tag, _)| tag).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(kept.as_deref(), expected, "{policy}");
        }
    }
}
