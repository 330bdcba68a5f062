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
    /// How many the vendor puts on a page, where it says so; may be fewer than asked for.
    pub size: Option<u32>,
}

impl<T> Page<T> {
    /// A page of which nothing else is known.
    #[cfg(test)]
    pub(crate) fn of(items: Vec<T>) -> Self {
        Self {
            items,
            total: None,
            size: None,
        }
    }
}

/// Which page to fetch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Number of records before the page; of pages that are numbered, a multiple of the size.
    pub(crate) offset: u64,
    /// Number of records on a page.
    pub(crate) size: u32,
}

/// Where a page may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Only at multiples of the page size.
    Pages,
    /// At any record.
    Records,
}

/// A listing that is fetched page by page, as it is read.
pub(crate) struct Pager<T> {
    size: u32,
    steps: Steps,
    fetch: Arc<Fetch<T>>,
}

type Fetch<T> = dyn Fn(Slot) -> BoxFuture<'static, Result<Page<T>, Error>> + Send + Sync;

/// Where a stream of pages stands.
#[derive(Clone, Copy)]
enum Cursor {
    At { slot: Slot, empty_before: bool },
    End,
}

impl<T: Send + 'static> Pager<T> {
    pub(crate) fn new<F, P>(size: u32, steps: Steps, fetch: F) -> Self
    where
        F: Fn(Slot) -> P + Send + Sync + 'static,
        P: Future<Output = Result<Page<T>, Error>> + Send + 'static,
    {
        Self {
            size,
            steps,
            fetch: Arc::new(move |slot| Box::pin(fetch(slot))),
        }
    }

    /// With another number of records on a page.
    pub(crate) fn sized(mut self, size: u32) -> Self {
        self.size = size;
        self
    }

    pub(crate) fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        let slot = Slot {
            offset: 0,
            size: self.size,
        };
        let start = Cursor::At {
            slot,
            empty_before: false,
        };
        stream::try_unfold((self, start), |(pager, cursor)| async move {
            let Cursor::At { slot, empty_before } = cursor else {
                return Ok(None);
            };
            let page = (pager.fetch)(slot).await?;
            let next = next(slot, pager.steps, &page, empty_before);
            Ok(Some((page, (pager, next))))
        })
    }

    pub(crate) fn by_item(self) -> impl Stream<Item = Result<T, Error>> + Send + use<T> {
        self.by_page()
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }
}

/// Whether there is another page, and where it begins.
///
/// The vendor's total is believed only as far as the pages bear it out: a page that is full
/// beyond the total leads to another, and two empty pages in a row end a listing that the total
/// says goes on. A service may put fewer records on a page than were asked for: then the next page
/// begins where this one ended, if it may begin anywhere, or the service's own size is gone on with.
fn next<T>(slot: Slot, steps: Steps, page: &Page<T>, empty_before: bool) -> Cursor {
    let count = page.items.len() as u64;
    let size = page
        .size
        .filter(|size| (1..slot.size).contains(size))
        .unwrap_or(slot.size);
    let full = count >= u64::from(size);
    let empty = page.items.is_empty();
    let reached = slot.offset + count;
    let offset = match steps {
        Steps::Records if !empty => reached,
        Steps::Records | Steps::Pages => slot.offset + u64::from(size),
    };
    let more = match page.total {
        Some(total) => offset.max(reached) < total || (full && reached > total),
        None => full,
    };
    if more && !(empty && empty_before) {
        Cursor::At {
            slot: Slot { offset, size },
            empty_before: empty,
        }
    } else {
        Cursor::End
    }
}

/// Gives a listing of `$item`s its size of page and its two streams.
macro_rules! paged {
    ($listing:ident of $item:ident, $steps:ident, $default:literal, $range:literal) => {
        impl $listing {
            #[doc = concat!("Number of records on a page, ", $range, "; ", stringify!($default), " unless said otherwise.")]
            ///
            /// A size that the vendor does not allow is refused before the first page is asked for.
            pub fn page_size(mut self, size: u32) -> Self {
                self.page_size = size;
                self
            }

            fn pager(self) -> crate::pager::Pager<$item> {
                let steps = crate::pager::Steps::$steps;
                crate::pager::Pager::new(self.page_size, steps, move |slot| self.clone().fetch(slot))
            }

            /// The pages, each fetched when it is asked for.
            ///
            /// An error ends the stream.
            pub fn by_page(
                self,
            ) -> impl futures_core::Stream<Item = Result<Page<$item>, Error>> + Send + use<> {
                self.pager().by_page()
            }

            /// What is on all pages, one by one.
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::sync::Mutex;

    /// Reads a service that has `held` records, puts at most `cap` on a page, and claims `total`
    /// of them. Answers which records came, and how many requests it took.
    fn read(size: u32, steps: Steps, service: Service) -> (Vec<u64>, usize) {
        let asked = Arc::new(Mutex::new(0));
        let count = asked.clone();
        let pager = Pager::new(size, steps, move |slot| {
            *count.lock().unwrap() += 1;
            let page = service.page(slot);
            async move { Ok(page) }
        });
        let items = pager.by_item().try_collect().now_or_never().unwrap();
        let asked = *asked.lock().unwrap();
        (items.unwrap(), asked)
    }

    #[derive(Clone, Copy)]
    struct Service {
        held: u64,
        cap: u32,
        total: Option<u64>,
        /// Whether it says how many it puts on a page.
        tells: bool,
        /// Records that are gone, though the pages are cut as if they were there.
        gone: (u64, u64),
    }

    impl Service {
        const PLAIN: Self = Self {
            held: 0,
            cap: u32::MAX,
            total: None,
            tells: false,
            gone: (0, 0),
        };

        fn page(self, slot: Slot) -> Page<u64> {
            let size = slot.size.min(self.cap);
            // A numbered page is cut by the service's own size.
            let begin = match self.tells {
                true => slot.offset / u64::from(slot.size) * u64::from(size),
                false => slot.offset,
            };
            let end = (begin + u64::from(size)).min(self.held);
            Page {
                items: (begin..end)
                    .filter(|record| !(self.gone.0..self.gone.1).contains(record))
                    .collect(),
                total: self.total,
                size: self.tells.then_some(size),
            }
        }
    }

    #[test]
    fn a_listing_ends_where_the_service_does() {
        use Steps::{Pages, Records};
        let held = |held, total| Service {
            held,
            total,
            ..Service::PLAIN
        };
        let (some, max) = (Some, Some(u64::MAX));
        for (name, steps, service, requests) in [
            ("nothing", Pages, held(0, some(0)), 1),
            ("one short page", Pages, held(3, some(3)), 1),
            ("full pages", Pages, held(20, some(20)), 2),
            ("full pages", Records, held(20, some(20)), 2),
            ("a total that is too low", Pages, held(22, some(1)), 3),
            ("a total that is too high", Pages, held(10, max), 3),
            ("no total", Pages, held(19, None), 2),
            ("no total", Records, held(19, None), 2),
            (
                "an empty page in the middle",
                Pages,
                Service {
                    gone: (10, 20),
                    ..held(25, some(25))
                },
                3,
            ),
            (
                "fewer on a page than asked for, silently",
                Records,
                Service {
                    cap: 4,
                    ..held(22, some(22))
                },
                6,
            ),
            (
                "fewer on a page than asked for, and says so",
                Pages,
                Service {
                    cap: 4,
                    tells: true,
                    ..held(22, some(22))
                },
                6,
            ),
        ] {
            let (items, asked) = read(10, steps, service);
            let gone = service.gone.0..service.gone.1;
            let expected: Vec<u64> = (0..service.held).filter(|r| !gone.contains(r)).collect();
            assert_eq!(items, expected, "{name}, {steps:?}");
            assert_eq!(asked, requests, "{name}, {steps:?}");
        }
    }

    #[test]
    fn a_total_may_move_while_it_is_read() {
        for (name, totals, requests) in
            [("grows", vec![15, 22, 22], 3), ("shrinks", vec![30, 12], 2)]
        {
            let asked = Arc::new(Mutex::new(0));
            let count = asked.clone();
            let pager = Pager::new(10, Steps::Pages, move |slot| {
                *count.lock().unwrap() += 1;
                let index = usize::try_from(slot.offset / 10).unwrap();
                let held: u64 = totals.get(index).copied().unwrap_or(0);
                let items = held.saturating_sub(slot.offset).min(10);
                async move {
                    Ok(Page {
                        items: vec![(); usize::try_from(items).unwrap()],
                        total: Some(held),
                        size: None,
                    })
                }
            });
            let items = pager.by_item().try_collect::<Vec<()>>().now_or_never();
            assert!(items.unwrap().unwrap().len() >= 12, "{name}");
            assert_eq!(*asked.lock().unwrap(), requests, "{name}");
        }
    }
}
