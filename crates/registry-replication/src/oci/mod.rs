//! What a destination itself says: the manifest of an image, over the OCI distribution API.
//!
//! Registries speak it beside their vendor's API, and so does any other registry that rules copy
//! to. A task that has succeeded says that a copy was made; a [`Client`] says what is there.

mod access;
mod auths;
mod challenge;
mod docker;
mod helper;
mod login;
mod names;
mod redirect;
mod token;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use openapi_transport::{
    Answer, Caller, Chain, Context, ContextBuilder, Error, ErrorKind, Operation, Source, send,
};
use sha2::{Digest, Sha256};

pub use docker::DockerConfig;
pub use login::Login;

use access::{Access, Logins, Shown};
use login::DockerLogins;
use wire::{ACCEPT, Distribution, GET, HEAD};

/// Larger than any manifest that registries take.
const MAX_MANIFEST: usize = 4 << 20;

const DIGEST: &str = "docker-content-digest";

/// A registry that images are pulled from, by its host.
///
/// The first request is anonymous; the client authenticates when challenged: with a user name and a
/// password, or with a token of the service that the registry names. Tokens are kept for each
/// repository until they end, and renewed once when the registry refuses them.
///
/// Cheap to clone; clones share connections, tokens and limits.
///
/// ```no_run
/// use registry_replication::{Error, oci};
///
/// # async fn example() -> Result<(), Error> {
/// let registry = oci::Client::builder("registry.cn-shanghai.example")
///     .docker_config()
///     .build()?;
/// match registry.manifest("team/api", "v42").await? {
///     Some(manifest) => println!("{}", manifest.digest),
///     None => println!("it is not there"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    context: Context,
    access: Arc<Access>,
    /// Its host, for people.
    host: Arc<str>,
    manners: Arc<Manners>,
}

/// What is known of how a host answers.
#[derive(Debug, Default)]
struct Manners {
    /// Whether it has answered as only a registry does.
    is_proven: AtomicBool,
    /// Whether only `GET` helps: it does not know `HEAD`, or answers it wrongly.
    is_get_only: AtomicBool,
    /// How often in a row `HEAD` denied a manifest that `GET` had.
    denials: AtomicU8,
}

impl Manners {
    /// Notes that `GET` had what `HEAD` denied. Once may be chance: the manifest came in between.
    fn note_denial(&self) {
        if self.denials.fetch_add(1, Ordering::Relaxed) > 0 {
            self.is_get_only.store(true, Ordering::Relaxed);
        }
    }
}

/// What a registry says of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// Its digest, `sha256:…`: the image's own, or that of the list of images that it is.
    pub digest: String,
    /// Its media type, which says whether it is an image or a list of images.
    pub media_type: Option<String>,
}

/// Settings of a [`Client`].
pub struct Builder {
    host: String,
    tls: Option<bool>,
    logins: Logins,
    configure: Option<crate::settings::Configure>,
}

impl Builder {
    /// Sets the login. The default is anonymous access.
    pub fn login(mut self, login: Login) -> Self {
        self.logins = Logins::Caller(Caller::Fixed(login));
        self
    }

    /// Takes the login from a source that is asked again ahead of its login's end and when the
    /// registry does not accept it any more, such as the vendors' login tokens.
    pub fn login_from(self, source: impl Source<Login> + 'static) -> Self {
        self.chain(Arc::new(Chain::new(vec![Arc::new(source)])))
    }

    /// Takes the login from the first of several sources that has one.
    pub fn chain(mut self, chain: Arc<Chain<Login>>) -> Self {
        self.logins = Logins::Caller(Caller::Chain(chain));
        self
    }

    /// Takes the logins that docker and podman have: the [`DockerConfig`] of this process. Access is
    /// anonymous if it has no login for the registry, or none that can be used.
    pub fn docker_config(self) -> Self {
        let config = DockerConfig::of_process(&self.host);
        self.docker_config_from(config)
    }

    /// The same, from another [`DockerConfig`]. Each repository gets the login of the longest
    /// namespace that has one.
    pub fn docker_config_from(mut self, config: DockerConfig) -> Self {
        self.logins = Logins::Docker(DockerLogins::new(config));
        self
    }

    /// Whether requests are encrypted: yes, unless the registry is on this machine. Without,
    /// whoever is in between can read passwords and tokens.
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Changes deadlines, limits and the like, for the registry and its token service. A manifest
    /// may have 4 MiB unless said otherwise; each request has the deadlines of a call.
    pub fn configure(
        mut self,
        configure: impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static,
    ) -> Self {
        self.configure = Some(Box::new(configure));
        self
    }

    /// Makes the registry. Nothing is sent yet.
    ///
    /// # Errors
    /// When the host is none, or has more than a port to it; when the system's certificates cannot
    /// be read.
    pub fn build(self) -> Result<Client, Error> {
        names::host(&self.host)?;
        let context = |scheme: &str| {
            let endpoint = format!("{scheme}://{}", names::api_host(&self.host));
            Context::builder(endpoint, Arc::new(Distribution)).max_answer_bytes(MAX_MANIFEST)
        };
        let context = match self.tls {
            Some(true) => context("https"),
            Some(false) => context("http").allow_plain_http(),
            None if names::is_this_machine(&self.host) => context("http"),
            None => context("https"),
        };
        let context = match self.configure {
            Some(configure) => configure(context),
            None => context,
        };
        Ok(Client {
            context: context.build()?,
            access: Arc::new(Access::new(self.logins)),
            host: self.host.into(),
            manners: Arc::default(),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The host is unchecked here and could hold a password.
        f.debug_struct("Builder")
            .field("tls", &self.tls)
            .field("logins", &self.logins)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a registry by its host, `registry.example` or `registry.example:8443`.
    pub fn builder(host: impl Into<String>) -> Builder {
        Builder {
            host: host.into(),
            tls: None,
            logins: Logins::Caller(Caller::Anonymous),
            configure: None,
        }
    }

    /// Its URL.
    pub fn endpoint(&self) -> &str {
        self.context.endpoint()
    }

    /// The manifest of `repository`, a whole name such as `team/api`, that `reference`, a tag or
    /// digest, stands for; `None` if the registry says that there is none.
    ///
    /// `HEAD /v2/<name>/manifests/<reference>`. The manifest itself is fetched with `GET` if the
    /// answer has no digest, and is then hashed; if it is a 404, because some registries and proxies
    /// have a manifest all the same, and only the body proves that a registry has answered; if it is
    /// another refusal, because only the body has the reason. A host that does not know `HEAD`, or
    /// has denied manifests twice that it has, is asked with `GET` from then on.
    ///
    /// Up to 5 redirects are followed, over TLS or, from a registry on this machine, on this machine.
    /// No login or token goes along.
    ///
    /// A registry may show a manifest and lose it again, and copies of it may differ for a while:
    /// one look proves little.
    ///
    /// # Errors
    /// Of kind [`Invalid`](ErrorKind::Invalid) when repository or reference is none, of kind
    /// [`Credentials`](ErrorKind::Credentials) when there is no login to show, of status 401 or
    /// 403 when the registry or its token service does not let us look, and whatever else can go
    /// wrong with a call. The [subject](Error::subject) is the image. None shows a secret.
    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Manifest>, Error> {
        names::repository(repository)?;
        names::reference(reference)?;
        let found = self.look(repository, reference).await;
        found.map_err(|error| {
            let sign = match names::is_digest(reference) {
                true => '@',
                false => ':',
            };
            error.with_subject(format!("{}/{repository}{sign}{reference}", self.host))
        })
    }

    async fn look(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, Error> {
        if self.manners.is_get_only.load(Ordering::Relaxed) {
            return self.fetched(repository, reference).await;
        }
        match self.ask(&HEAD, repository, reference).await {
            Ok((answer, operation)) if operation.id == GET.id => self.hashed(&answer, reference),
            Ok((answer, _)) => {
                self.manners.denials.store(0, Ordering::Relaxed);
                match header(&answer, DIGEST) {
                    Some(digest) => self.found(HEAD.name, &answer, reference, digest.to_owned()),
                    None => self.fetched(repository, reference).await,
                }
            }
            Err(error) if is_absence(&error) => {
                let found = self.fetched(repository, reference).await?;
                if found.is_some() {
                    self.manners.note_denial();
                }
                Ok(found)
            }
            Err(error) if matches!(error.status(), Some(405 | 501)) => {
                self.manners.is_get_only.store(true, Ordering::Relaxed);
                self.fetched(repository, reference).await
            }
            Err(error) => Err(error),
        }
    }

    /// The same, from the manifest itself.
    async fn fetched(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, Error> {
        match self.ask(&GET, repository, reference).await {
            Ok((answer, _)) => self.hashed(&answer, reference),
            Err(error) if error.is_absent() => {
                self.manners.is_proven.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) if is_absence(&error) && self.manners.is_proven.load(Ordering::Relaxed) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn hashed(&self, answer: &Answer, reference: &str) -> Result<Option<Manifest>, Error> {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&answer.body)));
        match header(answer, DIGEST) {
            Some(said) if said.starts_with("sha256:") && said != digest => {
                let what = "the manifest is not the one whose digest comes with it";
                Err(Error::unexpected(GET.name, answer, what))
            }
            Some(said) => self.found(GET.name, answer, reference, said.to_owned()),
            // A login page has a hash, too.
            None if !wire::is_manifest(&answer.body) => Err(Error::unexpected(
                GET.name,
                answer,
                "the answer is not a manifest",
            )),
            None => self.found(GET.name, answer, reference, digest),
        }
    }

    fn found(
        &self,
        operation: &'static str,
        answer: &Answer,
        reference: &str,
        digest: String,
    ) -> Result<Option<Manifest>, Error> {
        if !names::is_digest(&digest) {
            let what = "what it gives as the digest is none";
            return Err(Error::unexpected(operation, answer, what));
        }
        if names::same_algorithm(reference, &digest) && reference != digest {
            let what = "the manifest is not the one that was asked for by its digest";
            return Err(Error::unexpected(operation, answer, what));
        }
        self.manners.is_proven.store(true, Ordering::Relaxed);
        Ok(Some(Manifest {
            digest,
            media_type: header(answer, "content-type").map(str::to_owned),
        }))
    }

    /// Asks, showing who asks in the way that the registry wants. The answer may be one to `GET`
    /// where `HEAD` was refused.
    async fn ask(
        &self,
        operation: &'static Operation,
        repository: &str,
        reference: &str,
    ) -> Result<(Answer, &'static Operation), Error> {
        let url = format!(
            "{}/v2/{repository}/manifests/{reference}",
            self.context.endpoint()
        );
        // First to learn what it wants, and then to renew what it does not accept any more.
        let mut again = 2;
        let (shown, error) = loop {
            let shown = self.access.show(&self.context, repository).await?;
            let Failed { error, redirected } = match self.send(operation, &url, &shown).await {
                Ok(answer) => return Ok((answer, operation)),
                Err(failed) => failed,
            };
            // What a host asks for that the registry redirects to is no business of its login.
            if error.status() != Some(401) || again == 0 || redirected {
                break (shown, error);
            }
            again -= 1;
            let refused = self
                .access
                .refused(&self.context, repository, &shown, error);
            match refused.await {
                Ok(()) => {}
                Err(error) => break (shown, error),
            }
        };
        let error = match error.status() {
            // An answer to `HEAD` has no body, and the reason is in the body.
            Some(status) if operation.id == HEAD.id && is_mute(status) => {
                match self.send(&GET, &url, &shown).await {
                    Ok(answer) => {
                        self.manners.is_get_only.store(true, Ordering::Relaxed);
                        return Ok((answer, &GET));
                    }
                    Err(said) if said.error.status().is_some() => said.error,
                    Err(_) => error,
                }
            }
            _ => error,
        };
        Err(self.access.explain(&self.context, repository, error).await)
    }

    /// Sends one request, and follows where it is redirected to.
    async fn send(
        &self,
        operation: &'static Operation,
        url: &str,
        shown: &Shown,
    ) -> Result<Answer, Failed> {
        let http = self.context.http();
        let request = match operation.id == GET.id {
            true => http.get(url),
            false => http.head(url),
        };
        let (request, secret) = match shown {
            Shown::Nothing => (request, None),
            Shown::Password { user, password, .. } => (
                request.basic_auth(user, Some(password.expose())),
                Some(password),
            ),
            Shown::Token { text, .. } => (request.bearer_auth(text.expose()), Some(text)),
        };
        let request = request.header("accept", ACCEPT).build().map_err(|_| {
            Error::credentials("the login or token has characters that a header cannot hold")
        })?;
        let error = match send(&self.context, operation, request).await {
            Ok(answer) => return Ok(answer),
            Err(error) => match secret {
                Some(secret) => error.without(secret),
                None => error,
            },
        };
        match error.redirect() {
            None => Err(error.into()),
            Some(_) => redirect::follow(&self.access, &self.context, operation, url, error)
                .await
                .map_err(|error| Failed {
                    error,
                    redirected: true,
                }),
        }
    }
}

/// A request that failed.
struct Failed {
    error: Error,
    /// Whether at another host than the registry's.
    redirected: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self {
            error,
            redirected: false,
        }
    }
}

/// Whether a status is a refusal that an answer to `HEAD` does not explain, and `GET` may.
fn is_mute(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 404 | 405 | 408 | 425 | 429)
}

/// Whether the answer was that there is no such thing.
fn is_absence(error: &Error) -> bool {
    error.kind() == ErrorKind::Service && error.status() == Some(404)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let text = answer.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}
