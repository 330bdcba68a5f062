//! AK/SK signatures: SDK-HMAC-SHA256, and V11-HMAC-SHA256 with a derived key.

use hkdf::Hkdf;
use percent_encoding::percent_decode_str;
use sha2::Sha256;

use crate::digest::{hmac_matches, sha256_hex};
use crate::encoding::{canonical_query, encode};
use crate::message::Request;

const PLAIN: &str = "SDK-HMAC-SHA256";
const DERIVED: &str = "V11-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Signature in the header `Authorization`.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(super) access_key: String,
    /// Scope `YYYYMMDD/region/service`, if the key is derived.
    scope: Option<String>,
    signed_headers: String,
    signature: String,
}

/// Reads the signature, if the header has this scheme. Returns `Some(None)` for an invalid one.
pub(crate) fn claimed(authorization: &str) -> Option<Option<Signature>> {
    let (algorithm, fields) = authorization.split_once(' ')?;
    match algorithm {
        PLAIN => Some(plain(fields)),
        DERIVED => Some(derived(fields)),
        _ => None,
    }
}

fn field(fields: &str, name: &str) -> Option<String> {
    fields.split(',').find_map(|field| {
        let (key, value) = field.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

fn plain(fields: &str) -> Option<Signature> {
    Some(Signature {
        access_key: field(fields, "Access")?,
        scope: None,
        signed_headers: field(fields, "SignedHeaders")?,
        signature: field(fields, "Signature")?,
    })
}

fn derived(fields: &str) -> Option<Signature> {
    let credential = field(fields, "Credential")?;
    let (access_key, scope) = credential.split_once('/')?;
    Some(Signature {
        access_key: access_key.to_owned(),
        scope: Some(scope.to_owned()),
        signed_headers: field(fields, "SignedHeaders")?,
        signature: field(fields, "Signature")?,
    })
}

impl Signature {
    /// Whether `secret_key` made this signature for `request`, dated `date` (its `X-Sdk-Date`).
    pub(crate) fn verify(&self, request: &Request, secret_key: &str, date: &str) -> bool {
        let message = self.string_to_sign(request, date);
        match &self.scope {
            None => hmac_matches(secret_key.as_bytes(), &message, &self.signature),
            Some(scope) => {
                let dated = scope.split('/').next() == date.get(..8);
                dated
                    && derived_key(&self.access_key, secret_key, scope)
                        .is_some_and(|key| hmac_matches(key.as_bytes(), &message, &self.signature))
            }
        }
    }

    fn string_to_sign(&self, request: &Request, date: &str) -> String {
        let canonical = canonical_request(request, &self.signed_headers);
        let hash = sha256_hex(canonical.as_bytes());
        match &self.scope {
            None => format!("{PLAIN}\n{date}\n{hash}"),
            Some(scope) => format!("{DERIVED}\n{date}\n{scope}\n{hash}"),
        }
    }
}

/// Returns the derived key as its hex text, which signs instead of the bytes.
fn derived_key(access_key: &str, secret_key: &str, scope: &str) -> Option<String> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(Some(access_key.as_bytes()), secret_key.as_bytes())
        .expand(scope.as_bytes(), &mut key)
        .ok()?;
    Some(hex::encode(key))
}

fn canonical_request(request: &Request, signed_headers: &str) -> String {
    let headers: String = signed_headers
        .split(';')
        .map(|name| format!("{name}:{}\n", request.header_values(name).join(",")))
        .collect();
    let payload = match request.header("x-sdk-content-sha256") {
        Some(UNSIGNED_PAYLOAD) => UNSIGNED_PAYLOAD.to_owned(),
        _ => sha256_hex(&request.body),
    };
    format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\n{payload}",
        request.method,
        canonical_path(&request.path),
        canonical_query(&request.query),
    )
}

/// Returns the canonical path. It is decoded as a whole, so `%2F` separates segments, unlike in routes.
fn canonical_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut canonical = decoded.split('/').map(encode).collect::<Vec<_>>().join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

/// Signs like the vendor's SDK, for tests.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn sign(request: &mut Request, access_key: &str, secret_key: &str, date: &str) {
    request.headers.insert("x-sdk-date", date.parse().unwrap());
    let claim = Signature {
        access_key: access_key.to_owned(),
        scope: None,
        signed_headers: "host;x-sdk-date".to_owned(),
        signature: String::new(),
    };
    let message = claim.string_to_sign(request, date);
    let signature = crate::digest::hmac_hex(secret_key.as_bytes(), &message);
    let authorization = format!(
        "{PLAIN} Access={access_key}, SignedHeaders=host;x-sdk-date, Signature={signature}"
    );
    request
        .headers
        .insert("authorization", authorization.parse().unwrap());
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use hyper::header::{HeaderMap, HeaderName};
    use serde_json::Value;

    /// Returns the workspace's vectors of the vendor's signer, or `None` outside the workspace.
    fn vectors() -> Option<Value> {
        let tests = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
        let text = std::fs::read_to_string(tests.join("vectors/huaweicloud.json"));
        tests
            .is_dir()
            .then(|| serde_json::from_str(&text.unwrap()).unwrap())
    }

    fn request(vector: &Value) -> Request {
        let output = &vector["output"];
        let host = vector["input"]["host"].as_str().unwrap();
        let url = output["url"].as_str().unwrap();
        let (_, target) = url.split_once(host).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in output["headers_sent"].as_object().unwrap() {
            let name: HeaderName = name.parse().unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let body = vector["input"]["body_hex"].as_str().unwrap_or_default();
        Request::new(
            vector["input"]["method"].as_str().unwrap().parse().unwrap(),
            target,
            headers,
            hex::decode(body).unwrap().into(),
        )
    }

    #[test]
    fn accepts_every_vector_of_the_vendors_signer() {
        let Some(vectors) = vectors() else {
            return;
        };
        let vectors = vectors["vectors"].as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let name = &vector["name"];
            let output = &vector["output"];
            let request = request(vector);
            let claim = output["authorization"].as_str().unwrap();
            let claim = claimed(claim).unwrap().unwrap();
            let date = vector["input"]["date"].as_str().unwrap();
            let secret = vector["input"]["sk"].as_str().unwrap();

            let canonical = canonical_request(&request, &claim.signed_headers);
            assert_eq!(output["canonical_request"], canonical, "{name}");
            let message = claim.string_to_sign(&request, date);
            assert_eq!(output["string_to_sign"], message, "{name}");
            assert!(claim.verify(&request, secret, date), "{name}");
            assert!(!claim.verify(&request, "another", date), "{name}");
        }
    }

    #[test]
    fn a_request_changed_on_the_way_fails() {
        let Some(vectors) = vectors() else {
            return;
        };
        let vectors = vectors["vectors"].as_array().unwrap();
        let vector = vectors
            .iter()
            .find(|vector| vector["name"] == "07-post-json-security-token")
            .unwrap();
        let claim = vector["output"]["authorization"].as_str().unwrap();
        let claim = claimed(claim).unwrap().unwrap();
        let date = vector["input"]["date"].as_str().unwrap();
        let secret = vector["input"]["sk"].as_str().unwrap();
        type Change = fn(&mut Request);
        let changes: [(&str, Change); 5] = [
            ("body", |request| request.body = "{}".into()),
            ("path", |request| request.path.push('x')),
            ("query", |request| {
                request.query.push(("a".into(), "b".into()))
            }),
            ("method", |request| request.method = hyper::Method::PUT),
            ("header", |request| {
                request.headers.remove("x-project-id");
            }),
        ];
        for (what, change) in changes {
            let mut request = request(vector);
            change(&mut request);
            assert!(!claim.verify(&request, secret, date), "{what}");
        }
    }

    #[test]
    fn reads_only_its_own_kinds_of_authorization() {
        assert!(claimed("Bearer abc").is_none());
        assert!(claimed("ACS3-HMAC-SHA256 Credential=a,Signature=b").is_none());
        assert!(claimed("SDK-HMAC-SHA256 Access=a").unwrap().is_none());
        assert!(
            claimed("V11-HMAC-SHA256 Credential=a, SignedHeaders=h, Signature=s")
                .unwrap()
                .is_none()
        );
    }
}
