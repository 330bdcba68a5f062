use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::place::Place;

const KEPT: usize = 1000;

/// One request that the sandbox answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// HTTP method.
    pub method: String,
    /// Undecoded path and query.
    pub target: String,
    /// The vendor's name of the call, if the request belongs to one. At a registry's own port it is
    /// `GET base`, `GET token`, `GET manifest` or `HEAD manifest`.
    pub operation: Option<String>,
    /// Decoded parameters of path and query. The first value of a repeated name counts.
    pub parameters: BTreeMap<String, String>,
    /// Registry whose own port received it. `None` for the clouds' port.
    pub place: Option<Place>,
    /// Status of the answer.
    pub status: u16,
}

/// The last requests, oldest first, and the number of all requests.
#[derive(Debug, Default)]
pub(crate) struct Log {
    last: Mutex<VecDeque<Received>>,
    count: AtomicU64,
}

impl Log {
    pub(crate) fn add(&self, received: Received) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let mut log = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if log.len() == KEPT {
            log.pop_front();
        }
        log.push_back(received);
    }

    pub(crate) fn all(&self) -> Vec<Received> {
        let log = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().cloned().collect()
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_thousand_requests() {
        let log = Log::default();
        for n in 0..KEPT + 5 {
            log.add(Received {
                method: "GET".into(),
                target: format!("/{n}"),
                operation: None,
                parameters: BTreeMap::new(),
                place: None,
                status: 404,
            });
        }
        let all = log.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!(all[0].target, "/5");
        assert_eq!(log.count(), KEPT as u64 + 5);
    }
}
