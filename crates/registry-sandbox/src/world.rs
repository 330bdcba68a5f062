//! Names and ids of what the sandbox holds, so that callers need no magic strings.
//!
//! Objects named `EXAMPLE_…` are the vendors' own examples, taken from the specs value for value.
//! Objects named `FLEET_…` are invented, and the same at every start but for their times: those are
//! of the five weeks before the sandbox's start, and end about six days before it.

pub use crate::place::{Place, Record};

/// One of the registries that the sandbox holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The Enterprise edition instance [`HUAWEICLOUD_INSTANCE_ID`].
    HuaweicloudEnterprise,
    /// The Basic edition of [`HUAWEICLOUD_REGION`].
    HuaweicloudBasic,
    /// The Alibaba Cloud instance [`FLEET_ALIBABACLOUD_INSTANCE_ID`].
    Alibabacloud,
}

/// Region of the Huawei Cloud project; IAM's name for the project, too.
pub const HUAWEICLOUD_REGION: &str = "cn-north-4";
/// Access key of the Huawei Cloud account. It opens nothing but the sandbox.
pub const HUAWEICLOUD_ACCESS_KEY: &str = "SANDBOXHUAWEIKEY0001";
/// Secret key of the Huawei Cloud account. It opens nothing but the sandbox.
pub const HUAWEICLOUD_SECRET_KEY: &str = "sandbox-secret-key-opens-nothing-0000001";
/// Project that the Enterprise edition instance belongs to.
pub const HUAWEICLOUD_PROJECT_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0c0001";
/// The Enterprise edition instance.
pub const HUAWEICLOUD_INSTANCE_ID: &str = "5a9db0c5-0000-4000-8000-000000000001";

/// An Enterprise edition instance of another region, which policies of the first copy to.
pub const HUAWEICLOUD_TARGET_INSTANCE_ID: &str = "5a9db0c5-0000-4000-8000-000000000002";
/// Region of that instance.
pub const HUAWEICLOUD_TARGET_REGION: &str = "cn-east-3";
/// Project that it belongs to, which is the same account's.
pub const HUAWEICLOUD_TARGET_PROJECT_ID: &str = "5a9db0c5a9db0c5a9db0c5a9db0c0002";

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
/// Identity provider that CreateTokenWithIdToken takes an ID token of.
pub const IAM_IDP_ID: &str = "sandbox-idp";
/// The ID token that it takes; signed by nobody, it opens nothing but the sandbox.
pub const IAM_ID_TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJzYW5kYm94In0.";

/// Target registry of the example, which is [`HUAWEICLOUD_TARGET_INSTANCE_ID`].
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

/// Replication policy of the fleet, which runs by hand.
pub const FLEET_REPLICATION_POLICY: i64 = 20;
/// Replication policy that copies what is pushed to [`FLEET_IMAGE_NAMESPACE`].
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

/// Access key id of the Alibaba Cloud account. It opens nothing but the sandbox.
pub const ALIBABACLOUD_ACCESS_KEY_ID: &str = "LTAISandboxOpensNothing1";
/// Access key secret of the Alibaba Cloud account. It opens nothing but the sandbox.
pub const ALIBABACLOUD_ACCESS_KEY_SECRET: &str = "sandboxSecretOpensNothing00001";
/// Id of the Alibaba Cloud account.
pub const ALIBABACLOUD_ACCOUNT_ID: &str = "1000000000000001";
/// A role that the account's user may assume, with its key or with the OIDC token.
pub const ALIBABACLOUD_ROLE: &str = "sandbox-role";
/// ARN of that role.
pub const ALIBABACLOUD_ROLE_ARN: &str = "acs:ram::1000000000000001:role/sandbox-role";
/// ARN of a role that only a session of [`ALIBABACLOUD_ROLE`] may assume.
pub const ALIBABACLOUD_INNER_ROLE_ARN: &str = "acs:ram::1000000000000001:role/sandbox-inner-role";
/// ARN of the identity provider whose token AssumeRoleWithOIDC takes.
pub const ALIBABACLOUD_OIDC_PROVIDER_ARN: &str =
    "acs:ram::1000000000000001:oidc-provider/sandbox-provider";
/// That token. It opens nothing but the sandbox.
pub const ALIBABACLOUD_OIDC_TOKEN: &str = "sandbox.oidc-token.opens-nothing";
/// Role of the instance that the Alibaba metadata service speaks for.
pub const ALIBABACLOUD_ECS_ROLE: &str = "sandbox-instance-role";
/// Path of a credentials URI.
pub const ALIBABACLOUD_CREDENTIALS_URI_PATH: &str = "/credentials-uri";
/// Alibaba instance of the vendor's example, with one task.
pub const ALIBABACLOUD_INSTANCE_ID: &str = "cri-kmsiwlxxdcva0001";
/// Alibaba instance of the fleet.
pub const FLEET_ALIBABACLOUD_INSTANCE_ID: &str = "cri-fleet0000000001";
/// Number of its tasks, in all five states: three for each image, one per region, newest first.
pub const FLEET_ALIBABACLOUD_TASKS: usize = 1500;
/// Regions that the fleet's Alibaba tasks copy to.
pub const FLEET_ALIBABACLOUD_REGIONS: [&str; 3] = ["cn-shanghai", "cn-beijing", "ap-southeast-1"];
/// The instances in those regions, in the same order.
pub const FLEET_ALIBABACLOUD_TARGET_IDS: [&str; 3] = [
    "cri-fleet0000000002",
    "cri-fleet0000000003",
    "cri-fleet0000000004",
];

/// Namespace of the image whose arrival can be watched in both clouds.
pub const FLEET_IMAGE_NAMESPACE: &str = "team";
/// Its repository.
pub const FLEET_IMAGE_REPOSITORY: &str = "api";
/// A tag that has arrived in every region.
pub const FLEET_TAG_ARRIVED: &str = "v41";
/// A tag that is still on its way to the last region.
pub const FLEET_TAG_RUNNING: &str = "v42";
/// A tag whose copy to the last region has failed.
pub const FLEET_TAG_FAILED: &str = "v43";
