//! Manifests with their content.

use std::collections::BTreeMap;
use std::sync::Arc;

use openapi_transport::{Answer, Error};

use super::platform::Platform;
use super::wire::{self, GET};
use super::{Client, DIGEST, digest, header, names, parse};

/// Manifest of an image, an index or an artifact, verified against its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Content {
    /// Digest, `sha256:…`.
    pub digest: String,
    /// Media type. It comes from the manifest itself if the manifest names it.
    pub media_type: Option<String>,
    /// Type of an artifact that is not an image.
    pub artifact_type: Option<String>,
    /// Manifest that this one refers to, such as the image of a signature.
    pub subject: Option<Descriptor>,
    /// Kind, and what the manifest lists.
    pub kind: ContentKind,
    bytes: Arc<[u8]>,
}

/// Kind of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "most manifests that are fetched are images"
)]
pub enum ContentKind {
    /// List of manifests, for several platforms for example.
    Index(Index),
    /// Image, or an artifact in the form of an image.
    Image(Image),
    /// Any other kind, which the client does not parse.
    Other,
}

/// List of manifests. Docker calls it a manifest list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Index {
    /// Manifests in the order of the list.
    pub manifests: Vec<Descriptor>,
}

/// Parts of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Image {
    /// Config, which names the platform.
    pub config: Descriptor,
    /// Layers in their order.
    pub layers: Vec<Descriptor>,
}

/// Reference to a manifest or blob by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Descriptor {
    /// Media type. It is empty if the registry names none.
    pub media_type: String,
    /// Digest.
    pub digest: String,
    /// Size in bytes.
    pub size: Option<u64>,
    /// Platform, in an index.
    pub platform: Option<Platform>,
    /// Type of an artifact that is not an image.
    pub artifact_type: Option<String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Whether it is an attestation of BuildKit, such as a provenance, and not an image.
    pub fn is_attestation(&self) -> bool {
        let kind = self.annotations.get("vnd.docker.reference.type");
        kind.is_some_and(|kind| kind == "attestation-manifest")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }

    /// Whether it is a list of manifests, by its media type.
    pub(super) fn is_index(&self) -> bool {
        parse::INDEXES.contains(&self.media_type.as_str())
    }
}

impl Image {
    /// Whether the config is that of an image, and names its platform and its uncompressed layers.
    pub(super) fn has_image_config(&self) -> bool {
        matches!(
            self.config.media_type.as_str(),
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
        )
    }
}

impl Content {
    /// Returns the bytes of the manifest, which have the digest.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Client {
    /// Returns the manifest under `reference`, a tag or digest, with its content. Returns `None` if
    /// the registry does not have it.
    ///
    /// Sends `GET /v2/<name>/manifests/<reference>`, and follows redirects as
    /// [`manifest`](Self::manifest) does. The client keeps some manifests. It may return a manifest by
    /// its digest without a request. Then the registry may have lost the manifest meanwhile, and
    /// `manifest` tells whether it has it.
    ///
    /// The manifest itself decides what it is, because headers may be wrong. An index has at most
    /// 1,000 manifests, and an image at most 1,000 layers.
    ///
    /// ```no_run
    /// use registry_replication::oci::{Client, ContentKind};
    ///
    /// # async fn example() -> Result<(), registry_replication::Error> {
    /// let registry = Client::builder("registry.example").docker_config().build()?;
    /// let Some(content) = registry.content("team/api", "v42").await? else {
    ///     return Ok(());
    /// };
    /// if let ContentKind::Index(index) = &content.kind {
    ///     for entry in index.manifests.iter().filter(|entry| !entry.is_attestation()) {
    ///         println!("{} {:?}", entry.digest, entry.platform);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - Those of [`manifest`](Self::manifest).
    /// - When the manifest does not match the digest, or the digest is neither SHA-256 nor SHA-512.
    /// - When the manifest is larger than 4 MiB, invalid, or an index and an image at the same time.
    pub async fn content(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Content>, Error> {
        names::repository(repository)?;
        names::reference(reference)?;
        if let Some(known) = self.contents.get(repository, reference) {
            return Ok(Some(known));
        }
        let content = async {
            let answer = self.body(repository, reference).await?;
            let content = answer.map(|answer| self.read(&answer, reference));
            content.transpose()
        };
        let content = content.await;
        let content =
            content.map_err(|error| error.with_subject(self.image(repository, reference)))?;
        if let Some(content) = &content {
            self.keep(repository, content);
        }
        Ok(content)
    }

    pub(super) fn keep(&self, repository: &str, content: &Content) {
        let bytes = content.bytes.len();
        self.contents
            .put(repository, &content.digest, bytes, content.clone());
    }

    /// Reads an answer that has a manifest.
    pub(super) fn read(&self, answer: &Answer, reference: &str) -> Result<Content, Error> {
        let unexpected = |what: String| Error::unexpected(GET.name, answer, what);
        let said = self.hashed(answer, reference)?;
        let is_proven = names::is_digest(reference) || header(answer, DIGEST).is_some();
        let digest = match names::is_digest(reference) {
            true => reference.to_owned(),
            false => said.digest,
        };
        digest::verify(&digest, &answer.body).map_err(unexpected)?;
        // A login page has a digest, too.
        if !is_proven && !wire::is_manifest(&answer.body) {
            return Err(unexpected("the answer is not a manifest".to_owned()));
        }
        let parsed = parse::manifest(&answer.body, said.media_type.as_deref());
        let parsed = parsed.map_err(|why| unexpected(format!("invalid manifest: {why}")))?;
        Ok(Content {
            digest,
            media_type: parsed.media_type,
            artifact_type: parsed.artifact_type,
            subject: parsed.subject,
            kind: parsed.kind,
            bytes: Arc::from(&*answer.body),
        })
    }
}
