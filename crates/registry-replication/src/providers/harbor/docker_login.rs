//! Logins of docker and podman for the host of a Harbor, which are logins of its API, too.

use ::harbor::{Credentials, Login};
use openapi_transport::{BoxFuture, Lease, Source, SourceError, Surroundings, Timestamp};

use crate::oci::{self, DockerConfig};

/// Source of the login that docker or podman has stored for a host.
#[derive(Debug)]
pub(super) struct DockerLogin(DockerConfig);

impl DockerLogin {
    pub(super) fn new(host: &str, around: Surroundings) -> Self {
        Self(DockerConfig::new(host, around))
    }
}

impl Source<Credentials> for DockerLogin {
    fn name(&self) -> &'static str {
        "docker configuration"
    }

    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Credentials>, SourceError>> {
        Box::pin(async move {
            match self.0.load(now).await?.credentials {
                oci::Login::Password { user, password } => {
                    Ok(Lease::lasting(Login::new(user, password).into()))
                }
                _ => Err(SourceError::not_set(
                    "it has no user name and password for the host",
                )),
            }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn load(config: &str) -> Result<Credentials, SourceError> {
        let config = config.to_owned();
        let around =
            Surroundings::new(move |name| (name == "DOCKER_AUTH_CONFIG").then(|| config.clone()));
        let source = DockerLogin::new("registry.example:8443", around);
        let lease = source.load(Timestamp::UNIX_EPOCH).await?;
        Ok(lease.credentials)
    }

    #[tokio::test]
    async fn a_password_is_a_login_of_the_api_and_a_token_is_not() {
        // robot$copy:secret
        let password = r#"{"auths":{"registry.example:8443":{"auth":"cm9ib3QkY29weTpzZWNyZXQ="}}}"#;
        assert_eq!(load(password).await.unwrap().user(), Some("robot$copy"));
        let token = r#"{"auths":{"registry.example:8443":{"auth":"dTo=","identitytoken":"t"}}}"#;
        for config in [
            token,
            r#"{"auths":{"other.example":{"auth":"dTpw"}}}"#,
            "{}",
        ] {
            assert!(load(config).await.is_err(), "{config}");
        }
    }
}
