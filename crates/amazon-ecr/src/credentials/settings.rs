//! Settings of the default credential chain.

use std::sync::Arc;

use openapi_transport::{
    Chance, Clock, HttpSettings, Source, SourceError, Surroundings, SystemChance, SystemClock,
};

use super::Credentials;
use super::container::Container;
use super::environment::Environment;
use super::metadata::InstanceMetadata;
use super::profile::Profile;
use super::web_identity::WebIdentity;
use crate::profile::{ProfileName, Profiles};
use crate::region::Location;

/// Settings of [`Credentials::default_chain`]: variables, files and services that its sources use.
///
/// The default is the variables and files of this process, and the vendor's services.
///
/// ```
/// use amazon_ecr::{ChainSettings, Credentials};
///
/// let settings = ChainSettings::default().profile("deploy").region("eu-central-1");
/// let chain = Credentials::default_chain(&settings);
/// ```
#[derive(Clone, Debug)]
pub struct ChainSettings {
    pub(super) surroundings: Surroundings,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) chance: Arc<dyn Chance>,
    pub(super) http: HttpSettings,
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    pub(super) metadata: Option<String>,
    pub(super) container: String,
    pub(super) sts: Option<String>,
    pub(super) sso: Option<String>,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            surroundings: Surroundings::of_process(),
            clock: Arc::new(SystemClock),
            chance: Arc::new(SystemChance),
            http: HttpSettings::default(),
            profile: None,
            region: None,
            metadata: None,
            container: "http://169.254.170.2".to_owned(),
            sts: None,
            sso: None,
        }
    }
}

impl ChainSettings {
    /// Sets the variables and the home directory.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Sets the clock for calls to services.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the source of chance for calls to services.
    pub fn chance(mut self, chance: Arc<dyn Chance>) -> Self {
        self.chance = chance;
        self
    }

    /// Sets proxy and certificates for calls to services. Metadata services use no proxy.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }

    /// Chooses a profile. The key in environment variables is then not used. [default: the one that
    /// `AWS_PROFILE` names, or else `default`]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Sets the region of STS. [default: the one that variables or the profile set]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the URL of the instance's metadata service, and ignores variables and profiles.
    pub fn metadata_endpoint(mut self, url: impl Into<String>) -> Self {
        self.metadata = Some(url.into().trim_end_matches('/').to_owned());
        self
    }

    /// Sets the URL of the agent for containers. [default: that of ECS]
    pub fn container_endpoint(mut self, url: impl Into<String>) -> Self {
        self.container = url.into().trim_end_matches('/').to_owned();
        self
    }

    /// Sets the URL of STS, and ignores variables and profiles.
    pub fn sts_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sts = Some(url.into());
        self
    }

    /// Sets the URL of the portal of the single sign-on.
    pub fn sso_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sso = Some(url.into());
        self
    }

    /// Returns the sources in the order of the vendor's SDKs, for a custom chain.
    pub fn sources(&self) -> Vec<Arc<dyn Source<Credentials>>> {
        let mut sources: Vec<Arc<dyn Source<Credentials>>> = Vec::new();
        if self.profile.is_none() {
            sources.push(Arc::new(Environment(self.surroundings.clone())));
        }
        sources.push(Arc::new(Profile(self.clone())));
        sources.push(Arc::new(WebIdentity(self.clone())));
        sources.push(Arc::new(Container(self.clone())));
        sources.push(Arc::new(InstanceMetadata(self.clone())));
        sources
    }

    pub(super) fn profile_name(&self) -> ProfileName {
        ProfileName::find(self.profile.as_deref(), &self.surroundings)
    }

    /// Returns region and endpoints. Broken files count as empty, because the source for profiles
    /// reports them.
    pub(super) async fn location(&self) -> Result<Location, SourceError> {
        let profiles = Profiles::load(&self.surroundings).await.unwrap_or_default();
        let profile = profiles.get(&self.profile_name().name);
        let location = Location::of(&self.surroundings, &profiles, profile);
        Ok(location.in_region(self.region.as_deref()))
    }
}
