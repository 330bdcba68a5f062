//! Client for the API of Harbor, the open-source container registry.
//!
//! [`harbor`] is generated from an OpenAPI file. The rest is hand-written: logins ([`Credentials`]
//! and their [default chain](Credentials::default_chain)), headers and errors ([`Harbor`]), URLs
//! ([`endpoints`]), names in Harbor's own form ([`RepositoryName`]), and the id of a new record
//! ([`created_id`]).
//!
//! ```no_run
//! use std::sync::Arc;
//! use harbor::{Credentials, Harbor, endpoints, harbor as api};
//! use openapi_transport::{Context, Error};
//!
//! # async fn example() -> Result<(), Error> {
//! let dialect = Arc::new(Harbor::new(Credentials::from_env()?));
//! let context = Context::builder(endpoints::from_env()?, dialect).build()?;
//! let policies = api::Client::new(context)
//!     .list_replication_policies()
//!     .page_size(100)
//!     .send()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod credentials;
mod dialect;
pub mod endpoints;
#[rustfmt::skip]
#[allow(
    clippy::redundant_field_names,
    clippy::needless_lifetimes,
    dead_code,
    reason = "progenitor's style, and its unused check that the hook exists"
)]
mod generated;
mod location;
mod names;
mod refusal;

pub use credentials::{ChainSettings, Credentials, Login};
pub use dialect::Harbor;
pub use generated::harbor;
pub use location::created_id;
pub use names::{InvalidName, RepositoryName};
