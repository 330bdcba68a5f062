//! Values that a vendor writes in a way of its own.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tolerant::Tolerant;

/// A number that the vendor sends as text, `"1"`; a plain number decodes just as well.
///
/// ```
/// use openapi_transport::TextNumber;
/// let text: TextNumber = serde_json::from_str(r#""30""#).unwrap();
/// let number: TextNumber = serde_json::from_str("30").unwrap();
/// assert_eq!(text, number);
/// assert_eq!(serde_json::to_string(&number).unwrap(), r#""30""#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextNumber(pub i64);

/// A time that the vendor sends as milliseconds since 1970.
///
/// ```
/// use openapi_transport::EpochMillis;
/// let time: EpochMillis = serde_json::from_str("1572839126000").unwrap();
/// assert_eq!(time.0.to_string(), "2019-11-04T03:45:26Z");
/// assert_eq!(serde_json::to_string(&time).unwrap(), "1572839126000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochMillis(pub Timestamp);

fn required<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Option<T>: Tolerant<'de>,
{
    Option::<T>::tolerant(deserializer)?
        .ok_or_else(|| serde::de::Error::custom("expected a number, found none"))
}

impl From<i64> for TextNumber {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

impl TryFrom<&str> for TextNumber {
    type Error = ParseIntError;
    fn try_from(text: &str) -> Result<Self, ParseIntError> {
        text.parse()
    }
}

impl FromStr for TextNumber {
    type Err = ParseIntError;
    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for TextNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for TextNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TextNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer)
    }
}

impl<'de> Tolerant<'de> for Option<TextNumber> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<i64>::tolerant(deserializer)?.map(TextNumber))
    }
}

impl Serialize for EpochMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_millisecond())
    }
}

impl<'de> Deserialize<'de> for EpochMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer)
    }
}

impl<'de> Tolerant<'de> for Option<EpochMillis> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<i64>::tolerant(deserializer)?
            .map(|millis| Timestamp::from_millisecond(millis).map(EpochMillis))
            .transpose()
            .map_err(serde::de::Error::custom)
    }
}
