//! World of this side: all registries, and the records of the Harbor at the sandbox's endpoint.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::executions::Execution;
use super::hooks::Delivery;
use super::ids::Ids;
use super::images::Holding;
use super::names::{EXAMPLE_REGISTRY_NAME, REGISTRY, TARGETS};
use super::retention::Cleaning;
use super::start;
use super::times;
use super::version::Version;
use crate::later::Later;
use crate::spec::{Spec, SpecError};

/// URL of the Harbor itself, as its policies have it.
pub(super) const INTERNAL_URL: &str = "http://core:8080";
/// URL of the registry of the example.
const EXAMPLE_URL: &str = "https://registry.example";

/// All mutable state, behind one lock.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) ids: Ids,
    /// What the registries hold, by the ids of their places.
    pub(super) holdings: BTreeMap<String, Holding>,
    /// Records of other registries.
    pub(super) registries: BTreeMap<i64, Value>,
    /// Replication policies.
    pub(super) policies: BTreeMap<i64, Value>,
    pub(super) executions: BTreeMap<i64, Execution>,
    /// Retention policies.
    pub(super) retentions: BTreeMap<i64, Value>,
    /// Executions of retention policies.
    pub(super) cleanings: BTreeMap<i64, Cleaning>,
    /// Webhook policies of all projects.
    pub(super) webhooks: BTreeMap<i64, Value>,
    /// Deliveries of webhook policies, the oldest first.
    pub(super) deliveries: Vec<Delivery>,
    /// Robot accounts, with their secrets.
    pub(super) robots: BTreeMap<i64, (Value, String)>,
    pub(super) version: Version,
    /// Seed of waits.
    pub(super) seed: u64,
    /// The last midnight at which old executions were removed.
    pub(super) swept: Timestamp,
}

impl World {
    /// Returns the world of a sandbox that starts at `now`, to be made when a call first needs it.
    ///
    /// Fails if an example of the spec does not fit, so that nothing can fail later.
    pub(super) fn later(
        spec: &'static Spec,
        version: Version,
        seed: u64,
        now: Timestamp,
    ) -> Result<Later<Self>, SpecError> {
        start::world(spec, now)?;
        Ok(Later::new(move || Self {
            version,
            seed,
            swept: times::floor(now, jiff::SignedDuration::from_hours(24)),
            ..start::world(spec, now).unwrap_or_default()
        }))
    }

    /// Returns what the Harbor itself holds.
    pub(super) fn local(&self) -> &Holding {
        const NOTHING: &Holding = &Holding {
            projects: BTreeMap::new(),
        };
        self.holdings.get(REGISTRY.id()).unwrap_or(NOTHING)
    }

    /// Returns what the Harbor itself holds, to be changed.
    pub(super) fn local_mut(&mut self) -> &mut Holding {
        self.holdings.entry(REGISTRY.id().to_owned()).or_default()
    }

    /// Returns the place of the registry with this URL.
    pub(super) fn behind(&self, url: &str) -> Option<&'static str> {
        let mut all = TARGETS.iter();
        let wanted = url.trim_end_matches('/');
        all.find(|id| url_of(id) == wanted).copied()
    }

    /// Whether this is the login of a robot account of the system that a call has made. Those of a
    /// project have no rights here.
    pub(super) fn has_robot(&self, name: &str, secret: &str) -> bool {
        let mut robots = self.robots.values();
        robots.any(|(record, own)| {
            record["name"] == name
                && record["level"] == "system"
                && record["disable"] != true
                && !own.is_empty()
                && own == secret
        })
    }
}

/// Returns the URL of one of the [`TARGETS`].
pub(super) fn url_of(id: &str) -> String {
    match id {
        EXAMPLE_REGISTRY_NAME => EXAMPLE_URL.to_owned(),
        id => format!("https://{id}.example"),
    }
}
