//! Parameters arrive as the value that was given, or are refused before anything is sent, by name.

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
