//! Input of a call by name: parameters as texts or JSON, and a body.

use std::fmt::Display;
use std::str::FromStr;

use openapi_transport::{Error, Secret};
use progenitor_client::ResponseValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Parameters and body of one call, in the form of a spec's examples.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Parameters by their names on the wire.
    pub parameters: Map<String, Value>,
    /// The body.
    pub body: Option<Value>,
}

impl Given {
    /// Returns a parameter as its type.
    pub(crate) fn parameter<T>(&self, name: &str) -> Result<Option<T>, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        let Some(value) = self.parameters.get(name) else {
            return Ok(None);
        };
        let text = text(value);
        let wrong = |why| Error::configuration(format!("{name} cannot be {text:?}: {why}"));
        text.parse().map(Some).map_err(wrong)
    }

    pub(crate) fn secret(&self, name: &str) -> Result<Option<Secret>, Error> {
        let value = self.parameters.get(name);
        Ok(value.map(|value| Secret::from(text(value))))
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let Some(body) = &self.body else {
            return Ok(None);
        };
        let wrong = |why| Error::configuration(format!("the body does not fit: {why}"));
        T::deserialize(body).map(Some).map_err(wrong)
    }

    pub(crate) fn answer<T: Serialize>(&self, answer: ResponseValue<T>) -> Result<Value, Error> {
        let json = serde_json::to_value(answer.into_inner());
        json.map_err(|why| Error::configuration(why.to_string()))
    }

    pub(crate) fn unknown(&self, name: &str) -> Error {
        Error::configuration(format!("there is no operation {name}"))
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
