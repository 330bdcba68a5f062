//! Shared code of the workspace's tests: a fixed time, fixed nonces, and a server that records its
//! requests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "only tests use it")]

// The client of the made-up service names this crate as it would name a client crate.
extern crate self as registry_tests;

pub mod bearer;
pub mod certificates;
/// Every call by the vendor's name, the table of all services, and the client of a service that does
/// not exist.
#[rustfmt::skip]
#[allow(missing_docs, reason = "one module per service, each documented inside")]
#[allow(
    clippy::redundant_field_names,
    clippy::needless_lifetimes,
    dead_code,
    reason = "progenitor's style, and its unused check that the hook exists"
)]
pub mod generated;
pub mod given;
pub mod hostile;
pub mod service;
pub mod specs;

pub use generated::made_up;

use std::sync::Arc;

use openapi_transport::testing::ManualClock;
use openapi_transport::{Chance, ContextBuilder, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// Makes a manual clock at `start` whose sleeps end at once.
pub fn quick_clock(start: Timestamp) -> Arc<ManualClock> {
    Arc::new(ManualClock::at(start).auto_advance())
}

/// Chance that always returns the same nonce, and 0.5.
#[derive(Clone, Debug)]
pub struct NoChance(pub String);

impl Chance for NoChance {
    fn nonce(&self) -> String {
        self.0.clone()
    }

    fn fraction(&self) -> f64 {
        0.5
    }
}

/// Returns the time of all fixed clocks, 2026-11-22T12:00:00Z.
pub fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// Makes a client send the same requests each time.
pub fn fixed(context: ContextBuilder) -> ContextBuilder {
    context.clock(quick_clock(noon())).chance(Arc::new(NoChance(
        "00112233445566778899aabbccddeeff".to_owned(),
    )))
}

/// Reaction of a [`Recorder`] to a request.
#[derive(Clone, Debug)]
pub enum Move {
    /// Sends a complete answer.
    Answer(Vec<u8>),
    /// Closes the connection without an answer.
    HangUp,
    /// Closes the connection in the middle of the body.
    BreakOff,
}

impl Move {
    /// An answer with this status, these headers and this body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut head = format!("HTTP/1.1 {status} Whatever\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n", body.len()));
        head.push_str("connection: close\r\n\r\n");
        let mut answer = head.into_bytes();
        answer.extend(body);
        Self::Answer(answer)
    }
}

/// Server on loopback that answers by a script and records its requests.
#[derive(Debug)]
pub struct Recorder {
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Recorder {
    /// Answers every request with this status, these headers and this body.
    pub async fn start(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        Self::script(vec![Move::answer(status, headers, body)]).await
    }

    /// Makes these moves one after the other, and repeats the last of them.
    pub async fn script(moves: Vec<Move>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = requests.clone();
        let serving = tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !is_whole(&request) {
                    let mut bytes = [0; 4096];
                    match stream.read(&mut bytes).await {
                        Ok(0) | Err(_) => break,
                        Ok(n) => request.extend_from_slice(&bytes[..n]),
                    }
                }
                let text = String::from_utf8(request).unwrap().replace("\r\n", "\n");
                kept.lock().await.push(text);
                let answer = match moves.get(number).or(moves.last()) {
                    Some(Move::Answer(answer)) => answer.as_slice(),
                    Some(Move::BreakOff) => b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[",
                    Some(Move::HangUp) | None => b"",
                };
                // A client that has read enough may be gone.
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            endpoint,
            requests,
            serving,
        }
    }

    /// An answer of status 200 with this JSON.
    pub async fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::start(200, &[("content-type", "application/json")], body).await
    }

    /// Returns its URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns the requests so far.
    pub async fn requests(&self) -> Vec<String> {
        self.requests.lock().await.clone()
    }

    /// Returns the only request, without the parts that differ from run to run: the port, and the
    /// signature over it. The vectors and the sandbox check signatures.
    pub async fn request(&self) -> String {
        let requests = self.requests().await;
        assert_eq!(requests.len(), 1, "{requests:#?}");
        let port = self.endpoint.rsplit(':').next().unwrap();
        let request = requests[0].replace(&format!(":{port}"), ":PORT");
        match request.split_once("Signature=") {
            Some((before, after)) => {
                let after = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
                format!("{before}Signature=SIGNATURE{after}")
            }
            None => request,
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, length)| length.parse().unwrap());
    body.len() >= length
}

/// Examples of the documentation, compiled and run with the other examples.
#[cfg(doctest)]
pub mod documentation {
    #[doc = include_str!("../../README.md")]
    pub struct Readme;
    #[doc = include_str!("../../docs/src/library.md")]
    pub struct Library;
    #[doc = include_str!("../../docs/src/network.md")]
    pub struct Network;
    #[doc = include_str!("../../docs/src/sandbox.md")]
    pub struct Sandbox;
}
