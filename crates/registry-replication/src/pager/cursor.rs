//! Reading of a listing that the service continues by a token.
//!
//! The service keeps the position, so pages do not overlap: each answer names the token of the next
//! page, and a page without a token is the last. Pages are read one after another.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use openapi_transport::{Error, ErrorKind};
use sha2::{Digest, Sha256};

use super::anchor::{Anchor, Key};
use super::reading::{endless, keys};
use super::token::LONGEST_CURSOR;
use super::{FetchCursor, Page, PageToken, Pager};

/// Most pages in a row that may bring no new record.
const PATIENCE: u32 = 64;

/// Page to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CursorSlot {
    /// Token that the page before named. The first page has none.
    pub(crate) token: Option<String>,
    /// Number of records on a page.
    pub(crate) size: u32,
}

/// Page as the service answered it.
pub(crate) struct Continued<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: Option<u64>,
    /// Token of the next page. `None` or an empty text ends the listing.
    pub(crate) next: Option<String>,
}

/// What follows the pages that were read.
enum Next {
    /// The page with this token, or the first page.
    Page(Option<String>),
    /// Nothing.
    Over,
}

/// State of a listing that is being read.
pub(super) struct CursorReading<T> {
    pager: Pager<T>,
    fetch: Arc<FetchCursor<T>>,
    next: Next,
    /// Whether the next token comes from a stored page token.
    is_stored: bool,
    known: HashSet<Key>,
    anchor: Anchor,
    /// Hashes of the tokens that the service has named.
    tokens: HashSet<[u8; 32]>,
    /// Number of records up to here, with those of the readings that this one resumes.
    end: u64,
    records: u64,
    bytes: u64,
    pages: u64,
    /// Pages in a row that brought no new record.
    barren: u32,
    has_begun: bool,
}

impl<T: Send + 'static> CursorReading<T> {
    /// Starts a reading. Refuses a token of another listing.
    pub(super) fn begin(mut pager: Pager<T>, fetch: Arc<FetchCursor<T>>) -> Result<Self, Error> {
        let mut end = 0;
        let mut anchor = Anchor::default();
        let mut next = Next::Page(None);
        let mut is_stored = false;
        if let Some(token) = pager.paging.resume.take() {
            next = match (token.cursor(), token.is_last()) {
                (Some(cursor), _) => Next::Page(Some(cursor.to_owned())),
                (None, true) => Next::Over,
                (None, false) => {
                    // Token of a version that read this listing by numbers.
                    token.place_in(&pager.name)?;
                    return Err(Error::configuration(format!(
                        "{}: the page token lacks the position in this listing; read the listing \
                         from the start",
                        pager.name
                    )));
                }
            };
            is_stored = true;
            (end, anchor) = token.place_in(&pager.name)?;
        }
        let tokens = match &next {
            Next::Page(Some(token)) => HashSet::from([hash(token)]),
            _ => HashSet::new(),
        };
        Ok(Self {
            pager,
            fetch,
            next,
            is_stored,
            known: anchor.keys().cloned().collect(),
            anchor,
            tokens,
            end,
            records: 0,
            bytes: 0,
            pages: 0,
            barren: 0,
            has_begun: false,
        })
    }

    /// Returns the next page that has records. A listing without any yields one empty page.
    pub(super) async fn next(&mut self) -> Result<Option<Page<T>>, Error> {
        loop {
            let token = match &self.next {
                Next::Page(token) => token.clone(),
                Next::Over if self.has_begun => return Ok(None),
                Next::Over => {
                    self.has_begun = true;
                    return Ok(Some(self.page(Vec::new(), None)));
                }
            };
            let most = self.pager.paging.max_pages;
            if self.pages >= most {
                return Err(self.endless(format_args!("more than {most} pages"), "max_pages"));
            }
            self.pages += 1;
            let size = self.pager.paging.size;
            let fetched = (self.fetch)(CursorSlot { token, size }).await;
            let fetched = fetched.map_err(|error| self.refused(error))?;
            self.is_stored = false;
            let items = self.take(fetched.items)?;
            self.follow(fetched.next, items.is_empty())?;
            if !items.is_empty() || (!self.has_begun && matches!(self.next, Next::Over)) {
                self.has_begun = true;
                return Ok(Some(self.page(items, fetched.total)));
            }
        }
    }

    /// Returns the records that are new.
    fn take(&mut self, items: Vec<T>) -> Result<Vec<T>, Error> {
        let keys = keys(&items, self.pager.key);
        let mut new = Vec::with_capacity(items.len());
        for (item, key) in items.into_iter().zip(keys) {
            if let Some(key) = key {
                if !self.known.insert(Key::clone(&key)) {
                    continue;
                }
                self.anchor.push(key);
            }
            new.push(item);
        }
        let count = new.len() as u64;
        self.records = self.records.saturating_add(count);
        self.end = self.end.saturating_add(count);
        let most = self.pager.paging.max_records;
        if self.records > most {
            return Err(self.endless(format_args!("more than {most} records"), "max_records"));
        }
        self.pager.measure(new.iter(), &mut self.bytes)?;
        Ok(new)
    }

    /// Goes to the page that the service names, if that leads on.
    fn follow(&mut self, token: Option<String>, is_barren: bool) -> Result<(), Error> {
        let name = &self.pager.name;
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            self.next = Next::Over;
            return Ok(());
        };
        if token.len() > LONGEST_CURSOR {
            return Err(Error::malformed(format!(
                "{name}: the token of the next page has {} bytes; the limit is {LONGEST_CURSOR}",
                token.len()
            )));
        }
        if !self.tokens.insert(hash(&token)) {
            return Err(Error::malformed(format!(
                "{name}: the service repeats the token of a page after {} pages; the listing \
                 cannot be read to its end",
                self.pages
            )));
        }
        self.barren = match is_barren {
            true => self.barren + 1,
            false => 0,
        };
        if self.barren >= PATIENCE {
            return Err(Error::malformed(format!(
                "{name}: {PATIENCE} pages in a row have no new record; retry later"
            )));
        }
        self.next = Next::Page(Some(token));
        Ok(())
    }

    fn page(&self, items: Vec<T>, total: Option<u64>) -> Page<T> {
        let cursor = match &self.next {
            Next::Page(token) => token.as_deref(),
            Next::Over => None,
        };
        let is_over = matches!(self.next, Next::Over);
        let token = PageToken::of(&self.pager.name, self.end, &self.anchor, is_over);
        Page {
            items,
            total,
            size: None,
            token: token.with_cursor(cursor),
        }
    }

    /// Explains the error of a service that refuses a stored token.
    fn refused(&self, error: Error) -> Error {
        let is_refusal =
            error.kind() == ErrorKind::Service && !error.can_retry() && !error.is_denied();
        match self.is_stored && is_refusal {
            true => error.with_note(
                "the stored page token may have expired at the service; if so, read the listing \
                 from the start",
            ),
            false => error,
        }
    }

    fn endless(&self, what: fmt::Arguments<'_>, bound: &str) -> Error {
        endless(&self.pager.name, what, bound)
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
