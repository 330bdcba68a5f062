//! Calls about projects.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::LOCATION;
use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::images::Project;
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::world::World;

/// Lists the projects that the caller may see, by name.
pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let projects = asked.holding(world)?.projects.iter();
    let shown = projects.filter(|(name, project)| {
        let owner = asked.given("owner");
        let public = asked.parameters.boolean("public");
        (asked.is_known() || project.is_public())
            && asked.given("name").is_none_or(|part| name.contains(part))
            && owner.is_none_or(|owner| owner == super::super::USER)
            && public.is_none_or(|public| project.is_public() == public)
    });
    let records = shown.map(|(name, project)| project.record(name));
    listing::page(asked, records.collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (name, project) = asked.project(world)?;
    asked.done(project.record(name))
}

pub(super) fn create(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let name = asked.field("project_name");
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = name.starts_with(word) && name.chars().all(|c| word(c) || "._-".contains(c));
    if !fits {
        return Err(Refusal::bad_request(format!(
            "invalid project name: {name:?}"
        )));
    }
    if world.local().projects.contains_key(name) {
        return Err(Refusal::conflict(format!(
            "The project named {name} already exists"
        )));
    }
    let registry = asked.body["registry_id"].as_i64().filter(|id| *id > 0);
    if registry.is_some_and(|id| !world.registries.contains_key(&id)) {
        return Err(Refusal::not_found("the registry not found"));
    }
    let id = world.ids.next("project");
    let mut project = Project::new(id, asked.now);
    project.registry = registry;
    project.limit = asked.body["storage_limit"].as_i64().unwrap_or(-1);
    if asked.body["public"] == true {
        set(&mut project.metadata, "public", "true");
    }
    change(&mut project.metadata, &asked.body["metadata"]);
    world.local_mut().projects.insert(name.to_owned(), project);
    let path = asked.request.path.trim_end_matches('/');
    let by_name = asked.request.header("x-resource-name-in-location") == Some("true");
    let id = match by_name {
        true => name.to_owned(),
        false => id.to_string(),
    };
    let reply = Reply::new(StatusCode::CREATED, Value::Null);
    Ok(reply.with(LOCATION, format!("{path}/{id}")))
}

fn set(metadata: &mut BTreeMap<String, String>, key: &str, value: &str) {
    metadata.insert(key.to_owned(), value.to_owned());
}

/// Sets the texts of a body.
fn change(metadata: &mut BTreeMap<String, String>, body: &Value) {
    for (key, value) in body.as_object().into_iter().flatten() {
        if let Some(value) = value.as_str() {
            set(metadata, key, value);
        }
    }
}

/// Returns the project of the request, to be changed.
fn own<'w>(world: &'w mut World, asked: &Asked<'_>) -> Result<&'w mut Project, Refusal> {
    let name = asked.project(world)?.0.to_owned();
    let found = world.local_mut().projects.get_mut(&name);
    let project = found.ok_or_else(Refusal::no_such_path)?;
    Ok(project)
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = own(world, asked)?;
    change(&mut project.metadata, &asked.body["metadata"]);
    if let Some(public) = asked.body["public"].as_bool() {
        set(&mut project.metadata, "public", &public.to_string());
    }
    project.updated = asked.now;
    project.extra = Value::Null;
    asked.nothing()
}

/// Deletes a project that holds nothing.
pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (name, project) = asked.project(world)?;
    if !project.repositories.is_empty() {
        return Err(Refusal::precondition(HAS_REPOSITORIES));
    }
    let name = name.to_owned();
    world.local_mut().projects.remove(&name);
    asked.nothing()
}

const HAS_REPOSITORIES: &str = "the project contains repositories, can not be deleted";

pub(super) fn deletable(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    asked.done(match project.repositories.is_empty() {
        true => json!({"deletable": true, "message": ""}),
        false => json!({"deletable": false, "message": HAS_REPOSITORIES}),
    })
}

pub(super) fn summary(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    asked.done(json!({
        "repo_count": project.repositories.len(),
        "project_admin_count": 1,
        "maintainer_count": 0,
        "developer_count": 0,
        "guest_count": 0,
        "limited_guest_count": 0,
        "quota": {"hard": {"storage": project.limit}, "used": {"storage": project.size()}},
    }))
}

pub(super) fn metadatas(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    asked.done(json!(project.metadata))
}

/// Shows one entry of the metadata, or nothing if it is not set.
pub(super) fn metadata(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    let name = asked.text("meta_name");
    let value = project.metadata.get(name);
    asked.done(value.map_or_else(|| json!({}), |value| json!({name: value})))
}

pub(super) fn set_metadata(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = own(world, asked)?;
    change(&mut project.metadata, &asked.body);
    asked.nothing()
}

pub(super) fn delete_metadata(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = own(world, asked)?;
    project.metadata.remove(asked.text("meta_name"));
    asked.nothing()
}

/// Answers a read about a project with the example of the spec.
pub(super) fn example(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.project(world)?;
    super::example(world, asked)
}

/// Shows the scanner of a project: that of the example, with the id that was set.
pub(super) fn scanner(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (_, project) = asked.project(world)?;
    let mut scanner = asked.operation.example.clone();
    if let Some(id) = &project.scanner {
        scanner["uuid"] = json!(id);
    }
    asked.done(scanner)
}

pub(super) fn set_scanner(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = own(world, asked)?;
    project.scanner = Some(asked.field("uuid").to_owned());
    asked.nothing()
}
