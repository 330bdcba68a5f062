//! Container registry services of several clouds on loopback, for tests and trials.
//!
//! [`Sandbox::start`] binds a loopback port and answers the calls that the specs describe. The clouds
//! share the port; each request shows its cloud. The sandbox authenticates a request as the vendor
//! does (signature, date, nonce, token). It checks parameters and JSON bodies against the spec, and
//! refuses with the vendor's status and body. Services that hand out temporary keys exist too, and
//! every temporary key is accepted until it ends.
//!
//! Routes, bounds and the objects of the vendors' own examples come from the specs. A fleet of
//! invented tasks, large enough to page through, is added, with the repositories and policies around
//! it. [`world`] names what is where.
//!
//! **Architecture invariant:** this crate imports none of the clients. It has its own code for
//! signatures, encoding and paging, so that shared code cannot hide a client's mistake.
//!
//! # What calls and pushes change
//!
//! Every cloud keeps what it is told. [`Sandbox::push`] puts an image into a registry as docker would.
//! Tasks go through their states by the [`Clock`], as [`Sandbox::decide`] and [`Sandbox::set_pace`]
//! plan it, retries included. The copy is then at its destination, with the digest that its tag had
//! when the attempt began. An attempt that finds nothing to copy when it begins fails, and the next
//! one may find something. That registries retry then is invented. Nothing ticks: the sandbox works
//! out the result of work when a call looks at it.
//!
//! The modules of the clouds in [`world`] tell which rules run when, and how their registries are
//! named. Tasks of the fleet and of the examples stay as they are until a call stops them.
//!
//! # The truth, and what disturbs it
//!
//! [`Sandbox::holds`] tells what is in each registry ([`world::Place`]), whatever the calls tell.
//! [`Sandbox::forget`] loses an image at a source or a destination. [`Sandbox::purge_tasks`] removes
//! old records from the listings. [`Sandbox::on_request`] runs code between two calls, such as those
//! for the pages of one listing. [`Pace::with_lag`] delays the record of an execution behind its
//! tasks. These disturbances are invented, after what is known of such registries.
//!
//! # A registry's own port
//!
//! [`Sandbox::registry`] serves the read half of the OCI distribution API for one registry at a port
//! of its own, so that a client can prove that an image is at the destination: manifests, blobs, tags,
//! repositories and referrers, with the logins that the vendors' calls hand out or their pages
//! describe. The sandbox keeps what was pushed, up to 64 MiB, so that `GET` returns bytes that have the
//! digest. They are the text that [`Sandbox::push`] was given, which need not be a manifest in form, or
//! the image of [`Sandbox::push_image`].
//!
//! # A sandbox for other processes
//!
//! `GET /health` at the sandbox's own port tells that it is ready. [`control`] describes an API that
//! changes the sandbox from another process. [`Fault`]s spoil answers, so that users can test their own
//! programs. [`Options::remote`] serves other machines.
//!
//! # Limits
//!
//! This is a sandbox, not an emulator. It holds no files, takes no pushes over the distribution API and
//! scans nothing. It has no quotas, no throttling, and no permissions except "this project or not". It
//! speaks plain HTTP only. Instances, namespaces, repositories and tags can be read, and only pushes
//! and copies create them. Where a vendor's page is silent (many error codes, the
//! order of records), the answer is invented, and the code says so.
//!
//! ```no_run
//! # async fn run() -> Result<(), registry_sandbox::StartError> {
//! use registry_sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! // A provider that the sandbox has, or its cloud.
//! # let name = "none";
//! if let Some(settings) = sandbox.settings(name) {
//!     assert_eq!(settings.values["endpoint"], sandbox.endpoint());
//! }
//! # Ok(())
//! # }
//! ```

mod accounts;
mod body;
mod clock;
mod contents;
pub mod control;
mod course;
mod digest;
mod encoding;
mod entrance;
mod faults;
mod fleet;

mod generated;
mod hook;
mod image;
mod later;
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
mod secrets;
mod server;
mod side;
mod sides;
mod spec;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod truth;
pub mod verify;
pub mod world;

pub use accounts::{Account, Accounts, Settings};
pub use clock::Clock;
pub use course::{Outcome, Pace, RETRIES};
pub use faults::{Fault, FaultAction, FaultError};
pub use hook::OutgoingAnswer;
pub use push::PushError;
pub use received::Received;
pub use registry::RegistryEndpoint;
pub use sandbox::{Options, Sandbox, StartError};
