//! Names and ids of this side's records.

use crate::place::{Place, Source};

/// What a client needs to call this cloud in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// Endpoint of all services.
    pub endpoint: String,
    /// Access key id.
    pub access_key_id: String,
    /// Access key secret.
    pub access_key_secret: String,
    /// An instance of the registry.
    pub instance_id: String,
}

/// Returns the account for a sandbox at `endpoint`.
pub fn account(endpoint: impl Into<String>) -> Account {
    Account {
        endpoint: endpoint.into(),
        access_key_id: ACCESS_KEY_ID.to_owned(),
        access_key_secret: ACCESS_KEY_SECRET.to_owned(),
        instance_id: INSTANCE_ID.to_owned(),
    }
}

/// Source of the provider `alibabacloud`: the instance [`FLEET_INSTANCE_ID`].
pub const REGISTRY: Source = Source::new("alibabacloud", FLEET_INSTANCE_ID);

/// Returns the instance `id`.
pub fn instance(id: impl Into<String>) -> Place {
    Place::new(REGISTRY.provider(), id)
}

/// Access key id of the Alibaba Cloud account. It opens nothing but the sandbox.
pub const ACCESS_KEY_ID: &str = "LTAISandboxOpensNothing1";
/// Access key secret of the Alibaba Cloud account. It opens nothing but the sandbox.
pub const ACCESS_KEY_SECRET: &str = "sandboxSecretOpensNothing00001";
/// Id of the Alibaba Cloud account.
pub const ACCOUNT_ID: &str = "1000000000000001";
/// A role that the account's user may assume, with its key or with the OIDC token.
pub const ROLE: &str = "sandbox-role";
/// ARN of that role.
pub const ROLE_ARN: &str = "acs:ram::1000000000000001:role/sandbox-role";
/// ARN of a role that only a session of [`ROLE`] may assume.
pub const INNER_ROLE_ARN: &str = "acs:ram::1000000000000001:role/sandbox-inner-role";
/// ARN of the identity provider whose token AssumeRoleWithOIDC takes.
pub const OIDC_PROVIDER_ARN: &str = "acs:ram::1000000000000001:oidc-provider/sandbox-provider";
/// That token. It opens nothing but the sandbox.
pub const OIDC_TOKEN: &str = "sandbox.oidc-token.opens-nothing";
/// Role of the instance that the Alibaba metadata service speaks for.
pub const ECS_ROLE: &str = "sandbox-instance-role";
/// Path of a credentials URI.
pub const CREDENTIALS_URI_PATH: &str = "/credentials-uri";
/// Alibaba instance of the vendor's example, with one task.
pub const INSTANCE_ID: &str = "cri-kmsiwlxxdcva0001";
/// Alibaba instance of the fleet.
pub const FLEET_INSTANCE_ID: &str = "cri-fleet0000000001";
/// Number of its tasks, in all five states: three for each image, one per region, newest first.
pub const FLEET_TASKS: usize = 1500;
/// Regions that the fleet's Alibaba tasks copy to.
pub const FLEET_REGIONS: [&str; 3] = ["cn-shanghai", "cn-beijing", "ap-southeast-1"];
/// The instances in those regions, in the same order.
pub const FLEET_TARGET_IDS: [&str; 3] = [
    "cri-fleet0000000002",
    "cri-fleet0000000003",
    "cri-fleet0000000004",
];
