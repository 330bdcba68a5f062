//! Whether what a caller names is there. Only a listing that is empty makes these calls.

use std::pin::pin;

use futures_util::TryStreamExt;
use openapi_transport::Error;

use super::executions::replication;
use super::{HarborRegistry, number};
use crate::arrival::read::{found, or_absent};
use crate::model::{Execution, ExecutionRef, RuleRef};

impl HarborRegistry {
    /// Looks a rule up: `getReplicationPolicy`, or `getProject` and `getRetention`.
    ///
    /// # Errors
    /// When there is no such rule, and any error of a call.
    pub(super) async fn rule_exists(&self, rule: &RuleRef) -> Result<(), Error> {
        let id = number("rule", rule.id())?;
        let (kind, is_there) = match rule.namespace() {
            None => {
                let answer = self.client.get_replication_policy().id(id).send().await;
                ("replication rule", found(answer.map_err(Error::from))?)
            }
            Some(project) => {
                self.is_retention_of(project, id).await?;
                let answer = self.client.get_retention().id(id).send().await;
                let answer = answer.map_err(Error::from);
                // Harbor refuses an id that it does not have as a bad request.
                let is_unknown = matches!(&answer, Err(error) if error.status() == Some(400));
                ("retention rule", !is_unknown && found(answer)?)
            }
        };
        match is_there {
            true => Ok(()),
            false => Err(Error::not_found(format!(
                "Harbor has no {kind} {rule}; list the rules to see their ids"
            ))),
        }
    }

    /// Checks that a retention rule is the one of a project: `getProject`. Harbor's calls take the id of the rule
    /// alone, so they would work with the rule of another project.
    ///
    /// # Errors
    /// When the project is missing or has another rule, and an error of the call that may pass. Another error,
    /// as of a caller who may not read the project, tells nothing about the rule.
    pub(super) async fn is_retention_of(&self, project: &str, id: i64) -> Result<(), Error> {
        let call = self.client.get_project().project_name_or_id(project);
        let answer = call.x_is_resource_name(true).send().await;
        let has = match answer.map_err(Error::from) {
            Ok(answer) => answer
                .into_inner()
                .metadata
                .and_then(|own| own.retention_id),
            Err(error) if error.is_absent() => None,
            Err(error) if error.can_retry() => return Err(error),
            Err(_) => return Ok(()),
        };
        match has {
            Some(own) if own == id.to_string() => Ok(()),
            Some(own) => Err(Error::not_found(format!(
                "Harbor has no retention rule {project}/{id}; the rule of project {project} is {project}/{own}"
            ))),
            None => Err(Error::not_found(format!(
                "Harbor has no retention rule {project}/{id}; list the rules to see their ids"
            ))),
        }
    }

    /// Returns an execution: `getReplicationExecution`, or from the listing of a retention rule.
    pub(super) async fn execution(
        &self,
        execution: &ExecutionRef,
    ) -> Result<Option<Execution>, Error> {
        let id = number("execution", execution.id())?;
        let Some((rule, project)) = execution
            .rule()
            .and_then(|rule| Some((rule, rule.namespace()?)))
        else {
            let answer = self.client.get_replication_execution().id(id).send().await;
            let answer = or_absent(answer.map_err(Error::from))?;
            return Ok(answer.map(|answer| replication(answer.into_inner())));
        };
        let policy = number("rule", rule.id())?;
        let all = self.retention_executions(project, policy).by_item();
        let same = |found: &Execution| found.reference() == *execution;
        let found = all.try_filter(|found| std::future::ready(same(found)));
        pin!(found).try_next().await
    }

    /// The error for an execution that Harbor does not have.
    pub(super) fn no_execution(execution: &ExecutionRef) -> Error {
        Error::not_found(format!(
            "Harbor has no execution {execution}; list the executions to see their ids. Harbor removes \
             old ones"
        ))
    }

    /// Looks an execution up.
    ///
    /// # Errors
    /// When there is no such execution, and any error of a call.
    pub(super) async fn execution_exists(&self, execution: &ExecutionRef) -> Result<(), Error> {
        match self.execution(execution).await? {
            Some(_) => Ok(()),
            None => Err(Self::no_execution(execution)),
        }
    }
}
