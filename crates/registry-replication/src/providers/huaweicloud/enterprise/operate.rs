//! The Enterprise edition as any registry: references to ids, run and stop.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::TryStreamExt;
use huaweicloud_swr::swr::ClientInfo;
use huaweicloud_swr::swr::types::StartedExecution;
use huaweicloud_swr::swr::values::TaskStatus;
use openapi_transport::{Call, Error, Timestamp};
use serde_json::{Value, json};

use super::DESCRIPTOR;
use super::SwrEnterprise;
use super::number;
use super::runs::QUIET_SECONDS;
use super::tasks::status_of;
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

impl sealed::Sealed for SwrEnterprise {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }

    fn unnamed_rules(&self) -> Option<Listing<Rule>> {
        let rules = self.list_replication_rules(None, None);
        Some(rules.then(self.retention_rules()))
    }
}

impl registry::Registry for SwrEnterprise {
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
        let policy = number("rule", rule.id());
        Listing::tried(policy.map(|policy| match rule.namespace() {
            Some(namespace) => self.retention_executions(namespace, policy),
            None => self.replication_executions(Some(policy)),
        }))
    }

    fn find_execution<'a>(
        &'a self,
        execution: &'a ExecutionRef,
    ) -> BoxFuture<'a, Result<Option<Execution>, Error>> {
        Box::pin(async move {
            let ids = Ids::of(execution)?;
            let Some((namespace, policy)) = ids.retention else {
                return self.execution(ids.execution).await;
            };
            let executions = self.retention_executions(namespace, policy).by_item();
            let same = |found: &Execution| found.reference() == *execution;
            let found = executions.try_filter(|found| std::future::ready(same(found)));
            std::pin::pin!(found).try_next().await
        })
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
        self.tasks_with(scope, status_of(state))
    }

    fn subtasks_of(&self, task: &TaskRef) -> Listing<Subtask> {
        self.subtasks_with(task, None)
    }

    fn subtasks_in(&self, task: &TaskRef, state: &TaskState) -> Listing<Subtask> {
        self.subtasks_with(task, status_of(state))
    }

    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            options.check(rule, &DESCRIPTOR)?;
            let policy = number("rule", rule.id())?;
            self.rule_exists(rule).await?;
            let call = match rule.namespace() {
                None => self
                    .call("ExecuteInstanceReplicationPolicy")?
                    .body(&json!({ "policy_id": policy }))?,
                Some(namespace) => self
                    .call("ExecuteInstanceRetentionPolicy")?
                    .parameter("namespace_name", namespace)?
                    .parameter("policy_id", rule.id())?
                    .body(&json!({ "dry_run": options.trial }))?,
            };
            let rule = rule.clone();
            Ok(self.plan().with(call, |answer, _| started(answer, rule)))
        })
    }

    fn plan_stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            let execution = match target {
                StopTarget::Execution(execution) => execution,
                StopTarget::Task(task) => {
                    let instead = match task.execution() {
                        Some(execution) if execution.rule().is_some() => {
                            "it is a task of a retention rule and ends by itself".to_owned()
                        }
                        Some(execution) => {
                            format!("stop execution {execution}, which stops all of its tasks")
                        }
                        None => "stop its execution".to_owned(),
                    };
                    return Err(Error::not_offered(
                        "stopping a task of Huawei Cloud Enterprise",
                        instead,
                    ));
                }
            };
            let ids = Ids::of(execution)?;
            if ids.retention.is_some() {
                return Err(Error::not_offered(
                    "stopping an execution of a retention rule",
                    "it ends by itself; only replication executions can be stopped",
                ));
            }
            let found = self.execution(ids.execution).await?;
            let found = found.ok_or_else(|| self.no_execution(execution))?;
            let now = self.client.inner().service_time();
            if has_ended(&found, now) {
                return Ok(Plan::over(self.client.inner(), found.state));
            }
            let call = self
                .call("StopInstanceReplicationPolicyExecution")?
                .parameter("execution_id", &ids.execution.to_string())?;
            Ok(self.plan().with(call, |_, _| Started::default()))
        })
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let call = self.client.show_instance().project_id(&self.project_id);
            let call = call.instance_id(&self.instance);
            let host = call.send().await?.into_inner().access_address;
            Ok(host.into_iter().filter(|host| !host.is_empty()).collect())
        })
    }
}

/// Whether an execution has come to an end that stays. Of one that failed a short time ago, the
/// registry may still retry tasks.
fn has_ended(execution: &Execution, now: Timestamp) -> bool {
    match execution.state {
        TaskState::Failed => execution
            .updated
            .is_some_and(|updated| now.as_second() - updated.as_second() >= QUIET_SECONDS),
        _ => execution.state.is_final(),
    }
}

impl SwrEnterprise {
    /// Lists the tasks of an execution. Only retention lists by status.
    fn tasks_with(&self, scope: &TaskScope, status: Option<TaskStatus>) -> Listing<Task> {
        let execution = match scope {
            TaskScope::Execution(execution) => execution,
            TaskScope::All => return Listing::refused(DESCRIPTOR.refusal(Feature::AllTasks)),
            TaskScope::Image(_) => {
                return Listing::refused(DESCRIPTOR.refusal(Feature::ImageTasks));
            }
        };
        Listing::tried(Ids::of(execution).map(|ids| match ids.retention {
            Some((namespace, policy)) => {
                self.retention_tasks(namespace, policy, ids.execution, status)
            }
            None => self.replication_tasks(ids.execution),
        }))
    }

    fn subtasks_with(&self, task: &TaskRef, status: Option<TaskStatus>) -> Listing<Subtask> {
        let ids = task
            .execution()
            .ok_or_else(|| {
                Error::configuration(format!(
                    "task {:?} has no execution; write EXECUTION/TASK such as 83/1927, or \
                     NAMESPACE/RULE/EXECUTION/TASK such as library/7/113/2439",
                    task.to_string()
                ))
            })
            .and_then(Ids::of);
        let listing = ids.and_then(|ids| {
            let task = number("task", task.id())?;
            Ok(match ids.retention {
                Some((namespace, policy)) => {
                    self.retention_subtasks(namespace, policy, ids.execution, task, status)
                }
                None => self.replication_subtasks(ids.execution, task, status),
            })
        });
        Listing::tried(listing)
    }

    fn plan(&self) -> Plan {
        Plan::new(self.client.inner())
    }

    /// A call by name, to this instance.
    fn call(&self, name: &str) -> Result<Call, Error> {
        let (_, operation) = api::find(name)?;
        Call::new(operation)
            .parameter("project_id", &self.project_id)?
            .parameter("instance_id", &self.instance)
    }
}

/// An execution's ids as the calls have them.
struct Ids<'a> {
    /// Namespace and rule of a retention execution.
    retention: Option<(&'a str, i64)>,
    execution: i64,
}

impl<'a> Ids<'a> {
    fn of(execution: &'a ExecutionRef) -> Result<Self, Error> {
        let retention = match execution.rule() {
            Some(rule) => {
                let policy = number("rule", rule.id())?;
                rule.namespace().map(|namespace| (namespace, policy))
            }
            None => None,
        };
        Ok(Self {
            retention,
            execution: number("execution", execution.id())?,
        })
    }
}

fn started(answer: Value, rule: RuleRef) -> Started {
    let answer: StartedExecution = serde_json::from_value(answer).unwrap_or_default();
    match answer.id {
        Some(id) => Started::execution(ExecutionRef::of(rule, id.to_string())),
        None => Started::default(),
    }
}
