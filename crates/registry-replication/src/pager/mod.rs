//! Paging engine of listings.

mod anchor;
mod answer;
mod cursor;
mod overlap;
mod page_size;
mod reading;
mod record;
mod slot;
mod token;

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, future, stream};
use openapi_transport::Error;

use cursor::CursorReading;
pub(crate) use cursor::{Continued, CursorSlot};
use page_size::Sized;
use reading::Reading;
pub(crate) use record::Record;
pub(crate) use slot::{Slot, Steps};
pub use token::{PageToken, UnfitPageToken};

/// Page of a listing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// Records of the page that no earlier page had.
    pub items: Vec<T>,
    /// Number of records on all pages, as the service counts them.
    pub total: Option<u64>,
    /// Number of records that the service puts on a page, where it says so. It may be smaller than
    /// requested.
    pub size: Option<u32>,
    pub(crate) token: PageToken,
}

impl<T> From<Page<T>> for Vec<T> {
    fn from(page: Page<T>) -> Self {
        page.items
    }
}

impl<T> Page<T> {
    /// Returns the position after this page. [`Listing::resume`](crate::Listing::resume) accepts it, in
    /// another process as well.
    pub fn token(&self) -> &PageToken {
        &self.token
    }
}

/// Page as the service answered it.
pub(crate) struct Fetched<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: Option<u64>,
    pub(crate) size: Option<u32>,
}

/// Options of a reading.
#[derive(Clone, Debug)]
pub(crate) struct Paging {
    /// Number of records on a page.
    pub(crate) size: u32,
    /// Most pages that are prefetched.
    pub(crate) ahead: u32,
    pub(crate) resume: Option<PageToken>,
    /// Most records that are read before the listing counts as endless.
    pub(crate) max_records: u64,
    /// Most pages that are read before the listing counts as endless.
    pub(crate) max_pages: u64,
    /// Most bytes of records that are read before the listing counts as endless.
    pub(crate) max_bytes: u64,
}

/// The default of [`Listing::max_records`](crate::Listing::max_records).
const MAX_RECORDS: u64 = 1_000_000;
/// The default of [`Listing::max_pages`](crate::Listing::max_pages).
const MAX_PAGES: u64 = 100_000;
/// Bound on the size of records that are JSON: 256 MiB.
const MAX_BYTES: u64 = 256 << 20;

impl Default for Paging {
    fn default() -> Self {
        Self {
            size: 100,
            ahead: 4,
            resume: None,
            max_records: MAX_RECORDS,
            max_pages: MAX_PAGES,
            max_bytes: MAX_BYTES,
        }
    }
}

/// Listing of one call, fetched page by page as it is read.
pub(crate) struct Pager<T> {
    /// Call and the parameters that narrow it.
    name: String,
    pub(crate) paging: Paging,
    key: fn(&T) -> String,
    bytes: fn(&T) -> u64,
    source: Source<T>,
}

/// Way in which a service numbers its pages, and the call that fetches one.
enum Source<T> {
    /// By the number of records before a page.
    Numbered(Steps, Arc<Fetch<T>>),
    /// By a token that the page before names.
    Cursor(Arc<FetchCursor<T>>),
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Numbered(steps, fetch) => Self::Numbered(*steps, Arc::clone(fetch)),
            Self::Cursor(fetch) => Self::Cursor(Arc::clone(fetch)),
        }
    }
}

impl<T> Clone for Pager<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            paging: self.paging.clone(),
            key: self.key,
            bytes: self.bytes,
            source: self.source.clone(),
        }
    }
}

impl<T> Pager<T> {
    /// Adds the size of records to `sum`. Returns an error if that is more than the bound.
    fn measure<'a>(&self, items: impl Iterator<Item = &'a T>, sum: &mut u64) -> Result<(), Error>
    where
        T: 'a,
    {
        for item in items {
            *sum = sum.saturating_add((self.bytes)(item));
        }
        let most = self.paging.max_bytes;
        match *sum > most {
            true => Err(Error::malformed(format!(
                "{}: the listing has records of more than {most} bytes; narrow it, or read fewer \
                 records",
                self.name
            ))),
            false => Ok(()),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

pub(crate) type Pages<T> = BoxStream<'static, Result<Page<T>, Error>>;

type Fetch<T> = dyn Fn(Slot) -> BoxFuture<'static, Result<Fetched<T>, Error>> + Send + Sync;

type FetchCursor<T> =
    dyn Fn(CursorSlot) -> BoxFuture<'static, Result<Continued<T>, Error>> + Send + Sync;

impl<T: Send + 'static> Pager<T> {
    pub(crate) fn new<F, P>(name: String, paging: Paging, steps: Steps, fetch: F) -> Self
    where
        T: Record,
        F: Fn(Slot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        Self {
            name,
            paging,
            key: T::key,
            bytes: T::bytes,
            source: Source::Numbered(steps, Arc::new(move |slot| Box::pin(fetch(slot)))),
        }
    }

    /// Creates a pager over a service that continues a listing by a token.
    pub(crate) fn by_cursor<F, P>(name: String, paging: Paging, fetch: F) -> Self
    where
        T: Record,
        F: Fn(CursorSlot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Continued<T>, Error>> + Send + 'static,
    {
        Self {
            name,
            paging,
            key: T::key,
            bytes: T::bytes,
            source: Source::Cursor(Arc::new(move |slot| Box::pin(fetch(slot)))),
        }
    }

    /// Returns pages of the requested size. Pages of a listing that continues by a token are those
    /// of the service.
    pub(crate) fn by_page(self) -> Pages<T> {
        self.pages(Sized::of)
    }

    /// Returns the pages as they are fetched, without the records that they share with others and
    /// without the request that fills them.
    pub(crate) fn by_fetch(self) -> Pages<T> {
        self.pages(Sized::by_fetch)
    }

    fn pages(self, of: fn(Reading<T>) -> Sized<T>) -> Pages<T> {
        match self.source.clone() {
            Source::Numbered(steps, fetch) => match Reading::begin(self, steps, fetch) {
                Ok(reading) => stream::try_unfold(of(reading), |mut pages| async move {
                    let page = pages.next().await?;
                    Ok(page.map(|page| (page, pages)))
                })
                .boxed(),
                Err(error) => stream::once(future::err(error)).boxed(),
            },
            Source::Cursor(fetch) => match CursorReading::begin(self, fetch) {
                Ok(reading) => stream::try_unfold(reading, |mut reading| async move {
                    let page = reading.next().await?;
                    Ok(page.map(|page| (page, reading)))
                })
                .boxed(),
                Err(error) => stream::once(future::err(error)).boxed(),
            },
        }
    }
}

/// Returns the name of a listing: the vendor's call, and the parameters that narrow it.
///
/// Page tokens carry this name, so the same listing must keep the same name in later versions.
pub(crate) fn listing_name(call: &str, narrowed: &[(&str, Option<&dyn Display>)]) -> String {
    let given = narrowed
        .iter()
        .filter_map(|(what, value)| value.map(|value| format!(" {what}={value}")));
    given.fold(call.to_owned(), |name, part| name + &part)
}
