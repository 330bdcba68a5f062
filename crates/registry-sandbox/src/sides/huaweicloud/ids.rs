//! Ids, handed out upward.

/// Above all that the sandbox starts with.
const FIRST: i64 = 100_001;

#[derive(Debug, Clone)]
pub(super) struct Ids(i64);

impl Default for Ids {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Ids {
    /// One that nothing else has, of whatever kind.
    pub(super) fn next(&mut self) -> i64 {
        let id = self.0;
        self.0 += 1;
        id
    }
}
