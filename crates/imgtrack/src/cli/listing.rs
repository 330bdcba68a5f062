//! The words that list tasks.

use clap::{Subcommand, ValueEnum};
use registry_replication::huaweicloud::client::Order;

use super::{Alibabacloud, Common, Enterprise, LIMIT, Look, Place, value};

#[derive(Debug, Subcommand)]
pub(crate) enum TaskListing {
    /// Of an execution or image of any registry
    Of {
        /// The execution, such as 83, or NAMESPACE/7/113 for retention (Huawei Cloud Enterprise);
        /// the repository, NAMESPACE/REPOSITORY (Huawei Cloud Basic); the image or the batch (Alibaba
        /// Cloud)
        #[arg(value_parser = value::word)]
        what: String,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        to: Place,
    },
    /// Of an execution of a replication policy (Huawei Cloud Enterprise)
    Replication {
        /// Id of the execution
        #[arg(long, value_name = "ID", value_parser = value::number)]
        execution: i64,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        to: Enterprise,
    },
    /// Of an execution of a retention policy (Huawei Cloud Enterprise)
    Retention {
        /// Namespace that the policy belongs to
        #[arg(long, value_name = "NAME", value_parser = value::namespace)]
        namespace: String,
        /// Id of the policy
        #[arg(long, value_name = "ID", value_parser = value::number)]
        policy: i64,
        /// Id of the execution
        #[arg(long, value_name = "ID", value_parser = value::number)]
        execution: i64,
        /// Shows only tasks in this state, in the vendor's word, such as Failed
        #[arg(long, value_parser = value::status)]
        status: Option<String>,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        to: Enterprise,
    },
    /// Of a repository (Huawei Cloud Basic)
    SyncJobs {
        /// The repository, NAMESPACE/REPOSITORY
        #[arg(value_parser = value::image)]
        repository: String,
        /// Order by time
        #[arg(long, value_enum)]
        order: Option<Sorting>,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        to: Common,
    },
    /// Of an instance (Alibaba Cloud)
    SyncTasks {
        /// Shows only tasks of this image, NAMESPACE/REPOSITORY[:TAG]
        #[arg(value_parser = value::image)]
        image: Option<String>,
        /// Shows only tasks of this batch
        #[arg(long, value_name = "ID", value_parser = value::id)]
        batch: Option<String>,
        #[arg(long, value_name = "N", help = LIMIT, value_parser = value::limit)]
        limit: Option<usize>,
        #[command(flatten)]
        look: Look,
        #[command(flatten)]
        to: Alibabacloud,
    },
}

impl TaskListing {
    /// How long the listing may take.
    pub(crate) fn look(&self) -> Look {
        match self {
            Self::Of { look, .. }
            | Self::Replication { look, .. }
            | Self::Retention { look, .. }
            | Self::SyncJobs { look, .. }
            | Self::SyncTasks { look, .. } => *look,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Sorting {
    /// Oldest first
    Asc,
    /// Newest first
    Desc,
}

impl From<Sorting> for Order {
    fn from(sorting: Sorting) -> Self {
        match sorting {
            Sorting::Asc => Self::Ascending,
            Sorting::Desc => Self::Descending,
        }
    }
}
