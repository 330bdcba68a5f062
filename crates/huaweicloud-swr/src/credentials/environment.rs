//! Access key in environment variables.

use openapi_transport::{
    BoxFuture, Lease, Secret, Source, SourceError, Surroundings, Timestamp, check_variable,
};

use super::{AccessKey, Credentials, pair};

/// Names of one pair of variables.
const PAIRS: [(&str, &str); 2] = [
    ("HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"),
    ("CLOUD_SDK_AK", "CLOUD_SDK_SK"),
];

const SECURITY_TOKEN: &str = "HUAWEICLOUD_SDK_SECURITY_TOKEN";

/// Environment variables as a source, with the names of [`Credentials::from_env`].
#[derive(Clone, Debug)]
pub struct Environment {
    surroundings: Surroundings,
}

impl Environment {
    /// Reads the variables of `surroundings`.
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings }
    }
}

impl Source<Credentials> for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let key = key(|name| self.surroundings.variable(name));
        Box::pin(std::future::ready(
            key.map(|key| Lease::lasting(key.into())),
        ))
    }
}

pub(super) fn key(variable: impl Fn(&str) -> Option<String>) -> Result<AccessKey, SourceError> {
    for names in PAIRS {
        let Some((id, secret)) = pair(names, &variable)? else {
            continue;
        };
        let token = variable(SECURITY_TOKEN);
        check_variable(names.0, &id)?;
        check_variable(names.1, &secret)?;
        check_variable(SECURITY_TOKEN, token.as_deref().unwrap_or_default())?;
        let mut key = scoped(AccessKey::new(id, secret), &variable);
        key.security_token = token.map(Secret::from);
        return Ok(key);
    }
    Err(SourceError::not_set(
        "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK (or CLOUD_SDK_AK and CLOUD_SDK_SK)",
    ))
}

/// Sets the project and domain of a key from the environment.
pub(super) fn scoped(mut key: AccessKey, variable: impl Fn(&str) -> Option<String>) -> AccessKey {
    key.project_id = variable("HUAWEICLOUD_SDK_PROJECT_ID");
    key.domain_id = variable("HUAWEICLOUD_SDK_DOMAIN_ID");
    key
}
