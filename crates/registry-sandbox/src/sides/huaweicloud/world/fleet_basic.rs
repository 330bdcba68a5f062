//! Fleet of the Basic edition: invented rules and jobs, and their images.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::World;
use crate::fleet::{self, Era};
use crate::sides::huaweicloud::images::Pushed;
use crate::world::huaweicloud::{self, FLEET_BASIC_NAMESPACE};
use crate::world::{FLEET_TAG_ARRIVED, FLEET_TAG_FAILED, FLEET_TAG_RUNNING};

/// Regions that the fleet does not copy to.
const OTHER_REGIONS: [&str; 3] = ["cn-south-1", "cn-southwest-2", "ap-southeast-1"];

impl World {
    pub(super) fn add_basic_fleet(&mut self, era: Era) {
        for region in huaweicloud::FLEET_BASIC_REGIONS
            .into_iter()
            .chain(OTHER_REGIONS)
        {
            self.basic.regions.push(json!({"regionID": region}));
        }
        for (index, region) in huaweicloud::FLEET_BASIC_REGIONS.iter().enumerate() {
            let rule = sync_rule(
                era,
                101 + index,
                huaweicloud::FLEET_BASIC_REPOSITORY,
                region,
            );
            self.basic_repository(&rule).rules.push(rule);
        }
        let rule = sync_rule(
            era,
            111,
            huaweicloud::FLEET_BASIC_NESTED_REPOSITORY,
            huaweicloud::FLEET_BASIC_REGIONS[0],
        );
        self.basic_repository(&rule).rules.push(rule);
        let nested = (0..12).map(|index| nested_sync_job(era, index));
        let jobs = (0..huaweicloud::FLEET_BASIC_JOBS).map(|index| sync_job(era, index));
        for job in jobs.chain(nested) {
            let part = |key: &str| job[key].as_str().unwrap_or_default();
            let (repository, tag) = (part("repoName"), part("tag"));
            let name = format!("{FLEET_BASIC_NAMESPACE}/{repository}:{tag}");
            self.add_tag(era, &job, &fleet::manifest_digest(&name));
            self.add_job(&job);
        }
        let (namespace, repository) = (
            huaweicloud::FLEET_BASIC_NAMESPACE,
            huaweicloud::FLEET_BASIC_QUIET_REPOSITORY,
        );
        let quiet = json!({
            "namespace": namespace,
            "repoName": repository,
            "tag": FLEET_TAG_ARRIVED,
            "createdAt": era.at(BASIC_START).to_string(),
        });
        let name = format!("{namespace}/{repository}:{FLEET_TAG_ARRIVED}");
        self.add_tag(era, &quiet, &fleet::manifest_digest(&name));
    }

    /// Adds the tag that a job copies, if it does not exist.
    fn add_tag(&mut self, era: Era, job: &Value, digest: &str) {
        let tag = job["tag"].as_str().unwrap_or_default();
        // Make the repository first, because it takes ids.
        self.basic_repository(job);
        let mut ids = self.ids.clone();
        let own = &mut self.basic_repository(job).own;
        if !own.tags.contains_key(tag) {
            let made = job["createdAt"].as_str().and_then(|made| made.parse().ok());
            let made: Timestamp = made.unwrap_or(era.at(BASIC_START));
            let pushed = Pushed {
                digest: digest.to_owned(),
                size: 30_000_000 + fleet::below(90_000_000, 32, own.tags.len()).cast_signed(),
            };
            // The push is before the first job that it creates.
            own.push(&mut ids, tag, &pushed, made - SignedDuration::from_secs(1));
            self.ids = ids;
        }
    }
}

/// 2026-11-02T06:00:00Z, moved by the era.
const BASIC_START: Timestamp = Timestamp::constant(1_793_599_200, 0);

fn sync_rule(era: Era, id: usize, repository: &str, region: &str) -> Value {
    let made = fleet::after(era.at(BASIC_START), (id as u64 - 101) * 1_234).to_string();
    json!({
        "createdAt": made,
        "domainID": huaweicloud::IAM_DOMAIN_ID,
        "domainName": huaweicloud::IAM_DOMAIN,
        "id": id,
        "namespace": huaweicloud::FLEET_BASIC_NAMESPACE,
        "override": true,
        "remoteNamespace": huaweicloud::FLEET_BASIC_NAMESPACE,
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

/// Makes a job of `team/api`. Each tag is copied to each region.
fn sync_job(era: Era, index: usize) -> Value {
    let regions = huaweicloud::FLEET_BASIC_REGIONS.len();
    let tags = huaweicloud::FLEET_BASIC_JOBS.div_ceil(regions);
    let (number, region) = (index / regions, index % regions);
    let tag = fleet::release(number, tags);
    let last = region + 1 == regions;
    let status = match tag.as_str() {
        FLEET_TAG_RUNNING if last => "running",
        FLEET_TAG_FAILED if last => "failed",
        FLEET_TAG_ARRIVED | FLEET_TAG_RUNNING | FLEET_TAG_FAILED => "success",
        // A job that has not ended is from the last week.
        _ if number * 10 > tags * 9 => fleet::weighted(&RECENT_JOB_STATES, 21, index),
        _ => fleet::weighted(&ENDED_JOB_STATES, 22, index),
    };
    let made = number as u64 * 9_900_000 + region as u64 * 150;
    job(
        era,
        9_001 + index,
        huaweicloud::FLEET_BASIC_REPOSITORY,
        &tag,
        huaweicloud::FLEET_BASIC_REGIONS[region],
        status,
        made,
    )
}

fn nested_sync_job(era: Era, index: usize) -> Value {
    let tag = format!("2026.11.{}", 2 + index);
    let made = index as u64 * 86_400_000;
    let repository = huaweicloud::FLEET_BASIC_NESTED_REPOSITORY;
    job(
        era,
        12_001 + index,
        repository,
        &tag,
        huaweicloud::FLEET_BASIC_REGIONS[0],
        "success",
        made,
    )
}

#[allow(clippy::too_many_arguments, reason = "the fields of a record")]
fn job(
    era: Era,
    id: usize,
    repository: &str,
    tag: &str,
    region: &str,
    status: &str,
    made: u64,
) -> Value {
    let lasted = match status {
        "waiting" => 0,
        "existed" => 400,
        "timeout" => 3_600_000,
        _ => 2_000 + fleet::below(90_000, 23, id),
    };
    json!({
        "createdAt": fleet::after(era.at(BASIC_START), made).to_string(),
        "domainID": huaweicloud::IAM_DOMAIN_ID,
        "domainName": huaweicloud::IAM_DOMAIN,
        "id": id,
        "namespace": huaweicloud::FLEET_BASIC_NAMESPACE,
        "override": true,
        "remoteNamespace": huaweicloud::FLEET_BASIC_NAMESPACE,
        "remoteRegionId": region,
        "repoName": repository,
        "status": status,
        "syncOperatorId": huaweicloud::IAM_USER_ID,
        "syncOperatorName": huaweicloud::IAM_USER,
        "tag": tag,
        "updatedAt": fleet::after(era.at(BASIC_START), made + lasted).to_string(),
    })
}
