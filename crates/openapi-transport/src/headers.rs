//! Headers that every signer writes.

use reqwest::Request;
use reqwest::header::{HeaderName, HeaderValue};

use crate::error::Error;

/// Returns the `Host` of a request. It has a port only if that is not the scheme's default.
pub fn host(request: &Request) -> String {
    let url = request.url();
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Sets a header. A secret one is marked as sensitive, so that nothing prints it.
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

/// Returns headers in their signed form: one line `name:value` for each, and the names joined by
/// `;`. The pairs must be lowercase and sorted.
pub fn canonical(headers: &[(String, String)]) -> (String, String) {
    let lines = headers
        .iter()
        .map(|(name, value)| format!("{name}:{value}\n"))
        .collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    (lines, names.join(";"))
}
