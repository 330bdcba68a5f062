//! Times in Harbor's forms.

use jiff::{SignedDuration, Timestamp};

/// How a time that is missing shows.
pub(super) const YEAR_1: &str = "0001-01-01T00:00:00.000Z";

/// Returns a time with three digits of its second, as most answers have it.
pub(super) fn text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// Returns the beginning of the second, in the form of [`text`], or the year 1.
pub(super) fn second(time: Option<Timestamp>) -> String {
    time.map_or_else(|| YEAR_1.to_owned(), |time| text(whole(time)))
}

/// Returns the time of a line of a log.
pub(super) fn line(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns the beginning of the second.
pub(super) fn whole(time: Timestamp) -> Timestamp {
    floor(time, SignedDuration::from_secs(1))
}

/// Returns the last multiple of `step` since 1970.
pub(super) fn floor(time: Timestamp, step: SignedDuration) -> Timestamp {
    let step = step.as_secs().max(1);
    let second = time.as_second().div_euclid(step) * step;
    Timestamp::from_second(second).unwrap_or(time)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let time: Timestamp = "2026-11-20T08:15:59.98765Z".parse().unwrap();
        assert_eq!(text(time), "2026-11-20T08:15:59.987Z");
        assert_eq!(second(Some(time)), "2026-11-20T08:15:59.000Z");
        assert_eq!(second(None), "0001-01-01T00:00:00.000Z");
        assert_eq!(line(time), "2026-11-20T08:15:59Z");
        let half = floor(time, SignedDuration::from_secs(30));
        assert_eq!(line(half), "2026-11-20T08:15:30Z");
    }
}
