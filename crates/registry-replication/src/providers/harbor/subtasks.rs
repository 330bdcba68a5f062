//! Subtasks: the tags that the log of a task names.

use std::fmt::Display;

use openapi_transport::Error;

use super::log::{Log, Names, Outcome, TagEnd};
use super::{HarborRegistry, PROVIDER, number};
use crate::listing::Listing;
use crate::model::{ImageRef, Subtask, Task, TaskKind, TaskRef, TaskState, VendorAnswer};
use crate::pager::{Fetched, Steps, listing_name};
use crate::place::path;

impl HarborRegistry {
    /// Lists the subtasks of a task of a replication execution, one for each tag that its log names:
    /// `getReplicationLog`, after `listReplicationTasks` for the state of the task.
    ///
    /// Harbor removes logs after a day, unless it is configured otherwise. A log that is gone is the error
    /// of the listing.
    pub fn replication_subtasks(&self, task: &TaskRef) -> Listing<Subtask> {
        let narrowed: [(&str, Option<&dyn Display>); 1] = [("task", Some(task))];
        let name = listing_name("getReplicationLog", &narrowed);
        let (registry, task) = (self.clone(), task.clone());
        Listing::new(name, Steps::All, move |_| {
            registry.clone().all_subtasks(task.clone())
        })
    }

    async fn all_subtasks(self, reference: TaskRef) -> Result<Fetched<Subtask>, Error> {
        let Some(execution) = reference.execution() else {
            return Err(Error::configuration(format!(
                "task {:?} has no execution; write EXECUTION/TASK such as 83/1927",
                reference.to_string()
            )));
        };
        let id = number("execution", execution.id())?;
        let tasks = self.replication_tasks(id, None).all().await?;
        let Some(task) = tasks.into_iter().find(|task| task.reference() == reference) else {
            return Err(Error::not_found(format!(
                "execution {execution} has no task {}; list its tasks to see their ids",
                reference.id()
            )));
        };
        let log = self.log(&task).await?;
        let tags = log.tags.iter();
        let subtasks = tags.map(|(tag, ended)| subtask(&task, &log, tag, *ended));
        Ok(Fetched {
            items: subtasks.collect(),
            total: None,
            size: None,
        })
    }

    /// Reads the log of a task.
    pub(super) async fn log(&self, task: &Task) -> Result<Log, Error> {
        let execution = number("execution", task.execution.as_deref().unwrap_or_default())?;
        let id = number("task", &task.id)?;
        let call = self.client.get_replication_log().id(execution).task_id(id);
        let answer = call.send().await?;
        let path = |end: &Option<ImageRef>| end.as_ref().and_then(path).unwrap_or_default();
        let (source, destination) = (path(&task.source), path(&task.destination));
        let names = Names {
            source: &source,
            destination: &destination,
        };
        Ok(Log::read(&answer.into_inner(), names))
    }
}

/// Returns the state of a tag of a task.
pub(super) fn state(task: &Task, outcome: Option<Outcome>) -> TaskState {
    match outcome {
        Some(Outcome::Copied) => TaskState::Succeeded,
        Some(Outcome::There | Outcome::Kept) => TaskState::AlreadyThere,
        None => task.state.clone(),
    }
}

/// Returns what the service says about an outcome.
fn message(task: &Task, log: &Log, outcome: Option<Outcome>) -> Option<String> {
    match outcome {
        Some(Outcome::Kept) => {
            Some("the tag is another image there, and the rule does not overwrite".to_owned())
        }
        Some(_) => None,
        None => log
            .failure
            .clone()
            .filter(|_| task.state == TaskState::Failed),
    }
}

fn subtask(task: &Task, log: &Log, tag: &str, ended: Option<TagEnd>) -> Subtask {
    let outcome = ended.map(|ended| ended.outcome);
    let source = task.source.clone().unwrap_or_default();
    let is_digest = tag.contains(':');
    let text = |is_wanted: bool| is_wanted.then(|| tag.to_owned());
    Subtask {
        provider: PROVIDER,
        kind: TaskKind::Replication,
        // Harbor gives the tags of a task no ids.
        id: tag.to_owned(),
        task: task.reference(),
        namespace: source.namespace,
        repository: source.repository,
        tag: text(!is_digest),
        digest: text(is_digest),
        state: state(task, outcome),
        status: task.status.clone(),
        message: message(task, log, outcome),
        operation: task.operation.clone(),
        job: None,
        started: task.started,
        ended: ended.map(|ended| ended.at).or(task.ended),
        vendor: VendorAnswer::default(),
    }
}
