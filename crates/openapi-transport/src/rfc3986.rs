//! Percent-encoding of RFC 3986, so that the signed text is the sent text.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Encodes every byte except `A`-`Z`, `a`-`z`, `0`-`9`, `-`, `_`, `.` and `~`.
///
/// ```
/// assert_eq!(openapi_transport::rfc3986::encode("a/b c%*"), "a%2Fb%20c%25%2A");
/// ```
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Encodes bytes that may not be text, by the same rule.
pub fn encode_bytes(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, RESERVED).to_string()
}

/// Decodes percent-encoded text to bytes. A `+` stays a `+`.
pub fn decode(text: &str) -> Vec<u8> {
    percent_decode_str(text).collect()
}

/// Makes a query string of name and value pairs, sorted by name and then value and encoded by
/// [`encode`]. An empty value gives `name=`.
///
/// ```
/// let query = openapi_transport::rfc3986::query([("b", "x y"), ("a", "")]);
/// assert_eq!(query, "a=&b=x%20y");
/// ```
pub fn query<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> String
where
    N: AsRef<str> + Ord,
    V: AsRef<str> + Ord,
{
    let mut pairs: Vec<(N, V)> = pairs.into_iter().collect();
    pairs.sort();
    let mut query = String::new();
    for (name, value) in &pairs {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(&encode(name.as_ref()));
        query.push('=');
        query.push_str(&encode(value.as_ref()));
    }
    query
}

/// Rewrites the query of `url` by the rule of [`query`] and returns it.
///
/// A generated client writes form encoding, which has `+` for a space and does not encode `*`. A
/// service that decodes the query accepts that, but one that compares signatures may not.
pub fn normalize_query(url: &mut reqwest::Url) -> String {
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let text = query(pairs);
    url.set_query((!text.is_empty()).then_some(text.as_str()));
    text
}
