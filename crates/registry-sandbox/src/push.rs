//! Pushes to a registry, as docker would.

use thiserror::Error;

/// Reason why nothing was pushed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The name is not `namespace/repository`, or a part of it is empty.
    #[error("{0:?} is not namespace/repository")]
    Name(String),
    /// The tag is not one that an image can have.
    #[error("{0:?} is not a tag")]
    Tag(String),
    /// The registry has no such namespace; a push makes repositories, not namespaces.
    #[error("there is no namespace {0}")]
    NoNamespace(String),
    /// The registry takes no pushes yet.
    #[error("this registry of the sandbox takes no pushes yet")]
    NotThereYet,
}

/// Splits `name` into namespace and repository. The repository may contain slashes.
pub(crate) fn split(name: &str) -> Result<(&str, &str), PushError> {
    let parts = name.split_once('/');
    parts
        .filter(|_| name.split('/').all(|part| !part.is_empty()))
        .ok_or_else(|| PushError::Name(name.to_owned()))
}

/// Refuses tags that are invalid by the distribution specification.
pub(crate) fn check_tag(tag: &str) -> Result<(), PushError> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = tag.len() <= 128
        && tag.starts_with(word)
        && tag.chars().all(|c| word(c) || c == '.' || c == '-');
    match fits {
        true => Ok(()),
        false => Err(PushError::Tag(tag.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tags() {
        assert_eq!(split("team/api").unwrap(), ("team", "api"));
        assert_eq!(split("team/web/front").unwrap(), ("team", "web/front"));
        for name in ["", "api", "/api", "team/", "team//api"] {
            assert_eq!(split(name), Err(PushError::Name(name.to_owned())));
        }
        for tag in ["v1", "_", "2026.11-rc_1"] {
            assert_eq!(check_tag(tag), Ok(()));
        }
        for tag in ["", ".v1", "-v1", "v 1", "v:1", &"v".repeat(129)] {
            assert_eq!(check_tag(tag), Err(PushError::Tag(tag.to_owned())));
        }
    }
}
