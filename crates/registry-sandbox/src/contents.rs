//! Pushed contents, which are kept so that clients can read them and check their digests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::fleet;
use crate::image::Image;
use crate::place::Manifest;

/// Most bytes that are kept. The oldest contents are dropped first.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// Contents of manifests and blobs by digest.
#[derive(Default)]
pub(crate) struct Contents(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_digest: HashMap<String, String>,
    /// Digests, oldest first.
    order: VecDeque<String>,
    bytes: usize,
}

impl Contents {
    pub(crate) fn keep(&self, digest: &str, content: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if own.by_digest.contains_key(digest) {
            return;
        }
        own.bytes += content.len();
        own.order.push_back(digest.to_owned());
        own.by_digest.insert(digest.to_owned(), content.to_owned());
        while own.bytes > MOST_BYTES
            && let Some(oldest) = own.order.pop_front()
        {
            let dropped = own.by_digest.remove(&oldest);
            own.bytes -= dropped.map_or(0, |content| content.len());
        }
    }

    /// Keeps the manifest and the blobs of an image.
    pub(crate) fn keep_image(&self, image: &Image) {
        for content in [&image.manifest].into_iter().chain(&image.blobs) {
            self.keep(&fleet::manifest_digest(content), content);
        }
    }

    /// Returns what was kept with this digest.
    pub(crate) fn get(&self, digest: &str) -> Option<String> {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.by_digest.get(digest).cloned()
    }

    /// Returns the bytes of a manifest of the repository `name`. The content of a fleet's image is its
    /// own name. The contents of the vendor's examples are unknown.
    pub(crate) fn of(&self, name: &str, manifest: &Manifest) -> Option<String> {
        self.get(&manifest.digest).or_else(|| {
            let mut names = manifest.tags.iter().map(|tag| format!("{name}:{tag}"));
            names.find(|name| fleet::manifest_digest(name) == manifest.digest)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_contents_are_dropped() {
        let contents = Contents::default();
        let large = "x".repeat(MOST_BYTES / 2);
        for digest in ["first", "first", "second", "third"] {
            contents.keep(digest, &large);
        }
        let kept = ["first", "second", "third"].map(|digest| contents.get(digest).is_some());
        assert_eq!(kept, [false, true, true]);
    }
}
