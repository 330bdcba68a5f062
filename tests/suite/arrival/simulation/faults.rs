//! Faults of single looks: answers that lag, lose records or change their order.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, Weak};

use jiff::SignedDuration;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Timestamp};
use registry_sandbox::{OutgoingAnswer, Sandbox};
use serde_json::Value;

use super::Random;
use super::registries::{Answers, REGISTRY_FAULTS};
use super::stage::Stage;
use crate::subjects::{Listed, ListedCall, Subject};

/// Seconds from one faulty look to the next. It is more than two intervals of any wait here, so that
/// no wait has two faulty looks in a row.
const SPACING: i64 = 130;

/// Fault of the answers of one look.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    /// The newest records are missing.
    Lags,
    /// Records, or the digest of a tag, are those of an earlier answer.
    Stale,
    /// Some records are missing.
    Loses,
    /// All records are missing.
    Empty,
    /// The records have another order.
    Reordered,
    /// The tasks of an execution, or a tag, are "not found".
    Absent,
    /// A manifest comes without its digest.
    Unnamed,
    /// There were too many requests.
    Throttled,
    /// The service is not available.
    Unavailable,
}

const FAULTS: [Fault; 8] = [
    Fault::Lags,
    Fault::Lags,
    Fault::Stale,
    Fault::Loses,
    Fault::Loses,
    Fault::Empty,
    Fault::Reordered,
    Fault::Absent,
];

/// Faults of one history, derived from its seed.
pub(crate) struct Faults {
    of: &'static dyn Subject,
    seed: u64,
    pub(super) clock: ManualClock,
    pub(super) sandbox: Weak<Sandbox>,
    /// The repository of the stage.
    pub(super) name: String,
    pub(super) state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) is_over: bool,
    /// Time of the latest look, and its fault.
    look: Option<(Timestamp, Option<Fault>)>,
    last_fault: Option<Timestamp>,
    /// Records of earlier answers, by call and id.
    earlier: BTreeMap<(String, String), Value>,
    pub(super) faulty: usize,
    pub(super) answers: Answers,
}

impl Faults {
    /// Begins to disturb the answers of the sandbox.
    pub(crate) fn begin(seed: u64, of: &'static dyn Subject, stage: &Stage) -> Arc<Self> {
        let trial = &stage.trial;
        let faults = Arc::new(Self {
            of,
            seed,
            clock: trial.clock.clone(),
            sandbox: Arc::downgrade(&trial.sandbox),
            name: stage.name(),
            state: Mutex::default(),
        });
        let own = faults.clone();
        trial.sandbox.on_answer(move |answer| own.disturb(answer));
        faults
    }

    /// Sets whether answers are disturbed from now on.
    pub(crate) fn set(&self, are_on: bool) {
        self.state.lock().unwrap().is_over = !are_on;
    }

    /// Stops all faults, and returns the number of disturbed answers.
    pub(crate) fn end(&self) -> usize {
        self.set(false);
        self.faulty()
    }

    /// Returns the number of disturbed answers so far.
    pub(super) fn faulty(&self) -> usize {
        self.state.lock().unwrap().faulty
    }

    pub(super) fn random(&self, of: impl Hash) -> Random {
        let mut hasher = DefaultHasher::new();
        (self.seed, of).hash(&mut hasher);
        Random(hasher.finish())
    }

    fn disturb(&self, answer: &mut OutgoingAnswer) {
        if let Some(place) = answer.place.clone().filter(|_| !self.of.has_rules()) {
            return self.disturb_registry(&place, answer);
        }
        let Some(listing) = self.of.listing(answer) else {
            return;
        };
        let mut state = self.state.lock().unwrap();
        if state.is_over || answer.status != 200 {
            return;
        }
        let now = self.clock.now();
        let fault = self.fault(&mut state, now);
        let mut random = self.random((now, &answer.target));
        let is_rules = listing.listed == Listed::Rules;
        let Some(fault) = fault.filter(|_| random.percent(if is_rules { 40 } else { 80 })) else {
            remember(&mut state, answer, listing);
            return;
        };
        state.faulty += 1;
        if let Fault::Absent = fault {
            if let Some(refusal) = listing.absent {
                answer.status = 404;
                answer.body = serde_json::from_str(refusal).unwrap();
            }
            return;
        }
        let operation = answer.operation.clone();
        let Some(records) = listing.records(answer) else {
            return;
        };
        let before = records.len();
        match fault {
            Fault::Lags => {
                let hidden = 1 + random.below(3) as usize;
                for _ in 0..hidden {
                    let newest =
                        (0..records.len()).max_by_key(|index| made(listing, &records[*index]));
                    newest.map(|index| records.remove(index));
                }
            }
            Fault::Stale => {
                for record in records.iter_mut() {
                    let earlier = state.earlier.get(&(operation.clone(), id(listing, record)));
                    *record = earlier.cloned().unwrap_or_else(|| record.take());
                }
            }
            Fault::Loses => records.retain(|_| random.percent(60)),
            Fault::Empty => records.clear(),
            Fault::Reordered => {
                for index in (1..records.len()).rev() {
                    records.swap(index, random.below(index as u64 + 1) as usize);
                }
            }
            _ => {}
        }
        // A service may count what it does not show, or count what it shows.
        let lost = before - records.len();
        if random.percent(70) {
            listing.count(answer, |counted| counted - lost as u64);
        }
    }

    /// Returns the fault of the look at this time.
    pub(super) fn fault(&self, state: &mut State, now: Timestamp) -> Option<Fault> {
        let is_same = |(at, fault): &(Timestamp, Option<Fault>)| {
            let lasts = fault.map_or(SignedDuration::ZERO, Fault::lasts);
            now.duration_since(*at) <= lasts
        };
        if let Some((_, fault)) = state.look.filter(is_same) {
            return fault;
        }
        let mut random = self.random(now);
        let is_due = state.last_fault.is_none_or(|last| {
            let passed = now.duration_since(last);
            passed.as_secs() >= SPACING
        });
        let fault = (is_due && random.percent(50)).then(|| match self.of.has_rules() {
            true => *random.one(&FAULTS),
            false => *random.one(&REGISTRY_FAULTS),
        });
        if fault.is_some() {
            state.last_fault = Some(now);
        }
        state.look = Some((now, fault));
        fault
    }
}

fn remember(state: &mut State, answer: &mut OutgoingAnswer, listing: &ListedCall) {
    let operation = answer.operation.clone();
    for record in listing.records(answer).into_iter().flatten() {
        state
            .earlier
            .insert((operation.clone(), id(listing, record)), record.clone());
    }
}

fn id(listing: &ListedCall, record: &Value) -> String {
    let id = record.get(listing.id);
    id.map(Value::to_string).unwrap_or_default()
}

/// Returns the creation time of a record, or its position among records without a time.
fn made(listing: &ListedCall, record: &Value) -> (u64, String) {
    let time = listing.made.iter().find_map(|name| record.get(name));
    let number = time.and_then(Value::as_u64).unwrap_or_default();
    (number, time.map(Value::to_string).unwrap_or_default())
}
