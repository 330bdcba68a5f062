//! A request as the handlers see it, and the reply they give.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::encoding;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path as it came, undecoded.
    pub(crate) path: String,
    /// Query pairs, decoded, in the order they came in.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// A request whose target is `target` (path and query as they came).
    pub(crate) fn new(method: Method, target: &str, headers: HeaderMap, body: Bytes) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method,
            path: path.to_owned(),
            query: encoding::query_pairs(query),
            headers,
            body,
        }
    }

    /// The header's first value, trimmed; `None` also where it is not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// All values of the header, trimmed.
    pub(crate) fn header_values(&self, name: &str) -> Vec<String> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
            .collect()
    }

    /// Query parameters by name; of a repeated name the first value stands.
    pub(crate) fn query_parameters(&self) -> BTreeMap<String, String> {
        let mut parameters = BTreeMap::new();
        for (name, value) in &self.query {
            parameters
                .entry(name.clone())
                .or_insert_with(|| value.clone());
        }
        parameters
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, String)>,
    /// JSON; a text goes as it is, and null as nothing.
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
        }
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, body)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A reply and what the request turned out to be.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) operation: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
}
