//! Tests of signatures by vectors of the vendor's signer, and by an independent verification.

use std::collections::BTreeMap;
use std::sync::Arc;

use amazon_ecr::Credentials;
use amazon_ecr::signer::{self, Scope};
use openapi_transport::{Context, Timestamp};
use proptest::prelude::*;
use registry_sandbox::verify::Wire;
use registry_tests::bearer::Bearer;
use registry_tests::hostile::{Hostile, Reply};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, Url};
use serde::Deserialize;

use super::verify;
use crate::signatures::{KEY, SECRET, agrees, given, parts};

const VECTORS: &str = include_str!("../../data/vectors/amazon-ecr.json");

#[derive(Deserialize)]
struct File {
    v4: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    input: Input,
    body_sha256: String,
    bare: Option<Variant>,
    sdk: Option<Variant>,
}

#[derive(Deserialize)]
struct Input {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    method: String,
    url: String,
    region: String,
    service: String,
    date: String,
    body_utf8: String,
}

#[derive(Deserialize)]
struct Variant {
    headers: BTreeMap<String, String>,
    canonical_request: String,
    string_to_sign: String,
    authorization: String,
}

/// Reads a date such as `20261127T150405Z`.
fn date(text: &str) -> Timestamp {
    let (day, time) = (text.split_at(8).0, &text[9..15]);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &day[..4],
        &day[4..6],
        &day[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    text.parse().unwrap()
}

fn noon() -> Scope<'static> {
    Scope::new(date("20261122T120000Z"), "eu-central-1", "ecr")
}

#[test]
fn signatures_are_those_of_the_sdk() {
    let file: File = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(file.v4.len(), 9);
    let mut variants = 0;
    for vector in file.v4 {
        let (name, input) = (&vector.name, &vector.input);
        let scope = Scope::new(date(&input.date), &input.region, &input.service);
        for variant in [&vector.bare, &vector.sdk].into_iter().flatten() {
            let body = input.body_utf8.clone().into_bytes();
            let mut request = given(&input.method, &input.url, &variant.headers, body);
            assert_eq!(signer::body_hash(&request), vector.body_sha256, "{name}");
            let (id, secret) = (&input.access_key_id, &input.secret_access_key);
            let made = signer::sign(&request, id, secret, &scope);
            assert_eq!(made.canonical_request, variant.canonical_request, "{name}");
            assert_eq!(made.string_to_sign, variant.string_to_sign, "{name}");
            assert_eq!(made.authorization, variant.authorization, "{name}");

            // It sets these headers itself.
            for name in ["host", "x-amz-date", "x-amz-security-token"] {
                request.headers_mut().remove(name);
            }
            let mut key = Credentials::new(id, secret.as_str());
            if let Some(token) = &input.session_token {
                key = key.session_token(token.as_str());
            }
            signer::authorize(&mut request, &key, &scope).unwrap();
            let sent = request.headers()["authorization"].to_str().unwrap();
            assert_eq!(sent, variant.authorization, "{name}");
            variants += 1;
        }
    }
    assert_eq!(variants, 15);
}

#[test]
fn the_query_is_sorted_by_name_and_the_path_is_encoded_twice() {
    for (url, path, query) in [
        ("https://example.com", "/", ""),
        (
            "https://example.com/?a-b=&a=2&a=1&c",
            "/",
            "a=1&a=2&a-b=&c=",
        ),
        (
            "https://example.com/a%20b/%2F%C3%A9",
            "/a%2520b/%252F%25C3%25A9",
            "",
        ),
        ("https://example.com//a~b//", "/a~b/", ""),
        (
            "https://example.com/?x=a%20b&x=a%2Bb&%C3%A9=1&~=2",
            "/",
            "%C3%A9=1&x=a%20b&x=a%2Bb&~=2",
        ),
    ] {
        let request = Request::new(Method::GET, Url::parse(url).unwrap());
        let made = signer::sign(&request, KEY, SECRET, &noon());
        let mut lines = made.canonical_request.lines().skip(1);
        assert_eq!(lines.next(), Some(path), "{url}");
        assert_eq!(lines.next(), Some(query), "{url}");
    }
}

#[test]
fn a_declared_hash_of_the_body_is_signed_as_it_is() {
    let headers = [("x-amz-content-sha256", "UNSIGNED-PAYLOAD")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = given(
        "PUT",
        "https://example.com/",
        &headers.into(),
        b"x".to_vec(),
    );
    let made = signer::sign(&request, KEY, SECRET, &noon());
    assert!(made.canonical_request.ends_with("\nUNSIGNED-PAYLOAD"));
}

#[test]
fn a_secret_that_no_header_can_hold_is_an_error_that_does_not_show_it() {
    let key = Credentials::new("AKIA", "secret").session_token("hush\nhush");
    let mut request = Request::new(Method::POST, Url::parse("https://example.com/").unwrap());
    let error = signer::authorize(&mut request, &key, &noon()).unwrap_err();
    let says = error.to_string();
    assert!(
        says.contains("x-amz-security-token") && !says.contains("hush"),
        "{says}"
    );
}

fn signature(request: &Request) -> String {
    signer::sign(request, KEY, SECRET, &noon()).authorization
}

/// Sends a signed request, and returns what the server received.
async fn sent(method: &str, target: &str, headers: &HeaderMap, body: Vec<u8>) -> Wire {
    let server = Hostile::start(|_| Reply::json("{}")).await;
    let url = Url::parse(&format!("{}{target}", server.endpoint())).unwrap();
    let mut request = Request::new(method.parse().unwrap(), url);
    *request.headers_mut() = headers.clone();
    *request.body_mut() = Some(body.into());
    let key = Credentials::new(KEY, SECRET).session_token("a token");
    signer::authorize(&mut request, &key, &noon()).unwrap();
    let dialect = Arc::new(Bearer("unused"));
    let context = Context::builder(server.endpoint(), dialect)
        .build()
        .unwrap();
    context.http().execute(request).await.unwrap();
    let received = server.requests().remove(0);
    Wire {
        method: received.method,
        target: received.target,
        headers: received.headers,
        body: received.body,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_service_agrees(parts in parts(), which: usize, place: usize) {
        let signed = ["host", "x-amz-date", "x-acs-one", "content-type"];
        agrees(&parts, (which, place), signature, verify::accepts, &signed)?;
    }

    #[test]
    fn the_order_of_headers_does_not_matter(
        headers in prop::collection::btree_map("x-[a-z]{1,6}", "[ -~]{0,20}", 0..8),
        turn: usize,
    ) {
        let mut sorted: Vec<_> = headers.into_iter().collect();
        let request = |headers: &[(String, String)]| {
            let mut made = Request::new(Method::POST, Url::parse("https://example.com/").unwrap());
            for (name, value) in headers {
                let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
                made.headers_mut().append(name, value.parse().unwrap());
            }
            made
        };
        let expected = signature(&request(&sorted));
        let length = sorted.len().max(1);
        sorted.rotate_left(turn % length);
        sorted.reverse();
        prop_assert_eq!(signature(&request(&sorted)), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_signed_is_what_is_sent(
        segments in prop::collection::vec("[a-zA-Z0-9 %+é~!'()*-]{1,8}", 0..3),
        query in prop::collection::vec(("[a-z +%é~*=&-]{1,6}", "[a-z +%é~*=&/-]{0,6}"), 0..4),
        value in "[!-~]([ -~]{0,16}[!-~])?",
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let segments: Vec<_> = segments
            .iter()
            .map(|segment| openapi_transport::encode_path(segment))
            .collect();
        let mut url = Url::parse(&format!("https://h/{}", segments.join("/"))).unwrap();
        url.query_pairs_mut().extend_pairs(&query);
        let target = url.as_str().trim_start_matches("https://h").to_owned();
        let headers = HeaderMap::from_iter([
            ("content-type".parse().unwrap(), "application/x-amz-json-1.1".parse().unwrap()),
            ("x-amz-target".parse().unwrap(), value.parse().unwrap()),
        ]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let wire = runtime.block_on(sent("POST", &target, &headers, body));
        prop_assert!(verify::accepts(&wire, SECRET), "{wire:?}");
        prop_assert!(!verify::accepts(&wire, "another secret"));
    }
}
