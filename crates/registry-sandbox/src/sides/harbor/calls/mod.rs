//! Calls by the ids of their operations.

mod artifacts;
mod executions;
mod policies;
mod projects;
mod quotas;
mod registries;
mod repositories;
mod retentions;
mod robots;
mod system;
mod webhooks;

use hyper::Method;

use super::asked::Asked;
use super::refusal::Refusal;
use super::world::World;
use crate::message::Reply;
use crate::spec::Operation;

pub(super) type Handler = fn(&mut World, &Asked<'_>) -> Result<Reply, Refusal>;

/// Returns the function that answers a call.
pub(super) fn handler(operation: &Operation) -> Handler {
    match operation.id.as_str() {
        "getHealth" => system::health,
        "getPing" => system::ping,
        "getSystemInfo" => system::info,
        "getStatistic" => system::statistics,
        "listReplicationPolicies" => policies::list,
        "createReplicationPolicy" => policies::create,
        "getReplicationPolicy" => policies::show,
        "updateReplicationPolicy" => policies::update,
        "deleteReplicationPolicy" => policies::delete,
        "listReplicationExecutions" => executions::list,
        "startReplication" => executions::start,
        "getReplicationExecution" => executions::show,
        "stopReplication" => executions::stop,
        "listReplicationTasks" => executions::tasks,
        "getReplicationLog" => executions::log,
        "listRegistries" => registries::list,
        "createRegistry" => registries::create,
        "pingRegistry" => registries::ping,
        "getRegistry" => registries::show,
        "updateRegistry" => registries::update,
        "deleteRegistry" => registries::delete,
        "getRegistryInfo" => registries::info,
        "listProjects" => projects::list,
        "getProject" => projects::show,
        "listRepositories" => repositories::list,
        "listAllRepositories" => repositories::list_all,
        "getRepository" => repositories::show,
        "listArtifacts" => artifacts::list,
        "getArtifact" => artifacts::show,
        "listTags" => artifacts::tags,
        "createProject" => projects::create,
        "updateProject" => projects::update,
        "deleteProject" => projects::delete,
        "getProjectDeletable" => projects::deletable,
        "getProjectSummary" => projects::summary,
        "listProjectMetadatas" => projects::metadatas,
        "getProjectMetadata" => projects::metadata,
        "addProjectMetadatas" | "updateProjectMetadata" => projects::set_metadata,
        "deleteProjectMetadata" => projects::delete_metadata,
        "updateRepository" => repositories::update,
        "deleteRepository" => repositories::delete,
        "CopyArtifact" => artifacts::copy,
        "deleteArtifact" => artifacts::delete,
        "createTag" => artifacts::create_tag,
        "deleteTag" => artifacts::delete_tag,
        "addLabel" => artifacts::add_label,
        "removeLabel" => artifacts::remove_label,
        "listAccessories" => artifacts::accessories,
        "listArtifactsOfProject" => artifacts::of_project,
        "getScannerOfProject" => projects::scanner,
        "setScannerOfProject" => projects::set_scanner,
        "listQuotas" => quotas::list,
        "getQuota" => quotas::show,
        "updateQuota" => quotas::update,
        "getRentenitionMetadata" => retentions::metadata,
        "createRetention" => retentions::create,
        "getRetention" => retentions::show,
        "updateRetention" => retentions::update,
        "deleteRetention" => retentions::delete,
        "listRetentionExecutions" => retentions::executions,
        "triggerRetentionExecution" => retentions::run,
        "operateRetentionExecution" => retentions::operate,
        "listRetentionTasks" => retentions::tasks,
        "getRetentionTaskLog" => retentions::log,
        "ListRobot" => robots::list,
        "CreateRobot" => robots::create,
        "GetRobotByID" => robots::show,
        "UpdateRobot" => robots::update,
        "RefreshSec" => robots::refresh,
        "DeleteRobot" => robots::delete,
        "ListWebhookPoliciesOfProject" => webhooks::list,
        "CreateWebhookPolicyOfProject" => webhooks::create,
        "GetWebhookPolicyOfProject" => webhooks::show,
        "UpdateWebhookPolicyOfProject" => webhooks::update,
        "DeleteWebhookPolicyOfProject" => webhooks::delete,
        "ListWebhookJobs" => webhooks::jobs,
        "LastTrigger" => webhooks::last,
        "ListExecutionsOfWebhookPolicy" => webhooks::executions,
        "ListTasksOfWebhookExecution" => webhooks::tasks,
        "GetLogsOfWebhookTask" => webhooks::log,
        _ if operation.parameter("project_name").is_some()
            || operation.parameter("project_name_or_id").is_some() =>
        {
            projects::example
        }
        _ => example,
    }
}

/// Whether a target answers the call at its own port.
pub(super) fn is_at_targets(operation: &str) -> bool {
    matches!(
        operation,
        "getHealth"
            | "getPing"
            | "getSystemInfo"
            | "getStatistic"
            | "listProjects"
            | "getProject"
            | "listRepositories"
            | "listAllRepositories"
            | "getRepository"
            | "listArtifacts"
            | "getArtifact"
            | "listTags"
    )
}

/// Answers a read with the example of the spec.
fn example(_: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    match asked.operation.method == Method::GET {
        true => asked.done(asked.operation.example.clone()),
        false => Err(Refusal::wrong_method()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::sides::harbor::SPEC;
    use crate::spec;

    #[test]
    fn every_write_has_a_function_of_its_own() {
        for operation in &spec::named(SPEC).unwrap().operations {
            let own = handler(operation);
            let shared = [example as Handler, projects::example as Handler];
            let is_shared = shared.iter().any(|other| std::ptr::fn_addr_eq(own, *other));
            assert!(
                !is_shared || operation.method == Method::GET,
                "{}",
                operation.id
            );
        }
    }
}
