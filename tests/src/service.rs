//! Table of the generated clients, so that a test can iterate over all of them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use openapi_transport::{Context, Error, Operation};
use serde_json::Value;

use crate::generated;
use crate::given::Given;

/// The generated client of one service.
#[derive(Clone, Copy)]
pub struct Service {
    /// Client crate and service, as the files of `specs/` are named: `huaweicloud-swr/swr`.
    pub name: &'static str,
    /// Table of its operations.
    pub operations: &'static [Operation],
    /// Makes a call by its name through the client's builders.
    pub call: CallByName,
}

/// Function that makes one call, and encodes its decoded answer again.
pub type CallByName = for<'a> fn(
    Context,
    &'a str,
    &'a Given,
)
    -> Pin<Box<dyn Future<Output = Result<Value, Error>> + Send + 'a>>;

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.name).finish()
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Service {
    /// Name of the client crate.
    pub fn client(&self) -> &'static str {
        self.name.split_once('/').unwrap().0
    }

    /// Name of the service in its client crate.
    pub fn service(&self) -> &'static str {
        self.name.split_once('/').unwrap().1
    }
}

/// All services that have a file in `specs/`.
pub fn all() -> &'static [Service] {
    generated::ALL
}

/// A service that does not exist, with shapes that no vendor's service has yet. Its spec is in
/// `tests/data/made-up/`.
pub const MADE_UP: &Service = &generated::registry_tests_made_up::SERVICE;

/// Returns the service of this name.
pub fn service(name: &str) -> &'static Service {
    let mut all = all().iter().chain([MADE_UP]);
    let found = all.find(|service| service.name == name);
    found.unwrap_or_else(|| panic!("no service {name}"))
}
