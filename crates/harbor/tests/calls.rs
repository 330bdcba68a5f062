//! Tests of the client's calls against a server on loopback: paths, queries, headers, bodies and errors.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use harbor::harbor::types::{
    ReplicationFilter, ReplicationPolicy, RetentionTrial, StartReplicationExecution,
};
use harbor::{Credentials, Harbor, Login, created_id, harbor as api};
use openapi_transport::{Context, Error, ErrorKind, RetryPolicy};

/// Answer of the server: a status, headers and a body.
type Given = (u16, &'static str, &'static str);

/// Serves these answers, each on a connection of its own. The thread returns the requests.
fn serve(answers: Vec<Given>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let answer = |(status, headers, body): Given| {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !is_whole(&request) {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.extend(byte);
            }
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} Whatever\r\n{headers}content-length: {length}\r\n\
                 connection: close\r\n\r\n"
            );
            stream
                .write_all(format!("{head}{body}").as_bytes())
                .unwrap();
            String::from_utf8(request).unwrap()
        };
        answers.into_iter().map(answer).collect()
    });
    (endpoint, serving)
}

/// Whether a request has its whole body.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lines = head.lines().map(str::to_lowercase);
    let length = lines.find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn client_of(endpoint: String, credentials: impl Into<Credentials>) -> api::Client {
    let dialect = Arc::new(Harbor::new(credentials));
    let context = Context::builder(endpoint, dialect).retry(RetryPolicy::never());
    api::Client::new(context.build().unwrap())
}

fn client(endpoint: String) -> api::Client {
    client_of(endpoint, Login::new("robot$copy", "hush"))
}

fn line(request: &str) -> &str {
    request.lines().next().unwrap()
}

fn has_header(request: &str, header: &str) -> bool {
    request
        .lines()
        .any(|line| line.eq_ignore_ascii_case(header))
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_listing_is_asked_for_in_pages_and_counted_by_a_header() {
    let headers = "content-type: application/json\r\nx-total-count: 51\r\n\
                   link: </api/v2.0/replication/executions?page=2&page_size=50>; rel=\"next\"\r\n";
    let body = r#"[{"id":83,"status":"InProgress","end_time":"0001-01-01T00:00:00.000Z"},null]"#;
    let (endpoint, serving) = serve(vec![(200, headers, body)]);
    let client = client(endpoint);
    let call = client.list_replication_executions();
    let call = call
        .policy_id(12)
        .status("InProgress")
        .trigger("event_based");
    let answer = call.page(1).page_size(50).sort("-id").send().await.unwrap();

    let request = &serving.join().unwrap()[0];
    let expected = "GET /api/v2.0/replication/executions?page=1&page_size=50&policy_id=12&sort=-id&\
                    status=InProgress&trigger=event_based HTTP/1.1";
    assert_eq!(line(request), expected);
    assert!(has_header(
        request,
        "authorization: Basic cm9ib3QkY29weTpodXNo"
    ));
    assert!(has_header(request, "accept: application/json"));
    assert_eq!(answer.headers()["x-total-count"], "51");
    let executions = answer.into_inner();
    assert_eq!(executions.len(), 1, "a null in a list is skipped");
    assert_eq!(executions[0].end_time, None);
}

#[tokio::test]
async fn a_repository_is_encoded_twice_and_a_query_once() {
    let (endpoint, serving) = serve(vec![(200, JSON, "[]"), (200, JSON, "{}")]);
    let client = client(endpoint);
    let list = client.list_artifacts().project_name("team");
    let list = list.repository_name("api/server").with_tag(true);
    list.q("tags=~v1,push_time=[2026-11-20T08:15:30~]")
        .send()
        .await
        .unwrap();
    let one = client.get_artifact().project_name("team");
    let one = one.repository_name("api/server").reference("sha256:8b1a");
    one.send().await.unwrap();

    let requests = serving.join().unwrap();
    assert_eq!(
        line(&requests[0]),
        "GET /api/v2.0/projects/team/repositories/api%252Fserver/artifacts?\
         q=tags%3D~v1%2Cpush_time%3D%5B2026-11-20T08%3A15%3A30~%5D&with_tag=true HTTP/1.1"
    );
    assert_eq!(
        line(&requests[1]),
        "GET /api/v2.0/projects/team/repositories/api%252Fserver/artifacts/sha256%3A8b1a HTTP/1.1"
    );
}

#[tokio::test]
async fn a_project_of_digits_is_given_as_a_name() {
    let (endpoint, serving) = serve(vec![(200, JSON, "{}")]);
    let client = client(endpoint);
    let call = client.get_project().project_name_or_id("2026");
    call.x_is_resource_name(true).send().await.unwrap();
    let request = &serving.join().unwrap()[0];
    assert_eq!(line(request), "GET /api/v2.0/projects/2026 HTTP/1.1");
    assert!(has_header(request, "x-is-resource-name: true"), "{request}");
}

#[tokio::test]
async fn a_new_record_has_its_id_in_a_header() {
    let location = "location: /api/v2.0/replication/executions/83\r\n";
    let (endpoint, serving) = serve(vec![(201, location, "")]);
    let body = StartReplicationExecution {
        policy_id: Some(12),
    };
    let answer = client(endpoint).start_replication().body(body).send().await;
    let answer = answer.unwrap();
    let request = &serving.join().unwrap()[0];
    assert_eq!(
        line(request),
        "POST /api/v2.0/replication/executions HTTP/1.1"
    );
    assert!(request.ends_with("\r\n\r\n{\"policy_id\":12}"), "{request}");
    assert_eq!(created_id(answer.headers()), Some(83));
}

#[tokio::test]
async fn a_policy_is_sent_with_what_was_set_alone() {
    let (endpoint, serving) = serve(vec![(200, "", "")]);
    let filter = ReplicationFilter {
        value: Some(serde_json::json!(["release"])),
        ..serde_json::from_str(r#"{"type":"label"}"#).unwrap()
    };
    let policy = ReplicationPolicy {
        name: Some("copy".to_owned()),
        enabled: Some(false),
        filters: vec![filter],
        ..ReplicationPolicy::default()
    };
    let client = client(endpoint);
    let call = client.update_replication_policy().id(12).body(policy);
    call.send().await.unwrap();
    let request = &serving.join().unwrap()[0];
    assert_eq!(
        line(request),
        "PUT /api/v2.0/replication/policies/12 HTTP/1.1"
    );
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        body,
        r#"{"enabled":false,"filters":[{"type":"label","value":["release"]}],"name":"copy"}"#
    );
}

#[tokio::test]
async fn stopping_needs_no_body_and_accepts_any() {
    let (endpoint, serving) = serve(vec![(200, "", ""), (200, JSON, "null\n")]);
    let client = client(endpoint);
    client.stop_replication().id(83).send().await.unwrap();
    client.stop_replication().id(84).send().await.unwrap();
    let requests = serving.join().unwrap();
    assert_eq!(
        line(&requests[0]),
        "PUT /api/v2.0/replication/executions/83 HTTP/1.1"
    );
    assert!(
        has_header(&requests[0], "content-length: 0"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn a_log_is_text() {
    let text = "content-type: text/plain\r\n";
    let log = "2026-11-20T08:15:31Z [INFO] [/a.go:1]: copying team/api:[v1](source registry) ...\n";
    let (endpoint, serving) = serve(vec![(200, text, log), (200, text, "")]);
    let client = client(endpoint);
    let call = || client.get_replication_log().id(83).task_id(1927);
    assert_eq!(call().send().await.unwrap().into_inner(), log);
    assert_eq!(call().send().await.unwrap().into_inner(), "");
    let request = &serving.join().unwrap()[0];
    assert_eq!(
        line(request),
        "GET /api/v2.0/replication/executions/83/tasks/1927/log HTTP/1.1"
    );
    assert!(has_header(request, "accept: text/plain"), "{request}");
}

#[tokio::test]
async fn a_trial_of_retention_says_so_in_its_body() {
    let location = "location: /api/v2.0/retentions/7/executions/51\r\n";
    let (endpoint, serving) = serve(vec![(201, location, "")]);
    let client = client(endpoint);
    let trial = RetentionTrial {
        dry_run: Some(true),
    };
    let call = client.trigger_retention_execution().id(7).body(trial);
    let answer = call.send().await.unwrap();
    assert_eq!(created_id(answer.headers()), Some(51));
    let request = &serving.join().unwrap()[0];
    assert!(request.ends_with("\r\n\r\n{\"dry_run\":true}"), "{request}");
}

#[tokio::test]
async fn a_token_is_a_bearer_and_an_open_call_has_no_login() {
    let (endpoint, serving) = serve(vec![(200, JSON, "{}"), (200, JSON, "{}")]);
    let client = client_of(endpoint, Credentials::IdToken("a.b.c".into()));
    client.get_system_info().send().await.unwrap();
    client.get_health().send().await.unwrap();
    let requests = serving.join().unwrap();
    assert!(has_header(&requests[0], "authorization: Bearer a.b.c"));
    assert!(!requests[1].to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn no_cookie_is_kept() {
    let cookie = "content-type: application/json\r\n\
                  set-cookie: sid=0123456789abcdef; Path=/; HttpOnly\r\n\
                  set-cookie: _gorilla_csrf=x; Path=/\r\nx-harbor-csrf-token: y\r\n";
    let (endpoint, serving) = serve(vec![(200, cookie, "[]"), (200, cookie, "[]")]);
    let client = client(endpoint);
    client.list_projects().send().await.unwrap();
    client.list_projects().send().await.unwrap();
    for request in serving.join().unwrap() {
        assert!(!request.to_lowercase().contains("cookie"), "{request}");
    }
}

#[tokio::test]
async fn a_refusal_becomes_an_error_with_its_reason() {
    let headers = "content-type: application/json\r\nx-request-id: r-1\r\n";
    let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>\r\n";
    for (status, headers, body, kind, code, message) in [
        (
            404,
            headers,
            r#"{"errors":[{"code":"NOT_FOUND","message":"replication policy 12 not found"}]}"#,
            ErrorKind::Service,
            Some("NOT_FOUND"),
            Some("replication policy 12 not found"),
        ),
        (
            403,
            headers,
            r#"{"errors":[{"code":"FORBIDDEN","message":"forbidden"}]}"#,
            ErrorKind::Service,
            Some("FORBIDDEN"),
            Some("forbidden"),
        ),
        (
            502,
            "content-type: text/html\r\nx-request-id: r-1\r\n",
            page,
            ErrorKind::Service,
            None,
            Some("not from Harbor: 502 Bad Gateway"),
        ),
    ] {
        let (endpoint, serving) = serve(vec![(status, headers, body)]);
        let client = client(endpoint);
        let call = client.get_replication_policy().id(12);
        let error = Error::from(call.send().await.map(drop).unwrap_err());
        serving.join().unwrap();
        assert_eq!(error.kind(), kind, "{status}");
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.code(), code);
        assert_eq!(error.message(), message);
        assert_eq!(error.request_id(), Some("r-1"));
        assert_eq!(error.is_absent(), status == 404);
        assert_eq!(error.is_denied(), status == 403);
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("hush") && !shown.contains("cm9ib3Q"),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn what_harbor_would_refuse_is_not_sent() {
    // No server listens there.
    let client = client("http://127.0.0.1:9".to_owned());
    let large = client.list_projects().page_size(101);
    let encoded = client.list_artifacts().project_name("team");
    let encoded = encoded.repository_name("api%2Fserver");
    let dots = client.get_project().project_name_or_id("..");
    for (error, says) in [
        (large.send().await.map(drop).unwrap_err(), "page_size"),
        (
            encoded.send().await.map(drop).unwrap_err(),
            "without encoding",
        ),
        (
            dots.send().await.map(drop).unwrap_err(),
            "project_name_or_id",
        ),
    ] {
        let error = Error::from(error);
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.attempts(), 0, "{error}");
    }
}
