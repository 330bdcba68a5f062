//! Credentials of Amazon Web Services.

use openapi_transport::Secret;

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
}
