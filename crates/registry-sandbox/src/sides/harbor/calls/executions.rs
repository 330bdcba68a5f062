//! Calls about executions of replication policies, and their tasks.

use std::cmp::Reverse;

use serde_json::Value;

use super::policies;
use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::executions::{Execution, Work};
use crate::sides::harbor::listing;
use crate::sides::harbor::log as logs;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::running::Reason;
use crate::sides::harbor::times::YEAR_1;
use crate::sides::harbor::world::World;

/// Lists executions, those that started last first.
pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let policy = asked.integer("policy_id");
    let all = world.executions.values().rev();
    let all = all.filter(|own| policy.is_none_or(|policy| own.policy == policy));
    let mut records: Vec<_> = all.map(|own| own.record(asked.now)).collect();
    for key in ["status", "trigger"] {
        keep(asked, key, &mut records);
    }
    records.sort_by_cached_key(|record| Reverse(started(record)));
    listing::page(asked, records)
}

/// Returns the trigger of a call. Harbor's own scheduler names one.
fn trigger(asked: &Asked<'_>) -> &'static str {
    let query = asked.request.query_parameters();
    match query.get("trigger").map(String::as_str) {
        Some("scheduled") => "scheduled",
        _ => "manual",
    }
}

pub(super) fn start(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.body["policy_id"].as_i64().unwrap_or_default();
    let policy = policies::found(world, id)?;
    if policy["enabled"] != true {
        let message = format!("the policy {id} is disabled");
        return Err(Refusal::precondition(message));
    }
    let reason = Reason::Call(trigger(asked));
    let execution = world.start(asked.plans, id, reason, asked.now);
    asked.created(execution.unwrap_or_default())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let execution = found(world, asked)?;
    asked.done(execution.record(asked.now))
}

pub(super) fn stop(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    found(world, asked)?.stop(asked.now);
    asked.nothing()
}

/// Lists tasks: those that have not started, and then those that started last.
pub(super) fn tasks(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let mut records = found(world, asked)?.tasks(asked.now);
    for key in ["status", "resource_type"] {
        keep(asked, key, &mut records);
    }
    records.sort_by_cached_key(|record| {
        let start = started(record);
        let has_started = start != YEAR_1;
        (has_started, Reverse((start, record["id"].as_i64())))
    });
    listing::page(asked, records)
}

pub(super) fn log(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("task_id");
    let execution = found(world, asked)?;
    let absent = || Refusal::not_found(format!("task {id} not found"));
    let text = match &execution.work {
        Work::Fixed { tasks, .. } => {
            let task = tasks.iter().find(|task| task.record["id"] == id);
            task.ok_or_else(absent)?.log.clone()
        }
        Work::Tasks(tasks) if asked.now >= execution.begins => {
            let task = tasks.iter().find(|task| task.id == id);
            logs::text(task.ok_or_else(absent)?, asked.now)
        }
        Work::Fleet => None,
        _ => return Err(absent()),
    };
    let gone = || Refusal::not_found(format!("the log of task {id} not found"));
    asked.done(Value::from(text.ok_or_else(gone)?))
}

fn started(record: &Value) -> String {
    record["start_time"].as_str().unwrap_or_default().to_owned()
}

/// Keeps the records whose field is the parameter of the same name.
fn keep(asked: &Asked<'_>, key: &str, records: &mut Vec<Value>) {
    if let Some(wanted) = asked.given(key) {
        records.retain(|record| record[key] == wanted);
    }
}

fn found<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w mut Execution, Refusal> {
    let id = asked.id("id");
    let execution = world.executions.get_mut(&id);
    execution.ok_or_else(|| Refusal::not_found(format!("replication execution {id} not found")))
}
