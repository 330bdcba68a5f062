//! Verification of Signature Version 4 as a service does it, from the bytes that arrive. It shares no
//! code with the signer.

use std::collections::BTreeMap;

use registry_sandbox::verify::Wire;
use sha2::{Digest, Sha256};

/// Whether a request carries the signature that this secret gives.
pub(crate) fn accepts(wire: &Wire, secret: &str) -> bool {
    expected(wire, secret).is_some_and(|(given, expected)| given == expected)
}

/// Returns the signature that a request carries and the one that it must have.
fn expected(wire: &Wire, secret: &str) -> Option<(String, String)> {
    let authorization = header(wire, "authorization")?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let fields: BTreeMap<&str, &str> = fields
        .split(", ")
        .filter_map(|field| field.split_once('='))
        .collect();
    let (_, scope) = fields.get("Credential")?.split_once('/')?;
    let [day, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return None;
    };
    let date = header(wire, "x-amz-date")?;
    if !date.starts_with(day) {
        return None;
    }
    let names = fields.get("SignedHeaders")?;
    let mut text = format!("{}\n", wire.method);
    let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
    let path = path.replace('%', "%25");
    let path = path.split('/').filter(|segment| !segment.is_empty());
    let path: Vec<&str> = path.collect();
    let end = if wire.target.split('?').next()?.ends_with('/') && !path.is_empty() {
        "/"
    } else {
        ""
    };
    text.push_str(&format!("/{}{end}", path.join("/")));
    text.push('\n');
    let mut pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=')).collect();
    pairs.sort();
    let pairs = pairs.into_iter().flatten();
    let pairs: Vec<String> = pairs
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    text.push_str(&pairs.join("&"));
    text.push('\n');
    for name in names.split(';') {
        let value = header(wire, name)?;
        let value = value.split([' ', '\t']).filter(|word| !word.is_empty());
        let value = value.collect::<Vec<_>>().join(" ");
        text.push_str(&format!("{name}:{value}\n"));
    }
    let hash = hex::encode(Sha256::digest(&wire.body));
    text.push_str(&format!("\n{names}\n{hash}"));
    let hash = hex::encode(Sha256::digest(text));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}");
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [day, region, service, "aws4_request", &text] {
        key = hmac(&key, part.as_bytes());
    }
    Some((fields.get("Signature")?.to_string(), hex::encode(key)))
}

fn header(wire: &Wire, name: &str) -> Option<String> {
    let found: Vec<&str> = wire
        .headers
        .iter()
        .filter(|(own, _)| own.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
        .collect();
    (!found.is_empty()).then(|| found.join(","))
}

/// HMAC of RFC 2104, of SHA-256.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > block.len() {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let pad = |by: u8| block.map(|byte| byte ^ by);
    let mut inner = Sha256::new();
    inner.update(pad(0x36));
    inner.update(text);
    let mut outer = Sha256::new();
    outer.update(pad(0x5c));
    outer.update(inner.finalize());
    outer.finalize().to_vec()
}
