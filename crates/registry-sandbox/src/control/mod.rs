//! Control of a running sandbox from another process.
//!
//! [`Options::controlled`](crate::Options::controlled) adds a small HTTP API below `/sandbox/v1/` to the
//! sandbox's own port. Every call needs the header `Authorization: Bearer TOKEN`.
//! [`Sandbox::control`](crate::Sandbox::control) returns the URL and the token, and [`ControlClient`]
//! makes the calls. Bodies are JSON of at most 1 MiB.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET places` | | list of [`ServedPlace`] |
//! | `POST push` | [`PushRequest`] | [`Digest`] |
//! | `POST decide` | [`DecideRequest`] | |
//! | `POST lose` | [`ImageRequest`] | [`Lost`] |
//! | `POST holds` | [`ImageRequest`] | [`Digest`] |
//! | `POST clock` | [`ClockRequest`] | [`Now`] |
//! | `GET faults`, `POST faults`, `DELETE faults` | [`FaultRules`] | [`FaultRules`] |
//!
//! A place is `REGISTRY/ID`, such as `oci/mirror-1`, or `REGISTRY` alone, which means
//! the registry that takes pushes. A refusal has a status of 400 or more and the body
//! `{"error": "…"}`.

mod client;
mod messages;
mod names;
mod server;
mod token;

pub use client::{ControlClient, ControlError};
pub use messages::{
    ClockRequest, DecideRequest, Digest, FaultRules, ImageRequest, Lost, Now, PlannedOutcome,
    PushRequest, ServedLogin, ServedPlace,
};
pub(crate) use server::Control;
pub(crate) use token::Token;

/// Where the control API is, and what opens it.
#[derive(Clone, PartialEq, Eq)]
pub struct ControlAccess {
    /// URL of the sandbox, such as `http://127.0.0.1:49152`.
    pub url: String,
    /// Token that each call needs.
    pub token: String,
}

impl std::fmt::Debug for ControlAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlAccess")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Beginning of the paths of all calls.
const BASE: &str = "/sandbox/v1/";
