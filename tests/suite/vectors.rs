//! Signatures against vectors that the vendors' own signers made.

use alibabacloud_cr::signer::Cover;
use huaweicloud_swr::signer::Scheme;
use openapi_transport::rfc3986;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const HUAWEI: &str = include_str!("../data/vectors/huaweicloud.json");
const ALIBABA: &str = include_str!("../data/vectors/alibabacloud.json");

fn request(method: &str, url: &str, headers: &BTreeMap<String, String>, body: Vec<u8>) -> Request {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = Request::new(method, Url::parse(url).unwrap());
    rfc3986::normalize_query(request.url_mut());
    for (name, value) in headers {
        request.headers_mut().insert(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_str(value).unwrap(),
        );
    }
    *request.body_mut() = Some(body.into());
    request
}

#[derive(Deserialize)]
struct HuaweiFile {
    vectors: Vec<HuaweiVector>,
}

#[derive(Deserialize)]
struct HuaweiVector {
    name: String,
    input: HuaweiInput,
    output: HuaweiOutput,
}

#[derive(Deserialize)]
struct HuaweiInput {
    method: String,
    body: Option<String>,
    body_hex: Option<String>,
    ak: String,
    sk: String,
    derived: Option<Derived>,
}

#[derive(Deserialize)]
struct Derived {
    region_id: String,
    service: String,
}

#[derive(Deserialize)]
struct HuaweiOutput {
    headers_sent: BTreeMap<String, String>,
    url: String,
    canonical_request: String,
    string_to_sign: String,
    authorization: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
        .collect()
}

#[test]
fn huawei_cloud_signs_as_its_sdk_does() {
    let file: HuaweiFile = serde_json::from_str(HUAWEI).unwrap();
    assert_eq!(file.vectors.len(), 8);
    for HuaweiVector {
        name,
        input,
        output,
    } in file.vectors
    {
        let body = match (input.body_hex, input.body) {
            (Some(hex), _) => bytes(&hex),
            (None, body) => body.unwrap_or_default().into_bytes(),
        };
        let request = request(&input.method, &output.url, &output.headers_sent, body);
        assert_eq!(request.url().as_str(), output.url, "{name}");
        let scheme = match &input.derived {
            None => Scheme::Plain,
            Some(Derived { region_id, service }) => Scheme::Derived {
                region: region_id,
                service,
            },
        };
        let made = huaweicloud_swr::signer::sign(&request, &input.ak, &input.sk, scheme);
        assert_eq!(made.canonical_request, output.canonical_request, "{name}");
        assert_eq!(made.string_to_sign, output.string_to_sign, "{name}");
        assert_eq!(made.authorization, output.authorization, "{name}");
    }
}

#[derive(Deserialize)]
struct AlibabaFile {
    v3: Vec<AlibabaVector>,
}

#[derive(Deserialize)]
struct AlibabaVector {
    name: String,
    input: AlibabaInput,
    body_sha256: String,
    bare: Option<Variant>,
    min: Option<Variant>,
    all: Option<Variant>,
}

#[derive(Deserialize)]
struct AlibabaInput {
    access_key_id: String,
    access_key_secret: String,
    method: String,
    host: String,
    path: String,
    query: BTreeMap<String, Value>,
    body_utf8: String,
}

#[derive(Deserialize)]
struct Variant {
    headers: BTreeMap<String, String>,
    canonical_request: String,
    string_to_sign: String,
    authorization: String,
}

#[test]
fn alibaba_cloud_signs_as_its_sdk_does() {
    let file: AlibabaFile = serde_json::from_str(ALIBABA).unwrap();
    assert_eq!(file.v3.len(), 4);
    let mut variants = 0;
    for vector in file.v3 {
        let input = &vector.input;
        let mut url = Url::parse(&format!("https://{}{}", input.host, input.path)).unwrap();
        url.query_pairs_mut()
            .extend_pairs(input.query.iter().map(|(k, v)| (k, v.as_str().unwrap())));
        for (variant, cover) in [
            (&vector.bare, Cover::Required),
            (&vector.min, Cover::Required),
            (&vector.all, Cover::All),
        ] {
            let Some(variant) = variant else { continue };
            let name = &vector.name;
            let body = input.body_utf8.clone().into_bytes();
            let request = request(&input.method, url.as_str(), &variant.headers, body);
            assert_eq!(
                alibabacloud_cr::signer::body_hash(&request),
                vector.body_sha256,
                "{name}"
            );
            let (id, secret) = (&input.access_key_id, &input.access_key_secret);
            let made = alibabacloud_cr::signer::sign(&request, id, secret, cover);
            assert_eq!(made.canonical_request, variant.canonical_request, "{name}");
            assert_eq!(made.string_to_sign, variant.string_to_sign, "{name}");
            assert_eq!(made.authorization, variant.authorization, "{name}");
            variants += 1;
        }
    }
    assert_eq!(variants, 10);
}
