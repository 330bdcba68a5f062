//! Huawei Cloud SWR and Alibaba Cloud Container Registry on loopback, for tests and trials.
//!
//! [`Sandbox::start`] binds a loopback port and answers the calls that `specs/` describe: SWR's
//! replication, retention and sync listings, the IAM and STS calls they lean on, and those of
//! Alibaba's Container Registry. Alibaba's STS makes temporary keys for it, and so do an instance
//! metadata service and a credentials URI. Both clouds share the port; the request itself shows whose it is.
//! A request is authenticated as the vendor would (signature, date, nonce, token), its parameters
//! are checked against the spec, and a refusal has the vendor's status and body.
//!
//! Huawei's metadata service of an instance is there, too: it hands out temporary keys, as IAM does
//! for a token. Every temporary key is accepted until it ends.
//!
//! Routes, bounds and the objects of the vendors' own examples are read from the specs at start.
//! Beside them stands a fleet of invented tasks, large enough to page through; [`world`] names what
//! is where.
//!
//! **Architecture invariant:** this crate imports none of the clients. Signatures, encoding and
//! paging are written here a second time, so that a client's mistake cannot hide in shared code.
//!
//! # What calls and pushes change
//!
//! Alibaba's side keeps what it is told. [`Sandbox::push`] puts an image into the fleet's instance
//! and sets off the rules that run on a push; tasks go through their states by the [`Clock`], as
//! [`Sandbox::decide`] and [`Sandbox::set_pace`] plan it, and what they copy is then at its
//! destination. The fleet's own tasks stay as they are until they are cancelled. Lifecycle rules are
//! kept and never run.
//!
//! # What it does not do
//!
//! It is a sandbox, not an emulator. It holds no bytes of images, knows no permissions
//! beyond "this project or not", throttles nobody, and speaks plain HTTP only. Where a
//! vendor's page is silent (many error codes, the order of records) the answer is invented, and the
//! code says so.
//!
//! ```no_run
//! # async fn run() -> Result<(), registry_sandbox::StartError> {
//! use registry_sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! let account = &sandbox.accounts().huaweicloud_swr;
//! assert_eq!(account.endpoint, sandbox.endpoint());
//! # Ok(())
//! # }
//! ```

mod accounts;
mod alibabacloud;
mod clock;
mod course;
mod digest;
mod encoding;
mod fleet;
mod huaweicloud;
mod message;
mod parameters;
mod plans;
mod push;
mod received;
mod route;
mod rule;
mod sandbox;
mod server;
mod spec;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
pub mod verify;
pub mod world;

pub use accounts::{Accounts, AlibabacloudAccount, HuaweicloudAccount};
pub use alibabacloud::MetadataAccess;
pub use clock::Clock;
pub use course::{Outcome, Pace, RETRIES};
pub use push::PushError;
pub use received::Received;
pub use sandbox::{Options, Sandbox, StartError};
