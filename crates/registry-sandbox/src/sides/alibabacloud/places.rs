//! Contents of this side's registries, and their loss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::Alibabacloud;
use super::world::Place;
use crate::place::{Found, Manifest, Record};
use crate::side::Name;
use crate::world::alibabacloud;

impl Alibabacloud {
    /// Whether an instance exists.
    pub(super) fn has_instance(&self, id: &str) -> bool {
        self.world().instance(id).is_ok()
    }

    /// Whether GetAuthorizationToken has issued this name and token.
    pub(super) fn has_login(
        &self,
        instance: &str,
        user: &str,
        token: &str,
        now: Timestamp,
    ) -> bool {
        self.world().logins.admit(instance, user, token, now)
    }

    /// Returns the ids of all instances.
    pub(super) fn instance_ids(&self) -> Vec<String> {
        let world = self.world();
        world.instances().map(|own| own.id().to_owned()).collect()
    }

    /// Returns the repositories of an instance.
    pub(super) fn repositories_of(&self, instance: &str, now: Timestamp) -> BTreeSet<String> {
        let mut world = self.world();
        world.settle(now);
        let own = world.instance(instance).ok().into_iter();
        let keys = own.flat_map(|own| own.repositories.keys());
        keys.map(|(namespace, name)| format!("{namespace}/{name}"))
            .collect()
    }

    /// Returns the tags of a repository with their digests.
    pub(super) fn tags_of(
        &self,
        instance: &str,
        (namespace, name): Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        let mut world = self.world();
        world.settle(now);
        let held = world.instance(instance).ok()?;
        let tags = held.repository(namespace, name).ok()?.tags.iter();
        let tags = tags.map(|(tag, image)| (tag.clone(), image.digest.clone()));
        Some(tags.collect())
    }

    /// Finds an image by tag, or by the digest of an image that has a tag.
    pub(super) fn found(
        &self,
        instance: &str,
        (namespace, name): Name<'_>,
        reference: &str,
        now: Timestamp,
    ) -> Found {
        let mut world = self.world();
        world.settle(now);
        let held = world.instance(instance);
        let Ok(held) = held.and_then(|held| held.repository(namespace, name)) else {
            return Found::NoRepository;
        };
        let tags = held.tags.iter();
        let tags = tags.map(|(tag, image)| (tag.as_str(), image.digest.as_str()));
        Manifest::find(tags, reference).map_or(Found::NoManifest, Found::Manifest)
    }

    /// Removes the image under a tag of an instance. Returns whether it existed.
    pub(super) fn lose(
        &self,
        instance: &str,
        (namespace, name): Name<'_>,
        tag: &str,
        now: Timestamp,
    ) -> bool {
        let mut world = self.world();
        world.settle(now);
        let key = (namespace.to_owned(), name.to_owned());
        let Ok(held) = world.instance_mut(instance) else {
            return false;
        };
        let held = held.repositories.get_mut(&key);
        held.is_some_and(|held| Arc::make_mut(held).remove(tag, now))
    }

    /// Returns the ended tasks of the fleet's instance.
    pub(super) fn ended_tasks(&self, now: Timestamp) -> Vec<Record> {
        let mut world = self.world();
        world.settle(now);
        let own = world.instance(alibabacloud::FLEET_INSTANCE_ID).ok();
        let tasks = own.into_iter().flat_map(|own| &own.tasks);
        let ended = tasks.filter(|task| task.is_over(now));
        ended
            .map(|task| {
                let record = task.record();
                let from = record.image_from.as_ref().map(Place::image);
                let (namespace, name, _) = from.unwrap_or_default();
                let made = record.create_time.unwrap_or_default();
                Record {
                    id: task.id().to_owned(),
                    repository: format!("{namespace}/{name}"),
                    made: Timestamp::from_millisecond(made).unwrap_or_default(),
                }
            })
            .collect()
    }

    pub(super) fn purge_tasks(&self, ids: &BTreeSet<String>) {
        if let Ok(own) = self.world().instance_mut(alibabacloud::FLEET_INSTANCE_ID) {
            own.tasks.retain(|task| !ids.contains(task.id()));
        }
    }
}
