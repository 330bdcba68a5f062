//! The words that say where a registry is.

use clap::{Args, ValueEnum};

use super::value;

/// Where a registry is.
#[derive(Args, Debug)]
#[command(next_help_heading = "Registry")]
pub(crate) struct Common {
    /// Region id
    #[arg(long, value_name = "ID", value_parser = value::id)]
    pub(crate) region: Option<String>,
    /// URL to call instead of the region's own
    #[arg(long, value_name = "URL", value_parser = value::word)]
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
    #[arg(long, value_name = "ID", value_parser = value::id)]
    pub(crate) project_id: Option<String>,
    /// Id of the instance
    #[arg(long, value_name = "ID", value_parser = value::id)]
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

impl Place {
    /// The options that name this place on a command line.
    pub(crate) fn words(&self) -> String {
        let name = self.registry.to_possible_value();
        let name = name.as_ref().map_or("", |name| name.get_name());
        let mut words = format!("--registry {name}");
        let common = &self.to.common;
        for (option, value) in [
            ("region", &common.region),
            ("endpoint", &common.endpoint),
            ("project-id", &self.to.project_id),
            ("instance", &self.to.instance),
        ] {
            if let Some(value) = value {
                words.push_str(&format!(" --{option} {value}"));
            }
        }
        if common.sandbox {
            words.push_str(" --sandbox");
        }
        words
    }
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
    #[arg(long, value_name = "ID", value_parser = value::id)]
    pub(crate) instance: Option<String>,
}
