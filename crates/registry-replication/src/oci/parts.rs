//! Parts of an image beyond the manifest under its tag: manifests of an index, and referrers of them.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use openapi_transport::Error;

use super::content::{ContentKind, Descriptor};
use super::platform::Platform;
use super::{Client, names};

/// Most manifests of an index that the client asks for. The largest indexes in the open have a few dozen.
const CHILDREN: usize = 1000;

/// Number of requests at the same time.
const AT_ONCE: usize = 8;

/// Number of missing manifests that a text names.
const NAMED: usize = 10;

/// What proves that a registry serves a manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Proof {
    /// The answer to `HEAD`.
    Head,
    /// The bytes, which have the digest and are a manifest.
    Bytes,
}

impl Client {
    /// Returns the manifests that the index under a tag or digest lists for some platforms. An empty list
    /// of platforms means all. An image lists none. Indexes in an index are read one level deep.
    ///
    /// Attestations are left out, and so are entries without a platform if another entry has one.
    /// Copies often leave them behind. Returns `None` if the registry does not have the manifest
    /// itself.
    ///
    /// # Errors
    /// Those of [`content`](Self::content), and when there are more than 1,000: what is not asked for
    /// proves nothing. A registry that allows no `GET` (405) has no list.
    pub(crate) async fn children(
        &self,
        repository: &str,
        reference: &str,
        platforms: &[Platform],
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let Some(listed) = self.listed(repository, reference).await? else {
            return Ok(None);
        };
        let mut found = Vec::new();
        for entry in listed {
            if found.len() > CHILDREN {
                break;
            }
            if entry.is_index() {
                let inner = self.listed(repository, &entry.digest).await?;
                for mut inner in inner.unwrap_or_default() {
                    inner.platform = inner.platform.or_else(|| entry.platform.clone());
                    found.push(inner);
                }
            }
            found.push(entry);
        }
        if found.len() > CHILDREN {
            let what =
                format!("the index has more than {CHILDREN} manifests, and not all are checked");
            return Err(Error::not_offered("a check of the whole index", what)
                .with_subject(self.image(repository, reference)));
        }
        found.retain(|entry| !entry.is_attestation());
        let is_named = |entry: &Descriptor| entry.platform.is_some() || entry.is_index();
        if found.iter().any(|entry| entry.platform.is_some()) {
            found.retain(is_named);
        }
        let is_wanted = |entry: &Descriptor| match &entry.platform {
            Some(own) => platforms.iter().any(|platform| platform.includes(own)),
            None => entry.is_index(),
        };
        if !platforms.is_empty() {
            found.retain(is_wanted);
        }
        found.truncate(CHILDREN);
        Ok(Some(found))
    }

    /// Returns the entries of an index. Anything else has none. Returns `None` if the registry does not
    /// have the manifest.
    async fn listed(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Vec<Descriptor>>, Error> {
        let content = match self.content(repository, reference).await {
            Err(error) if error.status() == Some(405) => return Ok(Some(Vec::new())),
            content => content?,
        };
        Ok(content.map(|content| match content.kind {
            ContentKind::Index(index) => index.manifests,
            _ => Vec::new(),
        }))
    }

    /// Returns those of some manifests that the registry does not serve.
    ///
    /// # Errors
    /// Those of [`served`](Self::served).
    pub(crate) async fn unserved<T>(
        &self,
        repository: &str,
        manifests: impl IntoIterator<Item = T>,
        digest: impl Fn(&T) -> String,
        proof: Proof,
    ) -> Result<Vec<T>, Error> {
        let asked: Vec<_> = manifests
            .into_iter()
            .map(|one| (digest(&one), one))
            .collect();
        let found = stream::iter(asked)
            .map(|(digest, one)| async move {
                let manifest = match proof {
                    Proof::Head => self.manifest(repository, &digest).await?,
                    Proof::Bytes => self.served(repository, &digest).await?,
                };
                Ok::<_, Error>(manifest.is_none().then_some(one))
            })
            .buffered(AT_ONCE);
        let found: Vec<_> = found.try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Returns the digest of a manifest by the algorithm of `like`, if the registry names it by
    /// another algorithm. `known` is the registry's digest of what is under `reference`.
    ///
    /// # Errors
    /// Those of [`content`](Self::content), and when the registry does not have the manifest any more.
    pub(crate) async fn digest_like(
        &self,
        repository: &str,
        reference: &str,
        known: &str,
        like: &str,
    ) -> Result<String, Error> {
        if names::same_algorithm(known, like) || !super::digest::is_known(known) {
            return Ok(known.to_owned());
        }
        let subject = || self.image(repository, reference);
        let content = self.content(repository, reference).await?;
        let gone = || Error::not_found("the registry does not have the manifest");
        let content = content.ok_or_else(|| gone().with_subject(subject()))?;
        let same = super::digest::like(known, content.bytes());
        if same.as_deref() != Some(known) {
            return Err(Error::malformed("the manifest has just changed").with_subject(subject()));
        }
        Ok(super::digest::like(like, content.bytes()).unwrap_or_else(|| known.to_owned()))
    }
}

/// Returns which manifests of an index are missing, as text: their platforms, or their digests.
pub(crate) fn missing_children(missing: &[Descriptor]) -> String {
    let (platforms, others): (Vec<_>, Vec<_>) =
        missing.iter().partition(|entry| entry.platform.is_some());
    let platforms = platforms.iter().filter_map(|entry| entry.platform.as_ref());
    let platforms = platforms.map(|platform| platform.normalized().to_string());
    let others = others.into_iter().map(|entry| entry.digest.clone());
    let parts = [
        ("missing platforms", platforms.collect()),
        ("missing manifests", others.collect::<Vec<_>>()),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts = parts.map(|(what, mut names)| {
        names.dedup();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        let listed = names.join(", ");
        match more {
            0 => format!("{what}: {listed}"),
            more => format!("{what}: {listed} and {more} more"),
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}
