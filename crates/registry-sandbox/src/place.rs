//! The registries of both clouds, and what is found in them.

use std::fmt;

use jiff::Timestamp;

use crate::world::{
    FLEET_ALIBABACLOUD_INSTANCE_ID, HUAWEICLOUD_INSTANCE_ID, HUAWEICLOUD_REGION, Source,
};

/// A registry that images can be in: where they are pushed to, or where they are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Place {
    /// The Enterprise edition instance of this id.
    HuaweicloudEnterprise(String),
    /// The Basic edition of this region, where the namespace is the organization:
    /// [`HUAWEICLOUD_REGION`], or one that images can be copied to.
    HuaweicloudBasic(String),
    /// The Alibaba Cloud instance of this id.
    Alibabacloud(String),
}

impl Place {
    /// The Enterprise edition instance `id`.
    pub fn huaweicloud_enterprise(id: impl Into<String>) -> Self {
        Self::HuaweicloudEnterprise(id.into())
    }

    /// The Basic edition of `region`.
    pub fn huaweicloud_basic(region: impl Into<String>) -> Self {
        Self::HuaweicloudBasic(region.into())
    }

    /// The Alibaba Cloud instance `id`.
    pub fn alibabacloud(id: impl Into<String>) -> Self {
        Self::Alibabacloud(id.into())
    }
}

/// Where pushes to the registry go.
impl From<Source> for Place {
    fn from(registry: Source) -> Self {
        match registry {
            Source::HuaweicloudEnterprise => Self::huaweicloud_enterprise(HUAWEICLOUD_INSTANCE_ID),
            Source::HuaweicloudBasic => Self::huaweicloud_basic(HUAWEICLOUD_REGION),
            Source::Alibabacloud => Self::alibabacloud(FLEET_ALIBABACLOUD_INSTANCE_ID),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HuaweicloudEnterprise(id) => write!(f, "Enterprise edition instance {id}"),
            Self::HuaweicloudBasic(region) => write!(f, "Basic edition of {region}"),
            Self::Alibabacloud(id) => write!(f, "Alibaba Cloud instance {id}"),
        }
    }
}

/// A record of work that has ended: an execution of the Enterprise edition with its tasks, a job of
/// the Basic edition, or a task of Alibaba's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The id that calls know it by.
    pub id: String,
    /// `namespace/repository` at the source. Of an execution it is that of the first task; empty if
    /// it has none, or was there from the start.
    pub repository: String,
    /// When it was made.
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
    /// All tags that it has there.
    pub(crate) tags: Vec<String>,
}

impl Manifest {
    /// The manifest that `reference`, a tag or a digest, stands for among tags with their digests.
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

/// Media type of a manifest of which nothing else is known.
pub(crate) const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
