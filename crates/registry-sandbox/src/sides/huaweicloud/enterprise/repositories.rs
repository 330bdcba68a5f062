//! Repositories.

use serde_json::{Value, json};

use super::{Instance, Namespace};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::Refusal;
use crate::sides::huaweicloud::images::{Repository, over};
use crate::sides::huaweicloud::listing::{self, Key, Row};
use crate::sides::huaweicloud::world::World;
use crate::world::huaweicloud::IAM_DOMAIN_ID;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut entries = all(instance);
    if let Some(id) = asked.integer("namespace_id") {
        entries.retain(|entry| entry.namespace.id == id);
    }
    listing::sort(asked, &mut entries)?;
    Ok(asked.page_of("repositories", &entries, Entry::record))
}

pub(in crate::sides::huaweicloud) fn of_namespace(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let name = asked.text("namespace_name");
    let namespace = instance.namespace(asked)?;
    let mut entries: Vec<_> = entries(name, namespace).collect();
    listing::sort(asked, &mut entries)?;
    Ok(asked.page_of("repositories", &entries, Entry::record))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let (namespace, repository) = instance.repository(asked)?;
    let entry = Entry {
        instance: None,
        name: asked.text("namespace_name"),
        namespace,
        repository: &asked.repository(),
        own: repository,
    };
    Ok(asked.done(entry.record()))
}

/// Lists the repositories of all instances of the project by marker. A marker is a repository's id as
/// text, which is invented, because the page only tells where a marker comes from.
pub(in crate::sides::huaweicloud) fn of_all_instances(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let project = asked.text("project_id");
    let mut entries = Vec::new();
    for (id, instance) in &world.enterprise.instances {
        let name = instance.record["name"].as_str().unwrap_or_default();
        if instance.record["project_id"] == project {
            let own = all(instance).into_iter();
            entries.extend(own.map(|entry| Entry {
                instance: Some((id, name)),
                ..entry
            }));
        }
    }
    if let Some(part) = asked.given("name") {
        entries.retain(|entry| entry.repository.contains(part));
    }
    listing::order(&mut entries, "id", true);
    let marker = match asked.given("marker") {
        None => None,
        Some(text) => {
            let marker = text.parse::<i64>();
            Some(marker.map_err(|_| asked.invalid("marker is not one that was handed out"))?)
        }
    };
    let limit = asked.integer("limit").unwrap_or(100);
    let (entries, next) = listing::from_marker(entries, marker, limit);
    let records = entries.iter().map(|entry| {
        let mut record = entry.record();
        let (id, name) = entry.instance.unwrap_or_default();
        let urn = format!(
            "swr:{}:{IAM_DOMAIN_ID}:repository:{name}/{}/{}",
            region(project),
            entry.name,
            entry.repository
        );
        record["instance_id"] = Value::from(id);
        record["instance_name"] = Value::from(name);
        record["resource_urn"] = Value::from(urn);
        record
    });
    let records: Vec<_> = records.collect();
    let page_info = match next {
        Some(next) => json!({"next_marker": next.to_string()}),
        None => json!({}),
    };
    Ok(asked.done(json!({"page_info": page_info, "repositories": records})))
}

fn region(project: &str) -> &'static str {
    match project {
        crate::world::huaweicloud::TARGET_PROJECT_ID => crate::world::huaweicloud::TARGET_REGION,
        _ => crate::world::huaweicloud::REGION,
    }
}

/// Repository with its place.
#[derive(Clone, Copy)]
struct Entry<'w> {
    /// Id and name of the instance, in the list of all instances.
    instance: Option<(&'w str, &'w str)>,
    /// Name of the namespace.
    name: &'w str,
    namespace: &'w Namespace,
    repository: &'w str,
    own: &'w Repository,
}

fn all(instance: &Instance) -> Vec<Entry<'_>> {
    let namespaces = instance.namespaces.iter();
    namespaces
        .flat_map(|(name, namespace)| entries(name, namespace))
        .collect()
}

fn entries<'w>(name: &'w str, namespace: &'w Namespace) -> impl Iterator<Item = Entry<'w>> {
    let repositories = namespace.repositories.iter();
    repositories.map(move |(repository, own)| Entry {
        instance: None,
        name,
        namespace,
        repository,
        own,
    })
}

impl Row for Entry<'_> {
    fn key(&self, field: &str) -> Key {
        let own = self.own;
        match (field, own.extra.get(field)) {
            ("tag_count", _) => Key::count(own.tags.len()),
            ("artifact_count", _) => Key::count(own.images.len()),
            ("updated_at", _) => Key::Time(own.updated),
            (_, Some(value)) => Key::of(value),
            ("id", None) => Key::id(own.id),
            ("name", None) => Key::Text(self.repository.to_owned()),
            ("created_at", None) => Key::Time(own.created),
            _ => Key::of(&self.record()[field]),
        }
    }
}

impl Entry<'_> {
    fn record(&self) -> Value {
        let own = self.own;
        let record = json!({
            "id": own.id,
            "name": self.repository,
            "namespace_name": self.name,
            "namespace_id": self.namespace.id,
            "pull_count": 0,
            "description": "",
            "created_at": own.created.to_string(),
        });
        let mut record = over(record, &own.extra);
        record["tag_count"] = Value::from(own.tags.len());
        record["artifact_count"] = Value::from(own.images.len());
        record["updated_at"] = Value::from(own.updated.to_string());
        record
    }
}
