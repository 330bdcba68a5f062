//! Huawei Cloud SWR, Enterprise edition.
//!
//! # Calls
//!
//! | method | calls |
//! |---|---|
//! | `rules_of` | `ListInstanceReplicationPolicies`, then `ListInstanceRetentionPolicies`; for the names of target registries `ListInstanceRegistries` |
//! | `executions_of` | `ListInstanceReplicationPolicyExecutions`, `ListInstanceRetentionPolicyExecutions` |
//! | `tasks_of` | `ListInstanceReplicationPolicyExecTasks`, `ListInstanceRetentionPolicyExecTasks` |
//! | `subtasks_of` | `ListInstanceReplicationPolicyExecSubTasks`, `ListInstanceRetentionPolicyExecSubTasks` |
//! | `repositories_in` | `ListInstanceRepositories`, `ListNamespaceRepositories` |
//! | `tags_of` | `ListInstanceTags` |
//! | `run` | `ExecuteInstanceReplicationPolicy`, `ExecuteInstanceRetentionPolicy` |
//! | `stop` | `StopInstanceReplicationPolicyExecution` |
//! | `hosts` | `ShowInstance` |
//! | arrivals | `ListInstanceReplicationPolicies`, `ListInstanceRegistries`, `ListInstanceReplicationPolicyExecutions`, and the tasks and subtasks of executions that concern the image; for the source's tag `ShowInstanceArtifact` |
//!
//! An arrival without a start time inspects the last 200 executions.

mod descriptor;
mod executions;
mod images;
mod known;
mod look;
mod operate;
mod rules;
mod runs;
mod subtasks;
mod targets;
mod tasks;

use huaweicloud_swr::swr;
use openapi_transport::Error;

pub use descriptor::{DESCRIPTOR, PROVIDER};

use super::Credentials;
use crate::arrival::read::Kept;
use crate::arrival::watch::Watch;
use crate::providers::ids;
use crate::settings::{Settings, common_settings};
use runs::Runs;

/// An instance of the Enterprise edition.
#[derive(Clone, Debug)]
pub struct SwrEnterprise {
    client: swr::Client,
    project_id: String,
    instance: String,
    watch: Watch,
    rules_read: Kept<look::RulesRead>,
    runs: Runs,
}

/// Settings of a [`SwrEnterprise`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
    project_id: Option<String>,
    iam_endpoint: Option<String>,
    instance: Option<String>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Sets the id of the project, which is the region's part of the account. [default: the project
    /// of the credentials, else the region's project in IAM]
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// Sets the URL of IAM for the lookup of the project id. [default: the region's]
    pub fn iam_endpoint(mut self, url: impl Into<String>) -> Self {
        self.iam_endpoint = Some(url.into());
        self
    }

    /// Sets the id of the instance.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Makes the registry. Sends calls only to look up the project id.
    ///
    /// # Errors
    /// When region and endpoint or instance are missing, or when the project id is missing and cannot
    /// be looked up. Names the missing setting.
    pub async fn build(self) -> Result<SwrEnterprise, Error> {
        let mut settings = self.settings;
        let instance = self
            .instance
            .ok_or_else(|| Error::missing_setting(&["instance"]))?;
        let endpoint = super::endpoint(&settings)?;
        let context = settings.begin(endpoint);
        let provider = super::dialect(&mut settings, &context);
        let project_id = match self.project_id {
            Some(id) => id,
            None => {
                let iam = self.iam_endpoint;
                super::project_id(settings.region, iam, context.clone(), &provider).await?
            }
        };
        let provider = provider.project_id(&project_id);
        Ok(SwrEnterprise {
            client: super::client(context, provider)?,
            project_id,
            instance,
            watch: Watch::default(),
            rules_read: Kept::default(),
            runs: Runs::default(),
        })
    }
}

impl SwrEnterprise {
    /// Begins a registry.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the generated client.
    pub fn client(&self) -> &swr::Client {
        &self.client
    }
}

/// Reads an id, which is a number.
fn number(what: &str, id: &str) -> Result<i64, Error> {
    ids::number("Huawei Cloud", what, id)
}
