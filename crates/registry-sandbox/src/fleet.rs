//! Parts of both fleets: names, states and times by index. They are the same at every start except
//! for the day.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::digest::sha256_hex;

pub(crate) const TEAMS: [&str; 24] = [
    "accounts",
    "ads",
    "analytics",
    "billing",
    "catalog",
    "checkout",
    "data",
    "delivery",
    "fraud",
    "growth",
    "identity",
    "inventory",
    "logistics",
    "loyalty",
    "media",
    "messaging",
    "mobile",
    "payments",
    "platform",
    "pricing",
    "returns",
    "search",
    "support",
    "web",
];

pub(crate) const SERVICES: [&str; 50] = [
    "admin",
    "aggregator",
    "alerts",
    "api",
    "archiver",
    "audit",
    "auth",
    "backfill",
    "bff",
    "cache",
    "cleaner",
    "collector",
    "config",
    "consumer",
    "cron",
    "dispatcher",
    "events",
    "exporter",
    "feed",
    "files",
    "frontend",
    "gateway",
    "graphql",
    "importer",
    "indexer",
    "ingest",
    "jobs",
    "ledger",
    "limits",
    "mailer",
    "metrics",
    "migrations",
    "notifier",
    "planner",
    "proxy",
    "publisher",
    "quota",
    "ranker",
    "recorder",
    "reports",
    "resizer",
    "router",
    "scheduler",
    "sessions",
    "storefront",
    "streams",
    "sync",
    "templates",
    "webhooks",
    "worker",
];

/// Number of days by which the fleet's times are moved, so that the fleet ends about six days before
/// the sandbox's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Era(i64);

impl Era {
    /// 2026-12-05T12:00:00Z. For a sandbox that starts in the 24 hours after it, the fleet's times do
    /// not move.
    const UNMOVED: i64 = 1_796_472_000;

    /// Returns the era of a sandbox that starts now.
    pub(crate) fn of(now: Timestamp) -> Self {
        let seconds = now.as_second() - Self::UNMOVED;
        Self(seconds.div_euclid(24 * 60 * 60))
    }

    /// Returns a time of the fleet in this era. `unmoved` is in November 2026.
    pub(crate) fn at(self, unmoved: Timestamp) -> Timestamp {
        let hours = SignedDuration::from_hours(self.0.saturating_mul(24));
        // Fails only for a clock near the limits of `Timestamp`.
        unmoved.saturating_add(hours).unwrap_or(unmoved)
    }
}

/// Cache of values that are slow to make and the same for all sandboxes that start on one day.
pub(crate) struct Made<T>(Mutex<BTreeMap<Era, T>>);

impl<T: Clone> Made<T> {
    /// Number of days that are kept.
    const KEPT: usize = 8;

    pub(crate) const fn none() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Returns the value for this era, and makes it if needed.
    pub(crate) fn or_make(&self, era: Era, make: impl FnOnce() -> T) -> T {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= Self::KEPT && !made.contains_key(&era) {
            made.clear();
        }
        made.entry(era).or_insert_with(make).clone()
    }
}

/// Returns a pseudo-random number for each index: one step of SplitMix64.
pub(crate) fn mixed(salt: u64, index: usize) -> u64 {
    let mut z = (index as u64)
        .wrapping_add(salt.wrapping_mul(0x5851_f42d_4c95_7f2d))
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Returns a number below `bound` for each index.
pub(crate) fn below(bound: u64, salt: u64, index: usize) -> u64 {
    mixed(salt, index) % bound
}

/// Returns a name for each index, with the frequency of its weight.
pub(crate) fn weighted(choices: &[(&'static str, u64)], salt: u64, index: usize) -> &'static str {
    let all = choices.iter().map(|(_, weight)| weight).sum();
    let mut left = below(all, salt, index);
    for (choice, weight) in choices {
        if left < *weight {
            return choice;
        }
        left -= weight;
    }
    ""
}

/// Returns a team and a service. A pair repeats only after 1,200 indexes.
pub(crate) fn service(index: usize) -> (&'static str, &'static str) {
    let team = TEAMS[index % TEAMS.len()];
    // 7 and 50 share no factor, so neighbours differ in the service, too.
    let service = SERVICES[(index / TEAMS.len() + index % TEAMS.len() * 7) % SERVICES.len()];
    (team, service)
}

/// Returns the tags of a repository with a release candidate `vN`, then `vN.1` to `vN.5`. The last of
/// `all` tags belongs to release 43.
pub(crate) fn release(index: usize, all: usize) -> String {
    const EACH: usize = 6;
    const LATEST: usize = 43;
    let (major, minor) = (index / EACH, index % EACH);
    let major = LATEST + major - (all - 1) / EACH;
    match minor {
        0 => format!("v{major}"),
        _ => format!("v{major}.{minor}"),
    }
}

/// Returns a digest in the form of a manifest's.
pub(crate) fn manifest_digest(text: &str) -> String {
    format!("sha256:{}", sha256_hex(text.as_bytes()))
}

/// Returns `length` hex digits, which are the same for the same text.
pub(crate) fn hex_id(text: &str, length: usize) -> String {
    let mut id = sha256_hex(text.as_bytes());
    id.truncate(length);
    id
}

pub(crate) fn after(base: Timestamp, milliseconds: u64) -> Timestamp {
    base + SignedDuration::from_millis(milliseconds.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_fleet_ends_six_days_before_the_start() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap_or_default();
        let last = time("2026-11-29T15:00:00Z");
        for start in [
            "1970-01-01T00:00:00Z",
            "2026-11-20T08:00:00Z",
            "2026-12-05T11:59:59Z",
            "2026-12-05T12:00:00Z",
            "2026-12-06T11:59:59Z",
            "2031-01-01T00:00:00Z",
        ] {
            let age = time(start).duration_since(Era::of(time(start)).at(last));
            assert!((5 * 24..7 * 24).contains(&age.as_hours()), "{start}: {age}");
        }
        let era = Era::of(time("2026-12-05T12:00:00Z"));
        assert_eq!(era.at(last), last);
        for start in [Timestamp::MIN, Timestamp::MAX] {
            Era::of(start).at(last);
        }
    }

    #[test]
    fn services_are_distinct() {
        let all: BTreeSet<_> = (0..1200).map(service).collect();
        assert_eq!(all.len(), 1200);
    }

    #[test]
    fn releases_count_up_to_43() {
        assert_eq!(release(0, 234), "v5");
        assert_eq!(release(227, 234), "v42.5");
        assert_eq!(release(228, 234), "v43");
        assert_eq!(release(233, 234), "v43.5");
    }

    #[test]
    fn weights_are_kept() {
        let choices = [("often", 90), ("seldom", 10)];
        let seldom = (0..1000)
            .filter(|index| weighted(&choices, 7, *index) == "seldom")
            .count();
        assert!((60..140).contains(&seldom), "{seldom}");
    }
}
