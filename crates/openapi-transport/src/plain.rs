//! Requests outside of the generated clients, such as to metadata services.

use std::time::Duration;

use http::Method;

use crate::client;
use crate::connection::{self, ConnectionFault as Fault, Diagnosis};
use crate::credentials::SourceError;
use crate::dialect::Answer;
use crate::http_settings::{HttpSettings, Proxy};

/// Limit of an answer, in bytes. These services send less.
const MAX_ANSWER: usize = 1 << 20;

/// Sends one unsigned request without a proxy. Returns the answer, whatever its status.
///
/// Metadata services use plain HTTP within the machine's own network. This function does not check
/// the host: a caller with a token in its headers must know that the host may have the token. No error
/// shows a header.
///
/// # Errors
/// [`NotSet`](SourceError::NotSet) when no service answers, as outside of the vendor's machines.
/// [`Failed`](SourceError::Failed) when the URL is invalid or no complete answer arrives within
/// `deadline`.
pub async fn plain_request(
    method: Method,
    url: &str,
    headers: &[(&'static str, &str)],
    deadline: Duration,
) -> Result<Answer, SourceError> {
    // Errors show the URL without the parts that could be a secret.
    let target = reqwest::Url::parse(url)
        .map_err(|error| SourceError::failed(format!("invalid URL: {error}")))?;
    let host = target.host_str().unwrap_or_default();
    let port = target
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let shown = format!("{}://{host}{port}{}", target.scheme(), target.path());
    let failed = |why: &dyn std::fmt::Display| SourceError::failed(format!("{shown}: {why}"));
    let settings = HttpSettings::default().proxy(Proxy::none());
    let (http, _) =
        client::new(&target, deadline / 2, &settings).map_err(|error| failed(&error))?;
    let mut request = http.request(method, target).timeout(deadline);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = request.send().await.map_err(|error| match () {
        () if error.is_connect() => match connection::diagnose(&error, None) {
            // The service is there, but the connection to it fails.
            Diagnosis {
                fault:
                    Fault::UntrustedIssuer
                    | Fault::NameMismatch
                    | Fault::Expired
                    | Fault::InvalidCertificate
                    | Fault::Tls,
                reason,
                ..
            } => failed(&reason),
            _ => SourceError::not_set(format!("{shown}: no service answers there")),
        },
        () if error.is_timeout() => failed(&"no answer in time"),
        () => failed(&"the connection failed"),
    })?;
    let status = response.status();
    let headers = std::mem::take(response.headers_mut());
    let mut body = bytes::BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| match error.is_timeout() {
            true => failed(&"no answer in time"),
            false => failed(&"the connection closed in the middle of the answer"),
        })?
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
