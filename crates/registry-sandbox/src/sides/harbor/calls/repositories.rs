//! Calls about repositories.

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::listing;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::world::World;

pub(super) fn list(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let project = asked.project(world)?;
    let repositories = project.1.repositories.iter();
    let records = repositories.map(|(name, own)| own.record(project, name));
    listing::page(asked, records.collect())
}

/// Lists the repositories of all projects that the caller may see.
pub(super) fn list_all(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let projects = asked.holding(world)?.projects.iter();
    let shown = projects.filter(|(_, project)| asked.is_known() || project.is_public());
    let records = shown.flat_map(|(project, own)| {
        let repositories = own.repositories.iter();
        repositories.map(move |(name, repository)| repository.record((project, own), name))
    });
    listing::page(asked, records.collect())
}

pub(super) fn show(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let (project, (name, repository)) = asked.repository(world)?;
    asked.done(repository.record(project, &name))
}

pub(super) fn update(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let ((project, _), (name, _)) = asked.repository(world)?;
    let project = project.to_owned();
    if let Some(own) = world.local_mut().repository_mut((&project, &name)) {
        asked.field("description").clone_into(&mut own.description);
        own.extra = serde_json::Value::Null;
        own.updated = asked.now;
    }
    asked.nothing()
}

pub(super) fn delete(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let ((project, _), (name, _)) = asked.repository(world)?;
    let project = project.to_owned();
    if let Some(own) = world.local_mut().projects.get_mut(&project) {
        own.repositories.remove(&name);
    }
    asked.nothing()
}
