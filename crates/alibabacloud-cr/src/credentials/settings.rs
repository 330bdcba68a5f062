//! What the sources of a chain get from outside.

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

/// Where the sources of [`Credentials::default_chain`] look, and whom they ask.
///
/// The default is this process: its variables and files, and the vendor's services.
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
    /// Where variables and files are.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Where the time of calls to STS comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where the chance in calls to STS comes from.
    pub fn chance(mut self, chance: Arc<dyn Chance>) -> Self {
        self.chance = chance;
        self
    }

    /// Sets proxy and certificates for calls to STS.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }

    /// URL of the instance's metadata service.
    pub fn metadata_endpoint(mut self, url: impl Into<String>) -> Self {
        self.metadata = url.into().trim_end_matches('/').to_owned();
        self
    }

    /// URL of STS, whatever variables and profiles say.
    pub fn sts_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sts = Some(url.into());
        self
    }

    /// The sources, in the order of the vendor's SDKs, to make a chain of one's own.
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
