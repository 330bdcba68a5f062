//! Fields of a hand-written JSON object.

use openapi_transport::{Secret, SourceError};
use serde_json::Value;

use super::Credentials;

/// Fields of an object. A text field that is empty or of another type counts as absent, because
/// serde's error could show a secret.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Value);

impl<'a> Fields<'a> {
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn needed(self, name: &str) -> Result<&'a str, SourceError> {
        self.text(name)
            .ok_or_else(|| SourceError::failed(format!("{name} is not set")))
    }

    pub(super) fn number(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    pub(super) fn boolean(self, name: &str) -> Option<bool> {
        self.0.get(name)?.as_bool()
    }

    /// Returns the access key, with its token if it has one.
    pub(super) fn access_key(self) -> Result<Credentials, SourceError> {
        let id = self.needed("access_key_id")?;
        let mut key = Credentials::new(id, self.needed("access_key_secret")?);
        key.security_token = self.text("sts_token").map(Secret::from);
        Ok(key)
    }
}
