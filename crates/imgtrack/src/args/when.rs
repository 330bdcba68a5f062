use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use registry_replication::Timestamp;

use super::value;

/// Time, local date, or age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Time(Timestamp),
    /// Time without an offset; a date is its first moment.
    Local(DateTime),
    Ago(Duration),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(time) = text.parse() {
            return Ok(Self::Time(time));
        }
        if let Ok(local) = text.parse() {
            return Ok(Self::Local(local));
        }
        value::any_duration(text).map(Self::Ago).map_err(|_| {
            "neither a time such as 2026-11-27T14:40:00Z nor a date such as 2026-11-27 nor a \
             duration such as 10m or 1d"
                .to_owned()
        })
    }
}

impl When {
    /// Returns the time. Ages count from `now`, and local times are those of a zone.
    pub(crate) fn time(self, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
        match self {
            Self::Time(time) => Ok(time),
            Self::Local(local) => match local.to_zoned(zone.clone()) {
                Ok(zoned) => Ok(zoned.timestamp()),
                Err(_) => Err(format!("{local} is out of range; write a later date")),
            },
            Self::Ago(ago) => now
                .checked_sub(ago)
                .map_err(|_| "the age is too large; write 10m".to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_time_a_date_or_an_age() {
        let now: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        for (text, time) in [
            ("2026-11-27T14:40:00Z", "2026-11-27T14:40:00Z"),
            ("2026-11-27T15:40:00+01:00", "2026-11-27T14:40:00Z"),
            ("2026-11-27", "2026-11-26T16:00:00Z"),
            ("2026-11-27 10:00", "2026-11-27T02:00:00Z"),
            ("2026-11-27T10:00:30", "2026-11-27T02:00:30Z"),
            ("10m", "2026-12-05T11:50:00Z"),
            ("24h", "2026-12-04T12:00:00Z"),
            ("1d", "2026-12-04T12:00:00Z"),
            ("1w 1d 12h", "2026-11-27T00:00:00Z"),
        ] {
            let when: When = text.parse().unwrap();
            let found = when.time(now, &zone).unwrap();
            assert_eq!(found, time.parse().unwrap(), "{text}");
        }
        for text in ["yesterday", "2026-13-01", "-1d", "1d ago", "1mo", "", "10"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
        let far: When = "99999999d".parse().unwrap_or(When::Ago(Duration::MAX));
        assert!(far.time(now, &zone).is_err());
    }
}
