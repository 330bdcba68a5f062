//! What a page says, and what becomes of it.

/// What a page says, beside its records.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) total: Option<u64>,
    pub(super) size: Option<u32>,
}

/// What became of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It does not fit to what was read; another is to be asked for.
    Not,
    /// It continues what was read.
    New(Place),
}

/// A page that was taken, and what of it is to be handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of records before the page.
    pub(super) begin: u64,
    /// The last of its records that was known before.
    pub(super) last_known: Option<usize>,
    /// Which of its records are to be handed out.
    pub(super) new: Vec<bool>,
}

/// Why a listing cannot be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It moves too fast.
    Moving,
    /// None of the records that were read last is there any more.
    Gone,
    /// The service answers with the same records, whichever are asked for.
    Repeating,
}

/// A page as it lies in the listing.
pub(super) struct Measured {
    /// Number of records before it.
    pub(super) begin: u64,
    /// How many it was to have.
    pub(super) size: u64,
    /// Whether the service says how many it puts on a page.
    pub(super) is_told: bool,
    /// How many it has.
    pub(super) count: u64,
    pub(super) first_known: Option<usize>,
    pub(super) last_known: Option<usize>,
}

impl Measured {
    /// Number of records up to its end.
    pub(super) fn reached(&self) -> u64 {
        self.begin.saturating_add(self.count)
    }
}
