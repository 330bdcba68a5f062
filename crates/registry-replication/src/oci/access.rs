//! Authentication to a registry, by its challenges.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;
use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use openapi_transport::{Caller, Context, Error, Secret, SourceError, UsedCredentials};

use super::challenge::{Bearer, Challenge};
use super::login::{DockerLogins, Login};
use super::token::{self, Token};

/// Number of targets or token services that are remembered for a registry. Beyond it, the
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

/// What a request is about. It decides the scope of a token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// The registry as a whole.
    Registry,
    /// The list of all repositories.
    Catalog,
    /// Manifests and blobs of a repository.
    Repository(String),
    /// Tags of a repository. Some registries require another scope for them.
    Tags(String),
}

impl Target {
    /// Returns the repository, or an empty text.
    fn repository(&self) -> &str {
        match self {
            Self::Registry | Self::Catalog => "",
            Self::Repository(name) | Self::Tags(name) => name,
        }
    }

    /// Returns the scope that a token needs if the challenge does not name one.
    fn scope(&self) -> Option<String> {
        match self {
            Self::Registry => None,
            Self::Catalog => Some("registry:catalog:*".to_owned()),
            Self::Repository(name) | Self::Tags(name) => Some(format!("repository:{name}:pull")),
        }
    }

    /// Returns the target with the same scope whose token this target shares.
    fn shared(&self) -> Self {
        match self {
            Self::Tags(name) => Self::Repository(name.clone()),
            other => other.clone(),
        }
    }
}

/// Login for one target.
struct Found {
    login: Login,
    caller: Caller<Login>,
    used: UsedCredentials,
    /// Where the login comes from, or why no login was found, if the client has searched for one.
    origin: Option<Result<String, SourceError>>,
}

impl Found {
    /// Adds to the error of a refused request which login was refused, or why none was found.
    fn explain(&self, error: Error) -> Error {
        match (&self.origin, error.status()) {
            (Some(Err(why)), Some(401 | 403)) => error.with_note(why.to_string()),
            (Some(Ok(origin)), Some(401)) => {
                error.with_note(format!("the rejected login is from {origin}"))
            }
            (Some(Ok(origin)), Some(403)) => error.with_note(format!("the login is from {origin}")),
            _ => error,
        }
    }

    /// Returns the error of a registry that requires a login, if the client has none. The next
    /// request searches again.
    fn no_login(&self, context: &Context, target: &Target) -> Error {
        self.caller.renew(&self.used);
        let purpose = match target {
            Target::Registry => String::new(),
            Target::Catalog => " for the list of repositories".to_owned(),
            Target::Repository(name) | Target::Tags(name) => format!(" for {name}"),
        };
        let what = format!("the registry requires a login{purpose}, and no login was found");
        let endpoint = context.endpoint();
        let host = endpoint
            .split_once("://")
            .map_or(endpoint, |(_, host)| host);
        let error = Error::credentials(match &self.origin {
            Some(Err(why)) => format!("{what}: {why}"),
            _ => what,
        });
        error.with_host(host)
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
    /// The registry's latest challenge. It also applies to targets that were not requested yet.
    latest: Option<Challenge>,
    targets: HashMap<Target, Arc<Place>>,
    /// Token services, and hosts that the registry redirects to, by scheme and host.
    services: HashMap<(Role, String), Context>,
}

/// Role of another host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Role {
    /// It issues tokens.
    Tokens,
    /// It serves manifests and blobs that the registry redirects to.
    Content,
}

/// The longest answer of a token service, in bytes.
const MAX_TOKEN: usize = 1 << 20;

/// Challenge of the registry for one target, and the token for it.
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

    async fn login(&self, context: &Context, target: &Target) -> Result<Found, Error> {
        let (caller, origin) = match &self.logins {
            Logins::Caller(Caller::Anonymous) => (Caller::Fixed(Login::Anonymous), None),
            Logins::Caller(caller) => (caller.clone(), None),
            Logins::Docker(docker) => {
                let (chain, origin) = docker.of(target.repository()).await;
                (Caller::Chain(chain), Some(origin))
            }
        };
        let (login, used) = caller.credentials(context.clock().now()).await?;
        let origin = origin.map(|origin| {
            let origin = origin.lock().unwrap_or_else(PoisonError::into_inner);
            origin.clone()
        });
        Ok(Found {
            login,
            caller,
            used,
            origin,
        })
    }

    /// Returns the authentication of a request about `target`, by the registry's challenges so
    /// far.
    ///
    /// # Errors
    /// When there is no login, or the token service returns no token for it.
    pub(super) async fn show(
        self: &Arc<Self>,
        context: &Context,
        target: &Target,
    ) -> Result<Shown, Error> {
        let Some(place) = self.place(target) else {
            return Ok(Shown::Nothing);
        };
        let Challenge::Bearer(bearer) = &place.challenge else {
            let found = self.login(context, target).await?;
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
                    let fetching = self.fetch(context, target, bearer, &place);
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
        target: &Target,
        bearer: &Bearer,
        place: &Arc<Place>,
    ) -> Shared<Fetching> {
        let (access, context) = (self.clone(), context.clone());
        let (target, bearer, place) = (target.clone(), bearer.clone(), place.clone());
        let fetching = async move {
            let outcome = access.token(&context, &target, &bearer).await;
            let mut held = place.held();
            held.fetching = None;
            if let Ok(token) = &outcome {
                held.token = Some(token.clone());
            }
            outcome
        };
        fetching.boxed().shared()
    }

    /// Returns the known or assumed challenge for a target.
    fn place(&self, target: &Target) -> Option<Arc<Place>> {
        let mut known = self.known();
        if let Some(place) = known.place(target) {
            return Some(place);
        }
        let challenge = known.latest.as_ref()?.with_scope(target.scope());
        Some(known.keep(target.shared(), challenge))
    }

    /// Requests a new token. If the registry rejects a login with an expiry, renews it once.
    async fn token(
        &self,
        context: &Context,
        target: &Target,
        bearer: &Bearer,
    ) -> Result<Token, Error> {
        let (endpoint, rest) = token::place(&bearer.realm)?;
        let service = self.beside(context, Role::Tokens, endpoint);
        let service = service.map_err(|error| token::unfit(&error.to_string()))?;
        let found = self.login(context, target).await?;
        let error = match token::fetch(&service, &rest, bearer, &found.login).await {
            Err(error) if error.status() == Some(401) && found.caller.renew(&found.used) => error,
            other => return other.map_err(|error| found.explain(error)),
        };
        let found = self.login(context, target).await?;
        if matches!(found.login, Login::Anonymous) {
            return Err(found.explain(error));
        }
        let fetched = token::fetch(&service, &rest, bearer, &found.login).await;
        fetched.map_err(|error| found.explain(error))
    }

    /// Returns where the login for the registry comes from, or why no login was found. Returns `None` if
    /// the caller set the login.
    pub(super) async fn origin(&self, context: &Context) -> Option<Result<String, SourceError>> {
        let found = self.login(context, &Target::Registry).await;
        found.ok()?.origin
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
        if role == Role::Content && endpoint == context.endpoint() {
            return Ok(context.clone());
        }
        let key = (role, endpoint);
        if let Some(service) = self.known().services.get(&key) {
            return Ok(service.clone());
        }
        let builder = context.beside(&key.1);
        let service = match role {
            Role::Tokens => builder.max_answer_bytes(MAX_TOKEN),
            Role::Content => builder,
        };
        let service = service.build()?;
        let services = &mut self.known().services;
        make_room(services);
        Ok(services.entry(key).or_insert(service).clone())
    }

    /// Handles the refusal of a request about `target` that was authenticated by `shown`. Returns
    /// whether another request may succeed.
    ///
    /// # Errors
    /// `refused` itself if there is no other authentication, or an error with more information.
    pub(super) async fn refused(
        &self,
        context: &Context,
        target: &Target,
        shown: &Shown,
        refused: Error,
    ) -> Result<(), Error> {
        let Some(wanted) = Challenge::read(refused.challenges()) else {
            return Err(refused);
        };
        let wanted = match wanted {
            // A challenge without a scope means the target's own scope.
            Challenge::Bearer(Bearer { scope: None, .. }) => wanted.with_scope(target.scope()),
            wanted => wanted,
        };
        let news = self.learn(target, &wanted);
        if let Shown::Token { text, fresh } = shown
            && (news || !fresh)
        {
            self.give_up(target, text);
            return Ok(());
        }
        let found = self.login(context, target).await?;
        match (shown, &found.login) {
            (Shown::Nothing, Login::Anonymous) if wanted == Challenge::Basic => {
                self.search_again();
                Err(found.no_login(context, target))
            }
            (Shown::Nothing, _) => Ok(()),
            (Shown::Token { .. }, Login::Anonymous) => {
                self.search_again();
                Err(found.no_login(context, target))
            }
            (Shown::Token { .. }, _) => Err(found.explain(refused)),
            (Shown::Password { used, .. }, _) => match news || found.caller.renew(used) {
                true => Ok(()),
                false => Err(found.explain(refused)),
            },
        }
    }

    /// Adds to the error of a refused anonymous request why there was no login.
    pub(super) async fn explain(&self, context: &Context, target: &Target, error: Error) -> Error {
        // Without a docker configuration, there is no reason to add.
        if !matches!(
            (&self.logins, error.status()),
            (Logins::Docker(_), Some(401 | 403))
        ) {
            return error;
        }
        match self.login(context, target).await {
            Ok(found) => found.explain(error),
            Err(_) => error,
        }
    }

    /// Whether the registry has sent a challenge.
    pub(super) fn has_challenge(&self) -> bool {
        self.known().latest.is_some()
    }

    fn search_again(&self) {
        if let Logins::Docker(docker) = &self.logins {
            docker.forget();
        }
    }

    /// Stores a challenge. Returns whether it is new.
    fn learn(&self, target: &Target, wanted: &Challenge) -> bool {
        let mut known = self.known();
        known.latest = Some(wanted.clone());
        let is_wanted = |place: &Arc<Place>| place.challenge == *wanted;
        if known.place(target).as_ref().is_some_and(is_wanted) {
            return false;
        }
        let shared = target.shared();
        // Only a target with a scope of its own has a token of its own.
        if *wanted != wanted.with_scope(target.scope()) {
            known.keep(target.clone(), wanted.clone());
            return true;
        }
        if shared != *target {
            known.targets.remove(target);
        }
        if !known.place(&shared).as_ref().is_some_and(is_wanted) {
            known.keep(shared, wanted.clone());
        }
        true
    }

    /// Drops a token that ended early. A newer token stays.
    fn give_up(&self, target: &Target, text: &Secret) {
        let place = self.known().place(target);
        if let Some(place) = place {
            let token = &mut place.held().token;
            token.take_if(|token| token.text.expose() == text.expose());
        }
    }
}

impl Known {
    /// Returns the target's own challenge, or the one that it shares.
    fn place(&self, target: &Target) -> Option<Arc<Place>> {
        let own = self.targets.get(target);
        own.or_else(|| self.targets.get(&target.shared())).cloned()
    }

    fn keep(&mut self, target: Target, challenge: Challenge) -> Arc<Place> {
        make_room(&mut self.targets);
        let place = Arc::new(Place {
            challenge,
            held: Mutex::default(),
        });
        self.targets.insert(target, place.clone());
        place
    }
}

fn make_room<K, V>(map: &mut HashMap<K, V>) {
    if map.len() >= MANY {
        map.clear();
    }
}
