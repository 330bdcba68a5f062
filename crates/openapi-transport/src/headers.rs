//! Headers that every signer writes.

use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};

use crate::error::Error;

/// The `Host` that a request will carry: with the port only where it is not the scheme's own.
pub fn host(request: &Request) -> String {
    let url = request.url();
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Sets a header; a secret one is marked so that nothing prints it.
///
/// # Errors
/// Of kind [`Credentials`](crate::ErrorKind::Credentials) when the value has characters that a
/// header cannot hold. The error names the header and does not show the value.
pub fn set(
    request: &mut Request,
    name: &'static str,
    value: &str,
    secret: bool,
) -> Result<(), Error> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        Error::credentials(format!(
            "invalid value for header {name}: a header cannot hold its characters"
        ))
    })?;
    header.set_sensitive(secret);
    request
        .headers_mut()
        .insert(HeaderName::from_static(name), header);
    Ok(())
}

/// Headers in the form that both signature schemes here sign: a line `name:value` each, and the
/// names joined by `;`. The pairs are lowercase and sorted already.
pub fn canonical(headers: &[(String, String)]) -> (String, String) {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    (lines, names.join(";"))
}
