//! Interface between this crate and a vendor's crate.

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

/// Date and nonce of one attempt.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// The time of the attempt.
    pub date: Timestamp,
    /// A text that no other attempt has.
    pub nonce: String,
}

/// Complete HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Error that a vendor reports for a call that it did not execute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The vendor's error code.
    pub code: Option<String>,
    /// The vendor's message.
    pub message: Option<String>,
    /// Encoded reason of some refusals, which the vendor's STS decodes.
    pub encoded_authorization_message: Option<String>,
}

/// Meaning of an answer, as the vendor's crate reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Request id of the vendor.
    pub request_id: Option<String>,
    /// Set for every answer that is not a success, and for a success status with an error in its
    /// body.
    pub refusal: Option<Refusal>,
    /// Wait that the vendor asks for in a header or field of its own. The transport reads
    /// `Retry-After` itself.
    pub retry_after: Option<Duration>,
    /// Limit that a throttling service names, as the shortest time between two calls.
    pub limit: Option<Duration>,
    /// Whether the service refused the call because of its date.
    pub skewed: bool,
    /// Whether the service may have refused the call because of its date, but does not say so: a
    /// wrong date and a wrong secret both make a wrong signature. It counts as
    /// [`skewed`](Self::skewed) if the answer's `Date` is four minutes or more from the date of the
    /// call.
    pub maybe_skewed: bool,
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

/// Opaque handle to the credentials that signed a request, for [`Dialect::renew`].
pub type UsedCredentials = Option<Arc<dyn Any + Send + Sync>>;

/// Vendor's side of a call: signature, headers and error bodies.
pub trait Dialect: Debug + Send + Sync {
    /// Prepares a request: adds the vendor's headers, writes path and query as they go over the
    /// wire, and signs if the operation is signed.
    ///
    /// # Errors
    /// Of kind [`Credentials`](crate::ErrorKind::Credentials) when there is nothing to sign with.
    fn sign<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        operation: &'a Operation,
        stamp: &'a Stamp,
    ) -> BoxFuture<'a, Result<UsedCredentials, Error>>;

    /// Reads the meaning of an answer.
    fn read(&self, answer: &Answer) -> Reading;

    /// Drops the credentials `used`, which the service did not accept
    /// ([`unauthenticated`](Reading::unauthenticated)). Returns whether signing again may help. The
    /// transport calls it at most once for each call.
    fn renew(&self, used: &UsedCredentials) -> bool {
        let _ = used;
        false
    }
}
