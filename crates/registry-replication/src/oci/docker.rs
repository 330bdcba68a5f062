//! The configuration of docker and podman.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openapi_transport::{
    BoxFuture, Lease, Source, SourceError, Surroundings, Timestamp, read_secret_file,
};
use tokio::time::Instant;

use super::auths::{self, Config};
use super::helper;
use super::login::Login;

/// Time limit of all helpers together.
const HELPERS: Duration = Duration::from_secs(45);

/// Longest text of a variable that is read, in bytes.
const MAX_TEXT: usize = 1 << 20;

const TEXT: &str = "DOCKER_AUTH_CONFIG";
const FILE: &str = "REGISTRY_AUTH_FILE";

/// Logins that docker and podman have stored.
///
/// The search has this order, and the first place that has a login for the registry decides:
///
/// 1. the variable `DOCKER_AUTH_CONFIG`, which holds a configuration,
/// 2. the file that `REGISTRY_AUTH_FILE` names,
/// 3. `config.json` in the folder that `DOCKER_CONFIG` names, or in `~/.docker`,
/// 4. `$XDG_RUNTIME_DIR/containers/auth.json`,
/// 5. `containers/auth.json` in the folder that `XDG_CONFIG_HOME` names, or in `~/.config`.
///
/// In each place, the registry's credential helper (`credHelpers`) comes first, or else the helper
/// for all registries (`credsStore`). The place's own logins (`auths`) count if there is no helper,
/// or if the helper fails or has no login. Keys of `auths` may be URLs, and may name a namespace. The
/// longest key that matches the [`repository`](Self::repository) decides. `docker.io`,
/// `index.docker.io` and `registry-1.docker.io` are the same registry.
///
/// Helpers must be on `PATH`. Each may take 30 seconds and print 1 MiB. The client keeps a helper's
/// login until the registry rejects it. No error shows a helper's output.
#[derive(Clone, Debug)]
pub struct DockerConfig {
    host: String,
    repository: Option<String>,
    around: Surroundings,
}

impl DockerConfig {
    /// Uses the configuration of this process, for a registry by its host.
    pub fn of_process(host: impl Into<String>) -> Self {
        Self::new(host, Surroundings::of_process())
    }

    /// Uses the configuration that the variables of `around` name.
    pub fn new(host: impl Into<String>, around: Surroundings) -> Self {
        Self {
            host: host.into(),
            repository: None,
            around,
        }
    }

    /// Searches for the login of one repository or namespace of the registry, such as `team/api`.
    pub fn repository(mut self, repository: impl Into<String>) -> Self {
        self.repository = Some(repository.into()).filter(|repository| !repository.is_empty());
        self
    }

    fn places(&self) -> Vec<Place> {
        let variable = |name: &str| self.around.variable(name);
        let folder = |folder: Option<String>, file: &str| {
            let path = folder.map(|folder| Path::new(&folder).join(file));
            path.map(Place::File)
        };
        let docker = folder(variable("DOCKER_CONFIG"), "config.json")
            .or_else(|| self.around.in_home(".docker/config.json").map(Place::File));
        let config = folder(variable("XDG_CONFIG_HOME"), "containers/auth.json").or_else(|| {
            self.around
                .in_home(".config/containers/auth.json")
                .map(Place::File)
        });
        let mut places = vec![
            match variable(TEXT) {
                Some(text) => Place::Text(text),
                None => Place::Unset(TEXT),
            },
            match variable(FILE) {
                Some(file) => Place::File(file.into()),
                None => Place::Unset(FILE),
            },
            docker.unwrap_or(Place::Unset("DOCKER_CONFIG")),
            folder(variable("XDG_RUNTIME_DIR"), "containers/auth.json")
                .unwrap_or(Place::Unset("XDG_RUNTIME_DIR")),
            config.unwrap_or(Place::Unset("HOME")),
        ];
        // If two variables name the same file, it is read once.
        let mut seen = Vec::new();
        places.retain(|place| match place {
            Place::File(file) if seen.contains(file) => false,
            Place::File(file) => {
                seen.push(file.clone());
                true
            }
            _ => true,
        });
        places
    }

    /// Returns the login, and where it comes from.
    pub(super) async fn login(&self) -> Result<(Login, String), SourceError> {
        let end = Instant::now() + HELPERS;
        let mut searched = Searched::default();
        for place in self.places() {
            let name = place.to_string();
            let config = match place.read().await {
                Ok(config) => config,
                Err(why) => {
                    searched.note(&name, why);
                    continue;
                }
            };
            let found = config.find(&self.host, self.repository.as_deref());
            let mut whys = Vec::new();
            if let Some(helper) = found.helper {
                let left = end.saturating_duration_since(Instant::now());
                let server = auths::server(&self.host);
                match helper::ask(&helper, server, &self.around, left).await {
                    Ok(login) => {
                        let origin = format!("docker-credential-{helper}, which {name} names");
                        return Ok((login, origin));
                    }
                    Err(why) => whys.push(why),
                }
            }
            if let Some(login) = found.login {
                return Ok((login, name));
            }
            whys.extend(found.unusable.into_iter().map(SourceError::failed));
            if whys.is_empty() {
                whys.push(SourceError::not_set("no entry"));
            }
            whys.into_iter().for_each(|why| searched.note(&name, why));
        }
        Err(searched.nothing(&self.host))
    }

    /// Returns the namespaces of the registry that have their own login in any place. Skips
    /// unreadable places; the search for a login reports them.
    pub(super) async fn scopes(&self) -> Vec<String> {
        let mut scopes = Vec::new();
        for place in self.places() {
            if let Ok(config) = place.read().await {
                scopes.extend(config.scopes(&self.host));
            }
        }
        scopes
    }

    /// Returns the host of the registry.
    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

impl Source<Login> for DockerConfig {
    fn name(&self) -> &'static str {
        "docker configuration"
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, SourceError>> {
        Box::pin(async {
            let (login, _) = self.login().await?;
            Ok(Lease::lasting(login))
        })
    }
}

/// Place that may hold a configuration.
enum Place {
    /// The configuration itself, from a variable.
    Text(String),
    File(PathBuf),
    /// A variable that would name a place.
    Unset(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str(TEXT),
            Self::File(file) => write!(f, "{}", file.display()),
            Self::Unset(variable) => f.write_str(variable),
        }
    }
}

impl Place {
    async fn read(&self) -> Result<Config, SourceError> {
        let text = match self {
            Self::Unset(_) => return Err(SourceError::not_set("not set")),
            Self::Text(text) if text.len() > MAX_TEXT => {
                return Err(SourceError::failed("longer than 1 MiB"));
            }
            Self::Text(text) => text.clone(),
            Self::File(file) => read_secret_file(file).await.map_err(|why| match why {
                SourceError::NotSet(_) => SourceError::not_set("no such file"),
                why => why,
            })?,
        };
        Config::read(&text).map_err(SourceError::failed)
    }
}

/// Places without a login, each with its reason.
#[derive(Default)]
struct Searched {
    notes: Vec<String>,
    /// Whether one of them exists but does not work.
    is_broken: bool,
}

impl Searched {
    fn note(&mut self, place: &str, why: SourceError) {
        self.is_broken |= matches!(why, SourceError::Failed(_));
        self.notes.push(format!("{place} ({why})"));
    }

    fn nothing(self, host: &str) -> SourceError {
        let login = format!("run `docker login {host}` or `podman login {host}`");
        let searched = self.notes.join(", ");
        match self.is_broken {
            true => SourceError::failed(format!(
                "no usable login for {host}; correct what cannot be read, or {login}; searched {searched}"
            )),
            false => {
                SourceError::not_set(format!("no login for {host}; {login}; searched {searched}"))
            }
        }
    }
}
