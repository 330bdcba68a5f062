//! Client for Amazon Elastic Container Registry.
//!
//! [`ecr`] and [`sts`] are generated from OpenAPI files. The rest is hand-written: credentials
//! ([`Credentials`]), signatures ([`signer`], [`Amazon`]) and URLs ([`endpoints`]).
//!
//! ```no_run
//! use std::sync::Arc;
//! use amazon_ecr::endpoints::{self, Variant};
//! use amazon_ecr::{Amazon, Credentials, ecr};
//! use openapi_transport::{Context, Error};
//!
//! # async fn example() -> Result<(), Error> {
//! let region = "eu-central-1";
//! let key = Credentials::new("AKIAIOSFODNN7EXAMPLE", "the secret access key");
//! let dialect = Arc::new(Amazon::new(key, region));
//! let endpoint = endpoints::ecr(region, Variant::default())?;
//! let client = ecr::Client::new(Context::builder(endpoint, dialect).build()?);
//! let request = ecr::types::ListImagesRequest::builder().repository_name("team/api");
//! let page = client.list_images().body(request).send().await?;
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
pub mod names;
pub mod partitions;
mod profile;
mod refusal;
mod region;
pub mod signer;

pub use credentials::{ChainSettings, Credentials};
pub use dialect::Amazon;
pub use generated::{ecr, sts};
pub use region::Location;
