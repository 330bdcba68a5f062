//! Default credential chain, in the order of the vendor's SDKs.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{Chain, Clock, HttpSettings, Surroundings, SystemClock};

use super::{Credentials, Environment, Metadata, Oidc, Profile};

/// URL of the metadata service on every instance.
const METADATA: &str = "http://169.254.169.254";

/// How long before their expiry credentials are renewed: 40 minutes, as in the vendor's SDKs.
const RENEWED_AHEAD: Duration = Duration::from_secs(40 * 60);

/// Settings of [`Credentials::default_chain`].
#[derive(Clone, Debug)]
pub struct ChainSettings {
    pub(super) surroundings: Surroundings,
    pub(super) region: Option<String>,
    pub(super) metadata_endpoint: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) http: HttpSettings,
}

impl ChainSettings {
    /// Uses the variables, home directory and clock of this process, and the global endpoint of
    /// IAM. [`region`](Self::region) sets another endpoint.
    pub fn of_process() -> Self {
        Self {
            surroundings: Surroundings::of_process(),
            region: None,
            metadata_endpoint: METADATA.to_owned(),
            clock: Arc::new(SystemClock),
            http: HttpSettings::default(),
        }
    }

    /// Sets the variables and the home directory.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Calls IAM in this region. `HUAWEICLOUD_SDK_IAM_ENDPOINT` and the profile take precedence.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Sets the URL of the metadata service.
    pub fn metadata_endpoint(mut self, url: impl AsRef<str>) -> Self {
        self.metadata_endpoint = url.as_ref().trim_end_matches('/').to_owned();
        self
    }

    /// Sets the clock for calls to IAM.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets proxy and certificates for calls to IAM.
    pub fn http(mut self, settings: HttpSettings) -> Self {
        self.http = settings;
        self
    }
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self::of_process()
    }
}

impl Credentials {
    /// Makes a chain of the sources of the vendor's SDKs, in their order: [`Oidc`],
    /// [`Environment`], [`Profile`], [`Metadata`]. The chain renews temporary keys 40 minutes before
    /// their expiry.
    ///
    /// It does not support two sources of the newest SDKs: OpenID Connect over STS v5
    /// (`HUAWEICLOUD_OIDC_…`) and pod identities (`HC_CONTAINER_…`).
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use huaweicloud_swr::{ChainSettings, Credentials, Huaweicloud};
    ///
    /// let settings = ChainSettings::of_process().region("cn-north-4");
    /// let chain = Arc::new(Credentials::default_chain(&settings));
    /// let dialect = Huaweicloud::with_chain(chain);
    /// ```
    pub fn default_chain(settings: &ChainSettings) -> Chain<Self> {
        Chain::new(vec![
            Arc::new(Oidc::new(settings)),
            Arc::new(Environment::new(settings.surroundings.clone())),
            Arc::new(Profile::new(settings)),
            Arc::new(Metadata::new(settings)),
        ])
        .renewed_ahead(RENEWED_AHEAD)
    }
}
