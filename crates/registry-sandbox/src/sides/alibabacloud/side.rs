//! Implementation of [`Side`] for this cloud.

use std::collections::{BTreeMap, BTreeSet};

use hyper::header::AUTHORIZATION;
use jiff::Timestamp;

use super::errors::Refusal;
use super::names::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, FLEET_INSTANCE_ID, INSTANCE_ID, REGISTRY};
use super::{Alibabacloud, finished, metadata, request_id, signature};
use crate::accounts::{Account, Settings};
use crate::message::{Answer, Reply, Request};
use crate::place::{Found, Place, Record};
use crate::push::PushError;
use crate::side::{Access, Definition, Image, Name, Registry, Side};

pub(crate) static SIDE: Definition = Definition {
    cloud: "alibabacloud",
    registries: &[Registry {
        source: REGISTRY,
        access: |_| Access::Token,
        settings: Some(|site| {
            let values = [("endpoint", site.endpoint), ("instance", INSTANCE_ID)];
            let secret = site.secrets.of(ACCESS_KEY_SECRET);
            Settings::new((ACCESS_KEY_ID, &secret), values)
        }),
    }],
    account: Some(|site| {
        let secret = site.secrets.of(ACCESS_KEY_SECRET);
        let fields = [
            ("endpoint", site.endpoint),
            ("access_key_id", ACCESS_KEY_ID),
            ("access_key_secret", secret.as_str()),
            ("instance_id", INSTANCE_ID),
        ];
        Account::new("alibabacloud-cr", fields)
    }),
    variables: |site| {
        vec![
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
            (
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                site.secrets.of(ACCESS_KEY_SECRET),
            ),
        ]
    },
    verify: |request, secret| {
        let claim = request.header("authorization").and_then(signature::claimed);
        claim.is_some_and(|claim| claim.verify(request, secret).is_ok())
    },
    start: |surroundings| Ok(Box::new(Alibabacloud::new(surroundings)?)),
};

impl Side for Alibabacloud {
    fn claims(&self, request: &Request) -> bool {
        let headers = &request.headers;
        let authorization = headers.get(AUTHORIZATION);
        metadata::is_addressed(&request.path)
            || headers.contains_key("x-acs-action")
            || authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-"))
    }

    fn answer(&self, request: &Request) -> Answer {
        self.respond(request)
    }

    fn too_large(&self, request: &Request) -> Reply {
        finished(Err(Refusal::too_large()), request, request_id())
    }

    fn has(&self, place: &Place, _: Timestamp) -> bool {
        self.has_instance(place.id())
    }

    fn places(&self, _: &str, _: Timestamp) -> Vec<String> {
        self.instance_ids()
    }

    fn repositories(&self, place: &Place, now: Timestamp) -> BTreeSet<String> {
        self.repositories_of(place.id(), now)
    }

    fn tags(
        &self,
        place: &Place,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        self.tags_of(place.id(), name, now)
    }

    fn find(&self, place: &Place, name: Name<'_>, reference: &str, now: Timestamp) -> Found {
        self.found(place.id(), name, reference, now)
    }

    fn forget(&self, place: &Place, name: Name<'_>, tag: &str, now: Timestamp) -> bool {
        self.lose(place.id(), name, tag, now)
    }

    fn push(
        &self,
        _: &str,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let image = (image.namespace, image.repository, image.tag);
        let mut world = self.world();
        world.push(FLEET_INSTANCE_ID, image, content, &self.plans, now)
    }

    fn ended(&self, _: &str, now: Timestamp) -> Vec<Record> {
        self.ended_tasks(now)
    }

    fn purge(&self, _: &str, ids: &BTreeSet<String>, _: Timestamp) {
        self.purge_tasks(ids);
    }

    fn login(&self, _: &Place) -> (String, String) {
        let secret = self.secrets.of(ACCESS_KEY_SECRET);
        (ACCESS_KEY_ID.to_owned(), secret)
    }

    /// Whether the registry admits this login. Login with the account's key is invented, so that no
    /// call is needed first. The vendor has its own passwords.
    fn admits(&self, place: &Place, user: &str, password: &str, now: Timestamp) -> bool {
        let (own, secret) = self.login(place);
        match user == own {
            true => password == secret,
            false => self.has_login(place.id(), user, password, now),
        }
    }
}
