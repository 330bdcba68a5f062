//! Facts of a page, and the outcome of taking it.

/// Facts of a page in addition to its records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) total: Option<u64>,
    pub(super) size: Option<u32>,
}

/// Outcome of taking a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It does not fit what was read, so another page is needed.
    Not,
    /// It continues what was read.
    New(Place),
}

/// Page that was taken, with the records to return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of records before the page.
    pub(super) begin: u64,
    /// Index of its last record that was known before.
    pub(super) last_known: Option<usize>,
    /// For each record, whether it is returned.
    pub(super) new: Vec<bool>,
}

/// Reason why a listing cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It changes too fast.
    Moving,
    /// No record that was read last exists any more.
    Gone,
    /// The service answers every request with the same records.
    Repeating,
}

/// Position of a page in the listing.
pub(super) struct Measured {
    /// Number of records before it.
    pub(super) begin: u64,
    /// Requested number of records.
    pub(super) size: u64,
    /// Whether the service names its number of records on a page.
    pub(super) is_told: bool,
    /// Number of its records.
    pub(super) count: u64,
    pub(super) first_known: Option<usize>,
    pub(super) last_known: Option<usize>,
}

impl Measured {
    /// Returns the number of records up to its end.
    pub(super) fn reached(&self) -> u64 {
        self.begin.saturating_add(self.count)
    }
}
