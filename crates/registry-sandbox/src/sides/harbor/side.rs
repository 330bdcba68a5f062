//! Implementation of [`Side`] for this cloud.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::images::{Content, Repository};
use super::names::{PASSWORD, REGISTRY, TARGETS, USER};
use super::{BASE, Harbor, Refusal, VERSION_PATH, gate};
use crate::accounts::{Account, Settings};
use crate::message::{Answer, Reply, Request};
use crate::place::{Found, Manifest, Place, Record};
use crate::push::PushError;
use crate::side::{Access, Definition, Image, Name, Registry, Side};

pub(crate) static SIDE: Definition = Definition {
    cloud: "harbor",
    registries: &[Registry {
        source: REGISTRY,
        access: |_| Access::Password,
        settings: Some(|site| {
            let values = [("endpoint", site.endpoint)];
            Settings::new((USER, &site.secrets.of(PASSWORD)), values)
        }),
    }],
    account: Some(|site| {
        let password = site.secrets.of(PASSWORD);
        let fields = [
            ("endpoint", site.endpoint),
            ("username", USER),
            ("password", password.as_str()),
        ];
        Account::new("harbor", fields)
    }),
    variables: |site| {
        vec![
            ("HARBOR_URL", site.endpoint.to_owned()),
            ("HARBOR_USERNAME", USER.to_owned()),
            ("HARBOR_PASSWORD", site.secrets.of(PASSWORD)),
        ]
    },
    verify: |request, secret| {
        let given = request.header("authorization");
        match given.and_then(|header| header.split_once(' ')) {
            Some(("Basic", rest)) => {
                gate::login(rest).is_some_and(|(_, password)| password == secret)
            }
            Some(("Bearer", token)) => token == secret,
            _ => false,
        }
    },
    start: |surroundings| Ok(Box::new(Harbor::new(surroundings)?)),
};

fn is_addressed(path: &str) -> bool {
    path == VERSION_PATH || path.starts_with(BASE)
}

impl Side for Harbor {
    fn claims(&self, request: &Request) -> bool {
        is_addressed(&request.path)
    }

    fn answer(&self, request: &Request) -> Answer {
        self.respond(REGISTRY.id(), request)
    }

    fn answer_at(&self, place: &Place, request: &Request) -> Option<Answer> {
        let is_harbor = TARGETS.last() != Some(&place.id());
        (is_harbor && is_addressed(&request.path)).then(|| self.respond(place.id(), request))
    }

    fn too_large(&self, request: &Request) -> Reply {
        self.finished(Err(Refusal::too_large()), request)
    }

    fn has(&self, place: &Place, now: Timestamp) -> bool {
        self.world(now).holdings.contains_key(place.id())
    }

    fn places(&self, _: &str, _: Timestamp) -> Vec<String> {
        let all = [REGISTRY.id()].into_iter().chain(TARGETS);
        all.map(str::to_owned).collect()
    }

    fn repositories(&self, place: &Place, now: Timestamp) -> BTreeSet<String> {
        let world = self.world(now);
        let held = world.holdings.get(place.id());
        held.into_iter().flat_map(|held| held.names()).collect()
    }

    fn tags(
        &self,
        place: &Place,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        let world = self.world(now);
        let repository = world.holdings.get(place.id())?.repository(name)?;
        let tags = repository.tags.iter();
        let tags = tags.map(|(name, tag)| (name.clone(), tag.digest.clone()));
        Some(tags.collect())
    }

    fn find(&self, place: &Place, name: Name<'_>, reference: &str, now: Timestamp) -> Found {
        let world = self.world(now);
        let held = world.holdings.get(place.id());
        match held.and_then(|held| held.repository(name)) {
            None => Found::NoRepository,
            Some(repository) => found(repository, reference),
        }
    }

    fn forget(&self, place: &Place, name: Name<'_>, tag: &str, now: Timestamp) -> bool {
        let mut world = self.world(now);
        let held = world.holdings.get_mut(place.id());
        let repository = held.and_then(|held| held.repository_mut(name));
        repository.is_some_and(|repository| repository.lose(tag, now))
    }

    fn push(
        &self,
        _: &str,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let mut world = self.world(now);
        if !world.local().projects.contains_key(image.namespace) {
            return Err(PushError::NoNamespace(image.namespace.to_owned()));
        }
        let content = Content::of(content);
        let name = (image.namespace, image.repository);
        world.pushed(&self.plans, name, image.tag, &content, now);
        Ok(content.digest)
    }

    fn ended(&self, _: &str, now: Timestamp) -> Vec<Record> {
        let world = self.world(now);
        let ended = world.executions.values().filter(|own| own.is_over(now));
        ended
            .map(|execution| Record {
                id: execution.id.to_string(),
                repository: execution.repository().unwrap_or_default().to_owned(),
                made: execution.made,
            })
            .collect()
    }

    fn purge(&self, _: &str, ids: &BTreeSet<String>, now: Timestamp) {
        let mut world = self.world(now);
        world
            .executions
            .retain(|id, _| !ids.contains(&id.to_string()));
    }

    fn login(&self, _: &Place) -> (String, String) {
        (USER.to_owned(), self.secrets.of(PASSWORD))
    }

    fn admits(&self, place: &Place, user: &str, password: &str, _: Timestamp) -> bool {
        let is_own = place.id() == REGISTRY.id();
        gate::admits(user, password, &self.secrets)
            || (is_own && self.world.lock().has_robot(user, password))
    }
}

fn found(repository: &Repository, reference: &str) -> Found {
    let Some(digest) = repository.digest(reference) else {
        return Found::NoManifest;
    };
    let tags = repository.tags_of(digest).map(|(name, _)| name.to_owned());
    Found::Manifest(Manifest {
        digest: digest.to_owned(),
        media_type: crate::place::MANIFEST.to_owned(),
        tags: tags.collect(),
    })
}
