//! What lint says.

use std::collections::BTreeSet;
use std::fmt;

/// Something wrong in a spec: where, what, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The spec's path below the workspace.
    pub file: String,
    /// An operation, with a pointer below it if need be, or a pointer into the file.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.place, self.what)
    }
}

/// The findings of one file. The same one twice is one: shared schemas are met many times.
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
