//! Differences between the tags of two repositories or registries.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join;
use futures_util::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};
use globset::{GlobBuilder, GlobSet};
use openapi_transport::{Error, ErrorKind};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::compare::{Match, can_narrow, compare};
use super::parts::Proof;
use super::platform::Platform;
use super::referrers::{Referrer, missing};
use super::{Client, names};

/// Number of tags that the registries are asked about at the same time.
const AT_ONCE: usize = 8;

/// Number of tags that are asked about, or wait for the next question, at the same time.
const OPEN: usize = 256;

/// Time until a registry that does not have something is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Longest pattern of tags, in bytes.
const LONGEST_PATTERN: usize = 256;

/// State of a tag in two repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TagState {
    /// Both have the same image.
    Same,
    /// Only the source has the tag.
    Missing,
    /// Both have the tag, with different images.
    Different,
    /// Only the destination has the tag.
    Extra,
    /// The images could not be compared.
    Unknown,
}

impl TagState {
    /// Returns the serialised state, such as `missing`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Missing => "missing",
            Self::Different => "different",
            Self::Extra => "extra",
            Self::Unknown => "unknown",
        }
    }
}

/// A tag in two repositories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct TagDiff {
    /// Repository of the source.
    pub repository: String,
    /// Tag. Empty if the tags of the repository could not be listed.
    pub tag: String,
    /// State.
    pub state: TagState,
    /// Digest at the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Digest at the destination.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// How the images differ, if more than their digests was compared, or why they could not be
    /// compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Comparison of the tags of two repositories or registries.
///
/// ```no_run
/// use futures_util::TryStreamExt;
/// use registry_replication::oci::{Client, Diff, TagState};
///
/// # async fn example() -> Result<(), registry_replication::Error> {
/// let source = Client::builder("registry.example").docker_config().build()?;
/// let mirror = Client::builder("mirror.example").docker_config().build()?;
/// let mut tags = Diff::new().tags("v*")?.repositories((&source, "team/api"), (&mirror, "team/api"));
/// while let Some(tag) = tags.try_next().await? {
///     if tag.state != TagState::Same {
///         println!("{} {}", tag.tag, tag.state.as_str());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Diff {
    tags: Option<GlobSet>,
    mode: Match,
    platforms: Vec<Platform>,
    with_referrers: bool,
}

/// A repository at a registry.
#[derive(Clone)]
struct Place {
    registry: Client,
    repository: String,
}

impl Place {
    fn new((registry, repository): (&Client, &str)) -> Self {
        Self {
            registry: registry.clone(),
            repository: repository.to_owned(),
        }
    }

    async fn tags(&self) -> Result<Vec<String>, Error> {
        let tags = self.registry.tags(&self.repository).by_item();
        tags.try_collect().await
    }

    /// Waits before the registry is asked again.
    async fn pause(&self) {
        self.registry.context().clock().sleep(AGAIN).await;
    }

    /// Lists the tags, and asks again if the registry does not have the repository.
    async fn tags_again(&self) -> Result<Vec<String>, Error> {
        match self.tags().await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.pause().await;
                self.tags().await
            }
            other => other,
        }
    }

    /// Lists the tags, and takes a repository that does not exist as one without tags.
    async fn if_any(&self, is_listed: bool) -> Result<Vec<String>, Error> {
        let tags = match is_listed {
            true => self.tags_again().await,
            false => self.tags().await,
        };
        match tags {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }

    async fn digest(&self, tag: &str) -> Result<Option<String>, Error> {
        let manifest = self.registry.manifest(&self.repository, tag).await?;
        Ok(manifest.map(|manifest| manifest.digest))
    }

    /// Asks again for a digest that the registry did not have a moment ago.
    async fn digest_again(
        &self,
        tag: &str,
        known: Option<String>,
        permits: &Semaphore,
    ) -> Result<Option<String>, Error> {
        if known.is_some() {
            return Ok(known);
        }
        self.pause().await;
        let _permit = permits.acquire().await.ok();
        self.digest(tag).await
    }
}

/// Returns a tag that cannot be compared. Returns the error if it concerns all tags.
fn unknown(source: &Place, tag: String, error: Error) -> Result<TagDiff, Error> {
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::Credentials => Err(error),
        _ => Ok(TagDiff {
            repository: source.repository.clone(),
            tag,
            state: TagState::Unknown,
            source: None,
            destination: None,
            detail: Some(error.to_string()),
        }),
    }
}

impl Diff {
    /// Compares all tags by their digests.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares only tags that match a pattern, such as `v1.*`.
    ///
    /// # Errors
    /// When the pattern is invalid.
    pub fn tags(mut self, pattern: &str) -> Result<Self, Error> {
        let invalid = |why: String| {
            Error::configuration(format!("invalid pattern of tags {pattern:?}: {why}"))
        };
        if pattern.len() > LONGEST_PATTERN {
            return Err(invalid(format!(
                "it is longer than {LONGEST_PATTERN} bytes"
            )));
        }
        let glob = GlobBuilder::new(pattern).build();
        // A set of one: a single glob panics where it does not compile.
        let set = glob.and_then(|glob| GlobSet::builder().add(glob).build());
        self.tags = Some(set.map_err(|error| invalid(error.kind().to_string()))?);
        Ok(self)
    }

    /// Sets what two images must have in common. See [`compare`].
    #[must_use]
    pub fn matching(mut self, mode: Match, platforms: impl IntoIterator<Item = Platform>) -> Self {
        self.mode = mode;
        self.platforms = platforms.into_iter().collect();
        self
    }

    /// Requires that the destination lists all artifacts that refer to the source's image, such as
    /// its signatures. See [`Client::referrers`].
    #[must_use]
    pub fn with_referrers(mut self) -> Self {
        self.with_referrers = true;
        self
    }

    /// Compares the tags of two repositories, sorted by tag.
    ///
    /// Lists the tags of both, and asks both for the digest of each tag, so a listing that lags behind
    /// makes no tag missing. A registry that does not have a tag is asked again a second later, because
    /// its replicas may differ for a while. A tag that neither has any more is left out. A tag whose
    /// images cannot be compared is [`Unknown`](TagState::Unknown), and the comparison continues.
    ///
    /// # Errors
    /// As items of the stream: those of [`Client::tags`], and errors that concern all tags: invalid
    /// arguments, and missing credentials.
    pub fn repositories(
        &self,
        source: (&Client, &str),
        destination: (&Client, &str),
    ) -> BoxStream<'static, Result<TagDiff, Error>> {
        let (diff, source, destination) =
            (self.clone(), Place::new(source), Place::new(destination));
        let compared = async move {
            can_narrow(diff.mode, &diff.platforms)?;
            // A mistyped source must not be equal to a missing destination.
            let mut tags = source.tags().await?;
            tags.extend(destination.if_any(true).await?);
            diff.between(tags, source, destination)
        };
        stream::once(compared).try_flatten().boxed()
    }

    /// Compares the tags of all repositories that either registry lists, by the same name.
    ///
    /// A repository that a registry lists but does not have counts as empty: registries keep the names
    /// of repositories whose tags were deleted. A repository whose tags cannot be listed is one item
    /// that is [`Unknown`](TagState::Unknown) and has no tag.
    ///
    /// # Errors
    /// As items of the stream: those of [`Client::repositories`], and errors that concern all
    /// repositories.
    pub fn registries(
        &self,
        source: &Client,
        destination: &Client,
    ) -> BoxStream<'static, Result<TagDiff, Error>> {
        let (diff, source, destination) = (self.clone(), source.clone(), destination.clone());
        let listed = async move {
            can_narrow(diff.mode, &diff.platforms)?;
            let here: BTreeSet<String> = source.repositories().by_item().try_collect().await?;
            let there: BTreeSet<String> =
                destination.repositories().by_item().try_collect().await?;
            let all: Vec<_> = here.union(&there).cloned().collect();
            let each = stream::iter(all).then(move |name| {
                let is_listed = (here.contains(&name), there.contains(&name));
                let place = |client: &Client| Place::new((client, &name));
                let (diff, source, destination) =
                    (diff.clone(), place(&source), place(&destination));
                async move {
                    let both =
                        try_join(source.if_any(is_listed.0), destination.if_any(is_listed.1));
                    let tags = match both.await {
                        Ok((mut here, there)) => {
                            here.extend(there);
                            here
                        }
                        Err(error) => {
                            let unknown = unknown(&source, String::new(), error)?;
                            return Ok(stream::iter([Ok(unknown)]).boxed());
                        }
                    };
                    let compared = diff.between(tags, source, destination)?;
                    Ok::<_, Error>(compared.boxed())
                }
            });
            Ok::<_, Error>(each.try_flatten())
        };
        stream::once(listed).try_flatten().boxed()
    }

    /// Compares the tags of two repositories that match the pattern.
    fn between(
        self,
        mut tags: Vec<String>,
        source: Place,
        destination: Place,
    ) -> Result<impl Stream<Item = Result<TagDiff, Error>> + use<>, Error> {
        names::repository(&source.repository)?;
        names::repository(&destination.repository)?;
        tags.retain(|tag| self.tags.as_ref().is_none_or(|glob| glob.is_match(tag)));
        tags.sort();
        tags.dedup();
        let shared = Arc::new((self, source, destination, Semaphore::new(AT_ONCE)));
        let compared = stream::iter(tags).map(move |tag| {
            let shared = shared.clone();
            async move {
                let (diff, source, destination, permits) = &*shared;
                let found = diff.of_tag(source, destination, &tag, permits).await;
                found.or_else(|error| unknown(source, tag, error).map(Some))
            }
        });
        let compared = compared.buffered(OPEN);
        Ok(compared.try_filter_map(|found| std::future::ready(Ok(found))))
    }

    async fn of_tag(
        &self,
        source: &Place,
        destination: &Place,
        tag: &str,
        permits: &Semaphore,
    ) -> Result<Option<TagDiff>, Error> {
        let permit = permits.acquire().await.ok();
        let (here, there) = try_join(source.digest(tag), destination.digest(tag)).await?;
        // Others go on while this tag waits.
        drop(permit);
        let (here, there) = try_join(
            source.digest_again(tag, here, permits),
            destination.digest_again(tag, there, permits),
        )
        .await?;
        let (state, detail) = match (&here, &there) {
            (None, None) => return Ok(None),
            (Some(_), None) => (TagState::Missing, None),
            (None, Some(_)) => (TagState::Extra, None),
            (Some(here), Some(there)) => {
                let here = (&source.registry, source.repository.as_str(), here.as_str());
                let there = (
                    &destination.registry,
                    destination.repository.as_str(),
                    there.as_str(),
                );
                self.of_images(here, there, permits).await?
            }
        };
        Ok(Some(TagDiff {
            repository: source.repository.clone(),
            tag: tag.to_owned(),
            state,
            source: here,
            destination: there,
            detail,
        }))
    }

    /// Compares two images that have the same tag.
    async fn of_images(
        &self,
        here: (&Client, &str, &str),
        there: (&Client, &str, &str),
        permits: &Semaphore,
    ) -> Result<(TagState, Option<String>), Error> {
        let (is_same, detail) = match self.mode {
            Match::Digest => {
                // The registries may name the manifest by different algorithms.
                let same = there.0.digest_like(there.1, there.2, there.2, here.2);
                (here.2 == same.await?, None)
            }
            // The same index may lack manifests at the destination.
            mode => {
                let _permit = permits.acquire().await.ok();
                let compared = compare(here, there, mode, &self.platforms).await?;
                (compared.is_same(), Some(compared.to_string()))
            }
        };
        if !is_same {
            return Ok((TagState::Different, detail));
        }
        if self.with_referrers {
            let _permit = permits.acquire().await.ok();
            if let Some(detail) = self.lacking_referrers(here, (there.0, there.1)).await? {
                return Ok((TagState::Different, Some(detail)));
            }
        }
        Ok((TagState::Same, detail))
    }

    /// Returns which referrers of an image and of its platforms' manifests the destination lacks.
    async fn lacking_referrers(
        &self,
        (source, repository, digest): (&Client, &str, &str),
        there: (&Client, &str),
    ) -> Result<Option<String>, Error> {
        let children = source.children(repository, digest, &self.platforms).await?;
        let children = children.unwrap_or_default();
        let children = children.iter().map(|child| child.digest.as_str());
        for subject in [digest].into_iter().chain(children) {
            let wanted = source.referrers(repository, subject).await?;
            if wanted.is_empty() {
                continue;
            }
            let found = there.0.referrers(there.1, subject).await?;
            if let Some(missing) = missing(&wanted, &found) {
                return Ok(Some(format!("missing referrers: {missing}")));
            }
            let digest = |referrer: &&Referrer| referrer.digest.clone();
            let unserved = there
                .0
                .unserved(there.1, &wanted, digest, Proof::Head)
                .await?;
            if let Some(missing) = missing(unserved, &[]) {
                let detail = format!("referrers that are listed and not served: {missing}");
                return Ok(Some(detail));
            }
        }
        Ok(None)
    }
}

/// Counts of states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiffCounts {
    /// Tags with the same image.
    pub same: u64,
    /// Tags that only the source has.
    pub missing: u64,
    /// Tags with different images.
    pub different: u64,
    /// Tags that only the destination has.
    pub extra: u64,
    /// Tags that could not be compared, and repositories whose tags could not be listed.
    pub unknown: u64,
}

impl DiffCounts {
    /// Counts a tag.
    pub fn add(&mut self, state: TagState) {
        *match state {
            TagState::Same => &mut self.same,
            TagState::Missing => &mut self.missing,
            TagState::Different => &mut self.different,
            TagState::Extra => &mut self.extra,
            TagState::Unknown => &mut self.unknown,
        } += 1;
    }

    /// Returns whether both sides are equal: all tags were compared, and nothing differs.
    pub fn is_equal(&self) -> bool {
        !self.differs() && self.unknown == 0
    }

    /// Returns whether a tag is missing, different or extra.
    pub fn differs(&self) -> bool {
        self.missing > 0 || self.different > 0 || self.extra > 0
    }
}
