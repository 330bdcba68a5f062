//! Calls about webhook policies of a project, and their deliveries.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::hooks::Delivery;
use crate::sides::harbor::listing;
use crate::sides::harbor::names::USER;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    let own = world.webhooks.values();
    let own = own.filter(|policy| policy["project_id"] == project.id);
    listing::page(asked, own.cloned().collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(found(world, asked)?.clone())
}

pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = asked.project(world)?.1.id;
    check(world, asked, project, None)?;
    let id = world.ids.next("webhook");
    let made = times::text(asked.now);
    world
        .webhooks
        .insert(id, stored(asked, (id, project), &made));
    asked.created(id)
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let policy = found(world, asked)?;
    let id = asked.id("webhook_policy_id");
    let project = policy["project_id"].as_i64().unwrap_or_default();
    let made = policy["creation_time"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    check(world, asked, project, Some(id))?;
    world
        .webhooks
        .insert(id, stored(asked, (id, project), &made));
    asked.nothing()
}

pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?;
    let id = asked.id("webhook_policy_id");
    world.webhooks.remove(&id);
    world.deliveries.retain(|own| own.policy != id);
    asked.nothing()
}

/// Lists the deliveries of a policy, the newest first. `status` may list several states.
pub(super) fn jobs(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.project(world)?;
    let wanted = asked.given("status");
    let wanted: Option<Vec<_>> = wanted.map(|all| all.split(',').collect());
    let jobs = of_policy(world, asked.id("policy_id")).map(|own| own.job.clone());
    let jobs = jobs.filter(|job| {
        let status = job["status"].as_str().unwrap_or_default();
        wanted
            .as_ref()
            .is_none_or(|wanted| wanted.contains(&status))
    });
    listing::page(asked, jobs.collect())
}

/// Lists when each event of each policy was last delivered.
pub(super) fn last(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    let own = world.webhooks.values();
    let own = own.filter(|policy| policy["project_id"] == project.id);
    let mut triggers = Vec::new();
    for policy in own {
        let id = policy["id"].as_i64().unwrap_or_default();
        for event in policy["event_types"].as_array().into_iter().flatten() {
            let mut all = of_policy(world, id);
            let newest = all.find(|delivery| delivery.job["event_type"] == *event);
            let at = newest.map(|delivery| delivery.job["creation_time"].clone());
            triggers.push(json!({
                "policy_name": policy["name"],
                "event_type": event,
                "enabled": policy["enabled"],
                "creation_time": policy["creation_time"],
                "last_trigger_time": at.unwrap_or_else(|| times::YEAR_1.into()),
            }));
        }
    }
    asked.done(triggers.into())
}

pub(super) fn executions(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?;
    let own = of_policy(world, asked.id("webhook_policy_id"));
    listing::page(asked, own.map(|own| own.execution.clone()).collect())
}

pub(super) fn tasks(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let task = delivery(world, asked)?.task_record.clone();
    listing::page(asked, vec![task])
}

pub(super) fn log(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let task = asked.id("task_id");
    let own = delivery(world, asked)?;
    match own.task == task {
        true => asked.done(Value::from(own.log.clone())),
        false => Err(Refusal::not_found(format!("task {task} not found"))),
    }
}

/// Returns the deliveries of a policy, the newest first.
fn of_policy(world: &World, policy: i64) -> impl Iterator<Item = &Delivery> {
    let newest_first = world.deliveries.iter().rev();
    newest_first.filter(move |own| own.policy == policy)
}

fn delivery<'w>(world: &'w World, asked: &Asked<'_>) -> Result<&'w Delivery, Refusal> {
    found(world, asked)?;
    let id = asked.id("execution_id");
    let mut own = of_policy(world, asked.id("webhook_policy_id"));
    let found = own.find(|own| own.id == id);
    found.ok_or_else(|| Refusal::not_found(format!("execution {id} not found")))
}

fn found<'w>(world: &'w World, asked: &Asked<'_>) -> Result<&'w Value, Refusal> {
    let (_, project) = asked.project(world)?;
    let id = asked.id("webhook_policy_id");
    let policy = world.webhooks.get(&id);
    let policy = policy.filter(|policy| policy["project_id"] == project.id);
    policy.ok_or_else(|| Refusal::not_found(format!("notification policy {id} not found")))
}

fn check(world: &World, asked: &Asked<'_>, project: i64, own: Option<i64>) -> Result<(), Refusal> {
    let name = asked.field("name");
    let mut others = world.webhooks.iter().filter(|(id, _)| Some(**id) != own);
    if others.any(|(_, policy)| policy["name"] == name && policy["project_id"] == project) {
        let message = format!("notification policy named {name} already exists");
        return Err(Refusal::conflict(message));
    }
    for key in ["targets", "event_types"] {
        if asked.body[key].as_array().is_none_or(Vec::is_empty) {
            return Err(Refusal::bad_request(format!("empty {key}")));
        }
    }
    Ok(())
}

fn stored(asked: &Asked<'_>, (id, project): (i64, i64), made: &str) -> Value {
    json!({
        "id": id,
        "name": asked.field("name"),
        "description": asked.field("description"),
        "project_id": project,
        "targets": asked.body["targets"],
        "event_types": asked.body["event_types"],
        "enabled": asked.body["enabled"] == true,
        "creator": USER,
        "creation_time": made,
        "update_time": times::text(asked.now),
    })
}
