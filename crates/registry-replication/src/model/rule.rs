//! Rules: what makes a registry copy or clean up.

use huaweicloud_swr::swr;
use registry_transport::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Provider;
use super::image::ImageRef;

/// What makes a registry copy, in words that all registries share.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Rule {
    /// Whose registry it is.
    pub provider: Provider,
    /// The vendor's id of the rule.
    pub id: String,
    /// What it covers.
    pub source: ImageRef,
    /// Where it copies to.
    pub destination: ImageRef,
    /// Whether it copies by itself after a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
    /// Whether it overwrites a tag that is at the destination already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrites: Option<bool>,
    /// When it was made. Images pushed before are not copied by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// When it last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// The vendor's own answer. It is not serialised.
    #[serde(skip)]
    pub vendor: Option<VendorRule>,
}

/// A rule as the vendor answered it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VendorRule {
    /// Huawei Cloud SWR Basic, automatic sync.
    HuaweicloudSyncRepo(Box<swr::types::SyncRepo>),
}
