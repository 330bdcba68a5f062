//! Parameters that are checked when they are passed, before the service could reject them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Value for one segment of a URL's path.
///
/// It is percent-encoded in the URL. Any text except the empty text, `.` and `..` is valid: a URL
/// with one of these would name another path.
///
/// ```
/// use openapi_transport::PathSegment;
/// assert!(PathSegment::try_from("a/b 版本").is_ok());
/// assert!(PathSegment::try_from("..").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PathSegment(String);

/// Why a text cannot be a path segment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnfitSegment {
    /// It is empty.
    #[error("must not be empty")]
    Empty,
    /// It is `.` or `..`.
    #[error("must not be {0:?}, because a URL with it names another path")]
    Dots(String),
}

impl PathSegment {
    /// Returns the text unchanged.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PathSegment {
    type Error = UnfitSegment;
    fn try_from(text: String) -> Result<Self, UnfitSegment> {
        match text.as_str() {
            "" => Err(UnfitSegment::Empty),
            "." | ".." => Err(UnfitSegment::Dots(text)),
            _ => Ok(Self(text)),
        }
    }
}

impl TryFrom<&str> for PathSegment {
    type Error = UnfitSegment;
    fn try_from(text: &str) -> Result<Self, UnfitSegment> {
        text.to_owned().try_into()
    }
}

impl TryFrom<&String> for PathSegment {
    type Error = UnfitSegment;
    fn try_from(text: &String) -> Result<Self, UnfitSegment> {
        text.clone().try_into()
    }
}

impl FromStr for PathSegment {
    type Err = UnfitSegment;
    fn from_str(text: &str) -> Result<Self, UnfitSegment> {
        text.try_into()
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not empty, for a required parameter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
// `into` and not the derived newtype: a query parameter must serialise as plain text.
#[serde(try_from = "String", into = "String")]
pub struct NonEmpty(String);

/// The text is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must not be empty")]
pub struct Empty;

impl NonEmpty {
    /// Returns the text unchanged.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for NonEmpty {
    type Error = Empty;
    fn try_from(text: String) -> Result<Self, Empty> {
        if text.is_empty() {
            Err(Empty)
        } else {
            Ok(Self(text))
        }
    }
}

impl From<NonEmpty> for String {
    fn from(text: NonEmpty) -> Self {
        text.0
    }
}

impl TryFrom<&str> for NonEmpty {
    type Error = Empty;
    fn try_from(text: &str) -> Result<Self, Empty> {
        text.to_owned().try_into()
    }
}

impl TryFrom<&String> for NonEmpty {
    type Error = Empty;
    fn try_from(text: &String) -> Result<Self, Empty> {
        text.clone().try_into()
    }
}

impl FromStr for NonEmpty {
    type Err = Empty;
    fn from_str(text: &str) -> Result<Self, Empty> {
        text.try_into()
    }
}

impl fmt::Display for NonEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Integer from `MIN` to `MAX`, both included, for a parameter whose bounds the vendor documents.
///
/// ```
/// use openapi_transport::Bounded;
/// type Limit = Bounded<1, 100>;
/// assert_eq!(Limit::try_from(100_i64).unwrap().get(), 100);
/// assert_eq!(Limit::try_from(500_i64).unwrap_err().to_string(), "500 is more than 100");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bounded<const MIN: i64, const MAX: i64>(i64);

/// Integer with only a lower bound.
pub type AtLeast<const MIN: i64> = Bounded<MIN, { i64::MAX }>;

/// Reason why a text is not a valid [`Bounded`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfBounds {
    /// It is too small.
    #[error("{value} is less than {min}")]
    TooSmall {
        /// The number, as text because it may not fit.
        value: String,
        /// The least that is allowed.
        min: i64,
    },
    /// It is too large.
    #[error("{value} is more than {max}")]
    TooLarge {
        /// The number, as text because it may not fit.
        value: String,
        /// The most that is allowed.
        max: i64,
    },
    /// It is not a number.
    #[error("{value:?} is not a whole number")]
    NotANumber {
        /// The invalid value.
        value: String,
    },
}

impl<const MIN: i64, const MAX: i64> Bounded<MIN, MAX> {
    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}

impl<const MIN: i64, const MAX: i64> TryFrom<i64> for Bounded<MIN, MAX> {
    type Error = OutOfBounds;
    fn try_from(value: i64) -> Result<Self, OutOfBounds> {
        if value < MIN {
            Err(OutOfBounds::TooSmall {
                value: value.to_string(),
                min: MIN,
            })
        } else if value > MAX {
            Err(OutOfBounds::TooLarge {
                value: value.to_string(),
                max: MAX,
            })
        } else {
            Ok(Self(value))
        }
    }
}

macro_rules! bounded_from {
    ($($int:ty),+) => {$(
        impl<const MIN: i64, const MAX: i64> TryFrom<$int> for Bounded<MIN, MAX> {
            type Error = OutOfBounds;
            fn try_from(value: $int) -> Result<Self, OutOfBounds> {
                i64::try_from(value)
                    .map_err(|_| OutOfBounds::TooLarge { value: value.to_string(), max: MAX })?
                    .try_into()
            }
        }
    )+};
}
bounded_from!(i32, u32, u64, usize);

impl<const MIN: i64, const MAX: i64> FromStr for Bounded<MIN, MAX> {
    type Err = OutOfBounds;
    fn from_str(text: &str) -> Result<Self, OutOfBounds> {
        text.parse::<i64>()
            .map_err(|_| OutOfBounds::NotANumber {
                value: text.to_owned(),
            })?
            .try_into()
    }
}

impl<const MIN: i64, const MAX: i64> fmt::Display for Bounded<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MIN: i64, const MAX: i64> Serialize for Bounded<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de, const MIN: i64, const MAX: i64> Deserialize<'de> for Bounded<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer)?
            .try_into()
            .map_err(serde::de::Error::custom)
    }
}
