//! Whether what a caller names is there. Only a listing that is empty makes these calls.

use std::pin::pin;

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use openapi_transport::Error;

use super::SwrEnterprise;
use super::number;
use crate::arrival::read::found;
use crate::model::{Execution, ExecutionRef, RuleRef, Task, TaskRef};

impl SwrEnterprise {
    /// Looks a rule up: `ShowInstanceReplicationPolicy`, `ShowInstanceRetentionPolicy`.
    ///
    /// # Errors
    /// When there is no such rule, and any error of a call.
    pub(super) async fn rule_exists(&self, rule: &RuleRef) -> Result<(), Error> {
        let policy = number("rule", rule.id())?;
        let is_there = match rule.namespace() {
            None => {
                let call = self.client.show_instance_replication_policy();
                let call = call.project_id(&self.project_id);
                let call = call.instance_id(&self.instance).policy_id(policy);
                found(call.send().await.map_err(Error::from))?
            }
            Some(namespace) => {
                let call = self.client.show_instance_retention_policy();
                let call = call.project_id(&self.project_id);
                let call = call.instance_id(&self.instance);
                let call = call.namespace_name(namespace).policy_id(policy);
                found(call.send().await.map_err(Error::from))?
            }
        };
        if is_there {
            return Ok(());
        }
        let kind = match rule.namespace() {
            None => "replication rule",
            Some(_) => "retention rule",
        };
        Err(Error::not_found(format!(
            "instance {} has no {kind} {rule}; list the rules to see their ids",
            self.instance
        )))
    }

    /// A replication execution, from the listing of all: no call shows a single execution.
    pub(super) async fn execution(&self, id: i64) -> Result<Option<Execution>, Error> {
        let mut all = pin!(self.replication_executions(None).by_item());
        let mut last = i64::MAX;
        let mut falls = true;
        while let Some(execution) = all.try_next().await? {
            let Ok(own) = execution.id.parse::<i64>() else {
                continue;
            };
            if own == id {
                return Ok(Some(execution));
            }
            falls &= own < last;
            last = own;
            // Ids rise with time. Behind an older execution there is no newer one, as long as the
            // listing is seen to be in that order.
            if falls && own < id {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The error for an execution that the registry does not have.
    pub(super) fn no_execution(&self, execution: &ExecutionRef) -> Error {
        Error::not_found(format!(
            "instance {} has no execution {execution}; list the executions to see their ids",
            self.instance
        ))
    }

    /// Looks an execution up, by the listing of all or of its rule.
    ///
    /// # Errors
    /// When there is no such execution, and any error of a call.
    pub(super) async fn execution_exists(&self, execution: &ExecutionRef) -> Result<(), Error> {
        let found = match execution.rule() {
            None => {
                let id = number("execution", execution.id())?;
                self.execution(id).await?.is_some()
            }
            Some(rule) => {
                let policy = number("rule", rule.id())?;
                let namespace = rule.namespace().unwrap_or_default();
                let all = self.retention_executions(namespace, policy).by_item();
                has(all, |own| own.id == execution.id()).await?
            }
        };
        match found {
            true => Ok(()),
            false => Err(self.no_execution(execution)),
        }
    }

    /// Looks a task up among the tasks of its execution.
    ///
    /// # Errors
    /// When it is not among them, and any error of a call.
    pub(super) async fn task_exists(
        &self,
        tasks: impl Stream<Item = Result<Task, Error>>,
        task: &TaskRef,
    ) -> Result<(), Error> {
        match has(tasks, |own| own.id == task.id()).await? {
            true => Ok(()),
            false => Err(Error::not_found(format!(
                "instance {} has no task {task}; list the tasks of the execution to see their ids",
                self.instance
            ))),
        }
    }
}

/// Whether a listing has such a record; reads no further than to the first.
async fn has<T>(
    items: impl Stream<Item = Result<T, Error>>,
    is_it: impl Fn(&T) -> bool,
) -> Result<bool, Error> {
    let found = items.try_filter(|item| std::future::ready(is_it(item)));
    Ok(pin!(found).next().await.transpose()?.is_some())
}
