//! Listings as streams.

use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry_transport::Error;

/// One page of a listing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// How many there are on all pages, as the vendor says.
    pub total: Option<u64>,
}

/// Which page to fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Number of the page, from 0.
    pub(crate) index: u64,
    /// Number of records on a page.
    pub(crate) size: u32,
}

impl Slot {
    pub(crate) fn offset(self) -> u64 {
        self.index * u64::from(self.size)
    }
}

/// A listing that is fetched page by page, as it is read.
pub(crate) struct Pager<T> {
    size: u32,
    fetch: Arc<Fetch<T>>,
}

type Fetch<T> = dyn Fn(Slot) -> BoxFuture<'static, Result<Page<T>, Error>> + Send + Sync;

/// Where a stream of pages stands.
#[derive(Clone, Copy)]
enum Cursor {
    At { index: u64, empty_before: bool },
    End,
}

impl<T: Send + 'static> Pager<T> {
    pub(crate) fn new<F, P>(size: u32, fetch: F) -> Self
    where
        F: Fn(Slot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Page<T>, Error>> + Send + 'static,
    {
        Self {
            size,
            fetch: Arc::new(move |slot| Box::pin(fetch(slot))),
        }
    }

    pub(crate) fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        let start = Cursor::At {
            index: 0,
            empty_before: false,
        };
        stream::try_unfold((self, start), |(pager, cursor)| async move {
            let Cursor::At {
                index,
                empty_before,
            } = cursor
            else {
                return Ok(None);
            };
            let slot = Slot {
                index,
                size: pager.size,
            };
            let page = (pager.fetch)(slot).await?;
            let next = next(slot, &page, empty_before);
            Ok(Some((page, (pager, next))))
        })
    }

    pub(crate) fn by_item(self) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.by_page()
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }
}

/// Whether there is another page.
///
/// The vendor's total is believed only as far as the pages bear it out: a page that is full
/// beyond the total leads to another, and two empty pages in a row end a listing that the total
/// says goes on.
fn next<T>(slot: Slot, page: &Page<T>, empty_before: bool) -> Cursor {
    let count = page.items.len() as u64;
    let full = count >= u64::from(slot.size);
    let more = match page.total {
        Some(total) => {
            let reached = slot.offset() + count;
            slot.offset() + count.max(u64::from(slot.size)) < total || (full && reached > total)
        }
        None => full,
    };
    let empty = page.items.is_empty();
    if more && !(empty && empty_before) {
        Cursor::At {
            index: slot.index + 1,
            empty_before: empty,
        }
    } else {
        Cursor::End
    }
}

/// Gives a listing its size of page and its two streams.
macro_rules! paged {
    ($listing:ident, $default:literal, $range:literal) => {
        impl $listing {
            #[doc = concat!("Number of records on a page, ", $range, "; ", stringify!($default), " unless said otherwise.")]
            ///
            /// A size that the vendor does not allow is refused before the first page is asked for.
            pub fn page_size(mut self, size: u32) -> Self {
                self.page_size = size;
                self
            }

            fn pager(self) -> Pager<Task> {
                Pager::new(self.page_size, move |slot| self.clone().fetch(slot))
            }

            /// The pages, each fetched when it is asked for.
            ///
            /// An error ends the stream.
            pub fn by_page(
                self,
            ) -> impl futures_core::Stream<Item = Result<Page<Task>, Error>> + Send + use<> {
                self.pager().by_page()
            }

            /// The tasks of all pages, one by one.
            ///
            /// An error ends the stream.
            pub fn by_item(
                self,
            ) -> impl futures_core::Stream<Item = Result<Task, Error>> + Send + use<> {
                self.pager().by_item()
            }
        }
    };
}
pub(crate) use paged;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::Mutex;

    /// Pages of a vendor: how many items each has, and the total it claims.
    fn read(size: u32, pages: &[(usize, Option<u64>)]) -> (usize, usize) {
        let pages = pages.to_vec();
        let asked = Arc::new(Mutex::new(0));
        let count = asked.clone();
        let pager = Pager::new(size, move |slot| {
            *count.lock().unwrap() += 1;
            let (items, total) = pages
                .get(usize::try_from(slot.index).unwrap())
                .copied()
                .unwrap_or((0, Some(u64::MAX)));
            async move {
                Ok(Page {
                    items: vec![(); items],
                    total,
                })
            }
        });
        let items: Vec<()> = pager
            .by_item()
            .try_collect()
            .now_or_never()
            .unwrap()
            .unwrap();
        let asked = *asked.lock().unwrap();
        (items.len(), asked)
    }

    #[test]
    fn a_listing_ends_where_the_vendor_does() {
        let total = Some;
        for (name, size, pages, items, requests) in [
            ("nothing", 10, vec![(0, total(0))], 0, 1),
            ("one short page", 10, vec![(3, total(3))], 3, 1),
            (
                "full pages",
                10,
                vec![(10, total(20)), (10, total(20))],
                20,
                2,
            ),
            (
                "an empty page in the middle",
                10,
                vec![(10, total(25)), (0, total(25)), (5, total(25))],
                15,
                3,
            ),
            (
                "a total that grows",
                10,
                vec![(10, total(15)), (10, total(22)), (2, total(22))],
                22,
                3,
            ),
            (
                "a total that shrinks",
                10,
                vec![(10, total(30)), (4, total(14))],
                14,
                2,
            ),
            (
                "a total that is too low",
                10,
                vec![(10, total(1)), (10, total(1)), (2, total(1))],
                22,
                3,
            ),
            (
                "a total that is too high",
                10,
                vec![(10, total(u64::MAX)), (0, total(u64::MAX))],
                10,
                3,
            ),
            ("no total", 10, vec![(10, None), (9, None)], 19, 2),
            (
                "a page larger than asked for",
                10,
                vec![(12, total(12))],
                12,
                1,
            ),
        ] {
            assert_eq!(read(size, &pages), (items, requests), "{name}");
        }
    }
}
