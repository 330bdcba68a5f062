//! What was pushed, kept for those who want to see that it has its digest.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::fleet;
use crate::place::Manifest;

/// By digest.
#[derive(Default)]
pub(crate) struct Contents(Mutex<HashMap<String, String>>);

impl Contents {
    pub(crate) fn keep(&self, digest: &str, content: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.insert(digest.to_owned(), content.to_owned());
    }

    /// The bytes of a manifest of the repository `name`. Those of the fleet's images are their own
    /// names; those of the vendor's examples are not known.
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
