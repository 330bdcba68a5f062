//! What the Alibaba side holds: the example of the spec, and a fleet.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fleet;
use crate::spec::{Spec, SpecError};
use crate::world::{
    ALIBABACLOUD_INSTANCE_ID, FLEET_ALIBABACLOUD_INSTANCE_ID, FLEET_ALIBABACLOUD_REGIONS,
    FLEET_ALIBABACLOUD_TASKS, FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, FLEET_TAG_ARRIVED,
    FLEET_TAG_FAILED, FLEET_TAG_RUNNING,
};

/// 2026-11-02T06:00:00Z
const START: Timestamp = Timestamp::constant(1_793_599_200, 0);
const REGION: &str = "cn-hangzhou";

const ENDED_STATES: [(&str, u64); 3] = [("SUCCESS", 90), ("ERROR", 7), ("CANCELED", 3)];
const RECENT_STATES: [(&str, u64); 5] = [
    ("SUCCESS", 60),
    ("SYNCHRONIZING", 15),
    ("PENDING", 15),
    ("ERROR", 7),
    ("CANCELED", 3),
];

#[derive(Debug)]
pub(super) struct World {
    /// Tasks of each instance, newest first. The page names no order; this one is made.
    pub(super) instances: BTreeMap<String, Vec<Value>>,
}

impl World {
    pub(super) fn new(cr: &Spec) -> Result<Self, SpecError> {
        let example = &cr.operation("ListRepoSyncTask")?.example["SyncTasks"];
        let example = example.as_array().cloned().unwrap_or_default();
        let issues = cr.values("TaskIssue")?;
        // The same at every start, and slow to make: made once.
        static FLEET: OnceLock<Vec<Value>> = OnceLock::new();
        let fleet = FLEET.get_or_init(|| {
            let indices = (0..FLEET_ALIBABACLOUD_TASKS).rev();
            indices.map(|index| task(index, &issues)).collect()
        });
        Ok(Self {
            instances: BTreeMap::from([
                (ALIBABACLOUD_INSTANCE_ID.to_owned(), example),
                (FLEET_ALIBABACLOUD_INSTANCE_ID.to_owned(), fleet.clone()),
            ]),
        })
    }
}

/// Every third image is a release of `team/api`; the others are of all teams.
fn image(number: usize, images: usize) -> (&'static str, &'static str, String) {
    if number.is_multiple_of(3) {
        let tag = fleet::release(number / 3, images.div_ceil(3));
        return (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, tag);
    }
    let (team, service) = fleet::service(number);
    (
        team,
        service,
        format!("2026.11.{}-{number}", 2 + number / 20),
    )
}

fn task(index: usize, issues: &[String]) -> Value {
    let regions = FLEET_ALIBABACLOUD_REGIONS.len();
    let images = FLEET_ALIBABACLOUD_TASKS.div_ceil(regions);
    let (number, region) = (index / regions, index % regions);
    let (namespace, repository, tag) = image(number, images);
    let status = status(index, namespace, &tag, number * 10 > images * 9);
    let made = number as u64 * 4_400_000 + region as u64 * 90;
    let lasted = match status {
        "PENDING" => 0,
        _ => 3_000 + fleet::below(120_000, 31, index),
    };
    let changed = fleet::after(START, made + lasted).as_millisecond();
    let batch = fleet::hex_id(&format!("batch {number}"), 32).to_uppercase();
    let id = |kind: &str, length| fleet::hex_id(&format!("{kind} {index}"), length);
    let linked = index % 16 == 5;
    let place = |instance: &str, region: &str| {
        json!({
            "InstanceId": instance,
            "RegionId": region,
            "RepoNamespaceName": namespace,
            "RepoName": repository,
            "ImageTag": tag,
        })
    };
    let destination = FLEET_ALIBABACLOUD_REGIONS[region];
    let mut task = json!({
        "SyncTaskId": format!("rst-{}", id("task", 16)),
        "SyncRuleId": format!("crsr-{}", fleet::hex_id(&format!("rule {namespace} {region}"), 16)),
        "SyncBatchTaskId": format!(
            "{}-{}-{}-{}-{}",
            &batch[..8], &batch[8..12], &batch[12..16], &batch[16..20], &batch[20..],
        ),
        "TaskStatus": status,
        "TaskTrigger": if fleet::below(10, 32, number) == 0 { "INITIATIVE" } else { "PASSIVE" },
        "CreateTime": fleet::after(START, made).as_millisecond(),
        "ModifedTime": changed,
        "ModifiedTime": changed,
        "Priority": 1 + fleet::below(5, 33, number),
        "CrossUser": false,
        "CustomLink": linked,
        "SyncTransAccelerate": fleet::below(2, 34, number) == 0,
        "ImageFrom": place(FLEET_ALIBABACLOUD_INSTANCE_ID, REGION),
        "ImageTo": place(&format!("cri-fleet000000000{}", 2 + region), destination),
    });
    if linked {
        task["LinkId"] = Value::from(format!("crl-{}", id("link", 16)));
    }
    if status == "ERROR" && !issues.is_empty() {
        let issue = fleet::below(issues.len() as u64, 35, index) as usize;
        task["TaskIssue"] = Value::from(issues[issue].as_str());
    }
    task
}

fn status(index: usize, namespace: &str, tag: &str, recent: bool) -> &'static str {
    let last = index % FLEET_ALIBABACLOUD_REGIONS.len() + 1 == FLEET_ALIBABACLOUD_REGIONS.len();
    if namespace == FLEET_IMAGE_NAMESPACE {
        match tag {
            FLEET_TAG_RUNNING if last => return "SYNCHRONIZING",
            FLEET_TAG_FAILED if last => return "ERROR",
            FLEET_TAG_ARRIVED | FLEET_TAG_RUNNING | FLEET_TAG_FAILED => return "SUCCESS",
            _ => {}
        }
    }
    // A task that has not ended is one of the last days.
    if recent {
        fleet::weighted(&RECENT_STATES, 36, index)
    } else {
        fleet::weighted(&ENDED_STATES, 37, index)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::spec::Specs;
    use std::collections::BTreeSet;

    fn world() -> World {
        World::new(&Specs::read().unwrap().cr).unwrap()
    }

    #[test]
    fn the_example_is_alone_in_its_instance() {
        let tasks = &world().instances[ALIBABACLOUD_INSTANCE_ID];
        assert_eq!(tasks.len(), 1);
        assert_eq!(tasks[0]["SyncTaskId"], "rst-4kfd7fk6pohk****");
    }

    #[test]
    fn fleet_has_every_state_and_plausible_fields() {
        let tasks = &world().instances[FLEET_ALIBABACLOUD_INSTANCE_ID];
        assert_eq!(tasks.len(), FLEET_ALIBABACLOUD_TASKS);
        let ids: BTreeSet<_> = tasks
            .iter()
            .map(|task| task["SyncTaskId"].as_str())
            .collect();
        assert_eq!(ids.len(), tasks.len());
        let cr = Specs::read().unwrap().cr;
        for key in ["TaskStatus", "TaskIssue", "TaskTrigger"] {
            let found: BTreeSet<_> = tasks.iter().filter_map(|task| task[key].as_str()).collect();
            let all = cr.values(key).unwrap();
            assert_eq!(found, all.iter().map(String::as_str).collect(), "{key}");
        }
        for task in tasks {
            let failed = task["TaskStatus"] == "ERROR";
            assert_eq!(task.get("TaskIssue").is_some(), failed, "{task}");
            assert_eq!(task["ModifedTime"], task["ModifiedTime"]);
            let made = Timestamp::from_millisecond(task["CreateTime"].as_i64().unwrap()).unwrap();
            assert!(made.to_string().starts_with("2026-11-"), "{task}");
        }
        assert!(tasks.is_sorted_by_key(|task| -task["CreateTime"].as_i64().unwrap()));
    }

    #[test]
    fn the_watched_tags_are_in_their_states() {
        let world = world();
        let tasks = &world.instances[FLEET_ALIBABACLOUD_INSTANCE_ID];
        for (tag, expected) in [
            (FLEET_TAG_ARRIVED, ["SUCCESS", "SUCCESS", "SUCCESS"]),
            (FLEET_TAG_RUNNING, ["SYNCHRONIZING", "SUCCESS", "SUCCESS"]),
            (FLEET_TAG_FAILED, ["ERROR", "SUCCESS", "SUCCESS"]),
        ] {
            let found: Vec<_> = tasks
                .iter()
                .filter(|task| task["ImageFrom"]["RepoNamespaceName"] == FLEET_IMAGE_NAMESPACE)
                .filter(|task| task["ImageFrom"]["ImageTag"] == tag)
                .map(|task| task["TaskStatus"].as_str().unwrap())
                .collect();
            assert_eq!(found, expected, "{tag}");
        }
    }
}
