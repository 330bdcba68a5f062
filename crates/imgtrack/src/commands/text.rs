//! Texts of the command line that only a registry can read.

use std::str::FromStr;

use registry_replication::{Error, ImageName, Registry, UnfitReference};

/// Parses an image, and takes off the host, which has to be the registry's own.
pub(super) async fn image(registry: &dyn Registry, text: &str) -> Result<ImageName, Error> {
    let reference = registry.read_image(text).await?;
    if reference.digest().is_some() {
        return Err(Error::configuration(format!(
            "invalid image {text:?}: it has a digest, and tasks are found by tag; leave out the \
             digest"
        )));
    }
    Ok(ImageName::of(&reference))
}

/// Parses a reference to a rule, an execution or a task.
pub(super) fn reference<T>(text: &str) -> Result<T, Error>
where
    T: FromStr<Err = UnfitReference>,
{
    text.parse()
        .map_err(|error: UnfitReference| Error::configuration(error.to_string()))
}
