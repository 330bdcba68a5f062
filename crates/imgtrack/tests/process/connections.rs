//! Tests of failing connections and their reported faults: certificates, proxies and names, which the
//! environment of a process sets.

use std::path::Path;
use std::process::{Command, Output};

use registry_tests::certificates::Authority;
use registry_tests::hostile::{Hostile, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{any, imgtrack};

/// Output of a run, and its exit code.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Run {
    async fn of(mut command: Command) -> Self {
        let run = move || command.output().unwrap();
        let output: Output = tokio::task::spawn_blocking(run).await.unwrap();
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Makes a command with a key and these variables.
fn command(variables: &[(&str, &str)]) -> Command {
    let mut command = imgtrack();
    command
        .envs(any::key("AK", "SK"))
        .envs(variables.iter().copied());
    command
}

/// Runs one call to `endpoint`.
async fn rules(endpoint: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = command(variables);
    command.args(["rules", "team/api"]);
    command.args(any::OPTIONS).args(["--endpoint", endpoint]);
    Run::of(command).await
}

/// Returns the doctor's line about the call to IAM at `endpoint`, as JSON.
async fn doctor(endpoint: &str, variables: &[(&str, &str)]) -> serde_json::Value {
    let mut command = command(variables);
    command
        .arg("doctor")
        .args(any::OPTIONS)
        .args(["--region", "cn-north-4", "-o", "json"])
        .env(any::DOCTOR_ENDPOINT, endpoint);
    let run = Run::of(command).await;
    assert_eq!(run.code, Some(1), "{}{}", run.out, run.err);
    let findings: Vec<serde_json::Value> = serde_json::from_str(&run.out).unwrap();
    let call = findings.iter().find(|finding| finding["check"] == "call");
    call.unwrap_or_else(|| panic!("no call in {}", run.out))
        .clone()
}

fn rules_reply() -> Reply {
    Reply::json("[]")
}

fn port(endpoint: &str) -> &str {
    endpoint.rsplit(':').next().unwrap()
}

/// Starts a server that answers every input as a plain HTTP server does. Returns its URL with `https`.
async fn plain_http() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            let _ = stream.write_all(answer).await;
        }
    });
    format!("https://localhost:{}", address.port())
}

/// Returns a port of loopback at which nothing listens.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn write(path: &Path, text: &str) -> String {
    std::fs::write(path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_told_apart_and_not_tried_again() {
    let here = tempfile::tempdir().unwrap();
    let authority = Authority::new("ours");
    let trusted = write(&here.path().join("ca.pem"), &authority.pem());
    let other = write(
        &here.path().join("other.pem"),
        &Authority::new("other").pem(),
    );
    // Like a recreated authority.
    let again = write(
        &here.path().join("again.pem"),
        &Authority::new("ours").pem(),
    );
    let good = authority.identity(&["localhost"]);
    let good = Hostile::start_tls(good, |_| rules_reply()).await;
    let named = authority.identity(&["registry.corp.example"]);
    let named = Hostile::start_tls(named, |_| rules_reply()).await;
    let expired = Hostile::start_tls(authority.expired(&["localhost"]), |_| rules_reply()).await;
    let plain = plain_http().await;
    let at = |server: &Hostile| format!("https://localhost:{}", port(server.endpoint()));

    // SSL_CERT_FILE names the certificates to trust.
    let run = rules(&at(&good), &[("SSL_CERT_FILE", &trusted)]).await;
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert!(good.count() >= 1);

    for (endpoint, trusts, fault, says, hint) in [
        (
            at(&good),
            &other,
            "untrusted-issuer",
            "the issuer of the certificate is not trusted",
            "set SSL_CERT_FILE to a PEM file",
        ),
        (
            at(&good),
            &again,
            "untrusted-issuer",
            "a trusted issuer of the same name did not sign the certificate",
            "set SSL_CERT_FILE to a PEM file",
        ),
        (
            at(&named),
            &trusted,
            "name-mismatch",
            "the certificate is for another name: registry.corp.example",
            "use a host name from the certificate",
        ),
        (
            at(&expired),
            &trusted,
            "certificate-expired",
            "the certificate expired at 2021-01-01T00:00:00Z",
            "check this machine's clock",
        ),
        (
            plain,
            &trusted,
            "tls",
            "the service does not speak TLS",
            "a service that speaks plain HTTP cannot answer https",
        ),
    ] {
        let host = endpoint.trim_start_matches("https://");
        let variables = [("SSL_CERT_FILE", trusts.as_str())];
        let run = rules(&endpoint, &variables).await;
        assert_eq!(run.code, Some(1), "{fault}: {}", run.err);
        // One line of error without attempts, and one of what to do.
        let lines: Vec<&str> = run.err.lines().collect();
        let expected =
            format!("error: ListImageAutoSyncReposDetails: cannot connect to {host}: {says}");
        assert_eq!(lines.len(), 2, "{fault}: {}", run.err);
        assert_eq!(lines[0], expected);
        assert!(lines[1].starts_with("  hint: "), "{}", run.err);
        assert!(lines[1].contains(hint), "{}", run.err);

        let found = doctor(&endpoint, &variables).await;
        assert_eq!(found["fault"], fault, "{found}");
        assert!(found["found"].as_str().unwrap().contains(says), "{found}");
        assert!(found["advice"].as_str().unwrap().contains(hint), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_certificates_that_cannot_be_used_is_named() {
    let here = tempfile::tempdir().unwrap();
    let empty = write(&here.path().join("empty.pem"), "");
    let none = here.path().join("none.pem").to_str().unwrap().to_owned();
    let directory = here.path().to_str().unwrap();
    for (name, path, says) in [
        ("SSL_CERT_FILE", none.as_str(), "cannot be read: No such"),
        ("SSL_CERT_FILE", &empty, "has no certificate in PEM format"),
        ("SSL_CERT_FILE", directory, "it is not a regular file"),
        ("SSL_CERT_DIR", none.as_str(), "cannot be read: No such"),
    ] {
        let run = rules("https://localhost:9", &[(name, path)]).await;
        assert_eq!(run.code, Some(2), "{}", run.err);
        assert!(
            run.err.starts_with(&format!("error: {name}={path} ")),
            "{}",
            run.err
        );
        assert!(run.err.contains(says), "{}", run.err);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxies_are_told_apart() {
    let here = tempfile::tempdir().unwrap();
    let trusted = write(&here.path().join("ca.pem"), &Authority::new("ours").pem());
    // A corporate proxy that decrypts TLS shows a certificate of its own authority.
    let corporate = Authority::new("corporate").identity(&["registry.corp.example"]);
    let corporate = Hostile::start_tls(corporate, |_| rules_reply()).await;
    let address = corporate.host().to_owned();
    let reads_along = Hostile::start(move |_| Reply::Tunnel(address.clone())).await;
    let wants_login = Hostile::start(|_| Reply::answer(407, &[], "")).await;
    let refuses = Hostile::start(|_| Reply::answer(403, &[], "no")).await;
    let hangs_up = Hostile::start(|_| Reply::HangUp).await;
    let dead = format!("127.0.0.1:{}", free_port());
    // A label of more than 63 characters is invalid, and every resolver rejects it without a query.
    let unknown = format!("{}.example:3128", "a".repeat(64));

    for (proxy, fault, says, hint, asked) in [
        (
            reads_along.host(),
            "untrusted-issuer",
            "the issuer of the certificate is not trusted, behind the proxy {proxy}",
            "set SSL_CERT_FILE to a PEM file",
            Some(&reads_along),
        ),
        (
            wants_login.host(),
            "proxy-authentication",
            "the proxy {proxy} requires a user name and a password (HTTP 407)",
            "set HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
            Some(&wants_login),
        ),
        (
            refuses.host(),
            "proxy-refused",
            "the proxy {proxy} refuses to connect to the host",
            "allow the host in the proxy",
            None,
        ),
        (
            hangs_up.host(),
            "proxy-refused",
            "the proxy {proxy} closed the connection or gave no valid answer \
             (unexpected end of file)",
            "allow the host in the proxy",
            None,
        ),
        (
            dead.as_str(),
            "proxy-unreachable",
            "the proxy {proxy} cannot be reached: connection refused",
            "correct or unset HTTPS_PROXY",
            None,
        ),
        (
            unknown.as_str(),
            "proxy-unreachable",
            "the proxy {proxy} cannot be reached: the name cannot be resolved (",
            "correct or unset HTTPS_PROXY",
            None,
        ),
    ] {
        // The password of a proxy is not shown.
        let url = format!("http://user:hush@{proxy}");
        let variables = [("HTTPS_PROXY", url.as_str()), ("SSL_CERT_FILE", &trusted)];
        let endpoint = "https://registry.corp.example";
        let run = rules(endpoint, &variables).await;
        assert_eq!(run.code, Some(1), "{fault}: {}", run.err);
        let says = says.replace("{proxy}", proxy);
        let begin = "error: ListImageAutoSyncReposDetails: cannot connect to \
                     registry.corp.example:443: ";
        let expected = format!("{begin}{says}");
        assert!(run.err.starts_with(&expected), "{fault}: {}", run.err);
        assert_eq!(run.err.lines().count(), 2, "{fault}: {}", run.err);
        assert!(run.err.contains(hint), "{fault}: {}", run.err);
        assert!(!run.err.contains("hush"), "{fault}: {}", run.err);
        // A permanent failure is not retried.
        if let Some(asked) = asked {
            assert_eq!(asked.count(), 1, "{fault}");
        }

        let found = doctor(endpoint, &variables).await;
        assert_eq!(found["fault"], fault, "{found}");
        assert!(found["found"].as_str().unwrap().contains(&says), "{found}");
        assert!(found["advice"].as_str().unwrap().contains(hint), "{found}");
        assert!(!found.to_string().contains("hush"), "{found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_does_not_exist_and_a_port_that_is_closed_are_told_apart() {
    let nowhere = format!("https://{}.example", "a".repeat(64));
    let closed = format!("http://localhost:{}", free_port());
    for (endpoint, fault, says, hint) in [
        (
            &nowhere,
            "dns",
            "the name cannot be resolved (invalid dns name)",
            "check the spelling of the host or region",
        ),
        (
            &closed,
            "refused",
            "connection refused",
            "check the host and the port",
        ),
    ] {
        let (_, host) = endpoint.split_once("://").unwrap();
        let run = rules(endpoint, &[]).await;
        assert_eq!(run.code, Some(1), "{fault}: {}", run.err);
        let begin = format!("error: ListImageAutoSyncReposDetails: cannot connect to {host}");
        assert!(run.err.starts_with(&begin), "{fault}: {}", run.err);
        assert!(run.err.contains(says), "{fault}: {}", run.err);
        assert!(run.err.contains(hint), "{fault}: {}", run.err);
        let found = doctor(endpoint, &[]).await;
        assert_eq!(found["fault"], fault, "{found}");
    }
}
