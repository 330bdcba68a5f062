//! Calls about quotas, one for each project, which nothing enforces.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::images::Project;
use crate::sides::harbor::listing;
use crate::sides::harbor::names::USER;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let wanted = asked.given("reference_id");
    let is_project = asked
        .given("reference")
        .is_none_or(|kind| kind == "project");
    let projects = world.local().projects.iter();
    let own = projects
        .filter(|(_, project)| is_project && wanted.is_none_or(|id| project.id.to_string() == id));
    listing::page(asked, own.map(|(name, own)| record(name, own)).collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    let mut projects = world.local().projects.iter();
    let found = projects.find(|(_, project)| project.id == id);
    let (name, project) = found.ok_or_else(|| no_quota(id))?;
    asked.done(record(name, project))
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let id = asked.id("id");
    let mut projects = world.local_mut().projects.values_mut();
    let found = projects.find(|project| project.id == id);
    let project = found.ok_or_else(|| no_quota(id))?;
    if let Some(limit) = asked.body["hard"]["storage"].as_i64() {
        project.limit = limit;
    }
    asked.nothing()
}

fn no_quota(id: i64) -> Refusal {
    Refusal::not_found(format!("quota {id} not found"))
}

/// Returns the quota of a project, which has the project's id.
fn record(name: &str, project: &Project) -> Value {
    json!({
        "id": project.id,
        "ref": {"id": project.id, "name": name, "owner_name": USER},
        "hard": {"storage": project.limit},
        "used": {"storage": project.size()},
        "creation_time": times::text(project.created),
        "update_time": times::text(project.updated),
    })
}
