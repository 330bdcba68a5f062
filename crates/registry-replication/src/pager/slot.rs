//! Choice of a page that begins with a known record.

/// Page to fetch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Number of records before the page. For numbered pages, it is a multiple of the size.
    pub(crate) offset: u64,
    /// Number of records on a page.
    pub(crate) size: u32,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}", self.offset, self.size)
    }
}

impl Slot {
    /// Whether these records are the first page, which is empty.
    pub(crate) fn is_empty_beginning<T>(self, records: &[T]) -> bool {
        self.offset == 0 && records.is_empty()
    }

    /// Returns the number of the page, from 1, where pages are numbered.
    pub(crate) fn page(self) -> u64 {
        (self.offset / u64::from(self.size).max(1)).saturating_add(1)
    }

    /// Returns the number of records up to the end of the page, if it is full.
    pub(super) fn end(self) -> u64 {
        self.offset.saturating_add(u64::from(self.size))
    }
}

/// Positions where a page may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Steps {
    /// Only at multiples of the page size.
    Pages,
    /// At any record.
    Records,
    /// At the first record: the vendor returns all records at once.
    All,
}

/// Number of sizes below the wanted one that are tried. More sizes do not help.
const TRIED: u32 = 256;

/// Returns a page that begins at `latest` or before and reaches as far as possible.
pub(super) fn beginning_by(steps: Steps, size: u32, latest: u64) -> Slot {
    let size = size.max(1);
    match steps {
        Steps::All => Slot { offset: 0, size },
        Steps::Records => Slot {
            offset: latest,
            size,
        },
        Steps::Pages => {
            let smallest = size.saturating_sub(TRIED).max(1);
            let slot = |size: u32| Slot {
                offset: latest - latest % u64::from(size),
                size,
            };
            // If two reach equally far, the larger one shares more known records.
            let sizes = smallest..=size;
            sizes
                .map(slot)
                .max_by_key(|slot| slot.end())
                .unwrap_or(Slot { offset: 0, size })
        }
    }
}

/// Returns the page after `end` that shares up to `overlap` known records, and at least one. Returns
/// `None` if pages are so small that no overlapping page reaches further.
pub(super) fn after(steps: Steps, size: u32, end: u64, overlap: u64) -> Option<Slot> {
    let mut shared = overlap.max(1);
    loop {
        let slot = beginning_by(steps, size, end.saturating_sub(shared));
        let gain = slot.end().saturating_sub(end);
        if shared == 1 || gain * 2 >= u64::from(size) {
            return Some(slot).filter(|_| gain > 0);
        }
        shared /= 2;
    }
}

/// Returns the page that begins at `end`, or the nearest one before it.
pub(super) fn beginning_at(steps: Steps, size: u32, end: u64) -> Slot {
    let size = size.max(1);
    match steps {
        Steps::All | Steps::Records => beginning_by(steps, size, end),
        Steps::Pages => {
            let sizes = (size.saturating_sub(TRIED).max(1)..=size).rev();
            let fits = sizes
                .into_iter()
                .find(|size| end.is_multiple_of(u64::from(*size)));
            match fits {
                Some(size) => Slot { offset: end, size },
                None => beginning_by(steps, size, end),
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pages_with_numbers_share_a_record_where_they_can() {
        for (size, end, expected) in [
            (100, 100, Some((99, 99))),
            (100, 198, Some((196, 98))),
            (10, 10, Some((9, 9))),
            (10, 18, Some((16, 8))),
            (3, 3, Some((2, 2))),
            (3, 4, Some((3, 3))),
            (3, 6, None),
            (2, 2, None),
            (1, 1, None),
            // A listing that ended early has room for the largest page.
            (100, 40, Some((0, 100))),
            (1000, 1000, Some((999, 999))),
        ] {
            let slot = after(Steps::Pages, size, end, 1);
            let found = slot.map(|slot| (slot.offset, slot.size));
            assert_eq!(found, expected, "{size} on a page, after {end}");
        }
    }

    #[test]
    fn a_page_is_one_that_the_vendor_has_and_shares_what_was_asked_for() {
        for size in 1..=100 {
            for end in u64::from(size)..400 {
                for overlap in [1, 5, 25] {
                    let Some(slot) = after(Steps::Pages, size, end, overlap) else {
                        let sizes = 1..=u64::from(size);
                        assert!(sizes.into_iter().all(|size| end.is_multiple_of(size)));
                        let bare = beginning_at(Steps::Pages, size, end);
                        assert_eq!((bare.offset, bare.size), (end, size));
                        continue;
                    };
                    assert_eq!(slot.offset % u64::from(slot.size), 0);
                    assert!((1..=size).contains(&slot.size));
                    assert!(slot.offset < end && slot.end() > end);
                }
            }
        }
    }

    #[test]
    fn a_size_is_never_so_large_or_small_that_it_breaks() {
        for size in [0, 1, u32::MAX] {
            for end in [0, 1, u64::MAX] {
                for steps in [Steps::Pages, Steps::Records, Steps::All] {
                    let slot = beginning_by(steps, size, end);
                    assert!(slot.offset <= end, "{steps:?} {size} {end}");
                    after(steps, size, end, 7);
                    beginning_at(steps, size, end);
                }
            }
        }
    }
}
