//! Logins and tokens in environment variables.

use openapi_transport::{BoxFuture, Lease, Source, SourceError, Timestamp, check_variable};

use super::{ChainSettings, Credentials, Login, id_token};
use crate::endpoints;

const USERNAME: &str = "HARBOR_USERNAME";
const PASSWORD: &str = "HARBOR_PASSWORD";
const ID_TOKEN: &str = "HARBOR_ID_TOKEN";

#[derive(Debug)]
pub(super) struct Environment(pub(super) ChainSettings);

impl Source<Credentials> for Environment {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(std::future::ready(self.lease()))
    }
}

impl Environment {
    fn lease(&self) -> Result<Lease<Credentials>, SourceError> {
        let variable = |name: &str| self.0.surroundings.variable(name);
        let credentials = read(variable)?;
        if let Some(url) = variable(endpoints::URL) {
            let url = endpoints::in_variable(&url)?;
            if !endpoints::is_same(&url, &self.0.endpoint) {
                let (name, endpoint) = (endpoints::URL, &self.0.endpoint);
                return Err(SourceError::not_set(format!(
                    "{name} is {url}, so its login is not for {endpoint}"
                )));
            }
        }
        let expires = match &credentials {
            Credentials::IdToken(token) => id_token::expiry(token),
            Credentials::Login(_) => None,
        };
        Ok(match expires {
            Some(expires) => Lease::until(credentials, expires),
            None => Lease::lasting(credentials),
        })
    }
}

pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, SourceError> {
    let value = |name: &str| {
        let value = variable(name);
        check_variable(name, value.as_deref().unwrap_or_default())?;
        Ok::<_, SourceError>(value)
    };
    let half = |set: &str, missing: &str| {
        SourceError::failed(format!(
            "{set} is set, but {missing} is not: set both or neither"
        ))
    };
    match (value(USERNAME)?, value(PASSWORD)?) {
        (Some(user), Some(password)) => return Ok(Login::new(user, password).into()),
        (Some(_), None) => return Err(half(USERNAME, PASSWORD)),
        (None, Some(_)) => return Err(half(PASSWORD, USERNAME)),
        (None, None) => {}
    }
    match value(ID_TOKEN)? {
        Some(token) => Ok(Credentials::IdToken(token.into())),
        None => Err(SourceError::not_set(format!(
            "set {USERNAME} and {PASSWORD}, or {ID_TOKEN}"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use openapi_transport::Surroundings;

    use super::*;

    fn lease(variables: &'static [(&str, &str)]) -> Result<Lease<Credentials>, SourceError> {
        let surroundings = Surroundings::new(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        });
        let settings = ChainSettings::new("https://registry.example").surroundings(surroundings);
        Environment(settings).lease()
    }

    #[test]
    fn a_login_comes_before_a_token() {
        let both = lease(&[
            (USERNAME, "robot$copy"),
            (PASSWORD, "hush"),
            (ID_TOKEN, "hush-token"),
            (endpoints::URL, "https://registry.example/api/v2.0"),
        ]);
        assert_eq!(both.unwrap().credentials.user(), Some("robot$copy"));
        let token = lease(&[(ID_TOKEN, "hush-token")]).unwrap();
        assert!(matches!(token.credentials, Credentials::IdToken(_)));
        assert_eq!(token.expires, None);
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_is_shown() {
        for (variables, says) in [
            (
                &[] as &[_],
                "set HARBOR_USERNAME and HARBOR_PASSWORD, or HARBOR_ID_TOKEN",
            ),
            (
                &[(USERNAME, "admin"), (ID_TOKEN, "hush")],
                "HARBOR_USERNAME is set, but HARBOR_PASSWORD is not: set both or neither",
            ),
            (
                &[(PASSWORD, "hush")],
                "HARBOR_PASSWORD is set, but HARBOR_USERNAME is not: set both or neither",
            ),
            (
                &[
                    (USERNAME, "admin"),
                    (PASSWORD, "hush"),
                    (endpoints::URL, "https://other.example"),
                ],
                "HARBOR_URL is https://other.example, so its login is not for \
                 https://registry.example",
            ),
            (
                &[
                    (USERNAME, "admin"),
                    (PASSWORD, "hush"),
                    (endpoints::URL, "https://admin:hush@registry.example"),
                ],
                "HARBOR_URL: it has a login; pass the login separately",
            ),
        ] {
            assert_eq!(lease(variables).unwrap_err().to_string(), says);
        }
    }
}
