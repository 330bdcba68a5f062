//! Requests and replies of handlers.

use std::collections::BTreeMap;

use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::encoding;

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Undecoded path.
    pub(crate) path: String,
    /// Decoded query pairs, in the order of the request.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    /// Makes a request to `target` (undecoded path and query).
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

    /// Returns the header's first value, trimmed, or `None` if it is not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// Returns all values of the header, trimmed.
    pub(crate) fn header_values(&self, name: &str) -> Vec<String> {
        self.headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
            .collect()
    }

    /// Returns query parameters by name. The first value of a repeated name counts.
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
    /// JSON. A text is sent unchanged, and null as an empty body.
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

/// Reply, with the operation of the request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) operation: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
}
