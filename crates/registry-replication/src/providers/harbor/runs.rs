//! Executions that looks remember, so that they do not read ended ones again, and their works.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::harbor::harbor::types::ReplicationPolicy;
use openapi_transport::{Error, Timestamp};

use super::executions::has_all_tasks;
use super::log::{Log, Outcome, TagEnd};
use super::subtasks::state;
use super::{HarborRegistry, number};
use crate::arrival::cover::{Covered, ReadRule};
use crate::arrival::judge::end;
use crate::arrival::read::or_absent;
use crate::arrival::sight::{
    Repository, Work, WorkOrigin, WorkTag, execution_key, plausible, repository,
};
use crate::model::{Execution, ImageName, ImageRef, RuleTrigger, Task, TaskState};

/// Seconds after an end in which the registry may retry, or has not written all of the log yet.
const QUIET_SECONDS: i64 = 15 * 60;

/// Seconds after which the log of a running task is read again.
const GROWN_SECONDS: i64 = 30;
/// By how much the clocks of Harbor's parts may differ.
const SKEW: Duration = Duration::from_secs(5);

/// Known facts of executions, by id.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<BTreeMap<String, Run>>>);

#[derive(Clone, Default)]
struct Run {
    /// Whether all of its tasks have ended for good.
    is_over: bool,
    tasks: Arc<Vec<Task>>,
    /// Logs by task.
    logs: BTreeMap<String, ReadLog>,
}

/// Log as it was when the task was in this state.
#[derive(Clone)]
struct ReadLog {
    state: TaskState,
    updated: Option<Timestamp>,
    /// Time of the answer.
    at: Timestamp,
    /// Absent if the registry has no log.
    log: Option<Arc<Log>>,
}

/// What an execution shows.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) works: Vec<(Repository, Work)>,
    /// Keys of works without named tags whose tags are known now.
    pub(super) resolved: BTreeSet<String>,
    /// Whether the execution has more tasks than its listing shows.
    pub(super) is_short: bool,
}

/// Execution whose works are wanted, and the images that they must be about.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) execution: &'a Execution,
    /// The rule, if it is known.
    pub(super) rule: Option<&'a ReadRule>,
    /// Images that the works must be about.
    pub(super) images: &'a BTreeSet<ImageName>,
    pub(super) now: Timestamp,
}

impl Runs {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Run>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all executions except these.
    pub(super) fn forget_but<'a>(&self, executions: impl Iterator<Item = &'a Execution>) {
        let kept: BTreeSet<_> = executions.map(|execution| &execution.id).collect();
        self.all().retain(|id, _| kept.contains(id));
    }

    /// Returns the works of an execution.
    pub(super) async fn works(
        &self,
        registry: &HarborRegistry,
        scope: Scope<'_>,
    ) -> Result<Shown, Error> {
        let execution = scope.execution;
        let known = self.all().get(&execution.id).cloned();
        let count = execution.tasks.and_then(|counts| counts.total);
        let mut shown = Shown::default();
        let mut run = match known {
            Some(run) if run.is_over && count <= Some(run.tasks.len() as i64) => run,
            known => {
                let Some(tasks) = self.tasks(registry, execution).await? else {
                    // It may have been removed since the listing.
                    shown.is_short = true;
                    return Ok(shown);
                };
                let whole = count.is_none_or(|total| tasks.len() as i64 >= total);
                shown.is_short = !whole;
                Run {
                    is_over: whole
                        && has_all_tasks(execution)
                        && !tasks.is_empty()
                        && tasks.iter().all(|task| is_over(task, scope.now)),
                    tasks: Arc::new(tasks),
                    logs: known.map(|run| run.logs).unwrap_or_default(),
                }
            }
        };
        if run.tasks.is_empty() {
            shown.works.extend(without_task(&scope));
        } else {
            shown.resolved.insert(execution_key(&execution.reference()));
        }
        for task in run.tasks.clone().iter() {
            let Some(repository) = scope.repository_of(task) else {
                continue;
            };
            if !copies(task) {
                shown.works.push((repository, scope.removing(task)));
                continue;
            }
            let log = self.log(registry, &mut run, task, scope.now).await?;
            let works = scope.works(task, log.as_deref());
            let names_all = log.as_ref().is_some_and(|log| log.names_all);
            if names_all && works.iter().all(|work| work.tag != WorkTag::Unnamed) {
                shown.resolved.insert(task.reference().to_string());
            }
            let works = works.into_iter().map(|work| (repository.clone(), work));
            shown.works.extend(works);
        }
        self.all().insert(execution.id.clone(), run);
        Ok(shown)
    }

    /// Reads the tasks of an execution; `None` if the registry does not have it.
    async fn tasks(
        &self,
        registry: &HarborRegistry,
        execution: &Execution,
    ) -> Result<Option<Vec<Task>>, Error> {
        // Its counts are current, so they spare a call.
        if execution.tasks.and_then(|counts| counts.total) == Some(0) {
            return Ok(Some(Vec::new()));
        }
        let id = number("execution", &execution.id)?;
        let tasks = registry.list_replication_tasks(id, None, false);
        or_absent(tasks.all().await)
    }

    /// Returns the log of a task that has begun, if the registry has it.
    async fn log(
        &self,
        registry: &HarborRegistry,
        run: &mut Run,
        task: &Task,
        now: Timestamp,
    ) -> Result<Option<Arc<Log>>, Error> {
        if task.state == TaskState::Waiting {
            return Ok(None);
        }
        if let Some(read) = run.logs.get(&task.id)
            && read.state == task.state
            && read.updated == task.updated
            && !read.may_have_grown(now)
        {
            return Ok(read.log.clone());
        }
        let is_quiet = is_quiet(task, now);
        let log = match registry.log(task).await {
            Ok(log) => Some(Arc::new(Log {
                // Nothing more will be written.
                is_whole: log.is_whole || (is_quiet && !log.is_cut),
                ..log
            })),
            // A look does not fail because of a log. Without it, less is known.
            Err(_) => None,
        };
        let is_complete = log.as_ref().is_some_and(|log| log.names_all);
        let is_over = task.state.is_final();
        let log = match is_complete {
            true => log,
            false => {
                let before = run.logs.get(&task.id).and_then(|read| read.log.clone());
                let tags = match before.filter(|before| before.names_all) {
                    // An earlier run has named the tags, too.
                    Some(before) => Some(before.tags.keys().cloned().collect()),
                    None if is_over => registry.deliveries.tags(registry, task).await?,
                    None => None,
                };
                tags.map(|tags| Arc::new(Log::of_tags(tags))).or(log)
            }
        };
        // The rest of a log may not be written yet.
        let is_whole = log.as_ref().is_some_and(|log| log.is_whole);
        if (is_complete && (is_whole || !is_over)) || is_quiet {
            run.logs.insert(
                task.id.clone(),
                ReadLog {
                    state: task.state.clone(),
                    updated: task.updated,
                    at: now,
                    log: log.clone(),
                },
            );
        }
        Ok(log)
    }
}

impl ReadLog {
    /// Whether a running task may have ended the work on more of its tags since.
    fn may_have_grown(&self, now: Timestamp) -> bool {
        let has_several = self.log.as_ref().is_some_and(|log| log.tags.len() > 1);
        let passed = now.as_second() - self.at.as_second();
        !self.state.is_final() && has_several && passed >= GROWN_SECONDS
    }
}

impl fmt::Debug for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runs").finish_non_exhaustive()
    }
}

/// Returns a time as the earliest one that its text can mean. Harbor writes milliseconds or drops the fraction
/// of a second, and a time without a fraction would count as any time of the second.
fn exact(time: Option<Timestamp>) -> Option<Timestamp> {
    let least = Duration::from_nanos(1);
    time.map(|time| match time.subsec_nanosecond() {
        0 => time.checked_add(least).unwrap_or(time),
        _ => time,
    })
}

/// Whether a task copies. Others remove tags at the destination.
fn copies(task: &Task) -> bool {
    task.operation.as_deref().is_none_or(|what| what == "copy")
}

/// Whether a task ended so long ago that the registry neither retries it nor writes to its log.
fn is_quiet(task: &Task, now: Timestamp) -> bool {
    let ended = plausible(task.ended).filter(|_| task.state.is_final());
    ended.is_some_and(|ended| now.as_second() - ended.as_second() >= QUIET_SECONDS)
}

/// Whether a task has ended for good.
fn is_over(task: &Task, now: Timestamp) -> bool {
    match task.state {
        TaskState::Succeeded => true,
        _ => is_quiet(task, now),
    }
}

/// Whether the state of a task is that of each of its tags whose end its log does not tell.
///
/// A task fails if one of its tags does. The log of its last run tells which, once it is whole.
fn is_of_each(task: &Task, log: &Log) -> bool {
    let has_failed = task.state.is_final() && task.state != TaskState::Succeeded;
    let is_only = log.names_all && log.tags.len() == 1;
    !has_failed || is_only || log.is_whole
}

/// Makes the works of an execution that has no tasks (yet): it may be about any image of its rule.
fn without_task(scope: &Scope<'_>) -> Vec<(Repository, Work)> {
    let execution = scope.execution;
    // With nothing to copy, it succeeds without a task.
    if execution.state == TaskState::Succeeded {
        return Vec::new();
    }
    // One for each repository, at the place that the rule copies it to.
    let covered = scope
        .images
        .iter()
        .filter(|image| scope.rule.is_none_or(|rule| rule.covers(image)));
    let ends: BTreeMap<Repository, ImageRef> = covered
        .map(|image| {
            let end = scope.rule.map(|rule| end(rule, image));
            (repository(image), end.unwrap_or_default())
        })
        .collect();
    let work = |destination| Work {
        rule: execution.rule.clone(),
        execution: Some(execution.reference()),
        state: execution.state.clone(),
        status: execution.status.clone(),
        issue: execution.message.clone(),
        created: execution.created,
        started: execution.started,
        changed: execution.updated.or(execution.created),
        ..Work::new(
            WorkOrigin::Execution(execution.reference()),
            WorkTag::Unnamed,
            destination,
        )
    };
    let works = ends.into_iter().map(|(name, end)| (name, work(end)));
    works.collect()
}

impl Scope<'_> {
    /// Returns the repository of a task, if an image of it is asked for.
    fn repository_of(&self, task: &Task) -> Option<Repository> {
        let source = task.source.as_ref()?;
        let (namespace, repository) = (source.namespace.clone()?, source.repository.clone()?);
        let mut images = self.images.iter();
        let is_wanted =
            images.any(|image| image.namespace() == namespace && image.repository() == repository);
        is_wanted.then_some((namespace, repository))
    }

    /// Makes the works of a task: one for each tag that its log names, and one for those that it may not
    /// name.
    fn works(&self, task: &Task, log: Option<&Log>) -> Vec<Work> {
        let mut works = Vec::new();
        if !self.is_sure_of_place(log) {
            works.push(self.work(task, WorkTag::Unnamed));
            return works;
        }
        if let Some(log) = log {
            let is_known = |ended: &Option<TagEnd>| ended.is_some() || is_of_each(task, log);
            let (known, unsure): (Vec<_>, Vec<_>) =
                log.tags.iter().partition(|(_, ended)| is_known(ended));
            works.extend(
                known
                    .into_iter()
                    .map(|(tag, ended)| self.named(task, log, tag, *ended)),
            );
            if log.names_all {
                let may_have_failed = unsure.iter().any(|(tag, _)| self.asks_for(task, tag));
                works.extend(may_have_failed.then(|| self.work(task, WorkTag::Unnamed)));
                return works;
            }
        }
        match self.all_tags(task) {
            Some(tags) => {
                let tags = tags.into_iter();
                let tags = tags.filter(|tag| !log.is_some_and(|log| log.tags.contains_key(tag)));
                let tags: Vec<Work> = tags
                    .map(|tag| self.work(task, WorkTag::Named(tag)))
                    .collect();
                works.extend(tags);
            }
            None => works.push(self.work(task, WorkTag::Unnamed)),
        }
        works
    }

    /// Whether the rule copied to its present destination when the execution ran. A task does not name the
    /// registry, but its log does.
    fn is_sure_of_place(&self, log: Option<&Log>) -> bool {
        let Some(rule) = self.rule else {
            return false;
        };
        let policy = rule.vendor.get::<ReplicationPolicy>();
        let registry = policy.and_then(|policy| policy.dest_registry.as_ref());
        let url = registry.and_then(|registry| registry.url.as_deref());
        let copied_to = log.and_then(|log| log.destination.as_deref());
        match url.zip(copied_to) {
            Some((url, copied_to)) => url.trim_end_matches('/') == copied_to.trim_end_matches('/'),
            None => {
                let times = rule.updated.zip(self.execution.created);
                times.is_some_and(|(updated, created)| updated < created)
            }
        }
    }

    /// Whether a tag of a task is asked for.
    fn asks_for(&self, task: &Task, tag: &str) -> bool {
        let own = self.repository_of(task);
        let mut images = self.images.iter();
        images.any(|image| image.tag() == Some(tag) && Some(repository(image)) == own)
    }

    /// Returns the wanted tags that a task of all of its repository's tags certainly copies.
    ///
    /// A manual or scheduled run copies all tags that the rule covers. If its task has failed, any of
    /// them may be the reason.
    fn all_tags(&self, task: &Task) -> Option<Vec<String>> {
        let execution = self.execution;
        let is_of_all = matches!(
            execution.trigger,
            Some(RuleTrigger::Manual | RuleTrigger::OnSchedule)
        );
        let rule = self.rule.filter(|_| is_of_all)?;
        // The rule may have covered other tags then.
        let is_changed = rule.updated.zip(execution.created);
        if is_changed.is_none_or(|(updated, created)| updated >= created) {
            return None;
        }
        if task.state.is_final() && task.state != TaskState::Succeeded {
            return None;
        }
        let (namespace, repository) = self.repository_of(task)?;
        let mut tags = Vec::new();
        let images = self.images.iter();
        let images = images
            .filter(|image| image.namespace() == namespace && image.repository() == repository);
        for image in images {
            match (rule.coverage(image).covered, image.tag()) {
                (Covered::Yes, Some(tag)) => tags.push(tag.to_owned()),
                (Covered::No, _) => {}
                _ => return None,
            }
        }
        Some(tags)
    }

    /// Makes the work of a task that removes tags, which its log does not name in a known form.
    fn removing(&self, task: &Task) -> Work {
        Work {
            keeps: false,
            state: task.state.clone(),
            removes: true,
            ..self.work(task, WorkTag::Unnamed)
        }
    }

    fn named(&self, task: &Task, log: &Log, tag: &str, ended: Option<TagEnd>) -> Work {
        let outcome = ended.map(|ended| ended.outcome);
        let work = self.work(task, WorkTag::Named(tag.to_owned()));
        let has_failed = task.state == TaskState::Failed && outcome.is_none();
        let (state, overwrites) = match outcome {
            Some(Outcome::There) => (TaskState::AlreadyThere, Some(true)),
            Some(Outcome::Kept) => (TaskState::AlreadyThere, Some(false)),
            Some(Outcome::Copied) => (TaskState::Succeeded, Some(true)),
            None => (work.state.clone(), work.overwrites),
        };
        // The task goes on with its other tags, and another task may write this one meanwhile.
        let changed = ended.map(|ended| ended.at).or(work.changed);
        let wrote = ended.map(|ended| ended.at).or(work.wrote);
        let begun = log.begun.get(tag);
        let begun = begun.and_then(|begun| begun.checked_sub(SKEW).ok());
        let is_next = begun.is_none() && log.names_all && !log.is_whole && !task.state.is_final();
        let reads = match is_next && !log.begun.is_empty() {
            // The task has not come to this tag yet.
            true => Some(self.now),
            false => begun.max(work.reads),
        };
        Work {
            state,
            overwrites,
            changed,
            wrote,
            reads,
            // The log shows what it did.
            keeps: work.keeps && outcome != Some(Outcome::Copied),
            subtask: (log.tags.len() > 1).then(|| tag.to_owned()),
            issue: log.failure.clone().filter(|_| has_failed),
            ..work
        }
    }

    fn work(&self, task: &Task, tag: WorkTag) -> Work {
        let execution = self.execution;
        let end = task.destination.clone().unwrap_or_default();
        let place = self.rule.map(|rule| rule.destination.clone());
        let place = place.unwrap_or_default();
        // Where the rule does not overwrite, the task succeeds although another image was there.
        let keeps = self.rule.is_some_and(|rule| rule.overwrites == Some(false));
        let is_unsure = keeps && task.state == TaskState::Succeeded;
        Work {
            rule: execution.rule.clone(),
            execution: Some(execution.reference()),
            state: match is_unsure {
                true => TaskState::AlreadyThere,
                false => state(task, None),
            },
            status: task.status.clone(),
            created: execution.created,
            started: task.started,
            changed: task.updated,
            // It reads the tag when it runs, after its start, and may write it long before its end.
            reads: match task.state {
                TaskState::Waiting => Some(self.now),
                _ => exact(task.started).max(exact(execution.created)),
            },
            wrote: task.started,
            keeps,
            overwrites: is_unsure.then_some(false),
            ..Work::new(
                WorkOrigin::Task(task.reference()),
                tag,
                ImageRef {
                    region: place.region,
                    instance: place.instance,
                    registry: place.registry,
                    registry_name: place.registry_name,
                    artifacts: Vec::new(),
                    artifact_count: None,
                    ..end
                },
            )
        }
    }
}
