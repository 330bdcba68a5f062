//! Reading of a listing that changes, without loss: picks the next page and marks which records of an
//! answer are new.
//!
//! Records keep their order, so what was read is a beginning of the listing: everything up to some
//! record. A page is one stretch of the listing at one instant. If something on it is known, then
//! everything from there to its end is on the page, and what was read and the page together are a
//! beginning again, however much came or went meanwhile, and whenever the page was asked for. A
//! page with nothing known on it is not taken: between it and what was read, records may have moved
//! to before it. Then a page that begins earlier is asked for, twice as far back each time; the
//! first page of all fits always.

use std::collections::HashSet;

use super::anchor::{Anchor, Key};
use super::answer::{Lost, Measured, Place, Said, Taken};
use super::slot::{Slot, Steps, after, beginning_at, beginning_by};

/// Most pages in a row that may lead no further, in addition to those that pass known records.
const PATIENCE: u64 = 64;

/// Most pages in a row that may begin with the listing's first record though they were to begin later.
/// The service does not look at where they are to begin, then.
const REPEATS: u8 = 2;

/// State of a listing that is being read.
pub(super) struct Overlap {
    steps: Steps,
    size: u32,
    /// Number of records up to the last one that was read, when its page was made.
    end: u64,
    /// How many known records a page is to begin with.
    overlap: u64,
    state: State,
    total: Option<u64>,
    known: HashSet<Key>,
    last: Anchor,
    /// Whether others than those that are known have been read before.
    resumed: bool,
    /// Records that were read before, while the place is looked for from the beginning.
    passed: Option<HashSet<Key>>,
    /// Pages in a row that should have brought something and did not.
    barren: u8,
    /// The size before it was made smaller to get over a page that was short or brought nothing.
    wide: Option<u32>,
    /// The most records that a page has had.
    most: u64,
    /// Whether the service has said that it puts fewer records on a page than it was asked for.
    is_told: bool,
    /// The key of the first record of the listing, as the first page had it.
    first: Option<Key>,
    /// Pages in a row that began with that record though they were to begin later.
    repeats: u8,
    /// How many more pages in a row may lead no further.
    patience: u64,
}

/// How the next page is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It goes on from what was read.
    Onward,
    /// It begins so many records before the end of what was read, since the one before began too
    /// late.
    Back(u64),
    /// It is where the last records were in another reading.
    Near,
    /// It begins where what was read ends, since nothing before can be known.
    Bare,
    /// The listing has ended.
    Over,
}

/// Requested page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) slot: Slot,
    /// Whether it fits without anything known on it.
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

    /// Goes on where another reading stood: `end` records were read, the last of them are `last`.
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

    /// How many records are remembered.
    pub(super) fn remembered(&self) -> u64 {
        let passed = self.passed.as_ref().map_or(0, HashSet::len);
        (self.known.len() as u64).saturating_add(passed as u64)
    }

    pub(super) fn last(&self) -> &Anchor {
        &self.last
    }

    /// The page to ask for now.
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

    /// The page to ask for ahead of need, after another that is being asked for. None where it is
    /// not known yet that there will be one.
    pub(super) fn next_after(&self, asked: Asked) -> Option<Asked> {
        let end = asked.slot.end();
        let sure = self.state == State::Onward && self.barren == 0;
        let within = self.total.is_some_and(|total| end < total);
        (sure && within).then(|| self.onward(end))
    }

    /// Whether what is asked for after a page is still what is wanted, now that it is taken.
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
            // All that was known is gone; what is here may have been read before.
            self.search();
        }
        let is_linked = self.is_linked(asked, keys, &page);
        let marked = self.mark(keys, &page);
        self.go_on(&page, marked.fresh)?;
        if self.is_repeated(keys, &page, marked.fresh) {
            self.end_repeated()?;
        }
        if !self.is_over() {
            // A first page on which nothing is known leads no further: all that was read has moved
            // out of sight.
            self.passes(if is_linked { marked.further } else { 0 })?;
        }
        Ok(Taken::New(Place {
            begin: page.begin,
            last_known: page.last_known,
            new: marked.new,
        }))
    }

    /// Whether a page continues what was read: something on it is known, or can be.
    fn is_linked(&self, asked: Asked, keys: &[Option<Key>], page: &Measured) -> bool {
        let has_none = match &self.passed {
            Some(passed) => passed.is_empty(),
            None => self.known.is_empty(),
        };
        let is_bare = asked.bare && page.begin > 0;
        has_none || is_bare || page.first_known.is_some() || self.is_passed_or_untold(keys)
    }

    /// Notes whether a page that was to begin later begins as the listing does, time and again.
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

    /// Ends a listing whose service ignores where a page is to begin. It is whole if its pages have
    /// room left, or as many records as the service says there are.
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

    /// Begins to look for what is known from the first record on.
    fn search(&mut self) {
        if self.passed.is_none() {
            self.passed = Some(HashSet::new());
            self.end = 0;
            self.state = State::Onward;
        }
    }

    /// Counts pages in a row that lead no further. To go through all that is known is allowed.
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
            // Its number was read with the service's own size.
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

    /// Whether nothing can be missing between what was read and this page.
    fn fits(&self, asked: Asked, keys: &[Option<Key>], page: &Measured) -> bool {
        page.begin == 0
            || asked.bare
            || page.first_known.is_some()
            || self.is_passed_or_untold(keys)
    }

    /// Whether a page has something that was passed in a search, or begins with a record without a
    /// key, which cannot be told from one that is known.
    fn is_passed_or_untold(&self, keys: &[Option<Key>]) -> bool {
        let passed = |key: &Option<Key>| {
            let passed = self.passed.as_ref().zip(key.as_ref());
            passed.is_some_and(|(passed, key)| passed.contains(key))
        };
        keys.first().is_some_and(Option::is_none) || keys.iter().any(passed)
    }

    /// Notes what is on a page.
    fn mark(&mut self, keys: &[Option<Key>], page: &Measured) -> Marked {
        if page.first_known.is_some() {
            // The place is found. What was passed is not all behind it: a page may be older than
            // the one before it.
            self.passed = None;
        }
        // What comes before what is known was read in another reading, or was added since. It does
        // not become known: of what comes after a known record, all that was read is to be known.
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

    /// Decides how to go on from a page that fits.
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
            // What has moves so far once is likely to do it again.
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

    /// Makes pages so small that the next can show what follows, though the service may put no more
    /// than `most` records on a page.
    fn narrow(&mut self, most: u64) {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let is_useful = match self.steps {
            Steps::Pages => true,
            // A page begins with what is known, and has room for another record.
            Steps::Records => most == 1,
            Steps::All => false,
        };
        if is_useful && (1..self.size).contains(&most) {
            self.wide.get_or_insert(self.size);
            self.size = most;
        }
    }

    /// Whether more can follow a page. The total is believed as far as the page bears it out.
    fn leads_on(&self, page: &Measured, fresh: usize) -> bool {
        let reached = page.reached();
        let full = page.count >= page.size && page.count > 0;
        match self.total {
            _ if self.steps == Steps::All => false,
            Some(total) if reached < total => true,
            // A service may say how many there are on the page.
            Some(total) if reached == total => page.count == page.size && full,
            None if page.is_told => full,
            // Nothing says where the end is. A service may put fewer records on a page than it was
            // asked for: the end is where a page brings nothing, and has room for more.
            _ => page.count > 0 && (fresh > 0 || page.count >= page.size.min(self.most)),
        }
    }

    /// A page should have brought something and did not: it is asked for once more, then passed
    /// over, and then the listing is at its end, whatever the total says.
    fn get_over(&mut self, page: &Measured) -> Result<(), Lost> {
        self.barren += 1;
        self.state = State::Onward;
        match self.barren {
            1 => {
                self.overlap = 1;
                // A service that numbers pages, and puts fewer on each than it was asked for, shows
                // the rest on smaller pages. Pages of fewer than three cannot overlap, and are tried
                // only where no larger ones have been seen.
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

/// What is new on a page.
struct Marked {
    /// Which records are to be handed out.
    new: Vec<bool>,
    /// How many were not known.
    fresh: usize,
    /// How many of those come after all that is known.
    further: usize,
}
