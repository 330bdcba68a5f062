//! Basic edition: organizations, their repositories, sync and retention.

pub(super) mod jobs;
pub(super) mod organizations;
pub(super) mod repositories;
pub(super) mod retentions;
pub(super) mod sparing;
pub(super) mod sync;
pub(super) mod tags;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::asked::Asked;
use super::errors::{Refusal, SWR_NO_NAMESPACE, SWR_NO_REPOSITORY};
use super::images::Repository;
use super::listing;
use crate::world::huaweicloud;
use jobs::Job;

#[derive(Debug, Clone, Default)]
pub(super) struct Basic {
    pub(super) organizations: BTreeMap<String, Organization>,
    /// Regions in the vendor's form.
    pub(super) regions: Vec<Value>,
    /// Digests of the tags at the destinations of sync jobs.
    pub(super) elsewhere: BTreeMap<Place, BTreeMap<String, String>>,
}

/// Repository of another region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) region: String,
    pub(super) organization: String,
    pub(super) repository: String,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Organization {
    pub(super) id: i64,
    pub(super) extra: Value,
    pub(super) repositories: BTreeMap<String, BasicRepository>,
}

#[derive(Debug, Clone)]
pub(super) struct BasicRepository {
    pub(super) own: Repository,
    /// Automatic sync rules, in the vendor's form.
    pub(super) rules: Vec<Value>,
    /// Sync jobs, oldest first.
    pub(super) jobs: Vec<Job>,
    /// Retention policies, in the vendor's form.
    pub(super) retentions: Vec<Value>,
    /// Records of deletions by retention, oldest first, in the vendor's form.
    pub(super) deleted: Vec<Value>,
}

impl BasicRepository {
    pub(super) fn new(own: Repository) -> Self {
        Self {
            own,
            rules: Vec::new(),
            jobs: Vec::new(),
            retentions: Vec::new(),
            deleted: Vec::new(),
        }
    }
}

impl Basic {
    pub(super) fn organization(&mut self, asked: &Asked<'_>) -> Result<&mut Organization, Refusal> {
        let name = asked.text("namespace");
        let organization = self.organizations.get_mut(name);
        organization.ok_or_else(|| {
            let message = format!("organization {name} does not exist");
            asked.refusal(SWR_NO_NAMESPACE, message)
        })
    }

    pub(super) fn repository(
        &mut self,
        asked: &Asked<'_>,
    ) -> Result<&mut BasicRepository, Refusal> {
        let name = asked.repository();
        let organization = self.organization(asked)?;
        let repository = organization.repositories.get_mut(&name);
        repository.ok_or_else(|| {
            let namespace = asked.text("namespace");
            let message = format!("repository {namespace}/{name} does not exist");
            asked.refusal(SWR_NO_REPOSITORY, message)
        })
    }
}

impl Organization {
    pub(super) fn record(&self, name: &str) -> Value {
        let record =
            json!({"id": self.id, "name": name, "creator_name": huaweicloud::IAM_USER, "auth": 7});
        super::images::over(record, &self.extra)
    }
}

/// Conditions of a listing, from `filter` or else from parameters.
pub(super) struct Wanted<'a> {
    asked: &'a Asked<'a>,
    filter: Option<Vec<(&'a str, &'a str)>>,
}

impl<'a> Wanted<'a> {
    pub(super) fn read(asked: &'a Asked<'a>) -> Result<Self, Refusal> {
        let wanted = Self {
            asked,
            filter: match asked.given("filter") {
                None => None,
                Some(text) => {
                    let conditions = listing::conditions(text);
                    Some(conditions.ok_or_else(|| {
                        asked.invalid("filter must be NAME::VALUE, several joined by |")
                    })?)
                }
            },
        };
        for (one, other) in [("offset", "limit"), ("order_column", "order_type")] {
            if wanted.text(one).is_some() != wanted.text(other).is_some() {
                let message = format!("{one} and {other} go only together");
                return Err(asked.invalid(message));
            }
        }
        Ok(wanted)
    }

    pub(super) fn is_filter(&self) -> bool {
        self.filter.is_some()
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match &self.filter {
            None => self.asked.given(name),
            Some(conditions) => conditions
                .iter()
                .find_map(|(key, value)| (*key == name).then_some(*value)),
        }
    }

    /// Returns offset and limit, at most 1000 records. [default: 0 and 100]
    pub(super) fn page(&self) -> Result<(i64, i64), Refusal> {
        let number = |name: &str, otherwise: i64, least: i64, most: i64| {
            let text = self.text(name);
            let number = text.map_or(Some(otherwise), crate::rule::integer);
            number
                .filter(|number| (least..=most).contains(number))
                .ok_or_else(|| {
                    let message = format!("{name} must be a number from {least} to {most}");
                    self.asked.invalid(message)
                })
        };
        Ok((
            number("offset", 0, 0, i64::MAX)?,
            number("limit", 100, 1, 1000)?,
        ))
    }

    /// Returns the field to sort by, and whether the order is ascending.
    pub(super) fn order(&self) -> (Option<&'a str>, bool) {
        let ascending = self.text("order_type") == Some("asc");
        (self.text("order_column"), ascending)
    }
}
