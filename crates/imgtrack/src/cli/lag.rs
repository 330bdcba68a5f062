//! The words of lag.

use clap::Args;

use super::{Since, value};

/// Whose tasks count.
#[derive(Args, Debug)]
pub(crate) struct LagArgs {
    /// The execution, such as 83 (Huawei Cloud Enterprise); the repository, NAMESPACE/REPOSITORY
    /// (Huawei Cloud Basic); the image, the repository or the batch, and without it the whole
    /// instance (Alibaba Cloud)
    #[arg(value_parser = value::word)]
    pub(crate) what: Option<String>,
    /// Counts the newest executions of this replication rule, such as 12 (Huawei Cloud Enterprise);
    /// without it, and without an execution, those of all replication rules
    #[arg(long, conflicts_with = "what", value_parser = value::word)]
    pub(crate) rule: Option<String>,
    /// How many executions count at most, the newest; 20 unless said otherwise (Huawei Cloud
    /// Enterprise)
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "what",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) executions: Option<u32>,
    /// Only tasks count that were made since: 2026-11-27T14:40:00Z, or how long ago, such as 10m;
    /// where a task does not say when it was made, when it started counts, or its execution was made
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Since>,
}
