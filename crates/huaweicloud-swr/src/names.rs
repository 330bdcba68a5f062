//! Names of namespaces and repositories, checked before they are sent.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Name of an organization of the Basic edition.
///
/// It has 1 to 64 characters of `a`-`z`, `0`-`9`, `.`, `_` and `-`. It begins with a lowercase letter
/// and ends with a lowercase letter or digit. Two adjacent marks are invalid, except `__`.
///
/// ```
/// use huaweicloud_swr::NamespaceName;
/// assert!(NamespaceName::try_from("team-a").is_ok());
/// let error = NamespaceName::try_from("Team").unwrap_err();
/// assert_eq!(error.to_string(), "\"Team\" must begin with a lowercase letter");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamespaceName(String);

/// Name of a repository of the Basic edition, such as `api` or `api/server`.
///
/// In the path of a call, each `/` of the name is a `$`, so that the Basic edition can tell it from
/// the path's own. [`Display`](fmt::Display) writes this form.
///
/// ```
/// use huaweicloud_swr::RepositoryName;
/// let name = RepositoryName::try_from("api/server").unwrap();
/// assert_eq!(name.as_str(), "api/server");
/// assert_eq!(name.to_string(), "api$server");
/// assert!(RepositoryName::try_from("api$server").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepositoryName(String);

/// Name of a repository of the Enterprise edition within its namespace, such as `api` or
/// `api/server`.
///
/// In the path of a call, each `/` of the name is `%252F`: the service requires an escaped name, and
/// the path escapes it again. [`Display`](fmt::Display) writes the name escaped once.
///
/// ```
/// use huaweicloud_swr::EnterpriseRepositoryName;
/// let name = EnterpriseRepositoryName::try_from("api/server").unwrap();
/// assert_eq!(name.as_str(), "api/server");
/// assert_eq!(name.to_string(), "api%2Fserver");
/// assert!(EnterpriseRepositoryName::try_from("api%2Fserver").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnterpriseRepositoryName(String);

/// Reason why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidName {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is longer than 64 characters.
    #[error("{0:?} is longer than 64 characters")]
    TooLong(String),
    /// It does not begin with a lowercase letter.
    #[error("{0:?} must begin with a lowercase letter")]
    Begin(String),
    /// It does not end with a lowercase letter or a digit.
    #[error("{0:?} must end with a lowercase letter or a digit")]
    End(String),
    /// It has an invalid character.
    #[error("{0:?} has {1:?}; only a-z, 0-9, '.', '_' and '-' are allowed")]
    Character(String, char),
    /// It has two adjacent marks.
    #[error("{0:?} has adjacent marks; only \"__\" is allowed")]
    Marks(String),
    /// It has a `$`, which means `/` in a path.
    #[error("{0:?} has '$', which the service reads as '/'; write '/' instead")]
    Dollar(String),
    /// It has a `%`, so it is probably escaped already.
    #[error("{0:?} has '%'; write the name unescaped")]
    Percent(String),
    /// It is `.` or `..`.
    #[error("must not be {0:?}, because a URL with it names another path")]
    Dots(String),
}

impl TryFrom<String> for NamespaceName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        let mark = |c: char| matches!(c, '.' | '_' | '-');
        let stray = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || mark(*c));
        if text.is_empty() {
            return Err(InvalidName::Empty);
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(InvalidName::Begin(text));
        }
        if let Some(c) = text.chars().find(stray) {
            return Err(InvalidName::Character(text, c));
        }
        if text.len() > 64 {
            return Err(InvalidName::TooLong(text));
        }
        if text.ends_with(mark) {
            return Err(InvalidName::End(text));
        }
        let runs = text.split(|c: char| !mark(c)).filter(|run| run.len() > 1);
        if runs.into_iter().any(|run| run != "__") {
            return Err(InvalidName::Marks(text));
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for RepositoryName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        match text.as_str() {
            "" => Err(InvalidName::Empty),
            "." | ".." => Err(InvalidName::Dots(text)),
            name if name.contains('$') => Err(InvalidName::Dollar(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl TryFrom<String> for EnterpriseRepositoryName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        match text.as_str() {
            "" => Err(InvalidName::Empty),
            "." | ".." => Err(InvalidName::Dots(text)),
            name if name.contains('%') => Err(InvalidName::Percent(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl fmt::Display for EnterpriseRepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('/', "%2F"))
    }
}

impl fmt::Display for NamespaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('/', "$"))
    }
}

macro_rules! name {
    ($name:ident) => {
        impl $name {
            /// Returns the name in its plain form.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl TryFrom<&str> for $name {
            type Error = InvalidName;
            fn try_from(text: &str) -> Result<Self, InvalidName> {
                text.to_owned().try_into()
            }
        }
        impl TryFrom<&String> for $name {
            type Error = InvalidName;
            fn try_from(text: &String) -> Result<Self, InvalidName> {
                text.clone().try_into()
            }
        }
        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
        impl FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                text.try_into()
            }
        }
    };
}
name!(NamespaceName);
name!(RepositoryName);
name!(EnterpriseRepositoryName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn organization_names_follow_the_page() {
        let long = format!("a{}", "b".repeat(63));
        for good in [
            "a",
            "test",
            "a1",
            "a.b",
            "a_b",
            "a__b",
            "a-b",
            "a.b-c_d__e",
            &long,
        ] {
            assert!(NamespaceName::try_from(good).is_ok(), "{good}");
        }
        let longer = format!("{long}b");
        for bad in [
            "", "A", "1a", ".a", "a.", "a-", "a_", "a..b", "a.-b", "a___b", "a--b", "a/b", "a b",
            "a%", "名", "..", &longer,
        ] {
            assert!(NamespaceName::try_from(bad).is_err(), "{bad}");
        }
    }
}
