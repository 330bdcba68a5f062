//! Handlers of SWR's calls.

use super::asked::Asked;
use super::basic::{organizations, repositories as basic_repositories, retentions, sync, tags};
use super::enterprise::{
    artifacts, executions, instances, namespaces, policies, registries, repositories, retention,
};
use super::errors::Refusal;
use super::world::World;
use crate::message::Reply;

pub(super) type Handler = fn(&mut World, &Asked<'_>) -> Result<Reply, Refusal>;

/// Returns the handler of an operation, by its id.
pub(super) fn handler(operation: &str) -> Option<Handler> {
    let handlers = HANDLERS.iter();
    let mut handlers = handlers.filter(|(id, _)| *id == operation);
    handlers.next().map(|(_, handler)| *handler)
}

const HANDLERS: &[(&str, Handler)] = &[
    ("ListInstance", instances::list),
    ("ShowInstance", instances::show),
    ("ListInstanceJobs", instances::jobs),
    ("ShowInstanceJob", instances::job),
    ("ListInstanceNamespaces", namespaces::list),
    ("ShowInstanceNamespace", namespaces::show),
    (
        "ListAllInstanceRepositories",
        repositories::of_all_instances,
    ),
    ("ListInstanceRepositories", repositories::list),
    ("ListNamespaceRepositories", repositories::of_namespace),
    ("ShowInstanceRepository", repositories::show),
    ("ListInstanceAllArtifacts", artifacts::of_instance),
    ("ListInstanceArtifacts", artifacts::list),
    ("ShowInstanceArtifact", artifacts::show),
    ("ListInstanceTags", artifacts::tags),
    ("ListInstanceRegistries", registries::list),
    ("CreateInstanceRegistry", registries::create),
    ("ShowInstanceRegistry", registries::show),
    ("UpdateInstanceRegistry", registries::update),
    ("DeleteInstanceRegistry", registries::delete),
    ("ListInstanceReplicationPolicies", policies::list),
    ("CreateInstanceReplicationPolicy", policies::create),
    ("ShowInstanceReplicationPolicy", policies::show),
    ("UpdateInstanceReplicationPolicy", policies::update),
    ("DeleteInstanceReplicationPolicy", policies::delete),
    ("ListInstanceReplicationPolicyExecutions", executions::list),
    ("ExecuteInstanceReplicationPolicy", executions::execute),
    ("StopInstanceReplicationPolicyExecution", executions::stop),
    ("ListInstanceReplicationPolicyExecTasks", executions::tasks),
    (
        "ListInstanceReplicationPolicyExecSubTasks",
        executions::subtasks,
    ),
    ("ListInstanceRetentionPolicies", retention::list),
    ("CreateInstanceRetentionPolicy", retention::create),
    ("ShowInstanceRetentionPolicy", retention::show),
    ("UpdateInstanceRetentionPolicy", retention::update),
    ("DeleteInstanceRetentionPolicy", retention::delete),
    (
        "ListInstanceRetentionPolicyExecutions",
        retention::executions,
    ),
    ("ExecuteInstanceRetentionPolicy", retention::execute),
    ("ListInstanceRetentionPolicyExecTasks", retention::tasks),
    (
        "ListInstanceRetentionPolicyExecSubTasks",
        retention::subtasks,
    ),
    ("ListNamespaces", organizations::list),
    ("ShowNamespace", organizations::show),
    ("ListQuotas", organizations::quotas),
    ("ListReposDetails", basic_repositories::list),
    ("ListRepoDetails", basic_repositories::list_by_marker),
    ("ShowRepository", basic_repositories::show),
    ("ListRepositoryTags", tags::list),
    ("ListRepositoryTag", tags::list_by_marker),
    ("ShowRepoTag", tags::show),
    ("ListImageAutoSyncReposDetails", sync::rules),
    ("CreateImageSyncRepo", sync::create),
    ("DeleteImageSyncRepo", sync::delete),
    ("CreateManualImageSyncRepo", sync::copy),
    ("ShowSyncJob", sync::jobs),
    ("ListSyncRegions", sync::regions),
    ("ListRetentions", retentions::list),
    ("CreateRetention", retentions::create),
    ("ShowRetention", retentions::show),
    ("UpdateRetention", retentions::update),
    ("DeleteRetention", retentions::delete),
    ("ListRetentionHistories", retentions::histories),
];
