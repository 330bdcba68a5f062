//! Credentials of Huawei Cloud, and their sources.

mod chain;
mod environment;
mod federation;
mod login;
mod metadata;
mod password;
mod profile;

use openapi_transport::{Error, Lease, Secret, SourceError, Timestamp};

use crate::iam::types::TemporaryKey;

pub use chain::ChainSettings;
pub use environment::Environment;
pub use federation::Oidc;
pub use metadata::Metadata;
pub use password::IamUser;
pub use profile::Profile;

/// Credentials of a caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// Access key that signs each request.
    AccessKey(AccessKey),
    /// User token that each request carries as `X-Auth-Token`. IAM's
    /// `KeystoneCreateUserTokenByPassword` makes a token that is valid for 24 hours.
    Token(Secret),
}

/// Access key with its secret, and the project or account that it is for.
#[derive(Clone, Debug)]
pub struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) security_token: Option<Secret>,
    pub(crate) project_id: Option<String>,
    pub(crate) domain_id: Option<String>,
}

impl AccessKey {
    /// Makes an access key of an id (AK) and its secret (SK).
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            security_token: None,
            project_id: None,
            domain_id: None,
        }
    }

    /// Sets the security token of a temporary key.
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = Some(token.into());
        self
    }

    /// Sets the project, which is sent and signed as `X-Project-Id`.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// Sets the account, which is sent and signed as `X-Domain-Id`.
    pub fn domain_id(mut self, id: impl Into<String>) -> Self {
        self.domain_id = Some(id.into());
        self
    }
}

impl From<AccessKey> for Credentials {
    fn from(key: AccessKey) -> Self {
        Self::AccessKey(key)
    }
}

impl Credentials {
    /// Reads the environment: `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, which the vendor's SDKs
    /// use, or `CLOUD_SDK_AK` and `CLOUD_SDK_SK`, which the samples of its documentation use.
    ///
    /// Also reads `HUAWEICLOUD_SDK_SECURITY_TOKEN`, `HUAWEICLOUD_SDK_PROJECT_ID` and
    /// `HUAWEICLOUD_SDK_DOMAIN_ID`, if set.
    ///
    /// # Errors
    /// When neither pair is complete. Names the missing variables.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// Reads the variables of [`from_env`](Self::from_env) with the function `variable`.
    ///
    /// # Errors
    /// When neither pair is complete. Names the missing variables.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        match environment::key(variable) {
            Ok(key) => Ok(key.into()),
            Err(SourceError::NotSet(what)) => Err(Error::credentials(format!(
                "no credentials for Huawei Cloud: {what}"
            ))),
            Err(why) => Err(Error::credentials(why.to_string())),
        }
    }

    /// Returns the project of the credentials, if they name one.
    pub fn project_id(&self) -> Option<&str> {
        match self {
            Self::AccessKey(key) => key.project_id.as_deref(),
            Self::Token(_) => None,
        }
    }

    /// Returns the id of the access key, which is not secret. A token has no id.
    pub fn access_key_id(&self) -> Option<&str> {
        match self {
            Self::AccessKey(key) => Some(&key.id),
            Self::Token(_) => None,
        }
    }
}

fn half(set: &str, missing: &str) -> SourceError {
    SourceError::failed(format!(
        "{set} is set, but {missing} is not: set both or neither"
    ))
}

/// Returns both values of a pair, or `None` if both are missing.
///
/// # Errors
/// When only one value is missing.
fn pair(
    names: (&str, &str),
    value: impl Fn(&str) -> Option<String>,
) -> Result<Option<(String, String)>, SourceError> {
    match (value(names.0), value(names.1)) {
        (Some(first), Some(second)) => Ok(Some((first, second))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(half(names.0, names.1)),
        (None, Some(_)) => Err(half(names.1, names.0)),
    }
}

/// Reads a temporary key from a service's answer. Also returns its expiry.
///
/// # Errors
/// When a part of the key is missing, or the key has already expired.
fn temporary(
    answered: Option<TemporaryKey>,
    now: Timestamp,
) -> Result<(AccessKey, Timestamp), SourceError> {
    let Some(TemporaryKey {
        access: Some(id),
        secret: Some(secret),
        securitytoken: Some(token),
        expires_at: Some(expires),
    }) = answered
    else {
        return Err(SourceError::failed(
            "the answer lacks one of access, secret, securitytoken and expires_at",
        ));
    };
    if expires <= now {
        return Err(SourceError::failed(format!(
            "the returned key expired at {expires}; check this machine's clock"
        )));
    }
    Ok((AccessKey::new(id, secret).security_token(token), expires))
}

fn until((key, expires): (AccessKey, Timestamp)) -> Lease<Credentials> {
    Lease::until(key.into(), expires)
}
