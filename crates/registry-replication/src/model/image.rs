//! Images, as people name them and as tasks speak of them.

use std::fmt;
use std::str::FromStr;

use registry_transport::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An image, or all images of a repository, in one registry: `namespace/repository[:tag]`.
///
/// ```
/// use registry_replication::ImageName;
/// let image: ImageName = "team/api/server:v42".parse().unwrap();
/// assert_eq!(image.namespace(), "team");
/// assert_eq!(image.repository(), "api/server");
/// assert_eq!(image.tag(), Some("v42"));
/// assert!("api".parse::<ImageName>().is_err());
/// assert!("team/api:v1/x".parse::<ImageName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName {
    namespace: String,
    repository: String,
    tag: Option<String>,
}

/// Why a text does not name an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitImageName {
    /// It has no `/`.
    #[error("image {0:?} has no namespace; write namespace/repository or namespace/repository:tag")]
    NoNamespace(String),
    /// Namespace, repository or tag is empty.
    #[error("image {0:?}: the {1} is empty")]
    Empty(String, &'static str),
    /// What stands for the tag has a `/`.
    #[error("image {0:?}: {1:?} is no tag, it has a slash")]
    Tag(String, String),
    /// It has a digest.
    #[error("image {0:?} has a digest; tasks are found by tag")]
    Digest(String),
}

impl ImageName {
    /// The namespace: the part before the first `/`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The repository within the namespace; may have a `/` of its own.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What a caller gave, or an error that names it.
    pub(crate) fn given(text: &str) -> Result<Self, Error> {
        text.parse()
            .map_err(|error: UnfitImageName| Error::configuration(error.to_string()))
    }

    /// As [`given`](Self::given), where a tag makes no sense.
    pub(crate) fn repository_given(text: &str) -> Result<Self, Error> {
        let name = Self::given(text)?;
        match name.tag() {
            None => Ok(name),
            Some(tag) => Err(Error::configuration(format!(
                "repository {text:?} has a tag; leave out \":{tag}\""
            ))),
        }
    }

    /// The tag, if one is named.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

impl FromStr for ImageName {
    type Err = UnfitImageName;

    fn from_str(text: &str) -> Result<Self, UnfitImageName> {
        if text.contains('@') {
            return Err(UnfitImageName::Digest(text.to_owned()));
        }
        let Some((namespace, rest)) = text.split_once('/') else {
            return Err(UnfitImageName::NoNamespace(text.to_owned()));
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        for (part, name) in [
            (Some(namespace), "namespace"),
            (Some(repository), "repository"),
            (tag, "tag"),
        ] {
            if part == Some("") {
                return Err(UnfitImageName::Empty(text.to_owned(), name));
            }
        }
        if let Some(tag) = tag.filter(|tag| tag.contains('/')) {
            return Err(UnfitImageName::Tag(text.to_owned(), tag.to_owned()));
        }
        Ok(Self {
            namespace: namespace.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
        })
    }
}

impl TryFrom<&str> for ImageName {
    type Error = UnfitImageName;
    fn try_from(text: &str) -> Result<Self, UnfitImageName> {
        text.parse()
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.repository)?;
        match &self.tag {
            Some(tag) => write!(f, ":{tag}"),
            None => Ok(()),
        }
    }
}

/// One end of a task or rule: where, and which artifacts. What the vendor does not say is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ImageRef {
    /// Region id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Id of the registry's instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Id of a target registry, by which rules of Huawei's Enterprise edition name an end that is not
    /// the instance itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// Namespace, which Huawei's Basic edition calls organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Repository within the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The artifacts, as far as they are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// How many artifacts there are, where the vendor only counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_count: Option<u64>,
}

/// One artifact of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Artifact {
    /// Digest of its manifest, `sha256:…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl ImageRef {
    /// All tags of all artifacts.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.artifacts
            .iter()
            .flat_map(|artifact| artifact.tags.iter().map(String::as_str))
    }

    /// The digest, where there is one artifact and it is known.
    pub fn digest(&self) -> Option<&str> {
        match self.artifacts.as_slice() {
            [only] => only.digest.as_deref(),
            _ => None,
        }
    }

    /// With the namespace and repository that `name` has before and after its first `/`.
    pub(crate) fn of_repository(name: &str) -> Self {
        let (namespace, repository) = match name.split_once('/') {
            Some((namespace, repository)) => (Some(namespace), repository),
            None => (None, name),
        };
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            namespace: namespace.and_then(known),
            repository: known(repository),
            ..Self::default()
        }
    }

    pub(crate) fn with_tag(mut self, tag: Option<String>) -> Self {
        if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
            self.artifacts.push(Artifact {
                digest: None,
                tags: vec![tag],
            });
        }
        self
    }
}

impl fmt::Display for ImageRef {
    /// `region: namespace/repository:tag`, shortened where there are many tags.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(region) = &self.region {
            write!(f, "{region}: ")?;
        }
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}/")?;
        }
        f.write_str(self.repository.as_deref().unwrap_or("?"))?;
        let count = self.tags().count();
        match (self.tags().next(), self.artifact_count) {
            (Some(tag), _) if count == 1 => write!(f, ":{tag}"),
            (Some(_), _) => write!(f, " ({count} tags)"),
            (None, Some(1)) => f.write_str(" (1 artifact)"),
            (None, Some(count)) => write!(f, " ({count} artifacts)"),
            (None, None) => Ok(()),
        }
    }
}
