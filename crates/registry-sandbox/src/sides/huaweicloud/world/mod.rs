//! World of the Huawei side: the examples of the specs, a fleet, and the effects of requests.

mod examples;
mod examples_basic;
mod examples_enterprise;
mod fleet;
mod fleet_basic;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;

use jiff::Timestamp;
use serde_json::Value;

use super::basic::jobs::Destination;
use super::basic::{Basic, BasicRepository};
use super::enterprise::Enterprise;
use super::ids::Ids;
use super::images::{Pushed, Repository};
use super::{IAM, SWR};
use crate::fleet::Era;
use crate::later::Later;
use crate::plans::Plans;
use crate::push::PushError;
use crate::side::Image;
use crate::spec::{self, SpecError};
use crate::world::huaweicloud;

/// All mutable state, behind one lock.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) ids: Ids,
    pub(super) enterprise: Enterprise,
    pub(super) basic: Basic,
    pub(super) projects: Vec<Value>,
}

impl World {
    /// Returns the world of a sandbox that starts at `now`, to be made when a call first needs it.
    ///
    /// Fails if an example of the specs does not fit, so that nothing can fail later.
    pub(super) fn later(endpoint: &str, now: Timestamp) -> Result<Later<Self>, SpecError> {
        let swr = spec::named(SWR)?;
        let projects = projects(endpoint)?;
        Self::default().add_examples(swr)?;
        Ok(Later::new(move || Self {
            projects,
            ..Self::at_start(swr, Era::of(now))
        }))
    }

    /// Applies the effects of work that has ended by `now`.
    pub(super) fn settle(&mut self, plans: &Plans, now: Timestamp) {
        self.enterprise.settle(&mut self.ids, plans, now);
        self.basic.settle(now);
    }

    pub(super) fn push_enterprise(
        &mut self,
        plans: &Plans,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let pushed = Pushed::content(content);
        let instance = self.enterprise.instances.get(huaweicloud::INSTANCE_ID);
        let there = instance.is_some_and(|own| own.namespaces.contains_key(image.namespace));
        if !there {
            return Err(PushError::NoNamespace(image.namespace.to_owned()));
        }
        let instance = huaweicloud::INSTANCE_ID;
        self.enterprise
            .push(&mut self.ids, plans, instance, image, &pushed, now);
        Ok(pushed.digest)
    }

    pub(super) fn push_basic(
        &mut self,
        plans: &Plans,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let pushed = Pushed::content(content);
        let Self { ids, basic, .. } = self;
        let organization = basic.organizations.get_mut(image.namespace);
        let organization =
            organization.ok_or_else(|| PushError::NoNamespace(image.namespace.to_owned()))?;
        let repository = organization
            .repositories
            .entry(image.repository.to_owned())
            .or_insert_with(|| BasicRepository::new(Repository::new(ids.next(), now)));
        repository.own.push(ids, image.tag, &pushed, now);
        let name = (image.namespace, image.repository);
        let rules = repository.rules.clone();
        for rule in rules.iter().filter(|rule| rule["syncAuto"] == true) {
            let to = Destination {
                region: rule["remoteRegionId"].as_str().unwrap_or_default(),
                organization: rule["remoteNamespace"].as_str().unwrap_or_default(),
                overwrite: rule["override"] == true,
            };
            repository.copy(ids, plans, name, image.tag, &to, now);
        }
        repository.retain(ids, name, now);
        Ok(pushed.digest)
    }
}

/// Returns the sandbox's projects in the form of the spec's example, with one more for paging.
fn projects(endpoint: &str) -> Result<Vec<Value>, SpecError> {
    let listed = spec::named(IAM)?.operation("KeystoneListProjects")?;
    let example = &listed.example["projects"][0];
    let projects = [
        (huaweicloud::PROJECT_ID, huaweicloud::REGION, true),
        (
            huaweicloud::TARGET_PROJECT_ID,
            huaweicloud::TARGET_REGION,
            true,
        ),
        ("5a9db0c5a9db0c5a9db0c5a9db0c0003", "ap-southeast-3", false),
    ];
    let project = |(id, name, enabled): (&str, &str, bool)| {
        let mut project = example.clone();
        project["links"]["self"] = Value::from(format!("{endpoint}/v3/projects/{id}"));
        project["id"] = Value::from(id);
        project["name"] = Value::from(name);
        project["enabled"] = Value::from(enabled);
        project["domain_id"] = Value::from(huaweicloud::IAM_DOMAIN_ID);
        project["parent_id"] = Value::from(huaweicloud::IAM_DOMAIN_ID);
        project
    };
    Ok(projects.into_iter().map(project).collect())
}
