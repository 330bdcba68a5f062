//! Tests of Container Registry's refusals.

use super::Trial;
use super::alibabacloud_trial::{EXAMPLE, FLEET, TARGET};
use crate::world;

#[tokio::test]
async fn what_the_spec_does_not_allow_is_refused() {
    let trial = Trial::start().await;
    let repository = ("RepoId", "crr-tquyps22md8p****");
    for (action, given, code) in [
        ("GetInstance", vec![], "MissingInstanceId"),
        ("GetRepoSyncTask", vec![EXAMPLE], "MissingSyncTaskId"),
        ("GetRepository", vec![EXAMPLE], "MissingRepoNamespaceName"),
        (
            "GetRepository",
            vec![EXAMPLE, ("RepoNamespaceName", "test")],
            "MissingRepoName",
        ),
        ("GetNamespace", vec![EXAMPLE], "MissingNamespaceId"),
        (
            "ListInstance",
            vec![("InstanceStatus", "Running")],
            "InvalidParameter",
        ),
        (
            "ListRepository",
            vec![EXAMPLE, ("PageSize", "101")],
            "InvalidParameter",
        ),
        (
            "ListRepository",
            vec![EXAMPLE, ("NextToken", "made-up")],
            "InvalidParameter",
        ),
        (
            "ListRepoTag",
            vec![EXAMPLE, repository, ("MaxResults", "0")],
            "InvalidParameter",
        ),
        (
            "GetInstanceEndpoint",
            vec![EXAMPLE, ("EndpointType", "vpc")],
            "InvalidParameter",
        ),
        (
            "GetAuthorizationToken",
            vec![EXAMPLE, ("ExpiresInHours", "25")],
            "InvalidParameter",
        ),
        (
            "ListArtifactLifecycleRule",
            vec![EXAMPLE, ("EnableDeleteTag", "yes")],
            "InvalidParameter",
        ),
    ] {
        let refused = trial.refused(action, &given).await;
        assert_eq!(refused, (400, code.to_owned()), "{action} {given:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_as_the_service_does() {
    let trial = Trial::start().await;
    let nowhere = ("InstanceId", "cri-nowhere");
    let repository = ("RepoId", "crr-tquyps22md8p****");
    for (action, given, status, code) in [
        ("GetInstance", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        ("GetInstanceUsage", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        ("ListNamespace", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        (
            "GetAuthorizationToken",
            vec![nowhere],
            200,
            "INSTANCE_NOT_EXIST",
        ),
        (
            "GetNamespace",
            vec![EXAMPLE, ("NamespaceName", "a")],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetNamespace",
            vec![EXAMPLE, ("NamespaceName", "test"), ("NamespaceId", "crn-1")],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![EXAMPLE, ("RepoNamespaceName", "a"), ("RepoName", "test")],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![EXAMPLE, ("RepoNamespaceName", "test"), ("RepoName", "a")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![EXAMPLE, repository, ("RepoName", "a")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "ListRepoTag",
            vec![EXAMPLE, ("RepoId", "crr-1")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "GetRepoTag",
            vec![EXAMPLE, repository, ("Tag", "v9")],
            200,
            "TAG_NOT_EXIST",
        ),
        (
            "GetRepoSyncTask",
            vec![EXAMPLE, ("SyncTaskId", "rst-1")],
            400,
            "SYNC_TASK_NOT_EXIST",
        ),
        (
            "CancelRepoSyncTask",
            vec![EXAMPLE, ("SyncTaskId", "rst-1")],
            400,
            "SYNC_TASK_NOT_EXIST",
        ),
        (
            "DeleteRepoSyncRule",
            vec![EXAMPLE, ("SyncRuleId", "crsr-1")],
            200,
            "SYNC_RULE_NOT_EXIST",
        ),
        (
            "GetArtifactLifecycleRule",
            vec![EXAMPLE, ("RuleId", "cralr-1")],
            200,
            "LIFECYCLE_RULE_NOT_EXIST",
        ),
    ] {
        let refused = trial.refused(action, &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{action} {given:?}");
    }
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused() {
    let trial = Trial::start().await;
    trial.rule("taken", &[]).await;
    let good = [
        FLEET,
        ("SyncRuleName", "new"),
        ("SyncScope", "REPO"),
        ("NamespaceName", "team"),
        ("RepoName", "api"),
        ("TagFilter", ".*"),
        ("TargetRegionId", "cn-beijing"),
        ("TargetInstanceId", TARGET),
    ];
    for (name, value, status, code) in [
        ("SyncRuleName", "taken", 200, "SYNC_RULE_NAME_EXIST"),
        ("SyncRuleName", "", 400, "MissingSyncRuleName"),
        ("SyncScope", "TAG", 400, "InvalidParameter"),
        ("SyncTrigger", "ALWAYS", 400, "InvalidParameter"),
        ("Priority", "6", 400, "InvalidParameter"),
        ("TagFilter", "(", 400, "InvalidParameter"),
        ("NamespaceName", "", 400, "MissingNamespaceName"),
        ("NamespaceName", "nobody", 200, "NAMESPACE_NOT_EXIST"),
        ("RepoName", "", 400, "MissingRepoName"),
        ("RepoName", "nothing", 200, "REPO_NOT_EXIST"),
        ("TargetInstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
        ("TargetRegionId", "cn-shanghai", 200, "INSTANCE_NOT_EXIST"),
        ("InstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
    ] {
        let others = good.iter().copied().filter(|(given, _)| *given != name);
        let given: Vec<_> = others.chain([(name, value)]).collect();
        let refused = trial.refused("CreateRepoSyncRule", &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{name}={value}");
    }
    trial.done("CreateRepoSyncRule", &good).await;
}

#[tokio::test]
async fn tasks_by_hand_need_their_image_and_their_destination() {
    let trial = Trial::start().await;
    let source = world::alibabacloud::FLEET_INSTANCE_ID;
    let repository = trial.repo_id(source, "team", "api").await.unwrap();
    let good = [
        FLEET,
        ("RepoId", repository.as_str()),
        ("Tag", "v41"),
        ("TargetRegionId", "cn-beijing"),
        ("TargetInstanceId", TARGET),
        ("TargetNamespace", "mirror"),
        ("TargetRepoName", "team-api"),
        ("TargetTag", "v41"),
    ];
    for (name, value, status, code) in [
        ("RepoId", "crr-1", 200, "REPO_NOT_EXIST"),
        ("Tag", "v999", 200, "TAG_NOT_EXIST"),
        ("TargetInstanceId", "cri-nowhere", 200, "INSTANCE_NOT_EXIST"),
        ("TargetRegionId", "cn-shanghai", 200, "INSTANCE_NOT_EXIST"),
        ("TargetTag", "", 400, "MissingTargetTag"),
        ("Priority", "0", 400, "InvalidParameter"),
        ("Override", "maybe", 400, "InvalidParameter"),
    ] {
        let others = good.iter().copied().filter(|(given, _)| *given != name);
        let given: Vec<_> = others.chain([(name, value)]).collect();
        let refused = trial.refused("CreateRepoSyncTask", &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{name}={value}");
    }
    trial.done("CreateRepoSyncTask", &good).await;
}
