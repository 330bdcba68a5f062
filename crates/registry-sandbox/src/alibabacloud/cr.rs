//! Container Registry: synchronization tasks.

use serde_json::{Value, json};

use super::world::World;
use crate::message::Reply;
use crate::parameters::{Parameters, numbered_page};

pub(super) fn list_repo_sync_task(
    world: &World,
    parameters: &Parameters<'_>,
    request_id: &str,
) -> Reply {
    let instance = parameters.text("InstanceId").unwrap_or_default();
    let Some(tasks) = world.instances.get(instance) else {
        // A refusal of the service itself, unlike those of its front, comes with status 200.
        return Reply::ok(json!({
            "RequestId": request_id,
            "Code": "INSTANCE_NOT_EXIST",
            "IsSuccess": false,
        }));
    };
    let tasks: Vec<_> = tasks.iter().filter(|task| fits(task, parameters)).collect();
    let number = parameters.integer("PageNo").unwrap_or_default();
    let size = parameters.integer("PageSize").unwrap_or_default();
    Reply::ok(json!({
        "RequestId": request_id,
        "Code": "success",
        "IsSuccess": true,
        "PageNo": number,
        "PageSize": size,
        "TotalCount": tasks.len().to_string(),
        "SyncTasks": numbered_page(&tasks, number, size),
    }))
}

fn fits(task: &Value, parameters: &Parameters<'_>) -> bool {
    let image = &task["ImageFrom"];
    [
        ("RepoNamespaceName", &image["RepoNamespaceName"]),
        ("RepoName", &image["RepoName"]),
        ("Tag", &image["ImageTag"]),
        ("SyncRecordId", &task["SyncBatchTaskId"]),
    ]
    .iter()
    .all(|(name, value)| parameters.text(name).is_none_or(|text| **value == text))
}
