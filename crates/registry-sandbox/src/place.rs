//! Registries of the sandbox, and results of lookups in them.

use std::fmt;

use jiff::Timestamp;

use crate::side;

/// A registry that takes pushes: a provider, and the id of its registry in the sandbox.
///
/// The modules of the clouds in [`world`](crate::world) have a constant for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    provider: &'static str,
    id: &'static str,
}

impl Source {
    pub(crate) const fn new(provider: &'static str, id: &'static str) -> Self {
        Self { provider, id }
    }

    /// Returns the source of a provider, or `None` if the sandbox has no such provider.
    pub fn of(provider: &str) -> Option<Self> {
        side::registry(provider).map(|(_, registry)| registry.source)
    }

    /// Returns the name of the provider.
    pub const fn provider(self) -> &'static str {
        self.provider
    }

    /// Returns the id of the registry: of an instance, or the name of a region.
    pub const fn id(self) -> &'static str {
        self.id
    }
}

/// A registry that images can be in: where they are pushed to, or where they are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    provider: &'static str,
    id: String,
}

impl Place {
    pub(crate) fn new(provider: &'static str, id: impl Into<String>) -> Self {
        Self {
            provider,
            id: id.into(),
        }
    }

    /// Returns the registry `id` of a provider, or `None` if the sandbox has no such provider.
    pub fn of(provider: &str, id: impl Into<String>) -> Option<Self> {
        Some(Self::new(Source::of(provider)?.provider, id))
    }

    /// Returns the name of the provider.
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// Returns the id of the registry: of an instance, or the name of a region.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Registry that pushes to the source go to.
impl From<Source> for Place {
    fn from(source: Source) -> Self {
        Self::new(source.provider, source.id)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "registry {} of {}", self.id, self.provider)
    }
}

/// A record of work that has ended: an execution with its tasks, a job or a task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Id that calls know it by.
    pub id: String,
    /// `namespace/repository` at the source. For an execution it is that of the first task, and empty
    /// if it has no task or existed at the start.
    pub repository: String,
    /// When it was created.
    pub made: Timestamp,
}

/// What a registry has under a tag or a digest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    NoRepository,
    NoManifest,
    Manifest(Manifest),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Manifest {
    pub(crate) digest: String,
    pub(crate) media_type: String,
    /// All tags of the image.
    pub(crate) tags: Vec<String>,
}

impl Manifest {
    /// Finds the manifest of `reference`, a tag or a digest, among tags with their digests.
    pub(crate) fn find<'a>(
        tags: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        reference: &str,
    ) -> Option<Self> {
        let mut fits = tags
            .clone()
            .filter(|(tag, digest)| [*tag, *digest].contains(&reference));
        let (_, digest) = fits.next()?;
        let of_it = tags.filter(|(_, other)| *other == digest);
        Some(Self {
            digest: digest.to_owned(),
            media_type: MANIFEST.to_owned(),
            tags: of_it.map(|(tag, _)| tag.to_owned()).collect(),
        })
    }
}

/// Media type of a manifest whose real media type is unknown.
pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
