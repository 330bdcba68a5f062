//! Fleet of the Enterprise edition: invented tasks and their images.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::World;
use crate::fleet::{self, Era, Made};
use crate::sides::huaweicloud::enterprise::cleaning::{Cleaning, Sweeps};
use crate::sides::huaweicloud::enterprise::copies::{Execution, Tasks, document};
use crate::sides::huaweicloud::enterprise::fixed::{Fixed, Parts};
use crate::sides::huaweicloud::enterprise::{Instance, Namespace};
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::images::{Pushed, Repository};
use crate::sides::huaweicloud::words;
use crate::spec::Spec;
use crate::world::huaweicloud::{self, FLEET_RETENTION_NAMESPACE};
use crate::world::{
    FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, FLEET_TAG_ARRIVED, FLEET_TAG_FAILED,
    FLEET_TAG_RUNNING,
};

/// Fleet and examples. They are the same at every start of a day and slow to make. Large parts are
/// shared until they change, so that a copy is cheap.
static START: Made<World> = Made::none();

/// Images and ids for the fleet's work.
struct Ground {
    /// Ids after those of the fleet.
    ids: Ids,
    namespaces: BTreeMap<String, Namespace>,
    /// Namespaces of the other instance.
    arrived: BTreeMap<String, Namespace>,
}

impl World {
    /// Returns a world that has the fleet and the examples.
    pub(super) fn at_start(swr: &Spec, era: Era) -> Self {
        START.or_make(era, || {
            let mut world = Self::made(era);
            // Cannot fail, because the start of the sandbox has tried it.
            let _ = world.add_examples(swr);
            world
        })
    }

    fn made(era: Era) -> Self {
        let ground = Ground::made(era);
        let mut world = Self {
            ids: ground.ids,
            ..Self::default()
        };
        world.add_work(era, ground.namespaces, ground.arrived);
        world.add_basic_fleet(era);
        world
    }

    fn add_work(
        &mut self,
        era: Era,
        namespaces: BTreeMap<String, Namespace>,
        arrived: BTreeMap<String, Namespace>,
    ) {
        let instances = &mut self.enterprise.instances;
        let target = instances.entry(huaweicloud::TARGET_INSTANCE_ID.to_owned());
        target.or_default().namespaces = arrived;
        let own = instances.entry(huaweicloud::INSTANCE_ID.to_owned());
        let own = own.or_default();
        own.namespaces = namespaces;
        own.add_policies(era);
        own.executions.insert(
            huaweicloud::FLEET_REPLICATION_EXECUTION,
            Execution {
                id: huaweicloud::FLEET_REPLICATION_EXECUTION,
                policy: huaweicloud::FLEET_REPLICATION_POLICY,
                trigger: "manual".to_owned(),
                made: era.at(REPLICATION_START),
                lag: SignedDuration::ZERO,
                to: None,
                tasks: Tasks::Fixed(Fixed::new(
                    move || all(huaweicloud::FLEET_REPLICATION_TASKS, era, replication_task),
                    Parts::Made(replication_parts),
                )),
                settled: true,
                extra: Value::Null,
            },
        );
        own.cleanings.insert(
            huaweicloud::FLEET_RETENTION_EXECUTION,
            Cleaning {
                id: huaweicloud::FLEET_RETENTION_EXECUTION,
                policy: huaweicloud::FLEET_RETENTION_POLICY,
                namespace: huaweicloud::FLEET_RETENTION_NAMESPACE.to_owned(),
                dry_run: false,
                made: era.at(RETENTION_START),
                sweeps: Sweeps::Fixed(Fixed::new(
                    move || all(huaweicloud::FLEET_RETENTION_TASKS, era, retention_task),
                    Parts::Made(retention_parts),
                )),
                settled: true,
                extra: Value::Null,
            },
        );
    }
}

/// Makes this number of tasks.
fn all(count: usize, era: Era, task: fn(Era, usize) -> Value) -> Vec<Value> {
    (0..count).map(|index| task(era, index)).collect()
}

impl Ground {
    fn made(era: Era) -> Self {
        let mut ground = Self {
            ids: Ids::default(),
            namespaces: BTreeMap::new(),
            arrived: BTreeMap::new(),
        };
        let replicated = (0..huaweicloud::FLEET_REPLICATION_TASKS).map(|index| {
            let (team, service) = fleet::service(index);
            let images = copied(&format!("{team}/{service}"), index);
            (team, service.to_owned(), images)
        });
        let retained = (0..huaweicloud::FLEET_RETENTION_TASKS).map(|index| {
            let (team, service) = fleet::service(index);
            let name = format!("{team}-{service}");
            let images = copied(&format!("{FLEET_RETENTION_NAMESPACE}/{name}"), index);
            (huaweicloud::FLEET_RETENTION_NAMESPACE, name, images)
        });
        for (index, (namespace, repository, images)) in replicated.chain(retained).enumerate() {
            let made = era.at(REPLICATION_START) - SignedDuration::from_hours(24 * 30);
            let made = fleet::after(made, index as u64 * 60_000);
            for (tag, digest) in images {
                ground.push(false, namespace, &repository, &tag, digest, made);
            }
        }
        let (namespace, repository) = (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY);
        for (tag, hours, arrived) in [
            (FLEET_TAG_ARRIVED, 72, true),
            (FLEET_TAG_RUNNING, 48, false),
            (FLEET_TAG_FAILED, 24, false),
        ] {
            let made = era.at(REPLICATION_START) - SignedDuration::from_hours(hours);
            let digest = fleet::manifest_digest(&format!("{namespace}/{repository}:{tag}"));
            ground.push(false, namespace, repository, tag, digest.clone(), made);
            if arrived {
                ground.push(true, namespace, repository, tag, digest, made);
            }
        }
        ground
    }

    fn push(
        &mut self,
        has_arrived: bool,
        namespace: &str,
        repository: &str,
        tag: &str,
        digest: String,
        made: Timestamp,
    ) {
        let Self {
            ids,
            namespaces,
            arrived,
        } = self;
        let namespaces = if has_arrived { arrived } else { namespaces };
        let namespace = namespaces
            .entry(namespace.to_owned())
            .or_insert_with(|| Namespace::new(ids.next(), made));
        let repository = namespace
            .repositories
            .entry(repository.to_owned())
            .or_insert_with(|| Repository::new(ids.next(), made).into());
        let repository = Arc::make_mut(repository);
        let size = 20_000_000 + fleet::below(200_000_000, 31, repository.tags.len()).cast_signed();
        repository.push(ids, tag, &Pushed { digest, size }, made);
    }
}

impl Instance {
    /// Adds the policies of the fleet, which copy to the example's registry.
    fn add_policies(&mut self, era: Era) {
        let made = era.at(REPLICATION_START) - SignedDuration::from_hours(24);
        let teams = fleet::TEAMS.join(",");
        for (id, name, pattern, trigger) in [
            (
                huaweicloud::FLEET_REPLICATION_POLICY,
                "fleet-to-second-region",
                format!("{{{teams}}}/**"),
                "manual",
            ),
            (
                huaweicloud::FLEET_PUSH_POLICY,
                "team-on-push",
                format!("{FLEET_IMAGE_NAMESPACE}/**"),
                "event_based",
            ),
        ] {
            let policy = json!({
                "id": id,
                "name": name,
                "description": "",
                "src_registry": {"id": 0},
                "dest_registry": {"id": huaweicloud::EXAMPLE_REGISTRY},
                "dest_namespace": "",
                "filters": [{"type": "name", "value": pattern}, {"type": "tag", "value": "**"}],
                "repo_scope_mode": "regular",
                "trigger": {"type": trigger},
                "override": true,
                "enabled": true,
                "created_at": made.to_string(),
                "updated_at": made.to_string(),
            });
            self.policies.insert(id, policy);
        }
        let namespace = self.namespaces.get(huaweicloud::FLEET_RETENTION_NAMESPACE);
        let selector = |decoration: &str| json!([{"kind": "doublestar", "decoration": decoration, "pattern": "**"}]);
        let policy = json!({
            "id": huaweicloud::FLEET_RETENTION_POLICY,
            "algorithm": "or",
            "rules": [{
                "id": 22,
                "priority": 0,
                "disabled": false,
                "action": "retain",
                "template": "latestPushedK",
                "params": {"latestPushedK": 20},
                "tag_selectors": selector("matches"),
                "scope_selectors": {"repository": selector("repoMatches")},
                "repo_scope_mode": "regular",
            }],
            "trigger": {"type": "manual"},
            "enabled": true,
            "name": "keep-twenty",
            "namespace_id": namespace.map(|namespace| namespace.id),
            "namespace_name": huaweicloud::FLEET_RETENTION_NAMESPACE,
        });
        self.retentions
            .insert(huaweicloud::FLEET_RETENTION_POLICY, policy);
    }
}

fn replication_parts(task: &Value) -> Vec<Value> {
    let id = task["id"].as_i64().unwrap_or_default();
    let index = usize::try_from(id - huaweicloud::FLEET_REPLICATION_FIRST_TASK).unwrap_or_default();
    let (team, service) = fleet::service(index);
    let images = copied(&format!("{team}/{service}"), index).into_iter();
    let parts = images.zip(0..).map(|((tag, digest), number)| {
        let mut part = json!({
            "id": id * 10 + number,
            "job_id": task["job_id"],
            "namespace": team,
            "repository": service,
            "tag": tag,
            "digest": digest,
            "status": task["status"],
            "status_text": "",
        });
        for key in ["start_time", "end_time"] {
            if let Some(time) = task.get(key) {
                part[key] = time.clone();
            }
        }
        part
    });
    parts.collect()
}

fn retention_parts(task: &Value) -> Vec<Value> {
    let number = |key: &str| task[key].as_i64().unwrap_or_default();
    let (id, repository) = (number("id"), &task["repository"]);
    let gone = (0..number("total") - number("retained")).map(|index| {
        let tag = format!("v0.{index}");
        let name = format!("{FLEET_RETENTION_NAMESPACE}/{repository}:{tag}");
        json!({
            "id": id * 100 + index,
            "job_id": id,
            "namespace": huaweicloud::FLEET_RETENTION_NAMESPACE,
            "repository": repository,
            "tag": tag,
            "digest": fleet::manifest_digest(&name),
            "action": "DEL",
            "status": task["status"],
            "status_text": "",
            "op_time": task["start_time"],
        })
    });
    gone.collect()
}
/// 2026-11-16T02:00:00Z, moved by the era.
const REPLICATION_START: Timestamp = Timestamp::constant(1_794_794_400, 0);
/// 2026-11-17T01:00:00Z, moved by the era.
const RETENTION_START: Timestamp = Timestamp::constant(1_794_877_200, 0);
const TASK_STATES: [(&str, u64); 6] = [
    ("Succeed", 82),
    ("Failed", 6),
    ("InProgress", 4),
    ("Pending", 3),
    ("Initialized", 2),
    ("Stopped", 3),
];

/// Returns start and end of an Enterprise task, if its state has them.
fn times(
    start: Timestamp,
    milliseconds: u64,
    status: &str,
) -> (Option<Timestamp>, Option<Timestamp>) {
    match status {
        "Pending" | "Initialized" => (None, None),
        "InProgress" => (Some(start), None),
        _ => (Some(start), Some(fleet::after(start, milliseconds))),
    }
}

fn replication_task(era: Era, index: usize) -> Value {
    let (team, service) = fleet::service(index);
    let repository = format!("{team}/{service}");
    let status = fleet::weighted(&TASK_STATES, 1, index);
    let made = fleet::after(
        era.at(REPLICATION_START),
        index as u64 * 6_000 + fleet::below(6_000, 2, index),
    );
    let (start, end) = times(made, 4_000 + fleet::below(240_000, 3, index), status);
    let images = copied(&repository, index);
    let artifacts: Vec<_> = images
        .iter()
        .map(|(tag, digest)| (digest.as_str(), tag.as_str()))
        .collect();
    let resource = |overwrite: bool| {
        // Every fourth has Harbor's short form, which a client must read as well.
        if index % 4 == 3 {
            format!("{repository} [{} item(s) in total]", images.len())
        } else {
            document(&repository, &artifacts, overwrite).to_string()
        }
    };
    let mut task = json!({
        "id": huaweicloud::FLEET_REPLICATION_FIRST_TASK + index as i64,
        "execution_id": huaweicloud::FLEET_REPLICATION_EXECUTION,
        "resource_type": "artifact",
        "src_resource": resource(false),
        "dst_resource": resource(true),
        "operation": "copy",
        "job_id": fleet::hex_id(&format!("replication {index}"), 24),
        "status": status,
        "StatusRevision": end.or(start).unwrap_or(made).as_second(),
    });
    words::add_times(&mut task, start, end);
    task
}

/// Returns tag and digest of the images that a task of the fleet copies.
fn copied(repository: &str, index: usize) -> Vec<(String, String)> {
    let images = 1 + fleet::below(3, 4, index) as usize;
    let image = |image: usize| {
        let tag = format!("v{}", 40 + index % 9 + image);
        let digest = fleet::manifest_digest(&format!("{repository}:{tag}"));
        (tag, digest)
    };
    (0..images).map(image).collect()
}

fn retention_task(era: Era, index: usize) -> Value {
    let (team, service) = fleet::service(index);
    let status = fleet::weighted(&TASK_STATES, 11, index);
    let made = fleet::after(era.at(RETENTION_START), index as u64 * 3_000);
    let (start, end) = times(made, 1_000 + fleet::below(30_000, 12, index), status);
    let versions = if status == "Succeed" {
        1 + fleet::below(80, 13, index)
    } else {
        0
    };
    let mut task = json!({
        "id": huaweicloud::FLEET_RETENTION_FIRST_TASK + index as i64,
        "execution_id": huaweicloud::FLEET_RETENTION_EXECUTION,
        "repository": format!("{team}-{service}"),
        "job_id": fleet::hex_id(&format!("retention {index}"), 24),
        "status": status,
        "status_code": words::code(status),
        "status_revision": end.or(start).unwrap_or(made).as_second(),
        "total": versions,
        "retained": versions.min(1 + fleet::below(20, 14, index)),
    });
    words::add_times(&mut task, start, end);
    task
}
