//! Logins to a registry.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openapi_transport::{BoxFuture, Chain, Lease, Secret, Source, SourceError, Timestamp};

use super::docker::DockerConfig;

/// Login to a registry.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Login {
    /// Anonymous access, which can pull public images.
    #[default]
    Anonymous,
    /// User name and password. The vendors' login tokens are such passwords.
    Password {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// Token that the registry's token service accepts instead of a password. Docker calls it
    /// identity token.
    IdentityToken(Secret),
}

impl Login {
    /// Makes a login of a user name and a password.
    pub fn password(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Password {
            user: user.into(),
            password: password.into(),
        }
    }

    /// Returns the secrets that a request with the login has.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Anonymous => Vec::new(),
            Self::Password { user, password } => basic_secrets(user, password),
            Self::IdentityToken(token) => vec![token.clone()],
        }
    }
}

/// Returns the secrets of a request with a user name and a password: the text in its header, also
/// without padding, and the password.
pub(super) fn basic_secrets(user: &str, password: &Secret) -> Vec<Secret> {
    let both = format!("{user}:{}", password.expose());
    let text = STANDARD.encode(both);
    let unpadded = text.trim_end_matches('=').to_owned();
    vec![Secret::from(text), Secret::from(unpadded), password.clone()]
}

/// Logins of docker's and podman's configuration: one for the registry, and one for each namespace
/// that has its own.
#[derive(Debug)]
pub(super) struct DockerLogins {
    config: DockerConfig,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Namespaces that have their own login.
    scopes: Option<Arc<[String]>>,
    /// Chains by namespace. The registry's own chain has an empty namespace.
    chains: HashMap<String, Scoped>,
}

#[derive(Clone, Debug)]
struct Scoped {
    chain: Arc<Chain<Login>>,
    origin: Origin,
}

/// Where the login comes from, or why no login was found.
type Origin = Arc<Mutex<Result<String, SourceError>>>;

impl DockerLogins {
    pub(super) fn new(config: DockerConfig) -> Self {
        Self {
            config,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the chain of logins for a repository, and where the login comes from after it was
    /// searched.
    pub(super) async fn of(&self, repository: &str) -> (Arc<Chain<Login>>, Origin) {
        let scopes = self.known().scopes.clone();
        let scopes = match scopes {
            Some(scopes) => scopes,
            None => {
                let scopes: Arc<[String]> = self.config.scopes().await.into();
                self.known().scopes = Some(scopes.clone());
                scopes
            }
        };
        let holds = |scope: &&String| {
            let rest = repository.strip_prefix(scope.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let scope = scopes.iter().filter(holds).max_by_key(|scope| scope.len());
        let scope = scope.cloned().unwrap_or_default();
        let mut known = self.known();
        let Scoped { chain, origin } = known.chains.entry(scope.clone()).or_insert_with(|| {
            let origin = Origin::new(Mutex::new(Err(SourceError::not_set(
                "no login was searched",
            ))));
            let source = OrAnonymous {
                config: self.config.clone().repository(scope),
                origin: origin.clone(),
            };
            Scoped {
                chain: Arc::new(Chain::new(vec![Arc::new(source)])),
                origin,
            }
        });
        (chain.clone(), origin.clone())
    }

    /// Forgets which namespaces have a login, because the user may have logged in since.
    pub(super) fn forget(&self) {
        self.known().scopes = None;
    }
}

/// Login of a configuration, or anonymous access if the configuration has no usable login.
#[derive(Debug)]
struct OrAnonymous {
    config: DockerConfig,
    origin: Origin,
}

impl Source<Login> for OrAnonymous {
    fn name(&self) -> &'static str {
        self.config.name()
    }

    fn load(&self, _: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, SourceError>> {
        Box::pin(async move {
            let found = self.config.login().await;
            let origin = found.as_ref().map(|(_, origin)| origin.clone());
            let origin = origin.map_err(Clone::clone);
            *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = origin;
            match found {
                Ok((login, _)) => Ok(Lease::lasting(login)),
                Err(why) => {
                    if matches!(why, SourceError::Failed(_)) {
                        let registry = self.config.host();
                        tracing::warn!(registry, why = %why, "asked without a login");
                    }
                    Ok(Lease::lasting(Login::Anonymous))
                }
            }
        })
    }
}
