use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::World;
use crate::sides::huaweicloud::basic::BasicRepository;
use crate::sides::huaweicloud::enterprise::Instance;
use crate::sides::huaweicloud::enterprise::cleaning::Sweeps;
use crate::sides::huaweicloud::enterprise::copies::Tasks;
use crate::spec;
use crate::world;

fn world() -> World {
    let now = "2026-12-05T12:00:00Z".parse().unwrap();
    World::later("http://127.0.0.1:1", now)
        .unwrap()
        .lock()
        .clone()
}

fn instance(world: &World) -> &Instance {
    &world.enterprise.instances[world::huaweicloud::INSTANCE_ID]
}

fn replication(world: &World, execution: i64) -> &[Value] {
    match &instance(world).executions[&execution].tasks {
        Tasks::Fixed(fixed) => fixed.tasks(),
        Tasks::Planned(_) => panic!("planned"),
    }
}

fn retention(world: &World, execution: i64) -> &[Value] {
    match &instance(world).cleanings[&execution].sweeps {
        Sweeps::Fixed(fixed) => fixed.tasks(),
        Sweeps::Planned(_) => panic!("planned"),
    }
}

fn basic<'w>(world: &'w World, organization: &str, repository: &str) -> &'w BasicRepository {
    &world.basic.organizations[organization].repositories[repository]
}

fn jobs(repository: &BasicRepository) -> Vec<Value> {
    repository
        .jobs
        .iter()
        .map(|job| Value::clone(&job.record))
        .collect()
}

fn states(records: &[Value]) -> BTreeSet<String> {
    let states = records.iter().map(|record| record["status"].as_str());
    states.map(|state| state.unwrap().to_owned()).collect()
}

fn listed(schema: &str) -> BTreeSet<String> {
    let swr = spec::named("huaweicloud-swr/swr").unwrap();
    swr.values(schema).unwrap().into_iter().collect()
}

#[test]
fn examples_are_where_their_constants_say() {
    let world = world();
    let replication = replication(&world, world::huaweicloud::EXAMPLE_REPLICATION_EXECUTION);
    assert_eq!(replication.len(), 1);
    assert_eq!(replication[0]["id"], 1927);
    assert_eq!(replication[0].get("dst_resource"), None);
    let retention = retention(&world, world::huaweicloud::EXAMPLE_RETENTION_EXECUTION);
    assert_eq!(retention.len(), 1);
    assert_eq!(retention[0]["id"], 2439);
    let organization = world::huaweicloud::EXAMPLE_BASIC_NAMESPACE;
    let rules = &basic(
        &world,
        organization,
        world::huaweicloud::EXAMPLE_BASIC_RULE_REPOSITORY,
    )
    .rules;
    assert_eq!((rules.len(), &rules[0]["id"]), (1, &Value::from(45)));
    let jobs = jobs(basic(
        &world,
        organization,
        world::huaweicloud::EXAMPLE_BASIC_JOB_REPOSITORY,
    ));
    assert_eq!((jobs.len(), &jobs[0]["tag"]), (1, &Value::from("8")));
}

#[test]
fn fleet_has_every_state_and_plausible_times() {
    let world = world();
    let replication = replication(&world, world::huaweicloud::FLEET_REPLICATION_EXECUTION);
    let retention = retention(&world, world::huaweicloud::FLEET_RETENTION_EXECUTION);
    for (tasks, number) in [
        (replication, world::huaweicloud::FLEET_REPLICATION_TASKS),
        (retention, world::huaweicloud::FLEET_RETENTION_TASKS),
    ] {
        assert_eq!(tasks.len(), number);
        assert_eq!(states(tasks), listed("TaskStatus"));
        for task in tasks {
            let status = task["status"].as_str().unwrap();
            let starts = !["Pending", "Initialized"].contains(&status);
            let ends = starts && status != "InProgress";
            assert_eq!(task.get("start_time").is_some(), starts, "{task}");
            assert_eq!(task.get("end_time").is_some(), ends, "{task}");
            for time in ["start_time", "end_time"].map(|key| task[key].as_str()) {
                assert!(
                    time.is_none_or(|time| time.starts_with("2026-11-")),
                    "{task}"
                );
            }
        }
    }
    let repository = basic(
        &world,
        world::huaweicloud::FLEET_BASIC_NAMESPACE,
        world::huaweicloud::FLEET_BASIC_REPOSITORY,
    );
    let jobs = jobs(repository);
    assert_eq!(repository.rules.len(), 3);
    assert_eq!(jobs.len(), world::huaweicloud::FLEET_BASIC_JOBS);
    assert_eq!(states(&jobs), listed("SyncJobStatus"));
    for job in &jobs {
        let (made, changed) = (&job["createdAt"], &job["updatedAt"]);
        assert!(made.as_str().unwrap().starts_with("2026-11-"), "{job}");
        assert!(changed.as_str().unwrap().starts_with("2026-11-"), "{job}");
    }
}

#[test]
fn resources_are_documents_or_the_short_form() {
    let world = world();
    let mut short = 0;
    for task in replication(&world, world::huaweicloud::FLEET_REPLICATION_EXECUTION) {
        for key in ["src_resource", "dst_resource"] {
            let text = task[key].as_str().unwrap();
            match serde_json::from_str::<Value>(text) {
                Ok(document) => assert!(document["metadata"]["artifacts"].is_array()),
                Err(_) => {
                    assert!(text.ends_with(" item(s) in total]"), "{text}");
                    short += 1;
                }
            }
        }
    }
    assert_eq!(short, world::huaweicloud::FLEET_REPLICATION_TASKS / 2);
}

#[test]
fn the_watched_tags_are_in_their_states() {
    let world = world();
    let repository = basic(
        &world,
        world::huaweicloud::FLEET_BASIC_NAMESPACE,
        world::huaweicloud::FLEET_BASIC_REPOSITORY,
    );
    let jobs = jobs(repository);
    for (tag, expected) in [
        (world::FLEET_TAG_ARRIVED, ["success", "success", "success"]),
        (world::FLEET_TAG_RUNNING, ["success", "success", "running"]),
        (world::FLEET_TAG_FAILED, ["success", "success", "failed"]),
    ] {
        let found: Vec<_> = jobs
            .iter()
            .filter(|job| job["tag"] == tag)
            .map(|job| job["status"].as_str().unwrap())
            .collect();
        assert_eq!(found, expected, "{tag}");
    }
}

#[test]
fn no_id_is_given_twice() {
    let world = world();
    let mut seen = BTreeSet::new();
    let mut once = |kind: &'static str, id: i64| assert!(seen.insert((kind, id)), "{kind} {id}");
    let instances = world.enterprise.instances.values();
    let instances = instances.filter(|own| own.record["id"] == world::huaweicloud::INSTANCE_ID);
    let namespaces = instances.flat_map(|own| own.namespaces.values());
    let mut repositories = Vec::new();
    for namespace in namespaces {
        once("namespace", namespace.id);
        repositories.extend(namespace.repositories.values().map(Arc::as_ref));
    }
    for organization in world.basic.organizations.values() {
        once("organization", organization.id);
        for repository in organization.repositories.values() {
            repositories.push(&repository.own);
            for rule in &repository.rules {
                once("rule", rule["id"].as_i64().unwrap());
            }
            for job in &repository.jobs {
                once("job", job.record["id"].as_i64().unwrap());
            }
        }
    }
    for repository in repositories {
        once("repository", repository.id);
        for image in repository.images.values() {
            once("image", image.id);
        }
        for tag in repository.tags.values() {
            once("tag", tag.id);
        }
    }
}
