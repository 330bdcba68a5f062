//! The words that all registries share.

mod execution;
pub(crate) mod grammar;
mod image;
mod reference;
mod resource;
mod rule;
mod subtask;
mod task;

pub use execution::{Execution, TaskCounts, VendorExecution};
pub use grammar::{ImageReference, InvalidImage};
pub use image::{Artifact, ImageName, ImageRef};
pub(crate) use reference::number;
pub use reference::{ExecutionRef, RuleRef, TaskRef, UnfitReference};
pub(crate) use resource::Resources;
pub use rule::{FilterOn, FilterSyntax, Rule, RuleFilter, RuleTrigger, VendorRule};
pub use subtask::{Subtask, VendorSubtask};
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

    /// The name as it stands in a sentence.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::HuaweicloudEnterprise => "Huawei Cloud Enterprise",
            Self::HuaweicloudBasic => "Huawei Cloud Basic",
            Self::Alibabacloud => "Alibaba Cloud",
        }
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
