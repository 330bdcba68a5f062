use clap::Args;

use super::value;

/// Order and length of a listing.
#[derive(Args, Clone, Debug)]
pub(crate) struct Listing {
    /// Stop after this many records, of all registries together
    #[arg(long = "limit", value_name = "N", value_parser = value::limit)]
    pub(crate) most: Option<usize>,
    /// Sort by a column; all records are read before the first is printed
    #[arg(long, value_name = "COLUMN", value_parser = value::column)]
    pub(crate) sort: Option<String>,
    /// Reverse the order of the records
    #[arg(long)]
    pub(crate) reverse: bool,
}
