//! Client for Huawei Cloud SWR (SoftWare Repository for Container), both editions, and for the
//! parts of IAM and STS that its calls need.
//!
//! [`swr`], [`iam`] and [`sts`] are generated from OpenAPI files. The rest is hand-written:
//! credentials ([`Credentials`] and their [default chain](Credentials::default_chain)), signatures
//! ([`signer`], [`Huaweicloud`]), URLs ([`endpoints`]), and names in the service's own form.
//!
//! ```no_run
//! use std::sync::Arc;
//! use huaweicloud_swr::{Credentials, Huaweicloud, endpoints, swr};
//! use openapi_transport::{Context, Error};
//!
//! # async fn example() -> Result<(), Error> {
//! let dialect = Arc::new(Huaweicloud::new(Credentials::from_env()?));
//! let context = Context::builder(endpoints::swr("cn-north-4")?, dialect).build()?;
//! let rules = swr::Client::new(context)
//!     .list_image_auto_sync_repos_details()
//!     .namespace("team")
//!     .repository("api/server")
//!     .send()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod credentials;
pub mod endpoints;
mod filter;
#[rustfmt::skip]
#[allow(
    clippy::redundant_field_names,
    clippy::needless_lifetimes,
    dead_code,
    reason = "progenitor's style, and its unused check that the hook exists"
)]
mod generated;
mod dialect;
mod names;
mod project;
mod refusal;
pub mod signer;
pub mod token;

pub use credentials::{
    AccessKey, ChainSettings, Credentials, Environment, IamUser, Metadata, Oidc, Profile,
};
pub use dialect::Huaweicloud;
pub use filter::{Filter, InvalidFilter, Order};
pub use generated::{iam, sts, swr};
pub use names::{EnterpriseRepositoryName, InvalidName, NamespaceName, RepositoryName};
pub use project::Projects;
