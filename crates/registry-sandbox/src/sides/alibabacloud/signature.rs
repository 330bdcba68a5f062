//! The V3 signature, ACS3-HMAC-SHA256.

use crate::digest::{hmac_matches, sha256_hex};
use crate::encoding::{canonical_query, decode, encode};
use crate::message::Request;

pub(crate) const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// Signature in the header `Authorization`.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(super) access_key_id: String,
    signed_headers: String,
    signature: String,
}

/// Reads the signature, if the header is complete.
pub(crate) fn claimed(authorization: &str) -> Option<Signature> {
    let fields = authorization.strip_prefix(ALGORITHM)?;
    let field = |name: &str| {
        fields.split(',').find_map(|field| {
            let (key, value) = field.trim().split_once('=')?;
            (key == name).then(|| value.to_owned())
        })
    };
    Some(Signature {
        access_key_id: field("Credential")?,
        signed_headers: field("SignedHeaders")?,
        signature: field("Signature")?,
    })
}

impl Signature {
    pub(super) fn covers(&self, header: &str) -> bool {
        self.signed_headers.split(';').any(|name| name == header)
    }

    /// Checks that `secret` made this signature for `request`. The error is the text to sign, which
    /// the vendor's refusal shows.
    pub(crate) fn verify(&self, request: &Request, secret: &str) -> Result<(), String> {
        let message = self.string_to_sign(request);
        if hmac_matches(secret.as_bytes(), &message, &self.signature) {
            Ok(())
        } else {
            Err(message)
        }
    }

    fn string_to_sign(&self, request: &Request) -> String {
        let canonical = canonical_request(request, &self.signed_headers);
        format!("{ALGORITHM}\n{}", sha256_hex(canonical.as_bytes()))
    }
}

fn canonical_request(request: &Request, signed_headers: &str) -> String {
    let headers: String = signed_headers
        .split(';')
        .map(|name| {
            let mut values = request.header_values(name);
            values.sort();
            format!("{name}:{}\n", values.join(","))
        })
        .collect();
    format!(
        "{}\n{}\n{}\n{headers}\n{signed_headers}\n{}",
        request.method,
        canonical_path(&request.path),
        canonical_query(&request.query),
        sha256_hex(&request.body),
    )
}

fn canonical_path(path: &str) -> String {
    path.split('/')
        .map(|segment| decode(segment).map_or_else(|| segment.to_owned(), |text| encode(&text)))
        .collect::<Vec<_>>()
        .join("/")
}

/// Signs like the vendor's SDK, for tests.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn sign(request: &mut Request, access_key_id: &str, secret: &str, headers: &[&str]) {
    let signed_headers = headers.join(";");
    let claim = Signature {
        access_key_id: access_key_id.to_owned(),
        signed_headers: signed_headers.clone(),
        signature: String::new(),
    };
    let message = claim.string_to_sign(request);
    let signature = crate::digest::hmac_hex(secret.as_bytes(), &message);
    let authorization = format!(
        "{ALGORITHM} Credential={access_key_id},SignedHeaders={signed_headers},Signature={signature}"
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
        let text = std::fs::read_to_string(tests.join("vectors/alibabacloud.json"));
        tests
            .is_dir()
            .then(|| serde_json::from_str(&text.unwrap()).unwrap())
    }

    /// Returns the target that the vendor's SDK wrote. The vendor's published example has no target,
    /// so it is made of the parameters.
    fn target(vector: &Value) -> String {
        let input = &vector["input"];
        let host = input["host"].as_str().unwrap();
        if let Some(url) = vector["wire_url_by_python_sdk"].as_str() {
            return url.split_once(host).unwrap().1.to_owned();
        }
        let query: Vec<_> = input["query"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
            .collect();
        format!("{}?{}", input["path"].as_str().unwrap(), query.join("&"))
    }

    fn request(vector: &Value, headers: &Value) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers.as_object().unwrap() {
            let name: HeaderName = name.parse().unwrap();
            map.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let input = &vector["input"];
        Request::new(
            input["method"].as_str().unwrap().parse().unwrap(),
            &target(vector),
            map,
            input["body_utf8"].as_str().unwrap().to_owned().into(),
        )
    }

    #[test]
    fn accepts_every_vector_of_the_vendors_signer() {
        let Some(vectors) = vectors() else {
            return;
        };
        let mut seen = 0;
        for vector in vectors["v3"].as_array().unwrap() {
            for variant in ["bare", "min", "all"] {
                let Some(expected) = vector.get(variant) else {
                    continue;
                };
                let name = format!("{} {variant}", vector["name"]);
                let request = request(vector, &expected["headers"]);
                let claim = claimed(expected["authorization"].as_str().unwrap()).unwrap();
                let secret = vector["input"]["access_key_secret"].as_str().unwrap();

                let canonical = canonical_request(&request, &claim.signed_headers);
                assert_eq!(expected["canonical_request"], canonical, "{name}");
                let message = claim.string_to_sign(&request);
                assert_eq!(expected["string_to_sign"], message, "{name}");
                assert_eq!(claim.verify(&request, secret), Ok(()), "{name}");
                assert_eq!(claim.verify(&request, "another"), Err(message), "{name}");
                seen += 1;
            }
        }
        assert_eq!(seen, 10);
    }

    #[test]
    fn a_broken_claim_is_none() {
        for text in [
            "",
            "ACS3-HMAC-SHA256",
            "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host",
            "SDK-HMAC-SHA256 Access=a, SignedHeaders=host, Signature=b",
        ] {
            assert!(claimed(text).is_none(), "{text}");
        }
    }
}
