//! Referrers of a manifest: signatures, attestations and other artifacts.

use std::collections::HashSet;
use std::sync::PoisonError;

use futures_util::future::try_join_all;
use openapi_transport::{Answer, Error};

use super::access::Target;
use super::content::{ContentKind, Descriptor};
use super::wire::REFERRERS;
use super::{Client, header, names, parse};

/// Most referrers of a manifest.
const MOST: usize = 1000;

/// Most pages of referrers.
const PAGES: usize = 100;

/// Number of missing referrers that a text names.
const NAMED: usize = 3;

/// Endings of cosign's tags, with the types of the artifacts.
const COSIGN: [(&str, &str); 3] = [
    ("sig", "application/vnd.dev.cosign.artifact.sig.v1+json"),
    ("att", "application/vnd.dev.cosign.artifact.att.v1+json"),
    ("sbom", "application/vnd.dev.cosign.artifact.sbom.v1+json"),
];

/// Artifact that refers to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Referrer {
    /// Digest of the artifact's manifest.
    pub digest: String,
    /// Type of the artifact, if the registry names it.
    pub artifact_type: Option<String>,
    /// Place where the client found it.
    pub origin: ReferrerOrigin,
    /// Tag of the artifact, if it has one of cosign's.
    pub tag: Option<String>,
}

/// Place where a client finds referrers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReferrerOrigin {
    /// The referrers API of the registry.
    Api,
    /// The index with the tag `sha256-<hex>`, in a registry without the API.
    TagSchema,
    /// A tag of cosign: `sha256-<hex>.sig`, `.att` or `.sbom`.
    CosignTag,
}

impl Client {
    /// Returns the artifacts that refer to the manifest with a digest, such as its signatures.
    ///
    /// - Sends `GET /v2/<name>/referrers/<digest>`, and follows its pages.
    /// - If the registry does not have this API, fetches the index with the tag `sha256-<hex>`. Two
    ///   answers in a row must show that, because one wrong answer would hide all referrers. If the API
    ///   has listed referrers in the repository before, it is an error.
    /// - Asks for cosign's tags `sha256-<hex>.sig`, `.att` and `.sbom` in any case.
    ///
    /// An artifact comes once, from the first place that has it. A manifest that the registry does not
    /// have has no referrers.
    ///
    /// ```no_run
    /// use registry_replication::oci::Client;
    ///
    /// # async fn example(digest: &str) -> Result<(), registry_replication::Error> {
    /// let registry = Client::builder("registry.example").docker_config().build()?;
    /// for referrer in registry.referrers("team/api", digest).await? {
    ///     println!("{} {:?}", referrer.digest, referrer.artifact_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// - Those of [`content`](Self::content). No list is returned if a part of it is missing.
    /// - When there are more than 1,000 referrers or 100 pages.
    pub async fn referrers(&self, repository: &str, digest: &str) -> Result<Vec<Referrer>, Error> {
        names::repository(repository)?;
        names::digest(digest)?;
        let found = self.all_referrers(repository, digest).await;
        found.map_err(|error| match error.subject() {
            Some(_) => error,
            None => error.with_subject(self.image(repository, digest)),
        })
    }

    async fn all_referrers(&self, repository: &str, digest: &str) -> Result<Vec<Referrer>, Error> {
        let mut found = match self.listed_referrers(repository, digest).await? {
            Some(listed) => listed,
            None => self.tagged_referrers(repository, digest).await?,
        };
        for tagged in self.cosign_tags(repository, digest).await? {
            match found.iter_mut().find(|known| known.digest == tagged.digest) {
                Some(known) => known.tag = tagged.tag,
                None => found.push(tagged),
            }
        }
        let mut known = HashSet::new();
        found.retain(|referrer| known.insert(referrer.digest.clone()));
        Ok(found)
    }

    /// Asks the referrers API. Returns `None` if the registry does not have it.
    async fn listed_referrers(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Option<Vec<Referrer>>, Error> {
        let listed = || {
            let listed = self.manners.listed_referrers.lock();
            listed.unwrap_or_else(PoisonError::into_inner)
        };
        let mut answer = self.referrers_of_api(repository, digest).await?;
        if answer.is_err() {
            answer = self.referrers_of_api(repository, digest).await?;
        }
        match answer {
            Ok(found) => {
                listed().insert(repository.to_owned());
                Ok(Some(found))
            }
            Err(error) if listed().contains(repository) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// Asks the referrers API once. The inner error may mean that the registry does not have the API.
    async fn referrers_of_api(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Result<Vec<Referrer>, Error>, Error> {
        let target = Target::Repository(repository.to_owned());
        let mut path = format!("{repository}/referrers/{digest}");
        let mut found = Vec::new();
        let mut pages = HashSet::from([path.clone()]);
        loop {
            let answer = match self.ask(&REFERRERS, &target, &path).await {
                Ok((answer, _)) => answer,
                Err(error) if pages.len() == 1 && is_unsupported(&error) => return Ok(Err(error)),
                Err(error) => return Err(error),
            };
            let unexpected = |why: String| Error::unexpected(REFERRERS.name, &answer, why);
            match page(&answer).map_err(unexpected)? {
                Some(page) => found.extend(
                    page.into_iter()
                        .map(|entry| referrer(entry, ReferrerOrigin::Api)),
                ),
                None => {
                    let error = unexpected("the answer is not an index".to_owned());
                    return match pages.len() {
                        1 => Ok(Err(error)),
                        _ => Err(error),
                    };
                }
            }
            if found.len() > MOST {
                return Err(unexpected(format!("there are more than {MOST} referrers")));
            }
            let next = self.next_page(&answer, &path).map_err(unexpected)?;
            let Some(next) = next else {
                return Ok(Ok(found));
            };
            path = next.strip_prefix("/v2/").unwrap_or(&next).to_owned();
            if !pages.insert(path.clone()) {
                let why = "the registry repeats a page; the list cannot be read to its end";
                return Err(unexpected(why.to_owned()));
            }
            if pages.len() > PAGES {
                return Err(unexpected(format!("there are more than {PAGES} pages")));
            }
        }
    }

    /// Fetches the index of the tag schema, for a registry without the API.
    async fn tagged_referrers(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<Vec<Referrer>, Error> {
        let tag = tag(digest);
        let Some(content) = self.content(repository, &tag).await? else {
            return Ok(Vec::new());
        };
        let entries = match content.kind {
            ContentKind::Index(index) => index.manifests,
            ContentKind::Image(_) | ContentKind::Other => {
                let error = Error::malformed("the tag of the referrers is not an index");
                return Err(error.with_subject(self.image(repository, &tag)));
            }
        };
        let referrers = entries
            .into_iter()
            .map(|entry| referrer(entry, ReferrerOrigin::TagSchema));
        Ok(referrers.collect())
    }

    /// Asks for cosign's tags.
    async fn cosign_tags(&self, repository: &str, digest: &str) -> Result<Vec<Referrer>, Error> {
        let asked = COSIGN.map(|(ending, artifact_type)| async move {
            let tag = format!("{}.{ending}", digest.replace(':', "-"));
            if !names::is_tag(&tag) {
                return Ok(None);
            }
            let manifest = self.manifest(repository, &tag).await?;
            Ok::<_, Error>(manifest.map(|manifest| Referrer {
                digest: manifest.digest,
                artifact_type: Some(artifact_type.to_owned()),
                origin: ReferrerOrigin::CosignTag,
                tag: Some(tag),
            }))
        });
        let found = try_join_all(asked).await?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// Returns the names of the referrers that a registry does not list, or `None` if it lists all.
///
/// A referrer with one of cosign's tags must have the same tag.
pub(crate) fn missing<'a>(
    wanted: impl IntoIterator<Item = &'a Referrer>,
    found: &[Referrer],
) -> Option<String> {
    let has = |wanted: &Referrer| {
        let mut found = found.iter();
        found.any(|one| {
            one.digest == wanted.digest && (wanted.tag.is_none() || one.tag == wanted.tag)
        })
    };
    let missing: Vec<_> = wanted.into_iter().filter(|wanted| !has(wanted)).collect();
    let names = missing.iter().take(NAMED).map(|referrer| {
        let kind = referrer.artifact_type.as_deref().unwrap_or("unknown type");
        format!("{} ({kind})", referrer.digest)
    });
    let mut names = names.collect::<Vec<_>>().join(", ");
    if missing.len() > NAMED {
        names.push_str(&format!(" and {} more", missing.len() - NAMED));
    }
    (!missing.is_empty()).then_some(names)
}

/// Whether a refusal may mean that the registry does not have the API.
fn is_unsupported(error: &Error) -> bool {
    matches!(error.status(), Some(404 | 405 | 501)) || error.code() == Some("UNSUPPORTED")
}

/// Reads a page of the API. Returns `None` if it is a page for people, from a registry that does not
/// have the API.
fn page(answer: &Answer) -> Result<Option<Vec<Descriptor>>, String> {
    let content_type = header(answer, "content-type");
    match parse::manifest(&answer.body, content_type)?.kind {
        ContentKind::Index(index) => Ok(Some(index.manifests)),
        _ if content_type.is_some_and(|name| name.to_ascii_lowercase().contains("json")) => {
            Err("the answer is not an index".to_owned())
        }
        _ => Ok(None),
    }
}

fn referrer(entry: Descriptor, origin: ReferrerOrigin) -> Referrer {
    Referrer {
        digest: entry.digest,
        artifact_type: entry.artifact_type,
        origin,
        tag: None,
    }
}

/// Returns the tag of the index that lists the referrers of a digest.
fn tag(digest: &str) -> String {
    let (algorithm, encoded) = digest.split_once(':').unwrap_or((digest, ""));
    let plain = |text: &str, most: usize| -> String {
        text.chars()
            .take(most)
            .map(|c| match c {
                '.' | '_' | '-' => c,
                c if c.is_ascii_alphanumeric() => c,
                _ => '-',
            })
            .collect()
    };
    format!("{}-{}", plain(algorithm, 32), plain(encoded, 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_tag_schema() {
        for (digest, expected) in [
            (
                format!("sha256:{}", "0a".repeat(32)),
                format!("sha256-{}", "0a".repeat(32)),
            ),
            (
                format!("sha512:{}", "0a".repeat(64)),
                format!("sha512-{}", "0a".repeat(32)),
            ),
            (
                format!("{}+x:{}=", "a".repeat(31), "0a".repeat(16)),
                format!("{}--{}-", "a".repeat(31), "0a".repeat(16)),
            ),
        ] {
            assert_eq!(tag(&digest), expected);
            assert!(names::is_tag(&tag(&digest)));
        }
    }
}
