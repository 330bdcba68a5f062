//! Runs of retention policies: a task for each repository, a subtask for each deleted tag.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::fixed::Fixed;
use crate::course::{Course, State};
use crate::fleet;
use crate::sides::huaweicloud::images::over;
use crate::sides::huaweicloud::words;

/// One run of a retention policy.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Cleaning {
    pub(in crate::sides::huaweicloud) id: i64,
    pub(in crate::sides::huaweicloud) policy: i64,
    pub(in crate::sides::huaweicloud) namespace: String,
    pub(in crate::sides::huaweicloud) dry_run: bool,
    pub(in crate::sides::huaweicloud) made: Timestamp,
    pub(in crate::sides::huaweicloud) sweeps: Sweeps,
    /// Whether all its effects have been applied.
    pub(in crate::sides::huaweicloud) settled: bool,
    pub(in crate::sides::huaweicloud) extra: Value,
}

#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) enum Sweeps {
    Fixed(Fixed),
    Planned(Vec<Sweep>),
}

/// The work on one repository.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Sweep {
    pub(super) id: i64,
    pub(super) repository: String,
    pub(super) course: Course,
    pub(super) settled: bool,
    pub(super) total: usize,
    pub(super) goes: Vec<Gone>,
}

/// Tag to delete.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Gone {
    pub(super) id: i64,
    pub(super) tag: String,
    pub(super) digest: String,
}

impl Cleaning {
    pub(super) fn record(&self, now: Timestamp) -> Value {
        let words: Vec<&str> = match &self.sweeps {
            Sweeps::Fixed(fixed) => {
                let states = fixed.states().iter();
                states.map(|state| state.word.as_str()).collect()
            }
            Sweeps::Planned(sweeps) => {
                let sweeps = sweeps.iter();
                sweeps
                    .map(|sweep| words::word(&sweep.course, now))
                    .collect()
            }
        };
        // An execution has no word for work that has not begun.
        let status = match words::sum(words) {
            "Initialized" | "Pending" => "InProgress",
            other => other,
        };
        let mut record = json!({
            "id": self.id,
            "policy_id": self.policy,
            "dry_run": self.dry_run,
            "status": status,
            "trigger": "manual",
            "start_time": self.made.to_string(),
        });
        if let Sweeps::Planned(sweeps) = &self.sweeps {
            let looks: Vec<_> = sweeps.iter().map(|sweep| sweep.course.look(now)).collect();
            let end = match looks.is_empty() {
                true => Some(self.made),
                false => words::span(&looks).1,
            };
            words::add_times(&mut record, None, end);
        }
        over(record, &self.extra)
    }

    pub(super) fn tasks(&self, now: Timestamp) -> Cow<'_, [Value]> {
        match &self.sweeps {
            Sweeps::Fixed(fixed) => fixed.tasks().into(),
            Sweeps::Planned(sweeps) => {
                let sweeps = sweeps.iter();
                let records: Vec<_> = sweeps.map(|sweep| sweep.record(self.id, now)).collect();
                records.into()
            }
        }
    }

    /// Returns the subtasks of a task, if the task belongs to this execution.
    pub(super) fn subtasks(&self, task: i64, now: Timestamp) -> Option<Vec<Value>> {
        match &self.sweeps {
            Sweeps::Fixed(fixed) => fixed.parts(task),
            Sweeps::Planned(sweeps) => {
                let sweep = sweeps.iter().find(|sweep| sweep.id == task)?;
                let goes = sweep.goes.iter();
                Some(goes.map(|gone| self.part(sweep, gone, now)).collect())
            }
        }
    }

    fn part(&self, sweep: &Sweep, gone: &Gone, now: Timestamp) -> Value {
        let mut record = json!({
            "id": gone.id,
            "job_id": sweep.id,
            "namespace": self.namespace,
            "repository": sweep.repository,
            "tag": gone.tag,
            "digest": gone.digest,
            "action": "DEL",
            "status": words::word(&sweep.course, now),
            "status_text": "",
        });
        if let Some(started) = sweep.course.look(now).started {
            record["op_time"] = Value::from(started.to_string());
        }
        record
    }
}

impl Sweep {
    fn record(&self, execution: i64, now: Timestamp) -> Value {
        let look = self.course.look(now);
        let word = words::word(&self.course, now);
        // Counted when all tags have been checked.
        let (total, goes) = match look.state {
            State::Succeeded => (self.total, self.goes.len()),
            _ => (0, 0),
        };
        let mut record = json!({
            "id": self.id,
            "execution_id": execution,
            "repository": self.repository,
            "job_id": fleet::hex_id(&format!("retention task {}", self.id), 24),
            "status": word,
            "status_code": words::code(word),
            "status_revision": look.changed.as_second(),
            "total": total,
            "retained": total - goes,
        });
        words::add_times(&mut record, look.started, look.ended);
        record
    }
}
