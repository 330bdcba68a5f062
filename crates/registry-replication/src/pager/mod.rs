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
use futures_util::{StreamExt, future, stream};
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

impl<T> Clone for Pager<T> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            paging: self.paging.clone(),
            steps: self.steps,
            key: self.key,
            fetch: Arc::clone(&self.fetch),
        }
    }
}

impl<T> Pager<T> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
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
