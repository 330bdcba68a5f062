//! Fleet: one instance that copies to three others, with all records that its tasks need.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::example;
use super::instance::Instance;
use super::records::{Place, SyncRule, SyncTask, Tag};
use super::task::Task;
use crate::fleet::{self, Era, Made};
use crate::spec::Spec;
use crate::world::alibabacloud;
use crate::world::{
    FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, FLEET_TAG_ARRIVED, FLEET_TAG_FAILED,
    FLEET_TAG_RUNNING,
};

/// 2026-11-02T06:00:00Z, moved by the era.
const START: Timestamp = Timestamp::constant(1_793_599_200, 0);
const REGION: &str = "cn-hangzhou";
const REGIONS: usize = alibabacloud::FLEET_REGIONS.len();

const ENDED_STATES: [(&str, u64); 3] = [("SUCCESS", 90), ("ERROR", 7), ("CANCELED", 3)];
const RECENT_STATES: [(&str, u64); 5] = [
    ("SUCCESS", 60),
    ("SYNCHRONIZING", 15),
    ("PENDING", 15),
    ("ERROR", 7),
    ("CANCELED", 3),
];

type Instances = BTreeMap<String, Instance>;

/// Returns the instances of the fleet and of the examples. They are the same at every start of a
/// day and slow to make.
pub(super) fn instances(era: Era, cr: &Spec, issues: &[String]) -> Instances {
    static INSTANCES: Made<Instances> = Made::none();
    INSTANCES.or_make(era, || {
        let mut instances = made(era.at(START), issues);
        // Cannot fail, because the start of the sandbox has tried it.
        let _ = example::add(cr, &mut instances);
        instances
    })
}

/// Makes the fleet whose first image was pushed at `start`.
fn made(start: Timestamp, issues: &[String]) -> Instances {
    let id = alibabacloud::FLEET_INSTANCE_ID;
    let mut source = Instance::new(id, REGION, "fleet-cn-hangzhou", start);
    let mut targets = [0, 1, 2].map(|region| {
        let name = alibabacloud::FLEET_REGIONS[region];
        let id = alibabacloud::FLEET_TARGET_IDS[region];
        Instance::new(id, name, &format!("fleet-{name}"), start)
    });
    let mut ruled = BTreeSet::new();
    for index in 0..alibabacloud::FLEET_TASKS {
        let plan = Plan::of(start, index);
        let (namespace, repository, tag) = (plan.namespace, plan.repository, plan.tag.as_str());
        let target = &mut targets[plan.region];
        if ruled.insert((namespace, plan.region)) {
            source.rules.push(rule(start, namespace, &source, target));
        }
        let (pushed, changed) = (
            fleet::after(start, plan.number as u64 * EACH),
            plan.changed(),
        );
        let digest = fleet::manifest_digest(&format!("{namespace}/{repository}:{tag}"));
        let image = Tag::new(tag, digest, pushed);
        if plan.status() == "SUCCESS" {
            let held = target.make_repository(namespace, repository, changed);
            held.put(tag, image.clone(), changed);
        }
        let held = source.make_repository(namespace, repository, pushed);
        held.put(tag, image, pushed);
        let place =
            |instance: &Instance| Place::new(&instance.record, (namespace, repository, tag));
        let record = plan.record(place(&source), place(target), issues);
        source.tasks.push(Task::fixed(record, None));
    }
    let all = targets.into_iter().chain([source]);
    all.map(|instance| (instance.id().to_owned(), instance))
        .collect()
}

fn rule_id(namespace: &str, region: &str) -> String {
    let region = alibabacloud::FLEET_REGIONS
        .iter()
        .position(|name| *name == region);
    let text = format!("rule {namespace} {}", region.unwrap_or_default());
    format!("crsr-{}", fleet::hex_id(&text, 16))
}

/// Makes the rule of a namespace and region, which copies every push.
fn rule(start: Timestamp, namespace: &str, from: &Instance, to: &Instance) -> SyncRule {
    let region = &to.record.region_id;
    let made = Some(start.as_millisecond());
    SyncRule {
        sync_rule_id: rule_id(namespace, region),
        sync_rule_name: format!("{namespace}-to-{region}"),
        sync_scope: "NAMESPACE".to_owned(),
        sync_trigger: "PASSIVE".to_owned(),
        sync_direction: "FROM".to_owned(),
        tag_filter: ".*".to_owned(),
        repo_name_filter: ".*".to_owned(),
        local_instance_id: from.record.instance_id.clone(),
        local_region_id: from.record.region_id.clone(),
        local_namespace_name: namespace.to_owned(),
        target_instance_id: to.record.instance_id.clone(),
        target_region_id: region.clone(),
        target_namespace_name: namespace.to_owned(),
        cross_user: Some(false),
        priority: Some(3),
        create_time: made,
        modified_time: made,
        ..SyncRule::default()
    }
}

/// Milliseconds from one image to the next.
const EACH: u64 = 4_400_000;

/// One task of the fleet.
struct Plan {
    /// Start of the fleet.
    start: Timestamp,
    index: usize,
    /// Index of the image.
    number: usize,
    /// Index of the destination region.
    region: usize,
    namespace: &'static str,
    repository: &'static str,
    tag: String,
}

impl Plan {
    fn of(start: Timestamp, index: usize) -> Self {
        let (number, region) = (index / REGIONS, index % REGIONS);
        let (namespace, repository, tag) = image(number);
        Self {
            start,
            index,
            number,
            region,
            namespace,
            repository,
            tag,
        }
    }

    fn made(&self) -> u64 {
        self.number as u64 * EACH + self.region as u64 * 90
    }

    fn changed(&self) -> Timestamp {
        let lasted = match self.status() {
            "PENDING" => 0,
            _ => 3_000 + fleet::below(120_000, 31, self.index),
        };
        fleet::after(self.start, self.made() + lasted)
    }

    fn status(&self) -> &'static str {
        let last = self.region + 1 == REGIONS;
        if self.namespace == FLEET_IMAGE_NAMESPACE {
            match self.tag.as_str() {
                FLEET_TAG_RUNNING if last => return "SYNCHRONIZING",
                FLEET_TAG_FAILED if last => return "ERROR",
                FLEET_TAG_ARRIVED | FLEET_TAG_RUNNING | FLEET_TAG_FAILED => return "SUCCESS",
                _ => {}
            }
        }
        // A task that has not ended is from the last days.
        if self.number * 10 > images() * 9 {
            fleet::weighted(&RECENT_STATES, 36, self.index)
        } else {
            fleet::weighted(&ENDED_STATES, 37, self.index)
        }
    }

    fn record(&self, from: Place, to: Place, issues: &[String]) -> SyncTask {
        let (index, number) = (self.index, self.number);
        let changed = Some(self.changed().as_millisecond());
        let batch = fleet::hex_id(&format!("batch {number}"), 32).to_uppercase();
        let id = |kind: &str| fleet::hex_id(&format!("{kind} {index}"), 16);
        let is_linked = index % 16 == 5;
        let status = self.status();
        let by_hand = fleet::below(10, 32, number) == 0;
        let issue = fleet::below(issues.len().max(1) as u64, 35, index) as usize;
        let issue = issues.get(issue).map(String::as_str).unwrap_or_default();
        let texts = |text: &str, holds: bool| {
            if holds {
                text.to_owned()
            } else {
                String::new()
            }
        };
        SyncTask {
            sync_task_id: format!("rst-{}", id("task")),
            sync_rule_id: rule_id(self.namespace, &to.region_id),
            sync_batch_task_id: format!(
                "{}-{}-{}-{}-{}",
                &batch[..8],
                &batch[8..12],
                &batch[12..16],
                &batch[16..20],
                &batch[20..],
            ),
            task_status: status.to_owned(),
            task_issue: texts(issue, status == "ERROR"),
            task_trigger: if by_hand { "INITIATIVE" } else { "PASSIVE" }.to_owned(),
            link_id: texts(&format!("crl-{}", id("link")), is_linked),
            create_time: Some(fleet::after(self.start, self.made()).as_millisecond()),
            modifed_time: changed,
            modified_time: changed,
            priority: Some(1 + fleet::below(5, 33, number).cast_signed()),
            cross_user: Some(false),
            custom_link: Some(is_linked),
            sync_trans_accelerate: Some(fleet::below(2, 34, number) == 0),
            image_from: Some(from),
            image_to: Some(to),
        }
    }
}

fn images() -> usize {
    alibabacloud::FLEET_TASKS.div_ceil(REGIONS)
}

/// Returns the image of an index. Every third is a release of `team/api`; the others are of all
/// teams.
fn image(number: usize) -> (&'static str, &'static str, String) {
    if number.is_multiple_of(3) {
        let tag = fleet::release(number / 3, images().div_ceil(3));
        return (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, tag);
    }
    let (team, service) = fleet::service(number);
    let tag = format!("2026.11.{}-{number}", 2 + number / 20);
    (team, service, tag)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::sides::alibabacloud::CR;
    use crate::spec;

    fn fleet() -> BTreeMap<String, Instance> {
        let now = "2026-12-05T12:00:00Z".parse().unwrap();
        let cr = spec::named(CR).unwrap();
        instances(Era::of(now), cr, &cr.values("TaskIssue").unwrap())
    }

    fn tasks() -> Vec<SyncTask> {
        let fleet = fleet().remove(alibabacloud::FLEET_INSTANCE_ID).unwrap();
        let newest_first = fleet.tasks.iter().rev();
        newest_first.map(|task| task.record().clone()).collect()
    }

    #[test]
    fn every_state_and_issue_is_there_and_times_fit() {
        let cr = spec::named("alibabacloud-cr/cr").unwrap();
        let tasks = tasks();
        assert_eq!(tasks.len(), alibabacloud::FLEET_TASKS);
        type Text = fn(&SyncTask) -> &str;
        let texts: [(&str, Text); 3] = [
            ("TaskStatus", |task| &task.task_status),
            ("TaskIssue", |task| &task.task_issue),
            ("TaskTrigger", |task| &task.task_trigger),
        ];
        for (key, text) in texts {
            let found: BTreeSet<_> = tasks.iter().map(text).filter(|t| !t.is_empty()).collect();
            let all = cr.values(key).unwrap();
            assert_eq!(found, all.iter().map(String::as_str).collect(), "{key}");
        }
        for task in &tasks {
            let failed = task.task_status == "ERROR";
            assert_eq!(!task.task_issue.is_empty(), failed, "{task:?}");
            assert_eq!(task.modifed_time, task.modified_time);
            let made = Timestamp::from_millisecond(task.create_time.unwrap()).unwrap();
            assert!(made.to_string().starts_with("2026-11-"), "{task:?}");
        }
        assert!(tasks.is_sorted_by_key(|task| -task.create_time.unwrap()));
    }

    #[test]
    fn the_watched_tags_are_in_their_states() {
        let tasks = tasks();
        for (tag, expected) in [
            (FLEET_TAG_ARRIVED, ["SUCCESS", "SUCCESS", "SUCCESS"]),
            (FLEET_TAG_RUNNING, ["SYNCHRONIZING", "SUCCESS", "SUCCESS"]),
            (FLEET_TAG_FAILED, ["ERROR", "SUCCESS", "SUCCESS"]),
        ] {
            let watched = (FLEET_IMAGE_NAMESPACE, FLEET_IMAGE_REPOSITORY, tag);
            let found: Vec<_> = tasks
                .iter()
                .filter(|task| task.image_from.as_ref().unwrap().image() == watched)
                .map(|task| task.task_status.as_str())
                .collect();
            assert_eq!(found, expected, "{tag}");
        }
    }

    #[test]
    fn what_has_arrived_is_there_and_nothing_else() {
        let fleet = fleet();
        let source = &fleet[alibabacloud::FLEET_INSTANCE_ID];
        for task in &source.tasks {
            let (from, to) = (&task.record().image_from, &task.record().image_to);
            let held = |place: &Place| {
                let (namespace, name, tag) = place.image();
                let repository = fleet[&place.instance_id].repository(namespace, name).ok()?;
                Some(repository.tags.get(tag)?.digest.clone())
            };
            let (from, to) = (from.as_ref().unwrap(), to.as_ref().unwrap());
            let digest = held(from);
            assert!(digest.is_some(), "{from:?}");
            let arrived = task.record().task_status == "SUCCESS";
            assert_eq!(held(to), digest.filter(|_| arrived), "{to:?}");
            let rule = &task.record().sync_rule_id;
            let (namespace, name, tag) = from.image();
            let rules = source.rules.iter().filter(|held| {
                held.sync_rule_id == *rule
                    && held.target_instance_id == to.instance_id
                    && held.covers(namespace, name, tag)
            });
            assert_eq!(rules.count(), 1, "{rule}");
        }
    }
}
