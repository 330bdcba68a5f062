//! Names in Harbor's own form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Name of a repository within its project, such as `api` or `api/server`.
///
/// In the path of a call, each `/` of the name is `%252F`: Harbor decodes the name once more than its
/// web server. [`Display`](fmt::Display) writes the name encoded once, and the path encodes it again.
///
/// ```
/// use harbor::RepositoryName;
/// let name = RepositoryName::try_from("api/server").unwrap();
/// assert_eq!(name.as_str(), "api/server");
/// assert_eq!(name.to_string(), "api%2Fserver");
/// assert!(RepositoryName::try_from("api%2Fserver").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

/// Reason why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It has a `%`, so it is probably encoded already.
    #[error("{0:?} has '%'; write the name without encoding")]
    Percent(String),
    /// A part between slashes is empty, `.` or `..`.
    #[error("{0:?} has an empty part, '.' or '..'; write a name such as api/server")]
    Part(String),
}

impl RepositoryName {
    /// Returns the name without encoding.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        let is_bad = |part: &str| matches!(part, "" | "." | "..");
        match text.as_str() {
            "" => Err(InvalidName::Empty),
            name if name.contains('%') => Err(InvalidName::Percent(text)),
            name if name.split('/').any(is_bad) => Err(InvalidName::Part(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl TryFrom<&str> for RepositoryName {
    type Error = InvalidName;
    fn try_from(text: &str) -> Result<Self, InvalidName> {
        text.to_owned().try_into()
    }
}

impl TryFrom<&String> for RepositoryName {
    type Error = InvalidName;
    fn try_from(text: &String) -> Result<Self, InvalidName> {
        text.clone().try_into()
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> Self {
        name.0
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        text.try_into()
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('/', "%2F"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_names_are_refused() {
        for bad in ["", ".", "..", "a//b", "/a", "a/", "a/../b", "a%2Fb"] {
            assert!(RepositoryName::try_from(bad).is_err(), "{bad}");
        }
        for good in ["a", "a/b/c", "a.b", "a__b"] {
            assert!(RepositoryName::try_from(good).is_ok(), "{good}");
        }
    }
}
