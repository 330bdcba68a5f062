//! Tests of the sandbox over its socket, with a small client that sends exact requests.

mod alibabacloud;
mod alibabacloud_calls;
mod alibabacloud_pages;
mod alibabacloud_refusals;
mod alibabacloud_rules;
mod alibabacloud_tasks;
mod alibabacloud_trial;
mod alibabacloud_truth;
mod control;
mod distribution;
mod disturbances;
mod harbor;
mod harbor_calls;
mod harbor_replication;
mod harbor_retention;
mod harbor_trial;
mod harbor_truth;
mod huaweicloud;
mod huaweicloud_basic;
mod huaweicloud_lists;
mod huaweicloud_reads;
mod huaweicloud_refusals;
mod huaweicloud_replication;
mod huaweicloud_retention;
mod huaweicloud_trial;
mod huaweicloud_truth;
mod registry;
mod registry_lists;
mod remote;
mod subjects;
mod truth;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::message::Request;
use crate::{Options, Sandbox, StartError};

/// Sandbox whose time the test moves.
struct Trial {
    sandbox: Sandbox,
    now: Arc<Mutex<Timestamp>>,
}

struct Response {
    status: u16,
    head: String,
    body: Value,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl Trial {
    async fn start() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let now: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let now = Arc::new(Mutex::new(now));
        let read = Arc::clone(&now);
        let clock = Arc::new(move || *read.lock().unwrap());
        let sandbox = Sandbox::start(options.clock(clock)).await.unwrap();
        Self { sandbox, now }
    }

    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
    }

    fn host(&self) -> String {
        self.sandbox.endpoint().replace("http://", "")
    }

    /// Makes an unsigned request with its host.
    fn request(&self, method: &str, target: &str, body: impl Into<Bytes>) -> Request {
        let mut headers = HeaderMap::new();
        headers.insert("host", self.host().parse().unwrap());
        Request::new(method.parse().unwrap(), target, headers, body.into())
    }

    /// Sends the request to `target`, which is written unchanged.
    async fn send(&self, target: &str, request: &Request) -> Response {
        let mut text = format!("{} {target} HTTP/1.1\r\n", request.method);
        for (name, value) in &request.headers {
            text += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
        text += &format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            request.body.len()
        );
        let whole = [text.as_bytes(), &request.body].concat();
        exchange(&self.host(), &whole).await
    }
}

/// Sends a complete request that closes the connection, and reads the answer.
async fn exchange(host: &str, request: &[u8]) -> Response {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Response {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_owned(),
        body: serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)),
    }
}

#[tokio::test]
async fn listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let options = Options::default().listen(address.parse().unwrap());
        let error = Sandbox::start(options).await.unwrap_err();
        assert!(matches!(error, StartError::NotLoopback(_)), "{address}");
        assert!(
            error.to_string().contains("not a loopback address"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn says_which_address_is_taken() {
    let trial = Trial::start().await;
    let taken = Options::default().listen(trial.host().parse().unwrap());
    let error = Sandbox::start(taken).await.unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(error.to_string().contains(&trial.host()), "{error}");
}

#[tokio::test]
async fn serves_until_it_is_stopped() {
    let trial = Trial::start().await;
    let mut open = TcpStream::connect(trial.host()).await.unwrap();
    trial.sandbox.stop();
    trial.sandbox.stopped().await;
    assert!(TcpStream::connect(trial.host()).await.is_err());
    let mut rest = Vec::new();
    // An open connection is closed, with or without an answer.
    let _ = open.read_to_end(&mut rest).await;
    assert!(rest.is_empty());
}

#[tokio::test]
async fn accounts_have_the_documented_keys() {
    let trial = Trial::start().await;
    let accounts = serde_json::to_value(trial.sandbox.accounts()).unwrap();
    let endpoint = trial.sandbox.endpoint();
    let documented = [
        (
            "huaweicloud-swr",
            serde_json::json!({
                "endpoint": endpoint,
                "access_key": "SANDBOXHUAWEIKEY0001",
                "secret_key": "sandbox-secret-key-opens-nothing-0000001",
                "project_id": "5a9db0c5a9db0c5a9db0c5a9db0c0001",
                "instance_id": "5a9db0c5-0000-4000-8000-000000000001",
            }),
        ),
        (
            "alibabacloud-cr",
            serde_json::json!({
                "endpoint": endpoint,
                "access_key_id": "LTAISandboxOpensNothing1",
                "access_key_secret": "sandboxSecretOpensNothing00001",
                "instance_id": "cri-kmsiwlxxdcva0001",
            }),
        ),
    ];
    for (client, account) in documented {
        assert_eq!(accounts[client], account, "{client}");
    }
}

#[tokio::test]
async fn answers_carry_the_sandboxs_own_date() {
    let trial = Trial::start().await;
    let request = trial.request("GET", "/", "");
    let response = trial.send("/", &request).await;
    assert_eq!(
        response.header("date"),
        Some("Fri, 20 Nov 2026 08:00:00 GMT")
    );
}

#[tokio::test]
async fn remembers_what_it_received() {
    let trial = Trial::start().await;
    let target = "/v2/manage/namespaces/test/repos/a%24b/sync_job?filter=x%7Cy&filter=z";
    let request = trial.request("GET", target, "");
    trial.send(target, &request).await;
    trial
        .send("/nowhere", &trial.request("PUT", "/nowhere", ""))
        .await;
    let received = trial.sandbox.received();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].target, target);
    assert_eq!(received[0].operation.as_deref(), Some("ShowSyncJob"));
    assert_eq!(received[0].parameters["repository"], "a$b");
    assert_eq!(received[0].parameters["filter"], "x|y");
    assert_eq!(received[0].status, 401);
    assert_eq!(
        (received[1].operation.as_deref(), received[1].status),
        (None, 404)
    );
}

#[tokio::test]
async fn a_large_body_is_refused() {
    let trial = Trial::start().await;
    let at_limit = vec![b' '; 1024 * 1024];
    let request = trial.request("POST", "/v3/auth/tokens", at_limit.clone());
    assert_eq!(trial.send("/v3/auth/tokens", &request).await.status, 400);
    // Without the body itself, because the server need not read a refused body.
    let mut stream = TcpStream::connect(trial.host()).await.unwrap();
    let head = format!(
        "POST /v3/auth/tokens HTTP/1.1\r\nhost: sandbox\r\ncontent-length: {}\r\n\r\n",
        at_limit.len() + 1
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 413");
}

#[test]
fn no_client_is_among_the_dependencies() {
    let manifest = include_str!("../../Cargo.toml");
    for client in [
        "openapi-transport",
        "huaweicloud-swr",
        "alibabacloud-cr",
        "registry-replication",
    ] {
        assert!(!manifest.contains(client), "{client}");
    }
}
