//! What the sandbox thinks of a signature, without a connection in between.
//!
//! It is what the sandbox's gates ask, dates, nonces and keys aside.

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};

use crate::message::Request;
use crate::{alibabacloud, huaweicloud};

/// A request as it is on the wire.
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
    /// `None` if it is no request at all.
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

/// Whether Huawei Cloud would accept the signature, if `secret_key` is the caller's.
pub fn huaweicloud(wire: &Wire, secret_key: &str) -> bool {
    let verify = || {
        let request = wire.request()?;
        let claim = huaweicloud::signature::claimed(request.header("authorization")?)??;
        let date = request.header("x-sdk-date")?;
        Some(claim.verify(&request, secret_key, date))
    };
    verify().unwrap_or(false)
}

/// Whether Alibaba Cloud would accept the signature, if `secret` is the caller's.
pub fn alibabacloud(wire: &Wire, secret: &str) -> bool {
    let verify = || {
        let request = wire.request()?;
        let claim = alibabacloud::signature::claimed(request.header("authorization")?)?;
        Some(claim.verify(&request, secret).is_ok())
    };
    verify().unwrap_or(false)
}
