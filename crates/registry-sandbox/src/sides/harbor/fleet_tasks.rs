//! An execution of invented tasks, large enough to page through.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::names::{FLEET_EXECUTION, FLEET_FIRST_TASK, FLEET_POLICY, FLEET_TASKS};
use super::times;
use crate::fleet;

/// States of the tasks, with their weights.
const STATES: [(&str, u64); 5] = [
    ("Succeed", 80),
    ("Failed", 8),
    ("InProgress", 6),
    ("Pending", 4),
    ("Stopped", 2),
];
const SALT: u64 = 83;

fn state(index: usize) -> &'static str {
    fleet::weighted(&STATES, SALT, index)
}

/// Returns the record of the execution, which was made at `made`.
pub(super) fn record(made: Timestamp) -> Value {
    let count = |word: &str| {
        (0..FLEET_TASKS)
            .filter(|index| state(*index) == word)
            .count()
    };
    let [succeed, failed, stopped] = ["Succeed", "Failed", "Stopped"].map(count);
    json!({
        "id": FLEET_EXECUTION,
        "policy_id": FLEET_POLICY,
        "status": "InProgress",
        "status_text": "",
        "trigger": "manual",
        "total": FLEET_TASKS,
        "succeed": succeed,
        "failed": failed,
        "stopped": stopped,
        "in_progress": FLEET_TASKS - succeed - failed - stopped,
        "start_time": times::text(made),
        "end_time": times::YEAR_1,
    })
}

/// Returns the records of the tasks.
pub(super) fn tasks(made: Timestamp) -> Vec<Value> {
    (0..FLEET_TASKS).map(|index| task(index, made)).collect()
}

fn task(index: usize, made: Timestamp) -> Value {
    let id = FLEET_FIRST_TASK + i64::try_from(index).unwrap_or_default();
    let (team, service) = fleet::service(index);
    let count = 1 + fleet::below(4, SALT, index);
    let resource = format!("{team}/{service} [{count} item(s) in total]");
    let word = state(index);
    let seconds = i64::try_from(index).unwrap_or_default();
    let start = made + SignedDuration::from_secs(seconds);
    let end = start + SignedDuration::from_secs(5);
    let is_open = matches!(word, "Pending" | "InProgress");
    json!({
        "id": id,
        "execution_id": FLEET_EXECUTION,
        "status": word,
        "operation": "copy",
        "resource_type": "artifact",
        "src_resource": resource,
        "dst_resource": resource,
        "job_id": fleet::hex_id(&format!("replication task {id}"), 24),
        "start_time": times::second(Some(start).filter(|_| word != "Pending")),
        "end_time": times::second(Some(end).filter(|_| !is_open)),
    })
}
