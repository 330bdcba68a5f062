//! Ids of new records, which each kind of record counts for itself.

use std::collections::BTreeMap;

/// First id of each kind, so that new ids are above those that are there at the start.
const FIRST: i64 = 20_000;

#[derive(Debug, Clone, Default)]
pub(super) struct Ids(BTreeMap<&'static str, i64>);

impl Ids {
    /// Returns the next id of a kind of record.
    pub(super) fn next(&mut self, kind: &'static str) -> i64 {
        let next = self.0.entry(kind).or_insert(FIRST);
        *next += 1;
        *next
    }
}
