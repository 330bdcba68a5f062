//! The HTTP client under every call.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::error::Error;
use crate::http_settings::{HttpSettings, Identity, Route};

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

/// Returns the host and port of a URL as text for people.
pub(crate) fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Builds the client for calls to `endpoint`. Also returns the proxy that it uses, as text for
/// people.
///
/// The client follows no redirect, because a redirect would send the credentials elsewhere.
pub(crate) fn new(
    endpoint: &Url,
    connect: Duration,
    settings: &HttpSettings,
) -> Result<(reqwest::Client, Option<String>), Error> {
    if let Some(client) = settings.own_client()? {
        return Ok((client.clone(), None));
    }
    let failed = |error: &dyn std::fmt::Display| {
        Error::configuration(format!("cannot set up HTTP: {error}"))
    };
    // All settings are checked, also those that this endpoint does not need.
    let (route, roots, identity) = (settings.route()?, settings.roots()?, settings.identity()?);
    let via_tls = matches!(&route, Route::Fixed { is_tls: true, .. });
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?;
    let tls = if endpoint.scheme() == "https" || via_tls {
        check_certificates()?;
        let verifier = Verifier::new_with_extra_roots(roots, provider);
        let verifier = verifier.map_err(|error| match settings.has_roots() {
            true => Error::configuration(format!(
                "invalid root certificate, or no certificates of the system: {error}"
            )),
            false => failed(&error),
        })?;
        tls.dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
    } else {
        // Reading the system's certificates takes time and can fail; plain HTTP needs none.
        tls.with_root_certificates(rustls::RootCertStore::empty())
    };
    let tls = match identity {
        Some(Identity { chain, key }) => tls.with_client_auth_cert(chain, key).map_err(|error| {
            Error::configuration(format!(
                "invalid client certificate: {error}; pass a certificate and the key that belongs \
                 to it"
            ))
        })?,
        None => tls.with_no_client_auth(),
    };
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(connect)
        // Ends before the connect deadline, so that the error names the right fault.
        .dns_resolver(Names(connect.mul_f64(0.8)))
        .tls_backend_preconfigured(tls);
    let (builder, proxy) = match route {
        _ if is_loopback(endpoint) => (builder.no_proxy(), None),
        Route::Direct => (builder.no_proxy(), None),
        Route::Environment => (builder, environment_proxy(endpoint)),
        // With a proxy set, reqwest ignores the environment's.
        Route::Fixed { proxy, shown, .. } => (builder.proxy(*proxy), Some(shown)),
    };
    let client = builder.build().map_err(|error| failed(&error))?;
    Ok((client, proxy))
}

/// Returns the host and port of the proxy that the environment names for calls to `endpoint`, as
/// text for people.
fn environment_proxy(endpoint: &Url) -> Option<String> {
    let uri: http::Uri = endpoint.as_str().parse().ok()?;
    let found = hyper_util::client::proxy::matcher::Matcher::from_system().intercept(&uri)?;
    let host = found.uri().host()?;
    Some(match found.uri().port_u16() {
        Some(port) => format!("the proxy {host}:{port}"),
        None => format!("the proxy {host}"),
    })
}

/// Name resolver with a time limit.
struct Names(Duration);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let limit = self.0;
        Box::pin(async move {
            let asking = tokio::net::lookup_host((name.as_str(), 0));
            match tokio::time::timeout(limit, asking).await {
                Ok(Ok(found)) => Ok(Box::new(found.collect::<Vec<_>>().into_iter()) as Addrs),
                Ok(Err(error)) => Err(error.into()),
                Err(_) => {
                    let what = "no answer from the name service";
                    Err(io::Error::other(what).into())
                }
            }
        })
    }
}

/// Checks the certificate files that the environment names instead of the system's. The loader of
/// these files only logs what it cannot read.
fn check_certificates() -> Result<(), Error> {
    // Other systems have their own store, and the loader does not read the variables.
    if cfg!(any(
        not(unix),
        target_vendor = "apple",
        target_os = "android"
    )) {
        return Ok(());
    }
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        let count = certificates_in(Path::new(&file));
        check_source("SSL_CERT_FILE", Path::new(&file), count)?;
    }
    if let Some(paths) = std::env::var_os("SSL_CERT_DIR") {
        for path in std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()) {
            let readable = std::fs::read_dir(&path).map(|_| 1);
            check_source("SSL_CERT_DIR", &path, readable.map_err(|e| e.to_string()))?;
        }
    }
    Ok(())
}

fn check_source(name: &str, path: &Path, count: Result<usize, String>) -> Result<(), Error> {
    let why = match count {
        Ok(0) => "has no certificate in PEM format".to_owned(),
        Ok(_) => return Ok(()),
        Err(why) => format!("cannot be read: {why}"),
    };
    let path = path.display();
    Err(Error::configuration(format!(
        "{name}={path} {why}; correct the path, or unset {name} to use the system's certificates"
    )))
}

/// Counts the certificates in a file.
fn certificates_in(file: &Path) -> Result<usize, String> {
    // Opening a pipe blocks until its other end is open.
    let metadata = std::fs::metadata(file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let found = CertificateDer::pem_file_iter(file).map_err(|error| error.to_string())?;
    Ok(found.filter(Result::is_ok).count())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_certificates_that_cannot_be_used_is_named() {
        let here = std::env::temp_dir().join(format!("certificates-{}", std::process::id()));
        std::fs::create_dir_all(&here).unwrap();
        let empty = here.join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        let check = |path: &Path| {
            let found = check_source("SSL_CERT_FILE", path, certificates_in(path));
            found.unwrap_err().to_string()
        };
        let says = check(&empty);
        assert!(says.starts_with(&format!("SSL_CERT_FILE={} ", empty.display())));
        assert!(says.contains("has no certificate in PEM format; correct the path"));
        let says = check(&here.join("none.pem"));
        assert!(says.contains("cannot be read: No such file"), "{says}");
        let says = check(&here);
        assert!(says.contains("it is not a regular file"), "{says}");
        std::fs::remove_dir_all(&here).unwrap();
    }
}
