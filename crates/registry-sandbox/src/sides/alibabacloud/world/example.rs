//! The vendor's examples, value for value, with the records that they need.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::instance::{Instance, Repository};
use super::records::{InstanceRecord, Namespace, Progress, RepositoryRecord, SyncTask, Tag};
use super::task::Task;
use crate::spec::{Spec, SpecError};
use crate::world::alibabacloud;

/// 2019-10-24T14:13:59Z, the creation of the vendor's instance.
const START: Timestamp = Timestamp::constant(1_571_926_439, 0);

/// Adds the instance of the examples, and the instances that its rules copy to.
pub(super) fn add(cr: &Spec, instances: &mut BTreeMap<String, Instance>) -> Result<(), SpecError> {
    let examples = Examples(cr);
    let mut instance = Instance::new(alibabacloud::INSTANCE_ID, "cn-shanghai", "example", START);
    examples.describe(&mut instance)?;
    let repository: RepositoryRecord = examples.whole("GetRepository")?;
    let tags: Vec<Tag> = examples.list("ListRepoTag", "Images")?;
    let tags: Vec<_> = tags.into_iter().map(with_algorithm).collect();
    instance.repositories.insert(
        (
            repository.repo_namespace_name.clone(),
            repository.repo_name.clone(),
        ),
        Repository {
            record: repository,
            tags: tags
                .iter()
                .map(|tag| (tag.tag.clone(), tag.clone()))
                .collect(),
            ..Repository::default()
        }
        .into(),
    );
    instance.rules = examples.list("ListRepoSyncRule", "SyncRules")?;
    instance.lifecycle_rules = examples.list("ListArtifactLifecycleRule", "Rules")?;

    let tasks: Vec<SyncTask> = examples.list("ListRepoSyncTask", "SyncTasks")?;
    let progress: Progress = examples.whole("GetRepoSyncTask")?;
    for record in tasks {
        let to = record.image_to.clone().unwrap_or_default();
        let (namespace, name, tag) = to.image();
        let target = instances.entry(to.instance_id.clone()).or_insert_with(|| {
            Instance::new(&to.instance_id, &to.region_id, "example-target", START)
        });
        let arrived = record
            .modifed_time
            .and_then(|time| Timestamp::from_millisecond(time).ok());
        let arrived = arrived.unwrap_or(START);
        let repository = target.make_repository(namespace, name, arrived);
        if let Some(image) = tags.iter().find(|image| image.tag == tag) {
            repository.put(tag, image.clone(), arrived);
        }
        let task = Task::fixed(record, Some(progress.clone()));
        instance.tasks.insert(0, task);
    }
    instances.insert(instance.id().to_owned(), instance);
    Ok(())
}

struct Examples<'a>(&'a Spec);

impl Examples<'_> {
    fn record<T: DeserializeOwned>(&self, id: &str, name: &str) -> Result<T, SpecError> {
        let mut example = self.0.operation(id)?.example.clone();
        let part = match name {
            "" => example,
            name => example[name].take(),
        };
        serde_json::from_value(part).map_err(|error| SpecError::misfit(id, &error))
    }

    /// Returns the answer as one record.
    fn whole<T: DeserializeOwned>(&self, id: &str) -> Result<T, SpecError> {
        self.record(id, "")
    }

    /// Returns a list in the answer.
    fn list<T: DeserializeOwned>(&self, id: &str, name: &str) -> Result<Vec<T>, SpecError> {
        self.record(id, name)
    }

    fn describe(&self, instance: &mut Instance) -> Result<(), SpecError> {
        let records: Vec<InstanceRecord> = self.list("ListInstance", "Instances")?;
        if let Some(record) = records.into_iter().next() {
            instance.record = record;
        }
        instance.quotas = self.whole("GetInstanceUsage")?;
        instance.endpoints = self.list("ListInstanceEndpoint", "Endpoints")?;
        // The answer about one endpoint also has the comments.
        let entries: Vec<Value> = self.list("GetInstanceEndpoint", "AclEntries")?;
        if let Some(endpoint) = instance.endpoints.first_mut() {
            endpoint["AclEntries"] = Value::from(entries);
        }
        let namespace: Namespace = self.whole("GetNamespace")?;
        let name = namespace.namespace_name.clone();
        instance.namespaces.insert(name, namespace);
        Ok(())
    }
}

/// Adds the digest's algorithm, which the examples of tags omit.
fn with_algorithm(tag: Tag) -> Tag {
    let digest = format!("sha256:{}", tag.digest);
    Tag { digest, ..tag }
}
