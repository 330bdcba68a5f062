//! Hooks of tests: before a call is answered, and on the answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::header::HeaderName;
use serde_json::Value;

use crate::place::Place;

type Before = dyn Fn(&str) + Send + Sync;
type After = dyn Fn(&mut OutgoingAnswer) + Send + Sync;

/// An answer that is about to leave the sandbox.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OutgoingAnswer {
    /// The vendor's name of the call, such as `ListRepoSyncTask`. At a registry's own port it is
    /// `GET base`, `GET token`, `GET manifest` or `HEAD manifest`.
    pub operation: String,
    /// The registry whose own port it leaves. `None` at the clouds' port.
    pub place: Option<Place>,
    /// Path and query of the request, undecoded.
    pub target: String,
    /// The HTTP status.
    pub status: u16,
    /// Headers by their names in lower case, such as `docker-content-digest`. Those that HTTP itself
    /// needs are added later.
    pub headers: BTreeMap<String, String>,
    /// The body: JSON, a text that is sent unchanged, or null for no body.
    pub body: Value,
}

/// Functions that a test has set.
#[derive(Default)]
pub(crate) struct Hook {
    before: Mutex<Option<Arc<Before>>>,
    after: Mutex<Option<Arc<After>>>,
}

impl Hook {
    /// Replaces the function that is called with the vendor's name of each authenticated call.
    pub(crate) fn set(&self, function: Arc<Before>) {
        let mut own = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        *own = Some(function);
    }

    /// Replaces the function that may change answers.
    pub(crate) fn set_after(&self, function: Arc<After>) {
        let mut own = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        *own = Some(function);
    }

    /// Calls the function. No lock is held, so the function may call the sandbox.
    pub(crate) fn call(&self, operation: &str) {
        let own = self.before.lock().unwrap_or_else(PoisonError::into_inner);
        let function = own.clone();
        drop(own);
        if let Some(function) = function {
            function(operation);
        }
    }

    /// Calls the function that may change an answer. No lock is held.
    pub(crate) fn answering(&self, answer: &mut OutgoingAnswer) {
        let own = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        let function = own.clone();
        drop(own);
        if let Some(function) = function {
            function(answer);
        }
    }

    /// Whether answers may be changed.
    pub(crate) fn has_after(&self) -> bool {
        let own = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        own.is_some()
    }
}

/// Headers as a test sees them.
pub(crate) fn by_name(headers: Vec<(HeaderName, String)>) -> BTreeMap<String, String> {
    let headers = headers.into_iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value));
    headers.collect()
}

/// Headers that a test has left. Invalid names are dropped.
pub(crate) fn named(headers: BTreeMap<String, String>) -> Vec<(HeaderName, String)> {
    let headers = headers.into_iter();
    let headers = headers.filter_map(|(name, value)| Some((name.parse().ok()?, value)));
    headers.collect()
}
