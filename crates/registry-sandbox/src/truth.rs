//! True state of the registries, whatever their calls say, and changes of it by tests.

use std::collections::{BTreeMap, BTreeSet};

use crate::place::{Found, Place, Record, Source};
use crate::push;
use crate::server::Service;

impl Service {
    pub(crate) fn has(&self, place: &Place) -> bool {
        let side = self.side(place.provider());
        side.is_some_and(|side| side.has(place, (self.clock)()))
    }

    /// Returns all registries, those of one provider after the other, its source first.
    pub(crate) fn places(&self) -> Vec<Place> {
        let now = (self.clock)();
        let mut places = Vec::new();
        for source in self.sources() {
            places.push(Place::from(source));
            let side = self.side(source.provider());
            let ids = side.map(|side| side.places(source.provider(), now));
            let others = ids.unwrap_or_default().into_iter();
            let others = others.filter(|id| id != source.id());
            places.extend(others.map(|id| Place::new(source.provider(), id)));
        }
        places
    }

    /// Returns the tags of `repository` with their digests, or `None` if it does not exist.
    pub(crate) fn tags(&self, place: &Place, repository: &str) -> Option<BTreeMap<String, String>> {
        let side = self.side(place.provider())?;
        side.tags(place, push::split(repository).ok()?, (self.clock)())
    }

    /// Looks up `reference`, a tag or a digest, in `repository`.
    pub(crate) fn find(&self, place: &Place, repository: &str, reference: &str) -> Found {
        match (self.side(place.provider()), push::split(repository)) {
            (Some(side), Ok(name)) => side.find(place, name, reference, (self.clock)()),
            _ => Found::NoRepository,
        }
    }

    pub(crate) fn holds(&self, place: &Place, repository: &str, tag: &str) -> Option<String> {
        match self.find(place, repository, tag) {
            Found::Manifest(manifest) => Some(manifest.digest),
            Found::NoRepository | Found::NoManifest => None,
        }
    }

    pub(crate) fn forget(&self, place: &Place, repository: &str, tag: &str) -> bool {
        match (self.side(place.provider()), push::split(repository)) {
            (Some(side), Ok(name)) => side.forget(place, name, tag, (self.clock)()),
            _ => false,
        }
    }

    pub(crate) fn purge(&self, source: Source, mut is_due: impl FnMut(&Record) -> bool) -> usize {
        let provider = source.provider();
        let Some(side) = self.side(provider) else {
            return 0;
        };
        let now = (self.clock)();
        let mut ended = side.ended(provider, now);
        ended.sort_by_key(|record| record.made);
        // No lock is held while the caller decides.
        ended.retain(|record| is_due(record));
        let ids: BTreeSet<_> = ended.into_iter().map(|record| record.id).collect();
        side.purge(provider, &ids, now);
        ids.len()
    }
}
