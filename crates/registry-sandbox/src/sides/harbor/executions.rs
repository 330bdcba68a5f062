//! Executions of replication policies, and their tasks.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::fleet_tasks;
use super::times;
use crate::course::{Course, Look, State};
use crate::fleet;
use crate::plans::Plans;

/// Time between two updates of the status of executions.
const REFRESH: SignedDuration = SignedDuration::from_secs(30);

/// One execution.
#[derive(Debug, Clone)]
pub(super) struct Execution {
    pub(super) id: i64,
    pub(super) policy: i64,
    pub(super) trigger: &'static str,
    pub(super) made: Timestamp,
    /// When its tasks are made, or when it ends without one.
    pub(super) begins: Timestamp,
    pub(super) lag: Lag,
    pub(super) stopped: Option<Timestamp>,
    pub(super) work: Work,
    /// Whether all its effects have been applied.
    pub(super) settled: bool,
}

/// How late the status of an execution is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lag {
    /// It is written at whole half minutes.
    Refreshed,
    /// It follows the tasks after this time, which a test has set.
    Set(SignedDuration),
}

impl Lag {
    /// Returns the lag of executions that are made now.
    pub(super) fn of(plans: &Plans) -> Self {
        let set = plans.set();
        set.map_or(Self::Refreshed, |pace| Self::Set(pace.lag))
    }

    /// Returns the time whose state a status shows at `now`.
    pub(super) fn seen(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Refreshed => times::floor(now, REFRESH),
            Self::Set(lag) => now - lag,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Work {
    Tasks(Vec<Task>),
    /// There was nothing to copy.
    Nothing,
    /// It failed before a task was made, for this reason.
    Failed(String),
    /// It was stopped before a task was made.
    Stopped,
    /// The invented tasks of the fleet, which do not change.
    Fleet,
    /// Records that do not change.
    Fixed {
        record: Value,
        tasks: Vec<FixedTask>,
    },
}

/// Task that exists when the sandbox starts.
#[derive(Debug, Clone)]
pub(super) struct FixedTask {
    pub(super) record: Value,
    pub(super) log: Option<String>,
}

/// The work on one repository.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) id: i64,
    pub(super) submitted: Timestamp,
    /// Names of the registries that it copies from and to.
    pub(super) ends: Ends,
    /// `project/repository` at the source and at the destination.
    pub(super) source: String,
    pub(super) destination: String,
    pub(super) references: Vec<Reference>,
    pub(super) overwrite: bool,
    pub(super) operation: Operation,
    pub(super) course: Course,
    /// Runs that have ended.
    pub(super) runs: Vec<Run>,
    /// What the run that has not ended did so far.
    pub(super) steps: Vec<Step>,
    /// Whether all its effects have been applied.
    pub(super) settled: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub(super) from: End,
    pub(super) to: End,
}

/// A registry, as the log names it.
#[derive(Debug, Clone, Default)]
pub(super) struct End {
    /// Registry of the sandbox. Empty if the sandbox does not have it.
    pub(super) place: String,
    pub(super) kind: String,
    pub(super) url: String,
    pub(super) insecure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Copy,
    /// An artifact is deleted.
    Deletion,
    TagDeletion,
}

impl Operation {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Deletion => "deletion",
            Self::TagDeletion => "tag deletion",
        }
    }
}

/// Tag or digest that a task is about, with the number of runs in which its copy fails.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) failures: u32,
}

/// Run of a task that has ended.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
    /// What it did to each reference, one after the other.
    pub(super) steps: Vec<Step>,
}

impl Run {
    /// Whether it failed to copy a reference.
    pub(super) fn has_failed(&self) -> bool {
        self.steps.iter().any(|step| step.effect.is_failure())
    }
}

/// Work of a run on one reference that has ended.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) reference: String,
    pub(super) effect: Effect,
    pub(super) begun: Timestamp,
    pub(super) ended: Timestamp,
}

/// What a run did to one reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// It was copied, perhaps over another image.
    Copied {
        over: bool,
    },
    /// The image was at the destination.
    Exists,
    /// Another image was at the destination, and the policy does not overwrite.
    Kept,
    /// The source does not have it.
    Missing,
    Failed,
    Deleted,
}

impl Effect {
    pub(super) fn is_failure(self) -> bool {
        matches!(self, Self::Missing | Self::Failed)
    }
}

impl Execution {
    /// Returns its tasks at `now`, before their order and filters.
    pub(super) fn tasks(&self, now: Timestamp) -> Vec<Value> {
        match &self.work {
            Work::Fleet => fleet_tasks::tasks(self.made),
            Work::Fixed { tasks, .. } => tasks.iter().map(|task| task.record.clone()).collect(),
            Work::Tasks(tasks) if now >= self.begins => {
                let tasks = tasks.iter();
                tasks.map(|task| task.record(self.id, now)).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn record(&self, now: Timestamp) -> Value {
        if let Work::Fixed { record, .. } = &self.work {
            return record.clone();
        }
        if matches!(self.work, Work::Fleet) {
            return fleet_tasks::record(self.made);
        }
        let tasks = self.states(now);
        let count = |word: &str| tasks.iter().filter(|own| word_of(own) == word).count();
        let [failed, succeed, stopped] = ["Failed", "Succeed", "Stopped"].map(count);
        let (status, end) = self.status(now);
        let reason = match &self.work {
            _ if status == "InProgress" => "",
            Work::Failed(reason) => reason,
            Work::Nothing => "no resources need to be replicated",
            _ => "",
        };
        json!({
            "id": self.id,
            "policy_id": self.policy,
            "status": status,
            "status_text": reason,
            "trigger": self.trigger,
            "total": tasks.len(),
            "failed": failed,
            "succeed": succeed,
            "stopped": stopped,
            "in_progress": tasks.len() - failed - succeed - stopped,
            "start_time": times::text(self.made),
            "end_time": times::second(end),
        })
    }

    /// Returns the status that the record has at `now`, and its end.
    fn status(&self, now: Timestamp) -> (&'static str, Option<Timestamp>) {
        let without_tasks = |status| match now < self.begins {
            true => ("InProgress", None),
            false => (status, Some(self.begins)),
        };
        match &self.work {
            Work::Nothing => return without_tasks("Succeed"),
            Work::Failed(_) => return without_tasks("Failed"),
            Work::Stopped => return without_tasks("Stopped"),
            Work::Fleet | Work::Tasks(_) | Work::Fixed { .. } => {}
        }
        // A stop is written at once, when the last of its tasks has ended.
        let at_once = self.sum(now);
        let is_stopped = self.stopped.is_some() && at_once.0 != "InProgress";
        if is_stopped {
            return at_once;
        }
        self.sum(self.lag.seen(now))
    }

    /// Returns the status that the tasks have together at `time`, and their end.
    fn sum(&self, time: Timestamp) -> (&'static str, Option<Timestamp>) {
        let looks = self.states(time);
        let has = |word: &str| looks.iter().any(|look| word_of(look) == word);
        if looks.is_empty() || has("Pending") || has("InProgress") {
            return ("InProgress", None);
        }
        let mut words = ["Failed", "Stopped"].into_iter();
        let end = looks.iter().map(|look| look.changed).max();
        (words.find(|word| has(word)).unwrap_or("Succeed"), end)
    }

    fn states(&self, time: Timestamp) -> Vec<Look> {
        match &self.work {
            Work::Tasks(tasks) if time >= self.begins => {
                tasks.iter().map(|task| task.course.look(time)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Stops its tasks. A task that has failed and waits for its next run is not stopped. Before its tasks
    /// are made, the execution ends at once, and never has one.
    pub(super) fn stop(&mut self, now: Timestamp) {
        self.stopped = Some(now);
        if now < self.begins {
            self.work = Work::Stopped;
            self.begins = now;
            self.settled = true;
        }
        if let Work::Tasks(tasks) = &mut self.work {
            for task in tasks {
                if task.course.look(now).state != State::Failed {
                    task.course.stop(now);
                }
            }
        }
    }

    /// Whether neither it nor its record changes any more.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        match &self.work {
            Work::Fixed { .. } => true,
            Work::Fleet => false,
            Work::Nothing | Work::Failed(_) | Work::Stopped => now >= self.begins,
            Work::Tasks(_) => {
                let mut looks = self.states(now).into_iter();
                let is_final = self.status(now).0 != "InProgress";
                self.settled && is_final && looks.all(|look| look.is_final)
            }
        }
    }

    /// Whether its status shows an end.
    pub(super) fn shows_end(&self, now: Timestamp) -> bool {
        match &self.work {
            Work::Fixed { .. } => true,
            _ => self.status(now).0 != "InProgress",
        }
    }

    /// Returns `project/repository` of its first task.
    pub(super) fn repository(&self) -> Option<&str> {
        match &self.work {
            Work::Tasks(tasks) => Some(&tasks.first()?.source),
            _ => None,
        }
    }
}

impl Task {
    pub(super) fn record(&self, execution: i64, now: Timestamp) -> Value {
        let look = self.course.look(now);
        let count = self.references.len();
        let items = |name: &str| format!("{name} [{count} item(s) in total]");
        let word = word_of(&look);
        let start = match look.attempts {
            0 => None,
            1 => Some(self.submitted),
            _ => look.begun,
        };
        let is_over = !matches!(word, "Pending" | "InProgress");
        json!({
            "id": self.id,
            "execution_id": execution,
            "status": word,
            "operation": self.operation.word(),
            "resource_type": "artifact",
            "src_resource": items(&self.source),
            "dst_resource": items(&self.destination),
            "job_id": fleet::hex_id(&format!("replication task {}", self.id), 24),
            "start_time": times::second(start.filter(|_| word != "Pending")),
            "end_time": times::second(is_over.then_some(look.changed)),
        })
    }
}

/// Returns the API's word for a state.
fn word_of(look: &Look) -> &'static str {
    match look.state {
        State::Waiting => "Pending",
        State::Running => "InProgress",
        State::Succeeded => "Succeed",
        State::Failed => "Failed",
        State::Stopped => "Stopped",
    }
}
