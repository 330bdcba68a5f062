//! Names of images, and references to images in tasks and rules.

use std::fmt;
use std::str::FromStr;

use openapi_transport::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grammar::{ImageReference, InvalidImage};

/// An image, or all images of a repository, in one registry: `[namespace/]repository[:tag]`.
///
/// Most providers need the namespace, and refuse a name without it.
///
/// ```
/// use registry_replication::ImageName;
/// let image: ImageName = "team/api/server:v42".parse().unwrap();
/// assert_eq!(image.namespace(), "team");
/// assert_eq!(image.repository(), "api/server");
/// assert_eq!(image.tag(), Some("v42"));
/// assert_eq!("api".parse::<ImageName>().unwrap().namespace(), "");
/// assert!("team/api:v1/x".parse::<ImageName>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImageName {
    namespace: String,
    repository: String,
    tag: Option<String>,
}

impl ImageName {
    /// Returns the image of a reference, without its host and digest.
    pub fn of(reference: &ImageReference) -> Self {
        let path = reference.path();
        let (namespace, repository) = path.split_once('/').unwrap_or(("", path));
        Self {
            namespace: namespace.to_owned(),
            repository: repository.to_owned(),
            tag: reference.tag().map(str::to_owned),
        }
    }

    /// Returns the namespace, which is the part before the first `/`. Empty without a `/`.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the repository within the namespace. It may contain a `/`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Makes a repository of valid names.
    pub(crate) fn plain(namespace: &str, repository: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            repository: repository.to_owned(),
            tag: None,
        }
    }

    /// Sets the tag.
    pub(crate) fn with_tag(self, tag: String) -> Self {
        Self {
            tag: Some(tag),
            ..self
        }
    }

    /// Returns an error if the name has a tag.
    pub(crate) fn without_tag(self) -> Result<Self, Error> {
        match self.tag() {
            None => Ok(self),
            Some(tag) => Err(Error::configuration(format!(
                "repository {:?} has a tag; leave out \":{tag}\"",
                self.to_string()
            ))),
        }
    }

    /// Returns the name without its tag, `namespace/repository`.
    pub fn path(&self) -> String {
        match self.namespace.is_empty() {
            false => format!("{}/{}", self.namespace, self.repository),
            true => self.repository.clone(),
        }
    }

    /// Returns the tag, if the name has one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }
}

impl FromStr for ImageName {
    type Err = InvalidImage;

    fn from_str(text: &str) -> Result<Self, InvalidImage> {
        let reference: ImageReference = text.parse()?;
        if let Some(host) = reference.host() {
            let plain = reference.clone().without_host();
            return Err(InvalidImage::new(
                text,
                format!("{host:?} is the host of a registry; leave it out and write {plain}"),
            ));
        }
        if reference.digest().is_some() {
            let plain = reference.without_digest();
            return Err(InvalidImage::new(
                text,
                format!("it has a digest, and a tag is needed here; write {plain}"),
            ));
        }
        Ok(Self::of(&reference))
    }
}

impl From<InvalidImage> for Error {
    fn from(error: InvalidImage) -> Self {
        Self::configuration(error.to_string())
    }
}

impl TryFrom<&str> for ImageName {
    type Error = InvalidImage;
    fn try_from(text: &str) -> Result<Self, InvalidImage> {
        text.parse()
    }
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path())?;
        match &self.tag {
            Some(tag) => write!(f, ":{tag}"),
            None => Ok(()),
        }
    }
}

/// One end of a task or rule: a place and artifacts. Fields that the vendor does not name are
/// absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct ImageRef {
    /// Region id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Id of the registry's instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Id of a target registry, if a rule names an end outside the instance by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<String>,
    /// Name of that target registry, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry_name: Option<String>,
    /// Namespace; some vendors call it organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Repository within the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Artifacts, as far as the vendor names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// Number of artifacts, if the vendor only counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_count: Option<u64>,
}

/// Artifact of a repository.
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
    /// Returns all tags of all artifacts.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.artifacts
            .iter()
            .flat_map(|artifact| artifact.tags.iter().map(String::as_str))
    }

    /// Returns the digest if the end has a single artifact with a known digest.
    pub fn digest(&self) -> Option<&str> {
        match self.artifacts.as_slice() {
            [only] => only.digest.as_deref(),
            _ => None,
        }
    }

    /// Makes an end with the namespace and repository before and after the first `/` of `name`.
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
    /// Writes `region: namespace/repository:tag`, shortened if there are many tags.
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
