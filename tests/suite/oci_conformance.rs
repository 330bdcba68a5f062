//! Client behaviours of the OCI distribution specification, as tables: authentication, digests,
//! content types, errors, pages and referrers.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::testing::ManualClock;
use registry_replication::oci::{Builder, Client, ContentKind, Login, ReferrerOrigin};
use registry_replication::{Error, ErrorKind};
use registry_tests::hostile::{Hostile, Reply, Request};
use registry_tests::{NoChance, noon, quick_clock};
use serde_json::json;

use crate::oci::{MANIFEST, MANIFEST_DIGEST};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const UNKNOWN: &str = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
const NO_NAME: &str = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}"#;
/// Digest of `{}`.
const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// Digest of `<html>`.
const HTML: &str = "sha256:b7d082ee12e91b756ea22e8513b8594eebcf5d39fab813da3cb55794dc888ad7";
/// SHA-512 digest of `{}`.
const SHA512: &str = "sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";

type Server = Box<dyn FnMut(&Request) -> Reply + Send>;

/// Request of a case.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// `manifest` of a reference.
    Manifest(&'static str),
    /// `content` of a reference.
    Content(&'static str),
    /// `config` of a digest.
    Config(&'static str),
    /// `tags`, two on a page.
    Tags,
    /// `repositories`, two on a page.
    Catalog,
    /// `referrers` of a digest.
    Referrers(&'static str),
}

/// Row of a table.
struct Case {
    name: &'static str,
    server: Server,
    call: Call,
    /// Outcome as a line. `IMAGE` is the subject of an error.
    expected: String,
    /// Requests in order, with their authentication.
    requests: Vec<&'static str>,
}

fn case(
    name: &'static str,
    server: Server,
    call: Call,
    expected: impl Into<String>,
    requests: &[&'static str],
) -> Case {
    Case {
        name,
        server,
        call,
        expected: expected.into(),
        requests: requests.to_vec(),
    }
}

/// Gives these replies in order, and the last one again and again.
fn script(replies: Vec<Reply>) -> Server {
    let mut number = 0;
    Box::new(move |_| {
        let reply = replies.get(number).or(replies.last()).unwrap().clone();
        number += 1;
        reply
    })
}

/// Replies by path and query. `HOST` in a header stands for the server's host.
fn routes(routes: Vec<(&'static str, Reply)>) -> Server {
    Box::new(move |request| {
        let mut all = routes.iter();
        let found = all.find(|(target, _)| *target == request.target);
        let reply = found.map(|(_, reply)| reply.clone());
        with_host(
            reply.unwrap_or_else(|| Reply::answer(404, &[], UNKNOWN)),
            request,
        )
    })
}

fn with_host(reply: Reply, request: &Request) -> Reply {
    let host = request.header("host").unwrap();
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => Reply::Answer {
            status,
            headers: headers
                .into_iter()
                .map(|(name, value)| (name, value.replace("HOST", host)))
                .collect(),
            body,
        },
        other => other,
    }
}

/// Challenges each request without authentication, and issues tokens at `/token`.
fn guarded(challenges: &'static [&'static str], mut server: Server) -> Server {
    Box::new(move |request| {
        if request.path() == "/token" {
            return Reply::json(r#"{"token":"t"}"#);
        }
        if request.header("authorization").is_some() {
            return server(request);
        }
        let headers: Vec<_> = challenges
            .iter()
            .map(|challenge| ("www-authenticate", *challenge))
            .collect();
        with_host(Reply::answer(401, &headers, ""), request)
    })
}

fn builder(server: &Hostile, clock: &Arc<ManualClock>) -> Builder {
    let clock = clock.clone();
    Client::builder(server.host()).configure(|context| {
        context
            .clock(clock)
            .chance(Arc::new(NoChance("0".to_owned())))
    })
}

fn client(server: &Hostile) -> Client {
    builder(server, &quick_clock(noon())).build().unwrap()
}

async fn outcome(client: &Client, call: Call) -> Result<String, Error> {
    let kind = |kind: &ContentKind| match kind {
        ContentKind::Index(index) => format!("index of {}", index.manifests.len()),
        ContentKind::Image(image) => format!("image of {}", image.layers.len()),
        _ => "other".to_owned(),
    };
    let text = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let nothing = || "nothing".to_owned();
    Ok(match call {
        Call::Manifest(reference) => match client.manifest("team/api", reference).await? {
            Some(found) => format!("{} {}", found.digest, text(found.media_type)),
            None => nothing(),
        },
        Call::Content(reference) => match client.content("team/api", reference).await? {
            Some(found) => format!(
                "{} {} {}",
                found.digest,
                text(found.media_type.clone()),
                kind(&found.kind)
            ),
            None => nothing(),
        },
        Call::Config(digest) => match client.config("team/api", digest).await? {
            Some(found) => text(found.platform.map(|platform| platform.to_string())),
            None => nothing(),
        },
        Call::Tags => client.tags("team/api").page_size(2).all().await?.join(" "),
        Call::Catalog => client.repositories().page_size(2).all().await?.join(" "),
        Call::Referrers(digest) => {
            let found = client.referrers("team/api", digest).await?;
            let lines = found.iter().map(|found| {
                let digit = found.digest.chars().last().unwrap();
                let origin = match found.origin {
                    ReferrerOrigin::Api => "api",
                    ReferrerOrigin::TagSchema => "tag schema",
                    ReferrerOrigin::CosignTag => "cosign",
                    _ => "other",
                };
                let artifact_type = found.artifact_type.as_deref().unwrap_or("none");
                format!("{digit} {origin} {artifact_type}")
            });
            lines.collect::<Vec<_>>().join(", ")
        }
    })
}

/// Returns method and target of a request, and its authentication.
fn line(request: &Request) -> String {
    let shown = request.header("authorization");
    let shown = shown.map(|shown| format!(" | {shown}"));
    format!(
        "{} {}{}",
        request.method,
        request.target,
        shown.unwrap_or_default()
    )
}

async fn run(cases: Vec<Case>) {
    for case in cases {
        let Case {
            name,
            server,
            call,
            expected,
            requests,
        } = case;
        let server = Hostile::start(server).await;
        let login = Login::password("robot", "hush");
        let client = builder(&server, &quick_clock(noon())).login(login);
        let client = client.build().unwrap();
        let found = match outcome(&client, call).await {
            Ok(found) => found,
            Err(error) => {
                let text = error.to_string();
                let subject = error.subject().unwrap_or("no subject").to_owned();
                let text = text.replace(&subject, "IMAGE");
                text.replace(server.host(), "HOST")
            }
        };
        assert_eq!(found, expected, "{name}");
        let sent: Vec<_> = server.requests().iter().map(line).collect();
        assert_eq!(sent, requests, "{name}");
    }
}

const HEAD: &str = "HEAD /v2/team/api/manifests/v42";
const GET: &str = "GET /v2/team/api/manifests/v42";
const HEAD_BASIC: &str = "HEAD /v2/team/api/manifests/v42 | Basic cm9ib3Q6aHVzaA==";
const HEAD_TOKEN: &str = "HEAD /v2/team/api/manifests/v42 | Bearer t";
const FIRST: &str = "GET /v2/team/api/tags/list?n=2";
const SECOND: &str = "GET /v2/team/api/tags/list?last=b&n=2";

fn there() -> Reply {
    let headers = [("docker-content-digest", DIGEST), ("content-type", INDEX)];
    Reply::answer(200, &headers, "")
}

#[tokio::test]
async fn authentication() {
    let found = || format!("{DIGEST} {INDEX}");
    let guarded_manifest = |challenges| guarded(challenges, script(vec![there()]));
    let manifest = Call::Manifest("v42");
    run(vec![
        case(
            "no challenge",
            script(vec![there()]),
            manifest,
            found(),
            &[HEAD],
        ),
        case(
            "a refusal without a challenge",
            guarded_manifest(&[]),
            manifest,
            "GET manifest IMAGE: refused by the service, HTTP 401",
            &[HEAD, "GET /v2/", GET],
        ),
        case(
            "an unknown challenge",
            guarded_manifest(&["Negotiate"]),
            manifest,
            "GET manifest IMAGE: refused by the service, HTTP 401",
            &[HEAD, GET],
        ),
        case(
            "Basic",
            guarded_manifest(&["Basic realm=\"registry\""]),
            manifest,
            found(),
            &[HEAD, HEAD_BASIC],
        ),
        case(
            "Bearer with a scope",
            guarded_manifest(&[
                "Bearer realm=\"http://HOST/token\",service=\"s\",scope=\"repository:team/api:pull\"",
            ]),
            manifest,
            found(),
            &[
                HEAD,
                "GET /token?service=s&scope=repository%3Ateam%2Fapi%3Apull&account=robot | Basic cm9ib3Q6aHVzaA==",
                HEAD_TOKEN,
            ],
        ),
        case(
            "Bearer without a scope",
            guarded_manifest(&["Bearer realm=\"http://HOST/token\""]),
            manifest,
            found(),
            &[
                HEAD,
                "GET /token?scope=repository%3Ateam%2Fapi%3Apull&account=robot | Basic cm9ib3Q6aHVzaA==",
                HEAD_TOKEN,
            ],
        ),
        case(
            "a realm with a query",
            guarded_manifest(&["Bearer realm=\"http://HOST/token?tenant=a%20b\",scope=\"x\""]),
            manifest,
            found(),
            &[
                HEAD,
                "GET /token?tenant=a%20b&scope=x&account=robot | Basic cm9ib3Q6aHVzaA==",
                HEAD_TOKEN,
            ],
        ),
        case(
            "two challenges in one header",
            guarded_manifest(&["Basic realm=\"x\", Bearer realm=\"http://HOST/token\",scope=\"x\""]),
            manifest,
            found(),
            &[
                HEAD,
                "GET /token?scope=x&account=robot | Basic cm9ib3Q6aHVzaA==",
                HEAD_TOKEN,
            ],
        ),
        case(
            "two headers",
            guarded_manifest(&[
                "Bearer realm=\"http://HOST/token\",scope=\"x\"",
                "Basic realm=\"x\"",
            ]),
            manifest,
            found(),
            &[
                HEAD,
                "GET /token?scope=x&account=robot | Basic cm9ib3Q6aHVzaA==",
                HEAD_TOKEN,
            ],
        ),
        case(
            "the scope of a blob is that of its repository",
            guarded(
                &["Bearer realm=\"http://HOST/token\""],
                script(vec![Reply::json("{}")]),
            ),
            Call::Config(DIGEST),
            "none",
            &[
                "GET /v2/team/api/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
                "GET /token?scope=repository%3Ateam%2Fapi%3Apull&account=robot | Basic cm9ib3Q6aHVzaA==",
                "GET /v2/team/api/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a | Bearer t",
            ],
        ),
        case(
            "the scope of the catalog",
            guarded(
                &["Bearer realm=\"http://HOST/token\""],
                script(vec![Reply::json(r#"{"repositories":["a"]}"#)]),
            ),
            Call::Catalog,
            "a",
            &[
                "GET /v2/_catalog?n=2",
                "GET /token?scope=registry%3Acatalog%3A%2A&account=robot | Basic cm9ib3Q6aHVzaA==",
                "GET /v2/_catalog?n=2 | Bearer t",
            ],
        ),
    ])
    .await;
}

/// A registry that requires a scope of its own for tags. Each token allows its scope alone.
fn scoped(request: &Request) -> Reply {
    if request.path() == "/token" {
        let token = request.query("scope").unwrap().replace("%3A", "-");
        return Reply::json(format!(r#"{{"token":"{}"}}"#, token.replace("%2F", "-")));
    }
    let (scope, reply) = match request.path().ends_with("/tags/list") {
        true => (
            "metadata_read",
            Reply::json(r#"{"name":"a","tags":["v1"]}"#),
        ),
        false => ("pull", there()),
    };
    let token = format!("Bearer repository-team-api-{scope}");
    match request.header("authorization") {
        Some(shown) if shown == token => reply,
        _ => {
            let challenge =
                format!("Bearer realm=\"http://HOST/token\",scope=\"repository:team/api:{scope}\"");
            let refusal = Reply::answer(401, &[("www-authenticate", &challenge)], "");
            with_host(refusal, request)
        }
    }
}

#[tokio::test]
async fn tags_share_the_token_of_their_repository_unless_they_have_a_scope() {
    let server = Hostile::start(scoped).await;
    let registry = client(&server);
    for call in [Call::Manifest("v42"), Call::Tags].repeat(3) {
        outcome(&registry, call).await.unwrap();
    }
    let tokens = |server: &Hostile| {
        let requests = server.requests();
        let tokens = requests.iter().filter(|one| one.path() == "/token");
        tokens.count()
    };
    assert_eq!(tokens(&server), 2);
    assert_eq!(server.count(), 2 + 6 + 2, "each scope is challenged once");

    let mut server = guarded(
        &["Bearer realm=\"http://HOST/token\""],
        Box::new(
            |request: &Request| match request.path().ends_with("/list") {
                true => Reply::json(r#"{"name":"a","tags":null}"#),
                false => there(),
            },
        ),
    );
    let server = Hostile::start(move |request| server(request)).await;
    let registry = client(&server);
    for call in [Call::Tags, Call::Manifest("v42"), Call::Tags] {
        outcome(&registry, call).await.unwrap();
    }
    assert_eq!(tokens(&server), 1);
    assert_eq!(server.count(), 1 + 1 + 3);
}

#[tokio::test]
async fn digests() {
    let said =
        |digest: &str, body: &str| Reply::answer(200, &[("docker-content-digest", digest)], body);
    let plain = |body: &str| Reply::answer(200, &[], body);
    let head = || Call::Manifest("v42");
    let content = |reference| Call::Content(reference);
    let by_digest = "GET /v2/team/api/manifests/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let by_sha512 = "GET /v2/team/api/manifests/sha512:27c74670adb75075fad058d5ceaf7b20c4e7786c83bae8a32f626f9782af34c9a33c2046ef60fd2a7878d378e29fec851806bbd9a67878f3a9f1cda4830763fd";
    let blob = "GET /v2/team/api/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let differs =
        "GET manifest IMAGE: the manifest does not match the digest in its header, HTTP 200";
    let requested =
        "GET manifest IMAGE: the manifest has another digest than the requested one, HTTP 200";
    run(vec![
        case(
            "in the header",
            script(vec![there()]),
            head(),
            format!("{DIGEST} {INDEX}"),
            &[HEAD],
        ),
        case(
            "missing, so the manifest is fetched and hashed",
            script(vec![plain(""), plain(MANIFEST)]),
            head(),
            format!("{MANIFEST_DIGEST} none"),
            &[HEAD, GET],
        ),
        case(
            "missing, by a digest",
            script(vec![plain("{}")]),
            content(DIGEST),
            format!("{DIGEST} none other"),
            &[by_digest],
        ),
        case(
            "wrong",
            script(vec![plain(""), said(OTHER, "{}")]),
            head(),
            differs,
            &[HEAD, GET],
        ),
        case(
            "wrong, for the content",
            script(vec![said(OTHER, "{}")]),
            content("v42"),
            differs,
            &[GET],
        ),
        case(
            "a manifest that comes between HEAD and GET, with a wrong digest",
            script(vec![Reply::answer(404, &[], ""), said(DIGEST, "")]),
            head(),
            differs,
            &[HEAD, GET],
        ),
        case(
            "invalid",
            script(vec![said("sha256:x", "")]),
            head(),
            "HEAD manifest IMAGE: invalid digest in the answer, HTTP 200",
            &[HEAD],
        ),
        case(
            "other bytes than requested",
            script(vec![plain(MANIFEST)]),
            content(DIGEST),
            requested,
            &[by_digest],
        ),
        case(
            "another digest than requested",
            script(vec![said(MANIFEST_DIGEST, MANIFEST)]),
            content(DIGEST),
            requested,
            &[by_digest],
        ),
        case(
            "another known algorithm",
            script(vec![plain("{}")]),
            content(SHA512),
            format!("{SHA512} none other"),
            &[by_sha512],
        ),
        case(
            "another known algorithm, and other bytes",
            script(vec![plain(MANIFEST)]),
            content(SHA512),
            requested,
            &[by_sha512],
        ),
        case(
            "another known algorithm in the header",
            script(vec![said(SHA512, "{}")]),
            content("v42"),
            format!("{SHA512} none other"),
            &[GET],
        ),
        case(
            "an unknown algorithm cannot be verified",
            script(vec![said(
                "other:00000000000000000000000000000000",
                MANIFEST,
            )]),
            content("v42"),
            "GET manifest IMAGE: unknown digest algorithm other; only sha256 and sha512 can be \
             verified, HTTP 200",
            &[GET],
        ),
        case(
            "of a blob",
            script(vec![plain("{}")]),
            Call::Config(DIGEST),
            "none",
            &[blob],
        ),
        case(
            "of other bytes than those of the blob",
            script(vec![said(DIGEST, MANIFEST)]),
            Call::Config(DIGEST),
            format!(
                "GET blob IMAGE: the answer has the digest {MANIFEST_DIGEST} instead, HTTP 200"
            ),
            &[blob],
        ),
    ])
    .await;
}

#[tokio::test]
async fn content_types() {
    let typed = |kind: &str, body: &str| Reply::answer(200, &[("content-type", kind)], body);
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    let image = format!(
        r#"{{"schemaVersion":2,"mediaType":"{IMAGE}","config":{{"digest":"{DIGEST}"}},"layers":[]}}"#
    );
    let kind = |reply: Reply, expected: &'static str| (reply, expected);
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    for (reply, expected) in [
        kind(
            typed(INDEX, index),
            "application/vnd.oci.image.index.v1+json index of 0",
        ),
        kind(
            typed(list, index),
            "application/vnd.docker.distribution.manifest.list.v2+json index of 0",
        ),
        kind(
            typed("application/json; charset=utf-8", index),
            "application/vnd.oci.image.index.v1+json index of 0",
        ),
        kind(
            typed(INDEX, &image),
            "application/vnd.oci.image.manifest.v1+json image of 0",
        ),
        kind(
            Reply::answer(200, &[], image.clone()),
            "application/vnd.oci.image.manifest.v1+json image of 0",
        ),
        kind(typed("application/x", MANIFEST), "application/x other"),
    ] {
        let server = Hostile::start(script(vec![reply])).await;
        let registry = client(&server);
        let found = outcome(&registry, Call::Content("v42")).await.unwrap();
        assert_eq!(found.split_once(' ').unwrap().1, expected);
        let accepted = server.requests()[0].header("accept").unwrap().to_owned();
        assert!(
            accepted.contains(list) && accepted.contains(IMAGE),
            "{accepted}"
        );
    }
    let page = typed("text/html", "<html>sign in</html>");
    let invalid = r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
    run(vec![
        case(
            "a page for people",
            script(vec![page.clone()]),
            Call::Manifest("v42"),
            "GET manifest IMAGE: the answer is not a manifest, HTTP 200",
            &[HEAD, GET],
        ),
        case(
            "JSON that is not a manifest",
            script(vec![Reply::json("{}")]),
            Call::Manifest("v42"),
            "GET manifest IMAGE: the answer is not a manifest, HTTP 200",
            &[HEAD, GET],
        ),
        case(
            "a page for people as content",
            script(vec![page.clone()]),
            Call::Content("v42"),
            "GET manifest IMAGE: the answer is not a manifest, HTTP 200",
            &[GET],
        ),
        case(
            "an index and an image at the same time",
            script(vec![Reply::json(invalid)]),
            Call::Content("v42"),
            "GET manifest IMAGE: invalid manifest: it is an index and an image at the same time, \
             HTTP 200",
            &[GET],
        ),
        case(
            "a page for people as tags",
            script(vec![page.clone()]),
            Call::Tags,
            "GET tags IMAGE: invalid JSON in line 1, column 1, HTTP 200",
            &[FIRST],
        ),
        case(
            "larger than a manifest may be",
            script(vec![
                Reply::answer(200, &[], ""),
                Reply::answer(200, &[], " ".repeat((4 << 20) + 1)),
            ]),
            Call::Manifest("v42"),
            "GET manifest IMAGE: the answer is longer than 4194304 bytes, HTTP 200",
            &[HEAD, GET],
        ),
        case(
            "tags without end",
            script(vec![Reply::Endless(vec![b' '; 1 << 16])]),
            Call::Tags,
            "GET tags IMAGE: the answer is longer than 4194304 bytes, HTTP 200",
            &[FIRST],
        ),
    ])
    .await;
}

#[tokio::test]
async fn errors() {
    let refused = |status, body: &str| Reply::answer(status, &[], body);
    let denied = r#"{"errors":[{"code":"DENIED","message":"not for robots"}]}"#;
    let config = "GET /v2/team/api/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    run(vec![
        case(
            "a manifest that does not exist",
            script(vec![refused(404, UNKNOWN)]),
            Call::Manifest("v42"),
            "nothing",
            &[HEAD, GET],
        ),
        case(
            "content that does not exist",
            script(vec![refused(404, UNKNOWN)]),
            Call::Content("v42"),
            "nothing",
            &[GET],
        ),
        case(
            "a blob that does not exist",
            script(vec![refused(404, r#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#)]),
            Call::Config(DIGEST),
            "nothing",
            &[config],
        ),
        case(
            "a repository that does not exist",
            script(vec![refused(404, NO_NAME)]),
            Call::Tags,
            "IMAGE: the registry does not have the repository",
            &[FIRST],
        ),
        case(
            "a 404 in plain text",
            script(vec![refused(404, "404 page not found")]),
            Call::Manifest("v42"),
            "GET manifest IMAGE: refused by the service, HTTP 404; no answer shows that this host is \
             a registry; check the host",
            &[HEAD, GET, "GET /v2/"],
        ),
        case(
            "a 404 in HTML",
            script(vec![refused(404, "<html>not found</html>")]),
            Call::Tags,
            "GET tags IMAGE: refused by the service, HTTP 404",
            &[FIRST],
        ),
        case(
            "a registry without a catalog",
            script(vec![refused(404, r#"{"errors":[{"code":"UNSUPPORTED"}]}"#)]),
            Call::Catalog,
            "GET catalog IMAGE: refused by the service, HTTP 404, UNSUPPORTED",
            &["GET /v2/_catalog?n=2"],
        ),
        case(
            "a refusal without a body",
            script(vec![refused(403, "")]),
            Call::Manifest("v42"),
            "GET manifest IMAGE: refused by the service, HTTP 403",
            &[HEAD, GET],
        ),
        case(
            "a refusal with a reason",
            script(vec![refused(403, denied)]),
            Call::Content("v42"),
            "GET manifest IMAGE: refused by the service, HTTP 403, DENIED: not for robots",
            &[GET],
        ),
        case(
            "a redirect without a target",
            script(vec![refused(307, "")]),
            Call::Manifest("v42"),
            "HEAD manifest IMAGE: the service redirects the request, and redirects are not \
             followed; check the endpoint, HTTP 307",
            &[HEAD],
        ),
        case(
            "a config that is not JSON",
            script(vec![Reply::answer(200, &[], "<html>")]),
            Call::Config(HTML),
            "GET blob IMAGE: invalid config: invalid JSON in line 1, column 1, HTTP 200",
            &["GET /v2/team/api/blobs/sha256:b7d082ee12e91b756ea22e8513b8594eebcf5d39fab813da3cb55794dc888ad7"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn an_anonymous_request_is_told_to_log_in() {
    for (call, says) in [
        (Call::Manifest("v42"), " for team/api"),
        (Call::Tags, " for team/api"),
        (Call::Catalog, " for the list of repositories"),
    ] {
        let server = guarded(&["Basic realm=\"x\""], script(vec![there()]));
        let server = Hostile::start(server).await;
        let error = outcome(&client(&server), call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let says = format!("the registry requires a login{says}, and no login was found");
        assert!(error.to_string().contains(&says), "{error}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn pages() {
    let tags = |names: &[&str], link: &str| {
        let body = json!({"name": "team/api", "tags": names}).to_string();
        match link {
            "" => Reply::answer(200, &[], body),
            link => Reply::answer(200, &[("link", link)], body),
        }
    };
    let two = |link: &str| {
        routes(vec![
            ("/v2/team/api/tags/list?n=2", tags(&["a", "b"], link)),
            ("/v2/team/api/tags/list?last=b&n=2", tags(&["c"], "")),
        ])
    };
    let both = &[FIRST, SECOND];
    let other = "GET tags IMAGE: the next page is at another host, HTTP 200";
    run(vec![
        case("one page", two(""), Call::Tags, "a b", &[FIRST]),
        case(
            "a relative link",
            two("</v2/team/api/tags/list?last=b&n=2>; rel=\"next\""),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "a link relative to the page",
            two("<list?last=b&n=2>; rel=next"),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "an absolute link",
            two("<http://HOST/v2/team/api/tags/list?last=b&n=2>; rel=\"next\""),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "another scheme",
            two("<https://HOST/v2/team/api/tags/list?last=b&n=2>; rel=\"next\""),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "other relations",
            two("</v2/x>; rel=\"first\", </v2/team/api/tags/list?last=b&n=2>; rel=\"next\""),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "a name that comes twice",
            routes(vec![
                (
                    "/v2/team/api/tags/list?n=2",
                    tags(&["a", "b"], "<?last=b&n=2>; rel=next"),
                ),
                ("/v2/team/api/tags/list?last=b&n=2", tags(&["b", "c"], "")),
            ]),
            Call::Tags,
            "a b c",
            both,
        ),
        case(
            "another host",
            two("<http://registry.example/v2/team/api/tags/list?last=b>; rel=\"next\""),
            Call::Tags,
            other,
            &[FIRST],
        ),
        case(
            "another port",
            two("<http://127.0.0.1:1/v2/team/api/tags/list?last=b>; rel=\"next\""),
            Call::Tags,
            other,
            &[FIRST],
        ),
        case(
            "another path",
            two("</login>; rel=\"next\""),
            Call::Tags,
            "GET tags IMAGE: the next page is outside of /v2/, HTTP 200",
            &[FIRST],
        ),
        case(
            "an invalid header",
            two("next page"),
            Call::Tags,
            "GET tags IMAGE: invalid Link header, HTTP 200",
            &[FIRST],
        ),
        case(
            "an empty page is not the end",
            routes(vec![
                (
                    "/v2/team/api/tags/list?n=2",
                    tags(&[], "<?last=b&n=2>; rel=next"),
                ),
                ("/v2/team/api/tags/list?last=b&n=2", tags(&["c"], "")),
            ]),
            Call::Tags,
            "c",
            both,
        ),
        case(
            "no tags",
            script(vec![Reply::json(r#"{"name":"team/api","tags":null}"#)]),
            Call::Tags,
            "",
            &[FIRST],
        ),
        case(
            "null without a name",
            script(vec![Reply::json(r#"{"tags":null}"#)]),
            Call::Tags,
            "",
            &[FIRST],
        ),
        case(
            "not a list",
            script(vec![Reply::json("{}")]),
            Call::Tags,
            "GET tags IMAGE: the answer is not a list of tags, HTTP 200",
            &[FIRST],
        ),
        case(
            "an invalid tag",
            script(vec![Reply::json(r#"{"name":"a","tags":["../x"]}"#)]),
            Call::Tags,
            "GET tags IMAGE: the list has an invalid tag, HTTP 200",
            &[FIRST],
        ),
        case(
            "repositories",
            routes(vec![
                (
                    "/v2/_catalog?n=2",
                    Reply::answer(
                        200,
                        &[("link", "</v2/_catalog?last=b%2Fc&n=2>; rel=\"next\"")],
                        r#"{"repositories":["a","b/c"]}"#,
                    ),
                ),
                (
                    "/v2/_catalog?last=b%2Fc&n=2",
                    Reply::json(r#"{"repositories":null}"#),
                ),
            ]),
            Call::Catalog,
            "a b/c",
            &["GET /v2/_catalog?n=2", "GET /v2/_catalog?last=b%2Fc&n=2"],
        ),
        case(
            "an invalid repository",
            script(vec![Reply::json(r#"{"repositories":["a/../b"]}"#)]),
            Call::Catalog,
            "GET catalog IMAGE: the list has an invalid repository, HTTP 200",
            &["GET /v2/_catalog?n=2"],
        ),
    ])
    .await;
}

#[tokio::test]
async fn pages_that_do_not_end_are_an_error() {
    let page = |link: &str, tag: &str| {
        let body = json!({"name": "a", "tags": [tag]}).to_string();
        Reply::answer(200, &[("link", link)], body)
    };
    let circle = Hostile::start(move |_| page("<?last=b>; rel=next", "a")).await;
    let error = outcome(&client(&circle), Call::Tags).await.unwrap_err();
    assert!(error.to_string().contains("repeats the token"), "{error}");
    assert_eq!(circle.count(), 2);

    let mut number = 0;
    let barren = Hostile::start(move |_| {
        number += 1;
        page(&format!("<?last={number}>; rel=next"), "a")
    })
    .await;
    let error = outcome(&client(&barren), Call::Tags).await.unwrap_err();
    assert!(error.to_string().contains("no new record"), "{error}");
    assert_eq!(barren.count(), 65);

    let mut number = 0;
    let endless = Hostile::start(move |_| {
        number += 1;
        page(&format!("<?last={number}>; rel=next"), &number.to_string())
    })
    .await;
    let all = client(&endless).tags("team/api").max_pages(5).all().await;
    let error = all.unwrap_err();
    assert!(error.to_string().contains("more than 5 pages"), "{error}");
    assert_eq!(endless.count(), 5);
}

#[tokio::test]
async fn an_invalid_name_is_not_sent() {
    let server = Hostile::start(|_| there()).await;
    let registry = client(&server);
    let errors = [
        registry.tags("team/../api").all().await.unwrap_err(),
        registry.content("team/api", "a/b").await.unwrap_err(),
        registry.config("team/api", "v42").await.unwrap_err(),
        registry
            .referrers("team/api", "sha256:x")
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn content_by_digest_is_fetched_once() {
    let server = Hostile::start(|request| match request.path().contains("/blobs/") {
        true => Reply::json("{}"),
        false => Reply::json(MANIFEST),
    })
    .await;
    let registry = client(&server);
    for _ in 0..3 {
        let content = registry.content("team/api", MANIFEST_DIGEST).await;
        let content = content.unwrap().unwrap();
        assert_eq!(content.bytes(), MANIFEST.as_bytes());
        registry.config("team/api", DIGEST).await.unwrap().unwrap();
    }
    assert_eq!(server.count(), 2);
    // A tag moves, and another repository may not have it.
    registry.content("team/api", "v42").await.unwrap().unwrap();
    registry.content("team/api", "v42").await.unwrap().unwrap();
    registry.content("team/web", MANIFEST_DIGEST).await.unwrap();
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn a_blob_is_fetched_from_another_host_without_credentials() {
    let storage = Hostile::start(|_| Reply::answer(200, &[], "{}")).await;
    let location = format!("{}/blob?signature=x", storage.endpoint());
    let redirect = Reply::answer(307, &[("location", &location)], "");
    let server = guarded(
        &["Bearer realm=\"http://HOST/token\""],
        script(vec![redirect]),
    );
    let server = Hostile::start(server).await;
    let login = Login::password("robot", "hush");
    let registry = builder(&server, &quick_clock(noon())).login(login);
    let registry = registry.build().unwrap();
    registry.config("team/api", DIGEST).await.unwrap().unwrap();
    let requests = storage.requests();
    assert_eq!(line(&requests[0]), "GET /blob?signature=x");
    assert_eq!(
        server.requests()[2].header("authorization"),
        Some("Bearer t")
    );
}

#[tokio::test]
async fn referrers() {
    let subject = DIGEST;
    let api = "GET /v2/team/api/referrers/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let api = api.strip_prefix("GET ").unwrap();
    let tag = "/v2/team/api/manifests/sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let second = "/v2/team/api/referrers/x?page=2";
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let index = |digits: &[&str]| {
        let entries: Vec<_> = digits
            .iter()
            .map(|digit| json!({"digest": digest(digit), "artifactType": "application/x"}))
            .collect();
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
    };
    let signature = "/v2/team/api/manifests/sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a.sig";
    let signed = |digit: &str| Reply::answer(200, &[("docker-content-digest", &digest(digit))], "");
    let sig = "application/vnd.dev.cosign.artifact.sig.v1+json";
    for (name, server, expected) in [
        ("none", routes(vec![]), Ok(String::new())),
        (
            "the API",
            routes(vec![(api, Reply::json(index(&["1", "2"])))]),
            Ok("1 api application/x, 2 api application/x".to_owned()),
        ),
        (
            "pages of the API",
            routes(vec![
                (
                    api,
                    Reply::answer(200, &[("link", "<x?page=2>; rel=next")], index(&["1"])),
                ),
                (second, Reply::json(index(&["2"]))),
            ]),
            Ok("1 api application/x, 2 api application/x".to_owned()),
        ),
        (
            "a page that is missing",
            routes(vec![(
                api,
                Reply::answer(200, &[("link", "<x?page=2>; rel=next")], index(&["1"])),
            )]),
            Err("HTTP 404"),
        ),
        (
            "a page that leads back",
            routes(vec![
                (
                    api,
                    Reply::answer(200, &[("link", "<x?page=2>; rel=next")], index(&["1"])),
                ),
                (
                    second,
                    Reply::answer(200, &[("link", "<x?page=2>; rel=next")], index(&["1"])),
                ),
            ]),
            Err("the registry repeats a page"),
        ),
        (
            "a page at another host",
            routes(vec![(
                api,
                Reply::answer(200, &[("link", "<//a.example/v2/x>")], index(&["1"])),
            )]),
            Err("the next page is at another host"),
        ),
        (
            "the tag schema",
            routes(vec![(tag, Reply::json(index(&["3"])))]),
            Ok("3 tag schema application/x".to_owned()),
        ),
        (
            "the tag schema, behind a page for people",
            routes(vec![
                (
                    api,
                    Reply::answer(200, &[("content-type", "text/html")], "<html>"),
                ),
                (tag, Reply::json(index(&["3"]))),
            ]),
            Ok("3 tag schema application/x".to_owned()),
        ),
        (
            "the API is preferred",
            routes(vec![
                (api, Reply::json(index(&["1"]))),
                (tag, Reply::json(index(&["3"]))),
            ]),
            Ok("1 api application/x".to_owned()),
        ),
        (
            "a tag of cosign",
            routes(vec![(signature, signed("4"))]),
            Ok(format!("4 cosign {sig}")),
        ),
        (
            "a signature that the API has, too",
            routes(vec![
                (api, Reply::json(index(&["4"]))),
                (signature, signed("4")),
            ]),
            Ok("4 api application/x".to_owned()),
        ),
        (
            "another kind of tag",
            routes(vec![(tag, Reply::json(MANIFEST))]),
            Err("the tag of the referrers is not an index"),
        ),
        (
            "not an index",
            routes(vec![(api, Reply::json("{}"))]),
            Err("the answer is not an index"),
        ),
        (
            "denied",
            routes(vec![(api, Reply::answer(403, &[], ""))]),
            Err("HTTP 403"),
        ),
    ] {
        let server = Hostile::start(server).await;
        let found = outcome(&client(&server), Call::Referrers(subject)).await;
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{name}"),
            (Err(error), Err(says)) => {
                let text = error.to_string();
                assert!(
                    text.contains(says) && error.subject().is_some(),
                    "{name}: {text}"
                );
            }
            (found, expected) => panic!("{name}: {found:?} instead of {expected:?}"),
        }
    }
}

#[tokio::test]
async fn a_wait_that_a_host_asks_for_holds_all_requests_to_it() {
    let server = Hostile::start(|request| match request.path() {
        "/token" => Reply::json(r#"{"token":"t"}"#),
        "/v2/team/api/tags/list" => Reply::answer(429, &[("retry-after", "300")], ""),
        _ => match request.header("authorization") {
            Some(_) => there(),
            None => {
                let challenge = "Bearer realm=\"http://HOST/token\"";
                let refusal = Reply::answer(401, &[("www-authenticate", challenge)], "");
                with_host(refusal, request)
            }
        },
    })
    .await;
    let clock = quick_clock(noon());
    let registry = builder(&server, &clock).build().unwrap();
    outcome(&registry, Call::Manifest("v42")).await.unwrap();
    let error = outcome(&registry, Call::Tags).await.unwrap_err();
    assert!(error.is_throttled(), "{error}");
    let count = server.count();
    // The token service of another repository is at the same host.
    let error = registry.manifest("team/web", "v1").await.unwrap_err();
    assert!(error.is_throttled(), "{error}");
    assert_eq!(error.operation(), Some("GET token"));
    assert_eq!(server.count(), count);
    clock.advance(Duration::from_secs(300));
    registry.manifest("team/web", "v1").await.unwrap().unwrap();
}
