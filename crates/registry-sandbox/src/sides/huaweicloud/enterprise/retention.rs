//! Calls about retention policies and their runs.

use serde_json::{Value, json};

use super::cleaning::Cleaning;
use super::executions::in_state;
use super::{Instance, not_there, rules};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{
    Refusal, SWR_DISABLED, SWR_NO_EXECUTION, SWR_NO_POLICY, SWR_NO_TASK, SWR_POLICY_EXISTS,
};
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

const MOST_RULES: usize = 15;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let mut policies: Vec<_> = instance.retentions.values().cloned().collect();
    listing::containing(asked, "name", "name", &mut policies);
    if let Some(namespace) = asked.integer("namespace_id") {
        policies.retain(|policy| policy["namespace_id"] == namespace);
    }
    Ok(asked.page("retentions", &policies))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let policy = policy(instance, asked)?;
    Ok(asked.done(policy))
}

/// Creates a policy. By the vendor's manual, a namespace has at most one.
pub(in crate::sides::huaweicloud) fn create(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World {
        enterprise, ids, ..
    } = world;
    let instance = enterprise.instance(asked)?;
    let name = asked.text("namespace_name");
    let namespace = instance.namespace(asked)?.id;
    check(asked)?;
    let mut policies = instance.retentions.values();
    if policies.any(|policy| policy["namespace_name"] == name) {
        let message = format!("namespace {name} has a retention policy already");
        return Err(asked.refusal(SWR_POLICY_EXISTS, message));
    }
    let id = ids.next();
    let policy = stored(ids, asked, id, namespace);
    instance.retentions.insert(id, policy);
    Ok(asked.done(json!({"id": id})))
}

pub(in crate::sides::huaweicloud) fn update(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World {
        enterprise, ids, ..
    } = world;
    let instance = enterprise.instance(asked)?;
    let old = policy(instance, asked)?;
    check(asked)?;
    let id = asked.id("policy_id");
    let namespace = old["namespace_id"].as_i64().unwrap_or_default();
    instance
        .retentions
        .insert(id, stored(ids, asked, id, namespace));
    Ok(asked.nothing())
}

/// Deletes a policy and its executions.
pub(in crate::sides::huaweicloud) fn delete(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    policy(instance, asked)?;
    let id = asked.id("policy_id");
    instance.retentions.remove(&id);
    instance
        .cleanings
        .retain(|_, cleaning| cleaning.policy != id);
    Ok(asked.nothing())
}

pub(in crate::sides::huaweicloud) fn execute(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World {
        enterprise, ids, ..
    } = world;
    let instance = enterprise.instance(asked)?;
    let policy = policy(instance, asked)?;
    if policy["enabled"] != true {
        let message = format!("retention policy {} is disabled", policy["id"]);
        return Err(asked.refusal(SWR_DISABLED, message));
    }
    let dry_run = asked.body["dry_run"] == true;
    let id = instance.clean(ids, asked.plans, &policy, dry_run, asked.now);
    Ok(asked.done(json!({"id": id})))
}

/// Lists executions, newest first.
pub(in crate::sides::huaweicloud) fn executions(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    policy(instance, asked)?;
    let id = asked.id("policy_id");
    let own = instance
        .cleanings
        .values()
        .filter(|cleaning| cleaning.policy == id);
    let mut executions: Vec<_> = own.map(|cleaning| cleaning.record(asked.now)).collect();
    listing::order(&mut executions, "id", false);
    Ok(asked.page("executions", &executions))
}

pub(in crate::sides::huaweicloud) fn tasks(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let tasks = cleaning(world, asked)?.tasks(asked.now);
    Ok(asked.page("tasks", &in_state(asked, &tasks)))
}

pub(in crate::sides::huaweicloud) fn subtasks(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let task = asked.id("task_id");
    let subtasks = cleaning(world, asked)?.subtasks(task, asked.now);
    let subtasks = subtasks.ok_or_else(|| not_there(asked, SWR_NO_TASK, "task", task))?;
    Ok(asked.page("sub_tasks", &in_state(asked, &subtasks)))
}

/// Returns the policy of the request, in the namespace of the request.
fn policy(instance: &mut Instance, asked: &Asked<'_>) -> Result<Value, Refusal> {
    instance.namespace(asked)?;
    let id = asked.id("policy_id");
    let policy = instance.retentions.get(&id);
    policy
        .filter(|policy| policy["namespace_name"] == asked.text("namespace_name"))
        .cloned()
        .ok_or_else(|| not_there(asked, SWR_NO_POLICY, "retention policy", id))
}

fn cleaning<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w Cleaning, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    policy(instance, asked)?;
    let id = asked.id("execution_id");
    let cleaning = instance.cleanings.get(&id);
    cleaning
        .filter(|cleaning| cleaning.policy == asked.id("policy_id"))
        .ok_or_else(|| not_there(asked, SWR_NO_EXECUTION, "execution", id))
}

/// Checks the rules that the schema of the body cannot express.
fn check(asked: &Asked<'_>) -> Result<(), Refusal> {
    let rules = asked.body["rules"].as_array();
    let rules = rules.map_or(&[] as &[Value], Vec::as_slice);
    if rules.is_empty() || rules.len() > MOST_RULES {
        let message = format!("a retention policy has 1 to {MOST_RULES} rules");
        return Err(asked.invalid(message));
    }
    for rule in rules {
        let template = rule["template"].as_str().unwrap_or_default();
        if rules::number(&rule["params"][template]) < 1 {
            let message = format!("params must have a number for {template}");
            return Err(asked.invalid(message));
        }
    }
    if asked.body["trigger"]["type"] == "event_based" {
        return Err(asked.invalid("a retention policy does not run on a push"));
    }
    Ok(())
}

/// Returns the record of a policy with this body.
fn stored(ids: &mut Ids, asked: &Asked<'_>, id: i64, namespace: i64) -> Value {
    let mut rules = asked.body["rules"].clone();
    for rule in rules.as_array_mut().into_iter().flatten() {
        rule["id"] = Value::from(ids.next());
        if rule["disabled"].is_null() {
            rule["disabled"] = Value::from(false);
        }
    }
    json!({
        "id": id,
        "algorithm": asked.body["algorithm"],
        "rules": rules,
        "trigger": asked.body["trigger"],
        "enabled": asked.body["enabled"],
        "name": asked.body["name"],
        "namespace_id": namespace,
        "namespace_name": asked.text("namespace_name"),
    })
}
