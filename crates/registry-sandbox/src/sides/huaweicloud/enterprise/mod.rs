//! Enterprise edition: instances, their contents, replication and retention.

mod arriving;
pub(super) mod artifacts;
pub(super) mod cleaning;
pub(super) mod copies;
pub(super) mod executions;
pub(super) mod fixed;
pub(super) mod instances;
pub(super) mod namespaces;
pub(super) mod policies;
pub(super) mod registries;
pub(super) mod repositories;
pub(super) mod retention;
pub(super) mod rules;
pub(super) mod running;
pub(super) mod sweeps;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::asked::Asked;
use super::errors::{Code, Refusal, SWR_NO_INSTANCE, SWR_NO_NAMESPACE, SWR_NO_REPOSITORY};
use super::ids::Ids;
use super::images::{Repository, over};
use cleaning::Cleaning;
use copies::Execution;

#[derive(Debug, Clone, Default)]
pub(super) struct Enterprise {
    /// Instances by id.
    pub(super) instances: BTreeMap<String, Instance>,
    /// Jobs on instances: the project, and the job in the vendor's form.
    pub(super) jobs: Vec<(String, Value)>,
}

/// Instance. Records are in the vendor's form, with all fields of the call that shows a single one.
#[derive(Debug, Clone, Default)]
pub(super) struct Instance {
    pub(super) record: Value,
    pub(super) namespaces: BTreeMap<String, Namespace>,
    pub(super) registries: BTreeMap<i64, Value>,
    /// Replication policies.
    pub(super) policies: BTreeMap<i64, Value>,
    /// Runs of replication policies.
    pub(super) executions: BTreeMap<i64, Execution>,
    /// Retention policies.
    pub(super) retentions: BTreeMap<i64, Value>,
    /// Runs of retention policies.
    pub(super) cleanings: BTreeMap<i64, Cleaning>,
}

#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) id: i64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) extra: Value,
    /// Repositories, which are shared with the fleet until they change.
    pub(super) repositories: BTreeMap<String, Arc<Repository>>,
}

impl Enterprise {
    /// Returns the instance of the request, which must belong to the project of the request.
    pub(super) fn instance(&mut self, asked: &Asked<'_>) -> Result<&mut Instance, Refusal> {
        let id = asked.text("instance_id");
        let project = asked.given("project_id");
        let instance = self.instances.get_mut(id);
        instance
            .filter(|instance| {
                project.is_none_or(|project| instance.record["project_id"] == project)
            })
            .ok_or_else(|| not_there(asked, SWR_NO_INSTANCE, "instance", id))
    }
}

impl Instance {
    pub(super) fn namespace(&mut self, asked: &Asked<'_>) -> Result<&mut Namespace, Refusal> {
        let name = asked.text("namespace_name");
        let namespace = self.namespaces.get_mut(name);
        namespace.ok_or_else(|| not_there(asked, SWR_NO_NAMESPACE, "namespace", name))
    }

    /// Returns the namespace and the repository of the request.
    pub(super) fn repository(
        &mut self,
        asked: &Asked<'_>,
    ) -> Result<(&Namespace, &Repository), Refusal> {
        let name = asked.repository();
        let namespace = self.namespace(asked)?;
        let repository = namespace.repositories.get(&name);
        let repository =
            repository.ok_or_else(|| not_there(asked, SWR_NO_REPOSITORY, "repository", &name))?;
        Ok((namespace, repository))
    }

    /// Returns the repository. Makes it and its namespace if they do not exist.
    pub(super) fn repository_made(
        &mut self,
        ids: &mut Ids,
        namespace: &str,
        repository: &str,
        now: Timestamp,
    ) -> &mut Repository {
        let namespace = self
            .namespaces
            .entry(namespace.to_owned())
            .or_insert_with(|| Namespace::new(ids.next(), now));
        let repositories = &mut namespace.repositories;
        let repository = repositories
            .entry(repository.to_owned())
            .or_insert_with(|| Repository::new(ids.next(), now).into());
        Arc::make_mut(repository)
    }
}

impl Namespace {
    pub(super) fn new(id: i64, now: Timestamp) -> Self {
        Self {
            id,
            created: now,
            updated: now,
            extra: Value::Null,
            repositories: BTreeMap::new(),
        }
    }

    pub(super) fn record(&self, name: &str) -> Value {
        let record = json!({
            "name": name,
            "metadata": {
                "public": "false",
                "auto_scan": "false",
                "prevent_vul": "false",
                "severity": "none",
            },
            "namespace_id": self.id,
            "created_at": self.created.to_string(),
            "updated_at": self.updated.to_string(),
        });
        let mut record = over(record, &self.extra);
        record["repo_count"] = Value::from(self.repositories.len());
        record
    }
}

pub(super) fn not_there(
    asked: &Asked<'_>,
    code: Code,
    kind: &str,
    name: impl std::fmt::Display,
) -> Refusal {
    asked.refusal(code, format!("{kind} {name} does not exist"))
}
