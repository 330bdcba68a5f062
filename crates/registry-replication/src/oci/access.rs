//! Showing a registry who asks, in the way that it wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use openapi_transport::{Caller, Context, Error, Secret, UsedCredentials};

use super::challenge::{Bearer, Challenge};
use super::login::{DockerLogins, Login};
use super::token::{self, Token};

/// More repositories or token services than one registry is asked about; beyond that, what was
/// learnt is learnt again.
const MANY: usize = 10_000;

/// Where logins come from.
#[derive(Debug)]
pub(super) enum Logins {
    /// One login for all repositories.
    Caller(Caller<Login>),
    /// What docker and podman have.
    Docker(DockerLogins),
}

/// The login for one repository.
struct Found {
    login: Login,
    caller: Caller<Login>,
    used: UsedCredentials,
    /// Why the registry is asked without a login, where one was looked for.
    missing: Option<String>,
}

impl Found {
    /// Says in an error of an anonymous request that there was no login, and why.
    fn explain(&self, error: Error) -> Error {
        match (&self.login, &self.missing, error.status()) {
            (Login::Anonymous, Some(why), Some(401 | 403)) => error.with_note(why),
            _ => error,
        }
    }

    /// The error of a registry that wants a login, and there is none. The next look searches anew.
    fn nobody(&self, repository: &str) -> Error {
        self.caller.renew(&self.used);
        let what = format!("the registry wants a login for {repository}, and there is none");
        Error::credentials(match &self.missing {
            Some(why) => format!("{what}: {why}"),
            None => what,
        })
    }
}

/// Who asks, and what the registry has said of how to show it.
#[derive(Debug)]
pub(super) struct Access {
    logins: Logins,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the registry last asked for: of a repository that has not been asked about, too.
    latest: Option<Challenge>,
    repositories: HashMap<String, Arc<Place>>,
    /// Token services, and hosts that manifests are redirected to, by scheme and host.
    services: HashMap<(Role, String), Context>,
}

/// What another host is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// Tokens.
    Tokens,
    /// Manifests that the registry redirects to.
    Manifests,
}

/// The longest answer of a token service, in bytes.
const MAX_TOKEN: usize = 1 << 20;

/// What the registry asks for to show one repository, and the token that does it.
#[derive(Debug)]
struct Place {
    challenge: Challenge,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    token: Option<Token>,
    /// The call for a token that is under way. All requests that need it drive it, so that a request
    /// that is not polled any more holds up no other.
    fetching: Option<WeakShared<Fetching>>,
}

type Fetching = BoxFuture<'static, Result<Token, Error>>;

impl Place {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request shows.
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
        /// Whether it was made for this request.
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

    /// What a request about `repository` shows, as far as the registry has said what it wants.
    ///
    /// # Errors
    /// When there is no login to show, or no token to be had for it.
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
                    "the registry wants a user name and a password, and an identity token is \
                     neither",
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

    /// A call for a token, not driven yet. One that is dropped notes nothing.
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

    /// What is known to be wanted for a repository, or taken to be.
    fn place(&self, repository: &str) -> Option<Arc<Place>> {
        let mut known = self.known();
        if let Some(place) = known.repositories.get(repository) {
            return Some(place.clone());
        }
        let challenge = known.latest.as_ref()?.for_repository(repository);
        Some(known.keep(repository, challenge))
    }

    /// A new token. A login that ends and is not accepted any more is renewed once.
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

    /// Another host that the registry names, which must be encrypted or on this machine.
    ///
    /// # Errors
    /// When it is neither.
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

    /// Takes in that a request about `repository`, which showed `shown`, was refused, and whether
    /// another may show more.
    ///
    /// # Errors
    /// `refused` itself where nothing else can be shown, or what says more.
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
            // One that names no scope means the repository's own.
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
                Err(found.nobody(repository))
            }
            (Shown::Nothing, _) => Ok(()),
            (Shown::Token { .. }, Login::Anonymous) => {
                self.search_again();
                Err(found.nobody(repository))
            }
            (Shown::Token { .. }, _) => Err(refused),
            (Shown::Password { used, .. }, _) => match news || found.caller.renew(used) {
                true => Ok(()),
                false => Err(refused),
            },
        }
    }

    /// Says in an error of a request that showed no login why there is none, where it was refused.
    pub(super) async fn explain(&self, context: &Context, repository: &str, error: Error) -> Error {
        // Without a configuration to search, there is nothing to say, and nobody to ask.
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

    /// Whether what the registry wants is new.
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

    /// Forgets a token that ended early; another, which came meanwhile, stays.
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
