//! Tells whether a container image has been replicated to its destinations, and if not, why.
//!
//! This deploy gate waits until an image that was pushed in one region has arrived in another. Then
//! it deploys the image, or tells why the image will never arrive.
//!
//! ```
//! use std::time::Duration;
//!
//! use registry_replication::{Registry, Verdict, WaitError, alibabacloud};
//! # use registry_replication::Polling;
//! # use registry_sandbox::{Options, Pace, Sandbox, world};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = Sandbox::start(Options::default()).await?;
//! # let account = &world::alibabacloud::account(sandbox.endpoint());
//! # let moment = Duration::from_millis(40).try_into()?;
//! # sandbox.set_pace(Pace::new(moment, moment, moment));
//! # let key = (&account.access_key_id, account.access_key_secret.as_str());
//!
//! let registry = alibabacloud::AlibabaCr::builder()
//!     .region("cn-hangzhou")
//!     .instance("cri-fleet0000000001")
//! #   .endpoint(&account.endpoint)
//! #   .credentials(alibabacloud::Credentials::new(key.0, key.1))
//!     .build()
//!     .await?;
//! # let source = world::alibabacloud::REGISTRY;
//! # let push = || sandbox.push(source, "team/api", "v44", "what was built");
//! let digest = push()?;
//! let gate = registry.arrival("team/api:v44").to("cn-shanghai").digest(&digest);
//! # let gate = gate.polling(Polling::new(Duration::from_millis(20), Duration::from_secs(1)));
//! match gate.wait(Duration::from_secs(15 * 60)).await {
//!     Ok(report) => println!("{} has arrived after {} polls: deploy", report.image, report.polls),
//!     Err(WaitError::NotArrived(report)) if report.verdict == Verdict::NoRule => {
//!         println!("it will never arrive: {}", report.destinations[0].reasons[0]);
//!     }
//!     Err(error) => return Err(error.into()),
//! }
//! # let elsewhere = registry.arrival("team/api:v44").to("eu-central-1").check().await?;
//! # assert_eq!(elsewhere.verdict, Verdict::NoRule);
//! # assert_eq!(gate.check().await?.verdict, Verdict::Arrived);
//! # Ok(())
//! # }
//! ```
//!
//! [`Arrival`] documents what counts as arrived and which calls a poll sends. A [`Verdict`] is the
//! answer for a destination, and [`Reason`]s name what to change. A [`Wait`] is also a stream of
//! [`Report`]s. All waits of one registry share their polls.
//!
//! # One model
//!
//! [`Task`] and [`Rule`] are the same types for all providers, and keep the vendor's own answer.
//! [`providers`] lists the providers with their settings and features, and [`connect`](connect())
//! makes a [`Registry`], the trait of all of them. Each vendor's module has a builder and the
//! vendor's own methods. Listings are streams that fetch their pages as they are read. [`oci`] asks a
//! destination's registry itself.
//!
//! ```no_run
//! use futures_util::TryStreamExt;
//! use registry_replication::{Error, alibabacloud};
//!
//! # async fn example() -> Result<(), Error> {
//! let registry = alibabacloud::AlibabaCr::builder()
//!     .region("cn-hangzhou")
//!     .instance("cri-kmsiwlxxdcva0001")
//!     .build()
//!     .await?;
//! let query = alibabacloud::TaskQuery::default().image("team/api:v42");
//! let mut tasks = std::pin::pin!(registry.tasks(query).by_item());
//! while let Some(task) = tasks.try_next().await? {
//!     println!("{} {}", task.id, task.state);
//! }
//! # Ok(())
//! # }
//! ```

// A build with some of the providers leaves parts of the shared mechanisms unused.
#![cfg_attr(
    not(feature = "all-providers"),
    allow(dead_code, unused_imports, unused_macros)
)]

pub mod api;
mod arrival;
mod completion;
mod connect;
mod coverage;
mod doctor;
mod failed_polls;
#[cfg(feature = "test-util")]
mod fake;
mod lag;
mod listing;
mod model;
pub mod oci;
mod order;
mod pager;
mod place;
mod plan;
mod provider;
mod providers;
mod registry;
mod repeat;
mod settings;
pub mod suggest;
mod task_rules;

pub use arrival::{
    Arrival, Basis, Coverage, Covered, Destination, DestinationReport, Evidence, EvidenceOrigin,
    Polling, Reason, ReasonKind, Report, Trouble, Verdict, Wait, WaitError,
};
pub use completion::{
    Completion, CompletionError, CompletionReport, CompletionVerdict, RunningWork,
};
pub use connect::Settings;
pub use coverage::{CoverageScope, ImageCoverage};
pub use doctor::{Checkup, Finding, FindingState, Findings};
pub use lag::{Lag, LagFollower, LagMeasurement, LagQuery, LagSummary, UsualTimes};
pub use listing::Listing;
pub use model::{
    Artifact, Execution, ExecutionRef, FilterOn, FilterSyntax, ImageName, ImageRef, ImageReference,
    InvalidImage, ListedRepository, ListedTag, Provider, ReplacedParts, RetentionCounts, Rule,
    RuleFilter, RuleRef, RuleTrigger, Subtask, Task, TaskCounts, TaskKind, TaskRef, TaskState,
    Trigger, UnfitReference, VendorAnswer,
};
pub use openapi_transport::Dialect;
#[cfg(feature = "test-util")]
pub mod testing {
    //! A manual clock and a registry in memory, for tests.

    pub use crate::fake::{FakeRegistry, FakeRule, FakeWork};
    pub use openapi_transport::testing::*;
}
pub use openapi_transport::{
    Chain, Chance, Clock, ConnectionFault, Context, ContextBuilder, CredentialAttempt, Error,
    ErrorKind, HttpSettings, Lease, Proxy, RateLimit, RetryPolicy, Secret, Source, SourceError,
    Surroundings, SystemClock, Timestamp, read_file,
};
pub use pager::{Page, PageToken, UnfitPageToken};
pub use plan::{Plan, Started, StartedCopy};
pub use provider::{
    Cloud, Decoder, Descriptor, Feature, Form, Offered, Offers, Setting, Windows, clouds, connect,
    providers,
};
pub use providers::*;
pub use registry::{Registry, RunOptions, StopOutcome, StopTarget, TaskScope};
pub use repeat::{FailedCopy, Repeat};
pub use task_rules::TaskRules;
