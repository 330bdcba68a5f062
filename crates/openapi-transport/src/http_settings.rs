//! Settings of connections: proxy, certificates, or the caller's own client.

use std::fmt;

use reqwest::Url;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::client;
use crate::error::Error;
use crate::secret::Secret;

/// Settings of the connections of a [`Context`](crate::Context): proxy, certificates, or the
/// caller's own client.
///
/// By default, connections use the proxies of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, trust the certificates of the system (or of `SSL_CERT_FILE` and `SSL_CERT_DIR`), and
/// show no client certificate.
///
/// Connections to loopback never use a proxy.
///
/// A company's proxy, authority and client certificate:
///
/// ```
/// use openapi_transport::{HttpSettings, Proxy, Secret};
///
/// # fn read(_: &str) -> String { String::new() }
/// let http = HttpSettings::default()
///     .proxy(Proxy::new("http://proxy.example:3128").login("ci", Secret::from("p@ss")))
///     .root_certificates(read("company-ca.pem"))
///     .client_certificate(read("client.pem"), read("client.key"));
/// ```
///
/// The caller's own client:
///
/// ```
/// use openapi_transport::{HttpSettings, reqwest};
///
/// # fn example() -> Result<(), reqwest::Error> {
/// let client = reqwest::Client::builder()
///     .redirect(reqwest::redirect::Policy::none())
///     .build()?;
/// let http = HttpSettings::from_client(client);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct HttpSettings {
    client: Option<reqwest::Client>,
    pub(crate) proxy: Proxy,
    roots: Vec<Vec<u8>>,
    identity: Option<(Vec<u8>, Secret)>,
}

/// Proxy for connections to other machines.
///
/// `Debug` shows neither URL nor login.
#[derive(Clone, Default)]
pub struct Proxy(Choice);

#[derive(Clone, Default)]
enum Choice {
    #[default]
    Environment,
    Direct,
    Fixed {
        url: Secret,
        login: Option<(String, Secret)>,
    },
}

/// Validated proxy.
#[derive(Debug)]
pub(crate) enum Route {
    Environment,
    Direct,
    Fixed {
        proxy: Box<reqwest::Proxy>,
        /// Host and port, for people.
        shown: String,
        is_tls: bool,
    },
}

/// A certificate with its chain, and its key.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Proxy {
    /// Uses the proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name. This is
    /// the default.
    pub fn environment() -> Self {
        Self(Choice::Environment)
    }

    /// Uses no proxy, and ignores the environment.
    pub fn none() -> Self {
        Self(Choice::Direct)
    }

    /// Uses the proxy at this URL, `http://HOST:PORT` or `https://HOST:PORT`, and ignores the
    /// environment.
    ///
    /// The URL may have a user name and a password, percent-encoded: `http://USER:PASSWORD@HOST`.
    /// Calls over TLS go through a tunnel (`CONNECT`), so the proxy sees only the host.
    pub fn new(url: impl Into<Secret>) -> Self {
        Self(Choice::Fixed {
            url: url.into(),
            login: None,
        })
    }

    /// Sets user name and password for the proxy, without any encoding. Only a proxy with a URL has
    /// a login.
    #[must_use]
    pub fn login(self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        match self.0 {
            Choice::Fixed { url, .. } => Self(Choice::Fixed {
                url,
                login: Some((user.into(), password.into())),
            }),
            other => Self(other),
        }
    }

    fn route(&self) -> Result<Route, Error> {
        let (url, login) = match &self.0 {
            Choice::Environment => return Ok(Route::Environment),
            Choice::Direct => return Ok(Route::Direct),
            Choice::Fixed { url, login } => (url, login),
        };
        // The URL may hold a password, so no error shows it.
        let invalid = |why: &str| {
            Error::configuration(format!(
                "invalid proxy URL: {why}; use http://HOST:PORT or https://HOST:PORT"
            ))
        };
        let mut parsed = Url::parse(url.expose()).map_err(|error| invalid(&error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(invalid(&format!("unsupported scheme {}", parsed.scheme())));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() || parsed.path() != "/" {
            return Err(invalid("it has more than a host and a port"));
        }
        if let Some((user, password)) = login {
            let set = parsed.set_username(user);
            let set = set.and_then(|()| parsed.set_password(Some(password.expose())));
            set.map_err(|()| invalid("it cannot have a login"))?;
        }
        let shown = format!("the proxy {}", client::address(&parsed));
        let is_tls = parsed.scheme() == "https";
        let proxy = reqwest::Proxy::all(parsed).map_err(|_| invalid("it cannot be used"))?;
        let proxy = Box::new(proxy);
        Ok(Route::Fixed {
            proxy,
            shown,
            is_tls,
        })
    }
}

impl HttpSettings {
    /// Sends calls through `client`, which has its own proxy, certificates and connect deadline.
    ///
    /// The client must not follow redirects (`redirect(Policy::none())`): a redirect would carry
    /// credentials to another host. An answer that arrives after a redirect is an error, but the
    /// credentials have then left.
    ///
    /// TLS is the caller's choice: this crate enables `reqwest`'s feature `rustls-no-provider`, so a
    /// client needs `tls_backend_preconfigured`, or another TLS feature of `reqwest`.
    pub fn from_client(client: reqwest::Client) -> Self {
        Self {
            client: Some(client),
            ..Self::default()
        }
    }

    /// Sets the proxy. [default: [`Proxy::environment`]]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Trusts the certificates in this PEM text in addition to those of the system. Repeatable.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Shows this certificate to a service that asks for one: PEM texts of the certificate with its
    /// chain, and of its unencrypted key.
    #[must_use]
    pub fn client_certificate(mut self, chain: impl Into<Vec<u8>>, key: impl Into<Secret>) -> Self {
        self.identity = Some((chain.into(), key.into()));
        self
    }

    /// Returns the caller's own client, if any. Checks that no other setting is present.
    pub(crate) fn own_client(&self) -> Result<Option<&reqwest::Client>, Error> {
        let has_more = !matches!(self.proxy.0, Choice::Environment)
            || !self.roots.is_empty()
            || self.identity.is_some();
        match &self.client {
            Some(_) if has_more => Err(Error::configuration(
                "invalid HTTP settings: a proxy or certificate has no effect on a client of your \
                 own; set it on the reqwest::Client",
            )),
            client => Ok(client.as_ref()),
        }
    }

    pub(crate) fn route(&self) -> Result<Route, Error> {
        self.proxy.route()
    }

    pub(crate) fn has_roots(&self) -> bool {
        !self.roots.is_empty()
    }

    pub(crate) fn roots(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        let mut all = Vec::new();
        for pem in &self.roots {
            all.extend(certificates(pem, "root certificate")?);
        }
        Ok(all)
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, Error> {
        let Some((chain, key)) = &self.identity else {
            return Ok(None);
        };
        let chain = certificates(chain, "client certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| {
            Error::configuration(
                "invalid client certificate key: no private key in PEM format; pass an unencrypted \
                 PKCS #8, PKCS #1 or SEC1 key",
            )
        })?;
        Ok(Some(Identity { chain, key }))
    }
}

/// Reads the certificates of a PEM text, at least one.
fn certificates(pem: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let invalid = |why: &str| {
        Error::configuration(format!(
            "invalid {name}: {why}; pass PEM text that begins with -----BEGIN CERTIFICATE-----"
        ))
    };
    let all = all.map_err(|error| invalid(&error.to_string()))?;
    match all.is_empty() {
        true => Err(invalid("it has no certificate in PEM format")),
        false => Ok(all),
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Choice::Environment => "Proxy::environment",
            Choice::Direct => "Proxy::none",
            Choice::Fixed { .. } => "Proxy::new(…)",
        })
    }
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings")
            .field("own_client", &self.client.is_some())
            .field("proxy", &self.proxy)
            .field("root_certificates", &self.roots.len())
            .field("client_certificate", &self.identity.is_some())
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_proxy_is_refused_and_not_shown() {
        for (url, why) in [
            ("proxy.example:3128", "unsupported scheme proxy.example"),
            (
                "socks5://user:hush@proxy.example",
                "unsupported scheme socks5",
            ),
            (
                "http://user:hush@proxy.example/path",
                "more than a host and a port",
            ),
            ("http://user:hush@", "empty host"),
        ] {
            let error = Proxy::new(url).route().unwrap_err().to_string();
            assert!(error.starts_with("invalid proxy URL: "), "{error}");
            assert!(error.contains(why), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
        let proxy = Proxy::new("http://proxy.example").login("user", "hush");
        assert!(!format!("{proxy:?}").contains("hush"));
        let Route::Fixed { shown, .. } = proxy.route().unwrap() else {
            panic!("no proxy");
        };
        assert_eq!(shown, "the proxy proxy.example:80");
    }

    #[test]
    fn an_invalid_pem_text_is_refused() {
        let settings = HttpSettings::default();
        for pem in [
            "",
            "hush",
            "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        ] {
            let error = settings.clone().root_certificates(pem).roots();
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("invalid root certificate: "), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
