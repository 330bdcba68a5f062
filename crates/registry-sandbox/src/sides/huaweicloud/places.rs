//! Contents of this side's registries, and their loss.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::Huaweicloud;
use super::basic::{self, Basic};
use super::enterprise::Enterprise;
use super::images::Repository;
use super::world::World;
use crate::place::{Found, Manifest, Record};
use crate::side::Name;
use crate::world::huaweicloud;

impl Huaweicloud {
    /// Whether an instance exists.
    pub(super) fn has_instance(&self, id: &str, now: Timestamp) -> bool {
        self.world(now).enterprise.instances.contains_key(id)
    }

    /// Whether a region exists.
    pub(super) fn has_region(&self, region: &str, now: Timestamp) -> bool {
        let world = self.world(now);
        let mut others = world.basic.regions.iter();
        region == huaweicloud::REGION || others.any(|other| other["regionID"] == region)
    }

    /// Returns the ids of all instances.
    pub(super) fn instances(&self, now: Timestamp) -> Vec<String> {
        let world = self.world(now);
        world.enterprise.instances.keys().cloned().collect()
    }

    /// Returns the project's region, and those that images can be copied to.
    pub(super) fn regions(&self, now: Timestamp) -> Vec<String> {
        let world = self.world(now);
        let others = world.basic.regions.iter();
        let others = others.filter_map(|other| other["regionID"].as_str());
        let others = others.filter(|other| *other != huaweicloud::REGION);
        let all = std::iter::once(huaweicloud::REGION).chain(others);
        all.map(str::to_owned).collect()
    }

    pub(super) fn repositories_enterprise(
        &self,
        instance: &str,
        now: Timestamp,
    ) -> BTreeSet<String> {
        let world = self.world(now);
        let own = world.enterprise.instances.get(instance);
        let namespaces = own.into_iter().flat_map(|own| &own.namespaces);
        let names = namespaces.flat_map(|(namespace, own)| {
            let repositories = own.repositories.keys();
            repositories.map(move |name| format!("{namespace}/{name}"))
        });
        names.collect()
    }

    pub(super) fn repositories_basic(&self, region: &str, now: Timestamp) -> BTreeSet<String> {
        let world = self.world(now);
        if region == huaweicloud::REGION {
            let organizations = world.basic.organizations.iter();
            let names = organizations.flat_map(|(organization, own)| {
                let repositories = own.repositories.keys();
                repositories.map(move |name| format!("{organization}/{name}"))
            });
            return names.collect();
        }
        let places = world.basic.elsewhere.keys();
        let places = places.filter(|place| place.region == region);
        let names = places.map(|place| format!("{}/{}", place.organization, place.repository));
        names.collect()
    }

    pub(super) fn tags_enterprise(
        &self,
        instance: &str,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        let world = self.world(now);
        world.enterprise.held(instance, name).map(digests)
    }

    pub(super) fn tags_basic(
        &self,
        region: &str,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        let world = self.world(now);
        match region == huaweicloud::REGION {
            true => world.basic.held(name).map(digests),
            false => world.basic.elsewhere.get(&place(region, name)).cloned(),
        }
    }

    pub(super) fn find_enterprise(
        &self,
        instance: &str,
        name: Name<'_>,
        reference: &str,
        now: Timestamp,
    ) -> Found {
        let world = self.world(now);
        found(world.enterprise.held(instance, name), reference)
    }

    pub(super) fn find_basic(
        &self,
        region: &str,
        name: Name<'_>,
        reference: &str,
        now: Timestamp,
    ) -> Found {
        let world = self.world(now);
        if region == huaweicloud::REGION {
            return found(world.basic.held(name), reference);
        }
        match world.basic.elsewhere.get(&place(region, name)) {
            None => Found::NoRepository,
            Some(tags) => {
                let tags = tags.iter().map(|(tag, digest)| (&**tag, &**digest));
                Manifest::find(tags, reference).map_or(Found::NoManifest, Found::Manifest)
            }
        }
    }

    /// Removes the image under a tag of an instance. Returns whether it existed.
    pub(super) fn forget_enterprise(
        &self,
        instance: &str,
        name: Name<'_>,
        tag: &str,
        now: Timestamp,
    ) -> bool {
        let mut world = self.world(now);
        let held = world.enterprise.held_mut(instance, name);
        held.is_some_and(|own| own.remove(tag, now))
    }

    /// Removes the image under a tag in the Basic edition. Returns whether it existed.
    pub(super) fn forget_basic(
        &self,
        region: &str,
        name: Name<'_>,
        tag: &str,
        now: Timestamp,
    ) -> bool {
        let World { basic, .. } = &mut *self.world(now);
        if region == huaweicloud::REGION {
            return basic.held_mut(name).is_some_and(|own| own.remove(tag, now));
        }
        let tags = basic.elsewhere.get_mut(&place(region, name));
        tags.is_some_and(|tags| tags.remove(tag).is_some())
    }

    /// Returns executions that have ended, also by their records.
    pub(super) fn ended_executions(&self, now: Timestamp) -> Vec<Record> {
        let world = self.world(now);
        let own = world.enterprise.instances.get(huaweicloud::INSTANCE_ID);
        let runs = own.into_iter().flat_map(|own| own.executions.values());
        let ended = runs.filter(|execution| execution.is_over(now));
        ended
            .map(|execution| Record {
                id: execution.id.to_string(),
                repository: execution.repository().unwrap_or_default(),
                made: execution.made,
            })
            .collect()
    }

    pub(super) fn purge_executions(&self, ids: &BTreeSet<String>, now: Timestamp) {
        let mut world = self.world(now);
        let instances = &mut world.enterprise.instances;
        if let Some(own) = instances.get_mut(huaweicloud::INSTANCE_ID) {
            own.executions
                .retain(|id, _| !ids.contains(&id.to_string()));
        }
    }

    pub(super) fn ended_jobs(&self, now: Timestamp) -> Vec<Record> {
        let world = self.world(now);
        let mut ended = Vec::new();
        for (organization, own) in &world.basic.organizations {
            for (name, own) in &own.repositories {
                let jobs = own.jobs.iter().filter(|job| job.is_over(now));
                ended.extend(jobs.map(|job| Record {
                    id: job.id(),
                    repository: format!("{organization}/{name}"),
                    made: job.made(),
                }));
            }
        }
        ended
    }

    pub(super) fn purge_jobs(&self, ids: &BTreeSet<String>, now: Timestamp) {
        let mut world = self.world(now);
        let organizations = world.basic.organizations.values_mut();
        for own in organizations.flat_map(|own| own.repositories.values_mut()) {
            own.jobs.retain(|job| !ids.contains(&job.id()));
        }
    }
}

impl Enterprise {
    fn held(&self, instance: &str, (namespace, name): Name<'_>) -> Option<&Repository> {
        let namespaces = &self.instances.get(instance)?.namespaces;
        let repositories = &namespaces.get(namespace)?.repositories;
        repositories.get(name).map(Arc::as_ref)
    }

    fn held_mut(&mut self, instance: &str, (namespace, name): Name<'_>) -> Option<&mut Repository> {
        let namespaces = &mut self.instances.get_mut(instance)?.namespaces;
        let repositories = &mut namespaces.get_mut(namespace)?.repositories;
        repositories.get_mut(name).map(Arc::make_mut)
    }
}

impl Basic {
    fn held(&self, (organization, name): Name<'_>) -> Option<&Repository> {
        let repositories = &self.organizations.get(organization)?.repositories;
        Some(&repositories.get(name)?.own)
    }

    fn held_mut(&mut self, (organization, name): Name<'_>) -> Option<&mut Repository> {
        let repositories = &mut self.organizations.get_mut(organization)?.repositories;
        Some(&mut repositories.get_mut(name)?.own)
    }
}

/// Returns the tags of a repository with their digests.
fn digests(held: &Repository) -> BTreeMap<String, String> {
    let tags = held.tags.iter();
    tags.map(|(name, tag)| (name.clone(), tag.digest().to_owned()))
        .collect()
}

fn found(held: Option<&Repository>, reference: &str) -> Found {
    let Some(held) = held else {
        return Found::NoRepository;
    };
    let digest = held.digest(reference);
    let image = digest.and_then(|digest| Some((digest, held.images.get(digest)?)));
    image.map_or(Found::NoManifest, |(digest, image)| {
        let tags = held.tags_of(digest).map(|(tag, _)| tag.to_owned());
        Found::Manifest(Manifest {
            digest: digest.to_owned(),
            media_type: image.manifest_media_type.clone(),
            tags: tags.collect(),
        })
    })
}

fn place(region: &str, (organization, repository): Name<'_>) -> basic::Place {
    basic::Place {
        region: region.to_owned(),
        organization: organization.to_owned(),
        repository: repository.to_owned(),
    }
}
