//! Ascending ids.

/// First new id, above all initial ids.
const FIRST: i64 = 100_001;

#[derive(Debug, Clone)]
pub(super) struct Ids(i64);

impl Default for Ids {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Ids {
    /// Returns an id that no record of any kind has.
    pub(super) fn next(&mut self) -> i64 {
        let id = self.0;
        self.0 += 1;
        id
    }
}
