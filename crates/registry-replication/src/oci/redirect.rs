//! Redirects of manifests and blobs, to storage for example.

use openapi_transport::{Answer, Context, Error, Operation, send};
use reqwest::Url;

use super::access::{Access, Role};
use super::wire::accept;

/// Number of redirects that are followed.
const MOST: u32 = 5;

/// Follows the redirect in `error`, without a login or token. It must use TLS, or be on this machine
/// if the registry is there.
///
/// # Errors
/// `error` itself if it is not a redirect; otherwise why the redirect was not followed, or the error
/// of its target.
pub(super) async fn follow(
    access: &Access,
    context: &Context,
    operation: &'static Operation,
    url: &str,
    mut error: Error,
) -> Result<Answer, Error> {
    let Ok(mut url) = Url::parse(url) else {
        return Err(error);
    };
    for _ in 0..MOST {
        if !matches!(error.status(), Some(301 | 302 | 303 | 307 | 308)) {
            return Err(error);
        }
        let Some(next) = error
            .redirect()
            .and_then(|location| url.join(location).ok())
        else {
            return Err(error);
        };
        let unfit = |why: &str| {
            let to = next.host_str().unwrap_or_default();
            error
                .clone()
                .with_note(format!("the redirect to {to} is not followed: {why}"))
        };
        if !next.username().is_empty() || next.password().is_some() {
            return Err(unfit("it holds a user name or a password"));
        }
        if url.scheme() == "https" && next.scheme() != "https" {
            return Err(unfit("it is not encrypted"));
        }
        let endpoint = next.origin().ascii_serialization();
        let context = access
            .beside(context, Role::Content, endpoint)
            .map_err(|error| unfit(&error.to_string()))?;
        let http = context.http();
        let request = match operation.method == "HEAD" {
            true => http.head(next.clone()),
            false => http.get(next.clone()),
        };
        let request = request.header("accept", accept(operation)).build();
        let request = request.map_err(|_| unfit("a request to it cannot be made"))?;
        error = match send(&context, operation, request).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        url = next;
    }
    Err(error.with_note(format!("{MOST} redirects were followed")))
}
