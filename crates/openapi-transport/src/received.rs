//! Decoding the objects of answers, field by field.
//!
//! serde's derive makes two types for each field with its own decoder. With a thousand fields of
//! answers, that was most of a client's compile time. Here a type says how to decode the field of a
//! name, and all types share one visitor.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::tolerant::Tolerant;

/// Object of an answer. Every field may be absent.
pub trait Received: Default {
    /// Reads the value of the field of this name, or skips it: see [`Fields`].
    ///
    /// # Errors
    /// When the value is invalid for the field.
    fn set<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        fields: &mut Fields<A>,
    ) -> Result<(), A::Error>;
}

/// Fields of an object while it is decoded.
#[derive(Debug)]
pub struct Fields<A>(A);

impl<'de, A: MapAccess<'de>> Fields<A> {
    /// Reads the value in any reasonable form.
    ///
    /// # Errors
    /// When the value is invalid for the field.
    pub fn tolerant<T: Tolerant<'de>>(&mut self) -> Result<T, A::Error> {
        struct Seed<T>(PhantomData<T>);
        impl<'de, T: Tolerant<'de>> DeserializeSeed<'de> for Seed<T> {
            type Value = T;
            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
                T::tolerant(deserializer)
            }
        }
        self.0.next_value_seed(Seed(PhantomData))
    }

    /// Reads the value by its own decoder.
    ///
    /// # Errors
    /// When the decoder rejects the value.
    pub fn plain<T: Deserialize<'de>>(&mut self) -> Result<T, A::Error> {
        self.0.next_value()
    }

    /// Skips an unknown field.
    ///
    /// # Errors
    /// When the value is not JSON.
    pub fn unknown(&mut self) -> Result<(), A::Error> {
        self.0.next_value::<IgnoredAny>().map(drop)
    }
}

/// Decodes an object of an answer; generated types call it.
///
/// # Errors
/// When the value is not an object, or a value is invalid for its field.
pub fn received<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Received,
    D: Deserializer<'de>,
{
    struct ObjectVisitor<T>(PhantomData<T>);
    impl<'de, T: Received> Visitor<'de> for ObjectVisitor<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let mut this = T::default();
            let mut fields = Fields(map);
            while let Some(Name(name)) = fields.0.next_key()? {
                this.set(&name, &mut fields)?;
            }
            Ok(this)
        }
    }
    deserializer.deserialize_map(ObjectVisitor(PhantomData))
}

/// Name of a field, borrowed where possible.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
            fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name)))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Task {
        id: Option<i64>,
        inner: Option<Box<Task>>,
    }

    impl Received for Task {
        fn set<'de, A: MapAccess<'de>>(
            &mut self,
            name: &str,
            fields: &mut Fields<A>,
        ) -> Result<(), A::Error> {
            match name {
                "id" => self.id = fields.tolerant()?,
                "inner" => self.inner = fields.plain()?,
                _ => fields.unknown()?,
            }
            Ok(())
        }
    }

    impl<'de> Deserialize<'de> for Task {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            received(deserializer)
        }
    }

    #[test]
    fn fields_are_found_by_name_and_unknown_ones_passed_over() {
        let task = |id, inner: Option<Task>| Task {
            id,
            inner: inner.map(Box::new),
        };
        for (json, expected) in [
            ("{}", task(None, None)),
            (
                r#"{"id": "7", "new": [{"id": 1}], "inner": null}"#,
                task(Some(7), None),
            ),
            (
                r#"{"inner": {"id": 8}, "\u0069d": 9}"#,
                task(Some(9), Some(task(Some(8), None))),
            ),
        ] {
            assert_eq!(
                serde_json::from_str::<Task>(json).unwrap(),
                expected,
                "{json}"
            );
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(
                serde_json::from_value::<Task>(value).unwrap(),
                expected,
                "{json}"
            );
        }
    }

    #[test]
    fn what_is_no_object_says_so() {
        for (json, says) in [
            ("[]", "invalid type: sequence, expected an object"),
            (r#"{"id": "many"}"#, "expected a number, found \"many\""),
            (
                r#"{"inner": 5}"#,
                "invalid type: integer `5`, expected an object",
            ),
        ] {
            let error = serde_json::from_str::<Task>(json).unwrap_err().to_string();
            assert!(error.starts_with(says), "{json}: {error}");
        }
    }
}
