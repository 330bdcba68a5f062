//! Tests of signatures by vectors of the vendor's signer, and by the sandbox.

use std::collections::BTreeMap;

use alibabacloud_cr::signer::{self, Cover};
use proptest::prelude::*;
use registry_sandbox::verify;
use reqwest::Url;
use serde::Deserialize;
use serde_json::Value;

use crate::signatures::{KEY, SECRET, agrees, given, parts};

const VECTORS: &str = include_str!("../../data/vectors/alibabacloud.json");

#[derive(Deserialize)]
struct File {
    v3: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: Input,
    body_sha256: String,
    bare: Option<Variant>,
    min: Option<Variant>,
    all: Option<Variant>,
}

#[derive(Deserialize)]
struct Input {
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
fn signatures_are_those_of_the_sdk() {
    let file: File = serde_json::from_str(VECTORS).unwrap();
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
            let request = given(&input.method, url.as_str(), &variant.headers, body);
            assert_eq!(signer::body_hash(&request), vector.body_sha256, "{name}");
            let (id, secret) = (&input.access_key_id, &input.access_key_secret);
            let made = signer::sign(&request, id, secret, cover);
            assert_eq!(made.canonical_request, variant.canonical_request, "{name}");
            assert_eq!(made.string_to_sign, variant.string_to_sign, "{name}");
            assert_eq!(made.authorization, variant.authorization, "{name}");
            variants += 1;
        }
    }
    assert_eq!(variants, 10);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_sandbox_agrees(parts in parts(), which: usize, place: usize, all: bool) {
        let cover = if all { Cover::All } else { Cover::Required };
        let sign = |request: &_| signer::sign(request, KEY, SECRET, cover).authorization;
        let signed = ["host", "x-acs-date", "x-acs-one", "content-type"];
        agrees(&parts, (which, place), sign, |wire, secret| verify::accepts("alibabacloud", wire, secret), &signed)?;
    }
}
