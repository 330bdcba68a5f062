//! Calls about registries that policies copy to and from.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::listing;
use crate::sides::harbor::names::MIRROR_TYPE;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::rules;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

/// Lists the registries except the Harbor itself.
pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let records = world.registries.values();
    let named = records.filter(|record| {
        let name = record["name"].as_str().unwrap_or_default();
        asked.given("name").is_none_or(|part| name.contains(part))
    });
    listing::page(asked, named.cloned().collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(found(world, asked.id("id"))?.clone())
}

pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = world.ids.next("registry");
    let made = times::text(asked.now);
    let record = json!({
        "id": id,
        "name": asked.field("name"),
        "url": asked.field("url").trim_end_matches('/'),
        "type": asked.field("type"),
        "insecure": asked.body["insecure"] == true,
        "status": "healthy",
        "credential": {
            "type": asked.body["credential"]["type"].as_str().unwrap_or("basic"),
            "access_key": asked.body["credential"]["access_key"].as_str().unwrap_or_default(),
            "access_secret": "*****",
        },
        "description": asked.field("description"),
        "ca_certificate": asked.field("ca_certificate"),
        "creation_time": made,
        "update_time": made,
    });
    check(world, id, &record)?;
    world.registries.insert(id, record);
    asked.created(id)
}

/// Changes the given fields of a registry.
pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    let mut record = found(world, id)?.clone();
    for key in ["name", "description", "url", "insecure", "ca_certificate"] {
        if !asked.body[key].is_null() {
            record[key] = asked.body[key].clone();
        }
    }
    for (key, own) in [("credential_type", "type"), ("access_key", "access_key")] {
        if !asked.body[key].is_null() {
            record["credential"][own] = asked.body[key].clone();
        }
    }
    record["update_time"] = times::text(asked.now).into();
    check(world, id, &record)?;
    world.registries.insert(id, record);
    asked.nothing()
}

/// Deletes a registry that no policy and no project uses.
pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    found(world, id)?;
    let mut policies = world.policies.values();
    let ends = ["src_registry", "dest_registry"];
    if policies.any(|policy| ends.iter().any(|end| rules::end(policy, end) == id)) {
        let message = format!("the registry {id} is referenced by replication policies");
        return Err(Refusal::precondition(format!(
            "{message}, cannot delete it"
        )));
    }
    let mut projects = world.local().projects.values();
    if projects.any(|project| project.registry == Some(id)) {
        let message = format!("the registry {id} is referenced by projects, cannot delete it");
        return Err(Refusal::precondition(message));
    }
    world.registries.remove(&id);
    asked.nothing()
}

/// Asks a registry whether it is there: one that is known by its id, or that of the body.
pub(super) fn ping(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let url = match asked.body["id"].as_i64() {
        Some(id) if id != rules::LOCAL => found(world, id)?["url"].as_str().unwrap_or_default(),
        _ => asked.field("url"),
    };
    match world.behind(url) {
        Some(_) => asked.nothing(),
        None => Err(Refusal::bad_request(format!("registry {url} is unhealthy"))),
    }
}

pub(super) fn info(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    let kind = match id {
        rules::LOCAL => "harbor",
        id => found(world, id)?["type"].as_str().unwrap_or_default(),
    };
    let mut info = asked.operation.example.clone();
    info["type"] = kind.into();
    if kind == MIRROR_TYPE {
        info["supported_triggers"] = json!(["manual", "scheduled"]);
    }
    asked.done(info)
}

fn found(world: &World, id: i64) -> Result<&Value, Refusal> {
    let record = world.registries.get(&id);
    record.ok_or_else(|| Refusal::not_found(format!("registry {id} not found")))
}

fn check(world: &World, id: i64, record: &Value) -> Result<(), Refusal> {
    if record["name"].as_str().is_none_or(str::is_empty) {
        return Err(Refusal::bad_request("registry name is required"));
    }
    let mut others = world.registries.iter().filter(|(other, _)| **other != id);
    if others.any(|(_, other)| other["name"] == record["name"]) {
        return Err(Refusal::conflict(format!(
            "registry {} already exists",
            record["name"]
        )));
    }
    Ok(())
}
