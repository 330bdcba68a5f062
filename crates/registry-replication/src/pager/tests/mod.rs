//! Tests of pagers against an invented service that changes while it is read.

#![allow(clippy::unwrap_used)]

mod churn;
mod cursor;
mod faults;
mod resume;

use std::collections::{BTreeSet, HashSet};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::task::noop_waker;
use futures_util::{StreamExt, TryStreamExt, stream};
use openapi_transport::Error;

use super::{Fetched, Page, PageToken, Pager, Paging, Record, Slot, Steps};

/// Records are numbers here, and are listed in their order. The largest has no id.
impl Record for u64 {
    fn key(&self) -> String {
        match *self {
            Self::MAX => String::new(),
            number => number.to_string(),
        }
    }
}

/// Event between two requests.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Records are added before the one at this share (of 255) of the listing.
    Add { at: u8, count: u8 },
    /// Records from that share on are removed.
    Remove { at: u8, count: u8 },
}

/// Total that a service reports.
#[derive(Clone, Debug)]
enum Total {
    True,
    Unsaid,
    Fixed(u64),
    /// Wrong by these differences, one after the other.
    Off(Vec<i8>),
    /// Number of records on the page.
    OfPage,
}

/// Largest number of records that a service puts on a page.
#[derive(Clone, Copy, Debug)]
enum Cap {
    None,
    Silent(u32),
    Told(u32),
}

#[derive(Clone)]
struct Service {
    records: BTreeSet<u64>,
    /// Records that are counted but not shown.
    hidden: std::ops::Range<u64>,
    events: Vec<Event>,
    total: Total,
    cap: Cap,
    /// Number of records on each page in excess of the request.
    more: u32,
    /// Whether the service cuts pages by their number and its own size.
    numbered: bool,
    /// Whether each page is the first one.
    deaf: bool,
    /// Requests that the service answers with an empty page, unless the page was empty before.
    empty: Vec<usize>,
    /// Number of polls before each request is answered.
    delays: Vec<u8>,
    /// All records that ever existed, also those that were removed.
    ever: BTreeSet<u64>,
    gone: HashSet<u64>,
    emptied: HashSet<(u64, u32)>,
    asked: Vec<Slot>,
}

/// Returns numbers with room for other numbers between them.
fn numbers(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(|number| (1 << 40) + (number << 20))
}

impl Service {
    fn of(records: impl IntoIterator<Item = u64>) -> Self {
        let records: BTreeSet<u64> = records.into_iter().collect();
        Self {
            ever: records.clone(),
            records,
            hidden: 0..0,
            events: Vec::new(),
            total: Total::True,
            cap: Cap::None,
            more: 0,
            numbered: false,
            deaf: false,
            empty: Vec::new(),
            delays: Vec::new(),
            gone: HashSet::new(),
            emptied: HashSet::new(),
            asked: Vec::new(),
        }
    }

    fn with(records: u64) -> Self {
        Self::of(0..records)
    }

    fn happens(&mut self, event: Event) {
        let (Event::Add { at, count } | Event::Remove { at, count }) = event;
        let index = self.records.len() * usize::from(at) / 255;
        match event {
            Event::Add { .. } => {
                for _ in 0..count {
                    let after = index.checked_sub(1);
                    let after = after.and_then(|index| self.records.iter().nth(index).copied());
                    let before = self.records.iter().nth(index).copied();
                    let number = match (after, before) {
                        (Some(after), Some(before)) => after.midpoint(before),
                        (Some(after), None) => after + (1 << 20),
                        (None, Some(before)) => before - (1 << 20),
                        (None, None) => 1 << 40,
                    };
                    if self.ever.insert(number) {
                        self.records.insert(number);
                    }
                }
            }
            Event::Remove { .. } => {
                let records = self.records.iter().skip(index);
                let records: Vec<u64> = records.take(usize::from(count)).copied().collect();
                for record in records {
                    self.records.remove(&record);
                    self.gone.insert(record);
                }
            }
        }
    }

    /// Returns all records on one page, whatever was requested.
    fn whole(&self) -> Fetched<u64> {
        Fetched {
            items: self.records.iter().copied().collect(),
            total: Some(self.records.len() as u64),
            size: None,
        }
    }

    /// Answers the request with this number.
    fn page(&mut self, number: usize, slot: Slot) -> Fetched<u64> {
        if let Some(event) = self.events.get(number) {
            self.happens(*event);
        }
        let size = match self.cap {
            Cap::None => slot.size + self.more,
            Cap::Silent(cap) | Cap::Told(cap) => slot.size.min(cap),
        };
        let begin = match self.numbered {
            true => slot.offset / u64::from(slot.size) * u64::from(size),
            false => slot.offset,
        };
        let begin = if self.deaf { 0 } else { begin };
        let skip = usize::try_from(begin).unwrap();
        let page = self.records.iter().skip(skip).take(size as usize).copied();
        let mut items: Vec<u64> = page.filter(|one| !self.hidden.contains(one)).collect();
        let emptied = (slot.offset, slot.size);
        if self.empty.contains(&number) && self.emptied.insert(emptied) {
            items.clear();
        }
        let held = self.records.len() as u64;
        let total = match &self.total {
            Total::True => Some(held),
            Total::Unsaid => None,
            Total::Fixed(total) => Some(*total),
            Total::Off(by) => {
                let by = by.get(number).copied().unwrap_or(0);
                Some(held.saturating_add_signed(by.into()))
            }
            Total::OfPage => Some(items.len() as u64),
        };
        Fetched {
            items,
            total,
            size: matches!(self.cap, Cap::Told(_)).then_some(size),
        }
    }

    /// Returns the records that existed all the time and are shown.
    fn throughout(&self, from: &BTreeSet<u64>) -> Vec<u64> {
        let stayed = from.iter().filter(|record| !self.gone.contains(record));
        let shown = stayed.filter(|record| !self.hidden.contains(record));
        shown.copied().collect()
    }
}

/// Makes a pager over a service that the test also accesses.
fn pager(service: &Arc<Mutex<Service>>, steps: Steps, paging: Paging) -> Pager<u64> {
    let service = service.clone();
    Pager::new("Numbers".to_owned(), paging, steps, move |slot| {
        let (number, delay) = {
            let mut service = service.lock().unwrap();
            let number = service.asked.len();
            service.asked.push(slot);
            (number, service.delays.get(number).copied().unwrap_or(0))
        };
        let service = service.clone();
        async move {
            wait(delay).await;
            let mut service = service.lock().unwrap();
            Ok(match steps {
                Steps::All => service.whole(),
                Steps::Pages | Steps::Records => service.page(number, slot),
            })
        }
    })
}

/// Yields this many times.
async fn wait(mut turns: u8) {
    poll_fn(|context| {
        if turns == 0 {
            return Poll::Ready(());
        }
        turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future that only yields and never waits for an event.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = noop_waker();
    for _ in 0..1_000_000 {
        let context = &mut Context::from_waker(&waker);
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return output;
        }
    }
    panic!("it does not end");
}

fn paging(size: u32, ahead: u32) -> Paging {
    Paging {
        size,
        ahead,
        ..Paging::default()
    }
}

/// Reads all pages. Also returns the service after the reading.
fn read(
    service: Service,
    steps: Steps,
    paging: Paging,
) -> (Result<Vec<Page<u64>>, Error>, Service) {
    let service = Arc::new(Mutex::new(service));
    let pages = run(pager(&service, steps, paging).by_page().try_collect());
    let service = service.lock().unwrap().clone();
    (pages, service)
}

/// Returns the records of all pages, as [`Listing::by_item`](crate::Listing::by_item) does.
fn by_item<T: Send + 'static>(pager: Pager<T>) -> impl Stream<Item = Result<T, Error>> {
    let pages = pager.by_fetch();
    pages
        .map_ok(|page| stream::iter(page.items).map(Ok))
        .try_flatten()
}

fn items(pages: Vec<Page<u64>>) -> Vec<u64> {
    pages.into_iter().flat_map(|page| page.items).collect()
}

/// Returns the token after storing and reading it.
fn stored(token: &PageToken) -> PageToken {
    token.to_string().parse().unwrap()
}

impl std::fmt::Debug for Service {
    /// Writes the facts that are needed to repeat a failed property test.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("records", &self.records.len())
            .field("events", &format_args!("{:?}", self.events))
            .field("total", &format_args!("{:?}", self.total))
            .field("cap", &self.cap)
            .field("more", &self.more)
            .field("numbered", &self.numbered)
            .field("empty", &format_args!("{:?}", self.empty))
            .field("delays", &format_args!("{:?}", self.delays))
            .finish()
    }
}
