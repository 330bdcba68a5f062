//! Authentication to a registry, by its challenges.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use openapi_transport::{Caller, Context, Error, Secret, UsedCredentials};

use super::challenge::{Bearer, Challenge};
use super::login::{DockerLogins, Login};
use super::token::{self, Token};

/// Number of repositories or token services that are remembered for a registry. Beyond it, the
/// client learns them again.
const MANY: usize = 10_000;

/// Source of logins.
#[derive(Debug)]
pub(super) enum Logins {
    /// One login for all repositories.
    Caller(Caller<Login>),
    /// The logins of docker and podman.
    Docker(DockerLogins),
}

/// Login for one repository.
struct Found {
    login: Login,
    caller: Caller<Login>,
    used: UsedCredentials,
    /// Why there is no login, if the client has searched for one.
    missing: Option<String>,
}

impl Found {
    /// Adds to the error of an anonymous request that no login was found, and why.
    fn explain(&self, error: Error) -> Error {
        match (&self.login, &self.missing, error.status()) {
            (Login::Anonymous, Some(why), Some(401 | 403)) => error.with_note(why),
            _ => error,
        }
    }

    /// Returns the error of a registry that requires a login, if the client has none. The next
    /// request searches again.
    fn no_login(&self, repository: &str) -> Error {
        self.caller.renew(&self.used);
        let what =
            format!("the registry requires a login for {repository}, and no login was found");
        Error::credentials(match &self.missing {
            Some(why) => format!("{what}: {why}"),
            None => what,
        })
    }
}

/// Logins for a registry, and the challenges that it has sent.
#[derive(Debug)]
pub(super) struct Access {
    logins: Logins,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The registry's latest challenge. It also applies to repositories that were not requested yet.
    latest: Option<Challenge>,
    repositories: HashMap<String, Arc<Place>>,
    /// Token services, and hosts that manifests are redirected to, by scheme and host.
    services: HashMap<(Role, String), Context>,
}

/// Role of another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// It issues tokens.
    Tokens,
    /// It serves manifests that the registry redirects to.
    Manifests,
}

/// The longest answer of a token service, in bytes.
const MAX_TOKEN: usize = 1 << 20;

/// Challenge of the registry for one repository, and the token for it.
#[derive(Debug)]
struct Place {
    challenge: Challenge,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    token: Option<Token>,
    /// Call for a token in progress. All requests that need it poll it, so a request that is no
    /// longer polled does not block others.
    fetching: Option<WeakShared<Fetching>>,
}

type Fetching = BoxFuture<'static, Result<Token, Error>>;

impl Place {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Authentication of a request.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Nothing,
    Password {
        user: String,
        password: Secret,
        used: UsedCredentials,
    },
    Token {
        text: Secret,
        /// Whether the token was made for this request.
        fresh: bool,
    },
}

impl Access {
    pub(super) fn new(logins: Logins) -> Self {
        Self {
            logins,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn login(&self, context: &Context, repository: &str) -> Result<Found, Error> {
        let (caller, missing) = match &self.logins {
            Logins::Caller(Caller::Anonymous) => (Caller::Fixed(Login::Anonymous), None),
            Logins::Caller(caller) => (caller.clone(), None),
            Logins::Docker(docker) => {
                let (chain, missing) = docker.of(repository).await;
                (Caller::Chain(chain), Some(missing))
            }
        };
        let (login, used) = caller.credentials(context.clock().now()).await?;
        let missing = missing.and_then(|missing| {
            missing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        });
        Ok(Found {
            login,
            caller,
            used,
            missing,
        })
    }

    /// Returns the authentication of a request about `repository`, by the registry's challenges so
    /// far.
    ///
    /// # Errors
    /// When there is no login, or the token service returns no token for it.
    pub(super) async fn show(
        self: &Arc<Self>,
        context: &Context,
        repository: &str,
    ) -> Result<Shown, Error> {
        let Some(place) = self.place(repository) else {
            return Ok(Shown::Nothing);
        };
        let Challenge::Bearer(bearer) = &place.challenge else {
            let found = self.login(context, repository).await?;
            return match found.login {
                Login::Anonymous => Ok(Shown::Nothing),
                Login::Password { user, password } => Ok(Shown::Password {
                    user,
                    password,
                    used: found.used,
                }),
                Login::IdentityToken(_) => Err(Error::credentials(
                    "the registry requires a user name and a password, but the login is an identity \
                     token",
                )),
            };
        };
        let fetching = {
            let now = context.clock().elapsed();
            let mut held = place.held();
            if let Some(token) = held.token.as_ref().filter(|token| now < token.ends) {
                return Ok(Shown::Token {
                    text: token.text.clone(),
                    fresh: false,
                });
            }
            match held.fetching.as_ref().and_then(WeakShared::upgrade) {
                Some(fetching) => fetching,
                None => {
                    let fetching = self.fetch(context, repository, bearer, &place);
                    held.fetching = fetching.downgrade();
                    fetching
                }
            }
        };
        let text = fetching.await?.text;
        Ok(Shown::Token { text, fresh: true })
    }

    /// Begins a call for a token, without polling it. A dropped call stores nothing.
    fn fetch(
        self: &Arc<Self>,
        context: &Context,
        repository: &str,
        bearer: &Bearer,
        place: &Arc<Place>,
    ) -> Shared<Fetching> {
        let (access, context) = (self.clone(), context.clone());
        let (repository, bearer, place) = (repository.to_owned(), bearer.clone(), place.clone());
        let fetching = async move {
            let outcome = access.token(&context, &repository, &bearer).await;
            let mut held = place.held();
            held.fetching = None;
            if let Ok(token) = &outcome {
                held.token = Some(token.clone());
            }
            outcome
        };
        fetching.boxed().shared()
    }

    /// Returns the known or assumed challenge for a repository.
    fn place(&self, repository: &str) -> Option<Arc<Place>> {
        let mut known = self.known();
        if let Some(place) = known.repositories.get(repository) {
            return Some(place.clone());
        }
        let challenge = known.latest.as_ref()?.for_repository(repository);
        Some(known.keep(repository, challenge))
    }

    /// Requests a new token. If the registry rejects a login with an expiry, renews it once.
    async fn token(
        &self,
        context: &Context,
        repository: &str,
        bearer: &Bearer,
    ) -> Result<Token, Error> {
        let (endpoint, rest) = token::place(&bearer.realm)?;
        let service = self.beside(context, Role::Tokens, endpoint);
        let service = service.map_err(|error| token::unfit(&error.to_string()))?;
        let found = self.login(context, repository).await?;
        let error = match token::fetch(&service, &rest, bearer, &found.login).await {
            Err(error) if error.status() == Some(401) && found.caller.renew(&found.used) => error,
            other => return other.map_err(|error| found.explain(error)),
        };
        let found = self.login(context, repository).await?;
        if matches!(found.login, Login::Anonymous) {
            return Err(found.explain(error));
        }
        token::fetch(&service, &rest, bearer, &found.login).await
    }

    /// Returns the context for another host that the registry names. The host must use TLS or be on
    /// this machine.
    ///
    /// # Errors
    /// When it does not use TLS and is not on this machine.
    pub(super) fn beside(
        &self,
        context: &Context,
        role: Role,
        endpoint: String,
    ) -> Result<Context, Error> {
        let key = (role, endpoint);
        if let Some(service) = self.known().services.get(&key) {
            return Ok(service.clone());
        }
        let builder = context.beside(&key.1);
        let service = match role {
            Role::Tokens => builder.max_answer_bytes(MAX_TOKEN),
            Role::Manifests => builder,
        };
        let service = service.build()?;
        let services = &mut self.known().services;
        make_room(services);
        Ok(services.entry(key).or_insert(service).clone())
    }

    /// Handles the refusal of a request about `repository` that was authenticated by `shown`. Returns
    /// whether another request may succeed.
    ///
    /// # Errors
    /// `refused` itself if there is no other authentication, or an error with more information.
    pub(super) async fn refused(
        &self,
        context: &Context,
        repository: &str,
        shown: &Shown,
        refused: Error,
    ) -> Result<(), Error> {
        let Some(wanted) = Challenge::read(refused.challenges()) else {
            return Err(refused);
        };
        let wanted = match wanted {
            // A challenge without a scope means the repository's own scope.
            Challenge::Bearer(Bearer { scope: None, .. }) => wanted.for_repository(repository),
            wanted => wanted,
        };
        let news = self.learn(repository, &wanted);
        if let Shown::Token { text, fresh } = shown
            && (news || !fresh)
        {
            self.give_up(repository, text);
            return Ok(());
        }
        let found = self.login(context, repository).await?;
        match (shown, &found.login) {
            (Shown::Nothing, Login::Anonymous) if wanted == Challenge::Basic => {
                self.search_again();
                Err(found.no_login(repository))
            }
            (Shown::Nothing, _) => Ok(()),
            (Shown::Token { .. }, Login::Anonymous) => {
                self.search_again();
                Err(found.no_login(repository))
            }
            (Shown::Token { .. }, _) => Err(refused),
            (Shown::Password { used, .. }, _) => match news || found.caller.renew(used) {
                true => Ok(()),
                false => Err(refused),
            },
        }
    }

    /// Adds to the error of a refused anonymous request why there was no login.
    pub(super) async fn explain(&self, context: &Context, repository: &str, error: Error) -> Error {
        // Without a docker configuration, there is no reason to add.
        if !matches!(
            (&self.logins, error.status()),
            (Logins::Docker(_), Some(401 | 403))
        ) {
            return error;
        }
        match self.login(context, repository).await {
            Ok(found) => found.explain(error),
            Err(_) => error,
        }
    }

    fn search_again(&self) {
        if let Logins::Docker(docker) = &self.logins {
            docker.forget();
        }
    }

    /// Stores a challenge. Returns whether it is new.
    fn learn(&self, repository: &str, wanted: &Challenge) -> bool {
        let mut known = self.known();
        known.latest = Some(wanted.clone());
        let before = known.repositories.get(repository);
        if before.is_some_and(|place| place.challenge == *wanted) {
            return false;
        }
        known.keep(repository, wanted.clone());
        true
    }

    /// Drops a token that ended early. A newer token stays.
    fn give_up(&self, repository: &str, text: &Secret) {
        let place = self.known().repositories.get(repository).cloned();
        if let Some(place) = place {
            let token = &mut place.held().token;
            token.take_if(|token| token.text.expose() == text.expose());
        }
    }
}

impl Known {
    fn keep(&mut self, repository: &str, challenge: Challenge) -> Arc<Place> {
        make_room(&mut self.repositories);
        let place = Arc::new(Place {
            challenge,
            held: Mutex::default(),
        });
        self.repositories
            .insert(repository.to_owned(), place.clone());
        place
    }
}

fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= MANY {
        map.clear();
    }
}
