//! Servers on loopback that behave badly: they never answer, drip, or send any answer at all.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::certificates::Identity;

/// Received request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Method, such as `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Lower-case names, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the undecoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(own, _)| *own == name)
            .map(|(_, value)| value)
    }

    /// Returns the value of a header. `name` must be in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut own = self.headers.iter().filter(|(own, _)| own == name);
        own.next().map(|(_, value)| value.as_str())
    }
}

/// Reaction of a [`Hostile`] server to a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Sends a complete answer. A `HEAD` gets only the head.
    Answer {
        /// Status.
        status: u16,
        /// Names and values. The server adds the length.
        headers: Vec<(String, String)>,
        /// Body.
        body: Vec<u8>,
    },
    /// Never answers, and keeps the connection open.
    Hang,
    /// Answers with status 200 and this JSON, a byte at a time, with this pause after each.
    Drip(Vec<u8>, Duration),
    /// Answers with status 200 and a body that repeats these bytes for ever.
    Endless(Vec<u8>),
    /// Closes the connection without an answer.
    HangUp,
    /// Announces a body, and closes the connection in the middle of it.
    BreakOff,
    /// Acts as a proxy: answers a `CONNECT` with status 200, and forwards all further bytes to this
    /// address and back.
    Tunnel(String),
}

impl Reply {
    /// Makes an answer of status 200 with this JSON.
    pub fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::answer(200, &[("content-type", "application/json")], body)
    }

    /// Makes an answer with this status, these headers and this body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let headers = headers.iter();
        Self::Answer {
            status,
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: body.into(),
        }
    }
}

type Replies = dyn FnMut(&Request) -> Reply + Send;

/// Server on loopback that replies to requests by a function, many at the same time.
///
/// Dropping it stops the server and closes its connections.
#[derive(Debug)]
pub struct Hostile {
    endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
    count: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

impl Hostile {
    /// Starts a server that replies by `reply`.
    pub async fn start(reply: impl FnMut(&Request) -> Reply + Send + 'static) -> Self {
        Self::begin(None, reply).await
    }

    /// Starts a server with TLS and this certificate.
    pub async fn start_tls(
        identity: Identity,
        reply: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        Self::begin(Some(identity), reply).await
    }

    async fn begin(
        identity: Option<Identity>,
        reply: impl FnMut(&Request) -> Reply + Send + 'static,
    ) -> Self {
        let tls = identity.map(|identity| identity.acceptor());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (counted, count) = watch::channel(0);
        let kept = requests.clone();
        let reply: Arc<Mutex<Replies>> = Arc::new(Mutex::new(reply));
        let counted = Arc::new(counted);
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, reply, counted) = (kept.clone(), reply.clone(), counted.clone());
                let tls = tls.clone();
                connections.spawn(async move {
                    // A client that needs no more bytes may have closed the connection.
                    let _ = match tls {
                        None => serve(stream, &kept, &reply, &counted).await,
                        // A client that does not trust the certificate closes the connection here.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, &kept, &reply, &counted).await,
                            Err(error) => Err(error),
                        },
                    };
                });
            }
        });
        Self {
            endpoint,
            requests,
            count,
            serving,
        }
    }

    /// Returns its URL: `http://127.0.0.1:PORT`, or `https` with TLS.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns its host and port.
    pub fn host(&self) -> &str {
        let address = self.endpoint.split_once("://");
        address.map_or("", |(_, address)| address)
    }

    /// Returns the requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the number of requests so far.
    pub fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits until this number of requests have come.
    pub async fn received(&self, requests: usize) {
        let mut count = self.count.clone();
        count.wait_for(|count| *count >= requests).await.unwrap();
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    kept: &Mutex<Vec<Request>>,
    reply: &Mutex<Replies>,
    counted: &watch::Sender<usize>,
) -> std::io::Result<()> {
    let Some(request) = read(&mut stream).await? else {
        return Ok(());
    };
    let what = (reply.lock().unwrap())(&request);
    let is_head = request.method == "HEAD";
    kept.lock().unwrap().push(request);
    counted.send_modify(|count| *count += 1);
    match what {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let mut head = format!("HTTP/1.1 {status} Whatever\r\n");
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str(&format!("content-length: {}\r\n", body.len()));
            head.push_str("connection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            if !is_head {
                stream.write_all(&body).await?;
            }
        }
        Reply::Hang => std::future::pending().await,
        Reply::Drip(body, pause) => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).await?;
            for byte in body {
                stream.write_all(&[byte]).await?;
                tokio::time::sleep(pause).await;
            }
        }
        Reply::Endless(bytes) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            loop {
                stream.write_all(&bytes).await?;
            }
        }
        Reply::HangUp => {}
        Reply::BreakOff => {
            let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n[";
            stream.write_all(begun).await?;
        }
        Reply::Tunnel(address) => {
            let mut inner = TcpStream::connect(address).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            tokio::io::copy_bidirectional(&mut stream, &mut inner).await?;
        }
    }
    stream.shutdown().await
}

/// Reads a request, or returns `None` at the end of a connection.
async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> std::io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    loop {
        let mut more = [0; 4096];
        let count = stream.read(&mut more).await?;
        if count == 0 {
            return Ok(None);
        }
        bytes.extend_from_slice(&more[..count]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            method: first.next().unwrap_or_default().to_owned(),
            target: first.next().unwrap_or_default().to_owned(),
            headers,
            body: bytes.split_off(end + 4),
        };
        let length = request.header("content-length").unwrap_or("0");
        let length: usize = length.parse().unwrap();
        let begun = request.body.len();
        request.body.resize(length.max(begun), 0);
        stream.read_exact(&mut request.body[begun..]).await?;
        return Ok(Some(request));
    }
}
