//! What a replication policy covers, and where its copies go.

use serde_json::Value;

use super::images::{Artifact, Repository};
use super::pattern::{self, Malformed};

/// Id of the Harbor itself among the registries of a policy.
pub(super) const LOCAL: i64 = 0;

/// Whether pushes to the Harbor itself start the policy.
pub(super) fn runs_on_push(policy: &Value) -> bool {
    policy["enabled"] == true
        && policy["trigger"]["type"] == "event_based"
        && end(policy, "src_registry") == LOCAL
}

/// Returns the id of a registry of the policy.
pub(super) fn end(policy: &Value, key: &str) -> i64 {
    policy[key]["id"].as_i64().unwrap_or(LOCAL)
}

/// Returns the tags of a repository that the policy covers. `only` are the tags that count.
pub(super) fn covered<'a>(
    policy: &Value,
    name: &str,
    repository: &'a Repository,
    only: impl Fn(&str) -> bool,
) -> Result<Vec<&'a str>, Malformed> {
    if !covers_name(policy, name)? {
        return Ok(Vec::new());
    }
    let mut tags = Vec::new();
    for (tag, own) in repository.tags.iter().filter(|(tag, _)| only(tag)) {
        let artifact = repository.artifacts.get(&own.digest);
        if covers_tag(policy, tag, artifact)? {
            tags.push(tag.as_str());
        }
    }
    Ok(tags)
}

fn filters<'a>(policy: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = policy["filters"].as_array();
    all.into_iter()
        .flatten()
        .filter(move |filter| filter["type"] == kind)
}

fn covers_name(policy: &Value, name: &str) -> Result<bool, Malformed> {
    for filter in filters(policy, "name") {
        if !matches(filter, name)? {
            return Ok(false);
        }
    }
    // All artifacts of the sandbox are images.
    let mut resources = filters(policy, "resource").map(|filter| &filter["value"]);
    Ok(resources.all(|kind| matches!(kind.as_str(), None | Some("" | "image" | "artifact"))))
}

/// Whether the policy covers a tag of an artifact.
fn covers_tag(policy: &Value, tag: &str, artifact: Option<&Artifact>) -> Result<bool, Malformed> {
    for filter in filters(policy, "tag") {
        if matches(filter, tag)? == excludes(filter) {
            return Ok(false);
        }
    }
    for filter in filters(policy, "label") {
        let wanted = filter["value"].as_array();
        let wanted: Vec<_> = wanted.into_iter().flatten().collect();
        let own = artifact.map_or(&[] as &[Value], |own| &own.labels);
        let has_all = wanted
            .iter()
            .all(|label| own.iter().any(|own| own["name"] == **label));
        if !wanted.is_empty() && has_all == excludes(filter) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn excludes(filter: &Value) -> bool {
    filter["decoration"] == "excludes"
}

fn matches(filter: &Value, text: &str) -> Result<bool, Malformed> {
    pattern::matches(filter["value"].as_str().unwrap_or_default(), text)
}

/// Returns the repository that a copy goes to, or the reason why it cannot.
pub(super) fn destination(policy: &Value, repository: &str) -> Result<String, String> {
    let namespace = policy["dest_namespace"].as_str().unwrap_or_default();
    let count = policy["dest_namespace_replace_count"]
        .as_i64()
        .unwrap_or(-1);
    renamed(repository, namespace, count)
}

/// Replaces the first `count` components of a repository by a namespace. A negative count replaces all
/// but the last one.
fn renamed(repository: &str, namespace: &str, count: i64) -> Result<String, String> {
    if namespace.is_empty() {
        return Ok(repository.to_owned());
    }
    let parts: Vec<_> = repository.split('/').collect();
    let before = parts.len() - 1;
    let replaced = match usize::try_from(count) {
        Err(_) => before,
        Ok(count) if count > before => {
            let shown = parts[..before].join(" ");
            return Err(format!(
                "the source repository {repository:?} contains only {before} path components \
                 [{shown}] excepting the last one, but the destination namespace flattening level \
                 is {count}"
            ));
        }
        Ok(count) => count,
    };
    let mut all = vec![namespace];
    all.extend(&parts[replaced..]);
    Ok(all.join("/"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sides::harbor::ids::Ids;
    use crate::sides::harbor::images::Content;
    use jiff::Timestamp;
    use serde_json::json;

    #[test]
    fn names_at_the_destination() {
        for (namespace, count, expected) in [
            ("", 2, Some("a/b/c/image")),
            ("n", -1, Some("n/image")),
            ("n", 0, Some("n/a/b/c/image")),
            ("n", 1, Some("n/b/c/image")),
            ("n/m", 2, Some("n/m/c/image")),
            ("n", 3, Some("n/image")),
            ("n", 4, None),
        ] {
            let found = renamed("a/b/c/image", namespace, count).ok();
            assert_eq!(found.as_deref(), expected, "{namespace} {count}");
        }
    }

    #[test]
    fn filters_are_all_needed() {
        let mut ids = Ids::default();
        let mut repository = Repository::new(1, Timestamp::UNIX_EPOCH);
        for tag in ["v1", "v2", "rc"] {
            let content = Content::of(tag);
            repository.put(&mut ids, Some(tag), &content, Timestamp::UNIX_EPOCH);
        }
        let labelled = repository.tags["v2"].digest.clone();
        let own = repository.artifacts.get_mut(&labelled).unwrap();
        own.labels = vec![json!({"name": "release"}), json!({"name": "signed"})];
        let name = |value| json!({"type": "name", "value": value});
        let tag =
            |value, decoration| json!({"type": "tag", "value": value, "decoration": decoration});
        let label = |value: &[&str], decoration| json!({"type": "label", "value": value, "decoration": decoration});
        for (filters, expected) in [
            (json!(null), Ok("rc v1 v2")),
            (json!([name("team/**")]), Ok("rc v1 v2")),
            (json!([name("team")]), Ok("")),
            (json!([tag("v*", "matches")]), Ok("v1 v2")),
            (json!([tag("v*", "")]), Ok("v1 v2")),
            (json!([tag("v*", "excludes")]), Ok("rc")),
            (json!([name("web/**"), tag("v*", "matches")]), Ok("")),
            (json!([label(&["release"], "matches")]), Ok("v2")),
            (json!([label(&["release", "none"], "matches")]), Ok("")),
            (json!([label(&["release"], "excludes")]), Ok("rc v1")),
            (
                json!([{"type": "resource", "value": "image"}]),
                Ok("rc v1 v2"),
            ),
            (json!([{"type": "resource", "value": "chart"}]), Ok("")),
            (json!([tag("v[a-]", "matches")]), Err(Malformed)),
            (json!([name("[")]), Err(Malformed)),
        ] {
            let policy = json!({"filters": filters});
            let found = covered(&policy, "team/api", &repository, |_| true);
            let found = found.map(|tags| tags.join(" "));
            assert_eq!(found, expected.map(str::to_owned), "{policy}");
        }
    }
}
