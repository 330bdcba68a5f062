//! Tolerant decoding: one unusual value does not fail a whole page.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{self, Deserialize, Deserializer, SeqAccess, Visitor};

/// Decodes a field in any reasonable form.
///
/// Generated types name this in `#[serde(deserialize_with)]`:
/// - Null and empty mean absent.
/// - A number may be text, and text may be a number. An integer may be `1.0`.
/// - A list may be null or hold nulls.
/// - A time without a zone is UTC. Go's zero time means absent.
pub fn tolerant<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Tolerant<'de>,
    D: Deserializer<'de>,
{
    T::tolerant(deserializer)
}

/// Type of a field that [`tolerant`] can decode.
pub trait Tolerant<'de>: Sized {
    /// Decodes the value.
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Decodes text from text, a number or a boolean. Null is empty.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::tolerant(deserializer)?.unwrap_or_default())
}

/// A JSON scalar.
enum Scalar<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(std::borrow::Cow<'a, str>),
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, a truth value or null")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Null)
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(value.into()))
    }
    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }
    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(value.to_owned().into()))
    }
    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(value.into()))
    }
    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(value.into()))
    }
}

/// 2^53: above it, a float cannot hold every integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn integer<E: de::Error>(scalar: Scalar<'_>) -> Result<Option<i128>, E> {
    let unfit = |found: &dyn fmt::Display| E::custom(format!("expected a number, found {found}"));
    match scalar {
        Scalar::Null => Ok(None),
        Scalar::Integer(value) => Ok(Some(value)),
        Scalar::Bool(value) => Err(unfit(&value)),
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() <= EXACT => {
            Ok(Some(value as i128))
        }
        Scalar::Float(value) => Err(unfit(&value)),
        Scalar::Text(text) => match text.trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| unfit(&format_args!("{text:?}"))),
        },
    }
}

macro_rules! tolerant_integer {
    ($($int:ty),+) => {$(
        impl<'de> Tolerant<'de> for Option<$int> {
            fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                integer(deserializer.deserialize_any(ScalarVisitor)?)?
                    .map(<$int>::try_from)
                    .transpose()
                    .map_err(de::Error::custom)
            }
        }
    )+};
}
tolerant_integer!(i32, i64);

impl<'de> Tolerant<'de> for Option<bool> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let unfit = |found: &dyn fmt::Display| {
            de::Error::custom(format!("expected true or false, found {found}"))
        };
        match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Null => Ok(None),
            Scalar::Bool(value) => Ok(Some(value)),
            Scalar::Integer(value @ (0 | 1)) => Ok(Some(value == 1)),
            Scalar::Integer(value) => Err(unfit(&value)),
            Scalar::Float(value) => Err(unfit(&value)),
            Scalar::Text(text) if text.is_empty() => Ok(None),
            Scalar::Text(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Scalar::Text(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Scalar::Text(text) => Err(unfit(&format_args!("{text:?}"))),
        }
    }
}

impl<'de> Tolerant<'de> for Option<String> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Null => None,
            Scalar::Bool(value) => Some(value.to_string()),
            Scalar::Integer(value) => Some(value.to_string()),
            Scalar::Float(value) => Some(value.to_string()),
            Scalar::Text(text) => Some(text.into_owned()),
        })
    }
}

/// Go's zero time, 0001-01-01T00:00:00Z, which services send for an unset time.
const GO_ZERO: Timestamp = Timestamp::constant(-62_135_596_800, 0);

impl<'de> Tolerant<'de> for Option<Timestamp> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Null => Ok(None),
            Scalar::Text(text) if text.is_empty() => Ok(None),
            Scalar::Text(text) => text
                .parse::<Timestamp>()
                .or_else(|_| {
                    let time = text.parse::<DateTime>()?.to_zoned(TimeZone::UTC)?;
                    Ok::<_, jiff::Error>(time.timestamp())
                })
                .map(|time| (time > GO_ZERO).then_some(time))
                .map_err(|_| de::Error::custom(format!("expected a time, found {text:?}"))),
            _ => Err(de::Error::custom("expected a time as text")),
        }
    }
}

impl<'de, T: Deserialize<'de>> Tolerant<'de> for Vec<T> {
    fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = Vec<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Vec::new())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                // The hint comes from the other side, so reserve no more than one page.
                let mut list = Vec::with_capacity(items.size_hint().unwrap_or(0).min(100));
                while let Some(item) = items.next_element::<Option<T>>()? {
                    list.extend(item);
                }
                Ok(list)
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Decodes a map, which may be null. Skips values that are null.
macro_rules! tolerant_map {
    ($map:ty, $value:ty $(, $generic:ident)?) => {
        impl<'de $(, $generic: Deserialize<'de>)?> Tolerant<'de> for $map {
            fn tolerant<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let map = Option::<HashMap<String, Option<$value>>>::deserialize(deserializer)?;
                let entries = map.into_iter().flatten();
                Ok(entries
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect())
            }
        }
    };
}
tolerant_map!(HashMap<String, T>, T, T);
tolerant_map!(serde_json::Map<String, serde_json::Value>, serde_json::Value);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize, Debug, PartialEq, Default)]
    struct Row {
        #[serde(default, deserialize_with = "tolerant")]
        number: Option<i64>,
        #[serde(default, deserialize_with = "tolerant")]
        small: Option<i32>,
        #[serde(default, deserialize_with = "tolerant")]
        text: Option<String>,
        #[serde(default, deserialize_with = "tolerant")]
        flag: Option<bool>,
        #[serde(default, deserialize_with = "tolerant")]
        time: Option<Timestamp>,
        #[serde(default, deserialize_with = "tolerant")]
        list: Vec<String>,
        #[serde(default, deserialize_with = "tolerant")]
        map: HashMap<String, i64>,
    }

    fn row(json: &str) -> Result<Row, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn absent_null_and_empty_are_the_same() {
        let nothing = Row::default();
        for json in [
            "{}",
            r#"{"number":null,"small":null,"text":null,"flag":null,"time":null,"list":null,"map":null}"#,
            r#"{"number":"","small":"","flag":"","time":"","list":[null],"map":{"a":null}}"#,
            r#"{"time":"0001-01-01T00:00:00Z"}"#,
        ] {
            assert_eq!(row(json).unwrap(), nothing, "{json}");
        }
    }

    #[test]
    fn numbers_and_texts_trade_places() {
        for json in [
            r#"{"number":"42"}"#,
            r#"{"number":42}"#,
            r#"{"number":42.0}"#,
        ] {
            assert_eq!(row(json).unwrap().number, Some(42), "{json}");
        }
        assert_eq!(
            row(r#"{"number":9223372036854775807}"#).unwrap().number,
            Some(i64::MAX)
        );
        assert_eq!(row(r#"{"text":7}"#).unwrap().text.as_deref(), Some("7"));
        assert_eq!(row(r#"{"flag":"True"}"#).unwrap().flag, Some(true));
        assert_eq!(row(r#"{"flag":0}"#).unwrap().flag, Some(false));
    }

    #[test]
    fn times_may_lack_their_zone() {
        let time = Some("2021-02-06T08:01:06.04266Z".parse().unwrap());
        for json in [
            r#"{"time":"2021-02-06T08:01:06.04266Z"}"#,
            r#"{"time":"2021-02-06T16:01:06.04266+08:00"}"#,
            r#"{"time":"2021-02-06 08:01:06.04266"}"#,
        ] {
            assert_eq!(row(json).unwrap().time, time, "{json}");
        }
    }

    #[test]
    fn what_means_nothing_is_an_error_that_says_so() {
        for (json, part) in [
            (r#"{"number":"many"}"#, "expected a number, found \"many\""),
            (r#"{"number":1.5}"#, "expected a number, found 1.5"),
            (r#"{"small":3000000000}"#, "out of range"),
            (r#"{"flag":"perhaps"}"#, "expected true or false"),
            (
                r#"{"time":"yesterday"}"#,
                "expected a time, found \"yesterday\"",
            ),
            (r#"{"list":{}}"#, "a list or null"),
        ] {
            let error = row(json).unwrap_err();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
