//! Executions of replication and retention rules.

use std::fmt::Display;

use huaweicloud_swr::swr::types::{ReplicationExecution, RetentionExecution};
use huaweicloud_swr::swr::values::ExecutionStatus;
use openapi_transport::Error;

use super::PROVIDER;
use super::SwrEnterprise;
use super::rules::trigger;
use crate::listing::Listing;
use crate::model::{Execution, RuleRef, TaskCounts, TaskKind, TaskState, VendorAnswer};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl SwrEnterprise {
    /// Lists the executions of one replication rule, or of all:
    /// `ListInstanceReplicationPolicyExecutions`.
    pub fn replication_executions(&self, policy: Option<i64>) -> Listing<Execution> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("policy", policy.as_ref().map(|policy| policy as _)),
        ];
        let name = listing_name("ListInstanceReplicationPolicyExecutions", &narrowed);
        let executions = ReplicationExecutions {
            registry: self.clone(),
            policy,
        };
        Listing::new(name, Steps::Pages, move |slot| {
            executions.clone().fetch(slot)
        })
    }

    /// Lists the executions of a namespace's retention rule:
    /// `ListInstanceRetentionPolicyExecutions`.
    pub fn retention_executions(
        &self,
        namespace: impl Into<String>,
        policy: i64,
    ) -> Listing<Execution> {
        let executions = RetentionExecutions {
            registry: self.clone(),
            namespace: namespace.into(),
            policy,
        };
        let narrowed: [(&str, Option<&dyn Display>); 3] = [
            ("instance", Some(&self.instance)),
            ("namespace", Some(&executions.namespace)),
            ("policy", Some(&policy)),
        ];
        let name = listing_name("ListInstanceRetentionPolicyExecutions", &narrowed);
        Listing::new(name, Steps::Pages, move |slot| {
            executions.clone().fetch(slot)
        })
    }
}

/// Parameters of one listing of replication executions.
#[derive(Clone)]
struct ReplicationExecutions {
    registry: SwrEnterprise,
    policy: Option<i64>,
}

impl ReplicationExecutions {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Execution>, Error> {
        let mut call = self
            .registry
            .client
            .list_instance_replication_policy_executions()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .offset(slot.offset)
            .limit(slot.size);
        if let Some(policy) = self.policy {
            call = call.policy_id(policy);
        }
        let page = call.send().await?.into_inner();
        if let Some(policy) = self.policy
            && slot.is_empty_beginning(&page.executions)
        {
            let rule = RuleRef::new(policy.to_string());
            self.registry.rule_exists(&rule).await?;
        }
        Ok(Fetched {
            items: page.executions.into_iter().map(replication).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// Parameters of one listing of retention executions.
#[derive(Clone)]
struct RetentionExecutions {
    registry: SwrEnterprise,
    namespace: String,
    policy: i64,
}

impl RetentionExecutions {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Execution>, Error> {
        let page = self
            .registry
            .client
            .list_instance_retention_policy_executions()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .namespace_name(&self.namespace)
            .policy_id(self.policy)
            .offset(slot.offset)
            .limit(slot.size)
            .send()
            .await?
            .into_inner();
        if slot.is_empty_beginning(&page.executions) {
            let rule = RuleRef::retention(&self.namespace, self.policy.to_string());
            self.registry.rule_exists(&rule).await?;
        }
        let execution = |vendor| retention(vendor, &self.namespace, self.policy);
        Ok(Fetched {
            items: page.executions.into_iter().map(execution).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

fn state(status: &ExecutionStatus) -> Option<TaskState> {
    Some(match status {
        ExecutionStatus::InProgress => TaskState::Running,
        ExecutionStatus::Succeed => TaskState::Succeeded,
        ExecutionStatus::Failed => TaskState::Failed,
        ExecutionStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

fn replication(vendor: ReplicationExecution) -> Execution {
    let state = TaskState::read(vendor.status.as_ref(), state);
    let counts = TaskCounts {
        total: vendor.total,
        succeeded: vendor.succeed,
        failed: vendor.failed,
        running: vendor.in_progress,
        cancelled: vendor.stopped,
    };
    Execution {
        provider: PROVIDER,
        kind: TaskKind::Replication,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        rule: vendor.policy_id.map(|id| id.to_string()),
        namespace: None,
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: vendor.status_text.clone().filter(|text| !text.is_empty()),
        trigger: vendor.trigger.as_ref().map(trigger),
        trial: None,
        tasks: (counts != TaskCounts::default()).then_some(counts),
        created: vendor.created_at,
        started: None,
        updated: vendor.updated_at,
        ended: vendor.updated_at.filter(|_| state.is_final()),
        state,
        vendor: VendorAnswer::of(vendor),
    }
}

fn retention(vendor: RetentionExecution, namespace: &str, policy: i64) -> Execution {
    Execution {
        provider: PROVIDER,
        kind: TaskKind::Retention,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        rule: Some(policy.to_string()),
        namespace: Some(namespace.to_owned()),
        state: TaskState::read(vendor.status.as_ref(), state),
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: None,
        trigger: vendor.trigger.as_ref().map(trigger),
        trial: vendor.dry_run,
        tasks: None,
        created: None,
        started: vendor.start_time,
        updated: vendor.end_time,
        ended: vendor.end_time,
        vendor: VendorAnswer::of(vendor),
    }
}
