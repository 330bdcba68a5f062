//! Artifacts and tags.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Namespace, not_there};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{Refusal, SWR_NO_ARTIFACT};
use crate::sides::huaweicloud::images::{Image, Repository, over};
use crate::sides::huaweicloud::listing::{self, Key, Row};
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let (namespace, repository) = instance.repository(asked)?;
    let name = asked.repository();
    let images = repository.images.iter();
    let mut records: Vec<_> = images
        .map(|(digest, image)| record(namespace, &name, repository, digest, image))
        .collect();
    if let Some(kind) = asked.given("type") {
        records.retain(|record| record["type"] == kind);
    }
    // One tag or several, separated by commas, which is invented.
    if let Some(tags) = asked.given("tags") {
        records.retain(|record| {
            let own = record["tags"].as_array().into_iter().flatten();
            let mut names = own.filter_map(|tag| tag["name"].as_str());
            names.any(|name| tags.split(',').any(|tag| tag == name))
        });
    }
    listing::order(&mut records, "push_time", false);
    Ok(asked.page("artifacts", &records))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let (namespace, repository) = instance.repository(asked)?;
    let reference = asked.text("reference");
    let found = repository.digest(reference);
    let found = found.and_then(|digest| Some((digest, repository.images.get(digest)?)));
    let (digest, image) =
        found.ok_or_else(|| not_there(asked, SWR_NO_ARTIFACT, "artifact", reference))?;
    let mut shown = record(namespace, &asked.repository(), repository, digest, image);
    // The sandbox scans nothing, and shows the scan of the vendor's example on request.
    let overview = image.extra.get("scan_overview");
    if let Some(overview) = overview.filter(|_| asked.boolean("with_scan_overview") == Some(true)) {
        shown["scan_overview"] = overview.clone();
    }
    Ok(asked.done(shown))
}

pub(in crate::sides::huaweicloud) fn of_instance(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut artifacts = Vec::new();
    for namespace in instance.namespaces.values() {
        for (name, repository) in &namespace.repositories {
            let images = repository.images.iter();
            artifacts.extend(images.map(|(digest, image)| Artifact {
                namespace,
                name,
                repository,
                digest,
                image,
            }));
        }
    }
    listing::order(&mut artifacts, "id", true);
    let limit = asked.integer("limit").unwrap_or(100);
    let (artifacts, next) = listing::from_marker(artifacts, asked.integer("marker"), limit);
    let records: Vec<_> = artifacts.iter().map(Artifact::record).collect();
    let mut page = json!({"artifacts": records});
    if let Some(next) = next {
        page["next_marker"] = Value::from(next);
    }
    Ok(asked.done(page))
}

/// Lists tags, newest first. No tag of the sandbox is an accessory.
pub(in crate::sides::huaweicloud) fn tags(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let (namespace, repository) = instance.repository(asked)?;
    let mut records = Vec::new();
    for (name, tag) in &repository.tags {
        let Some(image) = repository.images.get(tag.digest()) else {
            continue;
        };
        let mut record = json!({
            "name": name,
            "artifact_id": image.id,
            "digest": tag.digest(),
            "id": tag.id,
            "repository_id": repository.id,
            "type": image.kind,
            "namespace_id": namespace.id,
            "media_type": image.media_type,
            "manifest_media_type": image.manifest_media_type,
            "push_time": tag.pushed.to_string(),
            "size": image.size,
        });
        add_pull(&mut record, tag.pulled);
        records.push(over(record, &tag.extra));
    }
    listing::order(&mut records, "push_time", false);
    Ok(asked.page("tags", &records))
}

fn add_pull(record: &mut Value, pulled: Option<Timestamp>) {
    if let Some(pulled) = pulled {
        record["pull_time"] = Value::from(pulled.to_string());
    }
}

/// Artifact with its place.
struct Artifact<'w> {
    namespace: &'w Namespace,
    name: &'w str,
    repository: &'w Repository,
    digest: &'w str,
    image: &'w Image,
}

impl Artifact<'_> {
    fn record(&self) -> Value {
        record(
            self.namespace,
            self.name,
            self.repository,
            self.digest,
            self.image,
        )
    }
}

impl Row for Artifact<'_> {
    fn key(&self, field: &str) -> Key {
        match field {
            "id" => Key::id(self.image.id),
            _ => Key::of(&self.record()[field]),
        }
    }
}

fn record(
    namespace: &Namespace,
    name: &str,
    repository: &Repository,
    digest: &str,
    image: &Image,
) -> Value {
    let tags = repository.tags_of(digest).map(|(tag, own)| {
        let mut record = json!({
            "id": own.id,
            "repository_id": repository.id,
            "artifact_id": image.id,
            "name": tag,
            "push_time": own.pushed.to_string(),
        });
        add_pull(&mut record, own.pulled);
        record
    });
    let mut record = json!({
        "digest": digest,
        "id": image.id,
        "repository_id": repository.id,
        "repository_name": name,
        "type": image.kind,
        "namespace_id": namespace.id,
        "media_type": image.media_type,
        "manifest_media_type": image.manifest_media_type,
        "push_time": image.pushed.to_string(),
        "size": image.size,
        "tags": tags.collect::<Vec<_>>(),
    });
    add_pull(&mut record, image.pulled);
    record
}
