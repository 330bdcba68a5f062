//! Verification of signatures without a connection, for tests of signers.
//!
//! The sandbox verifies requests with the same code, and additionally checks dates, nonces and keys.

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::message::Request;
use crate::side;

/// Request in its wire form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// HTTP method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, `authorization` among them.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Wire {
    /// Returns the request, or `None` if it is invalid.
    fn request(&self) -> Option<Request> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.append(name, HeaderValue::from_str(value).ok()?);
        }
        let method = Method::from_bytes(self.method.as_bytes()).ok()?;
        Some(Request::new(
            method,
            &self.target,
            headers,
            self.body.clone().into(),
        ))
    }
}

/// Whether a cloud would accept the signature, if `secret` is the caller's. `name` is the cloud or a
/// provider of it. The answer for an unknown name is no.
pub fn accepts(name: &str, wire: &Wire, secret: &str) -> bool {
    match (side::definition(name), wire.request()) {
        (Some(definition), Some(request)) => (definition.verify)(&request, secret),
        _ => false,
    }
}
