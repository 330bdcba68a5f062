//! Percent-encoding for both signatures.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// All characters except RFC 3986's unreserved ones.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes a text. Returns `None` if the result is not UTF-8.
pub(crate) fn decode(text: &str) -> Option<String> {
    percent_decode_str(text)
        .decode_utf8()
        .ok()
        .map(|decoded| decoded.into_owned())
}

/// Returns the decoded pairs of a query. `+` is a blank, as on the servers of both vendors.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let text = |raw: &str| {
        percent_decode_str(&raw.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (text(name), text(value))
        })
        .collect()
}

/// Returns the query in the form that both signatures cover: sorted by raw name and value, then
/// encoded.
pub(crate) fn canonical_query(pairs: &[(String, String)]) -> String {
    let mut pairs: Vec<_> = pairs.iter().collect();
    pairs.sort();
    pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect::<Vec<_>>()
        .join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_queries() {
        for (wire, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("empty", "empty="),
            ("a=x+y", "a=x%20y"),
            ("a=x%2By", "a=x%2By"),
            (
                "filter=limit::10|offset::0",
                "filter=limit%3A%3A10%7Coffset%3A%3A0",
            ),
            ("a=~*%E5%90%8D", "a=~%2A%E5%90%8D"),
        ] {
            assert_eq!(canonical_query(&query_pairs(wire)), canonical, "{wire}");
        }
    }
}
