//! Repositories.

use serde_json::{Value, json};

use super::{Instance, Namespace};
use crate::huaweicloud::asked::Asked;
use crate::huaweicloud::errors::Refusal;
use crate::huaweicloud::images::{Repository, over};
use crate::huaweicloud::listing;
use crate::huaweicloud::world::World;
use crate::message::Reply;
use crate::world::IAM_DOMAIN_ID;

pub(in crate::huaweicloud) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut records = all(instance);
    if let Some(namespace) = asked.integer("namespace_id") {
        records.retain(|record| record["namespace_id"] == namespace);
    }
    listing::sort(asked, &mut records)?;
    Ok(asked.page("repositories", &records))
}

pub(in crate::huaweicloud) fn of_namespace(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let name = asked.text("namespace_name");
    let namespace = instance.namespace(asked)?;
    let repositories = namespace.repositories.iter();
    let mut records: Vec<_> = repositories
        .map(|(repository, own)| record(name, namespace, repository, own))
        .collect();
    listing::sort(asked, &mut records)?;
    Ok(asked.page("repositories", &records))
}

pub(in crate::huaweicloud) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let (namespace, repository) = instance.repository(asked)?;
    let name = asked.text("namespace_name");
    Ok(asked.done(record(name, namespace, &asked.repository(), repository)))
}

/// Those of all instances of the project, by marker. The marker is a repository's id as text, which
/// is made: the page says only where it comes from.
pub(in crate::huaweicloud) fn of_all_instances(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let project = asked.text("project_id");
    let mut records = Vec::new();
    for (id, instance) in &world.enterprise.instances {
        let own = instance.record["name"].as_str().unwrap_or_default();
        if instance.record["project_id"] != project {
            continue;
        }
        records.extend(all(instance).into_iter().map(|mut record| {
            let (namespace, name) = (&record["namespace_name"], &record["name"]);
            let (namespace, name) = (namespace.as_str(), name.as_str());
            let path = format!(
                "{}/{}",
                namespace.unwrap_or_default(),
                name.unwrap_or_default()
            );
            let urn = format!(
                "swr:{}:{IAM_DOMAIN_ID}:repository:{own}/{path}",
                region(project)
            );
            record["instance_id"] = Value::from(id.clone());
            record["instance_name"] = Value::from(own);
            record["resource_urn"] = Value::from(urn);
            record
        }));
    }
    listing::containing(asked, "name", "name", &mut records);
    listing::order(&mut records, "id", true);
    let marker = match asked.given("marker") {
        None => None,
        Some(text) => {
            let marker = text.parse::<i64>();
            Some(marker.map_err(|_| asked.invalid("marker is not one that was handed out"))?)
        }
    };
    let limit = asked.integer("limit").unwrap_or(100);
    let (records, next) = listing::from_marker(records, marker, limit);
    let page_info = match next {
        Some(next) => json!({"next_marker": next.to_string()}),
        None => json!({}),
    };
    Ok(asked.done(json!({"page_info": page_info, "repositories": records})))
}

fn region(project: &str) -> &'static str {
    match project {
        crate::world::HUAWEICLOUD_TARGET_PROJECT_ID => crate::world::HUAWEICLOUD_TARGET_REGION,
        _ => crate::world::HUAWEICLOUD_REGION,
    }
}

fn all(instance: &Instance) -> Vec<Value> {
    let namespaces = instance.namespaces.iter();
    namespaces
        .flat_map(|(name, namespace)| {
            let repositories = namespace.repositories.iter();
            repositories.map(move |(repository, own)| record(name, namespace, repository, own))
        })
        .collect()
}

fn record(name: &str, namespace: &Namespace, repository: &str, own: &Repository) -> Value {
    let record = json!({
        "id": own.id,
        "name": repository,
        "namespace_name": name,
        "namespace_id": namespace.id,
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
