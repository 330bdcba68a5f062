//! Showing a registry who asks, in the way that it wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use registry_transport::{Caller, Context, Error, Secret, Used};

use super::challenge::{Bearer, Challenge};
use super::login::Login;
use super::token::{self, Token};

/// More repositories or token services than one registry is asked about; beyond that, what was
/// learnt is learnt again.
const MANY: usize = 10_000;

/// Who asks, and what the registry has said of how to show it.
#[derive(Debug)]
pub(super) struct Access {
    caller: Caller<Login>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What the registry last asked for: of a repository that has not been asked about, too.
    latest: Option<Challenge>,
    repositories: HashMap<String, Arc<Place>>,
    /// By scheme and host.
    services: HashMap<String, Context>,
}

/// What the registry asks for to show one repository, and the token that does it.
#[derive(Debug)]
struct Place {
    challenge: Challenge,
    /// Locked while one asks for a token, so that the others wait for it.
    token: tokio::sync::Mutex<Option<Token>>,
}

/// What a request shows.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    Nothing,
    Password {
        user: String,
        password: Secret,
        used: Used,
    },
    Token {
        text: Secret,
        /// Whether it was made for this request.
        fresh: bool,
    },
}

impl Access {
    pub(super) fn new(caller: Caller<Login>) -> Self {
        Self {
            caller,
            known: Mutex::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn login(&self, context: &Context) -> Result<(Login, Used), Error> {
        match &self.caller {
            Caller::Nobody => Ok((Login::Anonymous, None)),
            caller => caller.credentials(context.clock().now()).await,
        }
    }

    /// What a request about `repository` shows, as far as the registry has said what it wants.
    ///
    /// # Errors
    /// When there is no login to show, or no token to be had for it.
    pub(super) async fn show(&self, context: &Context, repository: &str) -> Result<Shown, Error> {
        let Some(place) = self.place(repository) else {
            return Ok(Shown::Nothing);
        };
        let Challenge::Bearer(bearer) = &place.challenge else {
            return match self.login(context).await? {
                (Login::Anonymous, _) => Ok(Shown::Nothing),
                (Login::Password { user, password }, used) => Ok(Shown::Password {
                    user,
                    password,
                    used,
                }),
                (Login::IdentityToken(_), _) => Err(Error::credentials(
                    "the registry wants a user name and a password, and an identity token is \
                     neither",
                )),
            };
        };
        let mut held = place.token.lock().await;
        let now = context.clock().elapsed();
        if let Some(token) = held.as_ref().filter(|token| now < token.ends) {
            return Ok(Shown::Token {
                text: token.text.clone(),
                fresh: false,
            });
        }
        let token = self.token(context, bearer).await?;
        let text = token.text.clone();
        *held = Some(token);
        Ok(Shown::Token { text, fresh: true })
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
    async fn token(&self, context: &Context, bearer: &Bearer) -> Result<Token, Error> {
        let (endpoint, rest) = token::place(&bearer.realm)?;
        let service = self.service(context, endpoint)?;
        let (login, used) = self.login(context).await?;
        match token::fetch(&service, &rest, bearer, &login).await {
            Err(error) if error.status() == Some(401) && self.caller.renew(&used) => {
                let (login, _) = self.login(context).await?;
                token::fetch(&service, &rest, bearer, &login).await
            }
            other => other,
        }
    }

    /// The service at `endpoint`, which must be encrypted or on this machine.
    fn service(&self, context: &Context, endpoint: String) -> Result<Context, Error> {
        if let Some(service) = self.known().services.get(&endpoint) {
            return Ok(service.clone());
        }
        let service = context.beside(&endpoint).build();
        let service = service.map_err(|error| token::unfit(&error.to_string()))?;
        let services = &mut self.known().services;
        make_room(services);
        Ok(services.entry(endpoint).or_insert(service).clone())
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
        match shown {
            Shown::Nothing => match (self.login(context).await?.0, wanted) {
                (Login::Anonymous, Challenge::Basic) => Err(nobody(repository)),
                _ => Ok(()),
            },
            Shown::Token { fresh: true, .. } if !news => match self.login(context).await?.0 {
                Login::Anonymous => Err(nobody(repository)),
                _ => Err(refused),
            },
            Shown::Token { text, .. } => {
                self.give_up(repository, text).await;
                Ok(())
            }
            Shown::Password { used, .. } => match news || self.caller.renew(used) {
                true => Ok(()),
                false => Err(refused),
            },
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
    async fn give_up(&self, repository: &str, text: &Secret) {
        let place = self.known().repositories.get(repository).cloned();
        if let Some(place) = place {
            let mut held = place.token.lock().await;
            if held
                .as_ref()
                .is_some_and(|token| token.text.expose() == text.expose())
            {
                *held = None;
            }
        }
    }
}

impl Known {
    fn keep(&mut self, repository: &str, challenge: Challenge) -> Arc<Place> {
        make_room(&mut self.repositories);
        let place = Arc::new(Place {
            challenge,
            token: tokio::sync::Mutex::default(),
        });
        self.repositories
            .insert(repository.to_owned(), place.clone());
        place
    }
}

fn make_room<V>(map: &mut HashMap<String, V>) {
    if map.len() >= MANY {
        map.clear();
    }
}

fn nobody(repository: &str) -> Error {
    Error::credentials(format!(
        "the registry wants to know who asks for {repository}, and there is no login for it"
    ))
}
