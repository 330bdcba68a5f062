//! Names and ids of this side's records.

use crate::place::{Place, Source};

/// What a client needs to call this cloud in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Endpoint of all services.
    pub endpoint: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
    /// Project of the Enterprise edition instance.
    pub project_id: String,
    /// The Enterprise edition instance.
    pub instance_id: String,
}

/// Returns the account for a sandbox at `endpoint`.
pub fn account(endpoint: impl Into<String>) -> Account {
    Account {
        endpoint: endpoint.into(),
        access_key: ACCESS_KEY.to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        project_id: PROJECT_ID.to_owned(),
        instance_id: INSTANCE_ID.to_owned(),
    }
}

/// Source of the provider `huaweicloud-enterprise`: the instance [`INSTANCE_ID`].
pub const ENTERPRISE: Source = Source::new("huaweicloud-enterprise", INSTANCE_ID);
/// Source of the provider `huaweicloud-basic`: the region [`REGION`].
pub const BASIC: Source = Source::new("huaweicloud-basic", REGION);

/// Returns the Enterprise edition instance `id`.
pub fn enterprise(id: impl Into<String>) -> Place {
    Place::new(ENTERPRISE.provider(), id)
}

/// Returns the Basic edition of `region`, where a namespace is an organization: [`REGION`], or one
/// that images can be copied to.
pub fn basic(region: impl Into<String>) -> Place {
    Place::new(BASIC.provider(), region)
}

/// Region of the Huawei Cloud project, which is also IAM's name for the project.
pub const REGION: &str = "cn-north-4";
/// Access key of the Huawei Cloud account. It opens nothing but the sandbox.
pub const ACCESS_KEY: &str = "SANDBOXHUAWEIKEY0001";
/// Secret key of the Huawei Cloud account. It opens nothing but the sandbox.
pub const SECRET_KEY: &str = "sandbox-secret-key-opens-nothing-0000001";
/// Project that the Enterprise edition instance belongs to.
pub const PROJECT_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0c0001";
/// The Enterprise edition instance.
pub const INSTANCE_ID: &str = "5a9db0c5-0000-4000-8000-000000000001";
/// An Enterprise edition instance of another region, which policies of the first copy to.
pub const TARGET_INSTANCE_ID: &str = "5a9db0c5-0000-4000-8000-000000000002";
/// Region of that instance.
pub const TARGET_REGION: &str = "cn-east-3";
/// Project that it belongs to, in the same account.
pub const TARGET_PROJECT_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0c0002";
/// Account (domain) name that KeystoneCreateUserTokenByPassword takes.
pub const IAM_DOMAIN: &str = "sandbox-account";
/// Id of that account.
pub const IAM_DOMAIN_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0cd001";
/// IAM user's name that KeystoneCreateUserTokenByPassword takes.
pub const IAM_USER: &str = "sandbox-user";
/// Id of that user.
pub const IAM_USER_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0ce001";
/// IAM user's password that KeystoneCreateUserTokenByPassword takes.
pub const IAM_PASSWORD: &str = "sandbox-password-opens-nothing";
/// Identity provider whose ID token CreateTokenWithIdToken accepts.
pub const IAM_IDP_ID: &str = "sandbox-idp";
/// ID token that it accepts. It is unsigned and opens nothing but the sandbox.
pub const IAM_ID_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzYW5kYm94In0.";
/// Target registry of the example, which is [`TARGET_INSTANCE_ID`].
pub const EXAMPLE_REGISTRY: i64 = 3;
/// Replication policy of the example.
pub const EXAMPLE_REPLICATION_POLICY: i64 = 12;
/// Replication execution of the vendor's example, with one task.
pub const EXAMPLE_REPLICATION_EXECUTION: i64 = 83;
/// Namespace of the retention policy of the vendor's example.
pub const EXAMPLE_RETENTION_NAMESPACE: &str = "library";
/// Retention policy of the vendor's example.
pub const EXAMPLE_RETENTION_POLICY: i64 = 7;
/// Its execution, with one task.
pub const EXAMPLE_RETENTION_EXECUTION: i64 = 113;
/// Organization of the vendor's Basic edition examples.
pub const EXAMPLE_BASIC_NAMESPACE: &str = "test";
/// Basic edition repository of the vendor's example with one sync rule.
pub const EXAMPLE_BASIC_RULE_REPOSITORY: &str = "grpc-helloworld";
/// Basic edition repository of the vendor's example with one sync job.
pub const EXAMPLE_BASIC_JOB_REPOSITORY: &str = "testrepo";
/// Replication policy of the fleet, which runs on request.
pub const FLEET_REPLICATION_POLICY: i64 = 20;
/// Replication policy that copies images pushed to [`FLEET_IMAGE_NAMESPACE`](crate::world::FLEET_IMAGE_NAMESPACE).
pub const FLEET_PUSH_POLICY: i64 = 21;
/// Replication execution of the fleet.
pub const FLEET_REPLICATION_EXECUTION: i64 = 301;
/// Id of the first of its tasks; the others follow without a gap.
pub const FLEET_REPLICATION_FIRST_TASK: i64 = 5001;
/// Number of its tasks, in all six states.
pub const FLEET_REPLICATION_TASKS: usize = 1200;
/// Namespace of the fleet's retention policy.
pub const FLEET_RETENTION_NAMESPACE: &str = "platform";
/// Retention policy of the fleet.
pub const FLEET_RETENTION_POLICY: i64 = 21;
/// Its execution.
pub const FLEET_RETENTION_EXECUTION: i64 = 402;
/// Id of the first of its tasks; the others follow without a gap.
pub const FLEET_RETENTION_FIRST_TASK: i64 = 20001;
/// Number of its tasks, in all six states.
pub const FLEET_RETENTION_TASKS: usize = 600;
/// Organization of the fleet's Basic edition repositories.
pub const FLEET_BASIC_NAMESPACE: &str = "team";
/// Basic edition repository with three sync rules.
pub const FLEET_BASIC_REPOSITORY: &str = "api";
/// Number of its sync jobs, in all seven states: three for each tag, one per region, newest first.
pub const FLEET_BASIC_JOBS: usize = 700;
/// A Basic edition repository with a slash in its name, sent as `web$storefront`: one rule, 12 jobs.
pub const FLEET_BASIC_NESTED_REPOSITORY: &str = "web/storefront";
/// A Basic edition repository of the same organization, with one tag, that nothing copies.
pub const FLEET_BASIC_QUIET_REPOSITORY: &str = "archive";
/// Regions that the fleet's Basic edition rules and jobs copy to.
pub const FLEET_BASIC_REGIONS: [&str; 3] = ["cn-north-1", "cn-east-3", "ap-southeast-3"];
