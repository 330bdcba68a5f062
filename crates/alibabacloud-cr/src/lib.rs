//! Client for Alibaba Cloud Container Registry, Enterprise Edition.
//!
//! [`cr`] and [`sts`] are generated from OpenAPI files. The rest is hand-written: credentials
//! ([`Credentials`]), signatures ([`signer`], [`Alibabacloud`]) and URLs ([`endpoints`]).
//!
//! ```no_run
//! use std::sync::Arc;
//! use alibabacloud_cr::{Alibabacloud, Credentials, cr, endpoints};
//! use openapi_transport::{Context, Error};
//!
//! # async fn example() -> Result<(), Error> {
//! let dialect = Arc::new(Alibabacloud::new(Credentials::from_env()?));
//! let context = Context::builder(endpoints::cr("cn-hangzhou")?, dialect).build()?;
//! let page = cr::Client::new(context)
//!     .list_repo_sync_task()
//!     .instance_id("cri-kmsiwlxxdcva0001")
//!     .page_size(100)
//!     .send()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod credentials;
pub mod endpoints;
#[rustfmt::skip]
#[allow(
    clippy::redundant_field_names,
    clippy::needless_lifetimes,
    dead_code,
    reason = "progenitor's style, and its unused check that the hook exists"
)]
mod generated;
mod dialect;
mod refusal;
pub mod signer;

pub use credentials::{ChainSettings, Credentials};
pub use dialect::Alibabacloud;
pub use generated::{cr, sts};
