//! The words that say where a registry is.

use clap::{Args, ValueEnum};

/// Where a registry is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Common {
    /// Region id
    #[arg(long, value_name = "ID")]
    pub(crate) region: Option<String>,
    /// URL to call instead of the region's own
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Asks a sandbox within this program instead of the cloud
    #[arg(long, conflicts_with_all = ["region", "endpoint"])]
    pub(crate) sandbox: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Enterprise {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Id of the project; looked up by the region unless given or named by the credentials
    #[arg(long, value_name = "ID")]
    pub(crate) project_id: Option<String>,
    /// Id of the instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<String>,
}

/// A registry of any vendor.
#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Place {
    /// Which registry is asked
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) registry: RegistryName,
    #[command(flatten)]
    pub(crate) to: Enterprise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RegistryName {
    HuaweicloudEnterprise,
    HuaweicloudBasic,
    Alibabacloud,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Alibabacloud {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Id of the instance
    #[arg(long, value_name = "ID")]
    pub(crate) instance: Option<String>,
}
