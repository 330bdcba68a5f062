//! The seam between this crate and a vendor's.

use std::any::Any;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::error::Error;
use crate::operation::Operation;

/// A boxed future, so that [`Dialect`] can be a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What one attempt is stamped with. Fresh for each attempt.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The time of the attempt.
    pub date: Timestamp,
    /// A text that no other attempt has.
    pub nonce: String,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// What a vendor says about a call that it did not carry out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The vendor's error code.
    pub code: Option<String>,
    /// The vendor's sentence.
    pub message: Option<String>,
    /// The encoded reason that comes with some refusals, for the vendor's STS to decode.
    pub encoded_authorization_message: Option<String>,
}

/// What an answer says of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Id that the vendor gave the request.
    pub request_id: Option<String>,
    /// Set for every answer that is not a success, and for a success whose body says that it is
    /// none.
    pub refusal: Option<Refusal>,
    /// How long the vendor asks to wait, where it says so in a way of its own. The transport reads
    /// `Retry-After` itself.
    pub retry_after: Option<Duration>,
    /// The limit that a service names when it throttles, as the shortest time between two calls.
    pub limit: Option<Duration>,
    /// Whether the service refused the call because of its date.
    pub skewed: bool,
    /// Whether the service refused the call because it does not, or no longer, accept the
    /// credentials. The transport renews them once.
    pub unauthenticated: bool,
    /// Whether the service wants fewer calls. Status 429 and [`retry_after`](Self::retry_after) say
    /// so by themselves.
    pub throttled: bool,
    /// Whether the service itself says that what the call names does not exist. A status 404 alone
    /// is not enough, because a gateway that knows nothing of the service may send it.
    pub absent: bool,
    /// Whether the service refuses the caller: an unknown key, a wrong signature, a missing
    /// permission. Statuses 401 and 403 say so by themselves.
    pub denied: bool,
}

/// What a request was signed with, for [`Dialect::renew`]; nobody else can look into it.
pub type Used = Option<Arc<dyn Any + Send + Sync>>;

/// What is a vendor's own about a call.
pub trait Dialect: Debug + Send + Sync {
    /// Makes the request fit to leave: adds the vendor's headers, writes path and query as they go
    /// over the wire, and signs, if the operation is signed.
    ///
    /// # Errors
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) when there is nothing to sign with.
    fn sign<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<Used, Error>>;

    /// Reads what an answer says of the call.
    fn read(&self, answer: &Answer) -> Reading;

    /// Told that the service did not accept what `used` stands for
    /// ([`unauthenticated`](Reading::unauthenticated)); gives it up and answers whether signing
    /// again may help. Asked once for each call.
    fn renew(&self, used: &Used) -> bool {
        let _ = used;
        false
    }
}
