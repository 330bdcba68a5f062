//! Who calls, and where that is found out.

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

/// What a caller shows to be let in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// An access key; each request is signed with it.
    AccessKey(AccessKey),
    /// A user token, which goes along with each request as `X-Auth-Token`. IAM's
    /// `KeystoneCreateUserTokenByPassword` makes one, good for 24 hours.
    Token(Secret),
}

/// An access key and its secret, and for which part of the account it speaks.
#[derive(Clone, Debug)]
pub struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) security_token: Option<Secret>,
    pub(crate) project_id: Option<String>,
    pub(crate) domain_id: Option<String>,
}

impl AccessKey {
    /// An access key (AK) and its secret (SK).
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            security_token: None,
            project_id: None,
            domain_id: None,
        }
    }

    /// With the token that comes with a temporary key.
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = Some(token.into());
        self
    }

    /// Speaking for a project, sent and signed as `X-Project-Id`.
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.project_id = Some(id.into());
        self
    }

    /// Speaking for the whole account, sent and signed as `X-Domain-Id`.
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
    /// From the environment: `HUAWEICLOUD_SDK_AK` and `HUAWEICLOUD_SDK_SK`, as the vendor's SDKs
    /// read them, or `CLOUD_SDK_AK` and `CLOUD_SDK_SK`, as its documentation's samples do; with
    /// them `HUAWEICLOUD_SDK_SECURITY_TOKEN`, `HUAWEICLOUD_SDK_PROJECT_ID` and
    /// `HUAWEICLOUD_SDK_DOMAIN_ID`, if set.
    ///
    /// # Errors
    /// When neither pair is complete; names what is missing.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from whatever `variable` answers.
    ///
    /// # Errors
    /// When neither pair is complete; names what is missing.
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

    /// Project that the credentials name, if they name one.
    pub fn project_id(&self) -> Option<&str> {
        match self {
            Self::AccessKey(key) => key.project_id.as_deref(),
            Self::Token(_) => None,
        }
    }

    /// Id of the access key, which is no secret; a token has none.
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

/// The two values of a pair that goes together; `None` when neither is there.
///
/// # Errors
/// When one is there without the other.
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

/// A temporary key as the services answer it, with the time of its end.
///
/// # Errors
/// When a part of it is missing, or its time is over already.
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
            "the key that was handed out ended at {expires}: is this machine's clock right?"
        )));
    }
    Ok((AccessKey::new(id, secret).security_token(token), expires))
}

fn until((key, expires): (AccessKey, Timestamp)) -> Lease<Credentials> {
    Lease::until(key.into(), expires)
}
