//! What a registry holds: projects, repositories, artifacts and tags.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ids::Ids;
use super::times;
use crate::fleet;
use crate::past::Past;
use crate::place::MANIFEST;
use crate::side::Name;

const CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// What one registry holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Holding {
    pub(super) projects: BTreeMap<String, Project>,
}

/// A project. For a registry that is no Harbor, it is the first part of its names.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) id: i64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) metadata: BTreeMap<String, String>,
    /// Registry that it is a proxy cache of.
    pub(super) registry: Option<i64>,
    /// Storage limit in bytes. -1 means none.
    pub(super) limit: i64,
    /// Id of its scanner, if one was set.
    pub(super) scanner: Option<String>,
    pub(super) extra: Value,
    pub(super) repositories: BTreeMap<String, Repository>,
}

#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) id: i64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) description: String,
    pub(super) extra: Value,
    /// Artifacts by digest.
    pub(super) artifacts: BTreeMap<String, Artifact>,
    pub(super) tags: BTreeMap<String, Tag>,
    /// Earlier digests of tags.
    past: Past<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Artifact {
    pub(super) id: i64,
    pub(super) size: i64,
    pub(super) pushed: Timestamp,
    pub(super) labels: Vec<Value>,
    pub(super) extra: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) id: i64,
    /// When it last moved.
    pub(super) pushed: Timestamp,
    pub(super) digest: String,
    pub(super) extra: Value,
}

/// Content of a push or a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) digest: String,
    pub(super) size: i64,
}

impl Content {
    pub(super) fn of(content: &str) -> Self {
        Self {
            digest: fleet::manifest_digest(content),
            size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        }
    }
}

impl Holding {
    pub(super) fn repository(&self, (project, name): Name<'_>) -> Option<&Repository> {
        self.projects.get(project)?.repositories.get(name)
    }

    pub(super) fn repository_mut(&mut self, (project, name): Name<'_>) -> Option<&mut Repository> {
        self.projects.get_mut(project)?.repositories.get_mut(name)
    }

    /// Returns `project/repository` of all repositories.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let projects = self.projects.iter();
        projects.flat_map(|(project, own)| {
            let names = own.repositories.keys();
            names.map(move |name| format!("{project}/{name}"))
        })
    }

    /// Puts an image under a tag, or under none. Makes the project and the repository if they do not
    /// exist.
    pub(super) fn put(
        &mut self,
        ids: &mut Ids,
        (project, name): Name<'_>,
        tag: Option<&str>,
        content: &Content,
        now: Timestamp,
    ) {
        let project = self
            .projects
            .entry(project.to_owned())
            .or_insert_with(|| Project::new(ids.next("project"), now));
        let repository = project
            .repositories
            .entry(name.to_owned())
            .or_insert_with(|| Repository::new(ids.next("repository"), now));
        repository.put(ids, tag, content, now);
    }
}

impl Project {
    pub(super) fn new(id: i64, now: Timestamp) -> Self {
        let metadata = [("public", "false")];
        let metadata = metadata.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            id,
            created: now,
            updated: now,
            metadata: metadata.into(),
            registry: None,
            limit: -1,
            scanner: None,
            extra: Value::Null,
            repositories: BTreeMap::new(),
        }
    }

    pub(super) fn is_public(&self) -> bool {
        self.metadata.get("public").is_some_and(|it| it == "true")
    }

    pub(super) fn record(&self, name: &str) -> Value {
        let mut record = json!({
            "project_id": self.id,
            "owner_id": 1,
            "owner_name": super::names::USER,
            "name": name,
            "creation_time": times::text(self.created),
            "update_time": times::text(self.updated),
            "current_user_role_id": 1,
            "current_user_role_ids": [1],
            "cve_allowlist": {"id": self.id, "project_id": self.id, "items": []},
        });
        record = over(record, &self.extra);
        record["metadata"] = json!(self.metadata);
        record["repo_count"] = json!(self.repositories.len());
        if let Some(registry) = self.registry {
            record["registry_id"] = json!(registry);
        }
        record
    }

    /// Returns the size of all artifacts.
    pub(super) fn size(&self) -> i64 {
        let artifacts = self.repositories.values().flat_map(|own| &own.artifacts);
        artifacts.map(|(_, artifact)| artifact.size).sum()
    }
}

impl Repository {
    pub(super) fn new(id: i64, now: Timestamp) -> Self {
        Self {
            id,
            created: now,
            updated: now,
            description: String::new(),
            extra: Value::Null,
            artifacts: BTreeMap::new(),
            tags: BTreeMap::new(),
            past: Past::default(),
        }
    }

    /// Puts an image under a tag. The same image under the same tag does not move the tag.
    pub(super) fn put(
        &mut self,
        ids: &mut Ids,
        tag: Option<&str>,
        content: &Content,
        now: Timestamp,
    ) {
        self.updated = self.updated.max(now);
        let digest = &content.digest;
        self.artifacts
            .entry(digest.clone())
            .or_insert_with(|| Artifact {
                id: ids.next("artifact"),
                size: content.size,
                pushed: now,
                labels: Vec::new(),
                extra: Value::Null,
            });
        let Some(name) = tag else {
            return;
        };
        match self.tags.get_mut(name) {
            None => {
                self.past.note_absence(name, now);
                let tag = Tag {
                    id: ids.next("tag"),
                    pushed: now,
                    digest: digest.clone(),
                    extra: Value::Null,
                };
                self.tags.insert(name.to_owned(), tag);
            }
            Some(known) if known.digest == *digest => {}
            Some(known) => {
                known.pushed = now;
                known.extra = Value::Null;
                let was = std::mem::replace(&mut known.digest, digest.clone());
                self.past.note(name, was, now);
            }
        }
    }

    /// Removes a tag. Returns its digest.
    pub(super) fn untag(&mut self, tag: &str, now: Timestamp) -> Option<String> {
        let gone = self.tags.remove(tag)?;
        self.updated = self.updated.max(now);
        self.past.note(tag, gone.digest.clone(), now);
        Some(gone.digest)
    }

    /// Removes a tag, and the artifact with its last tag. Returns whether the tag existed.
    pub(super) fn lose(&mut self, tag: &str, now: Timestamp) -> bool {
        let Some(digest) = self.untag(tag, now) else {
            return false;
        };
        if !self.tags.values().any(|tag| tag.digest == digest) {
            self.artifacts.remove(&digest);
        }
        true
    }

    /// Removes an artifact with its tags. Returns whether it existed.
    pub(super) fn delete(&mut self, digest: &str, now: Timestamp) -> bool {
        let tags = self.tags_of(digest).map(|(name, _)| name.to_owned());
        for tag in tags.collect::<Vec<_>>() {
            self.untag(&tag, now);
        }
        self.artifacts.remove(digest).is_some()
    }

    /// Returns the digest that a tag, or the image of a digest, had at `time`.
    pub(super) fn digest_at(&self, reference: &str, time: Timestamp) -> Option<&str> {
        if reference.contains(':') {
            let (digest, _) = self.artifacts.get_key_value(reference)?;
            return Some(digest);
        }
        let current = self.tags.get(reference).map(|tag| &tag.digest);
        self.past.at(reference, time, current).map(String::as_str)
    }

    /// Returns the digest of a tag, or the digest itself if an artifact has it.
    pub(super) fn digest(&self, reference: &str) -> Option<&str> {
        match self.tags.get(reference) {
            Some(tag) => Some(&tag.digest),
            None => self
                .artifacts
                .get_key_value(reference)
                .map(|(key, _)| &**key),
        }
    }

    /// Returns the tags of an artifact.
    pub(super) fn tags_of<'a>(
        &'a self,
        digest: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Tag)> {
        let tags = self.tags.iter();
        tags.filter(move |(_, tag)| tag.digest == digest)
            .map(|(name, tag)| (name.as_str(), tag))
    }

    pub(super) fn record(&self, project: (&str, &Project), name: &str) -> Value {
        let (project_name, project) = project;
        let record = json!({
            "id": self.id,
            "project_id": project.id,
            "name": format!("{project_name}/{name}"),
            "description": self.description,
            "pull_count": 0,
            "creation_time": times::text(self.created),
            "update_time": times::text(self.updated),
        });
        let mut record = over(record, &self.extra);
        record["artifact_count"] = json!(self.artifacts.len());
        record
    }

    /// Returns the record of an artifact. `shown` tells which of its lists are included.
    pub(super) fn artifact(
        &self,
        names: (&str, i64, &str),
        digest: &str,
        shown: Shown,
    ) -> Option<Value> {
        let (project, project_id, name) = names;
        let own = self.artifacts.get(digest)?;
        let tags: Vec<_> = self
            .tags_of(digest)
            .map(|(name, tag)| self.tag(name, tag, own))
            .collect();
        let record = json!({
            "id": own.id,
            "type": "IMAGE",
            "media_type": CONFIG,
            "manifest_media_type": MANIFEST,
            "artifact_type": CONFIG,
            "project_id": project_id,
            "repository_id": self.id,
            "repository_name": format!("{project}/{name}"),
            "digest": digest,
            "size": own.size,
            "icon": "",
            "push_time": times::text(own.pushed),
            "pull_time": times::YEAR_1,
            "extra_attrs": {"architecture": "amd64", "os": "linux"},
            "annotations": null,
            "references": null,
            "accessories": null,
            "scan_overview": null,
            "addition_links": {},
        });
        let mut record = over(record, &own.extra);
        record["tags"] = if shown.tags && !tags.is_empty() {
            tags.into()
        } else {
            Value::Null
        };
        record["labels"] = if shown.labels {
            own.labels.clone().into()
        } else {
            Value::Null
        };
        for (key, is_shown) in [
            ("accessories", shown.accessories),
            ("scan_overview", shown.scans),
            ("sbom_overview", shown.sboms),
        ] {
            if !is_shown {
                record[key] = Value::Null;
            }
        }
        Some(record)
    }

    /// Returns the record of a tag.
    pub(super) fn tag(&self, name: &str, tag: &Tag, artifact: &Artifact) -> Value {
        let record = json!({
            "id": tag.id,
            "repository_id": self.id,
            "artifact_id": artifact.id,
            "name": name,
            "push_time": times::text(tag.pushed),
            "pull_time": times::YEAR_1,
            "immutable": false,
        });
        over(record, &tag.extra)
    }
}

/// Lists of an artifact's record that are included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) tags: bool,
    pub(super) labels: bool,
    pub(super) accessories: bool,
    pub(super) scans: bool,
    pub(super) sboms: bool,
}

/// Returns `record` with its fields replaced by those of `extra`.
pub(super) fn over(mut record: Value, extra: &Value) -> Value {
    if let (Some(record), Some(extra)) = (record.as_object_mut(), extra.as_object()) {
        record.extend(extra.clone());
    }
    record
}
