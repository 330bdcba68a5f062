//! Instance: namespaces, repositories, tags, rules and tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::records::{
    InstanceRecord, LifecycleRule, Namespace, Quotas, RepositoryRecord, SyncRule, Tag,
};
use super::task::Task;
use crate::fleet;
use crate::past::Past;
use crate::sides::alibabacloud::errors::Refusal;

#[derive(Clone, Debug, Default)]
pub(crate) struct Instance {
    pub(crate) record: InstanceRecord,
    pub(crate) quotas: Quotas,
    /// Endpoints in the form of the listing.
    pub(crate) endpoints: Vec<Value>,
    pub(crate) namespaces: BTreeMap<String, Namespace>,
    /// Repositories by namespace and name, which is the order of listings, because the vendor's order
    /// is unknown. They are shared with the fleet until they change.
    pub(crate) repositories: BTreeMap<(String, String), Arc<Repository>>,
    pub(crate) rules: Vec<SyncRule>,
    /// Tasks, oldest first.
    pub(crate) tasks: Vec<Task>,
    pub(crate) lifecycle_rules: Vec<LifecycleRule>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Repository {
    pub(crate) record: RepositoryRecord,
    pub(crate) tags: BTreeMap<String, Tag>,
    /// Earlier images of tags.
    pub(super) past: Past<Tag>,
}

impl Instance {
    /// Makes a new instance. Edition, quotas and domain are invented in the vendor's forms.
    pub(crate) fn new(id: &str, region: &str, name: &str, made: Timestamp) -> Self {
        let made = made.as_millisecond();
        let quota = |number: u32| number.to_string();
        Self {
            record: InstanceRecord {
                instance_id: id.to_owned(),
                instance_name: name.to_owned(),
                instance_specification: "Enterprise_Advanced".to_owned(),
                instance_status: "RUNNING".to_owned(),
                region_id: region.to_owned(),
                resource_group_id: "rg-sandbox".to_owned(),
                create_time: Some(made),
                modified_time: Some(made),
                tags: Some(json!([])),
                ..InstanceRecord::default()
            },
            quotas: Quotas {
                chart_namespace_quota: quota(50),
                chart_namespace_usage: quota(0),
                chart_repo_quota: quota(5000),
                chart_repo_usage: quota(0),
                namespace_quota: quota(50),
                repo_quota: quota(5000),
                vpc_quota: quota(7),
                vpc_usage: quota(0),
                performance_units: Some(0),
            },
            endpoints: vec![json!({
                "EndpointType": "internet",
                "Enable": true,
                "Status": "RUNNING",
                "AclEnable": false,
                "AclEntries": [],
                "Domains": [{
                    "Domain": format!("{name}-registry.{region}.cr.aliyuncs.com"),
                    "Type": "SYSTEM",
                }],
                "LinkedVpcs": [],
            })],
            ..Self::default()
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.record.instance_id
    }

    pub(crate) fn namespace(&self, name: &str) -> Result<&Namespace, Refusal> {
        self.namespaces.get(name).ok_or_else(Refusal::no_namespace)
    }

    pub(crate) fn repository(&self, namespace: &str, name: &str) -> Result<&Repository, Refusal> {
        self.namespace(namespace)?;
        let key = (namespace.to_owned(), name.to_owned());
        let repository = self.repositories.get(&key);
        repository
            .map(Arc::as_ref)
            .ok_or_else(Refusal::no_repository)
    }

    pub(crate) fn repository_by_id(&self, id: &str) -> Result<&Repository, Refusal> {
        self.repositories
            .values()
            .find(|repository| repository.record.repo_id == id)
            .map(Arc::as_ref)
            .ok_or_else(Refusal::no_repository)
    }

    /// Makes the namespace if it does not exist.
    pub(crate) fn make_namespace(&mut self, name: &str) -> &mut Namespace {
        let id = &self.record.instance_id;
        self.namespaces
            .entry(name.to_owned())
            .or_insert_with(|| Namespace {
                namespace_id: format!("crn-{}", fleet::hex_id(&format!("{id} {name}"), 16)),
                namespace_name: name.to_owned(),
                namespace_status: "NORMAL".to_owned(),
                instance_id: id.clone(),
                resource_group_id: self.record.resource_group_id.clone(),
                auto_create_repo: Some(true),
                default_repo_type: "PRIVATE".to_owned(),
                default_repo_configuration: Some(json!({
                    "RepoType": "PRIVATE",
                    "TagImmutability": false,
                    "ArtifactBuildRuleParameters": {"ImageIndexOnly": false},
                })),
            })
    }

    /// Makes the repository, and its namespace, if they do not exist.
    pub(crate) fn make_repository(
        &mut self,
        namespace: &str,
        name: &str,
        now: Timestamp,
    ) -> &mut Repository {
        let made_in = self.make_namespace(namespace);
        let kind = made_in.default_repo_type.clone();
        let defaults = made_in.default_repo_configuration.as_ref();
        let immutable = defaults.and_then(|all| all["TagImmutability"].as_bool());
        let id = &self.record.instance_id;
        let now = Some(now.as_millisecond());
        let repository = self
            .repositories
            .entry((namespace.to_owned(), name.to_owned()))
            .or_insert_with(|| {
                let record = RepositoryRecord {
                    repo_id: format!(
                        "crr-{}",
                        fleet::hex_id(&format!("{id} {namespace}/{name}"), 16)
                    ),
                    repo_name: name.to_owned(),
                    repo_namespace_name: namespace.to_owned(),
                    repo_build_type: "MANUAL".to_owned(),
                    repo_status: "NORMAL".to_owned(),
                    repo_type: kind,
                    instance_id: id.clone(),
                    resource_group_id: self.record.resource_group_id.clone(),
                    summary: format!("{namespace}/{name}"),
                    tag_immutability: immutable.or(Some(false)),
                    create_time: now,
                    modified_time: now,
                    ..RepositoryRecord::default()
                };
                Arc::new(Repository {
                    record,
                    ..Repository::default()
                })
            });
        Arc::make_mut(repository)
    }
}

impl Repository {
    pub(crate) fn tag(&self, tag: &str) -> Result<&Tag, Refusal> {
        self.tags.get(tag).ok_or_else(Refusal::no_tag)
    }

    /// Sets the tag to the image.
    pub(crate) fn put(&mut self, tag: &str, image: Tag, now: Timestamp) {
        let updated = Some(now.as_millisecond());
        self.record.modified_time = updated;
        let image = Tag {
            tag: tag.to_owned(),
            image_update: updated,
            ..image
        };
        match self.tags.insert(tag.to_owned(), image) {
            Some(was) => self.past.note(tag, was, now),
            None => self.past.note_absence(tag, now),
        }
    }

    /// Removes the tag. Returns whether it existed.
    pub(crate) fn remove(&mut self, tag: &str, now: Timestamp) -> bool {
        let Some(was) = self.tags.remove(tag) else {
            return false;
        };
        self.record.modified_time = Some(now.as_millisecond());
        self.past.note(tag, was, now);
        true
    }

    /// Returns the image of the tag at `time`, or `None` if the tag did not exist.
    pub(crate) fn tag_at(&self, tag: &str, time: Timestamp) -> Option<&Tag> {
        self.past.at(tag, time, self.tags.get(tag))
    }

    /// Whether the tag has another image than this one.
    pub(crate) fn has_another(&self, tag: &str, digest: &str) -> bool {
        self.tags.get(tag).is_some_and(|held| held.digest != digest)
    }
}

impl Tag {
    /// Makes an image with this digest. All other fields are derived from the digest.
    pub(crate) fn new(tag: &str, digest: String, now: Timestamp) -> Self {
        let now = Some(now.as_millisecond());
        let number = digest.bytes().fold(7, |sum: i64, byte| {
            (sum * 31 + i64::from(byte)) % 200_000_000
        });
        Self {
            tag: tag.to_owned(),
            image_id: fleet::hex_id(&format!("config of {digest}"), 64),
            digest,
            status: "NORMAL".to_owned(),
            image_size: Some(4_000_000 + number),
            image_create: now,
            image_update: now,
        }
    }
}
