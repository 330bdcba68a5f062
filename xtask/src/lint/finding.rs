//! Findings of lint.

use std::collections::BTreeSet;
use std::fmt;

/// Problem in a spec: its place, and the fix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path of the spec below the workspace.
    pub file: String,
    /// Operation, with a pointer below it if needed, or pointer into the file.
    pub place: String,
    /// Problem and its fix.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.place, self.what)
    }
}

/// Findings of one file, without duplicates, because shared schemas are visited many times.
#[derive(Default)]
pub(super) struct Findings(BTreeSet<(String, String)>);

impl Findings {
    pub(super) fn add(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.insert((place.into(), what.into()));
    }

    pub(super) fn of(self, file: &str) -> impl Iterator<Item = Finding> {
        self.0.into_iter().map(move |(place, what)| Finding {
            file: file.to_owned(),
            place,
            what,
        })
    }
}
