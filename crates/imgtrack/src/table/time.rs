//! Times and durations for people.

use jiff::tz::TimeZone;
use registry_replication::Timestamp;

/// Formats a time as its age: `2m ago`. A time in the future, or long ago, is a local time or date.
pub(crate) fn age(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = now.as_second() - at.as_second();
    let (count, unit) = match seconds {
        ..0 => return local(at, zone),
        0..MINUTE => (seconds, 's'),
        MINUTE..HOUR => (seconds / MINUTE, 'm'),
        HOUR..172_800 => (seconds / HOUR, 'h'),
        172_800..8_640_000 => (seconds / DAY, 'd'),
        _ => return at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string(),
    };
    format!("{count}{unit} ago")
}

/// Formats a time in a zone, with its offset.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M:%S%:z").to_string()
}

/// Formats milliseconds, rounded to the nearest second.
pub(crate) fn took(millis: i64) -> String {
    duration(millis.saturating_add(500) / 1000)
}

/// Formats seconds: `45s`, `33m 40s`, `2h 5m`, `8d 11h`.
pub(crate) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{}s", seconds.max(0)),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (-3, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (2020, "33m 40s"),
            (7500, "2h 5m"),
            (86_399, "23h 59m"),
            (734_386, "8d 11h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn times_are_ages_or_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let now: Timestamp = "2026-12-05T02:00:00Z".parse().unwrap();
        for (at, text) in [
            ("2026-12-05T02:00:00Z", "0s ago"),
            ("2026-12-05T01:59:01Z", "59s ago"),
            ("2026-12-05T01:59:00Z", "1m ago"),
            ("2026-12-05T01:00:01Z", "59m ago"),
            ("2026-12-03T02:00:01Z", "47h ago"),
            ("2026-12-03T02:00:00Z", "2d ago"),
            ("2026-08-27T02:00:01Z", "99d ago"),
            ("2026-08-27T02:00:00Z", "2026-08-26"),
            ("2026-12-05T02:00:01Z", "2026-12-04 23:00:01-03:00"),
        ] {
            assert_eq!(age(at.parse().unwrap(), now, &zone), text, "{at}");
        }
    }
}
