//! Credentials of Alibaba Cloud.

mod answer;
mod cli_profile;
mod ecs;
mod environment;
mod fields;
mod ini_profile;
mod oidc;
mod process;
mod role;
mod settings;
mod uri;

use std::path::PathBuf;

use openapi_transport::{Chain, Error, Secret, SourceError, Surroundings, read_secret_file};

pub use settings::ChainSettings;

/// Access key, with the security token of a temporary one.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) security_token: Option<Secret>,
}

impl Credentials {
    /// Makes credentials of an access key id and its secret.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            security_token: None,
        }
    }

    /// Sets the token that STS returns with a temporary key.
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = Some(token.into());
        self
    }

    /// Returns the access key id, which is not secret.
    pub fn access_key_id(&self) -> &str {
        &self.id
    }

    /// Makes a chain of the sources that the vendor's SDKs use, in their order. The chain keeps the
    /// first source that has credentials. It renews temporary ones 15 minutes before their expiry.
    ///
    /// 1. **environment**: `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, if
    ///    set, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    /// 2. **OIDC**, which gives a pod a role (RRSA): `ALIBABA_CLOUD_ROLE_ARN`,
    ///    `ALIBABA_CLOUD_OIDC_PROVIDER_ARN` and `ALIBABA_CLOUD_OIDC_TOKEN_FILE`; if set,
    ///    `ALIBABA_CLOUD_ROLE_SESSION_NAME`.
    /// 3. **CLI profile**, of `~/.aliyun/config.json` or the file that `ALIBABA_CLOUD_CONFIG_FILE`
    ///    names: the current profile, or the one that `ALIBABA_CLOUD_PROFILE` names, in the modes
    ///    `AK`, `StsToken`, `RamRoleArn`, `EcsRamRole`, `OIDC`, `ChainableRamRoleArn`,
    ///    `CredentialsURI` and `External`. `ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true` disables it.
    /// 4. **profile file**, `~/.alibabacloud/credentials`, `~/.alibabacloud/credentials.ini` or the
    ///    one that `ALIBABA_CLOUD_CREDENTIALS_FILE` names: the section `default`, or the one that
    ///    `ALIBABA_CLOUD_PROFILE` names, of the types `access_key`, `ram_role_arn`, `ecs_ram_role`
    ///    and `oidc_role_arn`.
    /// 5. **ECS metadata**: the role of the instance, or the one that `ALIBABA_CLOUD_ECS_METADATA`
    ///    names. `ALIBABA_CLOUD_ECS_METADATA_DISABLED=true` disables it, and
    ///    `ALIBABA_CLOUD_IMDSV1_DISABLED=true` forbids requests without a token.
    /// 6. **credentials URI**: the answer of the URL in `ALIBABA_CLOUD_CREDENTIALS_URI`.
    ///
    /// The chain assumes roles at `sts.aliyuncs.com`, or in the region that
    /// `ALIBABA_CLOUD_STS_REGION` names. With `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED=true`, it uses the
    /// endpoint inside the region's network.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use alibabacloud_cr::{Alibabacloud, ChainSettings, Credentials};
    ///
    /// let chain = Credentials::default_chain(&ChainSettings::default());
    /// let dialect = Alibabacloud::with_chain(Arc::new(chain));
    /// ```
    pub fn default_chain(settings: &ChainSettings) -> Chain<Self> {
        Chain::new(settings.sources())
    }

    /// Reads the environment: `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and,
    /// if set, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    ///
    /// # Errors
    /// When the id or the secret is missing. Names the missing one.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the variables of [`from_env`](Self::from_env) with the function `variable`.
    ///
    /// # Errors
    /// When the id or the secret is missing. Names the missing one.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        environment::read(|name| variable(name).filter(|value| !value.is_empty())).map_err(|why| {
            Error::credentials(match why {
                environment::Missing::Both => format!(
                    "no credentials for Alibaba Cloud: set {} and {}",
                    environment::ID,
                    environment::SECRET
                ),
                half => half.to_string(),
            })
        })
    }
}

/// Variable with the name of the profile, for both kinds of files.
const PROFILE: &str = "ALIBABA_CLOUD_PROFILE";

fn no_home() -> SourceError {
    SourceError::not_set("there is no home directory: neither HOME nor USERPROFILE is set")
}

/// Reads the file that a variable names, if the variable is set. Returns its path and text.
async fn named_file(
    surroundings: &Surroundings,
    variable: &str,
) -> Result<Option<(PathBuf, String)>, SourceError> {
    let Some(file) = surroundings.variable(variable).map(PathBuf::from) else {
        return Ok(None);
    };
    match read_secret_file(&file).await {
        Ok(text) => Ok(Some((file, text))),
        Err(why) => Err(SourceError::failed(format!("{variable}: {why}"))),
    }
}
