//! Calls by the ids of their operations.

mod artifacts;
mod executions;
mod policies;
mod projects;
mod registries;
mod repositories;
mod system;

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
        _ if operation.method == Method::GET => example,
        _ => not_there_yet,
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

/// Answers with the example of the spec.
fn example(_: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(asked.operation.example.clone())
}

fn not_there_yet(_: &mut World, _: &Asked<'_>) -> Result<Reply, Refusal> {
    Err(Refusal::wrong_method())
}
