//! Credentials of Amazon Web Services.

mod calls;
mod container;
mod environment;
mod fields;
mod metadata;
mod process;
mod profile;
mod settings;
mod sso;
mod sts;
mod web_identity;

use openapi_transport::{Chain, Error, Secret};

pub use settings::ChainSettings;

/// Access key, with the session token of a temporary one.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) session_token: Option<Secret>,
}

impl Credentials {
    /// Makes credentials of an access key id and its secret.
    ///
    /// ```
    /// let key = amazon_ecr::Credentials::new("AKIAEXAMPLE", "secret").session_token("token");
    /// assert_eq!(key.access_key_id(), "AKIAEXAMPLE");
    /// assert!(!format!("{key:?}").contains("token\""));
    /// ```
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            session_token: None,
        }
    }

    /// Sets the token that STS returns with a temporary key.
    pub fn session_token(mut self, token: impl Into<Secret>) -> Self {
        self.session_token = Some(token.into());
        self
    }

    /// Returns the access key id, which is not secret.
    pub fn access_key_id(&self) -> &str {
        &self.id
    }

    /// Makes a chain of the sources that the vendor's SDKs use, in their order. The chain keeps the
    /// first source that has credentials. It renews temporary ones 15 minutes before their expiry.
    ///
    /// 1. **environment**: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if set,
    ///    `AWS_SESSION_TOKEN`.
    /// 2. **profile**, of `~/.aws/config` and `~/.aws/credentials` or the files that
    ///    `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` name: the profile `default`, or the one
    ///    that `AWS_PROFILE` names. A profile has a role (`role_arn` with `source_profile`,
    ///    `credential_source` or `web_identity_token_file`), a single sign-on (`sso_session`, or
    ///    `sso_start_url`) whose token `aws sso login` has cached, an access key, or a
    ///    `credential_process`.
    /// 3. **web identity**, which gives a pod a role: `AWS_ROLE_ARN` and
    ///    `AWS_WEB_IDENTITY_TOKEN_FILE`; if set, `AWS_ROLE_SESSION_NAME`.
    /// 4. **container**, of a task of ECS or a pod of EKS:
    ///    `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI`; if set,
    ///    `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` or `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    /// 5. **instance metadata**: the role of the instance. `AWS_EC2_METADATA_DISABLED=true` disables
    ///    it, `AWS_EC2_METADATA_SERVICE_ENDPOINT` moves it. It uses the second version of the
    ///    service, and never the first.
    ///
    /// The chain assumes roles at the STS of the region, or at the one for all regions if no region
    /// is set. A role that wants a code of a person (`mfa_serial`) is an error.
    ///
    /// ```
    /// use amazon_ecr::{ChainSettings, Credentials};
    ///
    /// let chain = Credentials::default_chain(&ChainSettings::default());
    /// assert!(format!("{chain:?}").contains("instance metadata"));
    /// ```
    pub fn default_chain(settings: &ChainSettings) -> Chain<Self> {
        Chain::new(settings.sources())
    }

    /// Reads the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and, if set,
    /// `AWS_SESSION_TOKEN`.
    ///
    /// # Errors
    /// When the id or the secret is missing. Names the missing one.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the variables of [`from_env`](Self::from_env) with the function `variable`.
    ///
    /// ```
    /// let error = amazon_ecr::Credentials::from_variables(|_| None).unwrap_err();
    /// assert!(error.to_string().contains("AWS_ACCESS_KEY_ID"));
    /// ```
    ///
    /// # Errors
    /// When the id or the secret is missing. Names the missing one.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        environment::read(|name| variable(name).filter(|value| !value.is_empty()))
            .map_err(|why| Error::credentials(format!("no credentials for AWS: {why}")))
    }
}
