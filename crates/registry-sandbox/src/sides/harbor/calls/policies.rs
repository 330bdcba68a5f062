//! Calls about replication policies.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::rules;
use crate::sides::harbor::start::local_registry;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let policies = world.policies.values();
    let named = policies.filter(|policy| {
        let name = policy["name"].as_str().unwrap_or_default();
        asked.given("name").is_none_or(|part| name.contains(part))
    });
    let shown = named.map(|policy| shown(world, policy)).collect();
    listing::page(asked, shown)
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let policy = found(world, asked.id("id"))?;
    asked.done(shown(world, policy))
}

pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = world.ids.next("policy");
    let policy = checked(world, asked, id)?;
    world.policies.insert(id, policy);
    asked.created(id)
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    let made = found(world, id)?["creation_time"].clone();
    let mut policy = checked(world, asked, id)?;
    policy["creation_time"] = made;
    world.policies.insert(id, policy);
    asked.nothing()
}

/// Deletes a policy with its executions, which must have ended.
pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    found(world, id)?;
    let mut own = world.executions.values().filter(|own| own.policy == id);
    if own.any(|execution| !execution.shows_end(asked.now)) {
        let message = format!("the policy {id} has running executions, cannot be deleted");
        return Err(Refusal::precondition(message));
    }
    world.policies.remove(&id);
    world.executions.retain(|_, own| own.policy != id);
    asked.nothing()
}

pub(super) fn found(world: &World, id: i64) -> Result<&Value, Refusal> {
    let policy = world.policies.get(&id);
    policy.ok_or_else(|| Refusal::not_found(format!("replication policy {id} not found")))
}

/// Returns a policy with its registries as they are now.
fn shown(world: &World, policy: &Value) -> Value {
    let mut policy = policy.clone();
    for key in ["src_registry", "dest_registry"] {
        let id = rules::end(&policy, key);
        policy[key] = match world.registries.get(&id) {
            Some(record) => record.clone(),
            None => local_registry(),
        };
    }
    policy
}

/// Checks the policy of a body, and returns its record. What the body leaves out is zero.
fn checked(world: &World, asked: &Asked<'_>, id: i64) -> Result<Value, Refusal> {
    let name = asked.field("name");
    if name.is_empty() {
        return Err(Refusal::bad_request("empty name"));
    }
    let mut others = world.policies.iter().filter(|(other, _)| **other != id);
    if others.any(|(_, policy)| policy["name"] == name) {
        let message = format!("replication policy {name} already exists");
        return Err(Refusal::conflict(message));
    }
    let body = &asked.body;
    let [from, to] = ["src_registry", "dest_registry"].map(|key| rules::end(body, key));
    if (from == rules::LOCAL) == (to == rules::LOCAL) {
        let message = "either src_registry or dest_registry should be empty";
        return Err(Refusal::bad_request(message));
    }
    let other = from.max(to);
    if !world.registries.contains_key(&other) {
        return Err(Refusal::not_found(format!("registry {other} not found")));
    }
    check_filters(&body["filters"])?;
    let trigger = body["trigger"]["type"].as_str().unwrap_or("manual");
    let cron = body["trigger"]["trigger_settings"]["cron"].as_str();
    let cron = cron.unwrap_or_default();
    if trigger == "scheduled" {
        check_cron(cron)?;
    }
    let single = body["single_active_replication"] == true;
    if single && trigger == "event_based" {
        // Harbor answers any error without a code of its own like this.
        let message = "single active replication is not allowed for event_based triggers";
        return Err(Refusal::bad_request(message));
    }
    let or = |key: &str, otherwise: Value| match &body[key] {
        Value::Null => otherwise,
        given => given.clone(),
    };
    let deletes = body["deletion"] == true;
    Ok(json!({
        "id": id,
        "name": name,
        "description": or("description", json!("")),
        "src_registry": {"id": from},
        "dest_registry": {"id": to},
        "dest_namespace": or("dest_namespace", json!("")),
        "dest_namespace_replace_count": or("dest_namespace_replace_count", json!(-1)),
        "trigger": {"type": trigger, "trigger_settings": {"cron": cron}},
        "filters": or("filters", json!([])),
        "replicate_deletion": deletes,
        "deletion": deletes,
        "override": or("override", json!(false)),
        "enabled": or("enabled", json!(false)),
        "speed": or("speed", json!(0)),
        "copy_by_chunk": or("copy_by_chunk", json!(false)),
        "single_active_replication": single,
        "creation_time": times::text(asked.now),
        "update_time": times::text(asked.now),
    }))
}

fn check_filters(filters: &Value) -> Result<(), Refusal> {
    for filter in filters.as_array().into_iter().flatten() {
        let kind = filter["type"].as_str().unwrap_or_default();
        let value = &filter["value"];
        let fits = match kind {
            "name" | "tag" | "resource" => value.is_string(),
            "label" => value
                .as_array()
                .is_some_and(|all| all.iter().all(Value::is_string)),
            _ => return Err(Refusal::bad_request("invalid filter type")),
        };
        if !fits {
            let message = format!("the type of filter value isn't right for {kind}");
            return Err(Refusal::bad_request(message));
        }
        let decoration = filter["decoration"].as_str().unwrap_or_default();
        if !decoration.is_empty() && !matches!(kind, "tag" | "label") {
            let message = "only tag and label filter support decoration";
            // The example has one on a name, which Harbor's own answers never do.
            if decoration != "matches" {
                return Err(Refusal::bad_request(message));
            }
        }
    }
    Ok(())
}

/// Checks a schedule: six fields, no seconds, and not every minute.
fn check_cron(cron: &str) -> Result<(), Refusal> {
    let fields: Vec<_> = cron.split_whitespace().collect();
    match fields[..] {
        [seconds, minutes, _, _, _, _] if seconds == "0" && minutes != "*" => Ok(()),
        _ => Err(Refusal::bad_request(format!(
            "invalid cron string for scheduled trigger: {cron}"
        ))),
    }
}
