//! Order of a listing, as far as it was read.

use openapi_transport::Timestamp;

/// Order in which records come. The vendors do not document it.
#[derive(Debug, Default)]
pub(crate) struct Order {
    last: Option<Timestamp>,
    falls: bool,
    /// Whether a time rose, or a record has no time.
    is_mixed: bool,
}

impl Order {
    /// Adds the time of the next record.
    pub(crate) fn next(&mut self, created: Option<Timestamp>) {
        match (self.last, created) {
            (_, None) => self.is_mixed = true,
            (Some(last), Some(created)) => {
                self.is_mixed |= created > last;
                self.falls |= created < last;
            }
            (None, Some(_)) => {}
        }
        self.last = created;
    }

    /// Returns whether the records came newest first: times never rose, and fell somewhere.
    pub(crate) fn is_falling(&self) -> bool {
        self.falls && !self.is_mixed
    }

    /// Returns whether all that follows is older than a time.
    pub(crate) fn is_past(&self, since: Option<Timestamp>) -> bool {
        self.is_falling() && self.last < since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_where_records_are_seen_to_be_too_old() {
        for (case, seconds, past) in [
            ("newest first", &[Some(9), Some(4)][..], true),
            ("some of one time", &[Some(9), Some(4), Some(4)], true),
            ("not there yet", &[Some(9), Some(5)], false),
            ("oldest first", &[Some(1), Some(2)], false),
            ("all of one time at first", &[Some(2), Some(2)], false),
            ("no order", &[Some(9), Some(1), Some(8), Some(2)], false),
            ("one without a time", &[Some(9), None, Some(4)], false),
            ("nothing", &[], false),
        ] {
            let time = |second: i64| Timestamp::constant(second, 0);
            let mut order = Order::default();
            for second in seconds {
                order.next(second.map(time));
            }
            assert_eq!(order.is_past(Some(time(5))), past, "{case}");
            assert!(!order.is_past(None), "{case}: everything has to be read");
        }
    }
}
