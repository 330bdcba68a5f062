//! Access key in environment variables.

use openapi_transport::{
    BoxFuture, Lease, Secret, Source, SourceError, Surroundings, Timestamp, check_variable,
};

use super::Credentials;

const ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";

#[derive(Debug)]
pub(super) struct Environment(pub(super) Surroundings);

impl Source<Credentials> for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        let found = read(|name| self.0.variable(name));
        Box::pin(std::future::ready(found.map(Lease::lasting)))
    }
}

pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, SourceError> {
    let half = |set: &str, absent: &str| {
        Err(SourceError::failed(format!(
            "{set} is set, but {absent} is not: set both or neither"
        )))
    };
    match (variable(ID), variable(SECRET)) {
        (Some(id), Some(secret)) => {
            let token = variable(SESSION_TOKEN);
            check_variable(ID, &id)?;
            check_variable(SECRET, &secret)?;
            check_variable(SESSION_TOKEN, token.as_deref().unwrap_or_default())?;
            Ok(Credentials {
                id,
                secret: secret.into(),
                session_token: token.map(Secret::from),
            })
        }
        (None, None) => Err(SourceError::not_set(format!(
            "neither {ID} nor {SECRET} is set"
        ))),
        (Some(_), None) => half(ID, SECRET),
        (None, Some(_)) => half(SECRET, ID),
    }
}
