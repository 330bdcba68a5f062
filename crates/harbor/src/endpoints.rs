//! URLs of a Harbor.

use openapi_transport::{Error, SourceError, Surroundings};
use reqwest::Url;

use crate::credentials::CliConfig;

/// Variable with the URL of a Harbor.
pub(crate) const URL: &str = "HARBOR_URL";

/// Path of the API, which people copy from their browser or from other tools.
const API: &str = "/api/v2.0";

/// Returns the URL for calls from a URL as people write it: without the path of the API and without a
/// slash at its end.
///
/// ```
/// let url = harbor::endpoints::of("https://registry.example/api/v2.0/").unwrap();
/// assert_eq!(url, "https://registry.example");
/// ```
///
/// # Errors
/// When the text is not a URL with `https` or `http`, or has a login, a query or a fragment in it.
pub fn of(text: &str) -> Result<String, Error> {
    check(text).map_err(|why| Error::configuration(format!("invalid URL of Harbor: {why}")))
}

/// Returns the URL that `HARBOR_URL` holds.
///
/// # Errors
/// When the variable is not set or does not hold a URL.
pub fn from_env() -> Result<String, Error> {
    let surroundings = Surroundings::of_process();
    match surroundings.variable(URL) {
        Some(text) => in_variable(&text).map_err(|why| Error::configuration(why.to_string())),
        None => Err(Error::configuration(format!(
            "missing URL of Harbor: set {URL} to a URL such as https://HOST"
        ))),
    }
}

/// Finds the URL: that of `HARBOR_URL`, or of the current credential in the configuration of harbor-cli.
///
/// # Errors
/// [`NotSet`](SourceError::NotSet) when neither names a URL, else [`Failed`](SourceError::Failed).
pub async fn find(surroundings: &Surroundings) -> Result<String, SourceError> {
    if let Some(text) = surroundings.variable(URL) {
        return in_variable(&text);
    }
    let config = CliConfig::read(surroundings).await.map_err(|why| {
        let what = format!("set {URL}; harbor-cli: {why}");
        match why {
            SourceError::NotSet(_) => SourceError::not_set(what),
            _ => SourceError::failed(what),
        }
    })?;
    config.current_url()
}

/// Reads the value of `HARBOR_URL`. The error does not show the value, which could hold a password.
pub(crate) fn in_variable(text: &str) -> Result<String, SourceError> {
    check(text).map_err(|why| SourceError::failed(format!("{URL}: {why}")))
}

/// Whether two URLs lead to the same service: scheme, host and port.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    match (one.parse::<Url>(), other.parse::<Url>()) {
        (Ok(one), Ok(other)) => one.has_host() && one.origin() == other.origin(),
        _ => false,
    }
}

pub(crate) fn check(text: &str) -> Result<String, &'static str> {
    const FORM: &str = "expected a URL such as https://HOST";
    let url: Url = text.trim().parse().map_err(|_| FORM)?;
    if !url.has_host() || !matches!(url.scheme(), "https" | "http") {
        return Err(FORM);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a login; pass the login separately");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a query or a fragment; remove it");
    }
    let text = url.as_str().trim_end_matches('/');
    let text = text.strip_suffix(API).unwrap_or(text);
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_ways_to_write_a_url_are_one() {
        for (text, url) in [
            ("https://registry.example", "https://registry.example"),
            ("https://registry.example/", "https://registry.example"),
            (
                " https://registry.example:8443 ",
                "https://registry.example:8443",
            ),
            (
                "https://registry.example/api/v2.0",
                "https://registry.example",
            ),
            ("http://127.0.0.1:80/api/v2.0/", "http://127.0.0.1"),
        ] {
            assert_eq!(of(text).unwrap(), url, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_and_not_shown() {
        for text in [
            "registry.example",
            "registry.example:443",
            "ftp://registry.example",
            "https://admin:hush@registry.example",
            "https://registry.example?hush",
            "",
        ] {
            let error = of(text).unwrap_err().to_string();
            assert!(error.starts_with("invalid URL of Harbor: "), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn only_the_same_host_and_port_are_the_same() {
        assert!(is_same("https://a.example/", "https://A.example:443/x"));
        for other in [
            "https://b.example",
            "http://a.example",
            "https://a.example:8443",
            "a.example",
        ] {
            assert!(!is_same("https://a.example", other), "{other}");
        }
    }
}
