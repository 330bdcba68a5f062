//! Calls about automatic sync rules and sync jobs.

use serde_json::{Value, json};

use super::Basic;
use super::jobs::Destination;
use super::tags::no_tag;
use crate::message::Reply;
use crate::parameters::page;
use crate::rule;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{
    Refusal, SWR_INVALID_PARAMETER, SWR_NO_REGION, SWR_RULE_EXISTS,
};
use crate::sides::huaweicloud::world::World;
use crate::world::huaweicloud;

pub(in crate::sides::huaweicloud) fn rules(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    Ok(asked.done(Value::from(repository.rules.clone())))
}

pub(in crate::sides::huaweicloud) fn create(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World { basic, ids, .. } = world;
    check_region(basic, asked)?;
    let repository = basic.repository(asked)?;
    if repository.rules.iter().any(|rule| leads_there(asked, rule)) {
        let message = "the repository has a sync rule for this destination already";
        return Err(asked.refusal(SWR_RULE_EXISTS, message));
    }
    let made = asked.now.to_string();
    repository.rules.push(json!({
        "createdAt": made,
        "domainID": huaweicloud::IAM_DOMAIN_ID,
        "domainName": huaweicloud::IAM_DOMAIN,
        "id": ids.next(),
        "namespace": asked.text("namespace"),
        "override": asked.body["override"] == true,
        "remoteNamespace": asked.field("remoteNamespace"),
        "remoteRegionId": asked.field("remoteRegionId"),
        "repoName": asked.repository(),
        "syncAuto": asked.body["syncAuto"] == true,
        "updatedAt": made,
    }));
    Ok(asked.nothing())
}

pub(in crate::sides::huaweicloud) fn delete(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let before = repository.rules.len();
    repository.rules.retain(|rule| !leads_there(asked, rule));
    if repository.rules.len() == before {
        return Err(Refusal::no_rule(format!(
            "{}/{} has no rule for {} in {}.",
            asked.text("namespace"),
            asked.repository(),
            asked.field("remoteNamespace"),
            asked.field("remoteRegionId"),
        )));
    }
    Ok(asked.nothing())
}

/// Creates a job for each named tag, or no job if one of the tags does not exist.
pub(in crate::sides::huaweicloud) fn copy(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World { basic, ids, .. } = world;
    check_region(basic, asked)?;
    let repository = basic.repository(asked)?;
    let tags = asked.body["imageTag"].as_array().into_iter().flatten();
    let tags: Vec<_> = tags.filter_map(Value::as_str).collect();
    if tags.is_empty() {
        return Err(asked.invalid("body.imageTag names no tag"));
    }
    let tag_of_none = |tag: &&&str| !repository.own.tags.contains_key(**tag);
    if let Some(tag) = tags.iter().find(tag_of_none) {
        return Err(no_tag(asked, tag));
    }
    let to = Destination {
        region: asked.field("remoteRegionId"),
        organization: asked.field("remoteNamespace"),
        overwrite: asked.body["override"] == true,
    };
    let own = asked.repository();
    let name = (asked.text("namespace"), own.as_str());
    for tag in &tags {
        repository.copy(ids, asked.plans, name, tag, &to, asked.now);
    }
    Ok(asked.done(json!(tags)))
}

pub(in crate::sides::huaweicloud) fn regions(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    Ok(asked.done(Value::from(world.basic.regions.clone())))
}

pub(in crate::sides::huaweicloud) fn jobs(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let filter = asked.given("filter").and_then(Filter::read);
    let filter = filter.ok_or_else(|| {
        asked.refusal(SWR_INVALID_PARAMETER, "filter holds a number out of range")
    })?;
    let mut jobs: Vec<_> = repository.jobs.iter().collect();
    if !filter.ascending {
        jobs.reverse();
    }
    let shown = page(&jobs, filter.offset, filter.limit).iter();
    let shown: Vec<_> = shown.map(|job| job.record(asked.now)).collect();
    let range = format!("{}-{}/{}", filter.offset, shown.len(), jobs.len());
    let reply = asked.done(Value::from(shown));
    Ok(reply.with(hyper::header::CONTENT_RANGE, range))
}

/// Whether a rule has the destination of the body.
fn leads_there(asked: &Asked<'_>, rule: &Value) -> bool {
    let mut keys = ["remoteRegionId", "remoteNamespace"].iter();
    keys.all(|key| rule[key] == asked.field(key))
}

fn check_region(basic: &Basic, asked: &Asked<'_>) -> Result<(), Refusal> {
    let region = asked.field("remoteRegionId");
    if basic
        .regions
        .iter()
        .any(|known| known["regionID"] == region)
    {
        return Ok(());
    }
    let message = format!("images cannot be copied to region {region}");
    Err(asked.refusal(SWR_NO_REGION, message))
}

/// Filter `limit::N|offset::N`, with an optional order. The page names no default order, so newest
/// first is invented.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    limit: i64,
    offset: i64,
    ascending: bool,
}

impl Filter {
    /// Reads a filter, or returns `None` for a number that is too large. The spec's pattern has already
    /// refused other errors.
    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.split('|')
                .filter_map(|field| field.split_once("::"))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        Some(Self {
            limit: rule::integer(field("limit")?)?,
            offset: rule::integer(field("offset")?)?,
            ascending: field("order") == Some("asc"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let filter = |limit, offset, ascending| {
            Some(Filter {
                limit,
                offset,
                ascending,
            })
        };
        for (text, expected) in [
            ("limit::10|offset::0", filter(10, 0, false)),
            ("limit::5|offset::20|order::desc", filter(5, 20, false)),
            ("limit::5|offset::20|order::asc", filter(5, 20, true)),
            ("limit::99999999999999999999|offset::0", None),
        ] {
            assert_eq!(Filter::read(text), expected, "{text}");
        }
    }
}
