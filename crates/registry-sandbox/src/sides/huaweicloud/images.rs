//! Repositories and pushed images, which both editions share.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::ids::Ids;
use crate::digest::sha256_hex;
use crate::past::Past;

pub(super) const IMAGE: &str = "IMAGE";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Repository. In answers, the fields of `extra` replace those derived from other fields.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) id: i64,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) extra: Value,
    /// Images by digest.
    pub(super) images: BTreeMap<String, Image>,
    pub(super) tags: BTreeMap<String, Tag>,
    /// Earlier digests of tags.
    past: Past<String>,
}

/// Image of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) id: i64,
    pub(super) kind: String,
    pub(super) media_type: String,
    pub(super) manifest_media_type: String,
    pub(super) size: i64,
    pub(super) pushed: Timestamp,
    pub(super) pulled: Option<Timestamp>,
    pub(super) extra: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) id: i64,
    pub(super) created: Timestamp,
    pub(super) pushed: Timestamp,
    pub(super) pulled: Option<Timestamp>,
    pub(super) extra: Value,
    digest: String,
}

/// Pushed image.
#[derive(Debug, Clone)]
pub(super) struct Pushed {
    pub(super) digest: String,
    pub(super) size: i64,
}

impl Pushed {
    pub(super) fn content(content: &str) -> Self {
        Self {
            digest: format!("sha256:{}", sha256_hex(content.as_bytes())),
            size: i64::try_from(content.len()).unwrap_or(i64::MAX),
        }
    }
}

impl Repository {
    pub(super) fn new(id: i64, now: Timestamp) -> Self {
        Self {
            id,
            created: now,
            updated: now,
            extra: Value::Null,
            images: BTreeMap::new(),
            tags: BTreeMap::new(),
            past: Past::default(),
        }
    }

    /// Sets `tag` to the pushed image.
    pub(super) fn push(&mut self, ids: &mut Ids, tag: &str, pushed: &Pushed, now: Timestamp) {
        self.updated = self.updated.max(now);
        let digest = &pushed.digest;
        self.images.entry(digest.clone()).or_insert_with(|| Image {
            id: ids.next(),
            kind: IMAGE.to_owned(),
            media_type: CONFIG.to_owned(),
            manifest_media_type: MANIFEST.to_owned(),
            size: pushed.size,
            pushed: now,
            pulled: None,
            extra: Value::Null,
        });
        match self.tags.get_mut(tag) {
            None => {
                let id = ids.next();
                self.past.note_absence(tag, now);
                self.tags.insert(tag.to_owned(), Tag::new(id, digest, now));
            }
            Some(known) => {
                known.extra = Value::Null;
                known.pushed = now;
                if known.digest != *digest {
                    let was = std::mem::replace(&mut known.digest, digest.clone());
                    self.past.note(tag, was, now);
                }
            }
        }
    }

    /// Removes the tag, and the image with its last tag. Returns whether the tag existed.
    pub(super) fn remove(&mut self, tag: &str, now: Timestamp) -> bool {
        let Some(gone) = self.tags.remove(tag) else {
            return false;
        };
        self.updated = self.updated.max(now);
        if !self.tags.values().any(|tag| tag.digest == gone.digest) {
            self.images.remove(&gone.digest);
        }
        self.past.note(tag, gone.digest, now);
        true
    }

    /// Returns the digest of the tag at `time`, or `None` if the tag did not exist.
    pub(super) fn digest_at(&self, tag: &str, time: Timestamp) -> Option<&str> {
        let current = self.tags.get(tag).map(|tag| &tag.digest);
        self.past.at(tag, time, current).map(String::as_str)
    }

    /// Returns the digest of a tag, or the digest itself if an image has it.
    pub(super) fn digest<'a>(&'a self, reference: &'a str) -> Option<&'a str> {
        match self.tags.get(reference) {
            Some(tag) => Some(tag.digest()),
            None => Some(reference).filter(|digest| self.images.contains_key(*digest)),
        }
    }

    /// Returns the names of the tags of an image.
    pub(super) fn tags_of<'a>(
        &'a self,
        digest: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Tag)> {
        let tags = self.tags.iter();
        tags.filter(move |(_, tag)| tag.digest == digest)
            .map(|(name, tag)| (name.as_str(), tag))
    }

    /// Returns the size of all images.
    pub(super) fn size(&self) -> i64 {
        self.images.values().map(|image| image.size).sum()
    }
}

impl Tag {
    pub(super) fn new(id: i64, digest: &str, now: Timestamp) -> Self {
        Self {
            id,
            created: now,
            pushed: now,
            pulled: None,
            extra: Value::Null,
            digest: digest.to_owned(),
        }
    }

    pub(super) fn digest(&self) -> &str {
        &self.digest
    }
}

/// Returns `record` with its fields replaced by those of `extra`.
pub(super) fn over(mut record: Value, extra: &Value) -> Value {
    if let (Some(record), Some(extra)) = (record.as_object_mut(), extra.as_object()) {
        record.extend(extra.clone());
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    const NOW: Timestamp = Timestamp::constant(1_793_599_200, 0);

    #[test]
    fn a_tag_knows_what_it_was() {
        let mut ids = Ids::default();
        let mut repository = Repository::new(1, NOW);
        let later = |seconds| NOW + SignedDuration::from_secs(seconds);
        for (seconds, content) in [(0, "a"), (10, "b"), (20, "c"), (30, "c")] {
            repository.push(&mut ids, "v1", &Pushed::content(content), later(seconds));
        }
        for (seconds, content) in [(0, "a"), (9, "a"), (10, "b"), (25, "c"), (99, "c")] {
            let digest = Pushed::content(content).digest;
            let found = repository.digest_at("v1", later(seconds));
            assert_eq!(found, Some(digest.as_str()), "{seconds}");
        }
        assert_eq!(repository.tags["v1"].pushed, later(30));
        assert_eq!(repository.images.len(), 3);
        assert!(repository.remove("v1", later(40)));
        assert!(!repository.remove("v1", later(41)), "twice");
        assert_eq!((repository.tags.len(), repository.images.len()), (0, 2));
        assert_eq!(repository.digest_at("v1", later(40)), None);
        repository.push(&mut ids, "v1", &Pushed::content("d"), later(50));
        for (seconds, content) in [(39, Some("c")), (45, None), (50, Some("d"))] {
            let digest = content.map(|content| Pushed::content(content).digest);
            let found = repository.digest_at("v1", later(seconds));
            assert_eq!(found, digest.as_deref(), "{seconds}");
        }
    }
}
