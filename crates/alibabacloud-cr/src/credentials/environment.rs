//! Access key in environment variables.

use openapi_transport::{
    BoxFuture, Lease, Secret, Source, SourceError, Surroundings, Timestamp, check_variable,
};

use super::Credentials;

pub(super) const ID: &str = "ALIBABA_CLOUD_ACCESS_KEY_ID";
pub(super) const SECRET: &str = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
const SECURITY_TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

#[derive(Debug)]
pub(super) struct Environment(pub(super) Surroundings);

impl Source<Credentials> for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let found = read(|name| self.0.variable(name))
            .map(Lease::lasting)
            .map_err(|why| match why {
                both @ Missing::Both => SourceError::not_set(both.to_string()),
                half => SourceError::failed(half.to_string()),
            });
        Box::pin(std::future::ready(found))
    }
}

/// Reason why the variables hold no access key.
#[derive(Debug, thiserror::Error)]
pub(super) enum Missing {
    #[error("neither {ID} nor {SECRET} is set")]
    Both,
    #[error("{SECRET} is set, but {ID} is not: set both or neither")]
    Id,
    #[error("{ID} is set, but {SECRET} is not: set both or neither")]
    Secret,
    /// A value that is too long.
    #[error("{0}")]
    Unfit(#[from] SourceError),
}

pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, Missing> {
    match (variable(ID), variable(SECRET)) {
        (Some(id), Some(secret)) => {
            let token = variable(SECURITY_TOKEN);
            check_variable(ID, &id)?;
            check_variable(SECRET, &secret)?;
            check_variable(SECURITY_TOKEN, token.as_deref().unwrap_or_default())?;
            Ok(Credentials {
                id,
                secret: secret.into(),
                security_token: token.map(Secret::from),
            })
        }
        (None, None) => Err(Missing::Both),
        (Some(_), None) => Err(Missing::Secret),
        (None, Some(_)) => Err(Missing::Id),
    }
}
