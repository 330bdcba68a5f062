//! Executions that looks remember, so that they do not read ended ones again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt;
use openapi_transport::{Error, Timestamp};

use super::SwrEnterprise;
use super::number;
use crate::arrival::read::{Records, or_absent};
use crate::arrival::sight::{Repository, Work, WorkOrigin, WorkTag, plausible};
use crate::model::{Execution, ImageRef, Subtask, Task, TaskState};

/// Seconds after a failure in which the registry may retry.
pub(super) const QUIET_SECONDS: i64 = 15 * 60;

/// Known facts of executions, by id.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<BTreeMap<String, Run>>>);

#[derive(Clone, Default)]
struct Run {
    /// Whether all of its tasks have ended for good.
    is_over: bool,
    tasks: Arc<Vec<Task>>,
    /// Subtasks of tasks that have ended for good.
    subtasks: BTreeMap<String, Arc<Vec<Subtask>>>,
}

impl Runs {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all executions except these.
    pub(super) fn forget_but(&self, executions: &[Execution]) {
        let kept: BTreeSet<_> = executions.iter().map(|execution| &execution.id).collect();
        self.all().retain(|id, _| kept.contains(id));
    }

    /// Returns the works of an execution in these repositories. Judges an execution by its tasks,
    /// because its own state may lag behind them.
    ///
    /// The answer is short if the execution has more tasks than its listing shows.
    pub(super) async fn works(
        &self,
        registry: &SwrEnterprise,
        execution: &Execution,
        repositories: &BTreeSet<Repository>,
        now: Timestamp,
    ) -> Result<Records<(Repository, Work)>, Error> {
        let nothing = || Records {
            all: Vec::new(),
            is_short: true,
        };
        let known = self.all().get(&execution.id).cloned();
        let mut is_short = false;
        let mut run = match known.filter(|run| run.is_over) {
            Some(run) => run,
            None => {
                let id = number("execution", &execution.id)?;
                let tasks = registry.list_replication_tasks(id, false).by_item();
                // It may have been removed since the listing, or the answer lags behind the listing.
                let tasks: Option<Vec<Task>> = or_absent(tasks.try_collect().await)?;
                let Some(tasks) = tasks else {
                    return Ok(nothing());
                };
                let whole = execution.tasks.and_then(|counts| counts.total);
                let whole = whole.is_none_or(|total| tasks.len() as i64 >= total);
                is_short = !whole;
                Run {
                    is_over: whole
                        && execution.state.is_final()
                        && tasks.iter().all(|task| is_over(task, now)),
                    tasks: Arc::new(tasks),
                    subtasks: self
                        .all()
                        .get(&execution.id)
                        .map(|run| run.subtasks.clone())
                        .unwrap_or_default(),
                }
            }
        };
        let mut works = Vec::new();
        for task in run.tasks.clone().iter() {
            let Some(repository) = repository(task).filter(|own| repositories.contains(own)) else {
                continue;
            };
            if let Some(work) = alone(task, execution) {
                works.push((repository, work));
                continue;
            }
            let subtasks = match run.subtasks.get(&task.id) {
                Some(subtasks) => subtasks.clone(),
                None => {
                    let ids = (
                        number("execution", &execution.id)?,
                        number("task", &task.id)?,
                    );
                    let subtasks = registry.list_replication_subtasks(ids.0, ids.1, None, false);
                    let subtasks: Option<Vec<Subtask>> = or_absent(subtasks.all().await)?;
                    let Some(subtasks) = subtasks.map(Arc::new) else {
                        return Ok(nothing());
                    };
                    if is_over(task, now) && is_whole(task, &subtasks) {
                        run.subtasks.insert(task.id.clone(), Arc::clone(&subtasks));
                    }
                    subtasks
                }
            };
            let parts = subtasks
                .iter()
                .map(|subtask| part(subtask, task, execution));
            works.extend(parts.map(|work| (repository.clone(), work)));
        }
        self.all().insert(execution.id.clone(), run);
        let all = works;
        Ok(Records { all, is_short })
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runs").finish_non_exhaustive()
    }
}

/// Whether a task has ended for good.
fn is_over(task: &Task, now: Timestamp) -> bool {
    match task.state {
        TaskState::Succeeded | TaskState::AlreadyThere => true,
        _ if !task.state.is_final() => false,
        _ => plausible(task.updated)
            .is_some_and(|updated| now.as_second() - updated.as_second() >= QUIET_SECONDS),
    }
}

/// Whether a task has at least as many subtasks as it names tags.
fn is_whole(task: &Task, subtasks: &[Subtask]) -> bool {
    let named = task.source.as_ref().map(|source| {
        let counted = source.artifact_count.unwrap_or_default();
        source.tags().count().max(counted.try_into().unwrap_or(0))
    });
    named.is_some_and(|named| named > 0 && subtasks.len() >= named)
}

fn repository(task: &Task) -> Option<Repository> {
    let source = task.source.as_ref()?;
    Some((source.namespace.clone()?, source.repository.clone()?))
}

/// Returns the place that a task names: namespace and repository. The rule has the rest.
fn destination(task: &Task) -> ImageRef {
    let end = task.destination.clone().unwrap_or_default();
    ImageRef {
        artifacts: Vec::new(),
        artifact_count: None,
        ..end
    }
}

/// Makes the work of a task of one tag, whose state is the tag's. For a failed task, the subtask has
/// the reason.
fn alone(task: &Task, execution: &Execution) -> Option<Work> {
    if task.state.is_final() && task.state != TaskState::Succeeded {
        return None;
    }
    let source = task.source.as_ref()?;
    let [artifact] = source.artifacts.as_slice() else {
        return None;
    };
    let [tag] = artifact.tags.as_slice() else {
        return None;
    };
    Some(Work {
        rule: execution.rule.clone(),
        execution: Some(execution.reference()),
        digest: artifact.digest.clone(),
        state: task.state.clone(),
        status: task.status.clone(),
        created: execution.created,
        started: task.started,
        changed: task.updated,
        ..Work::new(
            WorkOrigin::Task(task.reference()),
            WorkTag::Named(tag.clone()),
            destination(task),
        )
    })
}

fn part(subtask: &Subtask, task: &Task, execution: &Execution) -> Work {
    Work {
        rule: execution.rule.clone(),
        execution: Some(execution.reference()),
        subtask: Some(subtask.id.clone()),
        digest: subtask.digest.clone(),
        state: subtask.state.clone(),
        status: subtask.status.clone(),
        issue: subtask.message.clone(),
        created: execution.created,
        started: task.started,
        // The task's own time is not earlier than its subtask's.
        changed: subtask.ended.or(task.updated),
        ..Work::new(
            WorkOrigin::Task(task.reference()),
            subtask.tag.clone().into(),
            destination(task),
        )
    }
}
