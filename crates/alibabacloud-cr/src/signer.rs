//! Alibaba Cloud's request signature, version 3: ACS3-HMAC-SHA256.
//!
//! All functions are pure. They need a request that is complete except for its `Authorization`.

use hmac::{Hmac, KeyInit, Mac};
use openapi_transport::headers;
use reqwest::Request;
use sha2::{Digest, Sha256};

/// Name of the algorithm.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// Header with the hash of the body.
pub const CONTENT_SHA256: &str = "x-acs-content-sha256";

/// Headers that a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cover {
    /// `host`, `content-type` and every `x-acs-` header, as the vendor requires.
    Required,
    /// Every header that the request has.
    All,
}

/// Signature with its intermediate texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Canonical form of the request.
    pub canonical_request: String,
    /// Text that the key signs.
    pub string_to_sign: String,
    /// Value of the header `Authorization`.
    pub authorization: String,
}

/// Returns the hash of a request's body in hexadecimal digits.
pub fn body_hash(request: &Request) -> String {
    let body = request.body().and_then(|body| body.as_bytes());
    hex::encode(Sha256::digest(body.unwrap_or_default()))
}

/// Signs a request with an access key.
///
/// The request must have `host` and the `x-acs-` headers, and its query written by
/// [`normalize_query`](openapi_transport::rfc3986::normalize_query).
pub fn sign(request: &Request, id: &str, secret: &str, cover: Cover) -> Signature {
    let signed = signed_headers(request, cover);
    let (lines, names) = headers::canonical(&signed);
    let canonical_request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method(),
        request.url().path(),
        request.url().query().unwrap_or_default(),
        body_hash(request),
    );
    let hashed = hex::encode(Sha256::digest(canonical_request.as_bytes()));
    let string_to_sign = format!("{ALGORITHM}\n{hashed}");
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    Signature {
        authorization: format!(
            "{ALGORITHM} Credential={id},SignedHeaders={names},Signature={signature}"
        ),
        canonical_request,
        string_to_sign,
    }
}

/// Returns the signed headers, lowercase and sorted. Values of one name are joined by a comma.
fn signed_headers(request: &Request, cover: Cover) -> Vec<(String, String)> {
    let covered = |name: &str| {
        name != "authorization"
            && (cover == Cover::All
                || name == "host"
                || name == "content-type"
                || name.starts_with("x-acs-"))
    };
    let headers = request.headers();
    let mut signed: Vec<(String, String)> = headers
        .keys()
        .filter(|name| covered(name.as_str()))
        .map(|name| {
            let mut values: Vec<String> = headers
                .get_all(name)
                .iter()
                .map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
                .collect();
            values.sort();
            (name.as_str().to_owned(), values.join(","))
        })
        .collect();
    signed.sort();
    signed
}
