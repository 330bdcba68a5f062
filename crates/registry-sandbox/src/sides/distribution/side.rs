//! What the sandbox asks of these registries.

use std::collections::{BTreeMap, BTreeSet};

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::world::{Held, World};
use super::{Distribution, MIRRORS, PASSWORD, SOURCE, USER};
use crate::image;
use crate::message::{Answer, Reply, Request};
use crate::place::{Found, Manifest, Place, Record};
use crate::push::PushError;
use crate::side::{Access, Definition, Image, Name, Registry, Side};

pub(crate) static SIDE: Definition = Definition {
    cloud: "oci",
    registries: &[Registry {
        source: SOURCE,
        access: |id| match MIRRORS.iter().position(|mirror| *mirror == id) {
            None => Access::Token,
            Some(0) => Access::Password,
            Some(_) => Access::Anonymous,
        },
        settings: None,
    }],
    account: None,
    variables: |_| Vec::new(),
    verify: |_, _| false,
    start: |surroundings| Ok(Box::new(Distribution::new(surroundings))),
};

impl Side for Distribution {
    fn claims(&self, _: &Request) -> bool {
        false
    }

    fn answer(&self, request: &Request) -> Answer {
        Answer {
            reply: self.too_large(request),
            operation: None,
            parameters: request.query_parameters(),
        }
    }

    fn too_large(&self, _: &Request) -> Reply {
        Reply::new(StatusCode::NOT_FOUND, Value::Null)
    }

    fn has(&self, place: &Place, _: Timestamp) -> bool {
        self.world().registry(place.id()).is_some()
    }

    fn places(&self, _: &str, _: Timestamp) -> Vec<String> {
        let all = [SOURCE.id()].into_iter().chain(MIRRORS);
        all.map(str::to_owned).collect()
    }

    fn repositories(&self, place: &Place, now: Timestamp) -> BTreeSet<String> {
        let mut world = self.world();
        world.settle(now);
        let held = world.registry(place.id());
        held.into_iter().flat_map(Held::names).collect()
    }

    fn tags(
        &self,
        place: &Place,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        let mut world = self.world();
        world.settle(now);
        let tags = world.registry(place.id())?.repository(name)?.tags();
        let tags = tags.map(|(tag, digest)| (tag.to_owned(), digest.to_owned()));
        Some(tags.collect())
    }

    fn find(&self, place: &Place, name: Name<'_>, reference: &str, now: Timestamp) -> Found {
        let mut world = self.world();
        world.settle(now);
        let held = world.registry(place.id());
        let Some(held) = held.and_then(|held| held.repository(name)) else {
            return Found::NoRepository;
        };
        Manifest::find(held.tags(), reference).map_or(Found::NoManifest, Found::Manifest)
    }

    fn forget(&self, place: &Place, name: Name<'_>, tag: &str, now: Timestamp) -> bool {
        let mut world = self.world();
        world.settle(now);
        world.lose(place.id(), name, tag, now)
    }

    fn images(&self) -> Option<Vec<image::Image>> {
        Some(World::images())
    }

    fn push(
        &self,
        _: &str,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        Ok(self.world().push(image, content, &self.plans, now))
    }

    fn ended(&self, _: &str, _: Timestamp) -> Vec<Record> {
        Vec::new()
    }

    fn purge(&self, _: &str, _: &BTreeSet<String>, _: Timestamp) {}

    fn login(&self, _: &Place) -> (String, String) {
        (USER.to_owned(), self.secrets.of(PASSWORD))
    }

    fn admits(&self, _: &Place, user: &str, password: &str, _: Timestamp) -> bool {
        user == USER && password == self.secrets.of(PASSWORD)
    }
}
