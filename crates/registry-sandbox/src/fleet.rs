//! What both fleets are made of: names, states and times by index, the same at every start.

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

/// A number without pattern for each index: one step of SplitMix64.
pub(crate) fn mixed(salt: u64, index: usize) -> u64 {
    let mut z = (index as u64)
        .wrapping_add(salt.wrapping_mul(0x5851_f42d_4c95_7f2d))
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number below `bound` for each index.
pub(crate) fn below(bound: u64, salt: u64, index: usize) -> u64 {
    mixed(salt, index) % bound
}

/// A name for each index, each as often as its weight says.
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

/// A team and a service, the same pair again only after 1,200 indexes.
pub(crate) fn service(index: usize) -> (&'static str, &'static str) {
    let team = TEAMS[index % TEAMS.len()];
    // 7 and 50 share no factor, so that neighbours differ in the service, too.
    let service = SERVICES[(index / TEAMS.len() + index % TEAMS.len() * 7) % SERVICES.len()];
    (team, service)
}

/// The tags of a repository that makes a release candidate `vN`, then `vN.1` to `vN.5`. The last
/// of `all` tags is of release 43.
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

/// A digest as a manifest has one.
pub(crate) fn manifest_digest(text: &str) -> String {
    format!("sha256:{}", sha256_hex(text.as_bytes()))
}

/// `length` hex digits, the same for the same text.
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
