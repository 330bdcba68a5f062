//! `Link` headers, which name the next page of a list.

use http::HeaderMap;
use http::header::LINK;
use reqwest::Url;

/// Returns the target of the next page.
///
/// A link without a relation counts as the next page, because some registries leave it out. A wrong
/// guess costs a request, while a list that ends early looks complete.
///
/// # Errors
/// When a header is invalid. The list may then have more pages.
pub(super) fn next(headers: &HeaderMap) -> Result<Option<String>, String> {
    let mut unnamed = None;
    for value in headers.get_all(LINK) {
        let text = value.to_str().map_err(|_| invalid())?;
        for link in parse(text).ok_or_else(invalid)? {
            match link.rel {
                Some(rel) if is_next(&rel) => return Ok(Some(link.target)),
                Some(_) => {}
                None => unnamed = unnamed.or(Some(link.target)),
            }
        }
    }
    Ok(unnamed)
}

fn invalid() -> String {
    "invalid Link header".to_owned()
}

fn is_next(rel: &str) -> bool {
    rel.split_whitespace()
        .any(|rel| rel.eq_ignore_ascii_case("next"))
}

/// Returns path and query of a next page, relative to the page at `base`. The scheme may differ,
/// because a registry behind a proxy does not know it. The request goes to the registry's own endpoint
/// in any case.
///
/// # Errors
/// When the page is at another host, or outside of the API.
pub(super) fn own(base: &str, target: &str) -> Result<String, String> {
    let base = Url::parse(base).map_err(|_| invalid())?;
    let next = base
        .join(target)
        .map_err(|_| "invalid URL of the next page".to_owned())?;
    let is_web = matches!(next.scheme(), "https" | "http");
    let is_port = next.port_or_known_default() == base.port_or_known_default()
        || (next.scheme() != base.scheme() && next.port().is_none());
    let has_user = !next.username().is_empty() || next.password().is_some();
    if !is_web || !is_port || has_user || next.host_str() != base.host_str() {
        return Err("the next page is at another host".to_owned());
    }
    if !next.path().starts_with("/v2/") {
        return Err("the next page is outside of /v2/".to_owned());
    }
    Ok(match next.query() {
        Some(query) => format!("{}?{query}", next.path()),
        None => next.path().to_owned(),
    })
}

/// Link of a header.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    target: String,
    rel: Option<String>,
}

/// Parses `<target>; name=value; name="value", <target>…`. Returns `None` if the text is invalid.
fn parse(text: &str) -> Option<Vec<Link>> {
    let mut links = Vec::new();
    let mut rest = text.trim_start_matches(is_gap);
    while !rest.is_empty() {
        let (target, after) = rest.strip_prefix('<')?.split_once('>')?;
        let mut rel = None;
        rest = after.trim_start();
        while let Some(parameter) = rest.strip_prefix(';') {
            let (name, value, after) = self::parameter(parameter.trim_start())?;
            // Only the first relation counts.
            if name.eq_ignore_ascii_case("rel") && rel.is_none() {
                rel = Some(value);
            }
            rest = after.trim_start();
        }
        links.push(Link {
            target: target.trim().to_owned(),
            rel,
        });
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
        rest = rest.trim_start_matches(is_gap);
    }
    Some(links)
}

fn is_gap(c: char) -> bool {
    c == ',' || c.is_whitespace()
}

/// Splits a parameter into its name, its value and the rest of the text.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let end = text.find(['=', ';', ',']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let Some(value) = rest.strip_prefix('=') else {
        return Some((name.trim(), String::new(), rest));
    };
    let value = value.trim_start();
    let Some(quoted) = value.strip_prefix('"') else {
        let end = value.find([';', ',']).unwrap_or(value.len());
        let (value, rest) = value.split_at(end);
        return Some((name.trim(), value.trim().to_owned(), rest));
    };
    let mut unquoted = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return Some((name.trim(), unquoted, &quoted[at + 1..])),
            '\\' => unquoted.push(characters.next()?.1),
            c => unquoted.push(c),
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn links_as_registries_write_them() {
        let found = |text: &str| Ok(Some(text.to_owned()));
        for (values, expected) in [
            (&[][..], Ok(None)),
            (&[""], Ok(None)),
            (
                &["</v2/x?last=b&n=2>; rel=\"next\""],
                found("/v2/x?last=b&n=2"),
            ),
            (&["</v2/x>;rel=next"], found("/v2/x")),
            (&["</v2/x>; REL=Next"], found("/v2/x")),
            (
                &["</v2/x>; title=\"a \\\" , <b>\"; rel=\"prev next\""],
                found("/v2/x"),
            ),
            (
                &["</first>; rel=\"first\", </v2/x>; rel=\"next\""],
                found("/v2/x"),
            ),
            (
                &["</first>; rel=\"first\"", "</v2/x>; rel=\"next\""],
                found("/v2/x"),
            ),
            (&["</v2/x>"], found("/v2/x")),
            (&["</v2/a>, </v2/x>; rel=next"], found("/v2/x")),
            (&["</v2/x>; rel=prev; rel=next"], Ok(None)),
            (&["</v2/x>; rel=\"nextish\""], Ok(None)),
            (&["</v2/x?a=1,2;3>; rel=next"], found("/v2/x?a=1,2;3")),
            (&["</v2/x>; crossorigin; rel=next"], found("/v2/x")),
            (&["/v2/x; rel=\"next\""], Err(invalid())),
            (&["</v2/x; rel=\"next\""], Err(invalid())),
            (&["</v2/x>; rel=\"next"], Err(invalid())),
            (&["</v2/x> rel=next"], Err(invalid())),
            (&["</v2/\u{e9}>; rel=next"], Err(invalid())),
        ] {
            assert_eq!(next(&headers(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_page_stays_at_its_registry() {
        let base = "https://registry.example:8443/v2/team/api/tags/list?n=2";
        let page = "/v2/team/api/tags/list?last=b";
        for (target, expected) in [
            (page, Ok(page)),
            ("?last=b", Ok(page)),
            ("list?last=b", Ok(page)),
            (
                "https://registry.example:8443/v2/team/api/tags/list?last=b#x",
                Ok(page),
            ),
            (
                "//REGISTRY.example:8443/v2/team/api/tags/list?last=b",
                Ok(page),
            ),
            (
                "http://registry.example:8443/v2/team/api/tags/list?last=b",
                Ok(page),
            ),
            (
                "http://registry.example/v2/team/api/tags/list?last=b",
                Ok(page),
            ),
            ("/v2/a/../team/api/tags/list?last=b", Ok(page)),
            ("/v2/_catalog", Ok("/v2/_catalog")),
            (
                "https://registry.example/v2/x",
                Err("the next page is at another host"),
            ),
            (
                "https://registry.example:9/v2/x",
                Err("the next page is at another host"),
            ),
            (
                "https://other.example:8443/v2/x",
                Err("the next page is at another host"),
            ),
            (
                "//other.example:8443/v2/x",
                Err("the next page is at another host"),
            ),
            (
                "https://u:p@registry.example:8443/v2/x",
                Err("the next page is at another host"),
            ),
            (
                "ftp://registry.example:8443/v2/x",
                Err("the next page is at another host"),
            ),
            ("file:///v2/x", Err("the next page is at another host")),
            ("/other/x", Err("the next page is outside of /v2/")),
            ("/v2/../x", Err("the next page is outside of /v2/")),
            ("https://", Err("invalid URL of the next page")),
        ] {
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(own(base, target), expected, "{target}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_the_parser_panic(text in ".{0,60}", marks in "[<>;,=\" \\\\relnx/é]{0,40}") {
            let _ = parse(&text);
            let _ = own("https://registry.example/v2/x", &text);
            if let Some(links) = parse(&marks) {
                for link in links {
                    let _ = own("https://registry.example/v2/x", &link.target);
                }
            }
        }

        #[test]
        fn a_next_page_is_found_behind_others(
            before in prop::collection::vec("[a-z/?=&,;]{1,10}", 0..4),
            target in "/v2/[a-z0-9/?=&,;]{0,20}",
        ) {
            let mut text: String = before
                .iter()
                .map(|target| format!("<{target}>; rel=\"prev\", "))
                .collect();
            text += &format!("<{target}>; rel=\"next\"");
            prop_assert_eq!(next(&headers(&[&text])), Ok(Some(target)));
        }
    }
}
