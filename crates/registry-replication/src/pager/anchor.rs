//! Last records that were read, by which a resumed reading finds its position.

use std::collections::VecDeque;
use std::sync::Arc;

/// Key that tells a record from others of its listing.
pub(super) type Key = Arc<str>;

/// Most records that are kept.
const KEPT: usize = 32;

/// Last records that were returned. Between the first and the last of them, no record is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Records in the listing's order.
    pub(super) seen: VecDeque<Key>,
    /// Earlier last records that have not been seen since. They are gone, or come later.
    pub(super) missed: VecDeque<Key>,
}

impl Anchor {
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.seen.iter().chain(&self.missed)
    }

    /// Appends a record that comes after all others.
    pub(super) fn push(&mut self, key: Key) {
        self.seen.push_back(key);
        if self.seen.len() > KEPT {
            self.seen.pop_front();
        }
    }

    /// Adds a page: its records, each with whether it is returned now; the last record that was known
    /// before; and the number of records up to that one.
    pub(super) fn note<'a>(
        &mut self,
        records: impl DoubleEndedIterator<Item = (&'a Option<Key>, bool)> + ExactSizeIterator + Clone,
        known: Option<&Key>,
        till: usize,
    ) {
        let further = records.clone().skip(till);
        let further = further.filter_map(|(key, new)| key.clone().filter(|_| new));
        let further: Vec<Key> = further.collect();
        let place = |records: &VecDeque<Key>| records.iter().position(|one| Some(one) == known);
        if let Some(place) = place(&self.missed) {
            self.seen.extend(self.missed.drain(..=place));
        } else if !further.is_empty() {
            // The page lacks the last record: it was removed, or others were added before it.
            let kept = place(&self.seen).map_or(0, |place| place + 1);
            let mut missed = self.seen.split_off(kept);
            missed.append(&mut self.missed);
            missed.truncate(KEPT);
            self.missed = missed;
        }
        let mut following = None;
        for (key, new) in records.take(till).rev() {
            let Some(key) = key else { continue };
            if !new {
                following = self.seen.iter().position(|one| one == key);
            } else if let Some(place) = following {
                // The record was added before one of them.
                self.seen.insert(place, key.clone());
            }
        }
        self.seen.extend(further);
        let surplus = self.seen.len().saturating_sub(KEPT);
        self.seen.drain(..surplus);
    }
}
