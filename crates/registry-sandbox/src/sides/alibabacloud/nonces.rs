//! Nonces that were used within the window of a signature's date.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::gate::WINDOW;

const KEPT: usize = 100_000;
/// Lifetime of a nonce. A date may be one window ahead, and its request can be repeated until one
/// window after it.
const LIFETIME: SignedDuration = SignedDuration::from_secs(WINDOW.as_secs() * 2);

#[derive(Debug, Default)]
pub(super) struct Nonces(Mutex<Used>);

#[derive(Debug, Default)]
struct Used {
    known: HashSet<String>,
    by_age: VecDeque<(Timestamp, String)>,
}

impl Nonces {
    /// Remembers a nonce. Returns `false` if it was already used.
    pub(super) fn take(&self, nonce: &str, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.forget(now);
        if !used.known.insert(nonce.to_owned()) {
            return false;
        }
        used.by_age.push_back((now, nonce.to_owned()));
        true
    }
}

impl Used {
    fn forget(&mut self, now: Timestamp) {
        while let Some((taken, nonce)) = self.by_age.front() {
            let old = now.duration_since(*taken) > LIFETIME;
            if !old && self.by_age.len() < KEPT {
                return;
            }
            self.known.remove(nonce);
            self.by_age.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_can_be_used_once() {
        let nonces = Nonces::default();
        let now = Timestamp::UNIX_EPOCH;
        assert!(nonces.take("a", now));
        assert!(nonces.take("b", now));
        assert!(!nonces.take("a", now + SignedDuration::from_mins(30)));
        assert!(nonces.take("a", now + SignedDuration::from_mins(31)));
    }
}
