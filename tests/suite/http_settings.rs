//! Tests of proxies, certificates and the caller's own HTTP clients.

use std::sync::Arc;

use openapi_transport::{
    ConnectionFault, Context, ContextBuilder, Error, ErrorKind, HttpSettings, Proxy, RetryPolicy,
    reqwest,
};
use registry_tests::certificates::Authority;
use registry_tests::hostile::{Hostile, Reply};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::subjects::any::{self, Client};

fn context(endpoint: &str, http: &HttpSettings) -> ContextBuilder {
    Context::builder(endpoint, any::dialect())
        .retry(RetryPolicy::never())
        .http(http.clone())
}

async fn call(context: ContextBuilder) -> Result<(), Error> {
    Client::new(context.build()?)
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo")
        .send()
        .await?;
    Ok(())
}

#[tokio::test]
async fn an_authority_of_the_caller_is_trusted() {
    let authority = Authority::new("company");
    let other = Authority::new("other");
    let server = authority.identity(&["127.0.0.1"]);
    let server = Hostile::start_tls(server, |_| Reply::json("[]")).await;

    let default = HttpSettings::default();
    let unknown = call(context(server.endpoint(), &default)).await;
    let unknown = unknown.unwrap_err();
    assert_eq!(
        unknown.connection(),
        Some(ConnectionFault::UntrustedIssuer),
        "{unknown}"
    );
    // One file may have several, and there may be several files.
    let http = default
        .root_certificates(other.pem())
        .root_certificates(format!("{}{}", other.pem(), authority.pem()));
    call(context(server.endpoint(), &http)).await.unwrap();
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_service_that_asks_for_one() {
    let authority = Authority::new("company");
    let server = authority.identity(&["127.0.0.1"]).asking_for(&authority);
    let server = Hostile::start_tls(server, |_| Reply::json("[]")).await;
    let http = HttpSettings::default().root_certificates(authority.pem());

    let refused = call(context(server.endpoint(), &http)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Transport, "{refused}");
    assert_eq!(server.count(), 0);

    let (chain, key) = authority.identity(&["client"]).pem();
    let http = http.client_certificate(chain, key);
    call(context(server.endpoint(), &http)).await.unwrap();
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn calls_go_through_the_proxy_that_is_set() {
    const LOGIN: &str = "Basic Y2k6cEBzczo1MCU=";
    let authority = Authority::new("company");
    let server = authority.identity(&["registry.example"]);
    let server = Hostile::start_tls(server, |_| Reply::json("[]")).await;
    let address = server.host().to_owned();
    let tunnel = Hostile::start(move |_| Reply::Tunnel(address.clone())).await;
    let login = |proxy: Proxy| proxy.login("ci", "p@ss:50%");
    let http = HttpSettings::default().root_certificates(authority.pem());
    let tunnelled = http.clone().proxy(login(Proxy::new(tunnel.endpoint())));
    call(context("https://registry.example", &tunnelled))
        .await
        .unwrap();
    let requests = tunnel.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, "CONNECT");
    assert_eq!(requests[0].target, "registry.example:443");
    assert_eq!(requests[0].header("proxy-authorization"), Some(LOGIN));
    // The login is for the proxy only.
    assert_eq!(server.requests()[0].header("proxy-authorization"), None);

    // A login in the URL is percent-encoded.
    let url = tunnel.endpoint().replace("//", "//ci:p%40ss%3A50%25@");
    let in_url = http.clone().proxy(Proxy::new(url));
    call(context("https://registry.example", &in_url))
        .await
        .unwrap();
    assert_eq!(
        tunnel.requests()[1].header("proxy-authorization"),
        Some(LOGIN)
    );

    // The proxy forwards plain HTTP and sees the whole URL.
    let passes = Hostile::start(|_| Reply::json("[]")).await;
    let http = HttpSettings::default().proxy(Proxy::new(passes.endpoint()));
    let plain = context("http://registry.example", &http).allow_plain_http();
    call(plain).await.unwrap();
    let target = &passes.requests()[0].target;
    assert!(
        target.starts_with("http://registry.example/v2/"),
        "{target}"
    );

    // Calls to loopback never use a proxy, and the caller can disable a proxy.
    let here = Hostile::start(|_| Reply::json("[]")).await;
    for http in [http, HttpSettings::default().proxy(Proxy::none())] {
        call(context(here.endpoint(), &http)).await.unwrap();
    }
    assert_eq!((here.count(), passes.count()), (2, 1));
}

#[tokio::test]
async fn an_error_names_the_proxy_that_is_set() {
    let wants = Hostile::start(|_| Reply::answer(407, &[], "")).await;
    let proxy = Proxy::new(wants.endpoint()).login("ci", "hush");
    let http = HttpSettings::default().proxy(proxy);
    let error = call(context("https://registry.example", &http)).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.connection(),
        Some(ConnectionFault::ProxyAuthentication),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains(&format!("the proxy {}", wants.host())),
        "{text}"
    );
    assert!(!text.contains("hush"), "{text}");
}

fn own_client(authority: &Authority, redirect: reqwest::redirect::Policy) -> HttpSettings {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = reqwest::Client::builder()
        .redirect(redirect)
        .tls_backend_preconfigured(tls)
        .build();
    HttpSettings::from_client(client.unwrap())
}

#[tokio::test]
async fn calls_go_through_a_client_of_the_callers_own() {
    let authority = Authority::new("company");
    let server = authority.identity(&["127.0.0.1"]);
    let server = Hostile::start_tls(server, |request| match request.path() {
        "/elsewhere" => Reply::json("[]"),
        _ => Reply::answer(307, &[("location", "/elsewhere")], ""),
    })
    .await;
    let http = own_client(&authority, reqwest::redirect::Policy::none());
    let error = call(context(server.endpoint(), &http)).await.unwrap_err();
    assert_eq!(error.status(), Some(307), "{error}");
    assert_eq!(error.redirect(), Some("/elsewhere"));

    let http = own_client(&authority, reqwest::redirect::Policy::default());
    let error = call(context(server.endpoint(), &http)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    let text = error.to_string();
    assert!(
        text.contains("the HTTP client followed a redirect"),
        "{text}"
    );
}

#[tokio::test]
async fn invalid_settings_are_refused_before_anything_is_sent() {
    let authority = Authority::new("company");
    let (chain, key) = authority.identity(&["client"]).pem();
    let (_, other_key) = authority.identity(&["client"]).pem();
    let http = HttpSettings::default;
    let own = own_client(&authority, reqwest::redirect::Policy::none());
    for (http, says) in [
        (
            http().proxy(Proxy::new("socks5://ci:hush@proxy.example")),
            "invalid proxy URL: unsupported scheme socks5; use http://HOST:PORT",
        ),
        (
            http().root_certificates("hush"),
            "invalid root certificate: it has no certificate in PEM format",
        ),
        (
            http().root_certificates(
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ),
            "invalid root certificate",
        ),
        (
            http().client_certificate("hush", key.clone()),
            "invalid client certificate: it has no certificate in PEM format",
        ),
        (
            http().client_certificate(chain.clone(), "hush"),
            "invalid client certificate key: no private key in PEM format",
        ),
        (
            http().client_certificate(chain, other_key),
            "invalid client certificate: ",
        ),
        (
            own.proxy(Proxy::none()),
            "invalid HTTP settings: a proxy or certificate has no effect",
        ),
    ] {
        let refused = context("https://registry.example", &http).build();
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let text = error.to_string();
        assert!(text.starts_with(says), "{text}");
        assert!(!text.contains("hush"), "{text}");
    }
}
