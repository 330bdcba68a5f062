//! Huawei Cloud's request signatures: SDK-HMAC-SHA256 and its derived form V11-HMAC-SHA256.
//!
//! All functions are pure. They need a request that is complete except for its `Authorization`.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use openapi_transport::{headers, rfc3986};
use reqwest::Request;
use reqwest::header::AUTHORIZATION;
use sha2::{Digest, Sha256};

/// Header with the time of the signature, `YYYYMMDDTHHMMSSZ`.
pub const DATE: &str = "x-sdk-date";
/// Header with the hash of the body, or a placeholder if the body is not signed.
pub const CONTENT_SHA256: &str = "x-sdk-content-sha256";
/// Value of [`CONTENT_SHA256`] if the body is not signed.
pub const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Key and algorithm of a signature.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Scheme<'a> {
    /// SDK-HMAC-SHA256, with the secret key itself.
    Plain,
    /// V11-HMAC-SHA256, with a key derived for one day, region and service.
    Derived {
        /// Region id, such as `cn-north-4`.
        region: &'a str,
        /// Service, such as `swr`.
        service: &'a str,
    },
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

/// Signs a request with an access key.
///
/// The request must have `host` and [`DATE`] among its headers, and its query written by
/// [`rfc3986::normalize_query`].
pub fn sign(request: &Request, id: &str, secret: &str, scheme: Scheme<'_>) -> Signature {
    let signed = signed_headers(request);
    let (lines, names) = headers::canonical(&signed);
    let canonical_request = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{}",
        request.method(),
        canonical_path(request.url().path()),
        request.url().query().unwrap_or_default(),
        payload_hash(request, &signed),
    );
    let date = value_of(&signed, DATE);
    let hashed = hex::encode(Sha256::digest(canonical_request.as_bytes()));
    let (string_to_sign, key, credential) = match scheme {
        Scheme::Plain => (
            format!("SDK-HMAC-SHA256\n{date}\n{hashed}"),
            secret.to_owned(),
            format!("SDK-HMAC-SHA256 Access={id}"),
        ),
        Scheme::Derived { region, service } => {
            let day = date.get(..8).unwrap_or(date);
            let scope = format!("{day}/{region}/{service}");
            (
                format!("V11-HMAC-SHA256\n{date}\n{scope}\n{hashed}"),
                derived_key(id, secret, &scope),
                format!("V11-HMAC-SHA256 Credential={id}/{scope}"),
            )
        }
    };
    let signature = hex::encode(hmac(key.as_bytes(), string_to_sign.as_bytes()));
    Signature {
        authorization: format!("{credential}, SignedHeaders={names}, Signature={signature}"),
        canonical_request,
        string_to_sign,
    }
}

/// Returns the signed headers, lowercase and sorted. Skips names with `_`, which gateways drop.
fn signed_headers(request: &Request) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .filter(|(name, _)| *name != AUTHORIZATION && !name.as_str().contains('_'))
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), value.trim().to_owned())
        })
        .collect();
    headers.sort();
    headers
}

fn value_of<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
        .unwrap_or_default()
}

/// Decodes a path and encodes it again segment by segment, with `/` at the end. A `%2F` on the wire
/// becomes a `/`, as in the gateway's own computation.
fn canonical_path(path: &str) -> String {
    let decoded = rfc3986::decode(path);
    let mut canonical: String = decoded
        .split(|byte| *byte == b'/')
        .map(rfc3986::encode_bytes)
        .collect::<Vec<_>>()
        .join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

fn payload_hash(request: &Request, headers: &[(String, String)]) -> String {
    match value_of(headers, CONTENT_SHA256) {
        "" => {
            let body = request.body().and_then(|body| body.as_bytes());
            hex::encode(Sha256::digest(body.unwrap_or_default()))
        }
        given => given.to_owned(),
    }
}

fn derived_key(id: &str, secret: &str, scope: &str) -> String {
    let mut key = [0; 32];
    let derivation = Hkdf::<Sha256>::new(Some(id.as_bytes()), secret.as_bytes());
    // Fails only for outputs of more than 255 times the hash's 32 bytes.
    let derived = derivation.expand(scope.as_bytes(), &mut key);
    debug_assert!(derived.is_ok());
    hex::encode(key)
}

pub(crate) fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    #[allow(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}
