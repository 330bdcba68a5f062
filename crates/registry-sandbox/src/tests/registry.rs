//! Tests of a registry's own port, called like docker does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpStream;

use super::subjects::{Subject, subjects, with_tokens};
use super::{Response, Trial, exchange};
use crate::digest::sha256_hex;
use crate::world::{self, Place, Source};
use crate::{RegistryEndpoint, StartError};

/// Registries that pushes go to.
fn places() -> Vec<Place> {
    subjects().map(|of| of.source().into()).collect()
}

/// Registry with the authorization of its caller.
pub(super) struct Door {
    pub(super) registry: RegistryEndpoint,
    authorization: Option<String>,
}

pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

impl Door {
    pub(super) async fn open(trial: &Trial, place: &Place) -> Self {
        Self {
            registry: trial.sandbox.registry(place).await.unwrap(),
            authorization: None,
        }
    }

    /// Opens a registry with the authorization to read `team/api`, which it learns from the challenge.
    pub(super) async fn opened(trial: &Trial, place: &Place) -> Self {
        let mut door = Self::open(trial, place).await;
        let (user, password) = door.registry.login().unwrap();
        door.enter(&basic(&user, &password)).await;
        door
    }

    pub(super) async fn ask(&self, method: &str, target: &str) -> Response {
        self.ask_as(self.authorization.as_deref(), method, target)
            .await
    }

    pub(super) async fn ask_as(
        &self,
        authorization: Option<&str>,
        method: &str,
        target: &str,
    ) -> Response {
        let authorization = authorization.map(|value| format!("authorization: {value}\r\n"));
        let host = self.registry.host();
        let text = format!(
            "{method} {target} HTTP/1.1\r\nhost: {host}\r\n{}connection: close\r\n\r\n",
            authorization.unwrap_or_default()
        );
        exchange(&host, text.as_bytes()).await
    }

    /// Reads the challenge, and authenticates. Returns the status.
    async fn enter(&mut self, user: &str) -> u16 {
        let refused = self.ask_as(None, "GET", "/v2/team/api/manifests/r1").await;
        assert_eq!(refused.status, 401);
        let challenge = refused.header("www-authenticate").unwrap().to_owned();
        if challenge.starts_with("Basic realm=") {
            self.authorization = Some(user.to_owned());
            return self.ask("GET", "/v2/").await.status;
        }
        let part = |name: &str| {
            let (_, rest) = challenge.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0
        };
        let realm = part("realm").strip_prefix(&self.registry.url()).unwrap();
        let target = format!(
            "{realm}?service={}&scope={}",
            part("service"),
            part("scope")
        );
        assert!(target.ends_with("&scope=repository:team/api:pull"));
        let answer = self.ask_as(Some(user), "GET", &target).await;
        if answer.status == 200 {
            assert_eq!(answer.body["expires_in"], 300);
            assert_eq!(answer.body["token"], answer.body["access_token"]);
            let token = answer.body["token"].as_str().unwrap();
            self.authorization = Some(format!("Bearer {token}"));
        }
        answer.status
    }
}

pub(super) fn code(response: &Response) -> &str {
    response.body["errors"][0]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_manifest_is_read_by_tag_and_by_digest() {
    for place in places() {
        let trial = Trial::start().await;
        let digest = trial.pushed(registry(&place), "one");
        let door = Door::opened(&trial, &place).await;
        for method in ["HEAD", "GET"] {
            for reference in ["r1", &digest] {
                let target = format!("/v2/team/api/manifests/{reference}");
                let answer = door.ask(method, &target).await;
                assert_eq!(answer.status, 200, "{place} {method} {reference}");
                assert_eq!(answer.header("docker-content-digest"), Some(&*digest));
                assert_eq!(answer.header("content-length"), Some("3"));
                let kind = answer.header("content-type").unwrap();
                assert!(kind.ends_with("manifest.v2+json"), "{kind}");
                let body = answer.body.as_str().unwrap();
                assert_eq!(body, if method == "GET" { "one" } else { "" });
            }
        }
        let body = door
            .ask("GET", &format!("/v2/team/api/manifests/{digest}"))
            .await
            .body;
        let hash = sha256_hex(body.as_str().unwrap().as_bytes());
        assert_eq!(format!("sha256:{hash}"), digest);
        let base = door.ask("GET", "/v2/").await;
        assert_eq!(base.status, 200);
        let version = base.header("docker-distribution-api-version");
        assert_eq!(version, Some("registry/2.0"));
    }
}

fn registry(place: &Place) -> Source {
    Source::of(place.provider()).unwrap()
}

#[tokio::test]
async fn what_arrives_is_seen_and_what_is_lost_is_not() {
    for of in subjects() {
        let (source, destination) = (of.source(), of.destination());
        let trial = Trial::start().await;
        let door = Door::opened(&trial, &destination).await;
        let target = "/v2/team/api/manifests/r1";
        let digest = trial.pushed(source, "one");
        let missing = door.ask("GET", target).await;
        assert_eq!((missing.status, code(&missing)), (404, "MANIFEST_UNKNOWN"));
        trial.seconds(7);
        let there = door.ask("HEAD", target).await;
        assert_eq!(there.header("docker-content-digest"), Some(&*digest));
        assert_eq!(door.ask("GET", target).await.body, "one");
        trial.sandbox.forget(&destination, "team/api", "r1");
        for reference in ["r1", &digest] {
            let target = format!("/v2/team/api/manifests/{reference}");
            assert_eq!(door.ask("HEAD", &target).await.status, 404, "{reference}");
        }
    }
}

#[tokio::test]
async fn refusals_have_the_specifications_form() {
    for of in subjects() {
        let place = Place::from(of.source());
        let trial = Trial::start().await;
        let door = Door::opened(&trial, &place).await;
        let other = match of.has_tokens() {
            true => (403, "DENIED"),
            false => (404, "NAME_UNKNOWN"),
        };
        for (method, target, expected) in [
            (
                "GET",
                "/v2/team/api/manifests/none",
                (404, "MANIFEST_UNKNOWN"),
            ),
            ("GET", "/v2/team/none/manifests/r1", other),
            ("PUT", "/v2/team/api/manifests/r1", (405, "UNSUPPORTED")),
            ("POST", "/token", (405, "UNSUPPORTED")),
            ("GET", "/v2/team/api/blobs/r1", (404, "BLOB_UNKNOWN")),
            ("GET", "/v2/team/api/else/r1", (404, "UNSUPPORTED")),
            ("HEAD", "/v2/team/api/tags/list", (405, "UNSUPPORTED")),
            ("GET", "/nowhere", (404, "UNSUPPORTED")),
        ] {
            let answer = door.ask(method, target).await;
            let code = match method {
                "HEAD" => expected.1,
                _ => code(&answer),
            };
            assert_eq!((answer.status, code), expected, "{place} {method} {target}");
        }
        for wrong in [
            None,
            Some("Bearer none"),
            Some("Basic bm9uZTpub25l"),
            Some("Basic %"),
        ] {
            for target in [
                "/v2/",
                "/v2/team/api/manifests/r1",
                "/v2/team/none/manifests/r1",
            ] {
                let answer = door.ask_as(wrong, "GET", target).await;
                assert_eq!((answer.status, code(&answer)), (401, "UNAUTHORIZED"));
                assert!(answer.header("www-authenticate").is_some());
            }
        }
        if of.has_tokens() {
            let (user, password) = door.registry.login().unwrap();
            let user = basic(&user, &password);
            for (user, target, expected) in [
                (None, "/token", (401, "UNAUTHORIZED")),
                (Some(&*user), "/token?service=another", (400, "UNSUPPORTED")),
            ] {
                let answer = door.ask_as(user, "GET", target).await;
                assert_eq!((answer.status, code(&answer)), expected);
            }
            // A token for a repository that does not exist. A request may name several repositories.
            let target = "/token?scope=repository:team/none:pull%20repository:team/api:push,pull";
            let token = door.ask_as(Some(&user), "GET", target).await.body["token"].clone();
            let token = format!("Bearer {}", token.as_str().unwrap());
            for (name, expected) in [
                ("team/none", "NAME_UNKNOWN"),
                ("team/api", "MANIFEST_UNKNOWN"),
                ("team/more", "DENIED"),
            ] {
                let target = format!("/v2/{name}/manifests/r1");
                let answer = door.ask_as(Some(&token), "GET", &target).await;
                assert_eq!(code(&answer), expected, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_ends() {
    for of in subjects().filter(|of| of.has_tokens()) {
        let trial = Trial::start().await;
        let door = Door::opened(&trial, &of.source().into()).await;
        trial.seconds(299);
        assert_eq!(door.ask("GET", "/v2/").await.status, 200);
        trial.seconds(1);
        let answer = door.ask("GET", "/v2/").await;
        assert_eq!(answer.status, 401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
}

/// Checks the status that a login is answered with.
pub(super) async fn enters(trial: &Trial, place: &Place, login: (&str, &str), status: u16) {
    let mut door = Door::open(trial, place).await;
    let entered = door.enter(&basic(login.0, login.1)).await;
    assert_eq!(entered, status, "{place} {}", login.0);
}

#[tokio::test]
async fn bytes_that_are_not_there_are_not_made_up() {
    let trial = Trial::start().await;
    let target = |tag: &str| format!("/v2/team/api/manifests/{tag}");
    for place in places() {
        let door = Door::opened(&trial, &place).await;
        // An image of the fleet has its name as content.
        let answer = door.ask("GET", &target(world::FLEET_TAG_ARRIVED)).await;
        assert_eq!(
            answer.body,
            format!("team/api:{}", world::FLEET_TAG_ARRIVED)
        );
        let digest = answer.header("docker-content-digest").unwrap();
        let hash = sha256_hex(answer.body.as_str().unwrap().as_bytes());
        assert_eq!(digest, format!("sha256:{hash}"));
    }
}

#[tokio::test]
async fn requests_at_a_registry_are_counted_and_told_of() {
    let trial = Trial::start().await;
    let place = Place::from(with_tokens().source());
    let door = Door::opened(&trial, &place).await;
    door.ask("HEAD", "/v2/team/api/manifests/r1").await;
    door.ask("GET", "/v2/").await;
    door.ask("GET", "/nowhere").await;
    assert_eq!(trial.sandbox.requests(), 5);
    let received = trial.sandbox.received();
    let told: Vec<_> = received
        .iter()
        .map(|request| (request.operation.as_deref(), request.status))
        .collect();
    let expected = [
        (Some("GET manifest"), 401),
        (Some("GET token"), 200),
        (Some("HEAD manifest"), 404),
        (Some("GET base"), 200),
        (None, 404),
    ];
    assert_eq!(told, expected);
    assert!(
        received
            .iter()
            .all(|request| request.place == Some(place.clone()))
    );
    assert_eq!(received[2].parameters["name"], "team/api");
    assert_eq!(received[2].parameters["reference"], "r1");
    assert_eq!(received[1].parameters["scope"], "repository:team/api:pull");
}

#[tokio::test]
async fn a_registry_is_served_until_it_is_dropped_or_the_sandbox_stops() {
    let trial = Trial::start().await;
    let places = places();
    let (one, two) = (places.first().unwrap(), places.last().unwrap());
    let (one, two) = (
        trial.sandbox.registry(one).await.unwrap(),
        trial.sandbox.registry(two).await.unwrap(),
    );
    let hosts = [one.host(), two.host()];
    for host in &hosts {
        assert!(TcpStream::connect(host).await.is_ok());
    }
    drop(one);
    closed(&hosts[0]).await;
    assert!(TcpStream::connect(&hosts[1]).await.is_ok());
    trial.sandbox.stop();
    closed(&hosts[1]).await;
}

/// Returns when no server listens at the host any more.
async fn closed(host: &str) {
    while TcpStream::connect(host).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn there_is_no_registry_of_nowhere() {
    let trial = Trial::start().await;
    for place in subjects().map(Subject::nowhere) {
        let error = trial.sandbox.registry(&place).await.unwrap_err();
        assert!(matches!(&error, StartError::NoSuchRegistry(own) if *own == place));
        assert_eq!(error.to_string(), format!("there is no {place}"));
    }
}
