//! Records that commands write, and what went wrong with them.

use futures_core::Stream;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{Error, Listing};

use crate::failure::Failure;
use crate::filter::{Filter, Filtered};
use crate::table::Listed;

/// Value with the name of its registry, if several are asked.
pub(super) type Labelled<T> = (Option<String>, T);

/// Listing whose records a command writes.
pub(crate) trait Records {
    type Record: Listed + Send;

    /// Returns the records that a filter keeps, until the first error.
    fn kept(self, filter: &Filter) -> BoxStream<'_, Result<Self::Record, Error>>;
}

impl<T: Listed + Filtered + Send> Records for Listing<T> {
    type Record = T;

    fn kept(self, filter: &Filter) -> BoxStream<'_, Result<T, Error>> {
        let records = match filter.since() {
            Some(since) => self.by_item_since(since, T::time).left_stream(),
            None => self.by_item().right_stream(),
        };
        kept(records, filter).boxed()
    }
}

/// Returns the records that a filter keeps, and errors.
pub(super) fn kept<'f, T: Filtered, S: Stream<Item = Result<T, Error>> + 'f>(
    records: S,
    filter: &'f Filter,
) -> impl Stream<Item = Result<T, Error>> + use<'f, T, S> {
    records.try_filter(|record| std::future::ready(filter.keeps(record)))
}

/// Errors of listings and of their records.
#[derive(Default)]
pub(crate) struct Failures {
    /// Errors that have ended a listing.
    pub(crate) of_listings: Vec<Failure>,
    /// Errors of records, which are written as far as they are known.
    pub(crate) of_records: Vec<Failure>,
}

impl Failures {
    /// Returns all errors.
    pub(crate) fn all(mut self) -> Vec<Failure> {
        self.of_listings.append(&mut self.of_records);
        self.of_listings
    }
}
