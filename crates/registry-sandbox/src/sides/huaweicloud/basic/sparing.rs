//! Tags that a retention policy of the Basic edition keeps or deletes.

use jiff::{SignedDuration, Timestamp};
use regex_lite::Regex;
use serde_json::{Value, json};

use super::BasicRepository;
use crate::rule;
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::images::Tag;

impl BasicRepository {
    /// Applies the repository's policies. The service does this when one is created and from time to
    /// time. The sandbox does it when one is created or changed and when an image is pushed.
    pub(in crate::sides::huaweicloud) fn retain(
        &mut self,
        ids: &mut Ids,
        (organization, name): (&str, &str),
        now: Timestamp,
    ) {
        for policy in self.retentions.clone() {
            let rules = policy["rules"].as_array().into_iter().flatten();
            for rule in rules {
                for tag in named(rule, &self.own.tags, now) {
                    self.own.remove(&tag, now);
                    self.deleted.push(json!({
                        "created_at": now.to_string(),
                        "id": ids.next(),
                        "namespace": organization,
                        "repo": name,
                        "retention_id": policy["id"],
                        "rule_type": rule.to_string(),
                        "tag": tag,
                    }));
                }
            }
        }
    }
}

/// Returns the number of a rule, if its template allows it.
pub(super) fn number(rule: &Value) -> Option<i64> {
    let (key, most) = match rule["template"].as_str()? {
        "date_rule" => ("days", 365),
        _ => ("num", 1000),
    };
    let number = rule::integer(rule["params"][key].as_str()?)?;
    (1..=most).contains(&number).then_some(number)
}

/// Returns the tags that a rule selects for deletion.
fn named<'t>(
    rule: &Value,
    tags: impl IntoIterator<Item = (&'t String, &'t Tag)>,
    now: Timestamp,
) -> Vec<String> {
    let Some(number) = number(rule) else {
        return Vec::new();
    };
    let mut tags: Vec<_> = tags
        .into_iter()
        .filter(|(name, _)| !is_spared(rule, name))
        .collect();
    tags.sort_by_key(|(name, tag)| (std::cmp::Reverse(tag.pushed), *name));
    if rule["template"] == "date_rule" {
        let since = now - SignedDuration::from_hours(24 * number);
        tags.retain(|(_, tag)| tag.pushed < since);
    } else {
        let kept = usize::try_from(number).unwrap_or(0).min(tags.len());
        tags.drain(..kept);
    }
    tags.into_iter().map(|(name, _)| name.clone()).collect()
}

fn is_spared(rule: &Value, tag: &str) -> bool {
    let mut selectors = rule["tag_selectors"].as_array().into_iter().flatten();
    selectors.any(|selector| {
        let pattern = selector["pattern"].as_str().unwrap_or_default();
        match selector["kind"].as_str() {
            Some("regexp") => Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(tag)),
            _ => pattern == tag,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sides::huaweicloud::images::Pushed;
    use crate::sides::huaweicloud::images::Repository;

    const NOW: Timestamp = Timestamp::constant(1_793_599_200, 0);

    #[test]
    fn rules_name() {
        let mut ids = Ids::default();
        let mut repository = Repository::new(1, NOW);
        for (tag, days) in [("v1", 40), ("v2", 30), ("v3", 3), ("release-1", 90)] {
            let pushed = NOW - SignedDuration::from_hours(24 * days);
            repository.push(&mut ids, tag, &Pushed::content(tag), pushed);
        }
        let spared = json!([{"kind": "regexp", "pattern": "^release-.*$"}]);
        let v1 = json!([{"kind": "label", "pattern": "v1"}]);
        for (template, params, selectors, expected) in [
            (
                "date_rule",
                json!({"days": "30"}),
                json!([]),
                &["v1", "release-1"] as &[&str],
            ),
            ("date_rule", json!({"days": "30"}), spared.clone(), &["v1"]),
            ("tag_rule", json!({"num": "1"}), spared, &["v2", "v1"]),
            ("tag_rule", json!({"num": "2"}), v1, &["release-1"]),
            ("tag_rule", json!({"num": "9"}), json!([]), &[]),
            ("tag_rule", json!({"num": "0"}), json!([]), &[]),
            ("tag_rule", json!({"days": "1"}), json!([]), &[]),
        ] {
            let rule = json!({"template": template, "params": params, "tag_selectors": selectors});
            assert_eq!(named(&rule, &repository.tags, NOW), expected, "{rule}");
        }
    }
}
