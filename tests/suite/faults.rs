//! Tests of invalid answers and invalid endpoints.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::testing::ManualClock;
use openapi_transport::{ConnectionFault, Context, ContextBuilder, Error, ErrorKind, RetryPolicy};
use registry_tests::certificates::Authority;
use registry_tests::hostile::{Hostile, Reply};
use registry_tests::{Recorder, noon, quick_clock};

use crate::subjects::any::{self, Client};

fn context(endpoint: &str) -> ContextBuilder {
    Context::builder(endpoint, any::dialect())
}

async fn error(context: ContextBuilder) -> Error {
    let call = Client::new(context.build().unwrap())
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo")
        .send()
        .await;
    Error::from(call.unwrap_err())
}

#[tokio::test]
async fn an_answer_that_is_none_is_an_error_that_says_what_came() {
    const JSON: (&str, &str) = ("content-type", "application/json");
    const HTML: (&str, &str) = ("content-type", "text/html");
    const ID: (&str, &str) = ("x-request-id", "req-1");
    for (status, headers, body, kind, retry, says) in [
        (
            200,
            vec![HTML, ID],
            "<html>sign in</html>",
            ErrorKind::Undecodable,
            false,
            "ListImageAutoSyncReposDetails: the answer is not what was expected (text/html): \
             expected value at line 1 column 1, HTTP 200 (request id req-1)",
        ),
        (
            200,
            vec![JSON],
            r#"{"createdAt":"x"}"#,
            ErrorKind::Undecodable,
            false,
            "ListImageAutoSyncReposDetails: the answer is not what was expected \
             (application/json): invalid type: map, expected a list or null at line 1 column 1, \
             HTTP 200",
        ),
        (
            200,
            vec![],
            "",
            ErrorKind::Undecodable,
            false,
            "ListImageAutoSyncReposDetails: the answer is not what was expected (no content \
             type): EOF while parsing a value at line 1 column 0, HTTP 200",
        ),
        (
            302,
            vec![("location", "https://elsewhere.example/")],
            "",
            ErrorKind::Undecodable,
            false,
            "ListImageAutoSyncReposDetails: the service redirects the request, and redirects are \
             not followed; check the endpoint, HTTP 302",
        ),
        (
            204,
            vec![],
            "",
            ErrorKind::Undecodable,
            false,
            "ListImageAutoSyncReposDetails: the answer has a status that the spec does not name, \
             HTTP 204",
        ),
        (
            502,
            vec![HTML],
            "<html>bad gateway</html>",
            ErrorKind::Service,
            true,
            "ListImageAutoSyncReposDetails: refused by the service, HTTP 502",
        ),
        (
            429,
            vec![JSON, ID],
            r#"{"error_code":"APIGW.0308","error_msg":"slow down"}"#,
            ErrorKind::Throttled,
            true,
            "ListImageAutoSyncReposDetails: refused by the service, HTTP 429, APIGW.0308: slow \
             down (request id req-1)",
        ),
        (
            400,
            vec![JSON],
            r#"[{"errorCode":"SVCSTG.4001158","errorMessage":"gone","detail":"rule 45"}]"#,
            ErrorKind::Service,
            false,
            "ListImageAutoSyncReposDetails: refused by the service, HTTP 400, \
             SVCSTG.4001158: gone (rule 45)",
        ),
    ] {
        let recorder = Recorder::start(status, &headers, body).await;
        let error = error(context(recorder.endpoint()).retry(RetryPolicy::never())).await;
        assert_eq!(error.to_string(), says);
        assert_eq!(error.kind(), kind, "{says}");
        assert_eq!(error.status(), Some(status), "{says}");
        assert_eq!(error.can_retry(), retry, "{says}");
        assert_eq!(error.attempts(), 1, "{says}");
        assert_eq!(recorder.requests().await.len(), 1, "{says}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let recorder = Recorder::json(format!("[{}]", "0,".repeat(4000))).await;
    let error = error(context(recorder.endpoint()).max_answer_bytes(1000)).await;
    assert_eq!(error.kind(), ErrorKind::Undecodable);
    assert!(
        error.to_string().contains("longer than 1000 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn packed_answers_are_unpacked_and_held_to_the_limit() {
    const PACKED: [(&str, &str); 2] = [
        ("content-type", "application/json"),
        ("content-encoding", "gzip"),
    ];
    // Two million blanks between two brackets, in two thousand bytes.
    let blanks = include_bytes!("../data/blanks.json.gz");
    let recorder = Recorder::start(200, &PACKED, blanks).await;
    let client = Client::new(context(recorder.endpoint()).build().unwrap());
    let rules = client
        .list_image_auto_sync_repos_details()
        .namespace("test")
        .repository("testrepo");
    assert!(rules.send().await.unwrap().is_empty());
    assert!(recorder.request().await.contains("accept-encoding: gzip"));

    let error = error(context(recorder.endpoint()).max_answer_bytes(100_000)).await;
    assert!(
        error.to_string().contains("longer than 100000 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_and_no_answer_are_told_apart() {
    // A port that was just free.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let nobody = error(context(&endpoint).retry(RetryPolicy::never())).await;
    assert_eq!(nobody.kind(), ErrorKind::Transport);
    let host = endpoint.trim_start_matches("http://");
    assert_eq!(
        nobody.to_string(),
        format!("ListImageAutoSyncReposDetails: cannot connect to {host}: connection refused")
    );
    assert_eq!(nobody.connection(), Some(ConnectionFault::Refused));
    assert_eq!(nobody.host(), Some(host));
    assert!(nobody.can_retry());
    // The error has one line and no cause.
    assert!(std::error::Error::source(&nobody).is_none());

    // The server listens, and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let impatient = context(&endpoint).retry(RetryPolicy::never());
    let late = error(impatient.attempt_deadline(Duration::from_millis(50))).await;
    assert_eq!(late.kind(), ErrorKind::Deadline);
    let host = endpoint.trim_start_matches("http://");
    let says = format!("no complete answer from {host} in time");
    assert!(late.to_string().contains(&says), "{late}");
    assert_eq!((late.host(), late.connection()), (Some(host), None));
}

#[test]
fn endpoints_that_would_leak_or_lead_astray_are_refused() {
    for (endpoint, says) in [
        (
            "http://registry.example.com",
            "plain http goes only to this machine; use https",
        ),
        ("ftp://127.0.0.1", "must begin with https://"),
        ("registry.example.com", "use a URL such as https://HOST"),
        (
            "https://user:password@example.com",
            "must not hold a user name or password",
        ),
        (
            "https://example.com/?a=b",
            "must not have a query or fragment",
        ),
        ("", "use a URL such as https://HOST"),
    ] {
        let error = context(endpoint).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{endpoint}");
        assert!(error.to_string().contains(says), "{endpoint}: {error}");
        assert!(!error.to_string().contains("password@"), "{error}");
        assert!(!error.to_string().contains("=password"), "{error}");
    }
    for endpoint in [
        "http://127.0.0.1:1",
        "http://localhost:1/",
        "http://[::1]:1",
    ] {
        assert!(context(endpoint).build().is_ok(), "{endpoint}");
    }
    let elsewhere = context("http://registry.example.com").allow_plain_http();
    assert!(elsewhere.build().is_ok());
}

#[tokio::test]
async fn a_connection_serves_many_calls() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    // The server accepts one connection only.
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut served = 0;
        let mut bytes = vec![0; 16_384];
        while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]";
            stream.write_all(answer).await.unwrap();
            served += 1;
        }
        served
    });
    let client = Client::new(context(&endpoint).build().unwrap());
    for _ in 0..5 {
        let call = client
            .list_image_auto_sync_repos_details()
            .namespace("test")
            .repository("testrepo");
        assert!(call.send().await.unwrap().is_empty());
    }
    drop(client);
    assert_eq!(serving.await.unwrap(), 5);
}

#[tokio::test]
async fn an_untrusted_certificate_and_an_unknown_name_are_tried_once() {
    let identity = Authority::new("nobody's").identity(&["localhost"]);
    let server = Hostile::start_tls(identity, |_| Reply::json("[]")).await;
    let port = server.endpoint().rsplit(':').next().unwrap();
    let untrusted = error(context(&format!("https://localhost:{port}"))).await;
    assert_eq!(
        untrusted.connection(),
        Some(ConnectionFault::UntrustedIssuer),
        "{untrusted}"
    );
    assert_eq!(untrusted.kind(), ErrorKind::Transport);
    assert_eq!(server.count(), 0);

    // A label of more than 63 characters is invalid, and every resolver rejects it without a query.
    let nowhere = format!("http://{}.example", "a".repeat(64));
    let unknown = error(context(&nowhere).allow_plain_http()).await;
    assert_eq!(
        unknown.connection(),
        Some(ConnectionFault::Dns),
        "{unknown}"
    );
    let host = format!("{}.example:80", "a".repeat(64));
    assert_eq!(unknown.host(), Some(host.as_str()));
    for error in [untrusted, unknown] {
        assert!(!error.can_retry(), "{error}");
        assert_eq!(error.attempts(), 1, "{error}");
    }
}

#[tokio::test]
async fn what_services_send_is_cut_when_an_error_is_made_of_it() {
    let long = "ä".repeat(25_000);
    let body = format!(r#"{{"error_code":"{long}","error_msg":"{long}"}}"#);
    let id = "7".repeat(50_000);
    let recorder = Recorder::start(400, &[("x-request-id", &id)], body).await;
    let cut = error(context(recorder.endpoint())).await;
    let (code, message) = (cut.code().unwrap(), cut.message().unwrap());
    assert_eq!(code, format!("{}… [cut, 50000 bytes]", "ä".repeat(64)));
    assert_eq!(message, format!("{}… [cut, 50000 bytes]", "ä".repeat(512)));
    let id = cut.request_id().unwrap();
    assert_eq!(id, format!("{}… [cut, 50000 bytes]", "7".repeat(128)));
    assert!(cut.to_string().len() < 2000, "{cut}");

    // The error quotes a content type, and serde's error.
    let kind = "x".repeat(50_000);
    let recorder = Recorder::start(200, &[("content-type", &kind)], "no").await;
    let quoted = error(context(recorder.endpoint())).await;
    assert!(quoted.to_string().len() < 2000, "{quoted}");

    let challenges = vec![("www-authenticate", "Basic realm=\"x\""); 50];
    let mut headers = vec![("www-authenticate", kind.as_str())];
    headers.extend(challenges);
    let recorder = Recorder::start(401, &headers, "").await;
    let bounded = error(context(recorder.endpoint())).await;
    assert_eq!(bounded.challenges(), ["Basic realm=\"x\""; 8]);

    let large = "x".repeat(70_000);
    let recorder = Recorder::start(200, &[("x-large", &large)], "[]").await;
    let refused = error(context(recorder.endpoint())).await;
    assert_eq!(refused.kind(), ErrorKind::Undecodable);
    let says = "the headers are longer than 65536 bytes";
    assert!(refused.to_string().contains(says), "{refused}");
}

#[tokio::test]
async fn a_secret_that_a_service_repeats_is_hidden_before_the_cut() {
    // The cut would be in the middle of the signature.
    let server = Hostile::start(|request| {
        let signature = request.header("authorization").unwrap_or_default();
        let says = format!("{}{signature}", "x".repeat(1024 - 40));
        Reply::answer(403, &[], format!(r#"{{"error_msg":"{says}"}}"#))
    })
    .await;
    let refused = error(context(server.endpoint())).await;
    let message = refused.message().unwrap();
    assert!(message.ends_with("[secret]"), "{message}");
    assert!(!message.contains("SDK-HMAC"), "{message}");
}

/// Returns the duration of a call by the machine's clock, and its error.
async fn timed(context: ContextBuilder) -> (Duration, Error) {
    let begun = std::time::Instant::now();
    let error = error(context).await;
    (begun.elapsed(), error)
}

#[tokio::test]
async fn a_call_ends_at_its_deadline_whatever_drips() {
    let drips = || Reply::Drip(vec![b'['; 1000], Duration::from_millis(20));
    for (name, reply) in [("drip", drips()), ("hang", Reply::Hang)] {
        let server = Hostile::start(move |_| reply.clone()).await;
        // The deadline of one attempt also applies to the body.
        let attempts = context(server.endpoint())
            .retry(RetryPolicy::never())
            .attempt_deadline(Duration::from_millis(200));
        let (took, late) = timed(attempts).await;
        assert!(took < Duration::from_secs(2), "{name}: {took:?}");
        assert_eq!(late.kind(), ErrorKind::Deadline, "{name}: {late}");
        let host = server.host();
        assert!(late.to_string().contains(host), "{name}: {late}");

        // A clock that stands still during a call does not extend the call.
        for clock in [
            Arc::new(ManualClock::at(noon())) as Arc<dyn openapi_transport::Clock>,
            quick_clock(noon()),
        ] {
            let still = context(server.endpoint())
                .clock(clock)
                .deadline(Duration::from_millis(200));
            let (took, late) = timed(still).await;
            assert!(took < Duration::from_secs(2), "{name}: {took:?}");
            assert_eq!(late.kind(), ErrorKind::Deadline, "{name}: {late}");
            assert_eq!(late.attempts(), 1, "{name}: {late}");
        }

        // A clock that moves ends the call at once.
        let clock = ManualClock::at(noon());
        let minutes = context(server.endpoint())
            .clock(Arc::new(clock.clone()))
            .attempt_deadline(Duration::from_secs(100))
            .deadline(Duration::from_secs(100));
        let before = server.count();
        let moved = async {
            server.received(before + 1).await;
            clock.advance(Duration::from_secs(100));
        };
        let ((took, late), ()) = futures_util::future::join(timed(minutes), moved).await;
        assert!(took < Duration::from_secs(20), "{name}: {took:?}");
        assert_eq!(late.kind(), ErrorKind::Deadline, "{name}: {late}");
        let says = format!("no complete answer from {host} within 100s");
        assert!(late.to_string().contains(&says), "{name}: {late}");
    }
}
