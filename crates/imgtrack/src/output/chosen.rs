//! Order and number of records.

use futures_core::Stream;
use futures_core::stream::{BoxStream, LocalBoxStream};
use futures_util::{StreamExt, stream};
use registry_replication::Error;

use super::records::Labelled;
use crate::args::Listing;
use crate::failure::Failure;
use crate::table::{Column, Listed};

/// Most records that are kept to be sorted.
const MOST_SORTED: usize = 100_000;

/// Returns the records that the options choose, in their order. Records in the order of the service
/// come as they arrive: the caller limits them to [`most`]. For another order, all are read here, and
/// their errors go to `failures`.
pub(super) async fn of<'s, T: Listed + 's>(
    records: BoxStream<'s, Labelled<Result<T, Error>>>,
    listing: &Listing,
    failures: &mut Vec<Failure>,
) -> LocalBoxStream<'s, Labelled<Result<T, Error>>> {
    if !is_sorted(listing) {
        return records.boxed_local();
    }
    let mut known = read(records, failures).await;
    let name = listing.sort.as_deref();
    let mut columns = T::COLUMNS.iter();
    if let Some(column) = columns.find(|column: &&Column<T>| Some(column.name()) == name) {
        known.sort_by(|(_, one), (_, other)| column.cell(one).order(&column.cell(other)));
    }
    if listing.reverse {
        known.reverse();
    }
    let known = known.into_iter().take(listing.most.unwrap_or(usize::MAX));
    stream::iter(known.map(|(label, record)| (label, Ok(record)))).boxed_local()
}

fn is_sorted(listing: &Listing) -> bool {
    listing.sort.is_some() || listing.reverse
}

/// Returns how many records of the service's order are read at most.
pub(super) fn most(listing: &Listing) -> usize {
    match is_sorted(listing) {
        true => usize::MAX,
        false => listing.most.unwrap_or(usize::MAX),
    }
}

/// Returns the first records, and the errors between them. The rest is not read.
pub(super) fn first<'s, T: Send + 's>(
    records: BoxStream<'s, Labelled<Result<T, Error>>>,
    most: usize,
) -> impl Stream<Item = Labelled<Result<T, Error>>> + Send + 's {
    stream::unfold((records, most), |(mut records, left)| async move {
        if left == 0 {
            return None;
        }
        let next = records.next().await?;
        let left = left - usize::from(next.1.is_ok());
        Some((next, (records, left)))
    })
}

/// Reads all records, also those before an error.
async fn read<T>(
    mut records: BoxStream<'_, Labelled<Result<T, Error>>>,
    failures: &mut Vec<Failure>,
) -> Vec<Labelled<T>> {
    let mut known = Vec::new();
    while let Some((label, record)) = records.next().await {
        match record {
            Err(error) => failures.push(Failure::from(error).at(label)),
            Ok(_) if known.len() == MOST_SORTED => {
                failures.push(Failure::Usage(format!(
                    "--sort and --reverse read at most {MOST_SORTED} records, and there are \
                     more; use a filter such as --since"
                )));
                break;
            }
            Ok(record) => known.push((label, record)),
        }
    }
    known
}
