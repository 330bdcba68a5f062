//! One poll: what the registry shows of the work.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use futures_util::future::try_join_all;
use openapi_transport::Error;

use super::RunningWork;
use crate::arrival::read::or_absent;
use crate::arrival::sight::is_since;
use crate::model::{Execution, Subtask, Task, TaskState};
use crate::place::Place;
use crate::plan::StartedCopy;
use crate::provider::Feature;
use crate::registry::{Registry, TaskScope};
use crate::task_rules::images;

/// Most failed tasks whose subtasks are read for a reason.
const MOST_EXPLAINED: usize = 20;
/// Most reasons of one task.
const MOST_REASONS: usize = 3;

/// What one poll shows of one piece of work.
#[derive(Debug, Default)]
pub(super) struct Shown {
    /// The execution's record, if the work is an execution and the provider has records.
    pub(super) execution: Option<Execution>,
    pub(super) tasks: Vec<Task>,
    /// Whether it shows fewer tasks than it counts.
    pub(super) is_short: bool,
}

/// Reads all pieces of the work, in their order.
pub(super) async fn read(
    registry: &dyn Registry,
    work: &[RunningWork],
) -> Result<Vec<Shown>, Error> {
    let mut shown = try_join_all(work.iter().map(|work| one(registry, work))).await?;
    assign(work, &mut shown);
    Ok(shown)
}

/// Lets each task count for one piece only. Named work keeps its tasks. Then the copy of
/// which most is known comes first, because its tasks may match others too.
pub(super) fn assign(work: &[RunningWork], shown: &mut [Shown]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut copies: Vec<(usize, usize)> = Vec::new();
    for (at, (work, shown)) in work.iter().zip(shown.iter()).enumerate() {
        match work {
            RunningWork::Copy(copy) => copies.push((destination(copy).known(), at)),
            RunningWork::Task(task) => {
                taken.insert(task.to_string());
            }
            RunningWork::Execution(_) => {
                taken.extend(shown.tasks.iter().map(|task| task.reference().to_string()));
            }
        }
    }
    copies.sort_by_key(|(known, _)| Reverse(*known));
    for (_, at) in copies {
        if let Some(shown) = shown.get_mut(at) {
            let tasks = &mut shown.tasks;
            tasks.retain(|task| taken.insert(task.reference().to_string()));
        }
    }
}

fn destination(copy: &StartedCopy) -> Place {
    Place::of(&copy.destination, copy.image.tag())
}

/// Whether a task proves to be of a copy: it was created after the call, and names the image and the
/// destination.
pub(super) fn is_of_copy(task: &Task, copy: &StartedCopy) -> bool {
    let created = task.created.or(task.started);
    created.is_some_and(|created| is_since(created, copy.since))
        && images(task).contains(&copy.image)
        && Place::of_task(task, copy.image.tag()).confirms(&destination(copy))
}

async fn one(registry: &dyn Registry, work: &RunningWork) -> Result<Shown, Error> {
    match work {
        RunningWork::Execution(reference) => {
            let execution = match registry.descriptor().has(Feature::Executions) {
                true => match registry.find_execution(reference).await? {
                    Some(found) => Some(found),
                    None => return Ok(Shown::default()),
                },
                false => None,
            };
            let tasks = registry.tasks_of(&reference.clone().into()).by_item();
            let Some(tasks) = or_absent(tasks.try_collect::<Vec<Task>>().await)? else {
                return Ok(Shown::default());
            };
            let counted = execution.as_ref().and_then(|one| one.tasks?.total);
            Ok(Shown {
                is_short: counted.is_some_and(|counted| (tasks.len() as i64) < counted),
                execution,
                tasks,
            })
        }
        RunningWork::Task(reference) => Ok(match registry.find_task(reference).await? {
            Some(task) => Shown {
                tasks: vec![task],
                ..Shown::default()
            },
            None => Shown::default(),
        }),
        RunningWork::Copy(copy) => {
            let image = &copy.image;
            let scope = TaskScope::Image(match registry.descriptor().offers.tag_tasks {
                true => image.clone(),
                // Its listing has all tags of the repository.
                false => image.path().parse()?,
            });
            let time = |task: &Task| task.created.or(task.started);
            let tasks = registry.tasks_of(&scope).by_item_since(copy.since, time);
            let tasks = tasks.try_filter(|task| std::future::ready(is_of_copy(task, copy)));
            let tasks: Vec<Task> = tasks.try_collect().await?;
            Ok(Shown {
                tasks,
                ..Shown::default()
            })
        }
    }
}

/// Adds the reasons of failed subtasks to failed tasks without a reason. A reason that cannot be read
/// is left out.
pub(super) async fn explain(registry: &dyn Registry, tasks: &mut [Task]) {
    if !registry.descriptor().has(Feature::Subtasks) {
        return;
    }
    let failed = tasks.iter_mut();
    let failed = failed.filter(|task| task.issue.is_none() && is_failed(&task.state));
    for task in failed.take(MOST_EXPLAINED) {
        let subtasks = registry.subtasks_of(&task.reference()).by_item();
        let subtasks: Result<Vec<Subtask>, Error> = subtasks.try_collect().await;
        let mut reasons: Vec<String> = Vec::new();
        for subtask in subtasks.unwrap_or_default() {
            let reason = subtask.message.filter(|text| !text.is_empty());
            let reason = reason.filter(|_| is_failed(&subtask.state));
            if let Some(reason) = reason.filter(|reason| !reasons.contains(reason)) {
                reasons.push(reason);
            }
        }
        reasons.truncate(MOST_REASONS);
        task.issue = (!reasons.is_empty()).then(|| reasons.join("; "));
    }
}

/// Whether a task has ended without success, and was not cancelled.
pub(crate) fn is_failed(state: &TaskState) -> bool {
    matches!(state, TaskState::Failed | TaskState::TimedOut)
}
