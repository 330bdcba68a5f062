//! Helpers of tests that no output shows a secret.

use std::fmt::Debug;

pub(crate) const MARKER: &str = "MARKED-SECRET";

/// Checks that the debugging output of a value does not show [`MARKER`].
pub(crate) fn hidden(name: &str, value: &dyn Debug) {
    for shown in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(!shown.contains(MARKER), "{name} shows a secret: {shown}");
    }
}

/// Makes an environment with these variables.
pub(crate) fn variables(
    set: &'static [(&'static str, &'static str)],
) -> impl Fn(&str) -> Option<String> {
    move |name| {
        let found = set.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    }
}
