//! Is this image where it has to be, and if not, why?
//!
//! One model over the registries of several clouds: [`Task`] and [`Rule`] say the same whoever
//! the vendor is, and the vendor's own answer stays in reach. A registry is reached through its
//! own module, [`huaweicloud`] or [`alibabacloud`]; listings are streams that fetch their pages
//! as they are read. What all of them can be asked, and made to do, is the trait [`Registry`].
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use registry_replication::{Error, alibabacloud};
//!
//! # async fn example() -> Result<(), Error> {
//! let registry = alibabacloud::Registry::builder()
//!     .region("cn-hangzhou")
//!     .instance("cri-kmsiwlxxdcva0001")
//!     .build()
//!     .await?;
//! let mut tasks = std::pin::pin!(registry.tasks().image("team/api:v42").by_item());
//! while let Some(task) = tasks.try_next().await? {
//!     println!("{} {}", task.id, task.state);
//! }
//! # Ok(())
//! # }
//! ```

pub mod alibabacloud;
pub mod api;
pub mod huaweicloud;
mod listing;
mod model;
mod pager;
mod plan;
mod registry;
mod settings;

pub use listing::Listing;
pub use model::{
    Artifact, Execution, ExecutionRef, FilterOn, FilterSyntax, ImageName, ImageRef, Provider,
    RetentionCounts, Rule, RuleFilter, RuleRef, RuleTrigger, Subtask, Task, TaskCounts, TaskKind,
    TaskRef, TaskState, Trigger, UnfitImageName, UnfitReference, VendorExecution, VendorRule,
    VendorSubtask, VendorTask,
};
pub use pager::{Page, PageToken, UnfitPageToken};
pub use plan::{Plan, Started};
pub use registry::{Registry, RunOptions, StopTarget, TaskScope};
pub use registry_transport::Provider as TransportProvider;
pub use registry_transport::{
    Asked, Chain, Chance, Clock, Context, ContextBuilder, Error, ErrorKind, Lease, RateLimit,
    RetryPolicy, Secret, Source, Surroundings, Timestamp, Unavailable,
};
