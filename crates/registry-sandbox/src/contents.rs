//! Pushed contents, which are kept so that clients can check their digests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::fleet;
use crate::place::Manifest;

/// Contents by digest.
#[derive(Default)]
pub(crate) struct Contents(Mutex<HashMap<String, String>>);

impl Contents {
    pub(crate) fn keep(&self, digest: &str, content: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.insert(digest.to_owned(), content.to_owned());
    }

    /// Returns the bytes of a manifest of the repository `name`. The content of a fleet's image is its
    /// own name. The contents of the vendor's examples are unknown.
    pub(crate) fn of(&self, name: &str, manifest: &Manifest) -> Option<String> {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(content) = own.get(&manifest.digest) {
            return Some(content.clone());
        }
        drop(own);
        let mut names = manifest.tags.iter().map(|tag| format!("{name}:{tag}"));
        names.find(|name| fleet::manifest_digest(name) == manifest.digest)
    }
}
