//! Reading of listings by looks: no further than needed, and some listings not each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use futures_util::TryStreamExt;
use openapi_transport::{Clock, Error, Timestamp};

use crate::order::Order;
use crate::pager::Page;

/// How long rules are cached once two reads agree on them.
pub(crate) const QUIET: Duration = Duration::from_secs(60);
/// How long an answer is kept for comparison with the next one.
const REMEMBERED: Duration = Duration::from_secs(600);

/// Records of a listing, as far as it was read.
#[derive(Debug)]
pub(crate) struct Records<T> {
    pub(crate) all: Vec<T>,
    /// Whether the service counts more records than it listed.
    pub(crate) is_short: bool,
}

/// Records of a page, and the service's count of all records.
pub(crate) struct Counted<T>(Vec<T>, Option<u64>);

impl<T> From<Page<T>> for Counted<T> {
    fn from(page: Page<T>) -> Self {
        Self(page.items, page.total)
    }
}

/// Reads pages as far as they matter.
///
/// The vendors do not document the order of their listings. If the records come newest first,
/// reading ends with the page after which `is_enough` says so, by the number of records and the
/// time of the last one. Otherwise everything is read.
pub(crate) async fn newest<T>(
    pages: impl Stream<Item = Result<impl Into<Counted<T>>, Error>>,
    created: impl Fn(&T) -> Option<Timestamp>,
    is_enough: impl Fn(usize, Option<Timestamp>) -> bool,
) -> Result<Records<T>, Error> {
    let mut pages = std::pin::pin!(pages.map_ok(Into::into));
    let mut all = Vec::new();
    let mut order = Order::default();
    let mut total = None;
    while let Some(page) = pages.try_next().await? {
        let Counted(items, counted): Counted<T> = page;
        total = counted;
        items.iter().for_each(|item| order.next(created(item)));
        all.extend(items);
        let last = all.last().and_then(&created);
        if order.is_falling() && is_enough(all.len(), last) {
            let is_short = false;
            return Ok(Records { all, is_short });
        }
    }
    let is_short = total.is_some_and(|total| (all.len() as u64) < total);
    Ok(Records { all, is_short })
}

/// Cached answers by name.
pub(crate) struct Kept<T>(Arc<Mutex<BTreeMap<String, Entry<T>>>>);

#[derive(Clone)]
struct Entry<T> {
    read: Duration,
    value: T,
    agreed: bool,
}

/// Cached answer, and whether two reads in a row agree on it.
#[derive(Clone, Debug)]
pub(crate) struct Agreed<T> {
    pub(crate) value: T,
    pub(crate) agreed: bool,
}

impl<T: Clone + PartialEq> Kept<T> {
    /// Returns what was read at `not_before` or later and no longer than [`QUIET`] ago, or what
    /// `read` reads now.
    ///
    /// One answer may lack a record that is there. So an answer that differs from the one before is
    /// read again by the next look.
    pub(crate) async fn or<E>(
        &self,
        name: &str,
        clock: &Arc<dyn Clock>,
        not_before: Duration,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Agreed<T>, E> {
        let now = clock.elapsed();
        let known = self.lock().get(name).cloned();
        let is_good = |entry: &&Entry<T>| {
            entry.agreed && entry.read >= not_before && now < entry.read + QUIET
        };
        if let Some(Entry { value, agreed, .. }) = known.as_ref().filter(is_good) {
            return Ok(Agreed {
                value: value.clone(),
                agreed: *agreed,
            });
        }
        let value = read.await?;
        let agreed = known.is_some_and(|entry| entry.value == value);
        let mut kept = self.lock();
        kept.retain(|_, entry| now < entry.read + REMEMBERED);
        let entry = Entry {
            read: now,
            value: value.clone(),
            agreed,
        };
        kept.insert(name.to_owned(), entry);
        Ok(Agreed { value, agreed })
    }
}

impl<T> Kept<T> {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> std::fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

/// Turns the vendor's "not found" into `None` and keeps other errors.
pub(crate) fn or_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something exists, by a lookup. If the caller may list but not look up, it counts as
/// existing, so that an empty listing is not an error.
pub(crate) fn found<T>(answer: Result<T, Error>) -> Result<bool, Error> {
    match answer {
        Err(error) if error.is_absent() => Ok(false),
        Err(error) if error.can_retry() => Err(error),
        _ => Ok(true),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, StreamExt, stream};

    #[test]
    fn reading_ends_where_records_are_seen_to_be_too_old() {
        for (name, pages, read) in [
            ("newest first", vec![vec![9, 8], vec![7, 4], vec![3, 2]], 4),
            (
                "the horizon on the last page",
                vec![vec![9, 8], vec![7, 6]],
                4,
            ),
            ("oldest first", vec![vec![2, 3], vec![4, 7], vec![8, 9]], 6),
            ("all of one time at first", vec![vec![2, 2], vec![2, 9]], 4),
            ("no order", vec![vec![8, 9], vec![4, 1], vec![7, 6]], 6),
        ] {
            let pages = stream::iter(pages).map(|items| Ok(Counted(items, None)));
            let time = |second: &i64| Timestamp::from_second(*second).ok();
            let too_old = |_, created: Option<Timestamp>| created.unwrap().as_second() < 5;
            let all = newest(pages, time, too_old).now_or_never().unwrap();
            assert_eq!(all.unwrap().all.len(), read, "{name}");
        }
    }

    #[test]
    fn a_listing_that_shows_less_than_it_counts_is_short() {
        for (total, is_short) in [(None, false), (Some(2), false), (Some(3), true)] {
            let pages = stream::iter([Ok(Counted(vec![1], Some(9))), Ok(Counted(vec![2], total))]);
            let all = newest(pages, |_| None, |_, _| true).now_or_never().unwrap();
            assert_eq!(all.unwrap().is_short, is_short, "{total:?}");
        }
    }

    #[test]
    fn an_answer_is_kept_once_two_reads_agree_on_it() {
        let clock: Arc<dyn Clock> = Arc::new(openapi_transport::SystemClock);
        let kept = Kept::default();
        let read = |value: i32| {
            let reading = async move { Ok::<_, Error>(value) };
            let answer = kept.or("", &clock, Duration::ZERO, reading);
            let Agreed { value, agreed } = answer.now_or_never().unwrap().unwrap();
            (value, agreed)
        };
        assert_eq!(read(1), (1, false));
        assert_eq!(read(2), (2, false), "the first was not kept");
        assert_eq!(read(2), (2, true));
        assert_eq!(read(3), (2, true), "it is not read again for a while");
    }
}
