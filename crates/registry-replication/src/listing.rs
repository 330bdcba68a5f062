//! Listings that all registries share.

use std::collections::VecDeque;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use openapi_transport::Error;

use crate::pager::{Page, PageToken, Pager};

type Pages<T> = BoxStream<'static, Result<Page<T>, Error>>;

/// What a [`Registry`](crate::Registry) lists, fetched page by page as it is read.
///
/// A listing that the vendor does not have, or that was asked for something it cannot have, is
/// there all the same: the error is the first that its stream yields.
///
/// # While records come and go
///
/// The vendors number the records of a listing, so that each one shifts when another is added or
/// removed before it. What is read is exact all the same: a record that is there throughout comes
/// exactly once, and one that comes or goes meanwhile at most once.
///
/// It rests on this: records keep their order, as those of the vendors do, which are listed by id or
/// time of making. Each page after the first is asked for so that it overlaps with what was read. If
/// something on it is known, nothing between can be missing; what is known is passed over. If not,
/// records were removed meanwhile, and a page that begins earlier is asked for, further back each
/// time. A listing of which more is removed or added than can be read ends with an error that says
/// so, and never with a loss.
///
/// That costs one record on each page where a page may begin anywhere (Huawei Cloud Basic), and
/// about one request in six more where pages are numbered (the others): 1,200 records take 14
/// requests in the place of 12, and smaller pages cost more: of 20, one in three. One id
/// per record is kept in memory while a stream reads. A record without an id, which vendors do not
/// have but may send, is told by its place alone.
///
/// A vendor's total is believed as far as the pages bear it out. A page that is empty though the
/// total says more is asked for once more, then passed over, and after another one the listing is at
/// its end. Where the service tells no total, or one that is too low, a short page is not the end:
/// the service may put fewer records on a page than it was asked for. One more request asks for what
/// follows.
///
/// # Bounds
///
/// A listing that does not end is an error: after [`max_records`](Self::max_records), after
/// [`max_pages`](Self::max_pages), and after pages in a row that bring nothing new.
pub struct Listing<T> {
    parts: VecDeque<Pager<T>>,
    /// How many parts before those are done with.
    done: usize,
    refused: Option<Error>,
}

impl<T: Send + 'static> Listing<T> {
    pub(crate) fn of(pager: Pager<T>) -> Self {
        Self {
            parts: VecDeque::from([pager]),
            done: 0,
            refused: None,
        }
    }

    pub(crate) fn refused(error: Error) -> Self {
        Self {
            parts: VecDeque::new(),
            done: 0,
            refused: Some(error),
        }
    }

    /// What was asked for, or why it cannot be.
    pub(crate) fn tried(listing: Result<Self, Error>) -> Self {
        listing.unwrap_or_else(Self::refused)
    }

    /// This one, and then the other.
    pub(crate) fn then(mut self, mut other: Self) -> Self {
        self.parts.append(&mut other.parts);
        self.refused = self.refused.or(other.refused);
        self
    }

    /// Number of records on a page; 100 unless said otherwise. Huawei Cloud Enterprise takes 1 to
    /// 100, the others at least 1.
    ///
    /// A size that the vendor does not allow is refused before the first page is asked for.
    ///
    /// Where pages are numbered (Huawei Cloud Enterprise, Alibaba Cloud), one can overlap with
    /// another only if there are sizes to choose from: pages of 16 and more do up to 720,000
    /// records, those of 10 up to 2,500. Of smaller ones, some begin where the one before ended, and
    /// a record may be missed if others are removed at that time. Pages of one record may begin
    /// anywhere and share none. The same holds where the service puts so few on a page.
    pub fn page_size(mut self, size: u32) -> Self {
        for pager in &mut self.parts {
            pager.paging.size = size;
        }
        self
    }

    /// How many pages may be fetched ahead of the one that is waited for; 4 unless said otherwise,
    /// 0 for none.
    ///
    /// With the first page, none is; with the second, one; then two, four and so on, up to this
    /// many, so that who takes a page or two pays for hardly more. Only pages that are there by the
    /// vendor's total are fetched ahead. They are fetched while the stream is waited for, and end
    /// with it. One that fails in a way that may pass is asked for again when it is needed.
    pub fn ahead(mut self, pages: u32) -> Self {
        for pager in &mut self.parts {
            pager.paging.ahead = pages;
        }
        self
    }

    /// Sets the most records that the listing may have. A listing that has more ends with an error.
    ///
    /// A service with a defect may list for ever. The bound limits time and memory then. A listing
    /// that is made of two parts may have as many in each.
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

    /// Goes on after the page that has this token: what was on it and before it does not come again,
    /// and all else comes as if the reading had not stopped. Only the size of pages may be another.
    ///
    /// The records before that place are looked for where they were, which takes one request; if
    /// they have moved, from the first page on. After the token of the last page comes what was
    /// added behind it since; if nothing was, an empty page.
    ///
    /// It rests on records being added at the beginning or the end, as those are that are listed by
    /// id or time of making: one that is put between others may make some come again.
    ///
    /// A token of another listing is refused before anything is sent. If none of up to 32 records
    /// before the place is there any more, an error says that the listing has to be read anew.
    pub fn resume(mut self, token: PageToken) -> Self {
        if self.refused.is_some() {
            return self;
        }
        let done = token.part();
        if done >= self.parts.len() {
            let what = "the page token is of another listing, which has more parts than this one";
            return Self::refused(Error::configuration(what));
        }
        self.parts.drain(..done);
        self.done += done;
        if let Some(pager) = self.parts.front_mut() {
            pager.paging.resume = Some(token);
        }
        self
    }

    /// The pages, fetched as they are asked for, and some of them [ahead](Self::ahead). Where a
    /// listing is made of two, such as rules of replication and of retention, each has its own
    /// [`total`](Page::total).
    ///
    /// Each page but the last of each part has as many records as [`page_size`](Self::page_size)
    /// says, after [`resume`](Self::resume) as well. Pages are smaller where the service says that
    /// it puts fewer on a page, and larger where the vendor answers all records at once. Since
    /// fetched pages overlap, filling a page up may take one more request.
    ///
    /// An error ends the stream.
    pub fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        self.pages(|pager| pager.by_page().boxed())
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
                // Only the end of all parts is worth a page that has nothing.
                let page = Some(page).filter(|page| last || !page.items.is_empty());
                future::ok(page)
            });
            pages.boxed()
        });
        let refused = self.refused.map(Err);
        let first = stream::iter(refused).boxed();
        let parts = std::iter::once(first).chain(parts).collect();
        stream::try_unfold(parts, |mut parts: VecDeque<BoxStream<'_, _>>| async move {
            while let Some(part) = parts.front_mut() {
                match part.try_next().await? {
                    Some(page) => return Ok(Some((page, parts))),
                    None => parts.pop_front(),
                };
            }
            Ok(None)
        })
    }

    /// What is on all pages, one by one.
    ///
    /// An error ends the stream.
    pub fn by_item(self) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.pages(|pager| pager.by_fetch().boxed())
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }
}
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pager::{Fetched, Paging, Slot, Steps};
    use futures_util::FutureExt;

    /// Records `from..to`, ten on a page; a page that goes on to `breaks` fails.
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
        Listing::of(Pager::new(name, Paging::default(), Steps::Pages, fetch)).page_size(10)
    }

    /// What came, and the error that ended it.
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
