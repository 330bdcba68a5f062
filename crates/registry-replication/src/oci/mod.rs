//! What a destination itself says: the manifest of an image, over the OCI distribution API.
//!
//! Registries speak it beside their vendor's API, and so does any other registry that rules copy
//! to. A task that has succeeded says that a copy was made; a [`Registry`] says what is there.

mod access;
mod challenge;
mod docker;
mod helper;
mod login;
mod names;
mod token;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use registry_transport::{
    Answer, Caller, Chain, Context, ContextBuilder, Error, ErrorKind, Operation, Source, send,
};
use sha2::{Digest, Sha256};

pub use docker::DockerConfig;
pub use login::Login;

use access::{Access, Shown};
use login::OrNobody;
use wire::{ACCEPT, Distribution, GET, HEAD};

/// Larger than any manifest that registries take.
const MAX_MANIFEST: usize = 4 << 20;

const DIGEST: &str = "docker-content-digest";

/// A registry that images are pulled from, by its host.
///
/// It is asked as nobody until it says how it wants to be shown who asks: by a user name and a
/// password, or by a token of a service that it names, which is got with these, kept for each
/// repository until it ends, and got anew once when the registry refuses it.
///
/// Cheap to clone; clones share connections, tokens and limits.
///
/// ```no_run
/// use registry_replication::{Error, oci};
///
/// # async fn example() -> Result<(), Error> {
/// let registry = oci::Registry::builder("registry.cn-shanghai.example")
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
pub struct Registry {
    context: Context,
    access: Arc<Access>,
    /// Whether the host has answered as only a registry does.
    proven: Arc<AtomicBool>,
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

/// Settings of a [`Registry`].
pub struct Builder {
    host: String,
    tls: Option<bool>,
    caller: Caller<Login>,
    configure: Option<crate::settings::Configure>,
}

impl Builder {
    /// As whom it is asked; as nobody unless said otherwise.
    pub fn login(mut self, login: Login) -> Self {
        self.caller = Caller::Fixed(login);
        self
    }

    /// As whom it is asked, from a source that is asked again ahead of its login's end and when
    /// the registry does not accept it any more, such as the vendors' login tokens.
    pub fn login_from(self, source: impl Source<Login> + 'static) -> Self {
        self.chain(Arc::new(Chain::new(vec![Arc::new(source)])))
    }

    /// As whom it is asked, from the first of several sources that has a login.
    pub fn chain(mut self, chain: Arc<Chain<Login>>) -> Self {
        self.caller = Caller::Chain(chain);
        self
    }

    /// As whom docker would ask it, by the [`DockerConfig`] of this process; as nobody if that has
    /// no login for the registry.
    pub fn docker_config(self) -> Self {
        let config = DockerConfig::of_process(&self.host);
        self.login_from(OrNobody(config))
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
    pub fn build(self) -> Result<Registry, Error> {
        names::host(&self.host)?;
        let context = |scheme: &str| {
            let endpoint = format!("{scheme}://{}", self.host);
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
        Ok(Registry {
            context: context.build()?,
            access: Arc::new(Access::new(self.caller)),
            proven: Arc::default(),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The host is unchecked here and could hold a password.
        f.debug_struct("Builder")
            .field("tls", &self.tls)
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl Registry {
    /// Begins a registry by its host, `registry.example` or `registry.example:8443`.
    pub fn builder(host: impl Into<String>) -> Builder {
        Builder {
            host: host.into(),
            tls: None,
            caller: Caller::Nobody,
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
    /// `HEAD /v2/<name>/manifests/<reference>`. A registry that leaves the digest out is asked for
    /// the manifest itself, which is then hashed; so is one whose first word to us is that there
    /// is none, since only the body says whether it is a registry that says so.
    ///
    /// A registry may show a manifest and lose it again, and copies of it may differ for a while:
    /// one look proves little.
    ///
    /// # Errors
    /// Of kind [`Invalid`](ErrorKind::Invalid) when repository or reference is none, of kind
    /// [`Credentials`](ErrorKind::Credentials) when there is no login to show, of status 401 or
    /// 403 when the registry or its token service does not let us look, and whatever else can go
    /// wrong with a call. None shows a secret.
    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Manifest>, Error> {
        names::repository(repository)?;
        names::reference(reference)?;
        let answer = match self.ask(&HEAD, repository, reference).await {
            Ok(answer) => answer,
            Err(error) if is_absence(&error) => {
                if self.proven.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                return self.fetched(repository, reference).await;
            }
            Err(error) => return Err(error),
        };
        match header(&answer, DIGEST) {
            Some(digest) => self.found(HEAD.name, &answer, reference, digest.to_owned()),
            None => self.fetched(repository, reference).await,
        }
    }

    /// The same, from the manifest itself.
    async fn fetched(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, Error> {
        let answer = match self.ask(&GET, repository, reference).await {
            Ok(answer) => answer,
            // A registry's 404 has a code, anybody else's has none.
            Err(error) if is_absence(&error) && error.code().is_some() => {
                self.proven.store(true, Ordering::Relaxed);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&answer.body)));
        match header(&answer, DIGEST) {
            Some(said) if said.starts_with("sha256:") && said != digest => {
                let what = "the manifest is not the one whose digest comes with it";
                Err(Error::unexpected(GET.name, &answer, what))
            }
            Some(said) => self.found(GET.name, &answer, reference, said.to_owned()),
            None => self.found(GET.name, &answer, reference, digest),
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
        self.proven.store(true, Ordering::Relaxed);
        Ok(Some(Manifest {
            digest,
            media_type: header(answer, "content-type").map(str::to_owned),
        }))
    }

    /// Asks, showing who asks in the way that the registry wants.
    async fn ask(
        &self,
        operation: &'static Operation,
        repository: &str,
        reference: &str,
    ) -> Result<Answer, Error> {
        let url = format!(
            "{}/v2/{repository}/manifests/{reference}",
            self.context.endpoint()
        );
        let http = self.context.http();
        // First to learn what it wants, and then to renew what it does not accept any more.
        let mut again = 2;
        loop {
            let shown = self.access.show(&self.context, repository).await?;
            let request = match operation.method {
                "GET" => http.get(&url),
                _ => http.head(&url),
            };
            let (request, secret) = match &shown {
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
            if error.status() != Some(401) || again == 0 {
                return Err(error);
            }
            again -= 1;
            self.access
                .refused(&self.context, repository, &shown, error)
                .await?;
        }
    }
}

/// Whether the answer was that there is no such thing.
fn is_absence(error: &Error) -> bool {
    error.kind() == ErrorKind::Service && error.status() == Some(404)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let text = answer.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}
