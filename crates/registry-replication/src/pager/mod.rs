//! Listings as streams.

mod answer;
mod keyed;
mod last;
mod reading;
mod sheets;
mod slots;
mod token;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use openapi_transport::Error;

pub(crate) use keyed::Keyed;
use reading::Reading;
use sheets::Sheets;
pub(crate) use slots::{Slot, Steps};
pub use token::{PageToken, UnfitPageToken};

/// One page of a listing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on the page and was on none before it.
    pub items: Vec<T>,
    /// How many there are on all pages, as the vendor says.
    pub total: Option<u64>,
    /// How many the vendor puts on a page, where it says so; may be fewer than asked for.
    pub size: Option<u32>,
    pub(crate) token: PageToken,
}

impl<T> From<Page<T>> for Vec<T> {
    fn from(page: Page<T>) -> Self {
        page.items
    }
}

impl<T> Page<T> {
    /// Where to go on after this page: the listing's `resume` takes it, in another process, too.
    pub fn token(&self) -> &PageToken {
        &self.token
    }
}

/// One page as the service answered it.
pub(crate) struct Fetched<T> {
    pub(crate) items: Vec<T>,
    pub(crate) total: Option<u64>,
    pub(crate) size: Option<u32>,
}

/// How a listing is to be read.
#[derive(Clone, Debug)]
pub(crate) struct Paging {
    /// Number of records on a page.
    pub(crate) size: u32,
    /// How many pages may be fetched ahead of the one that is waited for.
    pub(crate) ahead: u32,
    pub(crate) resume: Option<PageToken>,
    /// The most records that are read before the listing counts as endless.
    pub(crate) max_records: u64,
    /// The most pages that are read before the listing counts as endless.
    pub(crate) max_pages: u64,
}

/// The default of [`Listing::max_records`](crate::Listing::max_records).
const MAX_RECORDS: u64 = 1_000_000;
/// The default of [`Listing::max_pages`](crate::Listing::max_pages).
const MAX_PAGES: u64 = 100_000;

impl Default for Paging {
    fn default() -> Self {
        Self {
            size: 100,
            ahead: 4,
            resume: None,
            max_records: MAX_RECORDS,
            max_pages: MAX_PAGES,
        }
    }
}

/// A listing that is fetched page by page, as it is read.
pub(crate) struct Pager<T> {
    /// What is listed, and what narrows it.
    name: String,
    pub(crate) paging: Paging,
    steps: Steps,
    key: fn(&T) -> String,
    fetch: Arc<Fetch<T>>,
}

type Fetch<T> = dyn Fn(Slot) -> BoxFuture<'static, Result<Fetched<T>, Error>> + Send + Sync;

impl<T: Send + 'static> Pager<T> {
    pub(crate) fn new<F, P>(name: String, paging: Paging, steps: Steps, fetch: F) -> Self
    where
        T: Keyed,
        F: Fn(Slot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        Self {
            name,
            paging,
            steps,
            key: T::key,
            fetch: Arc::new(move |slot| Box::pin(fetch(slot))),
        }
    }

    /// Pages of the size that was asked for.
    pub(crate) fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        self.sheets(Sheets::of)
    }

    /// Pages as they are fetched: smaller than was asked for by what they share with others, and
    /// without the request that fills them up.
    pub(crate) fn by_fetch(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        self.sheets(Sheets::by_fetch)
    }

    fn sheets(
        self,
        of: fn(Reading<T>) -> Sheets<T>,
    ) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        let pages = |sheets| {
            stream::try_unfold(sheets, |mut sheets: Sheets<T>| async move {
                let page = sheets.next().await?;
                Ok(page.map(|page| (page, sheets)))
            })
        };
        match Reading::begin(self) {
            Ok(reading) => pages(of(reading)).left_stream(),
            Err(error) => stream::once(future::err(error)).right_stream(),
        }
    }

    pub(crate) fn by_item(self) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.by_fetch()
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }
}

/// The name of a listing: the vendor's call, and what narrows it.
pub(crate) fn listing(call: &str, narrowed: &[(&str, Option<&dyn Display>)]) -> String {
    let given = narrowed
        .iter()
        .filter_map(|(what, value)| value.map(|value| format!(" {what}={value}")));
    given.fold(call.to_owned(), |name, part| name + &part)
}

/// Gives a listing of `$item`s its size of page, its token and its two streams. `$of` are what
/// narrows it, by name.
macro_rules! paged {
    ($listing:ident of $item:ident, $steps:ident, $call:literal, $range:literal,
     |$self:ident| [$($of:expr),* $(,)?]) => {
        impl $listing {
            #[doc = concat!("Number of records on a page, ", $range, "; 100 unless said otherwise.")]
            ///
            /// A size that the vendor does not allow is refused before the first page is asked for.
            /// What [`Listing::page_size`](crate::Listing::page_size) says of small pages holds.
            pub fn page_size(mut self, size: u32) -> Self {
                self.paging.size = size;
                self
            }

            /// How many pages may be fetched ahead of the one that is waited for; 4 unless said
            /// otherwise. See [`Listing::ahead`](crate::Listing::ahead).
            pub fn ahead(mut self, pages: u32) -> Self {
                self.paging.ahead = pages;
                self
            }

            /// Goes on after the page that has this token. See
            /// [`Listing::resume`](crate::Listing::resume).
            pub fn resume(mut self, token: crate::PageToken) -> Self {
                self.paging.resume = Some(token);
                self
            }

            /// Sets the most records that the listing may have. See
            /// [`Listing::max_records`](crate::Listing::max_records).
            ///
            /// [default: 1,000,000]
            pub fn max_records(mut self, records: u64) -> Self {
                self.paging.max_records = records;
                self
            }

            /// Sets the most pages that a reading may take. See
            /// [`Listing::max_pages`](crate::Listing::max_pages).
            ///
            /// [default: 100,000]
            pub fn max_pages(mut self, pages: u64) -> Self {
                self.paging.max_pages = pages;
                self
            }

            fn called(&$self) -> String {
                crate::pager::listing($call, &[$($of),*])
            }

            fn pager(mut self) -> crate::pager::Pager<$item> {
                let paging = std::mem::take(&mut self.paging);
                let steps = crate::pager::Steps::$steps;
                let name = self.called();
                let fetch = move |slot| self.clone().fetch(slot);
                crate::pager::Pager::new(name, paging, steps, fetch)
            }

            /// The pages, fetched as they are asked for, and some of them
            /// [ahead](Self::ahead). What is on them is as [`by_item`](Self::by_item) has it. Each but
            /// the last has as many records as [`page_size`](Self::page_size) says, after
            /// [`resume`](Self::resume) as well, unless the service says that it puts fewer on a page.
            ///
            /// An error ends the stream.
            pub fn by_page(
                self,
            ) -> impl futures_core::Stream<Item = Result<crate::Page<$item>, Error>> + Send + use<>
            {
                self.pager().by_page()
            }

            /// The pages as they are fetched.
            #[allow(dead_code)]
            pub(crate) fn by_fetch(
                self,
            ) -> impl futures_core::Stream<Item = Result<crate::Page<$item>, Error>> + Send + use<>
            {
                self.pager().by_fetch()
            }

            /// What is on all pages, one by one: each record that is there throughout exactly once,
            /// whatever comes and goes meanwhile. [`Listing`](crate::Listing) says how, and what it
            /// costs.
            ///
            /// An error ends the stream.
            pub fn by_item(
                self,
            ) -> impl futures_core::Stream<Item = Result<$item, Error>> + Send + use<> {
                self.pager().by_item()
            }
        }

        impl From<$listing> for crate::Listing<$item> {
            fn from(listing: $listing) -> Self {
                Self::of(listing.pager())
            }
        }
    };
}
pub(crate) use paged;
