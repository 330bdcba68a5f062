//! Listings of registries as streams.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use openapi_transport::{Error, Timestamp};

use crate::order::Order;

use crate::pager::{
    Continued, CursorSlot, Fetched, Page, PageToken, Pager, Pages, Paging, Record, Slot, Steps,
};

/// Listing of a registry, fetched page by page as it is read.
///
/// Every method that lists returns one. Nothing is sent before a stream of it is polled. A listing
/// that the provider does not offer, or that has an invalid argument, yields that error as the first
/// item of its stream.
///
/// # While records come and go
///
/// Services number the records of a listing, so each record shifts when another is added or removed
/// before it. Reading is exact nevertheless: a record that is present throughout comes exactly once,
/// and a record that comes or goes meanwhile comes at most once.
///
/// This requires that records keep their order, as records listed by id or by creation time do. Each
/// page after the first overlaps with what was read. A known record on the page proves that nothing
/// between is missing; known records are skipped. If no record on it is known, records were removed
/// meanwhile. Then a page that begins earlier is fetched, further back each time. A listing that
/// changes faster than it can be read ends with an error, never with a loss.
///
/// The overlap costs one record per page where a page may begin at any record, and about one request
/// in six where pages are numbered: 1,200 records take 14 requests instead of 12. Smaller pages cost
/// more: with 20 records on a page, one request in three. While a stream reads, it keeps one id per
/// record in memory. A record without an id is told from others by its position.
///
/// A service that continues a listing by a token (a cursor) keeps the position itself. Such pages do
/// not overlap and are read one after another. What the service promises for its tokens then holds
/// for records that come and go.
///
/// The total of a service is believed as far as the pages confirm it. A page that is empty although
/// the total promises more is fetched once more and then skipped. After another such page the
/// listing ends. Where the service reports no total, or a total that is too low, a short page is not
/// the end, because a service may put fewer records on a page than requested. One more request
/// confirms the end.
///
/// # Bounds
///
/// A listing that does not end is an error: after [`max_records`](Self::max_records), after
/// [`max_pages`](Self::max_pages), and after many pages in a row that bring nothing new.
pub struct Listing<T> {
    parts: VecDeque<Pager<T>>,
    /// Number of parts that a page token has skipped.
    done: usize,
    refused: Option<Error>,
    inspect: Option<Inspect<T>>,
}

/// Function that is called with each record.
type Inspect<T> = Arc<dyn Fn(&T) + Send + Sync>;

impl<T> Clone for Listing<T> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            done: self.done,
            refused: self.refused.clone(),
            inspect: self.inspect.clone(),
        }
    }
}

impl<T> fmt::Debug for Listing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.parts.iter().map(Pager::name).collect();
        f.debug_struct("Listing")
            .field("parts", &names)
            .field("refused", &self.refused)
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Listing<T> {
    /// Creates a listing. `name` is made by [`listing_name`](crate::pager::listing_name).
    pub(crate) fn new<F, P>(name: String, steps: Steps, fetch: F) -> Self
    where
        T: Record,
        F: Fn(Slot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Fetched<T>, Error>> + Send + 'static,
    {
        Self::of(Pager::new(name, Paging::default(), steps, fetch))
    }

    /// Creates a listing that the service continues by a token.
    pub(crate) fn by_cursor<F, P>(name: String, fetch: F) -> Self
    where
        T: Record,
        F: Fn(CursorSlot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Continued<T>, Error>> + Send + 'static,
    {
        Self::of(Pager::by_cursor(name, Paging::default(), fetch))
    }

    fn of(pager: Pager<T>) -> Self {
        Self {
            parts: VecDeque::from([pager]),
            done: 0,
            refused: None,
            inspect: None,
        }
    }

    pub(crate) fn refused(error: Error) -> Self {
        Self {
            parts: VecDeque::new(),
            done: 0,
            refused: Some(error),
            inspect: None,
        }
    }

    /// Returns the listing, or one that yields the error.
    pub(crate) fn tried(listing: Result<Self, Error>) -> Self {
        listing.unwrap_or_else(Self::refused)
    }

    /// Appends another listing.
    pub(crate) fn then(mut self, mut other: Self) -> Self {
        self.parts.append(&mut other.parts);
        self.refused = self.refused.or(other.refused);
        self
    }

    /// Sets the number of records on a page. [default: 100]
    ///
    /// A size that the service does not allow is an error before the first request; every service
    /// allows 1 to 100.
    ///
    /// Where pages are numbered, two pages can overlap only if there are sizes to choose from: pages
    /// of 16 and more do up to 720,000 records, pages of 10 up to 2,500. Some smaller pages begin
    /// where the page before ended, so a record may be missed if others are removed at that time.
    /// Pages of one record may begin anywhere and share none. The same holds where the service puts
    /// so few records on a page.
    pub fn page_size(mut self, size: u32) -> Self {
        for pager in &mut self.parts {
            pager.paging.size = size;
        }
        self
    }

    /// Sets how many pages are prefetched at most; 0 prefetches none. [default: 4]
    ///
    /// Prefetch starts at 0 and doubles (0, 1, 2, 4 …) up to this limit, so reading one or two pages
    /// stays cheap. A page is prefetched only if it exists by the service's total. Prefetch runs
    /// while the stream is polled and ends with it. A prefetched page that fails with an error that
    /// may pass is fetched again when it is needed. A listing that continues by a token prefetches
    /// nothing.
    pub fn ahead(mut self, pages: u32) -> Self {
        for pager in &mut self.parts {
            pager.paging.ahead = pages;
        }
        self
    }

    /// Sets the most records that the listing may have. A listing that has more ends with an error.
    ///
    /// A service with a defect may list for ever. The bound limits time and memory then. A listing
    /// of two parts may have as many records in each part.
    ///
    /// [default: 1,000,000]
    pub fn max_records(mut self, records: u64) -> Self {
        for pager in &mut self.parts {
            pager.paging.max_records = records;
        }
        self
    }

    /// Sets the most pages that a reading may take. A listing that needs more ends with an error.
    ///
    /// Pages that bring no new record count as well. Independently of this bound, a listing ends
    /// with an error after 64 pages in a row that bring nothing new, or after four times as many as
    /// the records that are known need.
    ///
    /// [default: 100,000]
    pub fn max_pages(mut self, pages: u64) -> Self {
        for pager in &mut self.parts {
            pager.paging.max_pages = pages;
        }
        self
    }

    /// Resumes after the page that has this token. Records on that page and before it do not come
    /// again, and all others come as if the reading had not stopped. Only the page size may differ.
    ///
    /// One request searches the records before that place where they were. If they have moved, the
    /// search starts at the first page. After the token of the last page come the records that were
    /// added behind it since, or an empty page.
    ///
    /// This requires that records are added at the beginning or the end, as in listings by id or by
    /// creation time. A record that is added between others may make some come again.
    ///
    /// A token of another listing is an error before the first request. If none of up to 32 records
    /// before the place exists any more, an error asks to read the listing from the start.
    ///
    /// A listing that the service continues by a token of its own resumes by that token, which may
    /// expire. The error of the service then suggests to read the listing from the start. After the
    /// token of the last page comes one empty page.
    pub fn resume(mut self, token: PageToken) -> Self {
        if self.refused.is_some() {
            return self;
        }
        let done = token.part();
        if done >= self.parts.len() {
            let own = self.parts.back().map_or("this one", Pager::name);
            return Self::refused(token.of_another_listing(own));
        }
        self.parts.drain(..done);
        self.done += done;
        if let Some(pager) = self.parts.front_mut() {
            pager.paging.resume = Some(token);
        }
        self
    }

    /// Calls a function with each record, before the stream yields the record.
    ///
    /// Pages are read in advance, so records that the caller never polls may be included.
    pub fn inspect(mut self, inspect: impl Fn(&T) + Send + Sync + 'static) -> Self {
        self.inspect = Some(Arc::new(inspect));
        self
    }

    /// Returns the pages as a stream. Pages are fetched as they are polled, and some of them
    /// [ahead](Self::ahead).
    ///
    /// Where a listing has two parts, such as rules of replication and of retention, each part has
    /// its own [`total`](Page::total). Where the service continues by a token, the pages are those
    /// of the service without empty ones. Otherwise each page except the last of each part has
    /// [`page_size`](Self::page_size) records, after [`resume`](Self::resume) as well. Pages are
    /// smaller where the service says that it puts fewer on a page, and larger where the service
    /// answers all records at once. Fetched pages overlap, so filling a page may take one more
    /// request.
    ///
    /// An error ends the stream.
    pub fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        self.pages(Pager::by_page)
    }

    /// Returns the pages as they are fetched. They lack the records that they share with earlier
    /// pages.
    pub(crate) fn by_fetch(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        self.pages(Pager::by_fetch)
    }

    fn pages(
        self,
        of: fn(Pager<T>) -> Pages<T>,
    ) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        let count = self.done + self.parts.len();
        let parts = (self.done..).zip(self.parts).map(move |(part, pager)| {
            let last = part + 1 == count;
            let pages = of(pager).try_filter_map(move |mut page| {
                page.token = page.token.in_part(part, count);
                // Yield an empty page only at the end of all parts.
                let page = Some(page).filter(|page| last || !page.items.is_empty());
                future::ok(page)
            });
            pages.boxed()
        });
        let refused = self.refused.map(Err);
        let inspect = self.inspect;
        let first = stream::iter(refused).boxed();
        let parts = std::iter::once(first).chain(parts).collect();
        let pages = stream::try_unfold(parts, |mut parts: VecDeque<BoxStream<'_, _>>| async move {
            while let Some(part) = parts.front_mut() {
                match part.try_next().await? {
                    Some(page) => return Ok(Some((page, parts))),
                    None => parts.pop_front(),
                };
            }
            Ok(None)
        });
        pages.inspect_ok(move |page: &Page<T>| {
            if let Some(inspect) = &inspect {
                page.items.iter().for_each(|item| inspect(item));
            }
        })
    }

    /// Returns the records of all pages as a stream.
    ///
    /// An error ends the stream.
    pub fn by_item(self) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.by_fetch()
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }

    /// Returns the records as a stream that may end where all that follows is older than a time.
    ///
    /// Services do not promise an order. The stream ends after a page if all records so far came
    /// newest first and the last is too old. Otherwise all records come. Records that are too old may
    /// come in both cases.
    pub fn by_item_since(
        self,
        since: Timestamp,
        created: fn(&T) -> Option<Timestamp>,
    ) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        let pages = self.by_fetch().boxed();
        let pages = stream::try_unfold(Some((pages, Order::default())), move |rest| async move {
            let Some((mut pages, mut order)) = rest else {
                return Ok::<_, Error>(None);
            };
            let Some(page) = pages.try_next().await? else {
                return Ok(None);
            };
            page.items.iter().for_each(|item| order.next(created(item)));
            let is_past = order.is_past(Some(since));
            let rest = (!is_past).then_some((pages, order));
            Ok(Some((page.items, rest)))
        });
        pages
            .map_ok(|items| stream::iter(items).map(Ok))
            .try_flatten()
    }

    /// Reads all records into memory.
    ///
    /// # Errors
    /// The first error of the stream. Records before it are dropped.
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.by_item().try_collect().await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    /// Makes a listing of the records `from..to`, ten on a page. A page that reaches `breaks` fails.
    fn part(from: u64, to: u64, breaks: Option<u64>) -> Listing<u64> {
        let fetch = move |slot: Slot| async move {
            let end = slot.offset + u64::from(slot.size);
            if breaks.is_some_and(|breaks| (slot.offset + 1..=end).contains(&breaks)) {
                return Err(Error::configuration("broken"));
            }
            Ok(Fetched {
                items: (from + slot.offset..to.min(from + end)).collect(),
                total: Some(to - from),
                size: None,
            })
        };
        let name = format!("Part {from}");
        Listing::new(name, Steps::Pages, fetch).page_size(10)
    }

    /// Returns the records of a listing, and the error that ended it.
    fn read(listing: Listing<u64>) -> (Vec<u64>, Option<String>) {
        let all = listing.by_item().collect::<Vec<_>>();
        let mut items = Vec::new();
        let mut ended = None;
        for item in all.now_or_never().unwrap() {
            assert_eq!(ended, None, "something came after the error");
            match item {
                Ok(item) => items.push(item),
                Err(error) => ended = Some(error.to_string()),
            }
        }
        (items, ended)
    }

    #[test]
    fn parts_come_one_after_the_other_and_an_error_ends_them() {
        let all = |to| (0..to).collect::<Vec<u64>>();
        let broken = || Some("broken".to_owned());
        let refusal = || Listing::refused(Error::configuration("broken"));
        for (name, listing, expected) in [
            (
                "two parts",
                part(0, 23, None).then(part(23, 30, None)),
                (all(30), None),
            ),
            (
                "an empty part",
                part(0, 0, None).then(part(0, 3, None)),
                (all(3), None),
            ),
            (
                "small pages",
                part(0, 23, None).page_size(4),
                (all(23), None),
            ),
            (
                "an error in the first part",
                part(0, 23, Some(11)).then(part(23, 30, None)),
                (all(10), broken()),
            ),
            ("nothing but an error", refusal(), (all(0), broken())),
            (
                "an error for the other part",
                part(0, 5, None).then(refusal()),
                (all(0), broken()),
            ),
        ] {
            assert_eq!(read(listing), expected, "{name}");
        }
    }
}
