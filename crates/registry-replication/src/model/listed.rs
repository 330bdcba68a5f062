//! Repositories and tags, as a registry lists them.

use openapi_transport::{Error, Timestamp};

use super::image::ImageName;

/// Repository that a registry lists.
///
/// ```
/// use registry_replication::{ImageName, ListedRepository};
/// let name: ImageName = "team/api".parse().unwrap();
/// let repository = ListedRepository::from(name.clone());
/// assert_eq!(repository.name, name);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedRepository {
    /// Name, without a tag.
    pub name: ImageName,
    /// The vendor's id, if the listing has ids.
    pub id: Option<String>,
}

impl ListedRepository {
    /// Reads a record of the vendor's call. A record without a name is an error, because the listing
    /// would lack a repository.
    pub(crate) fn read(
        call: &str,
        namespace: Option<String>,
        repository: Option<String>,
        id: Option<String>,
    ) -> Result<Self, Error> {
        match (filled(namespace), filled(repository)) {
            (Some(namespace), Some(repository)) => Ok(Self {
                name: ImageName::plain(&namespace, &repository),
                id: filled(id),
            }),
            _ => Err(Error::malformed(format!(
                "{call}: a repository in the list has no name"
            ))),
        }
    }
}

impl From<ImageName> for ListedRepository {
    fn from(name: ImageName) -> Self {
        Self {
            name: ImageName::plain(name.namespace(), name.repository()),
            id: None,
        }
    }
}

/// Tag of a repository that a registry lists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedTag {
    /// The repository's name with the tag.
    pub image: ImageName,
    /// Time of its deletion, if the registry lists deleted tags.
    pub deleted: Option<Timestamp>,
}

impl ListedTag {
    /// Reads a record of the vendor's call. A record without a name is an error, because the listing
    /// would lack a tag.
    pub(crate) fn read(
        call: &str,
        repository: &ImageName,
        tag: Option<String>,
        deleted: Option<Timestamp>,
    ) -> Result<Self, Error> {
        match filled(tag) {
            Some(tag) => Ok(Self {
                image: repository.clone().with_tag(tag),
                deleted,
            }),
            None => Err(Error::malformed(format!(
                "{call}: a tag in the list of {repository} has no name"
            ))),
        }
    }
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
