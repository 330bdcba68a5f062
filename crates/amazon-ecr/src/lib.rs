//! Client for Amazon Elastic Container Registry.
//!
//! Credentials ([`Credentials`]), signatures ([`signer`]), errors and URLs ([`endpoints`]).

mod credentials;
pub mod endpoints;
pub mod names;
pub mod partitions;
mod profile;
mod refusal;
pub mod signer;

pub use credentials::Credentials;
