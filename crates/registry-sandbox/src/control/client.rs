//! Client of the control API.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;
use tokio::net::TcpStream;

use super::messages::{
    ClockRequest, DecideRequest, Digest, FaultRules, ImageRequest, Lost, Now, PushRequest,
    ServedPlace,
};
use super::{BASE, ControlAccess};

/// Longest time of a call.
const DEADLINE: Duration = Duration::from_secs(30);
/// Largest answer.
const LARGEST: usize = 4 * 1024 * 1024;

/// Client of a running sandbox's control API.
///
/// ```no_run
/// use registry_sandbox::control::{ControlClient, PushRequest};
///
/// # async fn example(token: &str) -> Result<(), registry_sandbox::control::ControlError> {
/// let sandbox = ControlClient::new("http://127.0.0.1:8080", token)?;
/// let request = PushRequest {
///     place: "oci".to_owned(),
///     image: "team/api:v44".to_owned(),
///     ..PushRequest::default()
/// };
/// assert!(sandbox.push(&request).await?.digest.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ControlClient {
    /// Host and port.
    authority: String,
    token: String,
}

impl fmt::Debug for ControlClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlClient")
            .field("authority", &self.authority)
            .finish_non_exhaustive()
    }
}

/// Error of a call to a running sandbox.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The URL is not one of a sandbox.
    #[error("invalid URL of a sandbox; write http://HOST:PORT")]
    Url,
    /// No sandbox answers at the host.
    #[error("no sandbox answers at {host}")]
    Connection {
        /// The host.
        host: String,
        /// Error of the connection.
        source: std::io::Error,
    },
    /// The answer did not come, or is not one of a sandbox.
    #[error("unusable answer from {host}: {reason}")]
    Answer {
        /// The host.
        host: String,
        /// Reason.
        reason: String,
    },
    /// The sandbox has refused the call.
    #[error("{reason}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Reason.
        reason: String,
    },
}

impl ControlClient {
    /// Makes a client of the sandbox at a URL. Sends nothing.
    ///
    /// # Errors
    /// When the URL is not `http://HOST:PORT`.
    pub fn new(url: &str, token: impl Into<String>) -> Result<Self, ControlError> {
        let url: Uri = url.parse().map_err(|_| ControlError::Url)?;
        let authority = url.authority().ok_or(ControlError::Url)?;
        let is_base = matches!(url.path(), "" | "/") && url.query().is_none();
        if url.scheme_str() != Some("http") || !is_base || authority.as_str().contains('@') {
            return Err(ControlError::Url);
        }
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            authority: format!("{}:{port}", authority.host()),
            token: token.into(),
        })
    }

    /// Makes a client for a sandbox's own access.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn of(access: &ControlAccess) -> Result<Self, ControlError> {
        Self::new(&access.url, access.token.clone())
    }

    /// Returns all registries, each at its own port.
    ///
    /// # Errors
    /// When the call fails, as for all methods.
    pub async fn places(&self) -> Result<Vec<ServedPlace>, ControlError> {
        self.call(Method::GET, "places", None::<&()>).await
    }

    /// Pushes an image, and returns its digest.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn push(&self, request: &PushRequest) -> Result<Digest, ControlError> {
        self.call(Method::POST, "push", Some(request)).await
    }

    /// Decides the outcome of future copies.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn decide(&self, request: &DecideRequest) -> Result<(), ControlError> {
        let answer: Result<Value, _> = self.call(Method::POST, "decide", Some(request)).await;
        answer.map(|_| ())
    }

    /// Removes an image from a registry.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn lose(&self, request: &ImageRequest) -> Result<Lost, ControlError> {
        self.call(Method::POST, "lose", Some(request)).await
    }

    /// Returns the digest that a registry really has under a tag.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn holds(&self, request: &ImageRequest) -> Result<Digest, ControlError> {
        self.call(Method::POST, "holds", Some(request)).await
    }

    /// Moves the sandbox's clock forward.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn clock(&self, request: &ClockRequest) -> Result<Now, ControlError> {
        self.call(Method::POST, "clock", Some(request)).await
    }

    /// Returns the fault rules.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn faults(&self) -> Result<FaultRules, ControlError> {
        self.call(Method::GET, "faults", None::<&()>).await
    }

    /// Adds fault rules, and returns all of them.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn add_faults(&self, rules: &FaultRules) -> Result<FaultRules, ControlError> {
        self.call(Method::POST, "faults", Some(rules)).await
    }

    /// Removes all fault rules.
    ///
    /// # Errors
    /// Those of [`places`](Self::places).
    pub async fn clear_faults(&self) -> Result<FaultRules, ControlError> {
        self.call(Method::DELETE, "faults", None::<&()>).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        name: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, ControlError> {
        let body = match body {
            Some(body) => serde_json::to_string(body).map_err(|error| self.unusable(error))?,
            None => String::new(),
        };
        let call = self.exchange(method, name, body);
        let (status, body) = match tokio::time::timeout(DEADLINE, call).await {
            Ok(answer) => answer?,
            Err(_) => return Err(self.unusable("no answer in time")),
        };
        if status >= 400 {
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            return Err(match answer["error"].as_str() {
                Some(reason) => ControlError::Refused {
                    status,
                    reason: reason.to_owned(),
                },
                None => self.unusable(format!("status {status}; is it a sandbox with control?")),
            });
        }
        serde_json::from_slice(&body).map_err(|error| self.unusable(error))
    }

    async fn exchange(
        &self,
        method: Method,
        name: &str,
        body: String,
    ) -> Result<(u16, Bytes), ControlError> {
        let stream = TcpStream::connect(&self.authority).await;
        let stream = stream.map_err(|source| ControlError::Connection {
            host: self.authority.clone(),
            source,
        })?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unusable(error))?;
        let request = Request::builder()
            .method(method)
            .uri(format!("{BASE}{name}"))
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::<Bytes>::from(body))
            .map_err(|error| self.unusable(error))?;
        let answer = async {
            let answer = sender.send_request(request).await;
            let answer = answer.map_err(|error| self.unusable(error))?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), LARGEST).collect().await;
            let body = body.map_err(|error| self.unusable(error))?;
            Ok((status, body.to_bytes()))
        };
        // The connection is driven until the answer is complete.
        let mut answer = std::pin::pin!(answer);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            answer = &mut answer => answer,
            _ = &mut connection => answer.await,
        }
    }

    fn unusable(&self, reason: impl fmt::Display) -> ControlError {
        ControlError::Answer {
            host: self.authority.clone(),
            reason: reason.to_string(),
        }
    }
}
