//! Harbor as any registry: references to ids, run and stop.

use std::sync::Arc;

use ::harbor::created_id;
use ::harbor::harbor::ClientInfo;
use futures_core::future::BoxFuture;
use openapi_transport::{Call, Error, Timestamp};

use reqwest::header::HeaderMap;
use serde_json::json;

use super::rules::host;
use super::tasks::status_of;
use super::{DESCRIPTOR, HarborRegistry, number};
use crate::api;
use crate::arrival::sight::Look;
use crate::listing::Listing;
use crate::model::{
    Execution, ExecutionRef, ImageName, ListedRepository, ListedTag, Rule, RuleRef, Subtask, Task,
    TaskRef, TaskState,
};
use crate::plan::{Plan, Started};
use crate::provider::{Descriptor, Feature};
use crate::registry::{self, RunOptions, StopTarget, TaskScope, sealed};

/// Seconds after a failure in which Harbor may still run a task again.
const QUIET_SECONDS: i64 = 15 * 60;

impl sealed::Sealed for HarborRegistry {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }
}

impl registry::Registry for HarborRegistry {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule> {
        if repository.is_some() {
            return Listing::refused(DESCRIPTOR.refusal(Feature::RepositoryRules));
        }
        self.replication_rules(None).then(self.retention_rules())
    }

    fn executions_of(&self, rule: Option<&RuleRef>) -> Listing<Execution> {
        let Some(rule) = rule else {
            return self.replication_executions(None);
        };
        let id = number("rule", rule.id());
        Listing::tried(id.map(|id| match rule.namespace() {
            Some(project) => self.retention_executions(project, id),
            None => self.replication_executions(Some(id)),
        }))
    }

    fn find_execution<'a>(
        &'a self,
        execution: &'a ExecutionRef,
    ) -> BoxFuture<'a, Result<Option<Execution>, Error>> {
        Box::pin(self.execution(execution))
    }

    fn repositories_in(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        self.repositories(namespace)
    }

    fn tags_of(&self, repository: &ListedRepository) -> Listing<ListedTag> {
        self.list_tags(&repository.name)
    }

    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task> {
        self.tasks_with(scope, None)
    }

    fn tasks_in(&self, scope: &TaskScope, state: &TaskState) -> Listing<Task> {
        self.tasks_with(scope, Some(state))
    }

    fn subtasks_of(&self, task: &TaskRef) -> Listing<Subtask> {
        let is_of_retention = task.execution().and_then(ExecutionRef::rule).is_some();
        match is_of_retention {
            true => Listing::refused(Error::not_offered(
                "subtasks of a retention task of Harbor",
                "read its log",
            )),
            false => self.replication_subtasks(task),
        }
    }

    fn log_of<'a>(&'a self, task: &'a TaskRef) -> BoxFuture<'a, Result<String, Error>> {
        Box::pin(async move {
            let execution = task.execution().ok_or_else(|| without_execution(task))?;
            let ids = Ids::of(execution)?;
            let id = number("task", task.id())?;
            let answer = match ids.retention {
                None => {
                    let call = self.client.get_replication_log().id(ids.execution);
                    call.task_id(id).send().await.map_err(Error::from)
                }
                Some((_, policy)) => {
                    let call = self.client.get_retention_task_log().id(policy);
                    let call = call.eid(ids.execution).tid(id);
                    call.send().await.map_err(Error::from)
                }
            };
            let answer = answer.map_err(|error| match error.is_absent() {
                true => error.with_note(
                    "Harbor has no such task, or has removed its log, which it keeps for a day unless \
                     it is configured otherwise"
                        .to_owned(),
                ),
                false => error,
            });
            Ok(answer?.into_inner())
        })
    }

    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            options.check(rule, &DESCRIPTOR)?;
            let id = number("rule", rule.id())?;
            self.rule_exists(rule).await?;
            let call = match rule.namespace() {
                None => self
                    .call("startReplication")?
                    .body(&json!({ "policy_id": id }))?,
                Some(_) => self
                    .call("triggerRetentionExecution")?
                    .parameter("id", rule.id())?
                    .body(&json!({ "dry_run": options.trial }))?,
            };
            let rule = rule.clone();
            Ok(self.plan().with(call, |_, headers| started(headers, rule)))
        })
    }

    fn plan_stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            let execution = match target {
                StopTarget::Execution(execution) => execution,
                StopTarget::Task(task) => {
                    let instead = match task.execution() {
                        Some(execution) => {
                            format!("stop execution {execution}, which stops all of its tasks")
                        }
                        None => "stop its execution".to_owned(),
                    };
                    return Err(Error::not_offered("stopping a task of Harbor", instead));
                }
            };
            let ids = Ids::of(execution)?;
            let found = self.execution(execution).await?;
            let found = found.ok_or_else(|| Self::no_execution(execution))?;
            if has_ended(&found, self.client.inner().service_time()) {
                return Ok(Plan::over(self.client.inner(), found.state));
            }
            let call = match ids.retention {
                None => self
                    .call("stopReplication")?
                    .parameter("id", &ids.execution.to_string())?,
                Some((_, policy)) => self
                    .call("operateRetentionExecution")?
                    .parameter("id", &policy.to_string())?
                    .parameter("eid", &ids.execution.to_string())?
                    .body(&json!({ "action": "stop" }))?,
            };
            Ok(self.plan().with(call, |_, _| Started::default()))
        })
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let own = host(self.client.inner().endpoint());
            let info = self.client.get_system_info().send().await?.into_inner();
            let named = info.registry_url.filter(|host| !host.is_empty());
            let mut hosts: Vec<String> = named.into_iter().chain(own).collect();
            hosts.dedup();
            Ok(hosts)
        })
    }
}

/// Whether an execution has come to an end that stays. Of one that failed a short time ago, Harbor may run
/// tasks again.
fn has_ended(execution: &Execution, now: Timestamp) -> bool {
    match execution.state {
        TaskState::Failed => execution
            .updated
            .is_some_and(|updated| now.as_second() - updated.as_second() >= QUIET_SECONDS),
        _ => execution.state.is_final(),
    }
}

fn without_execution(task: &TaskRef) -> Error {
    Error::configuration(format!(
        "task {:?} has no execution; write EXECUTION/TASK such as 83/1927, or \
         PROJECT/RULE/EXECUTION/TASK such as library/7/113/2439",
        task.to_string()
    ))
}

impl HarborRegistry {
    fn tasks_with(&self, scope: &TaskScope, state: Option<&TaskState>) -> Listing<Task> {
        let execution = match scope {
            TaskScope::Execution(execution) => execution,
            TaskScope::All => return Listing::refused(DESCRIPTOR.refusal(Feature::AllTasks)),
            TaskScope::Image(_) => {
                return Listing::refused(DESCRIPTOR.refusal(Feature::ImageTasks));
            }
        };
        Listing::tried(Ids::of(execution).map(|ids| match ids.retention {
            Some((project, policy)) => self.retention_tasks(project, policy, ids.execution),
            None => self.replication_tasks(ids.execution, state.and_then(status_of)),
        }))
    }

    fn plan(&self) -> Plan {
        Plan::new(self.client.inner())
    }

    fn call(&self, name: &str) -> Result<Call, Error> {
        let (_, operation) = api::find(&format!("harbor.harbor:{name}"))?;
        Ok(Call::new(operation))
    }
}

/// An execution's ids as the calls have them.
struct Ids<'a> {
    /// Project and rule of a retention execution.
    retention: Option<(&'a str, i64)>,
    execution: i64,
}

impl<'a> Ids<'a> {
    fn of(execution: &'a ExecutionRef) -> Result<Self, Error> {
        let retention = match execution.rule() {
            Some(rule) => {
                let policy = number("rule", rule.id())?;
                rule.namespace().map(|project| (project, policy))
            }
            None => None,
        };
        Ok(Self {
            retention,
            execution: number("execution", execution.id())?,
        })
    }
}

/// Reads what a call has started: the answer has no body, and its `Location` has the id.
fn started(headers: &HeaderMap, rule: RuleRef) -> Started {
    match created_id(headers) {
        Some(id) => Started::execution(ExecutionRef::of(rule, id.to_string())),
        None => Started::default(),
    }
}
