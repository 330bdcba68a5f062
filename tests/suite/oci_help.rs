//! What the program and the client say about connections and logins that fail.

use futures_util::StreamExt;
use openapi_transport::{ContextBuilder, RetryPolicy, Surroundings};
use registry_replication::oci::Hosts;
use registry_replication::{Checkup, Settings, clouds};
use registry_tests::certificates::Authority;
use registry_tests::hostile::{Hostile, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::oci::{MANIFEST, MANIFEST_DIGEST as DIGEST};
use crate::program::run;

fn manifest() -> Reply {
    Reply::answer(200, &[("docker-content-digest", DIGEST)], MANIFEST)
}

async fn program(words: Vec<String>) -> (u8, String, String) {
    let run = move || run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test]
async fn an_error_of_tls_names_the_option_that_helps() {
    let (known, other) = (Authority::new("company"), Authority::new("other"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, known.pem()).unwrap();
    let file = file.to_str().unwrap();
    let good = Hostile::start_tls(known.identity(&["127.0.0.1"]), |_| manifest()).await;
    let bad = Hostile::start_tls(other.identity(&["127.0.0.1"]), |_| manifest()).await;
    let web = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let web_address = web.local_addr().unwrap().to_string();
    // A server without TLS answers the first bytes of a handshake.
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = web.accept().await.unwrap();
            let text = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n";
            stream.write_all(text).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    });
    let plain = Hostile::start(|_| manifest()).await;
    for (server, more, code, says) in [
        // With a file of authorities, this machine is called with TLS.
        (good.host(), &["--ca-file", file][..], 0, String::new()),
        (
            bad.host(),
            &["--ca-file", file],
            1,
            "hint: use --ca-file FILE with the issuer".to_owned(),
        ),
        (
            web_address.as_str(),
            &["--ca-file", file],
            1,
            format!("hint: if the registry speaks plain HTTP, use --plain-http {web_address}"),
        ),
        (
            plain.host(),
            &["--ca-file", file, "--plain-http", plain.host()],
            0,
            String::new(),
        ),
        (plain.host(), &[], 0, String::new()),
    ] {
        let image = format!("{}/team/api:v1", server);
        let words = ["status", image.as_str()]
            .into_iter()
            .chain(more.iter().copied());
        let (found, _, err) = program(words.map(str::to_owned).collect()).await;
        assert_eq!(found, code, "{err}");
        assert!(err.contains(&says), "{says}: {err}");
    }
}

#[tokio::test]
async fn a_registry_that_requires_a_login_names_the_check() {
    let challenge = &[("www-authenticate", "Basic realm=\"x\"")];
    let server = Hostile::start(|_| Reply::answer(401, challenge, "{}")).await;
    let host = server.host().to_owned();
    let (code, _, err) = program(vec!["status".to_owned(), format!("{host}/team/api:v1")]).await;
    assert_eq!(code, 7, "{err}");
    let says = format!("hint: run `imgtrack doctor --registry oci --host {host}`");
    assert!(err.contains(&says), "{err}");
    let words = ["doctor", "--registry", "oci", "--host", &host];
    let (_, out, _) = program(words.map(str::to_owned).to_vec()).await;
    assert!(out.contains("none, so access is anonymous"), "{out}");
}

#[tokio::test]
async fn a_login_that_cannot_be_read_is_a_failed_check() {
    let server = Hostile::start(|_| Reply::answer(200, &[], "{}")).await;
    let host = server.host();
    let helper = format!(r#"{{"credHelpers":{{"{host}":"no-such-helper"}}}}"#);
    let undecoded = format!(r#"{{"auths":{{"{host}":{{"auth":"!!!"}}}}}}"#);
    for (config, state, why) in [
        ("{}", "skipped", "no login for"),
        ("{broken", "failed", "DOCKER_AUTH_CONFIG (is not JSON)"),
        (
            &helper,
            "failed",
            "docker-credential-no-such-helper: is not on PATH",
        ),
        (&undecoded, "failed", "auth cannot be decoded"),
    ] {
        let config = config.to_owned();
        let around =
            Surroundings::new(move |name| (name == "DOCKER_AUTH_CONFIG").then(|| config.clone()));
        let settings = Settings::new().set("host", host);
        let checkup = Checkup::new(settings).surroundings(around);
        let cloud = clouds().find(|cloud| cloud.name == "oci").unwrap();
        let findings: Vec<_> = cloud.check(checkup).collect().await;
        let login = findings.iter().find(|one| one.check == "credentials");
        let login = login.unwrap();
        assert_eq!(login.state.as_str(), state, "{findings:?}");
        let advice = login.advice.as_deref().unwrap();
        assert!(advice.contains(why), "{why}: {advice}");
    }
}

#[tokio::test]
async fn a_rejected_login_says_where_it_comes_from() {
    for (status, says) in [
        (401, "the rejected login is from DOCKER_AUTH_CONFIG"),
        (403, "the login is from DOCKER_AUTH_CONFIG"),
    ] {
        let server = Hostile::start(move |request| {
            let challenge = &[("www-authenticate", "Basic realm=\"x\"")];
            match request.header("authorization") {
                Some(_) => Reply::answer(status, challenge, "{}"),
                None => Reply::answer(401, challenge, "{}"),
            }
        })
        .await;
        // robot:hush
        let config = format!(
            r#"{{"auths":{{"{}":{{"auth":"cm9ib3Q6aHVzaA=="}}}}}}"#,
            server.host()
        );
        let around =
            Surroundings::new(move |name| (name == "DOCKER_AUTH_CONFIG").then(|| config.clone()));
        let once = |context: ContextBuilder| context.retry(RetryPolicy::never()).rate_limit(None);
        let hosts = Hosts::new().surroundings(around).configure(once);
        let client = hosts.client(server.host()).unwrap();
        let error = client
            .manifest("team/api", "v1")
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains(says), "{status}: {error}");
        assert!(
            !error.contains("hush") && !error.contains("cm9i"),
            "{error}"
        );
    }
}
