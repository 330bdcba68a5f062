//! What the Huawei side holds: the examples of the specs, and a fleet.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fleet;
use crate::spec::{Operation, Spec, SpecError};
use crate::world::{
    FLEET_BASIC_JOBS, FLEET_BASIC_NAMESPACE, FLEET_BASIC_NESTED_REPOSITORY, FLEET_BASIC_REGIONS,
    FLEET_BASIC_REPOSITORY, FLEET_REPLICATION_EXECUTION, FLEET_REPLICATION_FIRST_TASK,
    FLEET_REPLICATION_TASKS, FLEET_RETENTION_EXECUTION, FLEET_RETENTION_FIRST_TASK,
    FLEET_RETENTION_NAMESPACE, FLEET_RETENTION_POLICY, FLEET_RETENTION_TASKS, FLEET_TAG_ARRIVED,
    FLEET_TAG_FAILED, FLEET_TAG_RUNNING, HUAWEICLOUD_PROJECT_ID, HUAWEICLOUD_REGION, IAM_DOMAIN,
    IAM_DOMAIN_ID, IAM_USER, IAM_USER_ID,
};

/// Tasks of each execution.
type Executions = BTreeMap<i64, Vec<Value>>;

#[derive(Debug)]
pub(super) struct World {
    pub(super) replication: Executions,
    /// By namespace, then policy.
    pub(super) retention: BTreeMap<String, BTreeMap<i64, Executions>>,
    /// By organization, then repository.
    pub(super) basic: BTreeMap<String, BTreeMap<String, BasicRepository>>,
    pub(super) projects: Vec<Value>,
}

#[derive(Debug, Default)]
pub(super) struct BasicRepository {
    pub(super) rules: Vec<Value>,
    /// Oldest first.
    pub(super) jobs: Vec<Value>,
}

impl World {
    pub(super) fn new(swr: &Spec, iam: &Spec, endpoint: &str) -> Result<Self, SpecError> {
        let mut world = Self {
            replication: BTreeMap::new(),
            retention: BTreeMap::new(),
            basic: BTreeMap::new(),
            projects: projects(iam, endpoint)?,
        };
        world.add_examples(swr)?;
        world.add_fleet();
        Ok(world)
    }

    fn add_examples(&mut self, swr: &Spec) -> Result<(), SpecError> {
        let replication = swr.operation("ListInstanceReplicationPolicyExecTasks")?;
        for task in records(&replication.example["tasks"]) {
            let execution = task["execution_id"].as_i64().unwrap_or_default();
            self.replication.entry(execution).or_default().push(task);
        }
        let retention = swr.operation("ListInstanceRetentionPolicyExecTasks")?;
        let namespace = example(retention, "namespace_name");
        let policy = example(retention, "policy_id");
        for task in records(&retention.example["tasks"]) {
            self.retention
                .entry(namespace.as_str().unwrap_or_default().to_owned())
                .or_default()
                .entry(policy.as_i64().unwrap_or_default())
                .or_default()
                .entry(task["execution_id"].as_i64().unwrap_or_default())
                .or_default()
                .push(task);
        }
        let rules = swr.operation("ListImageAutoSyncReposDetails")?;
        for rule in records(&rules.example) {
            self.repository_of(&rule).rules.push(rule);
        }
        let jobs = swr.operation("ShowSyncJob")?;
        for job in records(&jobs.example) {
            self.repository_of(&job).jobs.push(job);
        }
        Ok(())
    }

    fn add_fleet(&mut self) {
        // The same at every start, and slow to make: made once.
        static REPLICATION: LazyLock<Vec<Value>> =
            LazyLock::new(|| (0..FLEET_REPLICATION_TASKS).map(replication_task).collect());
        static RETENTION: LazyLock<Vec<Value>> =
            LazyLock::new(|| (0..FLEET_RETENTION_TASKS).map(retention_task).collect());
        static JOBS: LazyLock<Vec<Value>> = LazyLock::new(|| {
            let nested = (0..12).map(nested_sync_job);
            (0..FLEET_BASIC_JOBS).map(sync_job).chain(nested).collect()
        });
        self.replication
            .insert(FLEET_REPLICATION_EXECUTION, REPLICATION.clone());
        self.retention
            .entry(FLEET_RETENTION_NAMESPACE.to_owned())
            .or_default()
            .entry(FLEET_RETENTION_POLICY)
            .or_default()
            .insert(FLEET_RETENTION_EXECUTION, RETENTION.clone());
        for (index, region) in FLEET_BASIC_REGIONS.iter().enumerate() {
            let rule = sync_rule(101 + index, FLEET_BASIC_REPOSITORY, region);
            self.repository_of(&rule).rules.push(rule);
        }
        let rule = sync_rule(111, FLEET_BASIC_NESTED_REPOSITORY, FLEET_BASIC_REGIONS[0]);
        self.repository_of(&rule).rules.push(rule);
        for job in JOBS.iter() {
            self.repository_of(job).jobs.push(job.clone());
        }
    }

    /// The repository that a rule or a job belongs to.
    fn repository_of(&mut self, record: &Value) -> &mut BasicRepository {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        self.basic
            .entry(text("namespace"))
            .or_default()
            .entry(text("repoName"))
            .or_default()
    }
}

fn records(example: &Value) -> Vec<Value> {
    example.as_array().cloned().unwrap_or_default()
}

fn example(operation: &Operation, parameter: &str) -> Value {
    operation
        .parameter(parameter)
        .and_then(|parameter| parameter.example.clone())
        .unwrap_or_default()
}

/// The sandbox's project in the form of the spec's example, and two more to page through.
fn projects(iam: &Spec, endpoint: &str) -> Result<Vec<Value>, SpecError> {
    let example = &iam.operation("KeystoneListProjects")?.example["projects"][0];
    let other = |end: &str| format!("5a9db0c5a9db0c5a9db0c5a9db0c{end}");
    let projects = [
        (HUAWEICLOUD_PROJECT_ID.to_owned(), HUAWEICLOUD_REGION, true),
        (other("0002"), "cn-east-3", true),
        (other("0003"), "ap-southeast-3", false),
    ];
    let project = |(id, name, enabled): (String, &str, bool)| {
        let mut project = example.clone();
        project["links"]["self"] = Value::from(format!("{endpoint}/v3/projects/{id}"));
        project["id"] = Value::from(id);
        project["name"] = Value::from(name);
        project["enabled"] = Value::from(enabled);
        project["domain_id"] = Value::from(IAM_DOMAIN_ID);
        project["parent_id"] = Value::from(IAM_DOMAIN_ID);
        project
    };
    Ok(projects.into_iter().map(project).collect())
}

/// 2026-11-16T02:00:00Z
const REPLICATION_START: Timestamp = Timestamp::constant(1_794_794_400, 0);
/// 2026-11-17T01:00:00Z
const RETENTION_START: Timestamp = Timestamp::constant(1_794_877_200, 0);
/// 2026-11-02T06:00:00Z
const BASIC_START: Timestamp = Timestamp::constant(1_793_599_200, 0);

const TASK_STATES: [(&str, u64); 6] = [
    ("Succeed", 82),
    ("Failed", 6),
    ("InProgress", 4),
    ("Pending", 3),
    ("Initialized", 2),
    ("Stopped", 3),
];

/// Start and end of an Enterprise task, as far as its state has them.
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

fn add_times(task: &mut Value, start: Option<Timestamp>, end: Option<Timestamp>) {
    for (key, time) in [("start_time", start), ("end_time", end)] {
        if let Some(time) = time {
            task[key] = Value::from(time.to_string());
        }
    }
}

fn replication_task(index: usize) -> Value {
    let (team, service) = fleet::service(index);
    let repository = format!("{team}/{service}");
    let status = fleet::weighted(&TASK_STATES, 1, index);
    let made = fleet::after(
        REPLICATION_START,
        index as u64 * 6_000 + fleet::below(6_000, 2, index),
    );
    let (start, end) = times(made, 4_000 + fleet::below(240_000, 3, index), status);
    let images = 1 + fleet::below(3, 4, index) as usize;
    let resource = |overwrite: bool| {
        // Every fourth in Harbor's short form, which a client has to read as well.
        if index % 4 == 3 {
            format!("{repository} [{images} item(s) in total]")
        } else {
            resource(&repository, index, images, overwrite).to_string()
        }
    };
    let mut task = json!({
        "id": FLEET_REPLICATION_FIRST_TASK + index as i64,
        "execution_id": FLEET_REPLICATION_EXECUTION,
        "resource_type": "artifact",
        "src_resource": resource(false),
        "dst_resource": resource(true),
        "operation": "copy",
        "job_id": fleet::hex_id(&format!("replication {index}"), 24),
        "status": status,
        "StatusRevision": end.or(start).unwrap_or(made).as_second(),
    });
    add_times(&mut task, start, end);
    task
}

/// The document that the vendor's example has in `src_resource` and `dst_resource`.
fn resource(repository: &str, index: usize, images: usize, overwrite: bool) -> Value {
    let artifact = |image: usize| {
        let tag = format!("v{}", 40 + index % 9 + image);
        json!({
            "type": "IMAGE",
            "digest": fleet::manifest_digest(&format!("{repository}:{tag}")),
            "labels": null,
            "tags": [tag],
        })
    };
    json!({
        "type": "artifact",
        "metadata": {
            "repository": {
                "name": repository,
                "metadata": {
                    "auto_scan": "true",
                    "enable_content_trust": "false",
                    "prevent_vul": "false",
                    "public": "false",
                    "severity": "low",
                },
            },
            "artifacts": (0..images).map(artifact).collect::<Vec<_>>(),
            "v_tags": null,
        },
        "registry": null,
        "extended_info": null,
        "deleted": false,
        "is_delete_tag": false,
        "override": overwrite,
    })
}

fn retention_task(index: usize) -> Value {
    let (team, service) = fleet::service(index);
    let status = fleet::weighted(&TASK_STATES, 11, index);
    let made = fleet::after(RETENTION_START, index as u64 * 3_000);
    let (start, end) = times(made, 1_000 + fleet::below(30_000, 12, index), status);
    let versions = if status == "Succeed" {
        1 + fleet::below(80, 13, index)
    } else {
        0
    };
    let mut task = json!({
        "id": FLEET_RETENTION_FIRST_TASK + index as i64,
        "execution_id": FLEET_RETENTION_EXECUTION,
        "repository": format!("{team}-{service}"),
        "job_id": fleet::hex_id(&format!("retention {index}"), 24),
        "status": status,
        "status_code": match status {
            "Initialized" | "Pending" => 0,
            "InProgress" => 2,
            _ => 3,
        },
        "status_revision": end.or(start).unwrap_or(made).as_second(),
        "total": versions,
        "retained": versions.min(1 + fleet::below(20, 14, index)),
    });
    add_times(&mut task, start, end);
    task
}

fn sync_rule(id: usize, repository: &str, region: &str) -> Value {
    let made = fleet::after(BASIC_START, (id as u64 - 101) * 1_234).to_string();
    json!({
        "createdAt": made,
        "domainID": IAM_DOMAIN_ID,
        "domainName": IAM_DOMAIN,
        "id": id,
        "namespace": FLEET_BASIC_NAMESPACE,
        "override": true,
        "remoteNamespace": FLEET_BASIC_NAMESPACE,
        "remoteRegionId": region,
        "repoName": repository,
        "syncAuto": true,
        "updatedAt": made,
    })
}

const ENDED_JOB_STATES: [(&str, u64); 5] = [
    ("success", 84),
    ("existed", 6),
    ("failed", 5),
    ("timeout", 3),
    ("cancel", 2),
];
const RECENT_JOB_STATES: [(&str, u64); 7] = [
    ("success", 60),
    ("running", 10),
    ("waiting", 10),
    ("existed", 8),
    ("failed", 6),
    ("timeout", 3),
    ("cancel", 3),
];

/// A job of `team/api`: each tag goes to each region.
fn sync_job(index: usize) -> Value {
    let regions = FLEET_BASIC_REGIONS.len();
    let tags = FLEET_BASIC_JOBS.div_ceil(regions);
    let (number, region) = (index / regions, index % regions);
    let tag = fleet::release(number, tags);
    let last = region + 1 == regions;
    let status = match tag.as_str() {
        FLEET_TAG_RUNNING if last => "running",
        FLEET_TAG_FAILED if last => "failed",
        FLEET_TAG_ARRIVED | FLEET_TAG_RUNNING | FLEET_TAG_FAILED => "success",
        // A job that has not ended is one of the last week.
        _ if number * 10 > tags * 9 => fleet::weighted(&RECENT_JOB_STATES, 21, index),
        _ => fleet::weighted(&ENDED_JOB_STATES, 22, index),
    };
    let made = number as u64 * 9_900_000 + region as u64 * 150;
    job(
        9_001 + index,
        FLEET_BASIC_REPOSITORY,
        &tag,
        FLEET_BASIC_REGIONS[region],
        status,
        made,
    )
}

fn nested_sync_job(index: usize) -> Value {
    let tag = format!("2026.11.{}", 2 + index);
    let made = index as u64 * 86_400_000;
    let repository = FLEET_BASIC_NESTED_REPOSITORY;
    job(
        12_001 + index,
        repository,
        &tag,
        FLEET_BASIC_REGIONS[0],
        "success",
        made,
    )
}

fn job(id: usize, repository: &str, tag: &str, region: &str, status: &str, made: u64) -> Value {
    let lasted = match status {
        "waiting" => 0,
        "existed" => 400,
        "timeout" => 3_600_000,
        _ => 2_000 + fleet::below(90_000, 23, id),
    };
    json!({
        "createdAt": fleet::after(BASIC_START, made).to_string(),
        "domainID": IAM_DOMAIN_ID,
        "domainName": IAM_DOMAIN,
        "id": id,
        "namespace": FLEET_BASIC_NAMESPACE,
        "override": true,
        "remoteNamespace": FLEET_BASIC_NAMESPACE,
        "remoteRegionId": region,
        "repoName": repository,
        "status": status,
        "syncOperatorId": IAM_USER_ID,
        "syncOperatorName": IAM_USER,
        "tag": tag,
        "updatedAt": fleet::after(BASIC_START, made + lasted).to_string(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::spec::Specs;
    use crate::world;
    use std::collections::BTreeSet;

    fn world() -> World {
        let specs = Specs::read().unwrap();
        World::new(&specs.swr, &specs.iam, "http://127.0.0.1:1").unwrap()
    }

    fn states(records: &[Value]) -> BTreeSet<String> {
        let states = records.iter().map(|record| record["status"].as_str());
        states.map(|state| state.unwrap().to_owned()).collect()
    }

    fn listed(schema: &str) -> BTreeSet<String> {
        let swr = Specs::read().unwrap().swr;
        swr.values(schema).unwrap().into_iter().collect()
    }

    #[test]
    fn examples_are_where_their_constants_say() {
        let world = world();
        let replication = &world.replication[&world::EXAMPLE_REPLICATION_EXECUTION];
        assert_eq!(replication.len(), 1);
        assert_eq!(replication[0]["id"], 1927);
        assert_eq!(replication[0].get("dst_resource"), None);
        let retention = &world.retention[world::EXAMPLE_RETENTION_NAMESPACE]
            [&world::EXAMPLE_RETENTION_POLICY][&world::EXAMPLE_RETENTION_EXECUTION];
        assert_eq!(retention.len(), 1);
        assert_eq!(retention[0]["id"], 2439);
        let basic = &world.basic[world::EXAMPLE_BASIC_NAMESPACE];
        let rules = &basic[world::EXAMPLE_BASIC_RULE_REPOSITORY].rules;
        assert_eq!((rules.len(), &rules[0]["id"]), (1, &Value::from(45)));
        let jobs = &basic[world::EXAMPLE_BASIC_JOB_REPOSITORY].jobs;
        assert_eq!((jobs.len(), &jobs[0]["tag"]), (1, &Value::from("8")));
    }

    #[test]
    fn fleet_has_every_state_and_plausible_times() {
        let world = world();
        let replication = &world.replication[&FLEET_REPLICATION_EXECUTION];
        let retention = &world.retention[FLEET_RETENTION_NAMESPACE][&FLEET_RETENTION_POLICY]
            [&FLEET_RETENTION_EXECUTION];
        for (tasks, number) in [
            (replication, FLEET_REPLICATION_TASKS),
            (retention, FLEET_RETENTION_TASKS),
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
        let repository = &world.basic[FLEET_BASIC_NAMESPACE][FLEET_BASIC_REPOSITORY];
        assert_eq!(repository.rules.len(), 3);
        assert_eq!(repository.jobs.len(), FLEET_BASIC_JOBS);
        assert_eq!(states(&repository.jobs), listed("SyncJobStatus"));
        for job in &repository.jobs {
            let (made, changed) = (&job["createdAt"], &job["updatedAt"]);
            assert!(made.as_str().unwrap().starts_with("2026-11-"), "{job}");
            assert!(changed.as_str().unwrap().starts_with("2026-11-"), "{job}");
        }
    }

    #[test]
    fn resources_are_documents_or_the_short_form() {
        let world = world();
        let mut short = 0;
        for task in &world.replication[&FLEET_REPLICATION_EXECUTION] {
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
        assert_eq!(short, FLEET_REPLICATION_TASKS / 2);
    }

    #[test]
    fn the_watched_tags_are_in_their_states() {
        let world = world();
        let jobs = &world.basic[FLEET_BASIC_NAMESPACE][FLEET_BASIC_REPOSITORY].jobs;
        for (tag, expected) in [
            (FLEET_TAG_ARRIVED, ["success", "success", "success"]),
            (FLEET_TAG_RUNNING, ["success", "success", "running"]),
            (FLEET_TAG_FAILED, ["success", "success", "failed"]),
        ] {
            let found: Vec<_> = jobs
                .iter()
                .filter(|job| job["tag"] == tag)
                .map(|job| job["status"].as_str().unwrap())
                .collect();
            assert_eq!(found, expected, "{tag}");
        }
    }
}
