//! Settings of the default credential chain.

use std::sync::Arc;

use openapi_transport::{
    Chance, Clock, HttpSettings, Source, Surroundings, SystemChance, SystemClock,
};

use super::Credentials;
use super::cli_profile::CliProfile;
use super::ecs::EcsMetadata;
use super::environment::Environment;
use super::ini_profile::IniProfile;
use super::oidc::Oidc;
use super::uri::CredentialsUri;

/// Settings of [`Credentials::default_chain`]: variables, files and services that its sources use.
///
/// The default is the variables and files of this process, and the vendor's services.
#[derive(Clone, Debug)]
pub struct ChainSettings {
    pub(super) surroundings: Surroundings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) http: HttpSettings,
    pub(super) metadata: String,
    pub(super) sts: Option<String>,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            surroundings: Surroundings::of_process(),
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            http: HttpSettings::default(),
            metadata: "http://100.100.100.200".to_owned(),
            sts: None,
        }
    }
}

impl ChainSettings {
    /// Sets the variables and the home directory.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Sets the clock for calls to STS.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the source of chance for calls to STS.
    pub fn chance(mut self, chance: Arc<dyn Chance>) -> Self {
        self.chance = chance;
        self
    }

    /// Sets proxy and certificates for calls to STS.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }

    /// Sets the URL of the instance's metadata service.
    pub fn metadata_endpoint(mut self, url: impl Into<String>) -> Self {
        self.metadata = url.into().trim_end_matches('/').to_owned();
        self
    }

    /// Sets the URL of STS, and ignores variables and profiles.
    pub fn sts_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sts = Some(url.into());
        self
    }

    /// Returns the sources in the order of the vendor's SDKs, for a custom chain.
    pub fn sources(&self) -> Vec<Arc<dyn Source<Credentials>>> {
        vec![
            Arc::new(Environment(self.surroundings.clone())),
            Arc::new(Oidc(self.clone())),
            Arc::new(CliProfile(self.clone())),
            Arc::new(IniProfile(self.clone())),
            Arc::new(EcsMetadata(self.clone())),
            Arc::new(CredentialsUri(self.surroundings.clone())),
        ]
    }
}
