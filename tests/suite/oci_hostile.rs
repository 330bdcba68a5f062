//! Tests of registries and token services that behave badly during a proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use registry_replication::oci::{Builder, Client, Login};
use registry_replication::{Error, ErrorKind};
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::{NoChance, noon, quick_clock};

use crate::oci::{MANIFEST, MANIFEST_DIGEST};

const DIGEST: &str = "docker-content-digest";
const DENIED: &str = r#"{"errors":[{"code":"DENIED","message":"not for robots"}]}"#;
const UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;

fn builder(server: &Hostile) -> Builder {
    Client::builder(server.host()).configure(|context| {
        context
            .clock(quick_clock(noon()))
            .chance(Arc::new(NoChance("0".to_owned())))
            .attempt_deadline(Duration::from_millis(300))
    })
}

fn plain(server: &Hostile) -> Client {
    builder(server).build().unwrap()
}

async fn digest(registry: &Client) -> Result<Option<String>, Error> {
    let manifest = registry.manifest("team/api", "v42").await?;
    Ok(manifest.map(|manifest| manifest.digest))
}

fn found() -> Option<String> {
    Some(MANIFEST_DIGEST.to_owned())
}

fn manifest() -> Reply {
    Reply::answer(200, &[(DIGEST, MANIFEST_DIGEST)], MANIFEST)
}

/// Returns the first letters of the methods.
fn methods(server: &Hostile) -> String {
    let requests = server.requests();
    requests.iter().map(|one| &one.method[..1]).collect()
}

fn by_method(head: Reply, get: Reply) -> impl FnMut(&Request) -> Reply {
    move |request| match request.method.as_str() {
        "HEAD" => head.clone(),
        _ => get.clone(),
    }
}

#[tokio::test]
async fn a_host_that_gets_heads_wrong_is_asked_with_get() {
    for (status, looks, expected) in [
        // The manifest may have come in between the first time.
        (404, 5, "HGHGGGG"),
        (405, 3, "HGGG"),
        (501, 3, "HGGG"),
        (403, 3, "HGGG"),
        (400, 3, "HGGG"),
    ] {
        let server = Hostile::start(by_method(Reply::answer(status, &[], ""), manifest())).await;
        let registry = plain(&server);
        for _ in 0..looks {
            assert_eq!(digest(&registry).await.unwrap(), found(), "{status}");
        }
        assert_eq!(methods(&server), expected, "{status}");
    }
}

#[tokio::test]
async fn a_manifest_that_comes_between_head_and_get_is_no_lie() {
    let mut number = 0;
    let server = Hostile::start(move |_| {
        number += 1;
        match number {
            1 | 4 => Reply::answer(404, &[], ""),
            _ => manifest(),
        }
    })
    .await;
    let registry = plain(&server);
    for _ in 0..4 {
        assert_eq!(digest(&registry).await.unwrap(), found());
    }
    assert_eq!(methods(&server), "HGHHGH");
}

#[tokio::test]
async fn a_refusal_says_why_although_a_head_cannot() {
    // A 401 without a challenge: the base may have one.
    for (status, sent) in [(401, "HGG"), (403, "HG")] {
        let refusal = Reply::answer(status, &[], DENIED);
        let server = Hostile::start(by_method(refusal.clone(), refusal)).await;
        let error = digest(&plain(&server)).await.unwrap_err();
        let expected = format!(
            "GET manifest {}/team/api:v42: refused by the service, HTTP {status}, DENIED: \
             not for robots",
            server.host()
        );
        assert_eq!(error.to_string(), expected);
        assert_eq!(methods(&server), sent);
    }
    // If the client cannot fetch the reason, the error is the refusal.
    let server = Hostile::start(by_method(Reply::answer(403, &[], ""), Reply::HangUp)).await;
    let error = digest(&plain(&server)).await.unwrap_err();
    assert_eq!(error.status(), Some(403));
    assert_eq!(error.operation(), Some("HEAD manifest"));
}

#[tokio::test]
async fn a_token_that_does_not_suffice_says_why() {
    let server = Hostile::start(|request| match request.path() {
        "/token" => Reply::json(r#"{"token":"t"}"#),
        _ => {
            let host = request.header("host").unwrap();
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"needs scope pull"}]}"#;
            Reply::answer(401, &[("www-authenticate", &challenge)], body)
        }
    })
    .await;
    let login = Login::password("robot", "hush");
    let registry = builder(&server).login(login).build().unwrap();
    let error = digest(&registry).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    assert_eq!(error.message(), Some("needs scope pull"));
    let requests = server.requests();
    let last = requests.last().unwrap();
    assert_eq!(
        (last.method.as_str(), last.path()),
        ("GET", "/v2/team/api/manifests/v42")
    );
    assert_eq!(last.header("authorization"), Some("Bearer t"));
}

/// Starts a registry that requires a password, and then redirects to the URL of a function.
async fn redirecting(
    status: u16,
    location: impl Fn(&Request) -> String + Send + 'static,
) -> Hostile {
    Hostile::start(move |request| match request.header("authorization") {
        None if request.path().starts_with("/v2/") => {
            Reply::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], "")
        }
        _ => Reply::answer(status, &[("location", &location(request))], ""),
    })
    .await
}

fn with_password(server: &Hostile) -> Client {
    let login = Login::password("robot", "hush");
    builder(server).login(login).build().unwrap()
}

#[tokio::test]
async fn redirects_are_followed_without_credentials() {
    for status in [301, 302, 303, 307, 308] {
        let storage = Hostile::start(|_| manifest()).await;
        let to = format!("{}/blob?signature=x", storage.endpoint());
        let server = redirecting(status, move |_| to.clone()).await;
        assert_eq!(digest(&with_password(&server)).await.unwrap(), found());
        let requests = storage.requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].method, "HEAD");
        assert_eq!(requests[0].target, "/blob?signature=x");
        assert_eq!(requests[0].header("authorization"), None);
        assert!(server.requests()[1].header("authorization").is_some());
    }
    // The same host gets no login, either.
    let server = Hostile::start(|request| match request.path() {
        "/blob" => manifest(),
        _ => Reply::answer(307, &[("location", "/blob")], ""),
    })
    .await;
    assert_eq!(digest(&with_password(&server)).await.unwrap(), found());
}

#[tokio::test]
async fn redirects_that_are_not_followed() {
    for (location, says) in [
        (
            "http://registry.example/x",
            "plain http goes only to this machine",
        ),
        ("ftp://127.0.0.1/x", "must begin with https://"),
        (
            "http://robot:hush@127.0.0.1:9/x",
            "holds a user name or a password",
        ),
        ("http://", "the service redirects the request"),
    ] {
        let server = redirecting(307, |_| location.to_owned()).await;
        let error = digest(&with_password(&server)).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains(says) && !said.contains("hush"), "{said}");
        assert!(said.contains("/team/api:v42"), "{said}");
        assert_eq!(methods(&server), "HH", "{location}");
    }
    // A cycle of redirects ends.
    let server = Hostile::start(|request| {
        Reply::answer(302, &[("location", &format!("{}/x", request.path()))], "")
    })
    .await;
    let error = digest(&plain(&server)).await.unwrap_err();
    assert!(
        error.to_string().ends_with("5 redirects were followed"),
        "{error}"
    );
    assert_eq!(server.count(), 6);
}

#[tokio::test]
async fn a_login_page_is_no_manifest() {
    let page = Hostile::start(|_| {
        Reply::answer(
            200,
            &[("content-type", "text/html")],
            "<html>sign in</html>",
        )
    })
    .await;
    let to = page.endpoint().to_owned();
    let server = redirecting(302, move |_| to.clone()).await;
    let error = digest(&with_password(&server)).await.unwrap_err();
    assert!(
        error.to_string().contains("the answer is not a manifest"),
        "{error}"
    );
}

#[tokio::test]
async fn a_host_that_is_redirected_to_gets_no_login_whatever_it_asks_for() {
    let thief = Hostile::start(|_| Reply::json(r#"{"token":"t"}"#)).await;
    let realm = format!("Bearer realm=\"{}/token\"", thief.endpoint());
    for challenge in ["Basic realm=\"x\"".to_owned(), realm] {
        let other =
            Hostile::start(move |_| Reply::answer(401, &[("www-authenticate", &challenge)], ""))
                .await;
        let to = other.endpoint().to_owned();
        let server = redirecting(307, move |_| to.clone()).await;
        let error = digest(&with_password(&server)).await.unwrap_err();
        assert_eq!(error.status(), Some(401));
        for request in other.requests() {
            assert_eq!(request.header("authorization"), None);
        }
        assert_eq!(thief.count(), 0);
    }
}

#[tokio::test]
async fn a_look_at_a_host_that_hangs_ends() {
    // A registry whose token service is on the same host, at `/token`.
    let with_tokens = |token: Reply| {
        move |request: &Request| match request.path() {
            "/token" => token.clone(),
            _ => {
                let host = request.header("host").unwrap();
                let challenge = format!("Bearer realm=\"http://{host}/token\"");
                Reply::answer(401, &[("www-authenticate", &challenge)], "")
            }
        }
    };
    let drip = || Reply::Drip(vec![b' '; 10_000], Duration::from_millis(20));
    let servers = [
        Hostile::start(|_| Reply::Hang).await,
        Hostile::start(by_method(Reply::answer(200, &[], ""), Reply::Hang)).await,
        Hostile::start(by_method(Reply::answer(404, &[], ""), drip())).await,
        Hostile::start(with_tokens(Reply::Hang)).await,
        Hostile::start(with_tokens(drip())).await,
    ];
    let looks = servers.iter().map(|server| async {
        let begun = Instant::now();
        let error = digest(&plain(server)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadline, "{error}");
        let image = format!(" {}/team/api:v42: ", server.host());
        assert!(error.to_string().contains(&image), "{error}");
        // Four attempts of 0.3 s, and their connections.
        assert!(begun.elapsed() < Duration::from_secs(5), "{error}");
    });
    futures_util::future::join_all(looks).await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = || Reply::Endless(vec![b' '; 1 << 16]);
    let server = Hostile::start(by_method(Reply::answer(200, &[], ""), endless())).await;
    let error = digest(&plain(&server)).await.unwrap_err();
    let says = "the answer is longer than 4194304 bytes";
    assert!(error.to_string().contains(says), "{error}");

    let server = Hostile::start(move |request| match request.path() {
        "/token" => endless(),
        _ => {
            let host = request.header("host").unwrap();
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            Reply::answer(401, &[("www-authenticate", &challenge)], "")
        }
    })
    .await;
    let error = digest(&plain(&server)).await.unwrap_err();
    let says = "the answer is longer than 1048576 bytes";
    assert!(error.to_string().contains(says), "{error}");
}

#[tokio::test]
async fn absence_is_believed_from_a_registry_alone() {
    let unknown = Reply::answer(404, &[], UNKNOWN);
    let server = Hostile::start(by_method(Reply::answer(404, &[], ""), unknown)).await;
    let registry = plain(&server);
    for _ in 0..2 {
        assert_eq!(digest(&registry).await.unwrap(), None);
    }
    assert_eq!(methods(&server), "HGHG");
    let server = Hostile::start(|_| Reply::answer(404, &[], "404 page not found")).await;
    assert_eq!(
        digest(&plain(&server)).await.unwrap_err().status(),
        Some(404)
    );
}

#[tokio::test]
async fn a_look_that_is_not_polled_any_more_holds_up_no_other() {
    let service = Hostile::start(|_| Reply::json(r#"{"token":"t"}"#)).await;
    let realm = format!("Bearer realm=\"{}/token\"", service.endpoint());
    let server = Hostile::start(move |request| match request.header("authorization") {
        None => Reply::answer(401, &[("www-authenticate", &realm)], ""),
        Some(_) => manifest(),
    })
    .await;
    let registry = plain(&server);
    let mut first = Box::pin(digest(&registry));
    tokio::select! {
        biased;
        () = service.received(1) => {}
        _ = &mut first => panic!("the token has not come yet"),
    }
    let second = tokio::time::timeout(Duration::from_secs(5), digest(&registry)).await;
    assert_eq!(second.unwrap().unwrap(), found());
    assert_eq!(first.await.unwrap(), found());
    assert_eq!(service.count(), 1);
}

/// A registry may repeat the header that it refuses in any text of its answer.
#[tokio::test]
async fn no_text_of_a_registry_shows_the_login() {
    // Base64 of `robot:hush-hush`.
    let basic = "cm9ib3Q6aHVzaC1odXNo";
    let server = Hostile::start(|request| match request.header("authorization") {
        Some(shown) => {
            let (_, text) = shown.split_once(' ').unwrap();
            let body = format!(r#"{{"errors":[{{"code":"DENIED","message":"{text}"}}]}}"#);
            Reply::answer(403, &[("x-request-id", text)], body)
        }
        None => Reply::answer(401, &[("www-authenticate", "Basic realm=\"x\"")], ""),
    })
    .await;
    let login = Login::password("robot", "hush-hush");
    let registry = builder(&server).login(login).build().unwrap();
    let error = digest(&registry).await.unwrap_err();
    let sent = server.requests();
    let last = sent.last().unwrap().header("authorization");
    assert_eq!(last, Some(&*format!("Basic {basic}")));
    assert_eq!(error.request_id(), Some("[secret]"));
    assert!(!format!("{error} {error:?}").contains(basic), "{error}");

    let server = Hostile::start(|request| match request.header("authorization") {
        _ if request.path() == "/token" => Reply::json(r#"{"token":"HUSH.Token-1"}"#),
        Some(_) => Reply::answer(307, &[("location", "http://a.hush.token-1.example/x")], ""),
        None => {
            let host = request.header("host").unwrap();
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            Reply::answer(401, &[("www-authenticate", &challenge)], "")
        }
    })
    .await;
    let error = digest(&plain(&server)).await.unwrap_err();
    let says = "the redirect to a.[secret].example is not followed";
    assert!(error.to_string().contains(says), "{error}");
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn a_head_counts_with_status_200_and_a_known_digest_alone() {
    let other = "other:00000000000000000000000000000000";
    for (status, digest_of_head) in [(202, MANIFEST_DIGEST), (206, MANIFEST_DIGEST), (200, other)] {
        let head = Reply::answer(status, &[(DIGEST, digest_of_head)], "");
        let server = Hostile::start(by_method(head.clone(), manifest())).await;
        assert_eq!(digest(&plain(&server)).await.unwrap(), found(), "{status}");
        assert_eq!(methods(&server), "HG", "{status}");
        let server = Hostile::start(by_method(head, Reply::answer(404, &[], UNKNOWN))).await;
        assert_eq!(digest(&plain(&server)).await.unwrap(), None, "{status}");
    }
}

#[tokio::test]
async fn a_port_that_expects_tls_is_told_apart() {
    let page = "Client sent an HTTP request to an HTTPS server.";
    for (body, has_hint) in [(page, true), (DENIED, false)] {
        let server = Hostile::start(move |_| Reply::answer(400, &[], body)).await;
        let error = digest(&plain(&server)).await.unwrap_err().to_string();
        let hint = error.ends_with("; this port may expect TLS");
        assert_eq!(hint, has_hint, "{error}");
    }
}
