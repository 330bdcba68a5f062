//! Calls about retention policies, their executions and tasks.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::retention::Cleaning;
use crate::sides::harbor::world::World;

/// Largest number of rules.
const MOST_RULES: usize = 15;

/// Returns what a policy can contain.
pub(super) fn metadata(_: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let template = |name: &str, text: &str, unit: &str| {
        let params = match unit {
            "" => json!([]),
            unit => json!([{"type": "int", "unit": unit, "required": true}]),
        };
        json!({"rule_template": name, "display_text": text, "action": "retain", "params": params})
    };
    let selector = |text: &str, decorations: [&str; 2]| json!([{"display_text": text, "kind": "doublestar", "decorations": decorations}]);
    asked.done(json!({
        "templates": [
            template("latestPushedK", "the most recently pushed # artifacts", "COUNT"),
            template("latestPulledN", "the most recently pulled # artifacts", "COUNT"),
            template("nDaysSinceLastPush", "pushed within the last # days", "DAYS"),
            template("nDaysSinceLastPull", "pulled within the last # days", "DAYS"),
            template("always", "always", ""),
        ],
        "scope_selectors": selector("Repositories", ["repoMatches", "repoExcludes"]),
        "tag_selectors": selector("Tags", ["matches", "excludes"]),
    }))
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(found(world, asked)?.clone())
}

pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    check_rules(asked)?;
    let scope = &asked.body["scope"];
    if scope["level"] != "project" {
        let message = format!("scope {} is not support", scope["level"]);
        return Err(Refusal::bad_request(message));
    }
    let project = scope["ref"].as_i64().unwrap_or_default();
    let id = world.ids.next("retention");
    let mut projects = world.local_mut().projects.values_mut();
    let own = projects.find(|own| own.id == project);
    let own = own.ok_or_else(|| Refusal::bad_request(format!("invalid Project id {project}")))?;
    if let Some(other) = own.metadata.get("retention_id") {
        let message = format!("project {project} already has retention policy {other}");
        return Err(Refusal::bad_request(message));
    }
    own.metadata
        .insert("retention_id".to_owned(), id.to_string());
    world.retentions.insert(id, stored(&asked.body, id));
    asked.created(id)
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    check_rules(asked)?;
    let own = found(world, asked)?;
    if own["scope"]["ref"] != asked.body["scope"]["ref"] {
        let message = "the retention policy is not of this project";
        return Err(Refusal::bad_request(message));
    }
    let id = asked.id("id");
    world.retentions.insert(id, stored(&asked.body, id));
    asked.nothing()
}

pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    found(world, asked)?;
    world.retentions.remove(&id);
    world.cleanings.retain(|_, own| own.policy != id);
    for project in world.local_mut().projects.values_mut() {
        if project.metadata.get("retention_id") == Some(&id.to_string()) {
            project.metadata.remove("retention_id");
        }
    }
    asked.nothing()
}

/// Lists executions, the newest first.
pub(super) fn executions(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?;
    let id = asked.id("id");
    let own = world.cleanings.values().filter(|own| own.policy == id);
    let mut own: Vec<_> = own.collect();
    own.sort_by_key(|cleaning| Reverse((cleaning.made, cleaning.id)));
    let records = own.into_iter().map(|own| own.record(asked.now));
    listing::page(asked, records.collect())
}

pub(super) fn run(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?;
    let is_trial = asked.body["dry_run"] == true;
    let id = world.clean(asked.plans, asked.id("id"), is_trial, asked.now);
    asked.created(id.unwrap_or_default())
}

pub(super) fn operate(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let now = asked.now;
    cleaning(world, asked)?.stop(now);
    asked.nothing()
}

pub(super) fn tasks(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let mut tasks = cleaning(world, asked)?.tasks(asked.now);
    tasks.reverse();
    listing::page(asked, tasks)
}

pub(super) fn log(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let task = asked.id("tid");
    let log = cleaning(world, asked)?.log(task, asked.now);
    let gone = || Refusal::not_found(format!("the log of task {task} not found"));
    asked.done(Value::from(log.ok_or_else(gone)?))
}

/// Returns the policy of the request. One that does not exist is a bad request, not an absence.
fn found<'w>(world: &'w World, asked: &Asked<'_>) -> Result<&'w Value, Refusal> {
    let id = asked.id("id");
    let policy = world.retentions.get(&id);
    policy.ok_or_else(|| Refusal::bad_request(format!("no such Retention policy with id {id}")))
}

fn cleaning<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w mut Cleaning, Refusal> {
    found(world, asked)?;
    let (policy, id) = (asked.id("id"), asked.id("eid"));
    let own = world.cleanings.get_mut(&id);
    let own = own.filter(|own| own.policy == policy);
    own.ok_or_else(|| Refusal::not_found(format!("retention execution {id} not found")))
}

fn check_rules(asked: &Asked<'_>) -> Result<(), Refusal> {
    let rules = asked.body["rules"].as_array();
    let rules: Vec<_> = rules.into_iter().flatten().collect();
    if rules.len() > MOST_RULES {
        return Err(Refusal::bad_request("only 15 rules are allowed at most"));
    }
    let plain = |rule: &Value| {
        let mut rule = rule.clone();
        rule["id"] = json!(0);
        rule
    };
    for (number, rule) in rules.iter().enumerate() {
        let mut earlier = rules.iter().take(number);
        if let Some(other) = earlier.position(|other| plain(other) == plain(rule)) {
            let message = format!("rule {number} is conflict with rule {other}");
            return Err(Refusal::conflict(message));
        }
    }
    Ok(())
}

fn stored(body: &Value, id: i64) -> Value {
    let mut policy = body.clone();
    policy["id"] = id.into();
    policy
}
