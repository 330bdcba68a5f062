//! How looks read listings: no further than they have to, and some of them not each time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use futures_util::TryStreamExt;
use registry_transport::{Clock, Error, Timestamp};

/// How long rules, and what is as quiet as they are, are good.
pub(crate) const QUIET: Duration = Duration::from_secs(60);

/// What is on the pages, as far as it matters.
///
/// The vendors do not say in which order they list. Where records are seen to come newest first,
/// reading ends with the page after which so many records, the last of which was made then, are
/// enough; else all is read.
pub(crate) async fn newest<T>(
    pages: impl Stream<Item = Result<impl Into<Vec<T>>, Error>>,
    created: impl Fn(&T) -> Option<Timestamp>,
    is_enough: impl Fn(usize, Option<Timestamp>) -> bool,
) -> Result<Vec<T>, Error> {
    let mut pages = std::pin::pin!(pages.map_ok(Into::into));
    let mut all = Vec::new();
    while let Some(page) = pages.try_next().await? {
        let page: Vec<T> = page;
        all.extend(page);
        let times: Option<Vec<_>> = all.iter().map(&created).collect();
        let last = all.last().and_then(&created);
        if times.is_some_and(|times| falls(&times)) && is_enough(all.len(), last) {
            break;
        }
    }
    Ok(all)
}

/// Whether times never rise, and fall somewhere.
fn falls(times: &[Timestamp]) -> bool {
    let mut pairs = times.windows(2);
    pairs.all(|pair| pair[0] >= pair[1]) && times.first() > times.last()
}

/// What was read a while ago, by name.
pub(crate) struct Kept<T>(Arc<Mutex<BTreeMap<String, (Duration, T)>>>);

impl<T: Clone> Kept<T> {
    /// What was read at `not_before` or later and no longer than [`QUIET`] ago, or what `read`
    /// reads now.
    pub(crate) async fn or<E>(
        &self,
        name: &str,
        clock: &Arc<dyn Clock>,
        not_before: Duration,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let now = clock.elapsed();
        let known = self.lock().get(name).cloned();
        if let Some((_, value)) = known.filter(|(at, _)| *at >= not_before && now < *at + QUIET) {
            return Ok(value);
        }
        let value = read.await?;
        let mut kept = self.lock();
        kept.retain(|_, (at, _)| now < *at + QUIET);
        kept.insert(name.to_owned(), (now, value.clone()));
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Duration, T)>> {
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

/// What is not there, where the vendor says so by an error; other errors are left.
pub(crate) fn or_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something is there, as far as a look-up tells: a caller that may list need not be allowed
/// to look up, and a listing that is empty is no reason to refuse it then.
pub(crate) fn found<T>(answer: Result<T, Error>) -> Result<bool, Error> {
    match answer {
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) if error.can_retry() => Err(error),
        _ => Ok(true),
    }
}

/// Whether a vendor says by an error that something is not there.
pub(crate) fn is_absent(error: &Error) -> bool {
    let code = error.code().unwrap_or_default();
    error.status() == Some(404) || code.ends_with("_NOT_EXIST")
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
            let pages = stream::iter(pages).map(Ok);
            let time = |second: &i64| Timestamp::from_second(*second).ok();
            let too_old = |_, created: Option<Timestamp>| created.unwrap().as_second() < 5;
            let all = newest(pages, time, too_old).now_or_never().unwrap();
            assert_eq!(all.unwrap().len(), read, "{name}");
        }
    }
}
