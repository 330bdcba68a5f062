//! Reasons why Harbor does not copy an image, beyond what its rules show.

use ::harbor::harbor::types::{GeneralInfo, ReplicationPolicy};
use ::harbor::harbor::values::RegistryStatus;
use openapi_transport::Error;

use super::{HarborRegistry, number};
use crate::arrival::doublestar;
use crate::arrival::judge::end;
use crate::arrival::report::{Reason, ReasonKind};
use crate::arrival::sight::Hindrance;
use crate::model::{FilterOn, ImageName, Rule};

/// Rules whose newest executions are read.
const RULES: usize = 10;
/// Longest message of Harbor in a reason, in letters.
const LONGEST: usize = 300;
/// Versions that start no rule when a digest is pushed that the repository has already.
const WITHOUT_SECOND_PUSH: [&str; 3] = ["2.11.1", "2.11.2", "2.12.0"];

impl HarborRegistry {
    /// Asks for the reasons: `getSystemInfo`, the rules as `listReplicationPolicies` shows them, and the newest
    /// execution of each rule that covers the image: `listReplicationExecutions`.
    pub(super) async fn reasons(&self, image: &ImageName) -> Result<Vec<Hindrance>, Error> {
        let info = self.client.get_system_info().send().await?.into_inner();
        let rules = self.replication_rules(None).all().await?;
        let mut reasons = of_system(&info);
        reasons.extend(rules.iter().filter_map(malformed));
        let everywhere = reasons.into_iter().map(Hindrance::from);
        let mut all: Vec<_> = everywhere.collect();
        let pushes = rules.iter().filter(|rule| rule.source.registry.is_none());
        for rule in pushes.filter(|rule| rule.covers(image)).take(RULES) {
            let of_rule = [unreachable(rule), self.without_task(rule).await?];
            all.extend(of_rule.into_iter().flatten().map(|reason| Hindrance {
                reason,
                end: Some(end(rule, image)),
            }));
        }
        Ok(all)
    }

    /// Returns why the newest execution of a rule had no task, as Harbor says.
    async fn without_task(&self, rule: &Rule) -> Result<Option<Reason>, Error> {
        let call = self.client.list_replication_executions();
        let call = call.policy_id(number("rule", &rule.id)?).sort("-id");
        let page = call.page_size(1).send().await?.into_inner();
        let newest = page.into_iter().next().map(super::executions::replication);
        let Some(execution) = newest else {
            return Ok(None);
        };
        let count = execution.tasks.and_then(|counts| counts.total);
        let Some(message) = execution.message.filter(|_| count == Some(0)) else {
            return Ok(None);
        };
        let message: String = message.chars().take(LONGEST).collect();
        let text = format!(
            "execution {} of {} made no task: Harbor says {message:?}; it copies nothing to a project that is \
             a proxy cache",
            execution.id,
            named(rule)
        );
        Ok(Some(Reason::new(ReasonKind::TaskIssue, text)))
    }
}

/// Returns a version without its build, such as `2.12.0` of `v2.12.0-1234abcd`.
pub(super) fn version(info: &GeneralInfo) -> Option<&str> {
    let version = info.harbor_version.as_deref()?.trim_start_matches('v');
    version
        .split(['-', '+'])
        .next()
        .filter(|text| !text.is_empty())
}

/// Returns what is known to be wrong with a version, and the version that is right.
pub(super) fn known_error(version: &str) -> Option<&'static str> {
    WITHOUT_SECOND_PUSH.contains(&version).then_some(
        "it copies nothing when an image is pushed again or gets another tag, because only a digest \
         that is new to the repository starts a rule; upgrade to 2.12.1 or later, or run the rule",
    )
}

fn of_system(info: &GeneralInfo) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if info.read_only == Some(true) {
        let text = "Harbor is read-only: it starts no replication until an administrator ends that";
        reasons.push(Reason::new(ReasonKind::ReadOnly, text));
    }
    if let Some(version) = version(info)
        && let Some(error) = known_error(version)
    {
        let text = format!("Harbor {version} has a known error: {error}");
        reasons.push(Reason::new(ReasonKind::Version, text));
    }
    reasons
}

fn named(rule: &Rule) -> String {
    match &rule.name {
        Some(name) => format!("rule {} ({name})", rule.id),
        None => format!("rule {}", rule.id),
    }
}

/// A malformed pattern of any rule that runs on a push keeps all of them from running.
fn malformed(rule: &Rule) -> Option<Reason> {
    if rule.automatic != Some(true) || rule.enabled == Some(false) {
        return None;
    }
    let mut filters = rule.filters.iter().filter(|one| one.on != FilterOn::Label);
    let filter = filters.find(|filter| doublestar::is_malformed(&filter.pattern))?;
    let pattern: String = filter.pattern.chars().take(100).collect();
    let text = format!(
        "{} has the malformed pattern {pattern:?}, which may keep Harbor from running any rule on a push: \
         correct the pattern",
        named(rule)
    );
    Some(Reason::new(ReasonKind::PatternMalformed, text))
}

fn unreachable(rule: &Rule) -> Option<Reason> {
    let policy = rule.vendor.get::<ReplicationPolicy>()?;
    let registry = policy.dest_registry.as_ref()?;
    if registry.status != Some(RegistryStatus::Unhealthy) {
        return None;
    }
    let name = registry.name.as_deref().unwrap_or("without a name");
    let text = format!(
        "Harbor could not reach the registry {name} of {} at its last check: check the URL and the \
         credentials of the registry in Harbor",
        named(rule)
    );
    Some(Reason::new(ReasonKind::Unreachable, text))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_without_their_build() {
        for (text, expected) in [
            ("v2.12.0-8ba3b5c6", Some("2.12.0")),
            ("v2.15.2", Some("2.15.2")),
            ("2.11.1+build", Some("2.11.1")),
            ("", None),
        ] {
            let info = serde_json::json!({ "harbor_version": text });
            let info: GeneralInfo = serde_json::from_value(info).unwrap();
            assert_eq!(version(&info), expected, "{text}");
        }
        assert!(known_error("2.12.0").is_some() && known_error("2.12.1").is_none());
    }
}
