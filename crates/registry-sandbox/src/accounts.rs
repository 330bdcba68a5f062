use serde::Serialize;

use crate::world;

/// What a client needs to call the sandbox, for each provider.
///
/// The keys are fixed and invented. They open nothing but the sandbox, so `Debug` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Accounts {
    /// The Huawei Cloud account.
    #[serde(rename = "huaweicloud-swr")]
    pub huaweicloud_swr: HuaweicloudAccount,
    /// The Alibaba Cloud account.
    #[serde(rename = "alibabacloud-cr")]
    pub alibabacloud_cr: AlibabacloudAccount,
}

/// The sandbox's Huawei Cloud account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct HuaweicloudAccount {
    /// Where SWR, IAM and STS are.
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

/// The sandbox's Alibaba Cloud account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AlibabacloudAccount {
    /// Where Container Registry is.
    pub endpoint: String,
    /// Access key id.
    pub access_key_id: String,
    /// Access key secret.
    pub access_key_secret: String,
    /// An instance of the registry.
    pub instance_id: String,
}

impl Accounts {
    pub(crate) fn at(endpoint: &str) -> Self {
        Self {
            huaweicloud_swr: HuaweicloudAccount {
                endpoint: endpoint.to_owned(),
                access_key: world::HUAWEICLOUD_ACCESS_KEY.to_owned(),
                secret_key: world::HUAWEICLOUD_SECRET_KEY.to_owned(),
                project_id: world::HUAWEICLOUD_PROJECT_ID.to_owned(),
                instance_id: world::HUAWEICLOUD_INSTANCE_ID.to_owned(),
            },
            alibabacloud_cr: AlibabacloudAccount {
                endpoint: endpoint.to_owned(),
                access_key_id: world::ALIBABACLOUD_ACCESS_KEY_ID.to_owned(),
                access_key_secret: world::ALIBABACLOUD_ACCESS_KEY_SECRET.to_owned(),
                instance_id: world::ALIBABACLOUD_INSTANCE_ID.to_owned(),
            },
        }
    }
}
