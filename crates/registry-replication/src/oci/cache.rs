//! Cache of what never changes: manifests and configs by their digests.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most entries of a cache.
const ENTRIES: usize = 64;

/// Most bytes of the answers in a cache.
const BYTES: usize = 8 << 20;

/// Bounded cache by repository and digest. The oldest entries leave first.
///
/// The key has the repository, because a registry may deny a manifest in one repository and serve it
/// in another.
#[derive(Debug)]
pub(super) struct Cache<T>(Mutex<VecDeque<Entry<T>>>);

#[derive(Debug)]
struct Entry<T> {
    repository: String,
    digest: String,
    /// Size of the answer.
    bytes: usize,
    value: T,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Cache<T> {
    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, repository: &str, digest: &str) -> Option<T> {
        let entries = self.entries();
        let mut all = entries.iter();
        let found = all.find(|entry| entry.digest == digest && entry.repository == repository)?;
        Some(found.value.clone())
    }

    /// Keeps a value whose answer had a number of bytes.
    pub(super) fn put(&self, repository: &str, digest: &str, bytes: usize, value: T) {
        let mut entries = self.entries();
        entries.retain(|entry| entry.digest != digest || entry.repository != repository);
        entries.push_back(Entry {
            repository: repository.to_owned(),
            digest: digest.to_owned(),
            bytes,
            value,
        });
        let mut sum: usize = entries.iter().map(|entry| entry.bytes).sum();
        while entries.len() > ENTRIES || sum > BYTES {
            let Some(oldest) = entries.pop_front() else {
                return;
            };
            sum -= oldest.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_stays_small() {
        let cache = Cache::default();
        for number in 0..1000 {
            cache.put("team/api", &number.to_string(), 10, number);
        }
        assert_eq!(cache.entries().len(), ENTRIES);
        assert_eq!(cache.get("team/api", "999"), Some(999));
        assert_eq!(cache.get("team/api", "1"), None);
        assert_eq!(cache.get("team/web", "999"), None);
        cache.put("team/api", "large", BYTES - 15, 0);
        assert_eq!(cache.entries().len(), 2);
        cache.put("team/api", "too large", BYTES + 1, 0);
        assert_eq!(cache.entries().len(), 0);
        cache.put("team/api", "twice", 1, 1);
        cache.put("team/api", "twice", 1, 2);
        assert_eq!(cache.get("team/api", "twice"), Some(2));
        assert_eq!(cache.entries().len(), 1);
    }
}
