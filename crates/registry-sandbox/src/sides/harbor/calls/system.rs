//! Calls about the Harbor as a whole.

use serde_json::{Value, json};

use crate::message::Reply;
use crate::sides::harbor::asked::Asked;
use crate::sides::harbor::images::Project;
use crate::sides::harbor::mode::Mode;
use crate::sides::harbor::refusal::Refusal;
use crate::sides::harbor::times;
use crate::sides::harbor::world::World;

pub(super) fn ping(_: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    asked.done(Value::from("Pong"))
}

pub(super) fn health(_: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let names = [
        "core",
        "database",
        "jobservice",
        "portal",
        "redis",
        "registry",
        "registryctl",
    ];
    let components = names.map(|name| json!({"name": name, "status": "healthy"}));
    asked.done(json!({"status": "healthy", "components": components}))
}

/// Shows facts about the system. The version and others are for callers who have logged in.
pub(super) fn info(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let mut facts = asked.operation.example.clone();
    let facts_of_all = [
        "auth_mode",
        "banner_message",
        "primary_auth_mode",
        "oidc_provider_name",
        "self_registration",
    ];
    if let Some(fields) = facts.as_object_mut() {
        fields.remove("authproxy_settings");
        if !asked.is_known() {
            fields.retain(|key, _| facts_of_all.contains(&key.as_str()));
        }
    }
    if asked.is_known() {
        let version = match asked.is_local() {
            true => world.version.text(),
            false => super::super::Version::Current.text(),
        };
        facts["harbor_version"] = version.into();
        facts["read_only"] = (asked.is_local() && asked.mode == Mode::ReadOnly).into();
        facts["current_time"] = times::text(asked.now).into();
    }
    asked.done(facts)
}

pub(super) fn statistics(world: &mut World, asked: &Asked<'_>) -> Result<Reply, Refusal> {
    let projects = asked.holding(world)?.projects.values();
    let (public, private): (Vec<&Project>, Vec<_>) = projects.partition(|own| own.is_public());
    let repositories = |of: &[&Project]| -> usize {
        let counts = of.iter().map(|project| project.repositories.len());
        counts.sum()
    };
    let private = if asked.is_known() {
        private
    } else {
        Vec::new()
    };
    let all = public.iter().chain(&private);
    let size: i64 = all.map(|project| project.size()).sum();
    let mut counts = json!({
        "public_project_count": public.len(),
        "public_repo_count": repositories(&public),
        "private_project_count": private.len(),
        "private_repo_count": repositories(&private),
    });
    if asked.is_known() {
        counts["total_project_count"] = (public.len() + private.len()).into();
        counts["total_repo_count"] = (repositories(&public) + repositories(&private)).into();
        counts["total_storage_consumption"] = size.into();
    }
    asked.done(counts)
}
