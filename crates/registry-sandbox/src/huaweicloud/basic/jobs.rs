//! Sync jobs: how they go, and what comes of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Basic, BasicRepository, Place};
use crate::course::{Course, State};
use crate::huaweicloud::ids::Ids;
use crate::huaweicloud::images::Repository;
use crate::plans::{Plans, Work};
use crate::world::{IAM_DOMAIN, IAM_DOMAIN_ID, IAM_USER, IAM_USER_ID};

/// How long an attempt runs before the service gives it up. Made, as is that it ever does.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone)]
pub(in crate::huaweicloud) struct Job {
    /// In the vendor's form.
    pub(in crate::huaweicloud) record: Value,
    /// None for a job that stands as it was when the sandbox started.
    pub(in crate::huaweicloud) work: Option<Copying>,
}

#[derive(Debug, Clone)]
pub(in crate::huaweicloud) struct Copying {
    course: Course,
    /// The digest of the tag when the job was made.
    digest: String,
    /// What the end turned out to be, which what is at the destination decides.
    end: Option<&'static str>,
}

/// Where a job copies to.
pub(in crate::huaweicloud) struct Destination<'a> {
    pub(in crate::huaweicloud) region: &'a str,
    pub(in crate::huaweicloud) organization: &'a str,
    pub(in crate::huaweicloud) overwrite: bool,
}

impl Job {
    pub(super) fn record(&self, now: Timestamp) -> Value {
        let mut record = self.record.clone();
        if let Some(work) = &self.work {
            let (status, changed) = work.status(now);
            record["status"] = Value::from(status);
            record["updatedAt"] = Value::from(changed.to_string());
        }
        record
    }
}

impl Copying {
    fn status(&self, now: Timestamp) -> (&'static str, Timestamp) {
        let look = self.course.look(now);
        let status = match look.state {
            State::Waiting => "waiting",
            State::Running if now.duration_since(look.changed) >= PATIENCE => {
                return ("timeout", look.changed + PATIENCE);
            }
            State::Running => "running",
            State::Succeeded => self.end.unwrap_or("success"),
            State::Failed => "failed",
            State::Stopped => "cancel",
        };
        (status, look.changed)
    }
}

impl BasicRepository {
    /// Makes the job of one tag of this repository, `name`.
    pub(in crate::huaweicloud) fn copy(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        name: (&str, &str),
        tag: &str,
        to: &Destination<'_>,
        now: Timestamp,
    ) {
        let (organization, repository) = name;
        let full = format!("{organization}/{repository}");
        let work = Work {
            repository: &full,
            tag,
            destination: Some(to.region),
        };
        let made = now.to_string();
        self.jobs.push(Job {
            record: json!({
                "createdAt": made,
                "domainID": IAM_DOMAIN_ID,
                "domainName": IAM_DOMAIN,
                "id": ids.next(),
                "namespace": organization,
                "override": to.overwrite,
                "remoteNamespace": to.organization,
                "remoteRegionId": to.region,
                "repoName": repository,
                "status": "waiting",
                "syncOperatorId": IAM_USER_ID,
                "syncOperatorName": IAM_USER,
                "tag": tag,
                "updatedAt": made,
            }),
            work: Some(Copying {
                course: plans.course(now, &work),
                digest: self.own.digest(tag).unwrap_or_default().to_owned(),
                end: None,
            }),
        });
    }
}

impl Basic {
    /// Lets images be where jobs have brought them by `now`.
    pub(in crate::huaweicloud) fn settle(&mut self, now: Timestamp) {
        let Self {
            organizations,
            elsewhere,
            ..
        } = self;
        let repositories = organizations.values_mut();
        let repositories = repositories.flat_map(|own| own.repositories.values_mut());
        let mut ended = Vec::new();
        for BasicRepository { own, jobs, .. } in repositories {
            for job in jobs {
                let Some(work) = &mut job.work else {
                    continue;
                };
                let look = work.course.look(now);
                let at = look.ended.filter(|_| look.state == State::Succeeded);
                if let Some(at) = at.filter(|_| work.end.is_none()) {
                    ended.push((at, &*own, &job.record, work));
                }
            }
        }
        ended.sort_by_key(|(at, ..)| *at);
        for (at, own, record, work) in ended {
            work.end = Some(arrive(elsewhere, at, own, record, work));
        }
    }
}

/// Lets an image arrive, and says how its job ends. That a job fails which may not overwrite what
/// is there is made.
fn arrive(
    elsewhere: &mut BTreeMap<Place, BTreeMap<String, String>>,
    at: Timestamp,
    own: &Repository,
    record: &Value,
    work: &Copying,
) -> &'static str {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let tag = text("tag");
    // That of the time when the attempt began, if the tag is still there.
    let begun = work.course.look(at - SignedDuration::from_nanos(1)).changed;
    let known = own.tags.get(&tag);
    let digest = known.map_or(work.digest.as_str(), |known| known.digest_at(begun));
    let place = Place {
        region: text("remoteRegionId"),
        organization: text("remoteNamespace"),
        repository: text("repoName"),
    };
    let tags = elsewhere.entry(place).or_default();
    let overwrite = record["override"] == true;
    match tags.get(&tag) {
        Some(there) if there == digest && !overwrite => "existed",
        Some(there) if there != digest && !overwrite => "failed",
        _ => {
            tags.insert(tag, digest.to_owned());
            "success"
        }
    }
}
