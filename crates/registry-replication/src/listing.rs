//! Listings that all registries share.

use std::collections::VecDeque;

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry_transport::Error;

use crate::pager::{Page, Pager};

/// What a [`Registry`](crate::Registry) lists, fetched page by page as it is read.
///
/// A listing that the vendor does not have, or that was asked for something it cannot have, is
/// there all the same: the error is the first that its stream yields.
pub struct Listing<T> {
    parts: VecDeque<Pager<T>>,
    refused: Option<Error>,
}

impl<T: Send + 'static> Listing<T> {
    pub(crate) fn of(pager: Pager<T>) -> Self {
        Self {
            parts: VecDeque::from([pager]),
            refused: None,
        }
    }

    pub(crate) fn refused(error: Error) -> Self {
        Self {
            parts: VecDeque::new(),
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
    pub fn page_size(mut self, size: u32) -> Self {
        let parts = self.parts.into_iter();
        self.parts = parts.map(|pager| pager.sized(size)).collect();
        self
    }

    /// The pages, each fetched when it is asked for. Where a listing is made of two, such as rules
    /// of replication and of retention, each has its own [`total`](Page::total).
    ///
    /// An error ends the stream.
    pub fn by_page(self) -> impl Stream<Item = Result<Page<T>, Error>> + Send + use<T> {
        let parts = self.parts.into_iter().map(|pager| pager.by_page().boxed());
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
        self.by_page()
            .map_ok(|page| stream::iter(page.items).map(Ok))
            .try_flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::pager::Steps;
    use futures_util::FutureExt;

    /// Records `from..to`, ten on a page; the page that begins at `breaks` fails.
    fn part(from: u64, to: u64, breaks: Option<u64>) -> Listing<u64> {
        Listing::of(Pager::new(10, Steps::Pages, move |slot| async move {
            if Some(slot.offset) == breaks {
                return Err(Error::configuration("broken"));
            }
            let begin = from + slot.offset;
            Ok(Page {
                items: (begin..to.min(begin + u64::from(slot.size))).collect(),
                total: Some(to - from),
                size: None,
            })
        }))
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
                part(0, 23, Some(10)).then(part(23, 30, None)),
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
