//! Calls by the vendor's name, with parameters as text, and bodies and answers as JSON.
//!
//! They are for programs that choose the operation at run time. The same types check parameters
//! and bodies as in generated calls, and the same code sends the request.

use std::fmt;

use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use reqwest::Request;
use serde_json::Value;

use crate::attempt;
use crate::context::Context;
use crate::error::Error;
use crate::execute::execute;
use crate::operation::{Operation, Parameter, Place, body_field, plain};
use crate::response_error;
use crate::rfc3986;

/// One call of an operation, described by its row in the operation table.
#[derive(Clone)]
pub struct Call {
    operation: &'static Operation,
    /// Parameters with their rendered values.
    given: Vec<(&'static Parameter, String)>,
    body: Option<Value>,
}

/// Text shown in place of a secret value.
const MASK: &str = "***";

/// Request as the client would send it, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreviewedRequest {
    /// `POST`.
    pub method: String,
    /// URL with the query, encoded as on the wire.
    pub url: String,
    /// Headers, sorted by name; a secret value is `***`.
    pub headers: Vec<(String, String)>,
    /// The body, if there is one.
    pub body: Option<Value>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.shown_parameters();
        let body = self.body.as_ref().map(|body| self.without_secrets(body));
        f.debug_struct("Call")
            .field("operation", &self.operation.name)
            .field("given", &given.collect::<Vec<_>>())
            .field("body", &body)
            .finish()
    }
}

impl Call {
    /// Begins a call without parameters.
    pub fn new(operation: &'static Operation) -> Self {
        Self {
            operation,
            given: Vec::new(),
            body: None,
        }
    }

    /// Returns the operation.
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// Sets a parameter by the vendor's name. If no name matches exactly, case is ignored.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid) when there is no such parameter (the error
    /// lists the valid names), or when the value is invalid.
    pub fn parameter(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let parameter = self.find(name)?;
        let rendered = (parameter.render)(value)
            .map_err(|why| self.invalid(format!("{}: {why}", parameter.name)))?;
        self.set(parameter, rendered);
        Ok(self)
    }

    /// Whether the parameter of this name has a value.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Sets the body.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid) when the call takes no body, or when a field
    /// is missing, unknown or of another type.
    pub fn body(mut self, body: &Value) -> Result<Self, Error> {
        let Some(wanted) = &self.operation.body else {
            return Err(self.invalid("takes no body".to_owned()));
        };
        let rendered = (wanted.render)(body).map_err(|why| self.unfit_body(&why))?;
        self.body = Some(rendered);
        Ok(self)
    }

    /// Sends the call. Returns the whole answer, also fields that the spec does not know, or `null`
    /// for an empty answer.
    ///
    /// # Errors
    /// The same as those of a generated call. A missing parameter is an error before anything is
    /// sent.
    pub async fn send(&self, context: &Context) -> Result<Value, Error> {
        self.answer(context).await.map(|(value, _)| value)
    }

    /// Returns the request as the client would send it, signed if there are credentials. Does not
    /// send the call.
    ///
    /// # Errors
    /// When a parameter is missing, or when there are no credentials.
    pub async fn shown(&self, context: &Context) -> Result<PreviewedRequest, Error> {
        let request = self.request(context)?;
        self.operation.check(&request)?;
        let time = context.settings().deadline;
        let (request, _) = attempt::signed(context, self.operation, request, time).await?;
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .map(|(name, value)| {
                let text = match value.is_sensitive() {
                    true => MASK.to_owned(),
                    false => String::from_utf8_lossy(value.as_bytes()).into_owned(),
                };
                (name.as_str().to_owned(), text)
            })
            .collect();
        headers.sort();
        Ok(PreviewedRequest {
            method: request.method().to_string(),
            url: self.masked(request.url()),
            headers,
            body: self.whole_body()?.map(|body| self.without_secrets(&body)),
        })
    }

    /// Returns the URL with masked secrets.
    fn masked(&self, url: &reqwest::Url) -> String {
        let secret = |name: &str| {
            let mut all = self.operation.parameters.iter();
            all.any(|parameter| parameter.secret && parameter.name == name)
        };
        let Some(query) = url.query() else {
            return url.to_string();
        };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
        let query: Vec<_> = pairs.collect();
        let mut bare = url.clone();
        bare.set_query(None);
        format!("{bare}?{}", query.join("&"))
    }

    fn without_secrets(&self, value: &Value) -> Value {
        let secrets = self
            .operation
            .body
            .map_or(&[] as &[&str], |body| body.secrets);
        match value {
            Value::Object(map) => Value::Object(
                map.iter()
                    .map(|(name, value)| {
                        // An object may have the same name as the secret in it.
                        let is_secret = value.is_string() && secrets.contains(&name.as_str());
                        let value = match is_secret {
                            true => Value::from(MASK),
                            false => self.without_secrets(value),
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            ),
            Value::Array(list) => list
                .iter()
                .map(|value| self.without_secrets(value))
                .collect(),
            value => value.clone(),
        }
    }

    fn find(&self, name: &str) -> Result<&'static Parameter, Error> {
        let all = self.operation.parameters;
        let exact = all.iter().find(|parameter| parameter.name == name);
        exact
            .or_else(|| all.iter().find(|p| p.name.eq_ignore_ascii_case(name)))
            .ok_or_else(|| {
                let names: Vec<_> = all.iter().map(|parameter| parameter.name).collect();
                self.invalid(match names.is_empty() {
                    true => format!("has no parameter {name:?}; it takes no parameters"),
                    false => format!("has no parameter {name:?}; it has {}", names.join(", ")),
                })
            })
    }

    fn set(&mut self, parameter: &'static Parameter, rendered: String) {
        self.given.retain(|(known, _)| known.name != parameter.name);
        self.given.push((parameter, rendered));
    }

    fn value(&self, name: &str) -> Option<&str> {
        let given = self.given.iter().find(|(known, _)| known.name == name);
        given.map(|(_, value)| value.as_str())
    }

    /// Returns the value of a parameter, or of the body field that it sets.
    pub(crate) fn given(&self, name: &str) -> Option<String> {
        let in_body = || {
            self.body
                .as_ref()
                .and_then(|body| plain(body_field(body, name)?))
        };
        self.value(name).map(str::to_owned).or_else(in_body)
    }

    /// Returns parameters and their values, without secrets.
    pub(crate) fn shown_parameters(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.given.iter().map(|(parameter, value)| {
            let value = if parameter.secret { MASK } else { value };
            (parameter.name, value)
        })
    }

    /// Returns the passed body, without secrets and without the fields at these paths.
    pub(crate) fn shown_body(&self, without: &[&str]) -> Option<Value> {
        let mut body = self.without_secrets(self.body.as_ref()?);
        for path in without {
            let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
            let above = match above {
                "" => Some(&mut body),
                above => above
                    .split('.')
                    .try_fold(&mut body, |value, name| value.get_mut(name)),
            };
            if let Some(map) = above.and_then(Value::as_object_mut) {
                map.remove(name);
            }
        }
        Some(body)
    }

    /// Returns the body with the parameters that are fields of it.
    fn whole_body(&self) -> Result<Option<Value>, Error> {
        let is_field = |parameter: &Parameter| parameter.place == Place::Body;
        let Some(wanted) = self.operation.body.as_ref() else {
            return Ok(None);
        };
        if !self.operation.parameters.iter().any(is_field) {
            return Ok(self.body.clone());
        }
        let mut body = self.body.clone().unwrap_or_else(|| serde_json::json!({}));
        for (parameter, text) in self.given.iter().filter(|(it, _)| is_field(it)) {
            let value = match parameter.json {
                true => serde_json::from_str(text)
                    .map_err(|_| self.invalid(format!("{}: invalid number", parameter.name)))?,
                false => Value::from(text.as_str()),
            };
            set_field(&mut body, parameter.name, value);
        }
        let rendered = (wanted.render)(&body);
        rendered.map(Some).map_err(|why| self.unfit_body(&why))
    }

    fn unfit_body(&self, why: &str) -> Error {
        let name = self.operation.body.map_or("", |body| body.name);
        self.invalid(format!("invalid body, expected {name}: {why}"))
    }

    pub(crate) fn invalid(&self, what: String) -> Error {
        Error::invalid(self.operation.name, what)
    }

    /// Checks that no parameter and no body is missing.
    ///
    /// # Errors
    /// Of kind [`Invalid`](crate::ErrorKind::Invalid); names what is missing.
    pub fn complete(&self) -> Result<(), Error> {
        let operation = self.operation;
        let absent = operation
            .parameters
            .iter()
            .filter(|parameter| parameter.required && self.given(parameter.name).is_none())
            .map(|parameter| parameter.name);
        let absent: Vec<_> = absent.collect();
        if !absent.is_empty() {
            let verb = if absent.len() == 1 { "is" } else { "are" };
            return Err(self.invalid(format!("{} {verb} missing", absent.join(", "))));
        }
        if let (Some(wanted), None) = (&operation.body, self.whole_body()?) {
            return Err(self.invalid(format!("needs a body, {}", wanted.name)));
        }
        Ok(())
    }

    fn request(&self, context: &Context) -> Result<Request, Error> {
        self.complete()?;
        let operation = self.operation;
        let placed = |place| self.given.iter().filter(move |(p, _)| p.place == place);
        let mut path = operation.path.to_owned();
        for (parameter, value) in placed(Place::Path) {
            let template = format!("{{{}}}", parameter.name);
            path = path.replace(&template, &rfc3986::encode(value));
        }
        let url = format!("{}{path}", context.endpoint());
        let mut url: reqwest::Url = url
            .parse()
            .map_err(|error| self.invalid(format!("invalid URL {url}: {error}")))?;
        for (parameter, value) in placed(Place::Query) {
            url.query_pairs_mut().append_pair(parameter.name, value);
        }
        let method: Method = operation
            .method
            .parse()
            .map_err(|_| self.invalid(format!("invalid method {}", operation.method)))?;
        let mut request = Request::new(method, url);
        let headers = request.headers_mut();
        for (parameter, value) in placed(Place::Header) {
            let name = HeaderName::try_from(parameter.name);
            let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(value)) else {
                let what = format!("{}: a header cannot hold this value", parameter.name);
                return Err(self.invalid(what));
            };
            value.set_sensitive(parameter.secret);
            headers.insert(name, value);
        }
        if let (Some(body), Some(wanted)) = (self.whole_body()?, &operation.body) {
            let media_type = HeaderValue::from_static(wanted.content_type);
            headers.insert(header::CONTENT_TYPE, media_type);
            *request.body_mut() = Some(body.to_string().into());
        }
        Ok(request)
    }

    /// Sends the call. Returns the answer and its headers, as [`send`](Self::send) does without them.
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub async fn answer(&self, context: &Context) -> Result<(Value, HeaderMap), Error> {
        let request = self.request(context)?;
        let table = std::slice::from_ref(self.operation);
        let response = execute(context, table, self.operation.id, request).await;
        response_error::json(response, self.operation).await
    }
}

/// Sets a field of a body, and creates the objects on its path.
fn set_field(body: &mut Value, path: &str, value: Value) {
    let mut place = body;
    for name in path.split('.') {
        if !place.is_object() {
            *place = Value::Object(serde_json::Map::new());
        }
        place = &mut place[name];
    }
    *place = value;
}
