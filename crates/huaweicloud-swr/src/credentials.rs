//! Who calls.

use registry_transport::{Error, Secret};

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

/// Names of one pair of variables.
const PAIRS: [(&str, &str); 2] = [
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"),
    ("CLOUD_SDK_AK", "CLOUD_SDK_SK"),
];

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
        for (id_name, secret_name) in PAIRS {
            let (id, secret) = match (variable(id_name), variable(secret_name)) {
                (Some(id), Some(secret)) => (id, secret),
                (None, None) => continue,
                (Some(_), None) => return Err(half(id_name, secret_name)),
                (None, Some(_)) => return Err(half(secret_name, id_name)),
            };
            let mut key = AccessKey::new(id, secret);
            key.security_token = variable("HUAWEICLOUD_SDK_SECURITY_TOKEN").map(Secret::from);
            key.project_id = variable("HUAWEICLOUD_SDK_PROJECT_ID");
            key.domain_id = variable("HUAWEICLOUD_SDK_DOMAIN_ID");
            return Ok(key.into());
        }
        Err(Error::credentials(
            "no credentials for Huawei Cloud: set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK \
             (or CLOUD_SDK_AK and CLOUD_SDK_SK)",
        ))
    }

    /// Project that the credentials name, if they name one.
    pub fn project_id(&self) -> Option<&str> {
        match self {
            Self::AccessKey(key) => key.project_id.as_deref(),
            Self::Token(_) => None,
        }
    }
}

fn half(set: &str, missing: &str) -> Error {
    Error::credentials(format!(
        "{set} is set, but {missing} is not: set both or neither"
    ))
}
