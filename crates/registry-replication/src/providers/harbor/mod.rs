//! Harbor, the open-source registry. [`client`] is the generated client.
//!
//! # Calls
//!
//! | method | calls |
//! |---|---|
//! | `rules_of` | `listReplicationPolicies`; then `listProjects`, and `getRetention` for each project with a retention policy |
//! | `executions_of` | `listReplicationExecutions`, `listRetentionExecutions` |
//! | `tasks_of` | `listReplicationTasks`, `listRetentionTasks` |
//! | `subtasks_of` | `getReplicationLog` |
//! | `log_of` | `getReplicationLog`, `getRetentionTaskLog` |
//! | `repositories_in` | `listAllRepositories`, `listRepositories` |
//! | `tags_of` | `listArtifacts` |
//! | `run` | `startReplication`, `triggerRetentionExecution` |
//! | `stop` | `stopReplication`, `operateRetentionExecution` |
//! | arrivals | `listReplicationPolicies`, `listReplicationExecutions`, `listReplicationTasks`, `getReplicationLog`, and without the log `ListWebhookPoliciesOfProject` and `ListWebhookJobs`; for the source's tag `getArtifact`; to explain `getSystemInfo` |
//!
//! # What a task shows
//!
//! A task of Harbor names its repository, and neither tags nor digests. Its log names the tags, for a day
//! unless Harbor is configured otherwise. Without the log, a task may be about any tag, so it can neither
//! prove an arrival nor a failure. Then only the destination itself can.

mod deliveries;
mod descriptor;
mod docker_login;
mod doctor;
mod executions;
mod hindrances;
mod images;
mod known;
mod log;
mod look;
mod operate;
mod retention;
mod rules;
mod runs;
mod subtasks;
mod tasks;

use std::fmt;
use std::sync::Arc;

/// The generated client and what goes with it.
pub use ::harbor as client;
use ::harbor::{ChainSettings, endpoints, harbor as api};
pub use ::harbor::{Credentials, Login};
use openapi_transport::{Caller, Chain, ContextBuilder, Error, Surroundings};

pub use descriptor::{DESCRIPTOR, PROVIDER};

use crate::arrival::read::Kept;
use crate::arrival::watch::Watch;
use crate::settings::{Settings, common_settings};
use deliveries::Deliveries;
use docker_login::DockerLogin;
use runs::Runs;

/// A Harbor.
#[derive(Clone)]
pub struct HarborRegistry {
    client: api::Client,
    watch: Watch,
    rules_read: Kept<look::RulesRead>,
    runs: Runs,
    deliveries: Deliveries,
}

impl fmt::Debug for HarborRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HarborRegistry")
            .field("endpoint", &api::ClientInfo::inner(&self.client).endpoint())
            .finish_non_exhaustive()
    }
}

/// Settings of a [`HarborRegistry`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Makes the registry. Sends nothing.
    ///
    /// Without an endpoint, it is the URL in `HARBOR_URL`, or that of the current credential in the
    /// configuration of harbor-cli. Without credentials, those of
    /// [`Credentials::default_chain`] count that are for this URL, and after them the login that docker or
    /// podman has stored for its host.
    ///
    /// # Errors
    /// When no URL is known, or when it is invalid.
    pub async fn build(mut self) -> Result<HarborRegistry, Error> {
        let around = Surroundings::of_process();
        let endpoint = endpoint(self.settings.endpoint.clone(), &around).await?;
        let context = self.settings.begin(endpoint.clone());
        let caller = self.settings.caller.take();
        let dialect = dialect(caller, &endpoint, &around);
        Ok(HarborRegistry {
            client: api::Client::new(context.dialect(Arc::new(dialect)).build()?),
            watch: Watch::default(),
            rules_read: Kept::default(),
            runs: Runs::default(),
            deliveries: Deliveries::default(),
        })
    }
}

impl HarborRegistry {
    /// Begins a registry.
    ///
    /// ```no_run
    /// use registry_replication::Registry;
    /// use registry_replication::harbor::{HarborRegistry, Login};
    ///
    /// # async fn example() -> Result<(), registry_replication::Error> {
    /// let registry = HarborRegistry::builder()
    ///     .endpoint("https://registry.example")
    ///     .credentials(Login::new("robot$copy", "secret"))
    ///     .build()
    ///     .await?;
    /// println!("{}", registry.arrival("team/api:v42").check().await?.verdict);
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the generated client.
    pub fn client(&self) -> &api::Client {
        &self.client
    }
}

/// Returns the URL that is set, or that the surroundings name.
async fn endpoint(set: Option<String>, around: &Surroundings) -> Result<String, Error> {
    match set {
        Some(url) => endpoints::of(&url),
        None => endpoints::find(around)
            .await
            .map_err(|why| Error::configuration(format!("missing URL of Harbor: {why}"))),
    }
}

/// Returns the dialect of a caller. The default is the chain of sources for this URL.
fn dialect(
    caller: Option<Caller<Credentials>>,
    endpoint: &str,
    around: &Surroundings,
) -> ::harbor::Harbor {
    ::harbor::Harbor::of(caller.unwrap_or_else(|| {
        let chain = ChainSettings::new(endpoint).surroundings(around.clone());
        let mut sources = chain.sources();
        if let Some(host) = rules::host(endpoint) {
            sources.push(Arc::new(DockerLogin::new(&host, around.clone())));
        }
        Caller::Chain(Arc::new(Chain::new(sources)))
    }))
}

/// Allows what the settings of a connection allow.
fn allowing(context: ContextBuilder, plain_http: bool) -> ContextBuilder {
    match plain_http {
        true => context.allow_plain_http(),
        false => context,
    }
}

/// Reads an id, which is a number.
fn number(what: &str, id: &str) -> Result<i64, Error> {
    crate::providers::ids::number("Harbor", what, id)
}

/// Returns the total that an answer's headers name.
fn total(headers: &reqwest::header::HeaderMap) -> Option<u64> {
    let total = headers.get("x-total-count")?;
    total.to_str().ok()?.trim().parse().ok()
}
