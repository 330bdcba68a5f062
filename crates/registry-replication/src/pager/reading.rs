//! Reading of a numbered listing: pages that are needed, and pages that are prefetched.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use openapi_transport::Error;
use sha2::{Digest, Sha256};

use super::anchor::{Anchor, Key};
use super::answer::{Lost, Place, Said, Taken};
use super::overlap::{Asked, Overlap};
use super::slot::Steps;
use super::{Fetch, Fetched, Pager};

/// Requested page and its answer.
type Answer<T> = (Asked, Result<Fetched<T>, Error>);

/// Page that was read, with the position of each record.
pub(super) struct Read<T> {
    /// Records to return, each with its index on the page.
    pub(super) items: VecDeque<(usize, T)>,
    pub(super) total: Option<u64>,
    /// Number of records that the service puts on a page, if it names it.
    pub(super) size: Option<u32>,
    keys: Vec<Option<Key>>,
    place: Place,
    /// The last records before the page was taken.
    before: Anchor,
    /// Number of records read up to the end of the page, and the last of them.
    end: u64,
    last: Anchor,
}

impl<T> Read<T> {
    /// Returns the number of records read up to this index, and the last of them.
    pub(super) fn up_to(&self, index: usize) -> (u64, Anchor) {
        let place = &self.place;
        let till = place.last_known.map_or(0, |last| last + 1);
        // Known records count as read, whatever was returned.
        let count = till.max(index + 1);
        let records = self.keys.iter().zip(&place.new).enumerate().take(count);
        let records = records.map(|(own, (key, new))| (key, *new && own <= index));
        let known = place.last_known.and_then(|last| self.keys[last].as_ref());
        let mut last = self.before.clone();
        last.note(records, known, till);
        (place.begin.saturating_add(count as u64), last)
    }

    /// Returns the number of records read up to the end of the page, and the last of them.
    pub(super) fn whole(&self) -> (u64, Anchor) {
        (self.end, self.last.clone())
    }
}

/// State of a stream of pages.
pub(super) struct Reading<T> {
    pager: Pager<T>,
    steps: Steps,
    fetch: Arc<Fetch<T>>,
    walk: Overlap,
    /// Pages that are being fetched, in the order in which they are taken. A caller that waits for
    /// the first one polls all of them. There is no background task, and dropping them ends them.
    fetching: FuturesOrdered<BoxFuture<'static, Answer<T>>>,
    /// Last of these pages.
    furthest: Option<Asked>,
    /// Whether the first of these pages was prefetched.
    ahead: bool,
    /// Pages in a row that were as planned.
    steady: u32,
    /// Whether pages may be prefetched.
    is_eager: bool,
    /// Whether a page has been returned.
    begun: bool,
    /// Number of records that have been returned.
    records: u64,
    /// Number of pages that have been requested.
    pages: u64,
    /// Size of the records that have been returned.
    bytes: u64,
}

/// Longest key that is kept as it is. A longer key is kept as a hash, because the service decides its
/// length.
const LONGEST_KEY: usize = 128;

impl<T: Send + 'static> Reading<T> {
    /// Starts a reading. Refuses a token of another listing.
    pub(super) fn begin(
        mut pager: Pager<T>,
        steps: Steps,
        fetch: Arc<Fetch<T>>,
    ) -> Result<Self, Error> {
        let size = pager.paging.size;
        let walk = match pager.paging.resume.take() {
            None => Overlap::new(steps, size),
            Some(token) => {
                let (end, last) = token.place_in(&pager.name)?;
                Overlap::resumed(steps, size, end, last)
            }
        };
        Ok(Self {
            pager,
            steps,
            fetch,
            walk,
            fetching: FuturesOrdered::new(),
            furthest: None,
            ahead: false,
            steady: 0,
            is_eager: true,
            begun: false,
            records: 0,
            pages: 0,
            bytes: 0,
        })
    }

    /// Returns the next page that has records to return. An empty listing yields one empty page.
    pub(super) async fn next(&mut self) -> Result<Option<Read<T>>, Error> {
        while !self.walk.is_over() {
            self.ask()?;
            let Some((asked, fetched)) = self.fetching.next().await else {
                break;
            };
            let fetched = match fetched {
                Ok(fetched) => fetched,
                // It may have failed because nothing polled it, or because too many ran at once.
                Err(error) if self.ahead && error.can_retry() => {
                    self.forget();
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some(page) = self.take(asked, fetched)? {
                return Ok(Some(page));
            }
        }
        Ok(None)
    }

    pub(super) fn steps(&self) -> Steps {
        self.steps
    }

    pub(super) fn pager(&self) -> &Pager<T> {
        &self.pager
    }

    /// Sets whether pages may be prefetched.
    pub(super) fn be_eager(&mut self, is_eager: bool) {
        self.is_eager = is_eager;
    }

    /// Whether the listing has ended.
    pub(super) fn is_over(&self) -> bool {
        self.walk.is_over()
    }

    /// Requests the needed page, if it was not requested yet, and prefetches some after it.
    fn ask(&mut self) -> Result<(), Error> {
        self.ahead = !self.fetching.is_empty();
        if !self.ahead {
            let most = self.pager.paging.max_pages;
            if self.pages >= most {
                return Err(self.endless(format_args!("more than {most} pages"), "max_pages"));
            }
            self.fetch(self.walk.next());
        }
        // Prefetch grows slowly, so that reading one or two pages stays cheap.
        let most = match self.steady {
            _ if !self.is_eager => 0,
            0 => 0,
            steady => 1_usize.checked_shl(steady - 1).unwrap_or(usize::MAX),
        };
        let most = most.min(self.pager.paging.ahead as usize);
        while self.fetching.len() <= most
            && self.pages < self.pager.paging.max_pages
            && let Some(asked) = self.furthest.and_then(|asked| self.walk.next_after(asked))
        {
            self.fetch(asked);
        }
        Ok(())
    }

    fn fetch(&mut self, asked: Asked) {
        let answer = (self.fetch)(asked.slot);
        self.furthest = Some(asked);
        self.pages = self.pages.saturating_add(1);
        let answer = async move { (asked, answer.await) };
        self.fetching.push_back(Box::pin(answer));
    }

    /// Drops the pages that are being fetched.
    fn forget(&mut self) {
        self.fetching = FuturesOrdered::new();
        self.furthest = None;
        self.steady = 0;
    }

    fn take(&mut self, asked: Asked, fetched: Fetched<T>) -> Result<Option<Read<T>>, Error> {
        let keys = keys(&fetched.items, self.pager.key);
        let said = Said {
            total: fetched.total,
            size: fetched.size,
        };
        let before = self.walk.last().clone();
        let taken = self.walk.take(asked, &keys, said);
        if self.walk.is_as_planned(asked) {
            self.steady = self.steady.saturating_add(1);
        } else {
            self.forget();
        }
        let place = match taken {
            Ok(Taken::New(place)) => place,
            Ok(Taken::Not) => return Ok(None),
            Err(lost) => return Err(self.lost(lost)),
        };
        let items = fetched.items.into_iter().enumerate();
        let items: VecDeque<(usize, T)> = items.filter(|(index, _)| place.new[*index]).collect();
        self.records = self.records.saturating_add(items.len() as u64);
        let most = self.pager.paging.max_records;
        if self.records.max(self.walk.remembered()) > most {
            return Err(self.endless(format_args!("more than {most} records"), "max_records"));
        }
        let new = items.iter().map(|(_, item)| item);
        self.pager.measure(new, &mut self.bytes)?;
        if items.is_empty() && (self.begun || !self.walk.is_over()) {
            return Ok(None);
        }
        self.begun = true;
        Ok(Some(Read {
            items,
            total: fetched.total,
            // The reader requests several sizes, and a service may repeat the requested size.
            size: fetched.size.map(|told| match told < asked.slot.size {
                true => told,
                false => self.pager.paging.size,
            }),
            keys,
            place,
            before,
            end: self.walk.end(),
            last: self.walk.last().clone(),
        }))
    }

    fn lost(&self, lost: Lost) -> Error {
        let name = &self.pager.name;
        match lost {
            Lost::Moving => Error::deadline(format!(
                "{name}: the listing changes too fast to read; use a larger page size or retry later"
            )),
            Lost::Repeating => Error::malformed(format!(
                "{name}: the service answers with the same records whichever page is asked for, \
                 after {} pages; the listing cannot be read to its end",
                self.pages
            )),
            Lost::Gone => Error::configuration(format!(
                "{name}: no record before the page token exists any more; read the listing from the \
                 start"
            )),
        }
    }

    fn endless(&self, what: fmt::Arguments<'_>, bound: &str) -> Error {
        endless(&self.pager.name, what, bound)
    }
}

/// Returns the error for a listing that exceeds a bound.
pub(super) fn endless(name: &str, what: fmt::Arguments<'_>, bound: &str) -> Error {
    Error::malformed(format!(
        "{name}: the listing does not end: {what}; narrow it, or raise the bound {bound}"
    ))
}

/// Returns the keys that tell the records of a page apart. Of records that share a key, only the
/// first has it.
pub(super) fn keys<T>(items: &[T], key: fn(&T) -> String) -> Vec<Option<Key>> {
    let mut seen = HashSet::with_capacity(items.len());
    let key = |item| {
        let key = short(key(item));
        (!key.is_empty() && seen.insert(Key::clone(&key))).then_some(key)
    };
    items.iter().map(key).collect()
}

/// Limits the length of a key.
fn short(key: String) -> Key {
    match key.len() > LONGEST_KEY {
        true => Key::from(format!("sha256:{}", hex::encode(Sha256::digest(&key)))),
        false => Key::from(key),
    }
}
