//! Is this image where it has to be, and if not, why?
//!
//! One model over the registries of several clouds: [`Task`] and [`Rule`] say the same whoever
//! the vendor is, and the vendor's own answer stays in reach. A registry is reached through its
//! own module, [`huaweicloud`] or [`alibabacloud`]; listings are streams that fetch their pages
//! as they are read.
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
mod model;
mod pager;
mod settings;

pub use model::{
    Artifact, ImageName, ImageRef, Provider, RetentionCounts, Rule, Task, TaskKind, TaskState,
    Trigger, UnfitImageName, VendorRule, VendorTask,
};
pub use pager::Page;
pub use registry_transport::Provider as TransportProvider;
pub use registry_transport::{
    Asked, Chain, Chance, Clock, Context, ContextBuilder, Error, ErrorKind, Lease, RateLimit,
    RetryPolicy, Secret, Source, Surroundings, Timestamp, Unavailable,
};
