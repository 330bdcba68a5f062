//! Tests of the OCI client: authentication, and the meaning of a destination's answers.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::BoxFuture;
use openapi_transport::testing::ManualClock;
use registry_replication::oci::{Client, Login, Manifest};
use registry_replication::{Error, ErrorKind, Lease, Secret, Source, SourceError, Timestamp};
use registry_tests::{Move, NoChance, Recorder, noon, quick_clock};
use sha2::{Digest, Sha512};

const MARKER: &str = "MARKED-SECRET";
/// Digest of `{}`.
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Smallest manifest.
pub(crate) const MANIFEST: &str = r#"{"schemaVersion":2}"#;
pub(crate) const MANIFEST_DIGEST: &str =
    "sha256:bafebd36189ad3688b7b3915ea55d461e0bfcfbdde11e54b0a123999fb6be50f";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;

pub(crate) fn there() -> Move {
    let headers = [("docker-content-digest", DIGEST), ("content-type", INDEX)];
    Move::answer(200, &headers, "")
}

pub(crate) fn wants(challenge: &str) -> Move {
    Move::answer(401, &[("www-authenticate", challenge)], "")
}

fn bearer(service: &Recorder) -> Move {
    let realm = format!("{}/token", service.endpoint());
    wants(&format!(
        "Bearer realm=\"{realm}\",service=\"registry.example\",scope=\"repository:team/api:pull\""
    ))
}

fn token(text: &str) -> Move {
    Move::answer(200, &[], format!(r#"{{"token":"{text}","expires_in":60}}"#))
}

pub(crate) fn host(recorder: &Recorder) -> &str {
    recorder.endpoint().strip_prefix("http://").unwrap()
}

pub(crate) fn builder(
    recorder: &Recorder,
    clock: &Arc<ManualClock>,
) -> registry_replication::oci::Builder {
    let clock = clock.clone();
    Client::builder(host(recorder)).configure(|context| {
        context
            .clock(clock)
            .chance(Arc::new(NoChance("0".to_owned())))
    })
}

fn password() -> Login {
    Login::password("robot", MARKER)
}

pub(crate) async fn look(registry: &Client) -> Result<Option<Manifest>, Error> {
    registry.manifest("team/api", "v42").await
}

/// Returns method, path and authentication of each request.
pub(crate) async fn asked(recorder: &Recorder) -> Vec<String> {
    let requests = recorder.requests().await;
    let line = |request: &String| {
        let first = request.lines().next().unwrap();
        let shown = request
            .lines()
            .find_map(|line| line.strip_prefix("authorization: "));
        let first = first.strip_suffix(" HTTP/1.1").unwrap().to_owned();
        [Some(first.as_str()), shown]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" | ")
    };
    requests.iter().map(line).collect()
}

pub(crate) const HEAD: &str = "HEAD /v2/team/api/manifests/v42";
const GET: &str = "GET /v2/team/api/manifests/v42";
pub(crate) const BASIC: &str =
    "HEAD /v2/team/api/manifests/v42 | Basic cm9ib3Q6TUFSS0VELVNFQ1JFVA==";

/// Returns the text of an error that names the image.
fn named(recorder: &Recorder, error: &Error) -> String {
    let image = format!("{}/team/api:v42", host(recorder));
    assert_eq!(error.subject(), Some(image.as_str()));
    error.to_string().replace(&image, "IMAGE")
}

#[tokio::test]
async fn what_a_head_denies_is_fetched_each_time() {
    let unknown = Move::answer(404, &[], UNKNOWN);
    let recorder = Recorder::script(vec![there(), unknown]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    assert_eq!(look(&registry).await.unwrap().unwrap().digest, DIGEST);
    assert_eq!(look(&registry).await.unwrap(), None);
    assert_eq!(look(&registry.clone()).await.unwrap(), None);
    assert_eq!(asked(&recorder).await, [HEAD, HEAD, GET, HEAD, GET]);
}

#[tokio::test]
async fn a_request_takes_every_kind_of_manifest() {
    let recorder = Recorder::script(vec![there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    registry.manifest("team/api", DIGEST).await.unwrap();
    let request = recorder.request().await;
    assert!(
        request.starts_with(&format!("HEAD /v2/team/api/manifests/{DIGEST} HTTP/1.1\n")),
        "{request}"
    );
    for kind in [
        "oci.image.index.v1",
        "oci.image.manifest.v1",
        "docker.distribution.manifest.list.v2",
        "docker.distribution.manifest.v2",
    ] {
        assert!(
            request.contains(&format!("application/vnd.{kind}+json")),
            "{request}"
        );
    }
}

#[tokio::test]
async fn another_manifest_than_the_one_asked_for_by_its_digest_is_none() {
    let headers = [("docker-content-digest", DIGEST)];
    let recorder = Recorder::script(vec![Move::answer(200, &headers, "{}")]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    let long = format!("sha512:{}", "0a".repeat(64));
    // By another algorithm, the bytes decide.
    let same = format!("sha512:{}", hex::encode(Sha512::digest("{}")));
    for (reference, fits) in [
        (DIGEST, true),
        (OTHER, false),
        (&long, false),
        (&same, true),
    ] {
        let found = registry.manifest("team/api", reference).await;
        assert_eq!(found.is_ok(), fits, "{found:?}");
        assert!(found.is_err() || found.unwrap().unwrap().digest == reference);
    }
}

#[tokio::test]
async fn what_is_no_name_is_not_sent() {
    let recorder = Recorder::script(vec![there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    for (repository, reference) in [("team/../api", "v42"), ("team/api", "../v42"), ("", "v42")] {
        let error = registry.manifest(repository, reference).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert!(recorder.requests().await.is_empty());
    for host in ["https://registry.example", "user:hush@registry.example", ""] {
        let error = Client::builder(host).build().unwrap_err().to_string();
        assert!(
            error.contains("write HOST") && !error.contains("hush"),
            "{error}"
        );
    }
}

#[test]
fn requests_are_encrypted_except_on_this_machine() {
    let endpoint = |host: &str, tls: Option<bool>| {
        let builder = Client::builder(host);
        let builder = match tls {
            Some(tls) => builder.tls(tls),
            None => builder,
        };
        builder.build().unwrap().endpoint().to_owned()
    };
    for (host, tls, expected) in [
        (
            "registry.example:8443",
            None,
            "https://registry.example:8443",
        ),
        ("127.0.0.1:5000", None, "http://127.0.0.1:5000"),
        ("127.0.0.1:5000", Some(true), "https://127.0.0.1:5000"),
        ("registry.example", Some(false), "http://registry.example"),
    ] {
        assert_eq!(endpoint(host, tls), expected);
    }
}

#[tokio::test]
async fn a_password_is_shown_once_it_is_asked_for() {
    let recorder = Recorder::script(vec![wants("Basic realm=\"x\""), there()]).await;
    let clock = quick_clock(noon());
    let registry = builder(&recorder, &clock)
        .login(password())
        .build()
        .unwrap();
    look(&registry).await.unwrap().unwrap();
    look(&registry).await.unwrap().unwrap();
    assert_eq!(asked(&recorder).await, [HEAD, BASIC, BASIC]);
}

#[tokio::test]
async fn a_wrong_password_is_refused_after_it_was_shown_once() {
    let recorder = Recorder::script(vec![wants("Basic realm=\"x\"")]).await;
    let clock = quick_clock(noon());
    let registry = builder(&recorder, &clock)
        .login(password())
        .build()
        .unwrap();
    let error = look(&registry).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Service, Some(401))
    );
    let fetched = BASIC.replace("HEAD", "GET");
    assert_eq!(asked(&recorder).await, [HEAD, BASIC, &fetched]);
    assert!(clock.sleeps().is_empty());
}

#[tokio::test]
async fn a_token_is_fetched_and_kept_until_it_ends() {
    let service = Recorder::script(vec![token("first"), token("second")]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let clock = quick_clock(noon());
    let registry = builder(&recorder, &clock)
        .login(password())
        .build()
        .unwrap();
    let before = clock.sleeps().len();
    for seconds in [0, 54, 1] {
        clock.advance(Duration::from_secs(seconds));
        look(&registry).await.unwrap().unwrap();
    }
    assert_eq!(clock.sleeps().len(), before, "nothing waits");
    let fetch = "GET /token?service=registry.example&scope=repository%3Ateam%2Fapi%3Apull\
        &account=robot | Basic cm9ib3Q6TUFSS0VELVNFQ1JFVA==";
    assert_eq!(asked(&service).await, [fetch; 2]);
    let with = |token: &str| format!("{HEAD} | Bearer {token}");
    assert_eq!(
        asked(&recorder).await,
        [HEAD, &with("first"), &with("first"), &with("second")]
    );
}

#[tokio::test]
async fn a_token_that_ends_early_is_renewed_once() {
    let service = Recorder::script(vec![token("first"), token("second"), token("third")]).await;
    let recorder = Recorder::script(vec![
        bearer(&service),
        there(),
        bearer(&service),
        there(),
        bearer(&service),
    ])
    .await;
    let registry = builder(&recorder, &quick_clock(noon())).login(password());
    let registry = registry.build().unwrap();
    look(&registry).await.unwrap().unwrap();
    look(&registry).await.unwrap().unwrap();
    let error = look(&registry).await.unwrap_err();
    assert_eq!(error.status(), Some(401));
    let with = |token: &str| format!("{HEAD} | Bearer {token}");
    assert_eq!(
        asked(&recorder).await,
        [
            HEAD,
            &with("first"),
            &with("first"),
            &with("second"),
            &with("second"),
            &with("third"),
            &with("third").replace("HEAD", "GET")
        ]
    );
}

#[tokio::test]
async fn another_repository_gets_a_token_of_its_own_at_once() {
    let service = Recorder::script(vec![token("first"), token("second")]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    look(&registry).await.unwrap().unwrap();
    registry.manifest("team/web", "v1").await.unwrap().unwrap();
    assert_eq!(
        asked(&service).await,
        [
            "GET /token?service=registry.example&scope=repository%3Ateam%2Fapi%3Apull",
            "GET /token?service=registry.example&scope=repository%3Ateam%2Fweb%3Apull",
        ],
        "as nobody"
    );
    let asked = asked(&recorder).await;
    assert_eq!(
        asked[2..],
        ["HEAD /v2/team/web/manifests/v1 | Bearer second"]
    );
}

#[tokio::test]
async fn looks_at_one_repository_share_a_token() {
    let service = Recorder::script(vec![token("first")]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    look(&registry).await.unwrap();
    let looks = (0..10).map(|_| look(&registry));
    for found in futures_util::future::join_all(looks).await {
        found.unwrap().unwrap();
    }
    assert_eq!(service.requests().await.len(), 1);
    assert_eq!(recorder.requests().await.len(), 12);
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let granted = Move::answer(200, &[], r#"{"access_token":"granted"}"#);
    let service = Recorder::script(vec![granted]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon()))
        .login(Login::IdentityToken(Secret::from("a+b")))
        .build()
        .unwrap();
    look(&registry).await.unwrap().unwrap();
    let request = service.request().await;
    assert!(request.starts_with("POST /token HTTP/1.1\n"), "{request}");
    let (_, body) = request.split_once("\n\n").unwrap();
    assert_eq!(
        body,
        "grant_type=refresh_token&client_id=registry-replication&refresh_token=a%2Bb\
         &service=registry.example&scope=repository%3Ateam%2Fapi%3Apull"
    );
}

#[tokio::test]
async fn a_password_goes_only_where_it_is_encrypted() {
    for (realm, says) in [
        (
            "http://auth.example/token",
            "plain http goes only to this machine",
        ),
        (
            "https://user:pass@auth.example/token",
            "must not hold a user name or password",
        ),
        ("ftp://auth.example/token", "must begin with https://"),
        ("/token", "the realm is not a complete URL"),
    ] {
        let recorder = Recorder::script(vec![wants(&format!("Bearer realm=\"{realm}\""))]).await;
        let registry = builder(&recorder, &quick_clock(noon())).login(password());
        let error = look(&registry.build().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(asked(&recorder).await, [HEAD]);
    }
}

#[tokio::test]
async fn a_token_service_that_sends_us_elsewhere_is_not_followed() {
    let elsewhere = Recorder::script(vec![token("stolen")]).await;
    let location = format!("{}/token", elsewhere.endpoint());
    let service = Recorder::script(vec![Move::answer(302, &[("location", &location)], "")]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).login(password());
    let error = look(&registry.build().unwrap()).await.unwrap_err();
    assert_eq!(error.status(), Some(302));
    assert!(elsewhere.requests().await.is_empty());
}

#[tokio::test]
async fn outages_are_waited_out_and_refusals_are_not() {
    let down = || Move::answer(503, &[], "");
    let slow = || Move::answer(429, &[("retry-after", "7")], "");
    let no = || Move::answer(401, &[], r#"{"details":"incorrect username or password"}"#);
    let half = Duration::from_millis(100);
    for (name, of_service, of_registry, kind, slept) in [
        (
            "registry down",
            vec![token("t")],
            vec![down()],
            None,
            vec![half],
        ),
        (
            "registry asks for time",
            vec![token("t")],
            vec![slow()],
            None,
            vec![Duration::from_secs(7)],
        ),
        (
            "registry hangs up",
            vec![token("t")],
            vec![Move::HangUp],
            None,
            vec![half],
        ),
        (
            "token service down",
            vec![down(), token("t")],
            vec![],
            None,
            vec![half],
        ),
        (
            "token service hangs up",
            vec![Move::HangUp, token("t")],
            vec![],
            None,
            vec![half],
        ),
        (
            "refused",
            vec![no()],
            vec![],
            Some((ErrorKind::Service, Some(401))),
            vec![],
        ),
        (
            "rubbish",
            vec![Move::answer(200, &[], "<html>")],
            vec![],
            Some((ErrorKind::Undecodable, Some(200))),
            vec![],
        ),
    ] {
        let service = Recorder::script(of_service).await;
        let mut moves = vec![bearer(&service)];
        moves.extend(of_registry);
        moves.push(there());
        let recorder = Recorder::script(moves).await;
        let clock = quick_clock(noon());
        let registry = builder(&recorder, &clock)
            .login(password())
            .build()
            .unwrap();
        match (look(&registry).await, kind) {
            (Ok(Some(_)), None) => {}
            (Err(error), Some(kind)) => {
                assert_eq!((error.kind(), error.status()), kind, "{name}: {error}");
            }
            (outcome, _) => panic!("{name}: {outcome:?}"),
        }
        assert_eq!(clock.sleeps(), slept, "{name}");
    }
}

/// Source of numbered logins that are valid for an hour.
#[derive(Debug, Default)]
struct Numbered(std::sync::Mutex<i64>);

impl Source<Login> for Numbered {
    fn name(&self) -> &'static str {
        "numbered"
    }
    fn load(&self, now: Timestamp) -> BoxFuture<'_, Result<Lease<Login>, SourceError>> {
        let mut number = self.0.lock().unwrap();
        *number += 1;
        let login = Login::password("n", format!("{number}"));
        let end = now + Duration::from_secs(3600);
        Box::pin(std::future::ready(Ok(Lease::until(login, end))))
    }
}

#[tokio::test]
async fn a_login_is_asked_for_again_ahead_of_its_end_and_when_it_is_refused() {
    let wants = || wants("Basic realm=\"x\"");
    let recorder = Recorder::script(vec![wants(), there(), there(), wants(), there()]).await;
    let clock = quick_clock(noon());
    let registry = builder(&recorder, &clock).login_from(Numbered::default());
    let registry = registry.build().unwrap();
    look(&registry).await.unwrap().unwrap();
    clock.advance(Duration::from_secs(46 * 60));
    look(&registry).await.unwrap().unwrap();
    look(&registry).await.unwrap().unwrap();
    let with = |text: &str| format!("{HEAD} | Basic {text}");
    let (one, two, three) = (with("bjox"), with("bjoy"), with("bjoz"));
    assert_eq!(
        asked(&recorder).await,
        [HEAD, &one, &two, &two, &three],
        "n:1, n:2, and n:3 in Base64"
    );
}

#[tokio::test]
async fn a_token_service_that_refuses_a_login_is_shown_a_new_one() {
    let service = Recorder::script(vec![Move::answer(401, &[], ""), token("t")]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).login_from(Numbered::default());
    look(&registry.build().unwrap()).await.unwrap().unwrap();
    let asked = asked(&service).await;
    let ends = |text: &String, end: &str| text.ends_with(end);
    assert!(
        ends(&asked[0], "Basic bjox") && ends(&asked[1], "Basic bjoy"),
        "{asked:?}"
    );
}

#[tokio::test]
async fn nothing_shows_a_password_or_a_token() {
    let says =
        |text: &str| format!(r#"{{"errors":[{{"code":"DENIED","message":"you sent {text}"}}]}}"#);
    let service = Recorder::script(vec![
        Move::answer(403, &[], says(MARKER)),
        Move::answer(200, &[], format!(r#"{{"token":"T-{MARKER}"}}"#)),
        Move::answer(200, &[], format!(r#"{{"token":["{MARKER}"]}}"#)),
    ])
    .await;
    let recorder = Recorder::script(vec![
        bearer(&service),
        Move::answer(404, &[], ""),
        Move::answer(403, &[], says(&format!("T-{MARKER}"))),
    ])
    .await;
    let clock = quick_clock(noon());
    let login = builder(&recorder, &clock).login(password());
    let mut shown = vec![format!("{login:?}")];
    let registry = login.build().unwrap();
    for says in [
        "GET token IMAGE: refused by the service, HTTP 403, DENIED: you sent [secret]",
        "GET manifest IMAGE: refused by the service, HTTP 403, DENIED: you sent [secret]",
        "GET token IMAGE: the answer is not what was expected, HTTP 200",
    ] {
        let error = look(&registry).await.unwrap_err();
        assert_eq!(named(&recorder, &error), says);
        shown.push(format!("{error:?} {error:#?}"));
        shown.push(format!("{registry:?} {registry:#?}"));
        clock.advance(Duration::from_secs(60));
    }
    shown.push(format!("{:?}", Login::IdentityToken(MARKER.into())));
    for text in shown {
        assert!(!text.contains(MARKER), "{text}");
    }
}

#[tokio::test]
async fn nobody_who_is_not_let_in_is_told_to_log_in() {
    let service = Recorder::script(vec![token("first")]).await;
    let recorder = Recorder::script(vec![bearer(&service)]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    let error = look(&registry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(
        error
            .to_string()
            .contains("requires a login for team/api, and no login was found"),
        "{error}"
    );
    assert_eq!(
        asked(&recorder).await,
        [HEAD, "HEAD /v2/team/api/manifests/v42 | Bearer first"]
    );
}

#[tokio::test]
async fn a_login_that_a_header_cannot_hold_is_refused_unsent() {
    let granted = Move::answer(200, &[], r#"{"token":"a\nb"}"#);
    let service = Recorder::script(vec![granted]).await;
    let recorder = Recorder::script(vec![bearer(&service), there()]).await;
    let registry = builder(&recorder, &quick_clock(noon())).build().unwrap();
    let error = look(&registry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert_eq!(asked(&recorder).await, [HEAD]);
}

/// Returns user and password of a login.
pub(crate) fn shown(login: &Login) -> (&str, &str) {
    match login {
        Login::Password { user, password } => (user, password.expose()),
        other => panic!("{other:?}"),
    }
}
