//! Tests of signatures by vectors of the vendor's signer, and by the sandbox.

use std::collections::BTreeMap;

use huaweicloud_swr::signer::{self, Scheme};
use proptest::prelude::*;
use registry_sandbox::verify;
use serde::Deserialize;

use crate::signatures::{KEY, SECRET, agrees, given, parts};

const VECTORS: &str = include_str!("../../data/vectors/huaweicloud.json");

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: Input,
    output: Output,
}

#[derive(Deserialize)]
struct Input {
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
struct Output {
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
fn signatures_are_those_of_the_sdk() {
    let file: File = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(file.vectors.len(), 8);
    for Vector {
        name,
        input,
        output,
    } in file.vectors
    {
        let body = match (input.body_hex, input.body) {
            (Some(hex), _) => bytes(&hex),
            (None, body) => body.unwrap_or_default().into_bytes(),
        };
        let request = given(&input.method, &output.url, &output.headers_sent, body);
        assert_eq!(request.url().as_str(), output.url, "{name}");
        let scheme = match &input.derived {
            None => Scheme::Plain,
            Some(Derived { region_id, service }) => Scheme::Derived {
                region: region_id,
                service,
            },
        };
        let made = signer::sign(&request, &input.ak, &input.sk, scheme);
        assert_eq!(made.canonical_request, output.canonical_request, "{name}");
        assert_eq!(made.string_to_sign, output.string_to_sign, "{name}");
        assert_eq!(made.authorization, output.authorization, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_sandbox_agrees(parts in parts(), which: usize, place: usize, derived: bool) {
        let scheme = match derived {
            true => Scheme::Derived { region: "cn-north-4", service: "swr" },
            false => Scheme::Plain,
        };
        let sign = |request: &_| signer::sign(request, KEY, SECRET, scheme).authorization;
        let signed = ["host", "x-sdk-date", "x-other", "accept", "content-type"];
        agrees(&parts, (which, place), sign, |wire, secret| verify::accepts("huaweicloud", wire, secret), &signed)?;
    }
}
