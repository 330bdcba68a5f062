//! Client of the OCI distribution API, which reads images and their tags from a registry itself.
//!
//! Registries offer this API in addition to their vendor's API, and so do other registries that
//! rules copy to. A successful task proves that it made a copy. A [`Client`] proves what the
//! destination has now. [`compare`] tells whether two registries have the same image, even if its
//! index was created again or its layers were compressed again.

mod access;
mod auths;
mod cache;
mod certificates;
mod challenge;
mod compare;
mod config;
mod content;
mod diff;
mod digest;
mod docker;
mod fields;
mod helper;
mod hosts;
mod link;
mod login;
mod names;
mod parse;
mod parts;
mod platform;
mod redirect;
mod referrers;
mod request;
mod tags;
mod token;
mod wire;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::StatusCode;
use openapi_transport::{
    Answer, Caller, Chain, Context, ContextBuilder, Error, ErrorKind, Source, SourceError,
};

pub use compare::{Comparison, Match, compare};
pub use config::ImageConfig;
pub use content::{Content, ContentKind, Descriptor, Image, Index};
pub use diff::{Diff, DiffCounts, TagDiff, TagState};
pub use docker::DockerConfig;
pub use hosts::Hosts;
pub use login::Login;
pub(crate) use parts::{Proof, missing_children};
pub use platform::{InvalidPlatform, Platform};
pub(crate) use referrers::missing;
pub use referrers::{Referrer, ReferrerOrigin};
pub use wire::is_operation;

use access::{Access, Logins, Target};
use cache::Cache;
use login::DockerLogins;
use wire::{Distribution, GET, HEAD, PING};

/// Limit of an answer in bytes: a manifest, a config or a page of tags. Registries accept only
/// smaller manifests.
const MAX_ANSWER: usize = 4 << 20;

const DIGEST: &str = "docker-content-digest";

/// Client of a registry that images are pulled from, by its host.
///
/// The first request is anonymous. When challenged, the client authenticates with a user name and a
/// password, or with a token of the service that the registry names. It keeps a token for each
/// repository until the token expires, and renews it once when the registry rejects it.
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
    /// Host, as text for people.
    host: Arc<str>,
    manners: Arc<Manners>,
    /// Manifests that were fetched, by repository and digest.
    contents: Arc<Cache<Content>>,
    /// Configs that were fetched, by repository and digest.
    configs: Arc<Cache<ImageConfig>>,
}

/// Known behaviour of a host.
#[derive(Debug, Default)]
struct Manners {
    /// Whether an answer has proved that it is a registry.
    is_proven: AtomicBool,
    /// Whether only `GET` works: it does not know `HEAD`, or answers it wrongly.
    is_get_only: AtomicBool,
    /// How often in a row `HEAD` denied a manifest that `GET` had.
    denials: AtomicU8,
    /// Repositories in which the referrers API has answered with a list.
    listed_referrers: Mutex<BTreeSet<String>>,
    /// Repositories that the registry did not have when it was last asked for a manifest.
    missing: Mutex<BTreeSet<String>>,
}

impl Manners {
    /// Records whether the registry lacks a repository.
    fn note_repository(&self, repository: &str, is_missing: bool) {
        let missing = self.missing.lock();
        let mut missing = missing.unwrap_or_else(PoisonError::into_inner);
        match is_missing {
            true => missing.insert(repository.to_owned()),
            false => missing.remove(repository),
        };
    }

    /// Records that `GET` returned a manifest that `HEAD` denied. Once may be chance, because the
    /// manifest may have been pushed in between.
    fn note_denial(&self) {
        if self.denials.fetch_add(1, Ordering::Relaxed) > 0 {
            self.is_get_only.store(true, Ordering::Relaxed);
        }
    }
}

/// Digest and media type of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Manifest {
    /// Digest, `sha256:…`, of the image or of the list of images.
    pub digest: String,
    /// Media type, which tells whether it is an image or a list of images.
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

    /// Takes the login from a source, such as the vendors' login tokens. The client loads it again
    /// before its expiry, and when the registry rejects it.
    pub fn login_from(self, source: impl Source<Login> + 'static) -> Self {
        self.chain(Arc::new(Chain::new(vec![Arc::new(source)])))
    }

    /// Takes the login from the first source of a chain that has one.
    pub fn chain(mut self, chain: Arc<Chain<Login>>) -> Self {
        self.logins = Logins::Caller(Caller::Chain(chain));
        self
    }

    /// Takes the logins of docker and podman: the [`DockerConfig`] of this process. Access is
    /// anonymous if it has no usable login for the registry.
    pub fn docker_config(self) -> Self {
        let config = DockerConfig::of_process(&self.host);
        self.docker_config_from(config)
    }

    /// Takes the logins of another [`DockerConfig`]. Each repository gets the login of the longest
    /// matching namespace that has one.
    pub fn docker_config_from(mut self, config: DockerConfig) -> Self {
        self.logins = Logins::Docker(DockerLogins::new(config));
        self
    }

    /// Sets whether requests use TLS. Without TLS, machines on the way can read passwords and tokens.
    /// [default: TLS, except to this machine]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Changes deadlines, limits and other options, for the registry and its token service. Each
    /// request has the deadlines of a call. The default limit of an answer is 4 MiB.
    pub fn configure(
        mut self,
        configure: impl FnOnce(ContextBuilder) -> ContextBuilder + Send + 'static,
    ) -> Self {
        self.configure = Some(Box::new(configure));
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    /// When the host is invalid or has more than a port, or when the system's certificates cannot be
    /// read.
    pub fn build(self) -> Result<Client, Error> {
        names::host(&self.host)?;
        let context = |scheme: &str| {
            let endpoint = format!("{scheme}://{}", names::api_host(&self.host));
            Context::builder(endpoint, Arc::new(Distribution)).max_answer_bytes(MAX_ANSWER)
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
            contents: Arc::default(),
            configs: Arc::default(),
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The host is not validated yet and could hold a password.
        f.debug_struct("Builder")
            .field("tls", &self.tls)
            .field("logins", &self.logins)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Begins a client of the registry at a host, `registry.example` or `registry.example:8443`.
    pub fn builder(host: impl Into<String>) -> Builder {
        Builder {
            host: host.into(),
            tls: None,
            logins: Logins::Caller(Caller::Anonymous),
            configure: None,
        }
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// Returns the URL of the registry.
    pub fn endpoint(&self) -> &str {
        self.context.endpoint()
    }

    /// Returns the manifest under `reference`, a tag or digest, in `repository`, a whole name such as
    /// `team/api`. Returns `None` if the registry does not have it.
    ///
    /// Sends `HEAD /v2/<name>/manifests/<reference>`. It fetches the manifest with `GET` in these
    /// cases:
    /// - The status is not 200, or the answer has no digest of SHA-256 or SHA-512. The client then
    ///   hashes the manifest.
    /// - The answer is a 404. Some registries and proxies have the manifest nevertheless, and only
    ///   the body proves that a registry answered.
    /// - The answer is another refusal, because only the body has the reason.
    /// - The host does not know `HEAD`, or has twice denied manifests that it has.
    ///
    /// Follows up to 5 redirects, over TLS, or on this machine if the registry is on this machine. It
    /// sends no login or token to them.
    ///
    /// A registry may serve a manifest and lose it again, and its replicas may differ for a while, so
    /// one answer proves little.
    ///
    /// # Errors
    /// - Of kind [`Invalid`](ErrorKind::Invalid) when repository or reference is invalid.
    /// - Of kind [`Credentials`](ErrorKind::Credentials) when there is no login.
    /// - With status 401 or 403 when the registry or its token service denies access.
    /// - Any other error of a call.
    ///
    /// The [subject](Error::subject) is the image. No error shows a secret.
    pub async fn manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Manifest>, Error> {
        names::repository(repository)?;
        names::reference(reference)?;
        let found = self.look(repository, reference).await;
        found.map_err(|error| error.with_subject(self.image(repository, reference)))
    }

    /// Returns the host and name of a repository if the registry said that it does not have it, when it
    /// was last asked for a manifest in it.
    pub(crate) fn lacks(&self, repository: &str) -> Option<String> {
        let missing = self.manners.missing.lock();
        let missing = missing.unwrap_or_else(PoisonError::into_inner);
        let is_missing = missing.contains(repository);
        is_missing.then(|| format!("{}/{repository}", self.host))
    }

    /// Returns the name of a repository as Docker's clients read it: at Docker Hub, a repository
    /// without a namespace is in `library`.
    pub(crate) fn full_name(&self, repository: String) -> String {
        match names::is_hub(&self.host) && !repository.contains('/') {
            true => format!("library/{repository}"),
            false => repository,
        }
    }

    /// Returns an image as text for people.
    pub(crate) fn image(&self, repository: &str, reference: &str) -> String {
        let sign = match names::is_digest(reference) {
            true => '@',
            false => ':',
        };
        format!("{}/{repository}{sign}{reference}", self.host)
    }

    /// Checks that a registry answers at the host, and that it accepts the login: `GET /v2/`.
    ///
    /// # Errors
    /// Those of [`manifest`](Self::manifest).
    pub async fn ping(&self) -> Result<(), Error> {
        self.ask(&PING, &Target::Registry, "").await.map(|_| ())
    }

    /// Returns where the login for the registry comes from, or why no login was found.
    pub(crate) async fn login_origin(&self) -> Option<Result<String, SourceError>> {
        self.access.origin(&self.context).await
    }

    async fn look(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, Error> {
        if self.manners.is_get_only.load(Ordering::Relaxed) {
            return self.fetched(repository, reference).await;
        }
        let target = Target::Repository(repository.to_owned());
        let path = manifest(repository, reference);
        match self.ask(&HEAD, &target, &path).await {
            Ok((answer, operation)) if operation.id == GET.id => {
                self.hashed(&answer, reference).map(Some)
            }
            Ok((answer, _)) => {
                self.manners.denials.store(0, Ordering::Relaxed);
                let said = header(&answer, DIGEST).filter(|_| answer.status == StatusCode::OK);
                match said {
                    // The registry may name a manifest by another algorithm than the caller.
                    Some(digest) if digest::is_known(digest) && fits(reference, digest) => {
                        let found = self.found(HEAD.name, &answer, reference, digest.to_owned());
                        found.map(Some)
                    }
                    _ => self.fetched(repository, reference).await,
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

    /// Returns the manifest as [`manifest`](Self::manifest) does, but proves that the registry serves
    /// its bytes now: fetches them with `GET`, hashes and parses them. If the registry does not
    /// allow `GET` (405), the answer to `HEAD` counts.
    ///
    /// # Errors
    /// Those of [`manifest`](Self::manifest), when the bytes do not match the digest or are no
    /// manifest, and when the digest is neither SHA-256 nor SHA-512.
    pub(crate) async fn served(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Manifest>, Error> {
        names::repository(repository)?;
        names::reference(reference)?;
        let found = match self.body(repository, reference).await {
            Ok(Some(answer)) => self.verified(&answer, repository, reference).map(Some),
            Ok(None) => Ok(None),
            Err(error) if error.status() == Some(405) => self.look(repository, reference).await,
            Err(error) => Err(error),
        };
        found.map_err(|error| error.with_subject(self.image(repository, reference)))
    }

    /// Checks that the bytes are a manifest, and have its digest. Keeps them for
    /// [`content`](Self::content).
    fn verified(
        &self,
        answer: &Answer,
        repository: &str,
        reference: &str,
    ) -> Result<Manifest, Error> {
        let content = self.read(answer, reference)?;
        // Any bytes have a digest, also those of a login page.
        if !wire::is_manifest(&answer.body) {
            let what = "the answer is not a manifest";
            return Err(Error::unexpected(GET.name, answer, what));
        }
        self.keep(repository, &content);
        Ok(Manifest {
            digest: content.digest,
            media_type: content.media_type,
        })
    }

    /// Fetches the manifest itself.
    async fn fetched(&self, repository: &str, reference: &str) -> Result<Option<Manifest>, Error> {
        let answer = self.body(repository, reference).await?;
        answer
            .map(|answer| self.hashed(&answer, reference))
            .transpose()
    }

    /// Fetches the bytes of a manifest.
    async fn body(&self, repository: &str, reference: &str) -> Result<Option<Answer>, Error> {
        let target = Target::Repository(repository.to_owned());
        let path = manifest(repository, reference);
        let answer = self.ask(&GET, &target, &path).await;
        let is_missing = match &answer {
            Err(error) => error.is_absent() && error.code() == Some("NAME_UNKNOWN"),
            Ok(_) => false,
        };
        self.manners.note_repository(repository, is_missing);
        self.present(answer.map(|(answer, _)| answer)).await
    }

    /// Returns `None` if a registry itself has answered that something does not exist.
    async fn present(&self, answer: Result<Answer, Error>) -> Result<Option<Answer>, Error> {
        let error = match answer {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        if error.is_absent() {
            self.manners.is_proven.store(true, Ordering::Relaxed);
            return Ok(None);
        }
        match is_absence(&error) {
            true if self.is_registry().await => Ok(None),
            true => {
                Err(error.with_note("no answer shows that this host is a registry; check the host"))
            }
            false => Err(error),
        }
    }

    /// Whether a registry answers at the host: an answer has proved it, the host has sent the
    /// challenge of a registry, or it accepts `GET /v2/`.
    async fn is_registry(&self) -> bool {
        let is_proven = &self.manners.is_proven;
        if is_proven.load(Ordering::Relaxed) {
            return true;
        }
        let answers = self.access.has_challenge()
            || self.ask(&PING, &Target::Registry, "").await.is_ok()
            || self.access.has_challenge();
        is_proven.fetch_or(answers, Ordering::Relaxed);
        answers
    }

    /// Checks the bytes of a manifest against the digests of the reference and the header.
    fn hashed(&self, answer: &Answer, reference: &str) -> Result<Manifest, Error> {
        let said = header(answer, DIGEST);
        let is_of_reference = digest::like(reference, &answer.body).is_some();
        let claims = [Some(reference), said].into_iter().flatten();
        for claim in claims {
            let digest = digest::like(claim, &answer.body);
            if digest.is_some_and(|digest| digest != claim) {
                let what = match said == Some(claim) {
                    true => "the manifest does not match the digest in its header",
                    false => "the manifest has another digest than the requested one",
                };
                return Err(Error::unexpected(GET.name, answer, what));
            }
        }
        let digest = match said {
            // The bytes have both digests.
            _ if is_of_reference => reference.to_owned(),
            Some(said) => said.to_owned(),
            // Any text has a hash, also a login page.
            None if !wire::is_manifest(&answer.body) => {
                let what = "the answer is not a manifest";
                return Err(Error::unexpected(GET.name, answer, what));
            }
            None => digest::sha256(&answer.body),
        };
        self.found(GET.name, answer, reference, digest)
    }

    fn found(
        &self,
        operation: &'static str,
        answer: &Answer,
        reference: &str,
        digest: String,
    ) -> Result<Manifest, Error> {
        if !names::is_digest(&digest) {
            let what = "invalid digest in the answer";
            return Err(Error::unexpected(operation, answer, what));
        }
        if names::same_algorithm(reference, &digest) && reference != digest {
            let what = "the manifest has another digest than the requested one";
            return Err(Error::unexpected(operation, answer, what));
        }
        self.manners.is_proven.store(true, Ordering::Relaxed);
        Ok(Manifest {
            digest,
            media_type: header(answer, "content-type").map(str::to_owned),
        })
    }
}

/// Returns the path of a manifest below `/v2/`.
fn manifest(repository: &str, reference: &str) -> String {
    format!("{repository}/manifests/{reference}")
}

/// Whether a digest is of the algorithm of the reference, if the reference is a digest, too.
fn fits(reference: &str, digest: &str) -> bool {
    !names::is_digest(reference) || names::same_algorithm(reference, digest)
}

/// Whether the answer was "not found".
fn is_absence(error: &Error) -> bool {
    error.kind() == ErrorKind::Service && error.status() == Some(404)
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let text = answer.headers.get(name)?.to_str().ok()?.trim();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    const BODY: &str = r#"{"schemaVersion":2}"#;

    /// Starts a registry that answers each request by its method, and returns its client.
    fn registry(answer: impl Fn(bool) -> (String, String) + Send + 'static) -> Client {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                let is_head = request.starts_with(b"HEAD");
                let (head, body) = answer(is_head);
                let length = body.len();
                let sent = if is_head { "" } else { body.as_str() };
                let text = format!(
                    "HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{sent}"
                );
                stream.write_all(text.as_bytes()).unwrap();
            }
        });
        let login = Client::builder(host).login(Login::Anonymous);
        login.build().unwrap()
    }

    #[test]
    fn docker_hub_has_a_library() {
        for (host, name, full) in [
            ("docker.io", "alpine", "library/alpine"),
            ("INDEX.docker.io", "alpine", "library/alpine"),
            ("registry-1.docker.io", "alpine", "library/alpine"),
            ("docker.io", "team/api", "team/api"),
            ("registry.example", "alpine", "alpine"),
        ] {
            let client = Client::builder(host).build().unwrap();
            assert_eq!(client.full_name(name.to_owned()), full, "{host}");
        }
        let client = Client::builder("docker.io").build().unwrap();
        assert_eq!(client.endpoint(), "https://registry-1.docker.io");
    }

    #[tokio::test]
    async fn bytes_are_proved_by_get_alone() {
        let digest = digest::sha256(BODY.as_bytes());
        let good = move || {
            format!(
                "200 OK\r\ndocker-content-digest: {}",
                digest::sha256(BODY.as_bytes())
            )
        };
        let missing = r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#;
        let other = "other:00000000000000000000000000000000";
        let unknown = format!("200 OK\r\ndocker-content-digest: {other}");
        for (get, body, expected) in [
            (good(), BODY, Ok(Some(digest.clone()))),
            ("200 OK".to_owned(), BODY, Ok(Some(digest.clone()))),
            ("404 Not Found".to_owned(), missing, Ok(None)),
            (good(), "{}", Err("does not match the digest in its header")),
            (unknown, BODY, Err("unknown digest algorithm other")),
            ("403 Forbidden".to_owned(), "", Err("HTTP 403")),
            // The examples of the vendors' APIs allow no other than `HEAD`.
            (
                "405 Method Not Allowed".to_owned(),
                "",
                Ok(Some(digest.clone())),
            ),
        ] {
            let (shown, head) = (get.clone(), good());
            let client = registry(move |is_head| {
                let text = if is_head { &head } else { &get };
                (text.clone(), body.to_owned())
            });
            let cheap = client.manifest("team/api", "v1").await.unwrap();
            assert_eq!(cheap.unwrap().digest, digest, "{shown}");
            // What `content` keeps proves nothing.
            let _ = client.content("team/api", "v1").await;
            let served = client.served("team/api", "v1").await;
            match (served, expected) {
                (Ok(found), Ok(wanted)) => {
                    assert_eq!(found.map(|found| found.digest), wanted, "{shown}");
                }
                (Err(error), Err(says)) => {
                    assert!(error.to_string().contains(says), "{shown}: {error}");
                    assert!(error.subject().is_some(), "{shown}");
                }
                (found, wanted) => panic!("{shown}: {found:?}, {wanted:?}"),
            }
        }
    }

    #[tokio::test]
    async fn a_manifest_by_its_digest_is_fetched_each_time() {
        let digest = digest::sha256(BODY.as_bytes());
        let gets = AtomicU8::new(0);
        let client = registry(move |_| match gets.fetch_add(1, Ordering::Relaxed) {
            0 => ("200 OK".to_owned(), BODY.to_owned()),
            _ => (
                "404 Not Found".to_owned(),
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#.to_owned(),
            ),
        });
        assert!(client.content("team/api", &digest).await.unwrap().is_some());
        assert!(client.content("team/api", &digest).await.unwrap().is_some());
        assert_eq!(client.served("team/api", &digest).await.unwrap(), None);
    }
}
