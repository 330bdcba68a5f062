//! Replication policies.

use serde_json::{Value, json};

use super::copies::Execution;
use super::not_there;
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{
    Refusal, SWR_NO_POLICY, SWR_NO_REGISTRY, SWR_POLICY_EXISTS,
};
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut policies: Vec<_> = instance.policies.values().cloned().collect();
    listing::containing(asked, "name", "name", &mut policies);
    if let Some(registry) = asked.integer("registry_id") {
        let is_end = |policy: &Value| {
            let mut ends = ["src_registry", "dest_registry"].iter();
            ends.any(|end| policy[end]["id"] == registry)
        };
        policies.retain(is_end);
    }
    listing::sort(asked, &mut policies)?;
    Ok(asked.page("policies", &policies))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let id = asked.id("policy_id");
    let policy = instance.policies.get(&id);
    let policy = policy.ok_or_else(|| no_policy(asked, id))?;
    Ok(asked.done(policy.clone()))
}

pub(in crate::sides::huaweicloud) fn create(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let policy = checked(world, asked, None)?;
    let id = world.ids.next();
    let instance = world.enterprise.instance(asked)?;
    instance
        .policies
        .insert(id, stored(policy, id, asked, None));
    Ok(asked.done(json!({"id": id})))
}

pub(in crate::sides::huaweicloud) fn update(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let id = asked.id("policy_id");
    let instance = world.enterprise.instance(asked)?;
    let old = instance.policies.get(&id).cloned();
    let old = old.ok_or_else(|| no_policy(asked, id))?;
    let policy = checked(world, asked, Some(id))?;
    let policy = stored(policy, id, asked, Some(&old));
    world
        .enterprise
        .instance(asked)?
        .policies
        .insert(id, policy);
    Ok(asked.nothing())
}

/// Deletes a policy and its executions, as in Harbor. Stops running work of them.
pub(in crate::sides::huaweicloud) fn delete(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let id = asked.id("policy_id");
    let instance = world.enterprise.instance(asked)?;
    let policy = instance.policies.remove(&id);
    policy.ok_or_else(|| no_policy(asked, id))?;
    let stays = |_: &i64, execution: &mut Execution| execution.policy != id;
    instance.executions.retain(stays);
    Ok(asked.nothing())
}

pub(super) fn no_policy(asked: &Asked<'_>, id: i64) -> Refusal {
    not_there(asked, SWR_NO_POLICY, "replication policy", id)
}

/// Checks a body: its name must be unique, and it must have one registry, which exists.
fn checked(world: &mut World, asked: &Asked<'_>, own: Option<i64>) -> Result<Value, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let name = asked.field("name");
    let is_taken = instance
        .policies
        .iter()
        .any(|(id, policy)| policy["name"] == name && Some(*id) != own);
    if is_taken {
        let message = format!("there is a replication policy {name} already");
        return Err(asked.refusal(SWR_POLICY_EXISTS, message));
    }
    // 0 is the instance itself, as in Harbor.
    let end = |key: &str| asked.body[key]["id"].as_i64().filter(|id| *id != 0);
    let registry = match (end("src_registry"), end("dest_registry")) {
        (Some(id), None) | (None, Some(id)) => id,
        _ => {
            let message = "one of src_registry and dest_registry must be given, and not both";
            return Err(asked.invalid(message));
        }
    };
    if !instance.registries.contains_key(&registry) {
        return Err(not_there(asked, SWR_NO_REGISTRY, "registry", registry));
    }
    Ok(asked.body.clone())
}

/// Returns the record of a policy with this `body`.
fn stored(body: Value, id: i64, asked: &Asked<'_>, old: Option<&Value>) -> Value {
    let now = Value::from(asked.now.to_string());
    let made = old.map(|old| old["created_at"].clone());
    let known = |key: &str, otherwise: Value| match &body[key] {
        Value::Null => otherwise,
        given => given.clone(),
    };
    let end = |key: &str| known(key, json!({"id": 0}));
    json!({
        "id": id,
        "name": body["name"],
        "description": known("description", json!("")),
        "src_registry": end("src_registry"),
        "dest_registry": end("dest_registry"),
        "dest_namespace": known("dest_namespace", json!("")),
        "filters": body["filters"],
        "repo_scope_mode": body["repo_scope_mode"],
        "trigger": body["trigger"],
        "override": known("override", json!(false)),
        "enabled": body["enabled"],
        "created_at": made.unwrap_or_else(|| now.clone()),
        "updated_at": now,
    })
}
