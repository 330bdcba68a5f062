//! Tokens of the service that a registry names.

use std::time::Duration;

use http::Uri;
use openapi_transport::{Answer, Context, Error, ErrorKind, Secret, encode_path as encode, send};
use serde::Deserialize;
use serde_json::Value;

use super::challenge::Bearer;
use super::login::Login;
use super::wire::{EXCHANGE, TOKEN};

/// Assumed lifetime of a token whose service does not name it.
const UNSTATED: Duration = Duration::from_secs(60);

/// How long before its expiry a token is dropped, because a request takes time, too. A short token is
/// dropped after half of its lifetime.
const AHEAD: Duration = Duration::from_secs(5);

/// Token with its expiry, by the clock's `elapsed`.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) text: Secret,
    pub(super) ends: Duration,
}

/// Answer of a token service. Older ones have `token`, OAuth has `access_token`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Granted {
    token: Option<Secret>,
    access_token: Option<Secret>,
    expires_in: Value,
}

/// Splits a realm into scheme with host, and the rest.
///
/// # Errors
/// Of kind [`Credentials`](openapi_transport::ErrorKind::Credentials) when the realm is not a URL.
pub(super) fn place(realm: &str) -> Result<(String, String), Error> {
    let uri: Uri = realm.parse().map_err(|_| unfit("the realm is not a URL"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(unfit("the realm is not a complete URL"));
    };
    let rest = uri.path_and_query().map_or("/", |rest| rest.as_str());
    Ok((format!("{scheme}://{authority}"), rest.to_owned()))
}

/// Makes the error of an unusable token service.
pub(super) fn unfit(why: &str) -> Error {
    Error::credentials(format!(
        "the registry names a token service that cannot be used: {why}"
    ))
}

/// Makes a refusal of the token service, or any other error on the way to a token, one about the
/// login. Its status and code say nothing about an image: a token service may lack its own page, or
/// not know the repository.
pub(super) fn refused(error: Error) -> Error {
    let is_of_login = matches!(error.status(), None | Some(..=399 | 401 | 403));
    match error.kind() == ErrorKind::Service && !is_of_login && !error.can_retry() {
        true => {
            let told = Error::credentials(format!("the token service refused the call: {error}"));
            match error.host() {
                Some(host) => told.with_host(host),
                None => told,
            }
        }
        false => error,
    }
}

/// Gets a token from the service of `context`, at the path and query `rest`.
///
/// # Errors
/// Any error of a call; with status 401 when the service rejects the login.
pub(super) async fn fetch(
    context: &Context,
    rest: &str,
    bearer: &Bearer,
    login: &Login,
) -> Result<Token, Error> {
    let url = format!("{}{rest}", context.endpoint());
    let http = context.http();
    let with = |parameters: String| match (parameters.is_empty(), url.contains('?')) {
        (true, _) => url.clone(),
        (false, true) => format!("{url}&{parameters}"),
        (false, false) => format!("{url}?{parameters}"),
    };
    let (operation, request) = match login {
        Login::Anonymous => (&TOKEN, http.get(with(bearer.parameters(false)))),
        Login::Password { user, password } => {
            let parameters = format!("{}&account={}", bearer.parameters(false), encode(user));
            let url = with(parameters.trim_start_matches('&').to_owned());
            let request = http.get(url).basic_auth(user, Some(password.expose()));
            (&TOKEN, request)
        }
        Login::IdentityToken(token) => {
            let form = format!(
                "grant_type=refresh_token&client_id=registry-replication&refresh_token={}&{}",
                encode(token.expose()),
                bearer.parameters(true),
            );
            let request = http
                .post(&url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form);
            (&EXCHANGE, request)
        }
    };
    let request = request
        .build()
        .map_err(|_| unfit("a request to it cannot be made"))?;
    let begun = context.clock().elapsed();
    let answer = send(context, operation, request).await;
    let answer = answer.map_err(|error| login.secrets().iter().fold(error, Error::without))?;
    read(operation.name, &answer, begun)
}

/// Reads the token from an answer. No error quotes the answer.
fn read(operation: &'static str, answer: &Answer, begun: Duration) -> Result<Token, Error> {
    let granted: Granted = serde_json::from_slice(&answer.body)
        .map_err(|_| Error::unexpected(operation, answer, "the answer is not what was expected"))?;
    let given = |token: &Secret| !token.expose().is_empty();
    let text = granted.token.filter(given);
    let text = text.or(granted.access_token.filter(given));
    let text =
        text.ok_or_else(|| Error::unexpected(operation, answer, "the answer holds no token"))?;
    // A token that is valid for a century is requested again after a day.
    let length = seconds(&granted.expires_in).map_or(UNSTATED, |seconds| {
        Duration::from_secs(seconds.min(24 * 60 * 60))
    });
    Ok(Token {
        text,
        ends: begun + length - AHEAD.min(length / 2),
    })
}

/// Reads a positive number of seconds, which may be text.
fn seconds(value: &Value) -> Option<u64> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    // A float is rounded towards zero, and to the range of the integer.
    Some(seconds as u64).filter(|seconds| *seconds > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Answer {
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::OK;
        let (parts, ()) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn tokens_as_their_services_write_them() {
        for (body, expected) in [
            (r#"{"token":"t"}"#, Some(55)),
            (r#"{"access_token":"t"}"#, Some(55)),
            (
                r#"{"token":"","access_token":"t","expires_in":null}"#,
                Some(55),
            ),
            (
                r#"{"token":"t","access_token":"other","expires_in":300}"#,
                Some(295),
            ),
            (r#"{"token":"t","expires_in":"300"}"#, Some(295)),
            (r#"{"token":"t","expires_in":300.7}"#, Some(295)),
            (r#"{"token":"t","expires_in":4}"#, Some(2)),
            (r#"{"token":"t","expires_in":0}"#, Some(55)),
            (r#"{"token":"t","expires_in":-1}"#, Some(55)),
            (r#"{"token":"t","expires_in":1e30}"#, Some(86_395)),
            (r#"{"token":"t","expires_in":"soon","more":1}"#, Some(55)),
            (r#"{"token":null}"#, None),
            ("{}", None),
            (r#"{"token":["hush"]}"#, None),
            ("<html>", None),
        ] {
            let read = read("GET token", &answer(body), Duration::from_secs(1000));
            match expected {
                Some(seconds) => {
                    let token = read.unwrap();
                    assert_eq!(token.text.expose(), "t", "{body}");
                    assert_eq!(token.ends, Duration::from_secs(1000 + seconds), "{body}");
                }
                None => assert!(!read.unwrap_err().to_string().contains("hush")),
            }
        }
    }

    #[test]
    fn a_realm_is_a_whole_url() {
        let fits = |realm: &str| place(realm).ok();
        assert_eq!(
            fits("https://auth.example:8443/token?a=b"),
            Some((
                "https://auth.example:8443".to_owned(),
                "/token?a=b".to_owned()
            ))
        );
        assert_eq!(
            fits("https://auth.example"),
            Some(("https://auth.example".to_owned(), "/".to_owned()))
        );
        for realm in ["", "/token", "auth.example", "https://", "not a url"] {
            assert_eq!(fits(realm), None, "{realm}");
        }
    }
}
