//! Transport of generated OpenAPI clients: signed requests, retries and errors.
//!
//! Every call of a generated client goes through [`execute`]:
//! - It checks the request before anything is sent, and the [`Dialect`] signs it.
//! - It sends the request without following redirects. Connections use TLS, except to loopback.
//! - It limits the size of the answer.
//! - It retries where that is safe and may help.
//! - It turns every failure into one [`Error`].
//!
//! This crate knows no vendor. The [`Dialect`] trait brings in the vendor's signature, headers and
//! error bodies.
//!
//! The other half of the crate is the building blocks of generated types. Parameters are checked
//! when they are passed ([`PathSegment`], [`Bounded`]). Values decode tolerantly ([`tolerant`],
//! [`open_enum!`], [`TextNumber`], [`EpochMillis`], [`EpochSeconds`]), so that one unusual field
//! does not fail a page.

mod attempt;
mod by_name;
mod caller;
mod chance;
mod client;
mod clock;
mod connection;
mod content;
mod context;
mod cooperate;
mod credentials;
mod cut;
mod dialect;
mod error;
mod execute;
mod file;
mod form;
pub mod headers;
mod http_settings;
mod open_enum;
mod operation;
mod pace;
mod paging;
mod params;
mod plain;
mod policy;
mod process;
mod received;
mod response_error;
pub mod rfc3986;
mod secret;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod tolerant;
mod values;
mod xml;

pub use by_name::{Call, PreviewedRequest};
pub use caller::Caller;
pub use chance::{Chance, SystemChance};
pub use clock::{Clock, SystemClock};
pub use connection::ConnectionFault;
pub use context::{Context, ContextBuilder};
pub use cooperate::cooperate;
pub use credentials::{
    Chain, CredentialAttempt, Lease, Source, SourceError, Surroundings, check_variable,
};
pub use dialect::{Answer, BoxFuture, Dialect, Reading, Refusal, Stamp, UsedCredentials};
pub use error::{Error, ErrorKind};
pub use execute::{execute, send};
pub use file::{read_file, read_secret_file};
pub use http_settings::{HttpSettings, Proxy};
pub use jiff::Timestamp;
pub use operation::{Access, Body, Operation, Parameter, Place};
pub use pace::RateLimit;
pub use paging::{AnsweredPage, Paging, PagingKind, RequestedPage, Spot};
pub use params::{AtLeast, Bounded, Empty, NonEmpty, OutOfBounds, PathSegment, UnfitSegment};
pub use plain::plain_request;
pub use policy::RetryPolicy;
pub use process::{CommandOutput, run_command};
pub use received::{Fields, Received, received};
pub use reqwest;
pub use response_error::{decode, decode_list, decode_text};
pub use rfc3986::encode as encode_path;
pub use secret::Secret;
pub use tolerant::{Tolerant, text, tolerant};
pub use values::{EpochMillis, EpochSeconds, TextNumber};
pub use xml::xml;

/// Items that the generated code and [`open_enum!`] name by an absolute path.
#[doc(hidden)]
pub mod private {
    pub use serde;

    pub use crate::operation::{body, given, parameter, secret};
}
