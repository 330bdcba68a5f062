//! Signature Version 4: AWS4-HMAC-SHA256.
//!
//! [`sign`] is pure. It needs a request that is complete except for its `Authorization`.
//! [`authorize`] completes a request and signs it.

use hmac::{Hmac, KeyInit, Mac};
use openapi_transport::{Error, Timestamp, encode_path, headers, rfc3986};
use reqwest::Request;
use sha2::{Digest, Sha256};

use crate::credentials::Credentials;

/// Name of the algorithm.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// Header with the date of the request.
pub const DATE: &str = "x-amz-date";
/// Header with the token of a temporary key.
pub const SECURITY_TOKEN: &str = "x-amz-security-token";
/// Header with the hash of the body. Where a request has it, the signature uses its text.
pub const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// Headers that a proxy or the HTTP client may add, change or remove after the signature.
const UNSIGNED: [&str; 16] = [
    "authorization",
    "baggage",
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
];
/// Beginning of the names of headers in which the SDKs count their attempts.
const UNSIGNED_PREFIX: &str = "amz-sdk-";

/// Scope of a signature: it is valid on one day, in one region and for one service.
///
/// ```
/// use amazon_ecr::signer::Scope;
///
/// let date = "2026-11-27T15:04:05Z".parse().unwrap();
/// let scope = Scope::new(date, "eu-central-1", "ecr");
/// assert_eq!(scope.to_string(), "20261127/eu-central-1/ecr/aws4_request");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope<'a> {
    date: Timestamp,
    region: &'a str,
    service: &'a str,
}

impl<'a> Scope<'a> {
    /// Makes the scope of a request of this date. `service` is the name that the vendor signs with,
    /// such as `ecr`, `ecr-public` or `sts`.
    pub fn new(date: Timestamp, region: &'a str, service: &'a str) -> Self {
        Self {
            date,
            region,
            service,
        }
    }

    fn day(&self) -> String {
        self.date.strftime("%Y%m%d").to_string()
    }

    /// Returns the date and time in the form of the header `x-amz-date`.
    pub fn time(&self) -> String {
        self.date.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

impl std::fmt::Display for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (region, service) = (self.region, self.service);
        write!(f, "{}/{region}/{service}/aws4_request", self.day())
    }
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

/// Completes a request and signs it: rewrites its query as it is signed, and sets `host`,
/// `x-amz-date`, `authorization` and, for a temporary key, `x-amz-security-token`.
///
/// Set all other headers and the body before.
///
/// ```
/// use amazon_ecr::Credentials;
/// use amazon_ecr::signer::{self, Scope};
/// use openapi_transport::reqwest::{Method, Request};
///
/// let url = "https://api.ecr.eu-central-1.amazonaws.com/".parse().unwrap();
/// let mut request = Request::new(Method::POST, url);
/// *request.body_mut() = Some("{}".into());
/// let key = Credentials::new("AKIAEXAMPLE", "secret");
/// let date = "2026-11-27T15:04:05Z".parse().unwrap();
/// signer::authorize(&mut request, &key, &Scope::new(date, "eu-central-1", "ecr"))?;
/// assert!(request.headers()["authorization"].is_sensitive());
/// # Ok::<(), openapi_transport::Error>(())
/// ```
///
/// # Errors
/// When the key id or the token has characters that a header cannot hold. No error shows the value.
pub fn authorize(
    request: &mut Request,
    credentials: &Credentials,
    scope: &Scope<'_>,
) -> Result<(), Error> {
    rfc3986::normalize_query(request.url_mut());
    let host = headers::host(request);
    headers::set(request, "host", &host, false)?;
    headers::set(request, DATE, &scope.time(), false)?;
    if let Some(token) = &credentials.session_token {
        headers::set(request, SECURITY_TOKEN, token.expose(), true)?;
    }
    let signature = sign(request, &credentials.id, credentials.secret.expose(), scope);
    headers::set(request, "authorization", &signature.authorization, true)
}

/// Signs a request with an access key.
///
/// The request must have `host` and `x-amz-date`, and its query written by
/// [`normalize_query`](rfc3986::normalize_query).
pub fn sign(request: &Request, id: &str, secret: &str, scope: &Scope<'_>) -> Signature {
    let (lines, names) = headers::canonical(&signed_headers(request));
    let declared = request.headers().get(CONTENT_SHA256);
    let declared = declared.and_then(|hash| hash.to_str().ok());
    let canonical_request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method(),
        canonical_path(request.url().path()),
        canonical_query(request.url().query().unwrap_or_default()),
        declared.map_or_else(|| body_hash(request), str::to_owned),
    );
    let hashed = hex::encode(Sha256::digest(canonical_request.as_bytes()));
    let string_to_sign = format!("{ALGORITHM}\n{}\n{scope}\n{hashed}", scope.time());
    let signature = hex::encode(hmac(&key(secret, scope), &string_to_sign));
    Signature {
        authorization: format!(
            "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
        ),
        canonical_request,
        string_to_sign,
    }
}

/// Derives the key that signs within a scope.
fn key(secret: &str, scope: &Scope<'_>) -> [u8; 32] {
    let key = hmac(format!("AWS4{secret}").as_bytes(), &scope.day());
    let key = hmac(&key, scope.region);
    let key = hmac(&key, scope.service);
    hmac(&key, "aws4_request")
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Returns the path as it is signed: without empty segments, and each segment is encoded once more
/// than on the wire.
fn canonical_path(path: &str) -> String {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    let mut canonical: String = segments
        .map(|segment| format!("/{}", encode_path(segment)))
        .collect();
    if path.ends_with('/') || canonical.is_empty() {
        canonical.push('/');
    }
    canonical
}

/// Returns the query as it is signed: sorted by the encoded name, then by the encoded value.
fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(&str, &str)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// Returns the signed headers, lowercase and sorted. Values of one name are joined by a comma.
fn signed_headers(request: &Request) -> Vec<(String, String)> {
    let headers = request.headers();
    let mut signed: Vec<(String, String)> = headers
        .keys()
        .map(|name| name.as_str())
        .filter(|name| !UNSIGNED.contains(name) && !name.starts_with(UNSIGNED_PREFIX))
        .map(|name| {
            let values = headers.get_all(name).iter();
            let values: Vec<String> = values.map(|value| folded(value.as_bytes())).collect();
            (name.to_owned(), values.join(","))
        })
        .collect();
    signed.sort_unstable();
    signed
}

/// Returns a value without blanks at its ends, and with one space for each run of blanks, also
/// inside quotes.
fn folded(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    words.join(" ")
}
