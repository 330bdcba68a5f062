//! The HTTP client under every call.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::redirect::Policy;

use crate::error::Error;

/// Whether a URL's host is this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// Whether the proxies that the environment names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxies {
    OfEnvironment,
    Ignored,
}

/// A client that follows no redirect, since a redirect would carry the credentials elsewhere.
pub(crate) fn new(
    endpoint: &Url,
    connect: Duration,
    proxies: Proxies,
) -> Result<reqwest::Client, Error> {
    let unfit = |error: &dyn std::fmt::Display| {
        Error::configuration(format!("cannot set up HTTP: {error}"))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unfit(&error))?;
    let tls = if endpoint.scheme() == "https" {
        use rustls_platform_verifier::BuilderVerifierExt;
        tls.with_platform_verifier()
            .map_err(|error| unfit(&error))?
            .with_no_client_auth()
    } else {
        // Reading the system's certificates takes time and can fail; plain HTTP needs none.
        tls.with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth()
    };
    let mut builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(connect)
        .tls_backend_preconfigured(tls);
    if proxies == Proxies::Ignored || is_loopback(endpoint) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| unfit(&error))
}
