//! Certificates and logins of several registries, by their hosts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use openapi_transport::{ConnectionFault, ContextBuilder, RetryPolicy, Surroundings};
use registry_replication::distribution::OciRegistry;
use registry_replication::oci::{self, Hosts, Login};
use registry_replication::{Polling, Registry, Verdict};
use registry_tests::certificates::Authority;
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{noon, quick_clock};

use crate::oci::{MANIFEST, MANIFEST_DIGEST as DIGEST};

const MISSING: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}"#;

fn once(context: ContextBuilder) -> ContextBuilder {
    context.retry(RetryPolicy::never()).rate_limit(None)
}

fn hosts(home: &tempfile::TempDir) -> Hosts {
    let home = home.path().to_str().unwrap().to_owned();
    let around = Surroundings::new(move |name| (name == "XDG_CONFIG_HOME").then(|| home.clone()));
    Hosts::new().surroundings(around).configure(once)
}

fn manifest() -> Reply {
    Reply::answer(200, &[("docker-content-digest", DIGEST)], MANIFEST)
}

#[tokio::test]
async fn certificates_of_docker_are_trusted_for_their_host() {
    let authority = Authority::new("company");
    let identity = || authority.identity(&["127.0.0.1"]).asking_for(&authority);
    let server = Hostile::start_tls(identity(), |_| manifest()).await;
    let other = Hostile::start_tls(identity(), |_| manifest()).await;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("docker/certs.d").join(server.host());
    std::fs::create_dir_all(&folder).unwrap();
    let (chain, key) = authority.identity(&["client"]).pem();
    for (name, text) in [
        ("ca.crt", authority.pem()),
        ("client.cert", chain),
        ("client.key", key),
    ] {
        std::fs::write(folder.join(name), text).unwrap();
    }

    let hosts = hosts(&home).with_docker_certificates();
    let client = hosts.client(server.host()).unwrap();
    let found = client.manifest("team/api", "v1").await.unwrap();
    assert_eq!(found.unwrap().digest, DIGEST);
    assert_eq!(server.count(), 1);

    // They are not for another host.
    let client = hosts.client(other.host()).unwrap();
    assert!(client.endpoint().starts_with("http://"), "{client:?}");
    let client = oci::Client::builder(server.host()).tls(true);
    let client = client.configure(once).build().unwrap();
    let error = client.manifest("team/api", "v1").await.unwrap_err();
    assert_eq!(
        error.connection(),
        Some(ConnectionFault::UntrustedIssuer),
        "{error}"
    );

    // A file that cannot be read is named.
    std::fs::remove_file(folder.join("client.key")).unwrap();
    let hosts = hosts.with_docker_certificates();
    let error = hosts.client(server.host()).unwrap_err().to_string();
    assert!(error.contains("client.key not found"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn certificates_of_other_hosts_hold_up_no_call() {
    let server = Hostile::start(|_| manifest()).await;
    let home = tempfile::tempdir().unwrap();
    let folders = home.path().join("docker/certs.d");
    for host in [server.host(), "one.example", "two.example"] {
        std::fs::create_dir_all(folders.join(host)).unwrap();
    }
    for host in ["one.example", "two.example"] {
        let pipe = folders.join(host).join("ca.crt");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
    }
    let begun = std::time::Instant::now();
    let hosts = hosts(&home).with_docker_certificates();
    // A folder without certificates asks for no TLS.
    let client = hosts.client(server.host()).unwrap();
    let found = client.manifest("team/api", "v1").await.unwrap();
    assert_eq!(found.unwrap().digest, DIGEST);
    let error = hosts.client("one.example").unwrap_err().to_string();
    assert!(error.contains("ca.crt: it is not a file"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(4));
    // Without TLS, certificates do not matter.
    let plain = hosts.plain_http("one.example").client("one.example");
    assert_eq!(plain.unwrap().endpoint(), "http://one.example");
}

#[tokio::test]
async fn this_machine_may_be_named_in_capital_letters() {
    let client = oci::Client::builder("LOCALHOST:5000").build().unwrap();
    assert!(client.endpoint().starts_with("http://"), "{client:?}");
    let client = oci::Client::builder("Docker.IO").build().unwrap();
    assert_eq!(client.endpoint(), "https://registry-1.docker.io");
}

#[tokio::test]
async fn a_login_is_for_its_host_only() {
    let ask = |request: &registry_tests::hostile::Request| match request.header("authorization") {
        Some(_) => manifest(),
        None => Reply::answer(401, &[("www-authenticate", "Basic realm=\"tests\"")], "{}"),
    };
    let one = Hostile::start(ask).await;
    let two = Hostile::start(ask).await;
    let home = tempfile::tempdir().unwrap();
    let hosts = hosts(&home).login(one.host(), Login::password("robot", "hush"));
    let registry = OciRegistry::new(one.host(), hosts).unwrap();
    let here = registry.arrival("team/api:v1").check().await.unwrap();
    assert_eq!(here.verdict, Verdict::Arrived);
    let there = registry
        .arrival("team/api:v1")
        .digest(DIGEST)
        .to(two.host());
    let error = there.check().await.unwrap_err().to_string();
    assert!(error.contains("requires a login"), "{error}");
    let sent = two.requests();
    assert!(
        sent.iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[tokio::test]
async fn arrivals_of_one_look_share_an_answer() {
    let server = Hostile::start(|_| manifest()).await;
    let home = tempfile::tempdir().unwrap();
    let registry = OciRegistry::new(server.host(), hosts(&home)).unwrap();
    let polling = Polling::new(Duration::from_millis(20), Duration::from_millis(20));
    let waits = (0..50).map(|_| {
        let arrival = registry.arrival("team/api:v1").polling(polling);
        arrival.wait(Duration::from_secs(20))
    });
    let reports = futures_util::future::join_all(waits).await;
    assert_eq!(reports.len(), 50);
    for report in reports {
        assert_eq!(report.unwrap().verdict, Verdict::Arrived);
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_challenge_that_only_the_base_has_is_found() {
    let server = Hostile::start(|request| match request.header("authorization") {
        Some("Basic cm9ib3Q6aHVzaA==") => manifest(),
        Some(_) => Reply::answer(403, &[], "{}"),
        None if request.path() == "/v2/" => {
            Reply::answer(401, &[("www-authenticate", "Basic realm=\"tests\"")], "")
        }
        None => Reply::answer(401, &[], ""),
    })
    .await;
    let client = oci::Client::builder(server.host()).configure(once);
    let with = client
        .login(Login::password("robot", "hush"))
        .build()
        .unwrap();
    for _ in 0..2 {
        let found = with.manifest("team/api", "v1").await.unwrap();
        assert_eq!(found.unwrap().digest, DIGEST);
    }
    // The challenge is asked for once: a refusal, the base, and both manifests.
    assert_eq!(server.count(), 4);

    let home = tempfile::tempdir().unwrap();
    let without = hosts(&home).client(server.host()).unwrap();
    let error = without.manifest("team/api", "v1").await.unwrap_err();
    assert!(
        error.to_string().contains("requires a login for team/api"),
        "{error}"
    );
}

/// A registry of tags that its list shows, and of tags that it hides.
#[tokio::test]
async fn many_waits_for_missing_tags_share_a_list_of_tags() {
    let has_all = Arc::new(AtomicBool::new(false));
    let shows_all = has_all.clone();
    let server = Hostile::start(move |request| {
        let all = shows_all.load(Ordering::Relaxed);
        let path = request.path();
        match path.strip_prefix("/v2/team/api/manifests/") {
            Some("v0") => manifest(),
            Some(_) if all => manifest(),
            Some(_) => Reply::answer(404, &[], MISSING),
            // The list never has v1.
            None if all => Reply::json(r#"{"name":"team/api","tags":["v0","v2","v3"]}"#),
            None => Reply::json(r#"{"name":"team/api","tags":["v0"]}"#),
        }
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    let clock = quick_clock(noon());
    let shared = clock.clone();
    let hosts = hosts(&home).configure(move |context| once(context).clock(shared.clone()));
    let registry = OciRegistry::new(server.host(), hosts).unwrap();
    let polling = Polling::new(Duration::from_secs(5), Duration::from_secs(5));
    let mut waits: Vec<_> = (0..40)
        .map(|number| {
            let arrival = registry.arrival(&format!("team/api:v{number}"));
            arrival.polling(polling).wait(Duration::from_secs(600))
        })
        .collect();
    let mut next = async || {
        let reports = futures_util::future::join_all(waits.iter_mut().map(StreamExt::next)).await;
        let reports = reports.into_iter().flatten().flatten();
        reports.map(|report| report.verdict).collect::<Vec<_>>()
    };
    next().await;
    // Each missing tag costs two requests, since a 404 to HEAD proves little.
    let first = server.count();
    assert!(first >= 79, "{first}");
    next().await;
    let second = server.count() - first;
    assert!(second <= 4, "{second}");
    has_all.store(true, Ordering::Relaxed);
    let mut arrived = 0;
    for _ in 0..16 {
        let reports = next().await;
        arrived += reports
            .iter()
            .filter(|verdict| **verdict == Verdict::Arrived)
            .count();
    }
    // A tag that the list lacks for good is asked for within a minute.
    assert_eq!(arrived, 39);
}
