//! A listing while it is read: pages that are needed, and pages that are fetched ahead.

use std::collections::HashSet;

use futures_core::future::BoxFuture;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use registry_transport::Error;

use super::answer::{Lost, Said, Taken};
use super::last::Key;
use super::token::PageToken;
use super::walk::{Asked, Walk};
use super::{Fetched, Page, Pager};

/// Page that was asked for, and what came.
type Answer<T> = (Asked, Result<Fetched<T>, Error>);

/// Where a stream of pages stands.
pub(super) struct Reading<T> {
    pager: Pager<T>,
    walk: Walk,
    /// Pages that are being fetched, in the order in which they are taken. Whoever waits for the
    /// first drives all of them; nothing else does, and dropping them ends them.
    fetching: FuturesOrdered<BoxFuture<'static, Answer<T>>>,
    /// The last page of those.
    furthest: Option<Asked>,
    /// Whether the first page of those was asked for before it was needed.
    ahead: bool,
    /// Pages in a row that were what was planned.
    steady: u32,
    /// Whether a page has been handed out.
    begun: bool,
}

impl<T: Send + 'static> Reading<T> {
    /// Refuses a token that is not of this listing.
    pub(super) fn begin(mut pager: Pager<T>) -> Result<Self, Error> {
        let size = pager.paging.size;
        let walk = match pager.paging.resume.take() {
            None => Walk::new(pager.steps, size),
            Some(token) => {
                let (end, last) = token.place_in(&pager.name)?;
                Walk::resumed(pager.steps, size, end, last)
            }
        };
        Ok(Self {
            pager,
            walk,
            fetching: FuturesOrdered::new(),
            furthest: None,
            ahead: false,
            steady: 0,
            begun: false,
        })
    }

    /// The next page that has something to hand out; of a listing that has nothing, one that says so.
    pub(super) async fn page(&mut self) -> Result<Option<Page<T>>, Error> {
        while !self.walk.is_over() {
            self.ask();
            let Some((asked, fetched)) = self.fetching.next().await else {
                break;
            };
            let fetched = match fetched {
                Ok(fetched) => fetched,
                // It may have failed because nobody waited for it, or because there were too many
                // at once.
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

    /// Asks for the page that is needed, if that has not happened, and for some after it.
    fn ask(&mut self) {
        self.ahead = !self.fetching.is_empty();
        if !self.ahead {
            self.fetch(self.walk.next());
        }
        // One who takes a page or two pays for hardly more.
        let most = match self.steady {
            0 => 0,
            steady => 1_usize.checked_shl(steady - 1).unwrap_or(usize::MAX),
        };
        let most = most.min(self.pager.paging.ahead as usize);
        while self.fetching.len() <= most
            && let Some(asked) = self.furthest.and_then(|asked| self.walk.next_after(asked))
        {
            self.fetch(asked);
        }
    }

    fn fetch(&mut self, asked: Asked) {
        let answer = (self.pager.fetch)(asked.slot);
        self.furthest = Some(asked);
        let answer = async move { (asked, answer.await) };
        self.fetching.push_back(Box::pin(answer));
    }

    /// Gives up what is being fetched.
    fn forget(&mut self) {
        self.fetching = FuturesOrdered::new();
        self.furthest = None;
        self.steady = 0;
    }

    fn take(&mut self, asked: Asked, fetched: Fetched<T>) -> Result<Option<Page<T>>, Error> {
        let keys = self.keys(&fetched.items);
        let said = Said {
            total: fetched.total,
            size: fetched.size,
        };
        let taken = self.walk.take(asked, &keys, said);
        if self.walk.is_as_planned(asked) {
            self.steady = self.steady.saturating_add(1);
        } else {
            self.forget();
        }
        let new = match taken {
            Ok(Taken::New(new)) => new,
            Ok(Taken::Not) => return Ok(None),
            Err(lost) => return Err(self.lost(lost)),
        };
        let items = fetched.items.into_iter().zip(new);
        let items: Vec<T> = items
            .filter_map(|(item, new)| new.then_some(item))
            .collect();
        if items.is_empty() && (self.begun || !self.walk.is_over()) {
            return Ok(None);
        }
        self.begun = true;
        Ok(Some(Page {
            items,
            total: fetched.total,
            size: fetched.size,
            token: PageToken::of(&self.pager.name, &self.walk),
        }))
    }

    /// What tells the records of a page apart. A key that several of them have tells nothing.
    fn keys(&self, items: &[T]) -> Vec<Option<Key>> {
        let mut seen = HashSet::with_capacity(items.len());
        let key = |item| {
            let key = Key::from((self.pager.key)(item));
            (!key.is_empty() && seen.insert(Key::clone(&key))).then_some(key)
        };
        items.iter().map(key).collect()
    }

    fn lost(&self, lost: Lost) -> Error {
        let name = &self.pager.name;
        match lost {
            Lost::Moving => Error::deadline(format!(
                "{name}: the listing moves faster than it can be read; read it with more records \
                 on a page, or later"
            )),
            Lost::Gone => Error::configuration(format!(
                "{name}: the listing has moved on since the page token was made: none of the \
                 records before it is there any more; read it anew"
            )),
        }
    }
}
