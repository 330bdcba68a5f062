use clap::Args;

use super::value;

/// Bound on the length of a listing.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// Stop after this many records
    #[arg(long = "limit", value_name = "N", value_parser = value::limit)]
    pub(crate) most: Option<usize>,
}
