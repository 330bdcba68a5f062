//! Calls about runs of replication policies.

use serde_json::{Value, json};

use super::copies::Execution;
use super::not_there;
use super::policies::no_policy;
use super::running::Start;
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{Refusal, SWR_DISABLED, SWR_NO_EXECUTION, SWR_NO_TASK};
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn execute(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World {
        enterprise, ids, ..
    } = world;
    let id = asked.body["policy_id"].as_i64().unwrap_or_default();
    let policy = enterprise.instance(asked)?.policies.get(&id);
    let policy = policy.ok_or_else(|| no_policy(asked, id))?;
    if policy["enabled"] != true {
        let message = format!("replication policy {id} is disabled");
        return Err(asked.refusal(SWR_DISABLED, message));
    }
    let start = Start {
        trigger: "manual",
        pushed: None,
        now: asked.now,
    };
    let instance = asked.text("instance_id");
    let execution = enterprise.run(ids, asked.plans, instance, id, start);
    let execution = execution.ok_or_else(|| no_policy(asked, id))?;
    Ok(asked.done(json!({"id": execution})))
}

pub(in crate::sides::huaweicloud) fn stop(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    execution(world, asked)?.stop(asked.now);
    Ok(asked.nothing())
}

/// Lists executions, newest first.
pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    let policy = asked.integer("policy_id");
    let mut executions: Vec<_> = instance
        .executions
        .values()
        .filter(|execution| policy.is_none_or(|policy| execution.policy == policy))
        .map(|execution| execution.record(asked.now))
        .collect();
    listing::order(&mut executions, "id", false);
    Ok(asked.page("executions", &executions))
}

pub(in crate::sides::huaweicloud) fn tasks(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let tasks = execution(world, asked)?.tasks(asked.now);
    Ok(asked.page("tasks", &tasks))
}

pub(in crate::sides::huaweicloud) fn subtasks(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let task = asked.id("task_id");
    let subtasks = execution(world, asked)?.subtasks(task, asked.now);
    let subtasks = subtasks.ok_or_else(|| not_there(asked, SWR_NO_TASK, "task", task))?;
    Ok(asked.page("sub_tasks", &in_state(asked, &subtasks)))
}

/// Returns the records in the state that the request names, or all if it names none.
pub(super) fn in_state<'r>(asked: &Asked<'_>, records: &'r [Value]) -> Vec<&'r Value> {
    let status = asked.given("status");
    let fits = |record: &&Value| status.is_none_or(|status| record["status"] == status);
    records.iter().filter(fits).collect()
}

fn execution<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w mut Execution, Refusal> {
    let id = asked.id("execution_id");
    let instance = world.enterprise.instance(asked)?;
    let execution = instance.executions.get_mut(&id);
    execution.ok_or_else(|| not_there(asked, SWR_NO_EXECUTION, "execution", id))
}
