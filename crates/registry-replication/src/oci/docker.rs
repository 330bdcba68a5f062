//! Docker's configuration, which many have already.

use docker_credential::{CredentialRetrievalError as Wrong, DockerCredential};
use registry_transport::{
    BoxFuture, Lease, Secret, Source, Surroundings, Timestamp, Unavailable, read_secret_file,
};
use serde_json::Value;

use super::helper;
use super::login::Login;

/// Docker's configuration: `config.json` in the folder that `DOCKER_CONFIG` names, or in
/// `~/.docker`.
///
/// As for docker, a credential helper for the registry comes first (`credHelpers`), then what the
/// file itself has (`auths`), then the helper for all registries (`credsStore`). Helpers are found
/// along `PATH`; one that is missing, is not done after 30 seconds, fails or prints what is no
/// login is an error that says so and does not show what it printed. A helper that was asked is
/// not asked again until the registry refuses what it gave.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    host: String,
    around: Surroundings,
}

impl DockerConfig {
    /// The configuration of this process, for a registry by its host, as `docker login` was given
    /// it.
    pub fn of_process(host: impl Into<String>) -> Self {
        Self::new(host, Surroundings::of_process())
    }

    /// The same, where `around` tells of the variables `DOCKER_CONFIG`, `HOME` and `PATH`.
    pub fn new(host: impl Into<String>, around: Surroundings) -> Self {
        Self {
            host: host.into(),
            around,
        }
    }

    async fn login(&self) -> Result<Login, Unavailable> {
        let file = match self.around.variable("DOCKER_CONFIG") {
            Some(folder) => Some(std::path::Path::new(&folder).join("config.json")),
            None => self.around.in_home(".docker/config.json"),
        };
        let Some(file) = file else {
            let what = "neither DOCKER_CONFIG nor HOME is set";
            return Err(Unavailable::not_set(what));
        };
        let text = read_secret_file(&file).await?;
        let wrong = |why: &str| Unavailable::failed(format!("{}: {why}", file.display()));
        let mut config: Value =
            serde_json::from_str(&text).map_err(|_| wrong("the file is no JSON"))?;
        // Helpers are run here, with a deadline; `docker_credential` reads the rest.
        let mut take = |name: &str| config.as_object_mut().and_then(|all| all.remove(name));
        let helpers = take("credHelpers").unwrap_or_default();
        let store = take("credsStore").unwrap_or_default();
        let named = |value: &Value| {
            value
                .as_str()
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
        };
        if let Some(helper) = helpers.get(&self.host).and_then(named) {
            return helper::ask(&helper, &self.host, &self.around).await;
        }
        let found = docker_credential::get_credential_from_reader(
            config.to_string().as_bytes(),
            &self.host,
        );
        match (found, named(&store)) {
            (Ok(DockerCredential::UsernamePassword(user, password)), _) => {
                Ok(Login::password(user, password))
            }
            (Ok(DockerCredential::IdentityToken(token)), _) => {
                Ok(Login::IdentityToken(Secret::from(token)))
            }
            (Err(Wrong::NoCredentialConfigured), Some(store)) => {
                helper::ask(&store, &self.host, &self.around).await
            }
            (Err(Wrong::NoCredentialConfigured), None) => Err(Unavailable::not_set(format!(
                "{} has no login for {}; `docker login {}` makes one",
                file.display(),
                self.host,
                self.host
            ))),
            (Err(Wrong::ConfigReadError), _) => Err(wrong("the file is not what docker writes")),
            (Err(Wrong::CredentialMismatchError), _) => {
                Err(wrong("auth is not what username and password say"))
            }
            (Err(_), _) => Err(wrong("auth cannot be decoded")),
        }
    }
}

impl Source<Login> for DockerConfig {
    fn name(&self) -> &'static str {
        "docker configuration"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, Unavailable>> {
        Box::pin(async { self.login().await.map(Lease::lasting) })
    }
}
