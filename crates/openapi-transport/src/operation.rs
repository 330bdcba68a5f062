//! Operation tables: facts about an API's operations that the generated code keeps.

use serde_json::Value;

use crate::error::{Error, without_values};
use crate::paging::Paging;

/// Operation of a vendor's API, as described by its spec.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// The generated method's name, `list_repo_sync_task`.
    pub id: &'static str,
    /// The vendor's name, `ListRepoSyncTask`.
    pub name: &'static str,
    /// Version of the API that the spec describes.
    pub version: &'static str,
    /// HTTP method in the spec.
    pub method: &'static str,
    /// Path template in the spec.
    pub path: &'static str,
    /// Description in one sentence.
    pub summary: &'static str,
    /// Group of calls that share a rate limit: the spec's tag.
    pub family: &'static str,
    /// Whether it changes anything.
    pub access: Access,
    /// Paging, if the answer is a page of a listing.
    pub paging: Option<Paging>,
    /// Media type of its answer.
    pub accept: &'static str,
    /// Field of the answer's only object that has everything else, if there is one. Types of answers,
    /// paths of [`Paging`] and answers of calls by name begin inside it.
    pub envelope: Option<&'static str>,
    /// Whether it needs a signature or token.
    pub signed: bool,
    /// Its parameters, in the order of the spec.
    pub parameters: &'static [Parameter],
    /// Body, if the operation takes one.
    pub body: Option<Body>,
}

/// Parameter of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name on the wire; in a body a path with periods between names.
    pub name: &'static str,
    /// Place in the request.
    pub place: Place,
    /// Whether the call needs it.
    pub required: bool,
    /// Description in one or two sentences.
    pub about: &'static str,
    /// Whether its value is a secret.
    pub secret: bool,
    /// Values that the vendor lists. Other values may exist.
    pub values: &'static [&'static str],
    /// Whether a JSON body has the rendered value unquoted.
    pub json: bool,
    /// Turns the user's text into the wire form, by the type that the generated call takes, or
    /// returns why the text is invalid. See [`parameter`].
    pub render: fn(&str) -> Result<String, String>,
}

impl Parameter {
    /// Makes a parameter that is not secret and whose values the vendor does not list.
    #[must_use]
    pub const fn new(
        place: Place,
        name: &'static str,
        required: bool,
        render: fn(&str) -> Result<String, String>,
        about: &'static str,
    ) -> Self {
        Self {
            name,
            place,
            required,
            about,
            secret: false,
            values: &[],
            json: false,
            render,
        }
    }

    /// Sets the values that the vendor lists.
    #[must_use]
    pub const fn of(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// Marks the value as a secret.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Marks the value as a number or boolean in a JSON body.
    #[must_use]
    pub const fn json(mut self) -> Self {
        self.json = true;
        self
    }
}

/// Place of a parameter in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// One segment of the path.
    Path,
    /// Query.
    Query,
    /// Header of the same name.
    Header,
    /// Field of the JSON body.
    Body,
}

/// JSON body of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// Name of its type.
    pub name: &'static str,
    /// An example with every field, as JSON.
    pub example: &'static str,
    /// Names of fields, at any depth, whose values are secrets.
    pub secrets: &'static [&'static str],
    /// Media type on the wire.
    pub content_type: &'static str,
    /// Decodes the body as the type that the generated call takes and encodes it again, or returns
    /// why it is invalid. See [`body`].
    pub render: fn(&Value) -> Result<Value, String>,
}

/// Renders a parameter by its type, for [`Parameter::render`].
///
/// # Errors
/// Why the text is invalid.
pub fn parameter<T>(text: &str) -> Result<String, String>
where
    T: std::str::FromStr + std::fmt::Display,
    T::Err: std::fmt::Display,
{
    match text.parse::<T>() {
        Ok(value) => Ok(value.to_string()),
        Err(why) => Err(why.to_string()),
    }
}

/// Converts a value that a call's builder receives for a parameter.
///
/// # Errors
/// The parameter's name, and why the value is invalid.
pub fn given<T, V>(name: &str, value: V) -> Result<T, String>
where
    V: TryInto<T>,
    V::Error: std::fmt::Display,
{
    value.try_into().map_err(|why| format!("{name}: {why}"))
}

/// Renders a secret, for [`Parameter::render`]. Every text is valid, so no error can show it.
///
/// # Errors
/// Never.
pub fn secret(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

/// Renders a body by its type, for [`Body::render`]. Rejects fields that the type does not have,
/// because they would be lost.
///
/// # Errors
/// The path of an unknown field, or the expected and the found type. The error does not show the
/// value, which may be a secret.
pub fn body<T>(value: &Value) -> Result<Value, String>
where
    T: serde::Serialize + serde::de::DeserializeOwned,
{
    let typed = T::deserialize(value).map_err(|error| without_values(&error))?;
    let rendered = serde_json::to_value(&typed).map_err(|error| error.to_string())?;
    match lost(value, &rendered) {
        Some(path) => Err(format!("unknown field {path}")),
        None => Ok(rendered),
    }
}

/// Returns the path of a field that is in `given` and not in `kept`.
fn lost(given: &Value, kept: &Value) -> Option<String> {
    let below = |name: &str, path: String| match path.starts_with('[') {
        true => format!("{name}{path}"),
        false => format!("{name}.{path}"),
    };
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => given
            .iter()
            .filter(|(_, value)| !is_nothing(value))
            .find_map(|(name, value)| match kept.get(name) {
                None => Some(name.clone()),
                Some(kept) => lost(value, kept).map(|path| below(name, path)),
            }),
        (Value::Array(given), Value::Array(kept)) => {
            let pairs = given.iter().zip(kept).enumerate();
            pairs.into_iter().find_map(|(index, (given, kept))| {
                lost(given, kept).map(|path| below(&format!("[{index}]"), path))
            })
        }
        _ => None,
    }
}

/// Whether a type may omit this value when it is encoded.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Returns a field of a body, or of an object in it.
pub(crate) fn body_field<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(body, |value, name| value.get(name))
}

/// Returns a text or number in the form of a parameter.
pub(crate) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Array(_) | Value::Object(_) => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

/// Whether a call changes anything, which decides whether the client may repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It changes nothing and may be repeated.
    Read,
    /// It changes something. Sent twice, it may change it twice.
    Write,
}

impl Operation {
    /// Checks rules between parameters, which the type of a single parameter cannot check.
    pub(crate) fn check(&self, request: &reqwest::Request) -> Result<(), Error> {
        let Some(Paging {
            start,
            size: Some(size),
            place,
            paired: true,
            aligned,
            ..
        }) = self.paging
        else {
            return Ok(());
        };
        let body: Value = match place {
            Place::Body => request
                .body()
                .and_then(|body| serde_json::from_slice(body.as_bytes()?).ok())
                .unwrap_or_default(),
            _ => Value::Null,
        };
        let value = |name: &str| match place {
            Place::Body => body_field(&body, name).and_then(plain),
            Place::Header => {
                let value = request.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            }
            _ => {
                let mut pairs = request.url().query_pairs();
                let found = pairs.find(|(key, _)| key == name);
                found.map(|(_, value)| value.into_owned())
            }
        };
        let alone = |given: &str, absent: &str| {
            let what = format!("{given} needs {absent}; pass both or neither");
            Err(Error::invalid(self.name, what))
        };
        match (value(start), value(size)) {
            (Some(_), None) => alone(start, size),
            (None, Some(_)) => alone(size, start),
            (Some(first), Some(count)) if aligned => {
                match (first.parse::<i64>(), count.parse::<i64>()) {
                    (Ok(index), Ok(many)) if many > 0 && index % many != 0 => {
                        let what = format!("{start} {first} is not a multiple of {size} {count}");
                        Err(Error::invalid(self.name, what))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::{HeaderName, HeaderValue, Method};
    use serde_json::{Value, json};

    use super::{Access, Operation, Place};
    use crate::paging::Paging;
    use crate::{Bounded, PathSegment};

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Rule {
        name: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        filters: Vec<Filter>,
    }

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Filter {
        value: String,
    }

    #[test]
    fn a_body_keeps_its_fields_or_says_which_it_has_not() {
        for (given, expected) in [
            (json!({"name": "a"}), Ok(json!({"name": "a"}))),
            (
                json!({"name": "a", "filters": []}),
                Ok(json!({"name": "a"})),
            ),
            (
                json!({"name": "a", "filter": "b"}),
                Err("unknown field filter"),
            ),
            (
                json!({"name": "a", "filters": [{"value": "x"}, {"value": "y", "kind": 1}]}),
                Err("unknown field filters[1].kind"),
            ),
            (json!({}), Err("missing field `name`")),
            // The error does not show the value, which may be a secret.
            (
                json!({"name": 5}),
                Err("invalid type: integer, expected a string"),
            ),
            (
                json!({"name": "a", "filters": "hush"}),
                Err("invalid type: string, expected a sequence"),
            ),
        ] {
            let found: Result<Value, String> = super::body::<Rule>(&given);
            assert_eq!(found, expected.map_err(str::to_owned), "{given}");
        }
    }

    fn paired(place: Place) -> Operation {
        Operation {
            id: "list_things",
            name: "ListThings",
            version: "v1",
            method: "POST",
            path: "/things",
            summary: "",
            family: "things",
            access: Access::Read,
            paging: Some(
                Paging::offset("at.offset")
                    .size("at.limit")
                    .place(place)
                    .paired()
                    .aligned(),
            ),
            accept: "application/json",
            envelope: None,
            signed: false,
            parameters: &[],
            body: None,
        }
    }

    #[test]
    fn a_pair_is_checked_wherever_its_parameters_are() {
        for (offset, limit, says) in [
            (None, None, None),
            (Some(20), Some(10), None),
            (Some(20), None, Some("at.offset needs at.limit")),
            (None, Some(10), Some("at.limit needs at.offset")),
            (
                Some(15),
                Some(10),
                Some("15 is not a multiple of at.limit 10"),
            ),
        ] {
            for place in [Place::Query, Place::Header, Place::Body] {
                let mut url: reqwest::Url = "http://127.0.0.1/things".parse().unwrap();
                let given = [("offset", offset), ("limit", limit)];
                let given = given
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)));
                if place == Place::Query {
                    for (name, value) in given.clone() {
                        let name = format!("at.{name}");
                        url.query_pairs_mut().append_pair(&name, &value.to_string());
                    }
                }
                let mut request = reqwest::Request::new(Method::POST, url);
                if place == Place::Header {
                    for (name, value) in given {
                        let name = HeaderName::try_from(format!("at.{name}")).unwrap();
                        request.headers_mut().insert(name, HeaderValue::from(value));
                    }
                }
                if place == Place::Body {
                    let body = json!({"at": {"offset": offset, "limit": limit}});
                    *request.body_mut() = Some(body.to_string().into());
                }
                let found = paired(place).check(&request).err().map(|it| it.to_string());
                match says {
                    None => assert_eq!(found, None, "{place:?}"),
                    Some(says) => {
                        let found = found.unwrap_or_default();
                        assert!(found.contains(says), "{place:?}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_parameter_is_checked_by_its_type() {
        type Limit = Bounded<1, 100>;
        assert_eq!(super::parameter::<Limit>("007"), Ok("7".to_owned()));
        assert_eq!(
            super::parameter::<Limit>("500"),
            Err("500 is more than 100".to_owned())
        );
        assert!(super::parameter::<PathSegment>("..").is_err());
    }
}
