//! Calls about retention policies.

use hyper::header::CONTENT_RANGE;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::{BasicRepository, Wanted, sparing};
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{Refusal, SWR_NO_POLICY, SWR_POLICY_EXISTS};
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    Ok(asked.done(Value::from(repository.retentions.clone())))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let place = place(repository, asked)?;
    Ok(asked.done(repository.retentions[place].clone()))
}

/// Creates a policy. By the vendor's manual, a repository has at most one.
pub(in crate::sides::huaweicloud) fn create(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World { basic, ids, .. } = world;
    let repository = basic.repository(asked)?;
    check(asked)?;
    if !repository.retentions.is_empty() {
        let message = "the repository has a retention policy already";
        return Err(asked.refusal(SWR_POLICY_EXISTS, message));
    }
    let id = ids.next();
    repository.retentions.push(stored(asked, id));
    repository.retain(
        ids,
        (asked.text("namespace"), &asked.repository()),
        asked.now,
    );
    Ok(asked.done(json!({"id": id})))
}

pub(in crate::sides::huaweicloud) fn update(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let World { basic, ids, .. } = world;
    let repository = basic.repository(asked)?;
    let place = place(repository, asked)?;
    check(asked)?;
    repository.retentions[place] = stored(asked, asked.id("retention_id"));
    repository.retain(
        ids,
        (asked.text("namespace"), &asked.repository()),
        asked.now,
    );
    Ok(asked.nothing())
}

pub(in crate::sides::huaweicloud) fn delete(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let repository = world.basic.repository(asked)?;
    let place = place(repository, asked)?;
    repository.retentions.remove(place);
    Ok(asked.nothing())
}

/// Lists deletions, newest first. The page names no order.
pub(in crate::sides::huaweicloud) fn histories(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let wanted = Wanted::read(asked)?;
    let (offset, limit) = wanted.page()?;
    let mut records = world.basic.repository(asked)?.deleted.clone();
    records.reverse();
    let (shown, range) = asked.ranged(&records, offset, limit);
    let page = json!({"retention_log": shown, "total": records.len()});
    Ok(asked.done(page).with(CONTENT_RANGE, range))
}

fn place(repository: &BasicRepository, asked: &Asked<'_>) -> Result<usize, Refusal> {
    let id = asked.id("retention_id");
    let place = repository
        .retentions
        .iter()
        .position(|policy| policy["id"] == id);
    place.ok_or_else(|| {
        let message = format!("retention policy {id} does not exist");
        asked.refusal(SWR_NO_POLICY, message)
    })
}

/// Checks the rules that the schema of the body cannot express. The bounds are the manual's.
fn check(asked: &Asked<'_>) -> Result<(), Refusal> {
    let rules = asked.body["rules"].as_array();
    let rules = rules.map_or(&[] as &[Value], Vec::as_slice);
    if rules.is_empty() {
        return Err(asked.invalid("body.rules names no rule"));
    }
    for rule in rules {
        if sparing::number(rule).is_none() {
            let message = "params must be days from 1 to 365 for date_rule, and num from 1 to \
                           1000 for tag_rule, as text";
            return Err(asked.invalid(message));
        }
        for selector in rule["tag_selectors"].as_array().into_iter().flatten() {
            let pattern = selector["pattern"].as_str().unwrap_or_default();
            if selector["kind"] == "regexp" && Regex::new(pattern).is_err() {
                return Err(asked.invalid(format!("{pattern} is no regular expression")));
            }
        }
    }
    Ok(())
}

fn stored(asked: &Asked<'_>, id: i64) -> Value {
    json!({
        "algorithm": asked.body["algorithm"],
        "id": id,
        "rules": asked.body["rules"],
        "scope": "",
    })
}
