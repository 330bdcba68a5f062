//! Instances, and the jobs on them.

use serde_json::Value;

use super::not_there;
use crate::message::Reply;
use crate::sides::huaweicloud::asked::Asked;
use crate::sides::huaweicloud::errors::{Refusal, SWR_NO_JOB};
use crate::sides::huaweicloud::listing;
use crate::sides::huaweicloud::world::World;

pub(in crate::sides::huaweicloud) fn list(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instances = world.enterprise.instances.values();
    let project = asked.text("project_id");
    let fits = |record: &Value| {
        let same = |name: &str| asked.given(name).is_none_or(|text| record[name] == text);
        record["project_id"] == project && same("status") && same("enterprise_project_id")
    };
    let records = instances.map(|instance| instance.record.clone());
    let mut records: Vec<_> = records.filter(fits).collect();
    listing::order(&mut records, "created_at", false);
    Ok(asked.page("instances", &records))
}

pub(in crate::sides::huaweicloud) fn show(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let instance = world.enterprise.instance(asked)?;
    Ok(asked.done(instance.record.clone()))
}

pub(in crate::sides::huaweicloud) fn jobs(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let status = asked.given("status");
    let jobs = jobs_of(world, asked);
    let jobs = jobs.filter(|job| status.is_none_or(|status| job["status"] == status));
    let jobs: Vec<_> = jobs.cloned().collect();
    Ok(asked.page("jobs", &jobs))
}

pub(in crate::sides::huaweicloud) fn job(
    world: &mut World,
    asked: &Asked<'_>,
) -> Result<Reply, Refusal> {
    let id = asked.text("job_id");
    let job = jobs_of(world, asked).find(|job| job["id"] == id);
    let job = job.ok_or_else(|| not_there(asked, SWR_NO_JOB, "job", id))?;
    Ok(asked.done(job.clone()))
}

fn jobs_of<'w>(world: &'w World, asked: &Asked<'_>) -> impl Iterator<Item = &'w Value> {
    let project = asked.text("project_id");
    let jobs = world.enterprise.jobs.iter();
    jobs.filter(move |(own, _)| own == project)
        .map(|(_, job)| job)
}
