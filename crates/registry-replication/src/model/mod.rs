//! The words that all registries share.

mod image;
mod resource;
mod rule;
mod task;

pub use image::{Artifact, ImageName, ImageRef, UnfitImageName};
pub(crate) use resource::Resources;
pub use rule::{Rule, VendorRule};
pub use task::{RetentionCounts, Task, TaskKind, TaskState, Trigger, VendorTask};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose registry it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Provider {
    /// Huawei Cloud SWR, Enterprise edition.
    HuaweicloudEnterprise,
    /// Huawei Cloud SWR, Basic edition.
    HuaweicloudBasic,
    /// Alibaba Cloud Container Registry, Enterprise Edition.
    Alibabacloud,
}

impl Provider {
    /// The name as it is serialised, such as `huaweicloud-basic`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HuaweicloudEnterprise => "huaweicloud-enterprise",
            Self::HuaweicloudBasic => "huaweicloud-basic",
            Self::Alibabacloud => "alibabacloud",
        }
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
