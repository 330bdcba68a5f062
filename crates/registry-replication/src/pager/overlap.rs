//! Reading of a listing that changes, without loss: picks the next page and marks which records of an
//! answer are new.
//!
//! Records keep their order, so the records that were read are a prefix of the listing: all records
//! up to some record. A page is one contiguous part of the listing at one instant. If a record on it
//! is known, the page has all records from there to its end. Then the prefix and the page together
//! are a prefix again, whatever was added or removed meanwhile, and whenever the page was requested.
//! A page without a known record is not taken, because records between the prefix and the page may
//! have moved to before it. Then the reader requests a page that begins earlier, twice as far back
//! each time. The first page of the listing always fits.

use std::collections::HashSet;

use super::anchor::{Anchor, Key};
use super::answer::{Lost, Measured, Place, Said, Taken};
use super::slot::{Slot, Steps, after, beginning_at, beginning_by};

/// Number of pages in a row that may bring no progress, in addition to those that pass known records.
const PATIENCE: u64 = 64;

/// Number of pages in a row that may begin with the listing's first record although a later one was
/// requested. After that, the service ignores the requested beginning.
const REPEATS: u8 = 2;

/// State of a listing that is being read.
pub(super) struct Overlap {
    steps: Steps,
    size: u32,
    /// Number of records up to the last one that was read, at the time of its page.
    end: u64,
    /// Number of known records that a page should begin with.
    overlap: u64,
    state: State,
    total: Option<u64>,
    known: HashSet<Key>,
    last: Anchor,
    /// Whether an earlier reading has read more records than are known.
    resumed: bool,
    /// Records that were passed in a search for the position from the beginning.
    passed: Option<HashSet<Key>>,
    /// Pages in a row that should have brought new records and did not.
    barren: u8,
    /// Size before it was reduced to pass a page that was short or brought nothing.
    wide: Option<u32>,
    /// Largest number of records of a page so far.
    most: u64,
    /// Whether the service has named a smaller number of records on a page than requested.
    is_told: bool,
    /// Key of the listing's first record, from the first page.
    first: Option<Key>,
    /// Pages in a row that began with that record although a later one was requested.
    repeats: u8,
    /// Number of further pages in a row that may bring no progress.
    patience: u64,
}

/// Choice of the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It continues after the records that were read.
    Onward,
    /// It begins this many records before the end of the records that were read, because the page
    /// before began too late.
    Back(u64),
    /// It is at the position that the last records had in another reading.
    Near,
    /// It begins at the end of the records that were read, because no earlier record can be known.
    Bare,
    /// The listing has ended.
    Over,
}

/// Requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) slot: Slot,
    /// Whether it fits without a known record.
    bare: bool,
}

impl Overlap {
    pub(super) fn new(steps: Steps, size: u32) -> Self {
        Self {
            steps,
            size,
            end: 0,
            overlap: 1,
            state: State::Onward,
            total: None,
            known: HashSet::new(),
            last: Anchor::default(),
            resumed: false,
            passed: None,
            barren: 0,
            wide: None,
            most: 0,
            is_told: false,
            first: None,
            repeats: 0,
            patience: PATIENCE,
        }
    }

    /// Resumes another reading that had read `end` records, the last of which are `last`.
    pub(super) fn resumed(steps: Steps, size: u32, end: u64, last: Anchor) -> Self {
        let known: HashSet<Key> = last.keys().cloned().collect();
        let state = match (known.is_empty(), end) {
            (false, _) => State::Near,
            (true, 0) => State::Onward,
            (true, _) => State::Bare,
        };
        Self {
            end,
            state,
            resumed: !known.is_empty(),
            known,
            last,
            ..Self::new(steps, size)
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Returns the number of known records.
    pub(super) fn remembered(&self) -> u64 {
        let passed = self.passed.as_ref().map_or(0, HashSet::len);
        (self.known.len() as u64).saturating_add(passed as u64)
    }

    pub(super) fn last(&self) -> &Anchor {
        &self.last
    }

    /// Returns the page to request now.
    pub(super) fn next(&self) -> Asked {
        let fitting = |slot| Asked { slot, bare: false };
        let before = |back| beginning_by(self.steps, self.size, self.end.saturating_sub(back));
        match self.state {
            State::Back(back) => fitting(before(back)),
            State::Near => {
                let half = u64::from(self.size / 2);
                fitting(before((self.last.seen.len() as u64).min(half).max(1)))
            }
            State::Bare => self.bare(self.end),
            State::Onward | State::Over => self.onward(self.end),
        }
    }

    /// Returns the page to prefetch after a page that is being fetched, or `None` if it is unknown
    /// whether there is one.
    pub(super) fn next_after(&self, asked: Asked) -> Option<Asked> {
        let end = asked.slot.end();
        let sure = self.state == State::Onward && self.barren == 0;
        let within = self.total.is_some_and(|total| end < total);
        (sure && within).then(|| self.onward(end))
    }

    /// Whether a prefetched page is still the wanted one after a page was taken.
    pub(super) fn is_as_planned(&self, asked: Asked) -> bool {
        self.state == State::Onward && self.barren == 0 && self.end == asked.slot.end()
    }

    fn onward(&self, end: u64) -> Asked {
        if end == 0 {
            let slot = Slot {
                offset: 0,
                size: self.size,
            };
            return Asked { slot, bare: true };
        }
        match after(self.steps, self.size, end, self.overlap) {
            Some(slot) => Asked { slot, bare: false },
            None => self.bare(end),
        }
    }

    fn bare(&self, end: u64) -> Asked {
        let slot = beginning_at(self.steps, self.size, end);
        Asked { slot, bare: true }
    }

    /// Takes a page whose records have these keys, if it fits.
    pub(super) fn take(
        &mut self,
        asked: Asked,
        keys: &[Option<Key>],
        said: Said,
    ) -> Result<Taken, Lost> {
        let page = self.measure(asked, keys, said);
        let removed = self.total.zip(said.total);
        let removed = removed.map_or(0, |(before, now)| before.saturating_sub(now));
        self.total = said.total;
        if self.state == State::Near && page.first_known.is_none() {
            self.search();
            return self.passes(0).map(|()| Taken::Not);
        }
        if !self.fits(asked, keys, &page) {
            let back = match self.state {
                State::Back(back) => back,
                _ => self.overlap,
            };
            let back = back
                .saturating_mul(2)
                .max(self.overlap.saturating_add(removed));
            self.state = State::Back(back);
            return self.passes(0).map(|()| Taken::Not);
        }
        if self.resumed && page.begin == 0 && page.first_known.is_none() {
            // All known records are gone. The records here may have been read before.
            self.search();
        }
        let is_linked = self.is_linked(asked, keys, &page);
        let marked = self.mark(keys, &page);
        self.go_on(&page, marked.fresh)?;
        if self.is_repeated(keys, &page, marked.fresh) {
            self.end_repeated()?;
        }
        if !self.is_over() {
            // A first page without a known record brings no progress: all known records have moved
            // away.
            self.passes(if is_linked { marked.further } else { 0 })?;
        }
        Ok(Taken::New(Place {
            begin: page.begin,
            last_known: page.last_known,
            new: marked.new,
        }))
    }

    /// Whether a page continues the records that were read: a record on it is known, or may be.
    fn is_linked(&self, asked: Asked, keys: &[Option<Key>], page: &Measured) -> bool {
        let has_none = match &self.passed {
            Some(passed) => passed.is_empty(),
            None => self.known.is_empty(),
        };
        let is_bare = asked.bare && page.begin > 0;
        has_none || is_bare || page.first_known.is_some() || self.is_passed_or_untold(keys)
    }

    /// Counts pages that begin with the listing's first record although a later one was requested.
    /// Returns whether there are too many in a row.
    fn is_repeated(&mut self, keys: &[Option<Key>], page: &Measured, fresh: usize) -> bool {
        let first = keys.first().cloned().flatten();
        if page.begin == 0 {
            self.first = first;
            self.repeats = 0;
            return false;
        }
        let is_same = fresh == 0 && first.is_some() && first == self.first;
        self.repeats = match is_same {
            true => self.repeats.saturating_add(1),
            false => 0,
        };
        self.repeats >= REPEATS
    }

    /// Ends a listing whose service ignores the requested beginning. The listing is complete if its
    /// pages are not full, or if they have as many records as the total says.
    fn end_repeated(&mut self) -> Result<(), Lost> {
        let size = self.wide.unwrap_or(self.size);
        let has_room = self.most < u64::from(size);
        let read = self.remembered();
        let is_whole = match self.total.filter(|total| *total >= read) {
            Some(total) => total == read,
            None => has_room,
        };
        match is_whole {
            true => self.finish(),
            false => Err(Lost::Repeating),
        }
    }

    /// Begins a search for known records from the first record.
    fn search(&mut self) {
        if self.passed.is_none() {
            self.passed = Some(HashSet::new());
            self.end = 0;
            self.state = State::Onward;
        }
    }

    /// Counts pages in a row without progress. Passing all known records is allowed.
    fn passes(&mut self, further: usize) -> Result<(), Lost> {
        if further > 0 {
            let known = (self.known.len() as u64).max(self.end);
            let through = known / u64::from(self.size / 2).max(1);
            self.patience = through.saturating_mul(4).saturating_add(PATIENCE);
        }
        self.patience = self.patience.checked_sub(1).ok_or(Lost::Moving)?;
        Ok(())
    }

    fn measure(&mut self, asked: Asked, keys: &[Option<Key>], said: Said) -> Measured {
        let told = said.size.filter(|told| (1..asked.slot.size).contains(told));
        let offset = asked.slot.offset;
        let begin = match (told, self.steps) {
            // The service cut the page by its own size.
            (Some(told), Steps::Pages) => {
                offset / u64::from(asked.slot.size.max(1)) * u64::from(told)
            }
            _ => offset,
        };
        if let Some(told) = told {
            self.size = self.size.min(told);
            self.is_told = true;
        }
        let count = keys.len() as u64;
        self.most = self.most.max(count);
        let is_known = |key: &Option<Key>| key.as_ref().is_some_and(|key| self.known.contains(key));
        Measured {
            begin,
            size: u64::from(told.unwrap_or(asked.slot.size)),
            is_told: self.is_told,
            count,
            first_known: keys.iter().position(is_known),
            last_known: keys.iter().rposition(is_known),
        }
    }

    /// Whether no record can be missing between the records that were read and this page.
    fn fits(&self, asked: Asked, keys: &[Option<Key>], page: &Measured) -> bool {
        page.begin == 0
            || asked.bare
            || page.first_known.is_some()
            || self.is_passed_or_untold(keys)
    }

    /// Whether a page has a record that was passed in a search, or begins with a record without a
    /// key, which may be a known one.
    fn is_passed_or_untold(&self, keys: &[Option<Key>]) -> bool {
        let passed = |key: &Option<Key>| {
            let passed = self.passed.as_ref().zip(key.as_ref());
            passed.is_some_and(|(passed, key)| passed.contains(key))
        };
        keys.first().is_some_and(Option::is_none) || keys.iter().any(passed)
    }

    /// Marks which records of a page are new, and adds them to the known records.
    fn mark(&mut self, keys: &[Option<Key>], page: &Measured) -> Marked {
        if page.first_known.is_some() {
            // The position is found. Not all passed records are before it, because a page may be
            // older than the page before it.
            self.passed = None;
        }
        // Records before the known ones were read in another reading, or were added since. They do
        // not become known, because all records after a known one that were read must be known.
        let from = match self.resumed {
            true => page.first_known.unwrap_or(0),
            false => 0,
        };
        let mut marked = Marked {
            new: Vec::with_capacity(keys.len()),
            fresh: 0,
            further: 0,
        };
        for (index, key) in keys.iter().enumerate() {
            let unknown = match (key, &mut self.passed) {
                _ if index < from => false,
                (Some(key), Some(passed)) => passed.insert(key.clone()),
                (Some(key), None) => self.known.insert(key.clone()),
                (None, _) => page.begin.saturating_add(index as u64) >= self.end,
            };
            let further = unknown && page.last_known.is_none_or(|last| index > last);
            marked.fresh += usize::from(unknown);
            marked.further += usize::from(further);
            let new = unknown && self.passed.is_none();
            marked.new.push(new);
        }
        if self.passed.is_none() {
            let key = page.last_known.and_then(|last| keys[last].as_ref());
            let records = keys.iter().zip(marked.new.iter().copied());
            self.last
                .note(records, key, page.last_known.map_or(0, |last| last + 1));
        }
        marked
    }

    /// Decides how to continue after a page that fits.
    fn go_on(&mut self, page: &Measured, fresh: usize) -> Result<(), Lost> {
        let reached = page.reached();
        if !self.leads_on(page, fresh) {
            self.end = reached;
            return self.finish();
        }
        let back = match self.state {
            State::Back(back) => Some(back),
            _ => None,
        };
        let short = page.count < page.size;
        if short && fresh == 0 && back.is_none() && reached <= self.end {
            return self.get_over(page);
        }
        if let Some(back) = back {
            // Records that have moved this far once are likely to do so again.
            let most = (page.count.min(page.size) / 4).max(1);
            self.overlap = self.overlap.max(back.min(most));
        }
        self.end = reached;
        self.state = State::Onward;
        self.barren = 0;
        if fresh > 0 {
            self.wide = None;
        }
        if short && self.total.is_none_or(|total| total < reached) {
            self.narrow(self.most);
        }
        Ok(())
    }

    /// Reduces the page size until the next page can show following records, although the service may
    /// put at most `most` records on a page.
    fn narrow(&mut self, most: u64) {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let is_useful = match self.steps {
            Steps::Pages => true,
            // A page begins with a known record, and has room for another one.
            Steps::Records => most == 1,
            Steps::All => false,
        };
        if is_useful && (1..self.size).contains(&most) {
            self.wide.get_or_insert(self.size);
            self.size = most;
        }
    }

    /// Whether more records can follow a page. The total counts only as far as the page confirms it.
    fn leads_on(&self, page: &Measured, fresh: usize) -> bool {
        let reached = page.reached();
        let full = page.count >= page.size && page.count > 0;
        match self.total {
            _ if self.steps == Steps::All => false,
            Some(total) if reached < total => true,
            // The total may be the number of records on the page.
            Some(total) if reached == total => page.count == page.size && full,
            None if page.is_told => full,
            // The end is unknown. A service may put fewer records on a page than requested, so the
            // listing ends with a page that brings nothing and is not full.
            _ => page.count > 0 && (fresh > 0 || page.count >= page.size.min(self.most)),
        }
    }

    /// Handles a page that should have brought new records and did not. The reader requests it once
    /// more, then skips it, and then ends the listing, whatever the total says.
    fn get_over(&mut self, page: &Measured) -> Result<(), Lost> {
        self.barren += 1;
        self.state = State::Onward;
        match self.barren {
            1 => {
                self.overlap = 1;
                // A service that numbers pages and puts fewer records on them than requested shows
                // the rest on smaller pages. Pages of fewer than three records cannot overlap, and
                // are tried only if no larger page has been seen.
                if page.count >= 3 || self.most < 3 {
                    self.narrow(page.count);
                }
                Ok(())
            }
            2 => {
                self.size = self.wide.take().unwrap_or(self.size);
                self.end = self.end.saturating_add(self.size.into());
                if self.total.is_some_and(|total| self.end < total) {
                    self.state = State::Bare;
                    return Ok(());
                }
                self.finish()
            }
            _ => self.finish(),
        }
    }

    fn finish(&mut self) -> Result<(), Lost> {
        self.state = State::Over;
        match &self.passed {
            Some(passed) if !passed.is_empty() => Err(Lost::Gone),
            _ => Ok(()),
        }
    }
}

/// New records of a page.
struct Marked {
    /// For each record, whether it is returned.
    new: Vec<bool>,
    /// Number of records that were not known.
    fresh: usize,
    /// Number of these that come after all known records.
    further: usize,
}
