//! Implementation of [`Side`] for this cloud.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::errors::Refusal;
use super::names::{ACCESS_KEY, BASIC, ENTERPRISE, INSTANCE_ID, PROJECT_ID, REGION, SECRET_KEY};
use super::{Huaweicloud, marked, signature};
use crate::accounts::{Account, Settings};
use crate::digest::{hmac_hex, hmac_matches};
use crate::message::{Answer, Reply, Request};
use crate::place::{Found, Place, Record};
use crate::push::PushError;
use crate::side::{Access, Definition, Image, Name, Registry, Side};

pub(crate) static SIDE: Definition = Definition {
    cloud: "huaweicloud",
    registries: &[
        Registry {
            source: ENTERPRISE,
            access: |_| Access::Token,
            settings: Some(|site| {
                let values = [
                    ("region", REGION),
                    ("endpoint", site.endpoint),
                    ("project_id", PROJECT_ID),
                    ("instance", INSTANCE_ID),
                ];
                Settings::new((ACCESS_KEY, &site.secrets.of(SECRET_KEY)), values)
            }),
        },
        Registry {
            source: BASIC,
            access: |_| Access::Password,
            settings: Some(|site| {
                let values = [("region", REGION), ("endpoint", site.endpoint)];
                Settings::new((ACCESS_KEY, &site.secrets.of(SECRET_KEY)), values)
            }),
        },
    ],
    account: Some(|site| {
        let secret = site.secrets.of(SECRET_KEY);
        let fields = [
            ("endpoint", site.endpoint),
            ("access_key", ACCESS_KEY),
            ("secret_key", secret.as_str()),
            ("project_id", PROJECT_ID),
            ("instance_id", INSTANCE_ID),
        ];
        Account::new("huaweicloud-swr", fields)
    }),
    variables: |site| {
        let endpoint = site.endpoint.to_owned();
        vec![
            ("HUAWEICLOUD_SDK_AK", ACCESS_KEY.to_owned()),
            ("HUAWEICLOUD_SDK_SK", site.secrets.of(SECRET_KEY)),
            ("HUAWEICLOUD_SDK_IAM_ENDPOINT", endpoint.clone()),
            ("HUAWEICLOUD_SDK_REGION_SWR_CN_NORTH_4", endpoint),
        ]
    },
    verify: |request, secret| {
        let verify = || {
            let claim = signature::claimed(request.header("authorization")?)??;
            let date = request.header("x-sdk-date")?;
            Some(claim.verify(request, secret, date))
        };
        verify().unwrap_or(false)
    },
    start: |surroundings| Ok(Box::new(Huaweicloud::new(surroundings)?)),
};

fn is_enterprise(provider: &str) -> bool {
    provider == ENTERPRISE.provider()
}

impl Side for Huaweicloud {
    /// Claims no request, because the gateway's requests have nothing in common. This is the first
    /// side, which gets the requests that no side claims.
    fn claims(&self, _: &Request) -> bool {
        false
    }

    fn answer(&self, request: &Request) -> Answer {
        self.respond(request)
    }

    fn too_large(&self, _: &Request) -> Reply {
        marked(Err(Refusal::too_large()))
    }

    fn has(&self, place: &Place, now: Timestamp) -> bool {
        match is_enterprise(place.provider()) {
            true => self.has_instance(place.id(), now),
            false => self.has_region(place.id(), now),
        }
    }

    fn places(&self, provider: &str, now: Timestamp) -> Vec<String> {
        match is_enterprise(provider) {
            true => self.instances(now),
            false => self.regions(now),
        }
    }

    fn repositories(&self, place: &Place, now: Timestamp) -> BTreeSet<String> {
        match is_enterprise(place.provider()) {
            true => self.repositories_enterprise(place.id(), now),
            false => self.repositories_basic(place.id(), now),
        }
    }

    fn tags(
        &self,
        place: &Place,
        name: Name<'_>,
        now: Timestamp,
    ) -> Option<BTreeMap<String, String>> {
        match is_enterprise(place.provider()) {
            true => self.tags_enterprise(place.id(), name, now),
            false => self.tags_basic(place.id(), name, now),
        }
    }

    fn find(&self, place: &Place, name: Name<'_>, reference: &str, now: Timestamp) -> Found {
        match is_enterprise(place.provider()) {
            true => self.find_enterprise(place.id(), name, reference, now),
            false => self.find_basic(place.id(), name, reference, now),
        }
    }

    fn forget(&self, place: &Place, name: Name<'_>, tag: &str, now: Timestamp) -> bool {
        match is_enterprise(place.provider()) {
            true => self.forget_enterprise(place.id(), name, tag, now),
            false => self.forget_basic(place.id(), name, tag, now),
        }
    }

    fn push(
        &self,
        provider: &str,
        image: Image<'_>,
        content: &str,
        now: Timestamp,
    ) -> Result<String, PushError> {
        let mut world = self.world(now);
        match is_enterprise(provider) {
            true => world.push_enterprise(&self.plans, image, content, now),
            false => world.push_basic(&self.plans, image, content, now),
        }
    }

    fn ended(&self, provider: &str, now: Timestamp) -> Vec<Record> {
        match is_enterprise(provider) {
            true => self.ended_executions(now),
            false => self.ended_jobs(now),
        }
    }

    fn purge(&self, provider: &str, ids: &BTreeSet<String>, now: Timestamp) {
        match is_enterprise(provider) {
            true => self.purge_executions(ids, now),
            false => self.purge_jobs(ids, now),
        }
    }

    fn login(&self, place: &Place) -> (String, String) {
        let secret = self.secrets.of(SECRET_KEY);
        match is_enterprise(place.provider()) {
            true => (ACCESS_KEY.to_owned(), secret),
            false => {
                let password = hmac_hex(secret.as_bytes(), ACCESS_KEY);
                (format!("{}@{ACCESS_KEY}", place.id()), password)
            }
        }
    }

    /// Whether the registry admits this login. Invented for instances, because the page describes the
    /// login key only.
    fn admits(&self, place: &Place, user: &str, password: &str, _: Timestamp) -> bool {
        let (own, secret) = self.login(place);
        let is_secret = is_enterprise(place.provider()) && password == secret;
        user == own && (is_secret || self.is_login_key(password))
    }
}

impl Huaweicloud {
    /// Whether a password is the login key that SWR documents: the access key's HMAC-SHA256 with the
    /// secret.
    fn is_login_key(&self, password: &str) -> bool {
        let secret = self.secrets.of(SECRET_KEY);
        hmac_matches(secret.as_bytes(), ACCESS_KEY, password)
    }
}
