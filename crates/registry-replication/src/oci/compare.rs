//! Comparison of two images.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use openapi_transport::{Error, ErrorKind};

use super::config::ImageConfig;
use super::content::{Content, ContentKind, Descriptor};
use super::platform::Platform;
use super::{Client, names};

/// Most manifests of an image, with those of nested indexes.
const ENTRIES: usize = 200;

/// Number of requests at the same time.
const AT_ONCE: usize = 8;

/// What two images must have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Match {
    /// The digest: all bytes of the index or the manifest.
    #[default]
    Digest,
    /// The manifest of each platform. An index may have been created again, and attestations may be
    /// missing.
    Platforms,
    /// The config of each platform. Layers may have been compressed in another way.
    Config,
}

impl Match {
    /// Returns the name: `digest`, `platforms` or `config`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Platforms => "platforms",
            Self::Config => "config",
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Match {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all = [Self::Digest, Self::Platforms, Self::Config].into_iter();
        all.find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("invalid match {text:?}; use digest, platforms or config"))
    }
}

/// Result of a comparison. Its text names the platforms that are missing or different.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// What was compared.
    pub mode: Match,
    /// Digest of the source.
    pub source: String,
    /// Digest of the destination.
    pub destination: String,
    /// Platforms of the source that the destination does not have.
    pub missing: Vec<Platform>,
    /// Platforms that both have, with another manifest or config.
    pub different: Vec<Platform>,
    /// Platforms that only the destination has. They make no difference.
    pub extra: Vec<Platform>,
}

impl Comparison {
    /// Whether the destination has what the source has.
    pub fn is_same(&self) -> bool {
        match self.mode {
            Match::Digest => self.source == self.destination,
            Match::Platforms | Match::Config => {
                self.missing.is_empty() && self.different.is_empty()
            }
        }
    }

    /// Returns what the mode compares for each platform.
    fn part(&self) -> &'static str {
        match self.mode {
            Match::Config => "config",
            Match::Digest | Match::Platforms => "manifest",
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.mode, self.is_same()) {
            (Match::Digest, true) => return write!(f, "same digest {}", self.source),
            (Match::Digest, false) => {
                let (found, expected) = (&self.destination, &self.source);
                return write!(f, "different digest {found}, expected {expected}");
            }
            (_, true) => write!(f, "same {} for each platform", self.part())?,
            (_, false) => {
                let mut parts = Vec::new();
                if self.source == self.destination {
                    parts.push("same digest".to_owned());
                }
                if !self.missing.is_empty() {
                    parts.push(format!("missing platforms: {}", list(&self.missing)));
                }
                if !self.different.is_empty() {
                    let different = list(&self.different);
                    parts.push(format!("different {} for {different}", self.part()));
                }
                f.write_str(&parts.join("; "))?;
            }
        }
        match self.extra.is_empty() {
            true => Ok(()),
            false => write!(f, "; extra platforms: {}", list(&self.extra)),
        }
    }
}

/// Returns the names of platforms as text.
fn list(platforms: &[Platform]) -> String {
    let names: Vec<_> = platforms.iter().map(Platform::to_string).collect();
    names.join(", ")
}

/// Compares the image with a digest in one registry with the image with a digest in another.
///
/// - [`Match::Digest`] compares the two digests and sends nothing.
/// - [`Match::Platforms`] requires for each platform of the source that the destination has a manifest
///   with the same digest. The destination must list the manifest and serve it: an index may be copied
///   without its manifests. Clients take the first manifest that an index lists for a platform, so the
///   first one must be that of the source.
/// - [`Match::Config`] accepts another manifest if it has the same config and the same number of
///   layers. A config that does not name all layers does not tell what is in them. Such images, and
///   artifacts that are not images, are compared by their manifests.
///
/// Attestations of BuildKit are ignored. A single manifest counts as an index of one platform, which
/// its config names, or the index of the source if it lists the manifest. `platforms` narrows the comparison; an empty list means all platforms. A platform
/// without a variant names all variants. Indexes in an index are read one level deep.
///
/// ```no_run
/// use registry_replication::oci::{Client, Match, compare};
///
/// # async fn example(pushed: &str, found: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let source = Client::builder("registry.example").docker_config().build()?;
/// let mirror = Client::builder("mirror.example").docker_config().build()?;
/// let platforms = ["linux/amd64".parse()?, "linux/arm64".parse()?];
/// let comparison = compare(
///     (&source, "team/api", pushed),
///     (&mirror, "team/api", found),
///     Match::Platforms,
///     &platforms,
/// )
/// .await?;
/// if !comparison.is_same() {
///     println!("{comparison}");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// - Those of [`Client::content`] and [`Client::config`].
/// - Of kind [`NotFound`](openapi_transport::ErrorKind::NotFound) when the source lacks a manifest, a
///   config or a requested platform, or when the destination lacks its manifest or config.
/// - Of kind [`Invalid`](openapi_transport::ErrorKind::Invalid) when `platforms` narrows
///   [`Match::Digest`].
/// - When an image has more than 200 manifests or deeper indexes, or nothing to compare.
///
/// So missing evidence is an error, and never the same image.
pub async fn compare(
    source: (&Client, &str, &str),
    destination: (&Client, &str, &str),
    mode: Match,
    platforms: &[Platform],
) -> Result<Comparison, Error> {
    let [from, to] = [source, destination].map(|(client, repository, digest)| Place {
        client,
        repository,
        digest,
    });
    from.check()?;
    to.check()?;
    let begun = |missing, different, extra| Comparison {
        mode,
        source: from.digest.to_owned(),
        destination: to.digest.to_owned(),
        missing,
        different,
        extra,
    };
    if mode == Match::Digest {
        can_narrow(mode, platforms)?;
        return Ok(begun(Vec::new(), Vec::new(), Vec::new()));
    }
    let (wanted, lost) = from.entries(&Known::new()).await?;
    if let Some(error) = lost {
        return Err(error);
    }
    let known = wanted.known();
    let all: Vec<_> = wanted.0.keys().cloned().collect();
    let wanted = wanted.narrowed(platforms);
    for platform in platforms {
        if !wanted.0.keys().any(|key| platform.includes(key)) {
            let has = match all.is_empty() {
                true => "none".to_owned(),
                false => list(&all),
            };
            let what =
                format!("the source has no manifest for the platform {platform}; it has {has}");
            return Err(Error::not_found(what).with_subject(from.image()));
        }
    }
    if wanted.0.is_empty() {
        let what = "the source has no manifest to compare, only attestations";
        return Err(Error::malformed(what).with_subject(from.image()));
    }
    // The manifest may come from the cache.
    to.require(to.digest).await?;
    let (offered, lost) = to.entries(&known).await?;
    let offered = offered.narrowed(platforms);
    // What the registry does not serve could have been any platform that is not found.
    let is_found = || wanted.0.keys().all(|key| offered.0.contains_key(key));
    if let Some(error) = lost.filter(|_| !is_found()) {
        return Err(error);
    }
    let offered = to.served(&wanted, offered).await?;
    let verdict = match mode {
        Match::Digest | Match::Platforms => decide(&wanted.digests(), &offered.digests()),
        Match::Config => {
            let open: BTreeSet<_> = decide(&wanted.digests(), &offered.digests())
                .different
                .into_iter()
                .collect();
            let wanted = from.identities(wanted, &open).await?;
            let offered = to.identities(offered, &open).await?;
            decide(&wanted, &offered)
        }
    };
    Ok(begun(verdict.missing, verdict.different, verdict.extra))
}

/// Checks that a comparison can be narrowed to platforms.
pub(super) fn can_narrow(mode: Match, platforms: &[Platform]) -> Result<(), Error> {
    match mode == Match::Digest && !platforms.is_empty() {
        true => Err(Error::configuration(
            "a digest covers all platforms; compare platforms or configs to narrow by platform",
        )),
        false => Ok(()),
    }
}

/// What identifies the manifests of each platform, in the order of the index.
type Identities = BTreeMap<Platform, Vec<String>>;

/// Platforms that an index names for its manifests, by their digests.
type Known = BTreeMap<String, Vec<Platform>>;

#[derive(Debug, Default, PartialEq, Eq)]
struct Decision {
    missing: Vec<Platform>,
    different: Vec<Platform>,
    extra: Vec<Platform>,
}

/// Compares the manifests of two images. The destination needs all that the source has for a
/// platform, and may have more. Clients take the first one, so it must be the same.
fn decide(source: &Identities, destination: &Identities) -> Decision {
    let mut decision = Decision::default();
    for (platform, wanted) in source {
        match destination.get(platform) {
            None => decision.missing.push(platform.clone()),
            Some(offered) if offered.is_empty() => decision.missing.push(platform.clone()),
            Some(offered) => {
                let has_all = wanted.iter().all(|identity| offered.contains(identity));
                if !has_all || wanted.first() != offered.first() {
                    decision.different.push(platform.clone());
                }
            }
        }
    }
    let extra = destination
        .iter()
        .filter(|(platform, offered)| !offered.is_empty() && !source.contains_key(*platform));
    decision.extra = extra.map(|(platform, _)| platform.clone()).collect();
    decision
}

/// Manifests of an image by their platforms.
#[derive(Debug, Default)]
struct Entries(BTreeMap<Platform, Vec<Descriptor>>);

impl Entries {
    /// Keeps the platforms that a filter names.
    fn narrowed(mut self, platforms: &[Platform]) -> Self {
        if !platforms.is_empty() {
            self.0
                .retain(|own, _| platforms.iter().any(|platform| platform.includes(own)));
        }
        self
    }

    /// Returns the platforms of manifests that an index itself names.
    fn known(&self) -> Known {
        let mut known = Known::new();
        for (platform, entries) in &self.0 {
            for entry in entries.iter().filter(|entry| entry.platform.is_some()) {
                let platforms = known.entry(entry.digest.clone()).or_default();
                platforms.push(platform.clone());
            }
        }
        known
    }

    /// Returns each manifest with its platform.
    fn pairs(self) -> Vec<(Platform, Descriptor)> {
        let mut pairs = Vec::new();
        for (platform, entries) in self.0 {
            pairs.extend(entries.into_iter().map(|entry| (platform.clone(), entry)));
        }
        pairs
    }

    fn digests(&self) -> Identities {
        let digests = |entries: &Vec<Descriptor>| {
            let digests = entries.iter().map(|entry| entry.digest.clone());
            digests.collect()
        };
        let all = self.0.iter();
        all.map(|(platform, entries)| (platform.clone(), digests(entries)))
            .collect()
    }
}

/// Image in a registry.
#[derive(Clone, Copy)]
struct Place<'a> {
    client: &'a Client,
    repository: &'a str,
    digest: &'a str,
}

impl Place<'_> {
    fn check(&self) -> Result<(), Error> {
        names::repository(self.repository)?;
        names::digest(self.digest)
    }

    fn image(&self) -> String {
        self.client.image(self.repository, self.digest)
    }

    fn absent(&self, what: &str, digest: &str) -> Error {
        let subject = self.client.image(self.repository, digest);
        Error::not_found(format!("the registry does not have the {what}")).with_subject(subject)
    }

    /// Requires that the registry has a manifest now.
    async fn require(&self, digest: &str) -> Result<(), Error> {
        match self.client.manifest(self.repository, digest).await? {
            Some(_) => Ok(()),
            None => Err(self.absent("manifest", digest)),
        }
    }

    async fn content(&self, digest: &str) -> Result<Content, Error> {
        let content = self.client.content(self.repository, digest).await?;
        content.ok_or_else(|| self.absent("manifest", digest))
    }

    async fn config(&self, digest: &str) -> Result<ImageConfig, Error> {
        let config = self.client.config(self.repository, digest).await?;
        config.ok_or_else(|| self.absent("config", digest))
    }

    fn malformed(&self, what: impl Into<String>) -> Error {
        Error::malformed(what).with_subject(self.image())
    }

    /// Reads the manifests of the image, without attestations. `known` names the platforms of
    /// manifests that name none. Also returns the first error of an entry without a platform that the
    /// registry lists and does not have.
    async fn entries(&self, known: &Known) -> Result<(Entries, Option<Error>), Error> {
        let content = self.content(self.digest).await?;
        let (mut found, mut lost) = match content.kind {
            ContentKind::Index(index) => {
                self.bound(index.manifests.len())?;
                self.flattened(index.manifests).await?
            }
            ContentKind::Image(_) | ContentKind::Other => {
                let only = Descriptor {
                    media_type: content.media_type.unwrap_or_default(),
                    digest: content.digest,
                    size: None,
                    platform: None,
                    artifact_type: content.artifact_type,
                    annotations: BTreeMap::new(),
                };
                (vec![only], None)
            }
        };
        found.retain(|entry| !entry.is_attestation());
        let named = stream::iter(found)
            .map(|entry| async move {
                let platforms = match (&entry.platform, known.get(&entry.digest)) {
                    (Some(platform), _) => Ok(vec![platform.normalized()]),
                    (None, Some(platforms)) => Ok(platforms.clone()),
                    (None, None) => {
                        let platform = unless_lost(self.platform(&entry.digest).await)?;
                        platform.map(|platform| vec![platform.normalized()])
                    }
                };
                Ok::<_, Error>((platforms, entry))
            })
            .buffered(AT_ONCE);
        let named: Vec<_> = named.try_collect().await?;
        let mut entries = Entries::default();
        for (platforms, entry) in named {
            match platforms {
                Ok(platforms) => {
                    for platform in platforms {
                        entries.0.entry(platform).or_default().push(entry.clone());
                    }
                }
                Err(error) => lost = lost.or(Some(error)),
            }
        }
        Ok((entries, lost))
    }

    fn bound(&self, count: usize) -> Result<(), Error> {
        match count > ENTRIES {
            true => Err(self.malformed(format!("the index has more than {ENTRIES} manifests"))),
            false => Ok(()),
        }
    }

    /// Replaces the indexes in an index by their manifests. Also returns the first error of an index
    /// that the registry does not have.
    async fn flattened(
        &self,
        entries: Vec<Descriptor>,
    ) -> Result<(Vec<Descriptor>, Option<Error>), Error> {
        let mut count = entries.len();
        let mut lost = None;
        let mut flat = Vec::new();
        for entry in entries {
            if !entry.is_index() || entry.is_attestation() {
                flat.push(entry);
                continue;
            }
            let content = match unless_lost(self.content(&entry.digest).await)? {
                Ok(content) => content,
                Err(error) => {
                    lost = lost.or(Some(error));
                    continue;
                }
            };
            let ContentKind::Index(index) = content.kind else {
                return Err(self.malformed("an entry of the index is not the index that it names"));
            };
            count += index.manifests.len();
            self.bound(count)?;
            for mut inner in index.manifests {
                if inner.is_index() {
                    return Err(self.malformed("the indexes are nested too deep"));
                }
                inner.platform = inner.platform.or_else(|| entry.platform.clone());
                flat.push(inner);
            }
        }
        Ok((flat, lost))
    }

    /// Returns the platform of a manifest, which its config names.
    async fn platform(&self, digest: &str) -> Result<Platform, Error> {
        let image = match self.content(digest).await?.kind {
            ContentKind::Image(image) if image.has_image_config() => image,
            ContentKind::Image(_) | ContentKind::Other => return Ok(Platform::unknown()),
            ContentKind::Index(_) => {
                return Err(self.malformed("an entry of the index is an index without saying so"));
            }
        };
        let config = self.config(&image.config.digest).await?;
        Ok(config.platform.unwrap_or_else(Platform::unknown))
    }

    /// Removes manifests that the registry lists and does not serve. If that is the first one of a
    /// platform, clients cannot pull the platform, so none is left. Asks only for platforms of the
    /// other image.
    async fn served(&self, wanted: &Entries, mut entries: Entries) -> Result<Entries, Error> {
        let open = wanted
            .0
            .keys()
            .filter_map(|platform| entries.0.remove_entry(platform));
        let open = Entries(open.collect()).pairs();
        let found = stream::iter(open)
            .map(|(platform, entry)| async move {
                let manifest = self.client.manifest(self.repository, &entry.digest).await?;
                Ok::<_, Error>((platform, manifest.map(|_| entry)))
            })
            .buffered(AT_ONCE);
        let found: Vec<_> = found.try_collect().await?;
        let mut served: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (platform, entry) in found {
            served.entry(platform).or_default().push(entry);
        }
        for (platform, listed) in served {
            let has_first = matches!(listed.first(), Some(Some(_)));
            let served = listed.into_iter().flatten().filter(|_| has_first);
            entries.0.insert(platform, served.collect());
        }
        Ok(entries)
    }

    /// Returns what identifies the manifests of the platforms in `open` by their configs, and those of
    /// the other platforms by their digests.
    async fn identities(
        &self,
        entries: Entries,
        open: &BTreeSet<Platform>,
    ) -> Result<Identities, Error> {
        let found = stream::iter(entries.pairs())
            .map(|(platform, entry)| async move {
                let identity = match open.contains(&platform) {
                    false => entry.digest,
                    true => self.identity(entry.digest).await?,
                };
                Ok::<_, Error>((platform, identity))
            })
            .buffered(AT_ONCE);
        let found: Vec<_> = found.try_collect().await?;
        let mut identities = Identities::new();
        for (platform, identity) in found {
            identities.entry(platform).or_default().push(identity);
        }
        Ok(identities)
    }

    /// Returns what identifies a manifest by its config, which the registry must have. A config that
    /// does not name each layer, such as an empty one, identifies nothing; the digest does.
    async fn identity(&self, digest: String) -> Result<String, Error> {
        let image = match self.content(&digest).await?.kind {
            ContentKind::Image(image) if image.has_image_config() => image,
            _ => return Ok(digest),
        };
        let config = self.config(&image.config.digest).await?;
        let layers = image.layers.len();
        match layers > 0 && layers == config.diff_ids.len() {
            true => Ok(format!("config {} with {layers} layers", config.digest)),
            false => Ok(digest),
        }
    }
}

/// Takes the error of what a registry does not have as a result.
fn unless_lost<T>(found: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match found {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        found => Ok(found),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn identities(text: &str) -> Identities {
        let mut found = Identities::new();
        for entry in text.split_whitespace() {
            let (platform, identity) = entry.split_once('=').unwrap();
            let identities = found.entry(platform.parse().unwrap()).or_default();
            if !identity.is_empty() {
                identities.push(identity.to_owned());
            }
        }
        found
    }

    fn comparison(mode: Match, source: &str, destination: &str) -> Comparison {
        let decision = decide(&identities(source), &identities(destination));
        Comparison {
            mode,
            source: "sha256:a".to_owned(),
            destination: "sha256:b".to_owned(),
            missing: decision.missing,
            different: decision.different,
            extra: decision.extra,
        }
    }

    #[test]
    fn verdicts_name_the_platforms() {
        for (source, destination, is_same, says) in [
            (
                "linux/amd64=1",
                "linux/amd64=1",
                true,
                "same manifest for each platform",
            ),
            (
                "linux/amd64=1",
                "linux/amd64=1 linux/arm64=2",
                true,
                "same manifest for each platform; extra platforms: linux/arm64",
            ),
            (
                "linux/amd64=1 linux/arm64=2 linux/s390x=3",
                "linux/arm64=4",
                false,
                "missing platforms: linux/amd64, linux/s390x; different manifest for linux/arm64",
            ),
            (
                "linux/amd64=1",
                "linux/amd64=",
                false,
                "missing platforms: linux/amd64",
            ),
            ("linux/amd64=1", "", false, "missing platforms: linux/amd64"),
            // All manifests of a platform count.
            (
                "linux/amd64=1 linux/amd64=2",
                "linux/amd64=1",
                false,
                "different manifest for linux/amd64",
            ),
            (
                "linux/amd64=1",
                "linux/amd64=1 linux/amd64=2 linux/arm64=",
                true,
                "same manifest for each platform",
            ),
            // Clients take the first one.
            (
                "linux/amd64=1",
                "linux/amd64=2 linux/amd64=1",
                false,
                "different manifest for linux/amd64",
            ),
        ] {
            let comparison = comparison(Match::Platforms, source, destination);
            assert_eq!(comparison.to_string(), says);
            assert_eq!(comparison.is_same(), is_same, "{says}");
        }
        let config = comparison(Match::Config, "linux/amd64=1", "linux/amd64=2");
        assert_eq!(config.to_string(), "different config for linux/amd64");
        let mut digest = comparison(Match::Digest, "linux/amd64=1", "linux/amd64=1");
        assert!(!digest.is_same());
        let says = "different digest sha256:b, expected sha256:a";
        assert_eq!(digest.to_string(), says);
        digest.destination = "sha256:a".to_owned();
        assert!(digest.is_same());
        assert_eq!(digest.to_string(), "same digest sha256:a");
    }

    #[test]
    fn a_comparison_can_run_in_a_task() {
        fn is_send<T: Send>(_: &T) {}
        let client = Client::builder("registry.example").build().unwrap();
        let place = (&client, "team/api", "sha256:x");
        is_send(&compare(place, place, Match::Digest, &[]));
        is_send(&client.referrers("team/api", "sha256:x"));
        is_send(&client.content("team/api", "v1"));
    }

    #[test]
    fn names_of_modes() {
        for mode in [Match::Digest, Match::Platforms, Match::Config] {
            assert_eq!(mode.to_string().parse(), Ok(mode));
        }
        let error = "tag".parse::<Match>().unwrap_err();
        assert_eq!(
            error,
            "invalid match \"tag\"; use digest, platforms or config"
        );
    }
}
