//! Requests outside of the generated clients: to metadata services and the like.

use std::time::Duration;

use http::Method;

use crate::client;
use crate::credentials::Unavailable;
use crate::provider::Answer;

/// More than any of these services answers.
const MAX_ANSWER: usize = 1 << 20;

/// Sends one request that is not signed, over no proxy, and reads the answer, which may have any
/// status.
///
/// Metadata services speak plain HTTP within the machine's own network; nothing secret of ours
/// goes there.
///
/// # Errors
/// [`Failed`](Unavailable::Failed) when the URL is none, or nobody answers in `deadline`.
pub async fn plain_request(
    method: Method,
    url: &str,
    headers: &[(&'static str, &str)],
    deadline: Duration,
) -> Result<Answer, Unavailable> {
    // The URL is shown without what could be a secret in it.
    let target = reqwest::Url::parse(url)
        .map_err(|error| Unavailable::failed(format!("the URL is none: {error}")))?;
    let host = target.host_str().unwrap_or_default();
    let port = target
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let shown = format!("{}://{host}{port}{}", target.scheme(), target.path());
    let failed = |why: &dyn std::fmt::Display| Unavailable::failed(format!("{shown}: {why}"));
    let http =
        client::new(&target, deadline, client::Proxies::Ignored).map_err(|error| failed(&error))?;
    let mut request = http.request(method, target).timeout(deadline);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send().await.map_err(|error| {
        failed(&match () {
            () if error.is_timeout() => "no answer in time",
            () if error.is_connect() => "nobody there",
            () => "the connection failed",
        })
    })?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| failed(&"the answer broke off"))?
    {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(failed(&"the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer {
        status,
        headers,
        body: body.freeze(),
    })
}
