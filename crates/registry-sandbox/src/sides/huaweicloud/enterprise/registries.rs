//! Target registries.

use serde_json::{Value, json};

use super::{Instance, not_there};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{
    Refusal, SWR_NO_REGISTRY, SWR_REGISTRY_EXISTS, SWR_REGISTRY_IN_USE,
};
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

const MASKED: &str = "*****";
/// Type of a registry that is an Enterprise edition instance.
const INSTANCE: &str = "swr-pro-internal";

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut registries: Vec<_> = instance.registries.values().cloned().collect();
    listing::containing(asked, "name", "name", &mut registries);
    if let Some(kind) = asked.given("type") {
        registries.retain(|registry| registry["type"] == kind);
    }
    listing::sort(asked, &mut registries)?;
    Ok(asked.page("registries", &registries))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    Ok(asked.done(registry(instance, asked)?.clone()))
}

pub(in crate::sides::huaweicloud) fn create(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World {
        enterprise, ids, ..
    } = world;
    let instance = enterprise.instance(asked)?;
    check(instance, asked, None)?;
    let id = ids.next();
    instance.registries.insert(id, stored(asked, id, None));
    Ok(asked.done(json!({"id": id})))
}

pub(in crate::sides::huaweicloud) fn update(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let id = asked.id("registry_id");
    let old = registry(instance, asked)?.clone();
    check(instance, asked, Some(id))?;
    instance
        .registries
        .insert(id, stored(asked, id, Some(&old)));
    Ok(asked.nothing())
}

/// Deletes a registry, unless a policy uses it, as in Harbor.
pub(in crate::sides::huaweicloud) fn delete(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    registry(instance, asked)?;
    let id = asked.id("registry_id");
    let uses = |policy: &&Value| {
        let mut ends = ["src_registry", "dest_registry"].iter();
        ends.any(|end| policy[end]["id"] == id)
    };
    if let Some(policy) = instance.policies.values().find(uses) {
        let message = format!("replication policy {} uses registry {id}", policy["id"]);
        return Err(asked.refusal(SWR_REGISTRY_IN_USE, message));
    }
    instance.registries.remove(&id);
    Ok(asked.nothing())
}

fn registry<'i>(instance: &'i Instance, asked: &Asked<'_>) -> Result<&'i Value, Refusal> {
    let id = asked.id("registry_id");
    let registry = instance.registries.get(&id);
    registry.ok_or_else(|| not_there(asked, SWR_NO_REGISTRY, "registry", id))
}

fn check(instance: &Instance, asked: &Asked<'_>, own: Option<i64>) -> Result<(), Refusal> {
    let name = asked.field("name");
    let mut others = instance
        .registries
        .iter()
        .filter(|(id, _)| Some(**id) != own);
    if others.any(|(_, registry)| registry["name"] == name) {
        let message = format!("there is a registry {name} already");
        return Err(asked.refusal(SWR_REGISTRY_EXISTS, message));
    }
    if asked.field("type") == INSTANCE {
        for field in ["project_id", "region_id", "instance_id"] {
            if asked.field(field).is_empty() {
                let message = format!("body.{field} is missing: the type is {INSTANCE}");
                return Err(asked.invalid(message));
            }
        }
    }
    Ok(())
}

/// Returns the record of a registry with this body, without the secret.
fn stored(asked: &Asked<'_>, id: i64, old: Option<&Value>) -> Value {
    let now = Value::from(asked.now.to_string());
    let made = old.map(|old| old["created_at"].clone());
    let mut credential = asked.body["credential"].clone();
    credential["access_secret"] = Value::from(MASKED);
    json!({
        "id": id,
        "name": asked.field("name"),
        "description": asked.field("description"),
        "region_id": asked.field("region_id"),
        "instance_id": asked.field("instance_id"),
        "type": asked.field("type"),
        "url": asked.field("url"),
        "credential": credential,
        "insecure": asked.body["insecure"],
        "status": "healthy",
        "created_at": made.unwrap_or_else(|| now.clone()),
        "updated_at": now,
    })
}
