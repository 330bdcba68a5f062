//! Calls about artifacts and tags.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::message::Reply;
use crate::push;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::executions::Operation;
use crate::sides::harbor::images::{Artifact, Content, Repository, Shown};
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::world::World;

/// Returns which lists of an artifact the request wants.
fn wanted(asked: &Asked<'_>) -> Shown {
    Shown {
        tags: asked.is("with_tag"),
        labels: asked.is("with_label"),
        accessories: asked.is("with_accessory"),
        scans: asked.is("with_scan_overview"),
        sboms: asked.is("with_sbom_overview"),
    }
}

/// Lists the artifacts of a repository, the one that was pushed last first.
pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let ((project, own), (name, repository)) = asked.repository(world)?;
    let digests = repository.artifacts.keys();
    let names = (project, own.id, name.as_str());
    let records = digests.filter_map(|digest| repository.artifact(names, digest, wanted(asked)));
    let mut records: Vec<_> = records.collect();
    records.sort_by_cached_key(|record| Reverse(record["push_time"].to_string()));
    listing::page(asked, records)
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let ((project, own), (name, repository)) = asked.repository(world)?;
    let digest = asked.digest(project, &name, repository)?;
    let names = (project, own.id, name.as_str());
    let record = repository.artifact(names, &digest, wanted(asked));
    asked.done(record.unwrap_or_default())
}

/// Lists the tags of an artifact.
pub(super) fn tags(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let ((project, _), (name, repository)) = asked.repository(world)?;
    let digest = asked.digest(project, &name, repository)?;
    let artifact = repository.artifacts.get(&digest);
    let tags = repository.tags_of(&digest);
    let records = tags.filter_map(|(name, tag)| Some(repository.tag(name, tag, artifact?)));
    listing::page(asked, records.collect())
}

/// Artifact of a request, by its names.
struct Found {
    project: String,
    project_id: i64,
    name: String,
    digest: String,
}

impl Found {
    fn of(world: &World, asked: &Asked<'_>) -> Result<Self, Refusal> {
        let ((project, own), (name, repository)) = asked.repository(world)?;
        let digest = asked.digest(project, &name, repository)?;
        Ok(Self {
            project: project.to_owned(),
            project_id: own.id,
            name,
            digest,
        })
    }

    fn names(&self) -> (&str, &str) {
        (&self.project, &self.name)
    }

    fn repository<'w>(&self, world: &'w mut World) -> Result<&'w mut Repository, Refusal> {
        let found = world.local_mut().repository_mut(self.names());
        found.ok_or_else(Refusal::no_such_path)
    }

    fn artifact<'w>(&self, world: &'w mut World) -> Result<&'w mut Artifact, Refusal> {
        let found = self.repository(world)?.artifacts.get_mut(&self.digest);
        found.ok_or_else(Refusal::no_such_path)
    }
}

/// Deletes an artifact with its tags.
pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let tags = found.repository(world)?.tags_of(&found.digest);
    let tags: Vec<_> = tags.map(|(tag, _)| tag.to_owned()).collect();
    for tag in tags {
        let operation = Operation::Deletion;
        world.happened(asked.plans, operation, found.names(), &tag, asked.now);
    }
    found.repository(world)?.delete(&found.digest, asked.now);
    asked.nothing()
}

/// Adds a tag to an artifact, which starts policies as a push does.
pub(super) fn create_tag(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let tag = asked.field("name");
    if push::check_tag(tag).is_err() {
        return Err(Refusal::bad_request(format!("invalid tag name: {tag}")));
    }
    if found.repository(world)?.tags.contains_key(tag) {
        let message = format!("tag {tag} already exists");
        return Err(Refusal::conflict(message));
    }
    put(world, found.names(), tag, &found.digest, asked);
    world.happened(asked.plans, Operation::Copy, found.names(), tag, asked.now);
    asked.created(tag)
}

/// Puts an artifact of the Harbor itself under a tag.
fn put(world: &mut World, name: (&str, &str), tag: &str, digest: &str, asked: &Asked<'_>) {
    let sizes = world.local().projects.values();
    let mut sizes = sizes.flat_map(|project| project.repositories.values());
    let size = sizes.find_map(|own| Some(own.artifacts.get(digest)?.size));
    let content = Content {
        digest: digest.to_owned(),
        size: size.unwrap_or_default(),
    };
    let mut ids = std::mem::take(&mut world.ids);
    let local = world.local_mut();
    local.put(&mut ids, name, Some(tag), &content, asked.now);
    world.ids = ids;
}

pub(super) fn delete_tag(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let tag = asked.text("tag_name");
    let own = found.repository(world)?.tags.get(tag);
    if own.is_none_or(|own| own.digest != found.digest) {
        let message = format!("tag {tag} attached to artifact {} not found", found.digest);
        return Err(Refusal::not_found(message));
    }
    let operation = Operation::TagDeletion;
    world.happened(asked.plans, operation, found.names(), tag, asked.now);
    found.repository(world)?.untag(tag, asked.now);
    asked.nothing()
}

/// Copies an artifact within this Harbor. Only the newest of its tags starts policies.
pub(super) fn copy(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (project, _) = asked.project(world)?;
    let (project, name) = (project.to_owned(), asked.repository_name());
    let from = asked.text("from");
    let bad = || Refusal::bad_request(format!("invalid reference {from}"));
    let (path, reference) = match from.split_once('@') {
        Some(parts) => parts,
        None => from.rsplit_once(':').ok_or_else(bad)?,
    };
    let source = push::split(path).map_err(|_| bad())?;
    let absent = || Refusal::not_found(format!("artifact {from} not found"));
    let source = world.local().repository(source).ok_or_else(absent)?;
    let digest = source.digest(reference).ok_or_else(absent)?.to_owned();
    let mut tags: Vec<_> = source
        .tags_of(&digest)
        .filter(|(tag, _)| reference.contains(':') || *tag == reference)
        .map(|(tag, own)| (own.pushed, tag.to_owned()))
        .collect();
    tags.sort();
    for (_, tag) in &tags {
        put(world, (&project, &name), tag, &digest, asked);
    }
    if let Some((_, tag)) = tags.last() {
        let names = (project.as_str(), name.as_str());
        world.happened(asked.plans, Operation::Copy, names, tag, asked.now);
    }
    asked.created(digest)
}

/// Lists the accessories of an artifact, which only the example has.
pub(super) fn accessories(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let own = &found.artifact(world)?.extra["accessories"];
    listing::page(asked, own.as_array().cloned().unwrap_or_default())
}

/// Puts a label on an artifact, which starts nothing.
pub(super) fn add_label(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let id = asked.body["id"].as_i64().unwrap_or_default();
    let name = match asked.field("name") {
        "" => format!("label-{id}"),
        name => name.to_owned(),
    };
    let labels = &mut found.artifact(world)?.labels;
    if labels.iter().any(|own| own["id"] == id) {
        let message = format!("label {id} is already added to the artifact");
        return Err(Refusal::conflict(message));
    }
    // The sandbox has no calls that make labels: the body's name counts.
    labels.push(json!({
        "id": id,
        "name": name,
        "scope": "p",
        "project_id": found.project_id,
    }));
    asked.nothing()
}

pub(super) fn remove_label(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let found = Found::of(world, asked)?;
    let id = asked.id("label_id");
    let labels = &mut found.artifact(world)?.labels;
    let before = labels.len();
    labels.retain(|own| own["id"] != id);
    match labels.len() == before {
        true => Err(Refusal::not_found(format!("label {id} not found"))),
        false => asked.nothing(),
    }
}

/// Lists the artifacts of a project, the one that was pushed last first.
pub(super) fn of_project(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (project, own) = asked.project(world)?;
    let latest = asked.is("latest_in_repository");
    let mut records: Vec<Value> = Vec::new();
    for (name, repository) in &own.repositories {
        let names = (project, own.id, name.as_str());
        let digests = repository.artifacts.iter();
        let newest = digests.clone().max_by_key(|(_, artifact)| artifact.pushed);
        let newest = newest.map(|(digest, _)| digest);
        let digests = digests.map(|(digest, _)| digest);
        let digests = digests.filter(|digest| !latest || newest == Some(digest));
        let shown = digests.filter_map(|digest| repository.artifact(names, digest, wanted(asked)));
        records.extend(shown);
    }
    records.sort_by_cached_key(|record| Reverse(record["push_time"].to_string()));
    listing::page(asked, records)
}
