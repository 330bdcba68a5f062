//! Webhooks: what Harbor tells others about ended runs of replication tasks.
//!
//! Nothing is sent. A delivery is recorded as if its target had taken it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::executions::{Execution, Task};
use super::names::REGISTRY;
use super::rules;
use super::times;
use super::world::World;
use crate::push;

/// Number of deliveries of a policy that are kept.
const KEPT: usize = 50;
const EVENT: &str = "REPLICATION";

/// One delivery.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) id: i64,
    pub(super) policy: i64,
    pub(super) task: i64,
    /// Records in the API's form.
    pub(super) job: Value,
    pub(super) execution: Value,
    pub(super) task_record: Value,
    pub(super) log: String,
}

impl World {
    /// Records deliveries about the last run of a task, if a webhook policy of its project wants them.
    pub(super) fn notify(&mut self, execution: &Execution, task: &Task) {
        let Some(run) = task.runs.last() else {
            return;
        };
        let pulls = task.ends.to.place == REGISTRY.id();
        let own = if pulls {
            &task.destination
        } else {
            &task.source
        };
        let Ok((project, name)) = push::split(own) else {
            return;
        };
        let Some(project_id) = self.local().projects.get(project).map(|own| own.id) else {
            return;
        };
        let wants = |policy: &&Value| {
            let events = policy["event_types"].as_array();
            let mut events = events.into_iter().flatten();
            policy["project_id"] == project_id
                && policy["enabled"] == true
                && events.any(|event| event == EVENT)
        };
        let policies = self.webhooks.values().filter(wants);
        let policies: Vec<_> = policies.filter_map(|own| own["id"].as_i64()).collect();
        if policies.is_empty() {
            return;
        }
        let has_failed = run.has_failed();
        let status = if has_failed { "Error" } else { "Success" };
        let payload = self.payload(execution, task, (name, status), run.ended);
        for policy in policies {
            let id = self.ids.next("webhook execution");
            let task = self.ids.next("webhook task");
            self.deliveries
                .push(delivery((id, policy, task), &payload, run.ended));
            let own = self.deliveries.iter().filter(|own| own.policy == policy);
            let surplus = own.count().saturating_sub(KEPT);
            let mut left = surplus;
            self.deliveries.retain(|own| {
                let goes = own.policy == policy && left > 0;
                left -= usize::from(goes);
                !goes
            });
        }
    }

    /// Returns the payload of the event that a run of a task has ended.
    fn payload(
        &self,
        execution: &Execution,
        task: &Task,
        (name, status): (&str, &str),
        ended: Timestamp,
    ) -> String {
        let policy = self.policies.get(&execution.policy);
        let policy = policy.unwrap_or(&Value::Null);
        let other = match rules::end(policy, "src_registry") {
            rules::LOCAL => rules::end(policy, "dest_registry"),
            id => id,
        };
        let registry = self.registries.get(&other).unwrap_or(&Value::Null);
        let count = task.references.len();
        let references = task.references.iter().map(|own| own.name.as_str());
        let artifact = json!([{
            "type": "artifact",
            "status": status,
            "name_tag": format!("{name} [{count} item(s) in total]"),
            "references": references.collect::<Vec<_>>(),
        }]);
        let trigger = match execution.trigger {
            "event_based" => "EVENT",
            "scheduled" => "SCHEDULE",
            _ => "MANUAL",
        };
        let namespace = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
        let here = json!({
            "registry_type": "harbor",
            "endpoint": "https://registry.example",
            "namespace": namespace(&task.source),
        });
        let there = json!({
            "registry_name": registry["name"],
            "registry_type": registry["type"],
            "endpoint": registry["url"],
            "namespace": namespace(&task.source),
        });
        let pulls = task.ends.to.place == REGISTRY.id();
        let (from, to) = if pulls { (there, here) } else { (here, there) };
        let mut replication = json!({
            "harbor_hostname": "registry.example",
            "job_status": status,
            "artifact_type": "artifact",
            "authentication_type": "basic",
            "trigger_type": trigger,
            "policy_creator": super::names::USER,
            "execution_timestamp": execution.made.as_second(),
            "src_resource": from,
            "dest_resource": to,
            "execution_id": execution.id,
            "task_id": task.id,
        });
        if task.overwrite {
            replication["override_mode"] = true.into();
        }
        let key = match status {
            "Success" => "successful_artifact",
            _ => "failed_artifact",
        };
        replication[key] = artifact;
        let payload = json!({
            "type": EVENT,
            "occur_at": ended.as_second(),
            "operator": super::names::USER,
            "event_data": {"replication": replication},
        });
        payload.to_string()
    }
}

fn delivery((id, policy, task): (i64, i64, i64), payload: &str, at: Timestamp) -> Delivery {
    let time = times::text(times::whole(at));
    let attrs = json!({"event_type": EVENT, "payload": payload});
    Delivery {
        id,
        policy,
        task,
        job: json!({
            "id": id,
            "policy_id": policy,
            "event_type": EVENT,
            "notify_type": "http",
            "status": "Success",
            "job_detail": payload,
            "creation_time": time,
            "update_time": time,
        }),
        execution: json!({
            "id": id,
            "vendor_type": "WEBHOOK",
            "vendor_id": policy,
            "status": "Success",
            "status_message": "",
            "metrics": {
                "task_count": 1,
                "success_task_count": 1,
                "error_task_count": 0,
                "pending_task_count": 0,
                "running_task_count": 0,
                "scheduled_task_count": 0,
                "stopped_task_count": 0,
            },
            "trigger": "EVENT",
            "extra_attrs": attrs,
            "start_time": time,
            "end_time": time,
        }),
        task_record: json!({
            "id": task,
            "execution_id": id,
            "status": "Success",
            "status_message": "",
            "run_count": 1,
            "extra_attrs": attrs,
            "creation_time": time,
            "update_time": time,
            "start_time": time,
            "end_time": time,
        }),
        log: format!(
            "{} [INFO] [/jobservice/job/impl/notification/webhook_job.go:70]: start to run webhook job\n",
            times::line(at)
        ),
    }
}
