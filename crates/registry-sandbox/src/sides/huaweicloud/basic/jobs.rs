//! Sync jobs: their progress and their effects.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Basic, BasicRepository, Place};
use crate::course::{Course, State};
use crate::plans::{Plans, Work};
use crate::sides::huaweicloud::ids::Ids;
use crate::world::huaweicloud;

/// Time after which the service cancels an attempt. Invented, like the cancellation itself.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Job {
    /// Record in the vendor's form. All fleets share the records of the fleet's jobs.
    pub(in crate::sides::huaweicloud) record: Arc<Value>,
    /// Work of the job. `None` for an initial job, which does not change.
    pub(in crate::sides::huaweicloud) work: Option<Copying>,
}

#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Copying {
    course: Course,
    /// Final state, which depends on the tag at the destination.
    end: Option<&'static str>,
}

/// Destination of a job.
pub(in crate::sides::huaweicloud) struct Destination<'a> {
    pub(in crate::sides::huaweicloud) region: &'a str,
    pub(in crate::sides::huaweicloud) organization: &'a str,
    pub(in crate::sides::huaweicloud) overwrite: bool,
}

impl Job {
    pub(super) fn record(&self, now: Timestamp) -> Value {
        let mut record = Value::clone(&self.record);
        if let Some(work) = &self.work {
            let (status, changed) = work.status(now);
            record["status"] = Value::from(status);
            record["updatedAt"] = Value::from(changed.to_string());
        }
        record
    }
}

impl Job {
    pub(in crate::sides::huaweicloud) fn id(&self) -> String {
        self.record["id"].to_string()
    }

    pub(in crate::sides::huaweicloud) fn made(&self) -> Timestamp {
        let made = self.record["createdAt"].as_str();
        let made = made.and_then(|made| made.parse().ok());
        made.unwrap_or_default()
    }

    pub(in crate::sides::huaweicloud) fn is_over(&self, now: Timestamp) -> bool {
        match self.work.as_ref().map(|work| work.course.look(now)) {
            Some(look) if look.is_final => true,
            Some(look) if look.state == State::Failed => false,
            _ => !matches!(
                self.record(now)["status"].as_str(),
                Some("waiting" | "running")
            ),
        }
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
    /// Creates the job of one tag of this repository, `name`.
    pub(in crate::sides::huaweicloud) fn copy(
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
                "domainID": huaweicloud::IAM_DOMAIN_ID,
                "domainName": huaweicloud::IAM_DOMAIN,
                "id": ids.next(),
                "namespace": organization,
                "override": to.overwrite,
                "remoteNamespace": to.organization,
                "remoteRegionId": to.region,
                "repoName": repository,
                "status": "waiting",
                "syncOperatorId": huaweicloud::IAM_USER_ID,
                "syncOperatorName": huaweicloud::IAM_USER,
                "tag": tag,
                "updatedAt": made,
            })
            .into(),
            work: Some(Copying {
                course: plans.course(now, &work),
                end: None,
            }),
        });
    }
}

impl Basic {
    /// Applies the effects of jobs that have ended by `now`, in the order of their ends. An attempt
    /// whose image did not exist at its start has failed, and may have been retried since.
    pub(in crate::sides::huaweicloud) fn settle(&mut self, now: Timestamp) {
        while self.settle_once(now) {}
    }

    /// Applies the next effect. Returns whether an attempt has failed, so that the next effect must be
    /// searched again.
    fn settle_once(&mut self, now: Timestamp) -> bool {
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
                let Some(work) = job.work.as_mut().filter(|work| work.end.is_none()) else {
                    continue;
                };
                if let Some((begun, at)) = work.course.success(now) {
                    ended.push((at, begun, &*own, &job.record, work));
                }
            }
        }
        ended.sort_by_key(|(at, ..)| *at);
        for (_, begun, own, record, work) in ended {
            let tag = record["tag"].as_str().unwrap_or_default();
            match own.digest_at(tag, begun) {
                Some(digest) => work.end = Some(arrive(elsewhere, record, tag, digest)),
                None => {
                    work.course.fail_once_more();
                    return true;
                }
            }
        }
        false
    }
}

/// Lets an image arrive. Returns the final state of its job. The failure of a job that may not
/// overwrite an existing tag is invented.
fn arrive(
    elsewhere: &mut BTreeMap<Place, BTreeMap<String, String>>,
    record: &Value,
    tag: &str,
    digest: &str,
) -> &'static str {
    let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let place = Place {
        region: text("remoteRegionId"),
        organization: text("remoteNamespace"),
        repository: text("repoName"),
    };
    let tags = elsewhere.entry(place).or_default();
    let overwrite = record["override"] == true;
    match tags.get(tag) {
        Some(there) if there == digest && !overwrite => "existed",
        Some(there) if there != digest && !overwrite => "failed",
        _ => {
            tags.insert(tag.to_owned(), digest.to_owned());
            "success"
        }
    }
}
