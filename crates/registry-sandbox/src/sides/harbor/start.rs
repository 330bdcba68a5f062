//! World at the start: the examples of the spec, and invented records around them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::executions::{Execution, FixedTask, Lag, Work};
use super::hooks::Delivery;
use super::images::{Artifact, Content, Holding, Project, Repository, Tag};
use super::names::{
    EXAMPLE_EXECUTION, EXAMPLE_POLICY, EXAMPLE_PROJECT, EXAMPLE_PROJECT_ID, EXAMPLE_REGISTRY,
    EXAMPLE_REPOSITORY, EXAMPLE_RETENTION, EXAMPLE_RETENTION_EXECUTION, EXAMPLE_ROBOT, EXAMPLE_TAG,
    EXAMPLE_TASK, EXAMPLE_WEBHOOK, FLEET_EXECUTION, FLEET_POLICY, LOST_REGISTRY, MIRROR_TYPE,
    PROXY_PROJECT, PUBLIC_PROJECT, PULL_POLICY, PUSH_POLICIES, REGISTRY, TARGET_IDS, TARGETS,
};
use super::retention::{self, Cleaning};
use super::times;
use super::world::{INTERNAL_URL, World, url_of};
use crate::fleet::{Era, TEAMS};
use crate::spec::{Spec, SpecError};
use crate::world::{
    FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, FLEET_TAG_ARRIVED, FLEET_TAG_FAILED,
    FLEET_TAG_RUNNING,
};

/// When the invented records were made, before the era of the sandbox moves it.
const MADE: Timestamp = Timestamp::constant(1_793_599_200, 0);

/// Returns the world of a sandbox that starts at `now`.
pub(super) fn world(spec: &Spec, now: Timestamp) -> Result<World, SpecError> {
    let mut world = World::default();
    let made = Era::of(now).at(MADE);
    for place in [REGISTRY.id()].iter().chain(&TARGETS) {
        world
            .holdings
            .insert((*place).to_owned(), Holding::default());
    }
    add_registries(&mut world, spec, made)?;
    add_images(&mut world, spec, made)?;
    add_policies(&mut world, spec, made)?;
    add_execution(&mut world, spec)?;
    add_fleet(&mut world, made);
    add_retention(&mut world, spec)?;
    add_webhook(&mut world, spec)?;
    let robot = &spec.operation("GetRobotByID")?.example;
    world
        .robots
        .insert(EXAMPLE_ROBOT, (robot.clone(), String::new()));
    Ok(world)
}

fn add_registries(world: &mut World, spec: &Spec, made: Timestamp) -> Result<(), SpecError> {
    let example = &spec.operation("getRegistry")?.example;
    for (id, name) in TARGET_IDS.into_iter().zip(TARGETS) {
        let mut record = example.clone();
        if id != EXAMPLE_REGISTRY {
            let kind = match TARGETS.last() {
                Some(last) if *last == name => MIRROR_TYPE,
                _ => "harbor",
            };
            record = json!({
                "id": id,
                "name": name,
                "url": url_of(name),
                "type": kind,
                "insecure": false,
                "status": "healthy",
                "credential": {
                    "type": "basic",
                    "access_key": "robot$copy",
                    "access_secret": "*****",
                },
                "description": "",
                "ca_certificate": "",
                "creation_time": times::text(made),
                "update_time": times::text(made),
            });
        }
        world.registries.insert(id, record);
    }
    let lost = json!({
        "id": LOST_REGISTRY,
        "name": "lost-site",
        "url": url_of("lost-site"),
        "type": "harbor",
        "insecure": false,
        "status": "unhealthy",
        "credential": {"type": "basic", "access_key": "robot$copy", "access_secret": "*****"},
        "description": "",
        "ca_certificate": "",
        "creation_time": times::text(made),
        "update_time": times::text(made),
    });
    world.registries.insert(LOST_REGISTRY, lost);
    Ok(())
}

fn add_images(world: &mut World, spec: &Spec, made: Timestamp) -> Result<(), SpecError> {
    let World { ids, holdings, .. } = world;
    let mut put = |place: &str, name: (&str, &str), tag: &str, after: i64| {
        let content = Content::of(&format!("{}/{}:{tag}", name.0, name.1));
        let at = made + SignedDuration::from_hours(after);
        let held = holdings.entry(place.to_owned()).or_default();
        held.put(ids, name, Some(tag), &content, at);
    };
    let image = (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY);
    let tags = [FLEET_TAG_ARRIVED, FLEET_TAG_RUNNING, FLEET_TAG_FAILED];
    let [north, south, _, mirror] = TARGETS;
    for (number, tag) in (1..).zip(tags) {
        for place in [REGISTRY.id(), north, south] {
            put(place, image, tag, number);
        }
    }
    put(mirror, image, FLEET_TAG_ARRIVED, 1);
    for tag in ["1.27", "stable"] {
        put(REGISTRY.id(), (PUBLIC_PROJECT, "nginx"), tag, 0);
    }
    for place in [north, south] {
        let project = Project {
            registry: Some(1),
            ..Project::new(ids.next("project"), made)
        };
        let held = holdings.entry(place.to_owned()).or_default();
        held.projects.insert(PROXY_PROJECT.to_owned(), project);
    }
    let local = holdings.entry(REGISTRY.id().to_owned()).or_default();
    if let Some(public) = local.projects.get_mut(PUBLIC_PROJECT) {
        public.id = 1;
        public
            .metadata
            .insert("public".to_owned(), "true".to_owned());
    }
    if let Some(project) = local.projects.get_mut(EXAMPLE_PROJECT) {
        add_example(project, spec)?;
    }
    Ok(())
}

/// Adds the project, the repository and the artifact of the examples.
fn add_example(project: &mut Project, spec: &Spec) -> Result<(), SpecError> {
    let example = |id: &str| Ok::<_, SpecError>(&spec.operation(id)?.example);
    let own = example("getProject")?;
    project.id = EXAMPLE_PROJECT_ID;
    project.created = time(own, "creation_time")?;
    project.updated = time(own, "update_time")?;
    project.extra = without(own, &["metadata", "repo_count"]);
    let metadata = own["metadata"].as_object().into_iter().flatten();
    for (key, value) in metadata {
        let value = value.as_str().unwrap_or_default();
        project.metadata.insert(key.clone(), value.to_owned());
    }
    let own = example("getRepository")?;
    let mut repository = Repository::new(number(own, "id")?, time(own, "creation_time")?);
    repository.extra = without(own, &["artifact_count"]);
    let own = example("getArtifact")?;
    let digest = text(own, "digest")?;
    let artifact = Artifact {
        id: number(own, "id")?,
        size: number(own, "size")?,
        pushed: time(own, "push_time")?,
        labels: own["labels"].as_array().cloned().unwrap_or_default(),
        extra: without(own, &["tags", "labels"]),
    };
    repository.artifacts.insert(digest.to_owned(), artifact);
    let own = &example("listTags")?[0];
    let tag = Tag {
        id: number(own, "id")?,
        pushed: time(own, "push_time")?,
        digest: digest.to_owned(),
        extra: own.clone(),
    };
    repository.tags.insert(EXAMPLE_TAG.to_owned(), tag);
    let name = EXAMPLE_REPOSITORY.to_owned();
    project.repositories.insert(name, repository);
    Ok(())
}

fn add_policies(world: &mut World, spec: &Spec, made: Timestamp) -> Result<(), SpecError> {
    let example = &spec.operation("getReplicationPolicy")?.example;
    world.policies.insert(EXAMPLE_POLICY, example.clone());
    let local = local_registry();
    let made = times::text(made);
    let mut add = |id: i64, name: &str, ends: (&Value, &Value), image: &str, trigger: &str| {
        let (from, to) = ends;
        let policy = json!({
            "id": id,
            "name": name,
            "description": "",
            "src_registry": from,
            "dest_registry": to,
            "dest_namespace": "",
            "dest_namespace_replace_count": -1,
            "trigger": {"type": trigger, "trigger_settings": {"cron": ""}},
            "filters": [{"type": "name", "value": image}],
            "replicate_deletion": false,
            "deletion": false,
            "override": true,
            "enabled": true,
            "speed": 0,
            "copy_by_chunk": false,
            "single_active_replication": false,
            "creation_time": made,
            "update_time": made,
        });
        world.policies.insert(id, policy);
    };
    let image = format!("{FLEET_IMAGE_NAMESPACE}/{FLEET_IMAGE_REPOSITORY}");
    let registry = |index: usize| world.registries.get(&TARGET_IDS[index]).cloned();
    for (id, index) in PUSH_POLICIES.into_iter().zip([0, 1, 3]) {
        let target = registry(index).unwrap_or_default();
        let name = format!("push-to-{}", TARGETS[index]);
        add(id, &name, (&local, &target), &image, "event_based");
    }
    let target = registry(1).unwrap_or_default();
    let name = format!("pull-from-{}", TARGETS[1]);
    add(PULL_POLICY, &name, (&target, &local), &image, "manual");
    let target = registry(0).unwrap_or_default();
    let teams = format!("{{{}}}/**", TEAMS.join(","));
    add(FLEET_POLICY, "fleet", (&local, &target), &teams, "manual");
    Ok(())
}

fn add_execution(world: &mut World, spec: &Spec) -> Result<(), SpecError> {
    let record = spec.operation("getReplicationExecution")?.example.clone();
    let tasks = &spec.operation("listReplicationTasks")?.example;
    let log = &spec.operation("getReplicationLog")?.example;
    let made = time(&record, "start_time")?;
    let tasks = tasks.as_array().into_iter().flatten();
    let tasks = tasks.map(|task| FixedTask {
        log: (task["id"] == EXAMPLE_TASK).then(|| log.as_str().unwrap_or_default().to_owned()),
        record: task.clone(),
    });
    let execution = Execution {
        id: EXAMPLE_EXECUTION,
        policy: EXAMPLE_POLICY,
        trigger: "scheduled",
        made,
        begins: made,
        lag: Lag::Refreshed,
        stopped: None,
        work: Work::Fixed {
            tasks: tasks.collect(),
            record,
        },
        settled: true,
    };
    world.executions.insert(EXAMPLE_EXECUTION, execution);
    Ok(())
}

/// Adds the execution of the fleet.
fn add_fleet(world: &mut World, made: Timestamp) {
    let execution = Execution {
        id: FLEET_EXECUTION,
        policy: FLEET_POLICY,
        trigger: "manual",
        made,
        begins: made,
        lag: Lag::Refreshed,
        stopped: None,
        work: Work::Fleet,
        settled: true,
    };
    world.executions.insert(FLEET_EXECUTION, execution);
}

fn add_retention(world: &mut World, spec: &Spec) -> Result<(), SpecError> {
    let policy = spec.operation("getRetention")?.example.clone();
    world.retentions.insert(EXAMPLE_RETENTION, policy);
    let record = spec.operation("listRetentionExecutions")?.example[0].clone();
    let tasks = spec.operation("listRetentionTasks")?.example.clone();
    let log = &spec.operation("getRetentionTaskLog")?.example;
    let cleaning = Cleaning {
        id: EXAMPLE_RETENTION_EXECUTION,
        policy: EXAMPLE_RETENTION,
        trigger: "MANUAL",
        made: time(&record, "start_time")?,
        is_trial: false,
        lag: Lag::Refreshed,
        stopped: false,
        work: retention::Work::Fixed {
            record,
            tasks,
            log: log.as_str().unwrap_or_default().to_owned(),
        },
        settled: true,
    };
    world
        .cleanings
        .insert(EXAMPLE_RETENTION_EXECUTION, cleaning);
    Ok(())
}

fn add_webhook(world: &mut World, spec: &Spec) -> Result<(), SpecError> {
    let policy = spec.operation("GetWebhookPolicyOfProject")?.example.clone();
    world.webhooks.insert(EXAMPLE_WEBHOOK, policy);
    let example = |id: &str| Ok::<_, SpecError>(spec.operation(id)?.example[0].clone());
    let task_record = example("ListTasksOfWebhookExecution")?;
    let log = &spec.operation("GetLogsOfWebhookTask")?.example;
    let job = example("ListWebhookJobs")?;
    world.deliveries.push(Delivery {
        id: number(&job, "id")?,
        policy: EXAMPLE_WEBHOOK,
        task: number(&task_record, "id")?,
        job,
        execution: example("ListExecutionsOfWebhookPolicy")?,
        task_record,
        log: log.as_str().unwrap_or_default().to_owned(),
    });
    Ok(())
}

/// Returns the record of the Harbor itself in policies.
pub(super) fn local_registry() -> Value {
    json!({
        "id": 0,
        "name": "Local",
        "type": "harbor",
        "url": INTERNAL_URL,
        "insecure": true,
        "status": "healthy",
        "credential": {"type": "secret", "access_secret": "*****"},
    })
}

fn without(record: &Value, keys: &[&str]) -> Value {
    let mut record = record.clone();
    if let Some(fields) = record.as_object_mut() {
        fields.retain(|key, _| !keys.contains(&key.as_str()));
    }
    record
}

fn misfit(key: &str) -> SpecError {
    SpecError::new(format!("an example has no {key}"))
}

fn text<'a>(record: &'a Value, key: &str) -> Result<&'a str, SpecError> {
    record[key].as_str().ok_or_else(|| misfit(key))
}

fn number(record: &Value, key: &str) -> Result<i64, SpecError> {
    record[key].as_i64().ok_or_else(|| misfit(key))
}

fn time(record: &Value, key: &str) -> Result<Timestamp, SpecError> {
    text(record, key)?.parse().map_err(|_| misfit(key))
}
