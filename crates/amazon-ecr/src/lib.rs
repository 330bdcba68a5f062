//! Client for Amazon Elastic Container Registry.
//!
//! Credentials ([`Credentials`]), signatures ([`signer`]), errors and URLs ([`endpoints`]).

mod credentials;
pub mod endpoints;
pub mod names;
pub mod partitions;
mod profile;
mod refusal;
mod region;
pub mod signer;
mod xml;

pub use credentials::{ChainSettings, Credentials};
pub use region::Location;
