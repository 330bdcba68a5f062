//! Who calls.

use registry_transport::{Error, Secret};

/// An access key, and the token that comes with a temporary one.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) id: String,
    pub(crate) secret: Secret,
    pub(crate) security_token: Option<Secret>,
}

const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

impl Credentials {
    /// An access key id and its secret.
    pub fn new(id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            security_token: None,
        }
    }

    /// With the token that comes with a temporary key from STS.
    pub fn security_token(mut self, token: impl Into<Secret>) -> Self {
        self.security_token = Some(token.into());
        self
    }

    /// From the environment: `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and,
    /// if set, `ALIBABA_CLOUD_SECURITY_TOKEN`.
    ///
    /// # Errors
    /// When id or secret is missing; names which.
    pub fn from_env() -> Result<Self, Error> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Self::from_env), from whatever `variable` answers.
    ///
    /// # Errors
    /// When id or secret is missing; names which.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        match (variable(ID), variable(SECRET)) {
            (Some(id), Some(secret)) => Ok(Self {
                id,
                secret: secret.into(),
                security_token: variable(SECURITY_TOKEN).map(Secret::from),
            }),
            (None, None) => Err(Error::credentials(format!(
                "no credentials for Alibaba Cloud: set {ID} and {SECRET}"
            ))),
            (Some(_), None) => Err(half(ID, SECRET)),
            (None, Some(_)) => Err(half(SECRET, ID)),
        }
    }
}

fn half(set: &str, missing: &str) -> Error {
    Error::credentials(format!(
        "{set} is set, but {missing} is not: set both or neither"
    ))
}
