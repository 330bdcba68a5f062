//! Registries that answer wrongly in single looks, and what they really had at each answer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use openapi_transport::{Clock, Timestamp};
use registry_sandbox::OutgoingAnswer;
use registry_sandbox::world::Place;
use serde_json::json;

use super::faults::{Fault, Faults, State};

const DIGEST: &str = "docker-content-digest";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Faults of registries.
pub(super) const REGISTRY_FAULTS: [Fault; 8] = [
    Fault::Absent,
    Fault::Absent,
    Fault::Stale,
    Fault::Stale,
    Fault::Stale,
    Fault::Unnamed,
    Fault::Throttled,
    Fault::Unavailable,
];

/// What registries have answered.
#[derive(Default)]
pub(super) struct Answers {
    /// In the order of time.
    given: Vec<Given>,
    /// Digests that a registry has had under a tag.
    earlier: BTreeMap<(String, String), BTreeSet<String>>,
}

/// An answer, and what the registry had under the tag then.
#[derive(Clone, Debug)]
pub(super) struct Given {
    at: Timestamp,
    place: Place,
    tag: String,
    pub(super) had: Option<String>,
    /// Shown when a history fails.
    #[expect(dead_code, reason = "read by Debug alone")]
    answer: (u16, Option<String>),
}

impl Faults {
    /// Disturbs a registry's answer about a manifest.
    pub(super) fn disturb_registry(&self, place: &Place, answer: &mut OutgoingAnswer) {
        let Some((_, tag)) = answer.target.rsplit_once("/manifests/") else {
            return;
        };
        // A refused login stays as it is.
        if ![200, 404].contains(&answer.status) {
            return;
        }
        let tag = tag.to_owned();
        let Some(sandbox) = self.sandbox.upgrade() else {
            return;
        };
        let had = sandbox.holds(place, &self.name, &tag);
        let mut state = self.state.lock().unwrap();
        if !state.is_over {
            self.disturb_manifest(&mut state, (place, &tag), had.clone(), answer);
        }
        state.answers.given.push(Given {
            at: self.clock.now(),
            place: place.clone(),
            tag,
            had,
            answer: (answer.status, answer.headers.get(DIGEST).cloned()),
        });
    }

    /// Notes what a registry has under a tag, which a stale answer may show later.
    pub(super) fn note(&self, place: &Place, tag: &str) {
        let Some(sandbox) = self.sandbox.upgrade() else {
            return;
        };
        let had = sandbox.holds(place, &self.name, tag);
        let mut state = self.state.lock().unwrap();
        let key = (place.id().to_owned(), tag.to_owned());
        let earlier = state.answers.earlier.entry(key).or_default();
        earlier.extend(had);
    }

    fn disturb_manifest(
        &self,
        state: &mut State,
        (place, tag): (&Place, &str),
        truth: Option<String>,
        answer: &mut OutgoingAnswer,
    ) {
        let now = self.clock.now();
        let key = (place.id().to_owned(), tag.to_owned());
        let earlier = state.answers.earlier.entry(key).or_default();
        earlier.extend(truth.clone());
        let mut earlier = earlier.iter();
        let earlier = earlier
            .find(|digest| Some(*digest) != truth.as_ref())
            .cloned();
        let fault = self.fault(state, now);
        let mut random = self.random((now, place.id(), &answer.target));
        let Some(fault) = fault.filter(|_| random.percent(80)) else {
            return;
        };
        let is_head = answer.operation == "HEAD manifest";
        let refusal = |code: &str| json!({"errors": [{"code": code}]});
        match fault {
            Fault::Absent if truth.is_some() => {
                answer.status = 404;
                answer.headers.clear();
                answer.body = refusal("MANIFEST_UNKNOWN");
            }
            Fault::Stale if is_head && earlier.is_some() => {
                answer.status = 200;
                let headers = [
                    ("content-type", MANIFEST.to_owned()),
                    (DIGEST, earlier.unwrap_or_default()),
                ];
                let headers = headers.map(|(name, value)| (name.to_owned(), value));
                answer.headers = headers.into();
            }
            Fault::Unnamed if is_head && truth.is_some() => {
                answer.headers.remove(DIGEST);
            }
            Fault::Throttled => {
                answer.status = 429;
                let seconds = random.within(1..=30).to_string();
                answer.headers = [("retry-after".to_owned(), seconds)].into();
                answer.body = refusal("TOOMANYREQUESTS");
            }
            Fault::Unavailable => {
                answer.status = 503;
                answer.headers.clear();
                answer.body = json!("<html>");
            }
            _ => return,
        }
        state.faulty += 1;
    }

    /// Answers of a registry about a tag, at `since` or later.
    pub(super) fn given(&self, place: &Place, tag: &str, since: Timestamp) -> Vec<Given> {
        let state = self.state.lock().unwrap();
        let given = state.answers.given.iter();
        let given = given.filter(|given| given.at >= since);
        let own = given.filter(|given| given.place == *place && given.tag == tag);
        own.cloned().collect()
    }
}

impl Fault {
    /// How long a fault lasts. A client repeats a refused call within its look.
    pub(super) fn lasts(self) -> SignedDuration {
        match self {
            Self::Throttled | Self::Unavailable => SignedDuration::from_secs(5),
            _ => SignedDuration::ZERO,
        }
    }
}
