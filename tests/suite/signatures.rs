//! Shared code of tests of signatures: random requests, on which client and sandbox must agree.

use std::collections::BTreeMap;

use openapi_transport::{PathSegment, encode_path, rfc3986};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use registry_sandbox::verify::Wire;
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};

pub(crate) const KEY: &str = "AKEXAMPLE";
pub(crate) const SECRET: &str = "a secret of some length";

#[derive(Clone, Debug)]
pub(crate) struct Parts {
    method: &'static str,
    path: Vec<String>,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

pub(crate) fn parts() -> impl Strategy<Value = Parts> {
    let text = prop_oneof!["[a-z0-9./$%+* ~?#&=;:@!'()-]{0,12}", any::<String>()];
    let segment = text.clone().prop_filter("what no path can hold", |text| {
        PathSegment::try_from(text.as_str()).is_ok()
    });
    let value = "[ -~]{0,20}";
    (
        prop_oneof![Just("GET"), Just("POST"), Just("DELETE")],
        prop::collection::vec(segment, 1..5),
        prop::collection::vec((text.clone(), text), 0..5),
        (
            value,
            value,
            prop_oneof![Just("application/json"), Just("text/plain")],
        ),
        prop::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(|(method, path, query, (one, other, kind), body)| Parts {
            method,
            path,
            query,
            headers: vec![
                ("x-acs-one", one.clone()),
                ("x-other", other),
                ("accept", one),
                ("content-type", kind.to_owned()),
            ],
            body,
        })
}

/// Makes a request like a generated client: with an encoded path, the query as a form, and headers.
fn request(parts: &Parts) -> Request {
    let path: Vec<String> = parts
        .path
        .iter()
        .map(|segment| encode_path(segment))
        .collect();
    let mut url = Url::parse(&format!("https://example.com/{}", path.join("/"))).unwrap();
    if !parts.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&parts.query);
    }
    rfc3986::normalize_query(&mut url);
    let mut request = Request::new(Method::from_bytes(parts.method.as_bytes()).unwrap(), url);
    let fixed = [
        ("host", "example.com".to_owned()),
        ("x-sdk-date", "20261122T120000Z".to_owned()),
        ("x-acs-date", "2026-11-22T12:00:00Z".to_owned()),
        ("x-amz-date", "20261122T120000Z".to_owned()),
    ];
    for (name, value) in parts.headers.iter().chain(&fixed) {
        let value = HeaderValue::from_str(value).unwrap();
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    *request.body_mut() = Some(parts.body.clone().into());
    request
}

fn wire(request: &Request, authorization: &str) -> Wire {
    let url = request.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut headers: Vec<(String, String)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.push(("authorization".to_owned(), authorization.to_owned()));
    Wire {
        method: request.method().to_string(),
        target,
        headers,
        body: request.body().unwrap().as_bytes().unwrap().to_vec(),
    }
}

/// Returns another letter or digit.
fn another(c: char) -> char {
    match c {
        '0' => '1',
        'a' => 'b',
        'A' => 'B',
        _ if c.is_ascii_digit() => '0',
        _ if c.is_ascii_uppercase() => 'A',
        _ => 'a',
    }
}

/// Changes the letter or digit nearest to `place`. Returns `None` if the text has no letter or digit
/// outside of escapes.
fn changed(text: &str, place: usize) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    let plain = |index: &usize| {
        let escaped =
            (1..=2).any(|back| index.checked_sub(back).is_some_and(|at| chars[at] == '%'));
        chars[*index].is_ascii_alphanumeric() && !escaped
    };
    let fit: Vec<usize> = (0..chars.len()).filter(plain).collect();
    let index = *fit.get(place % fit.len().max(1))?;
    chars[index] = another(chars[index]);
    Some(chars.into_iter().collect())
}

/// Changes one byte of a request, in a part that `which` selects.
fn tampered(wire: &Wire, which: usize, place: usize, signed: &[&str]) -> Option<Wire> {
    let mut wire = wire.clone();
    let mut header = |wanted: &str| {
        let (_, value) = wire.headers.iter_mut().find(|(name, _)| name == wanted)?;
        *value = changed(value, place)?;
        Some(())
    };
    match which % 4 {
        0 => wire.target = changed(&wire.target, place)?,
        1 => {
            let length = wire.body.len();
            *wire.body.get_mut(place % length.max(1))? ^= 1;
        }
        2 => header(signed[place % signed.len()])?,
        _ => {
            let (_, value) = wire
                .headers
                .iter_mut()
                .find(|(name, _)| name == "authorization")?;
            let (before, signature) = value.split_once("Signature=")?;
            *value = format!("{before}Signature={}", changed(signature, place)?);
        }
    }
    Some(wire)
}

/// Returns the request of a vector.
pub(crate) fn given(
    method: &str,
    url: &str,
    headers: &BTreeMap<String, String>,
    body: Vec<u8>,
) -> Request {
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

/// Checks that the sandbox accepts a signature, and refuses it after the change of a byte.
pub(crate) fn agrees(
    parts: &Parts,
    (which, place): (usize, usize),
    sign: impl FnOnce(&Request) -> String,
    verify: fn(&Wire, &str) -> bool,
    signed: &[&str],
) -> Result<(), TestCaseError> {
    let request = request(parts);
    let wire = wire(&request, &sign(&request));
    prop_assert!(verify(&wire, SECRET), "{wire:?}");
    prop_assert!(!verify(&wire, "another secret"));
    if let Some(tampered) = tampered(&wire, which, place, signed) {
        prop_assert!(!verify(&tampered, SECRET), "{wire:?} {tampered:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_encoded_is_decoded_again(text: String) {
        prop_assert_eq!(rfc3986::decode(&encode_path(&text)), text.as_bytes());
        let url = format!("https://example.com/{}", encode_path(&text));
        let parsed = Url::parse(&url).unwrap();
        if PathSegment::try_from(text.as_str()).is_ok() {
            prop_assert_eq!(parsed.as_str(), url, "a URL leaves it as it is");
        }
    }
}
