//! Tests that parameters arrive unchanged, or are refused by name before anything is sent.

use registry_sandbox::{Received, Sandbox};

/// Values for parameters that hold text.
pub(crate) const VALUES: [&str; 20] = [
    "a/b",
    "..",
    ".",
    "",
    "a%b",
    "a%2Fb",
    "%2e%2e",
    "a b",
    " ",
    "版本",
    "a\\b",
    "a?b",
    "a#b",
    "a$b",
    "a;b=c",
    "a+b",
    "a&b",
    "a*~'\"b",
    "a\nb",
    "../../etc",
];

/// Returns the last request that a sandbox received.
pub(crate) fn last(sandbox: &Sandbox) -> Received {
    sandbox.received().pop().unwrap()
}
