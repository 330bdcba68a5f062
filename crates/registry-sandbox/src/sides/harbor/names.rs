//! Names and ids of this side's records.

use crate::place::{Place, Source};

/// Source of the provider `harbor`: the Harbor at the sandbox's endpoint, which takes pushes.
pub const REGISTRY: Source = Source::new("harbor", "local");

/// Returns the registry `id`: that of [`REGISTRY`], or one of [`TARGETS`].
pub fn registry(id: impl Into<String>) -> Place {
    Place::new(REGISTRY.provider(), id)
}

/// The administrator.
pub const USER: &str = "admin";
/// Password of the administrator. It opens nothing but the sandbox.
pub const PASSWORD: &str = "sandbox-harbor-password-opens-nothing";
/// A robot account of the system.
pub const ROBOT: &str = "robot$sandbox";
/// Secret of the robot account. It opens nothing but the sandbox.
pub const ROBOT_SECRET: &str = "sandbox-robot-secret-opens-nothing";
/// ID token that the administrator may send as a bearer token. It opens nothing but the sandbox.
pub const ID_TOKEN: &str = "sandbox.harbor.token-opens-nothing";

/// Registries that policies copy to. Each is a registry of the sandbox with this id, and a record of
/// [`REGISTRY`] with this name. The last one is no Harbor.
pub const TARGETS: [&str; 4] = [
    "harbor-north",
    "harbor-south",
    EXAMPLE_REGISTRY_NAME,
    "docker-mirror",
];
/// Ids of the records of [`TARGETS`].
pub const TARGET_IDS: [i64; 4] = [1, 2, EXAMPLE_REGISTRY, 4];
/// Type of the last registry of [`TARGETS`]. The others have the type `harbor`.
pub const MIRROR_TYPE: &str = "docker-registry";

/// Project of [`REGISTRY`] that everybody may read.
pub const PUBLIC_PROJECT: &str = "library";
/// Project of the first two [`TARGETS`] that is a proxy cache.
pub const PROXY_PROJECT: &str = "cache";

/// Policies that copy pushes of `team/api` to the first two [`TARGETS`] and to the last one.
pub const PUSH_POLICIES: [i64; 3] = [20, 21, 22];
/// Policy that copies from the second of [`TARGETS`] on request.
pub const PULL_POLICY: i64 = 23;

/// A registry that cannot be reached.
pub const LOST_REGISTRY: i64 = 5;

/// Policy of the fleet, which runs on request.
pub const FLEET_POLICY: i64 = 24;
/// Its execution, which is in progress for good.
pub const FLEET_EXECUTION: i64 = 301;
/// Id of the first of its tasks; the others follow without a gap.
pub const FLEET_FIRST_TASK: i64 = 5001;
/// Number of its tasks, in all five states.
pub const FLEET_TASKS: usize = 1200;

/// Project of the examples.
pub const EXAMPLE_PROJECT: &str = "team";
/// Id of that project.
pub const EXAMPLE_PROJECT_ID: i64 = 4;
/// Repository of the examples, in that project.
pub const EXAMPLE_REPOSITORY: &str = "api/server";
/// Tag of the example's artifact.
pub const EXAMPLE_TAG: &str = "v1.0";
/// Registry of the example.
pub const EXAMPLE_REGISTRY: i64 = 3;
/// Name of that registry.
pub const EXAMPLE_REGISTRY_NAME: &str = "second-site";
/// Replication policy of the example, which is scheduled.
pub const EXAMPLE_POLICY: i64 = 12;
/// Replication execution of the example, with one task.
pub const EXAMPLE_EXECUTION: i64 = 83;
/// Its task.
pub const EXAMPLE_TASK: i64 = 1927;
/// Retention policy of the example.
pub const EXAMPLE_RETENTION: i64 = 7;
/// Its execution.
pub const EXAMPLE_RETENTION_EXECUTION: i64 = 51;
/// The task of that execution.
pub const EXAMPLE_RETENTION_TASK: i64 = 614;
/// Webhook policy of the example, in the project of the examples.
pub const EXAMPLE_WEBHOOK: i64 = 6;
/// Robot account of the example, which can log in with no secret.
pub const EXAMPLE_ROBOT: i64 = 9;
