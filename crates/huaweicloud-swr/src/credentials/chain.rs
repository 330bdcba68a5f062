//! The order in which the vendor's SDKs look for credentials.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::{Chain, Clock, HttpSettings, Surroundings, SystemClock};

use super::{Credentials, Environment, Metadata, Oidc, Profile};

/// Where every instance finds its metadata service.
const METADATA: &str = "http://169.254.169.254";

/// As the vendor's SDKs do: 40 minutes.
const RENEWED_AHEAD: Duration = Duration::from_secs(40 * 60);

/// Where the sources of [`Credentials::default_chain`] look.
#[derive(Clone, Debug)]
pub struct ChainSettings {
    pub(super) surroundings: Surroundings,
    pub(super) region: Option<String>,
    pub(super) metadata_endpoint: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) http: HttpSettings,
}

impl ChainSettings {
    /// The variables, home directory and clock of this process; IAM is asked at its global
    /// endpoint unless a [`region`](Self::region) is given.
    pub fn of_process() -> Self {
        Self {
            surroundings: Surroundings::of_process(),
            region: None,
            metadata_endpoint: METADATA.to_owned(),
            clock: Arc::new(SystemClock),
            http: HttpSettings::default(),
        }
    }

    /// Reads these variables, and the files of this home directory.
    pub fn surroundings(mut self, surroundings: Surroundings) -> Self {
        self.surroundings = surroundings;
        self
    }

    /// Asks IAM in this region, unless `HUAWEICLOUD_SDK_IAM_ENDPOINT` or the profile say where.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Asks a metadata service at this URL.
    pub fn metadata_endpoint(mut self, url: impl AsRef<str>) -> Self {
        self.metadata_endpoint = url.as_ref().trim_end_matches('/').to_owned();
        self
    }

    /// Takes the time for calls to IAM from this clock.
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
    /// Looks for credentials where the vendor's SDKs look, in their order: [`Oidc`],
    /// [`Environment`], [`Profile`], [`Metadata`]. Temporary keys are renewed 40 minutes ahead of
    /// their end.
    ///
    /// Two ways of the newest SDKs are not among them: OpenID Connect over STS v5
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
