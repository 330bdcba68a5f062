//! Huawei Cloud SWR and Alibaba Cloud Container Registry on loopback, for tests and trials.
//!
//! [`Sandbox::start`] binds a loopback port and answers the calls that `specs/` describe: those of
//! SWR, in both editions, the IAM and STS calls they lean on, and those of Alibaba's Container
//! Registry. Alibaba's STS makes temporary keys for it, and so do an instance metadata service and
//! a credentials URI. Both clouds share the port; the request itself shows whose it is. A request is
//! authenticated as the vendor would (signature, date, nonce, token), its parameters and its JSON
//! body are checked against the spec, and a refusal has the vendor's status and body.
//!
//! Huawei's metadata service of an instance is there, too: it hands out temporary keys, as IAM does
//! for a token. Every temporary key is accepted until it ends.
//!
//! Routes, bounds and the objects of the vendors' own examples are read from the specs at start.
//! Beside them stands a fleet of invented tasks, large enough to page through, and the
//! repositories and policies around it; [`world`] names what is where.
//!
//! **Architecture invariant:** this crate imports none of the clients. Signatures, encoding and
//! paging are written here a second time, so that a client's mistake cannot hide in shared code.
//!
//! # What calls and pushes change
//!
//! Both sides keep what they are told, and [`Sandbox::push`] puts an image into a registry as docker
//! would. Tasks go through their states by the [`Clock`], as [`Sandbox::decide`] and
//! [`Sandbox::set_pace`] plan it, retries included, and what they copy is then at its destination
//! with the digest that its tag had when the attempt began. An attempt that finds nothing to copy
//! when it begins fails, and the next one may find something; that the registries try it again is
//! made. Nothing ticks: what has come of work is worked out when somebody looks.
//!
//! On the side of Huawei Cloud, a replication policy makes a task for each repository and a subtask
//! for each tag that its filters match. It runs on execute, and on a push if it is event-based and
//! enabled; a scheduled one is kept and does not run by itself. Its target registry can be
//! [`world::HUAWEICLOUD_TARGET_INSTANCE_ID`], where all reads then show what has arrived; of any
//! other registry this world sees no more than the tasks. Retention policies of the Enterprise
//! edition count and delete by latestPushedK, latestPulledN, nDaysSinceLastPush and
//! nDaysSinceLastPull, when they are executed. In the Basic edition a rule makes a job for each tag
//! that is pushed, and retention is applied when it is made or changed and when an image is pushed,
//! not as time goes by. The fleet's own tasks and the examples' stay as they are until they are
//! stopped. What [`Sandbox::decide`] calls a destination is the target registry's name in the
//! Enterprise edition, and the region in the Basic edition.
//!
//! On Alibaba's side, what is pushed to the fleet's instance sets off the rules that run on a push.
//! The fleet's own tasks stay as they are until they are cancelled. Lifecycle rules are kept and
//! never run.
//!
//! # The truth, and what disturbs it
//!
//! [`Sandbox::holds`] says what is where, whatever the calls tell, in each registry that there is:
//! [`world::Place`]. [`Sandbox::forget`] loses an image, at a source or at a destination;
//! [`Sandbox::purge_tasks`] takes old records out of the listings; [`Sandbox::on_request`] does
//! either, or anything else, between two calls, such as the pages of one listing; and
//! [`Pace::with_lag`] lets the record of an execution tell late that its tasks have ended. All of
//! them are made, after what is known of such registries.
//!
//! # The registry's own side
//!
//! [`Sandbox::registry`] serves the read half of the OCI distribution API for one of these
//! registries at a port of its own, so that a client can prove at the destination that an image is
//! there: `HEAD` and `GET` of manifests, with the logins that the vendors' calls hand out or their
//! pages describe. What was pushed is kept, so that `GET` answers bytes that have the digest; they
//! are what [`Sandbox::push`] was given, and no manifest in form.
//!
//! # What it does not do
//!
//! It is a sandbox, not an emulator. It holds no layers of images, takes no pushes over HTTP and
//! scans nothing, knows no permissions beyond "this project or not" and no quotas, throttles nobody, and speaks plain HTTP
//! only. Instances, namespaces, repositories and tags of Huawei Cloud are read, and made by pushes
//! and copies alone. Where a vendor's page is silent (many error codes, the order of records) the
//! answer is invented, and the code says so.
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
mod body;
mod clock;
mod contents;
mod course;
mod digest;
mod encoding;
mod fleet;
mod generated;
mod hook;
mod huaweicloud;
mod message;
mod parameters;
mod past;
mod place;
mod plans;
mod push;
mod received;
mod registry;
mod route;
mod rule;
mod sandbox;
mod server;
mod spec;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod truth;
pub mod verify;
pub mod world;

pub use accounts::{Accounts, AlibabacloudAccount, HuaweicloudAccount};
pub use alibabacloud::MetadataAccess;
pub use clock::Clock;
pub use course::{Outcome, Pace, RETRIES};
pub use hook::OutgoingAnswer;
pub use push::PushError;
pub use received::Received;
pub use registry::RegistryEndpoint;
pub use sandbox::{Options, Sandbox, StartError};
