//! Tables for people.

mod arrivals;
mod lag;
mod layout;
mod records;

pub(crate) use arrivals::{arrivals, explained, noted};
pub(crate) use lag::lag;
pub(crate) use layout::Table;
pub(crate) use records::{Listed, duration};

/// Formats the records of one listing as a table.
pub(crate) fn all<T: Listed>(items: &[T]) -> String {
    let Some(first) = items.first() else {
        return T::NOTHING.to_owned();
    };
    let mut table = first.table();
    for item in items {
        table.add_row(item.row());
    }
    table.finish()
}
