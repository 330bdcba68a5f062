//! Values in a vendor's own form.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::tolerant::Tolerant;

/// Number that the vendor sends as text, `"1"`. A plain number decodes, too.
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

/// Time that the vendor sends as milliseconds since 1970.
///
/// ```
/// use openapi_transport::EpochMillis;
/// let time: EpochMillis = serde_json::from_str("1572839126000").unwrap();
/// assert_eq!(time.0.to_string(), "2019-11-04T03:45:26Z");
/// assert_eq!(serde_json::to_string(&time).unwrap(), "1572839126000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochMillis(pub Timestamp);

/// Time that the vendor sends as seconds since 1970, with or without a fraction.
///
/// The fraction is exact to a nanosecond: `1767225600.123` is 123 milliseconds past. Further digits
/// are dropped. Text decodes, too.
///
/// ```
/// use openapi_transport::EpochSeconds;
/// let time: EpochSeconds = serde_json::from_str("1767225600.123").unwrap();
/// assert_eq!(time.0.to_string(), "2026-01-01T00:00:00.123Z");
/// assert_eq!(serde_json::to_string(&time).unwrap(), "1767225600.123");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EpochSeconds(pub Timestamp);

/// Reason why a text is not a valid [`EpochSeconds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected seconds since 1970 between the years -9999 and 9999")]
pub struct UnfitSeconds;

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

impl TryFrom<i64> for EpochSeconds {
    type Error = UnfitSeconds;
    fn try_from(seconds: i64) -> Result<Self, UnfitSeconds> {
        Timestamp::from_second(seconds)
            .map(Self)
            .map_err(|_| UnfitSeconds)
    }
}

impl TryFrom<f64> for EpochSeconds {
    type Error = UnfitSeconds;
    /// Reads the shortest decimal form of the number, which is the one that a person writes.
    fn try_from(seconds: f64) -> Result<Self, UnfitSeconds> {
        seconds.to_string().parse()
    }
}

impl FromStr for EpochSeconds {
    type Err = UnfitSeconds;
    fn from_str(text: &str) -> Result<Self, UnfitSeconds> {
        let text = text.trim();
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) {
            return Err(UnfitSeconds);
        }
        let nanos: String = fraction
            .chars()
            .chain("000000000".chars())
            .take(9)
            .collect();
        let seconds: i64 = whole.parse().map_err(|_| UnfitSeconds)?;
        let nanos: i32 = nanos.parse().map_err(|_| UnfitSeconds)?;
        let (seconds, nanos) = match is_negative {
            true => (-seconds, -nanos),
            false => (seconds, nanos),
        };
        Timestamp::new(seconds, nanos)
            .map(Self)
            .map_err(|_| UnfitSeconds)
    }
}

impl fmt::Display for EpochSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanos) = (self.0.as_second(), self.0.subsec_nanosecond());
        if nanos == 0 {
            return write!(f, "{seconds}");
        }
        let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
        let (seconds, nanos) = (seconds.unsigned_abs(), nanos.unsigned_abs());
        let fraction = format!("{nanos:09}");
        write!(f, "{sign}{seconds}.{}", fraction.trim_end_matches('0'))
    }
}

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanosecond() == 0 {
            return serializer.serialize_i64(self.0.as_second());
        }
        let seconds: f64 = self
            .to_string()
            .parse()
            .map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(seconds)
    }
}

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        required(deserializer)
    }
}

impl<'de> Tolerant<'de> for Option<EpochSeconds> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The shortest decimal form of a float is the number that the service wrote.
        let Some(text) = Option::<String>::tolerant(deserializer)? else {
            return Ok(None);
        };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let time = text.parse::<EpochSeconds>().or_else(|error| {
            // `1.767225600123E9`
            let number: f64 = text.trim().parse().map_err(|_| error)?;
            number.try_into()
        });
        time.map(Some).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn seconds_keep_their_fraction() {
        for (json, time, back) in [
            ("1767225600", "2026-01-01T00:00:00Z", "1767225600"),
            ("1767225600.0", "2026-01-01T00:00:00Z", "1767225600"),
            (
                "1767225600.123",
                "2026-01-01T00:00:00.123Z",
                "1767225600.123",
            ),
            (
                "1.767225600123E9",
                "2026-01-01T00:00:00.123Z",
                "1767225600.123",
            ),
            (
                r#""1767225600.123""#,
                "2026-01-01T00:00:00.123Z",
                "1767225600.123",
            ),
            (
                r#""1.767225600123E9""#,
                "2026-01-01T00:00:00.123Z",
                "1767225600.123",
            ),
            (r#"" 1767225600 ""#, "2026-01-01T00:00:00Z", "1767225600"),
            (
                "1767225600.123456",
                "2026-01-01T00:00:00.123456Z",
                "1767225600.123456",
            ),
            (
                r#""1767225600.1234567891""#,
                "2026-01-01T00:00:00.123456789Z",
                "1767225600.1234567",
            ),
            ("0", "1970-01-01T00:00:00Z", "0"),
            ("0.5", "1970-01-01T00:00:00.5Z", "0.5"),
            ("-0.5", "1969-12-31T23:59:59.5Z", "-0.5"),
            ("-1.5", "1969-12-31T23:59:58.5Z", "-1.5"),
        ] {
            let found: EpochSeconds = serde_json::from_str(json).unwrap();
            assert_eq!(found.0.to_string(), time, "{json}");
            let written = serde_json::to_string(&found).unwrap();
            assert_eq!(written, back, "{json}");
        }
        // A time in nanoseconds has more digits than a float.
        let text = "1767225600.123456789";
        assert_eq!(text.parse::<EpochSeconds>().unwrap().to_string(), text);
        let whole: EpochSeconds = 1_767_225_600.try_into().unwrap();
        assert_eq!(whole.to_string(), "1767225600");
        let fraction: EpochSeconds = 1_767_225_600.123.try_into().unwrap();
        assert_eq!(fraction.to_string(), "1767225600.123");
        assert!(EpochSeconds::try_from(i64::MAX).is_err());
        assert!(EpochSeconds::try_from(f64::NAN).is_err());
    }

    #[test]
    fn seconds_that_mean_nothing_are_refused() {
        for json in [
            "1e300",
            "-1e300",
            "99999999999999",
            r#""soon""#,
            r#""1.2.3""#,
            r#""NaN""#,
            "true",
            r#""inf""#,
            r#""-""#,
            r#""--1""#,
        ] {
            assert!(
                serde_json::from_str::<EpochSeconds>(json).is_err(),
                "{json}"
            );
        }
        for json in ["null", r#""""#, r#"" ""#] {
            let mut json = serde_json::Deserializer::from_str(json);
            assert_eq!(Option::<EpochSeconds>::tolerant(&mut json).unwrap(), None);
        }
    }
}
