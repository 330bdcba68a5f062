//! Organizations and quotas.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::Refusal;
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

/// Limits of the three quotas. They are invented, because the fleet has more tags than the limit of
/// 15 in the page's example.
const LIMITS: [(&str, usize); 3] = [("namespace", 15), ("repository", 15), ("tag", 500)];

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let filter = asked.given("filter").map(listing::conditions);
    let filter = match filter {
        Some(None) => return Err(asked.invalid("filter must be namespace::NAME|mode::MODE")),
        Some(Some(conditions)) => conditions,
        None => Vec::new(),
    };
    let filtered = filter.iter().find(|(key, _)| *key == "namespace");
    let names = [asked.given("namespace"), filtered.map(|(_, name)| *name)];
    let fits = |name: &str| names.iter().flatten().all(|wanted| *wanted == name);
    let organizations = world.basic.organizations.iter();
    let records: Vec<_> = organizations
        .filter(|(name, _)| fits(name))
        .map(|(name, own)| own.record(name))
        .collect();
    Ok(asked.done(json!({"namespaces": records})))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let organization = world.basic.organization(asked)?;
    Ok(asked.done(organization.record(asked.text("namespace"))))
}

/// Returns the quotas. The tag quota is present if the request names an existing repository.
pub(in crate::sides::huaweicloud) fn quotas(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let organizations = &world.basic.organizations;
    let repositories = organizations
        .values()
        .map(|own| own.repositories.len())
        .sum();
    let named = asked.given("namespace").zip(asked.given("repository"));
    let named = named.and_then(|(organization, repository)| {
        let repositories = &organizations.get(organization)?.repositories;
        repositories.get(&repository.replace('$', "/"))
    });
    let used = [
        Some(organizations.len()),
        Some(repositories),
        named.map(|repository| repository.own.tags.len()),
    ];
    let quotas = LIMITS.iter().zip(used).filter_map(|((key, limit), used)| {
        Some(json!({"quota_limit": limit, "quota_key": key, "unit": "", "used": used?}))
    });
    let quotas: Vec<Value> = quotas.collect();
    Ok(asked.done(json!({"quotas": quotas})))
}
