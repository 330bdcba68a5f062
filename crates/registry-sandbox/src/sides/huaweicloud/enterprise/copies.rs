//! Runs of replication policies: a task for each repository, a subtask for each tag.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fixed::Fixed;
use crate::course::{Course, State};
use crate::fleet;
use crate::sides::huaweicloud::images::over;
use crate::sides::huaweicloud::words;

/// One run of a replication policy.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Execution {
    pub(in crate::sides::huaweicloud) id: i64,
    pub(in crate::sides::huaweicloud) policy: i64,
    pub(in crate::sides::huaweicloud) trigger: String,
    pub(in crate::sides::huaweicloud) made: Timestamp,
    /// How long the record lags behind the end of a task.
    pub(in crate::sides::huaweicloud) lag: SignedDuration,
    /// Instance that it copies to, if it is in this world.
    pub(in crate::sides::huaweicloud) to: Option<String>,
    pub(in crate::sides::huaweicloud) tasks: Tasks,
    /// Whether all its effects have been applied.
    pub(in crate::sides::huaweicloud) settled: bool,
    pub(in crate::sides::huaweicloud) extra: Value,
}

#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) enum Tasks {
    Fixed(Fixed),
    Planned(Vec<Task>),
}

/// The work on one repository.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Task {
    pub(super) id: i64,
    /// The instance that it copies from.
    pub(super) from: String,
    pub(super) namespace: String,
    pub(super) repository: String,
    pub(super) to_namespace: String,
    pub(super) overwrite: bool,
    pub(super) copies: Vec<Copy>,
}

/// The work on one tag.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Copy {
    pub(super) id: i64,
    pub(super) tag: String,
    pub(super) digest: String,
    pub(super) course: Course,
    pub(super) settled: bool,
}

impl Execution {
    pub(super) fn record(&self, now: Timestamp) -> Value {
        let states = self.states(now);
        let number = |word: &str| states.iter().filter(|(state, _)| *state == word).count();
        let [failed, succeed, stopped] = ["Failed", "Succeed", "Stopped"].map(number);
        let in_progress = states.len() - failed - succeed - stopped;
        let status = match (in_progress, failed, stopped) {
            (1.., _, _) => "InProgress",
            (_, 1.., _) => "Failed",
            (_, _, 1..) => "Stopped",
            _ => "Succeed",
        };
        let changed = states.iter().map(|(_, changed)| *changed).max();
        let record = json!({
            "id": self.id,
            "policy_id": self.policy,
            "status": status,
            "status_text": "",
            "total": states.len(),
            "failed": failed,
            "succeed": succeed,
            "in_progress": in_progress,
            "stopped": stopped,
            "trigger": self.trigger,
            "created_at": self.made.to_string(),
            "updated_at": changed.unwrap_or(self.made).to_string(),
        });
        over(record, &self.extra)
    }

    /// Returns `namespace/repository` of the first task.
    pub(in crate::sides::huaweicloud) fn repository(&self) -> Option<String> {
        match &self.tasks {
            Tasks::Fixed(_) => None,
            Tasks::Planned(tasks) => {
                let task = tasks.first()?;
                Some(format!("{}/{}", task.namespace, task.repository))
            }
        }
    }

    /// Whether neither it nor its record changes any more.
    pub(in crate::sides::huaweicloud) fn is_over(&self, now: Timestamp) -> bool {
        let states = self.states(now);
        self.settled && states.iter().all(|(word, _)| words::has_ended(word))
    }

    /// Returns the state of each task in the record, and its last change.
    fn states(&self, now: Timestamp) -> Vec<(&str, Timestamp)> {
        match &self.tasks {
            Tasks::Fixed(fixed) => {
                let states = fixed.states().iter();
                states
                    .map(|state| (state.word.as_str(), state.changed.unwrap_or(self.made)))
                    .collect()
            }
            Tasks::Planned(tasks) => {
                let state = |task: &Task| {
                    let (state, changed) = (task.state(now), task.changed(now));
                    if words::has_ended(state) && now < changed + self.lag {
                        return ("InProgress", self.made);
                    }
                    (state, changed)
                };
                tasks.iter().map(state).collect()
            }
        }
    }

    pub(super) fn tasks(&self, now: Timestamp) -> Cow<'_, [Value]> {
        match &self.tasks {
            Tasks::Fixed(fixed) => fixed.tasks().into(),
            Tasks::Planned(tasks) => {
                let tasks = tasks.iter();
                let records: Vec<_> = tasks.map(|task| task.record(self.id, now)).collect();
                records.into()
            }
        }
    }

    /// Returns the subtasks of a task, if the task belongs to this execution.
    pub(super) fn subtasks(&self, task: i64, now: Timestamp) -> Option<Vec<Value>> {
        match &self.tasks {
            Tasks::Fixed(fixed) => fixed.parts(task),
            Tasks::Planned(tasks) => {
                let task = tasks.iter().find(|known| known.id == task)?;
                let copies = task.copies.iter();
                Some(copies.map(|copy| task.part(copy, now)).collect())
            }
        }
    }

    /// Stops work that has not ended.
    pub(super) fn stop(&mut self, now: Timestamp) {
        match &mut self.tasks {
            Tasks::Fixed(fixed) => {
                fixed.stop(now);
                // The vendor's example no longer applies to the execution.
                self.extra = Value::Null;
            }
            Tasks::Planned(tasks) => {
                for copy in tasks.iter_mut().flat_map(|task| &mut task.copies) {
                    copy.course.stop(now);
                }
            }
        }
    }
}

impl Task {
    fn state(&self, now: Timestamp) -> &'static str {
        let copies = self.copies.iter();
        let words: Vec<_> = copies.map(|copy| words::word(&copy.course, now)).collect();
        words::sum(words)
    }

    fn changed(&self, now: Timestamp) -> Timestamp {
        let looks = self.copies.iter().map(|copy| copy.course.look(now));
        let changes = looks.map(|look| look.changed);
        changes.max().unwrap_or(now)
    }

    fn record(&self, execution: i64, now: Timestamp) -> Value {
        let artifacts: Vec<_> = self
            .copies
            .iter()
            .map(|copy| (copy.digest.as_str(), copy.tag.as_str()))
            .collect();
        let resource = |namespace: &str, overwrite| {
            let repository = format!("{namespace}/{}", self.repository);
            document(&repository, &artifacts, overwrite).to_string()
        };
        let mut record = json!({
            "id": self.id,
            "execution_id": execution,
            "resource_type": "artifact",
            "src_resource": resource(&self.namespace, false),
            "dst_resource": resource(&self.to_namespace, self.overwrite),
            "operation": "copy",
            "job_id": self.job(),
            "status": self.state(now),
            "StatusRevision": self.changed(now).as_second(),
        });
        let looks: Vec<_> = self
            .copies
            .iter()
            .map(|copy| copy.course.look(now))
            .collect();
        let (start, end) = words::span(&looks);
        words::add_times(&mut record, start, end);
        record
    }

    fn part(&self, copy: &Copy, now: Timestamp) -> Value {
        let look = copy.course.look(now);
        let text = match (look.state, look.is_final) {
            // Invented.
            (State::Failed, false) => "the attempt failed and is tried again",
            (State::Failed, true) => "the last attempt failed",
            _ => "",
        };
        let mut record = json!({
            "id": copy.id,
            "job_id": self.job(),
            "namespace": self.namespace,
            "repository": self.repository,
            "tag": copy.tag,
            "digest": copy.digest,
            "status": words::word(&copy.course, now),
            "status_text": text,
        });
        words::add_times(&mut record, look.started, look.ended);
        record
    }

    fn job(&self) -> String {
        fleet::hex_id(&format!("replication task {}", self.id), 24)
    }
}

/// Returns a document in the form of the vendor's `src_resource` and `dst_resource`, about artifacts
/// of one repository, each with its digest and a tag.
pub(in crate::sides::huaweicloud) fn document(
    repository: &str,
    artifacts: &[(&str, &str)],
    overwrite: bool,
) -> Value {
    let artifact = |(digest, tag): &(&str, &str)| json!({"type": "IMAGE", "digest": digest, "labels": null, "tags": [tag]});
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
            "artifacts": artifacts.iter().map(artifact).collect::<Vec<_>>(),
            "v_tags": null,
        },
        "registry": null,
        "extended_info": null,
        "deleted": false,
        "is_delete_tag": false,
        "override": overwrite,
    })
}
