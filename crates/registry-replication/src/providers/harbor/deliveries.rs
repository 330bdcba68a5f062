//! Deliveries of webhooks. They name the tags of ended tasks for a caller who may not read logs, and after
//! a log is gone. Somebody must have made a webhook policy of the project for replications.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::harbor::harbor::ClientInfo;
use ::harbor::harbor::types::WebhookPolicy;
use ::harbor::harbor::values::WebhookEventType;
use openapi_transport::Error;
use serde::Deserialize;

use super::HarborRegistry;
use crate::model::Task;

/// How long the deliveries of a project are kept.
const KEPT: Duration = Duration::from_secs(30);
/// Webhook policies of a project whose deliveries are read.
const POLICIES: usize = 5;
/// Deliveries that are read. Harbor keeps 50 of a policy.
const PAGE: i32 = 100;

/// Tags that deliveries name, by the ids of execution and task.
type TagsByTask = BTreeMap<(i64, i64), Vec<String>>;

/// Known deliveries, by project.
#[derive(Clone, Default)]
pub(super) struct Deliveries(Arc<Mutex<BTreeMap<String, ProjectTags>>>);

/// What the deliveries of a project named, and when they were read.
#[derive(Clone)]
struct ProjectTags {
    at: Duration,
    named: Arc<TagsByTask>,
}

impl Deliveries {
    /// Returns the tags of an ended task, if a delivery names them. A digest stands for an artifact without a
    /// tag.
    ///
    /// # Errors
    /// When the service cannot be reached. A caller without the permission learns nothing.
    pub(super) async fn tags(
        &self,
        registry: &HarborRegistry,
        task: &Task,
    ) -> Result<Option<Vec<String>>, Error> {
        let source = task.source.as_ref();
        let Some(project) = source.and_then(|source| source.namespace.clone()) else {
            return Ok(None);
        };
        let execution = task.execution.as_deref().and_then(|id| id.parse().ok());
        let Some(key) = execution.zip(task.id.parse().ok()) else {
            return Ok(None);
        };
        let now = registry.client.inner().clock().elapsed();
        let known = self.all().get(&project).cloned();
        let known = known.filter(|read| now.saturating_sub(read.at) < KEPT);
        let named = match known {
            Some(read) => read.named,
            None => {
                let named = match named(registry, &project).await {
                    Ok(named) => Arc::new(named),
                    Err(error) if error.status().is_none() => return Err(error),
                    Err(_) => Arc::default(),
                };
                let read = ProjectTags {
                    at: now,
                    named: named.clone(),
                };
                self.all().insert(project, read);
                named
            }
        };
        Ok(named.get(&key).cloned())
    }

    fn all(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, ProjectTags>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").finish_non_exhaustive()
    }
}

/// Reads what the deliveries of a project name.
async fn named(registry: &HarborRegistry, project: &str) -> Result<TagsByTask, Error> {
    let client = &registry.client;
    let call = client.list_webhook_policies_of_project();
    let call = call.project_name_or_id(project).x_is_resource_name(true);
    let policies = call.page_size(PAGE).send().await?.into_inner();
    let mut all = TagsByTask::new();
    for id in policies
        .iter()
        .filter(sends)
        .filter_map(|one| one.id)
        .take(POLICIES)
    {
        let call = client.list_webhook_jobs().project_name_or_id(project);
        let call = call.x_is_resource_name(true).policy_id(id).page_size(PAGE);
        let jobs = call.send().await?.into_inner();
        let payloads = jobs.iter().filter_map(|job| job.job_detail.as_deref());
        all.extend(payloads.filter_map(read));
    }
    Ok(all)
}

/// Whether deliveries of a policy are about replications.
fn sends(policy: &&WebhookPolicy) -> bool {
    policy.event_types.contains(&WebhookEventType::Replication)
}

#[derive(Deserialize)]
struct Payload {
    event_data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    replication: Replication,
}

#[derive(Deserialize)]
struct Replication {
    execution_id: i64,
    task_id: i64,
    #[serde(default)]
    successful_artifact: Option<Vec<Artifacts>>,
    #[serde(default)]
    failed_artifact: Option<Vec<Artifacts>>,
}

#[derive(Deserialize)]
struct Artifacts {
    #[serde(default)]
    references: Option<Vec<String>>,
}

/// Reads the tags of a payload. Before Harbor 2.13, it does not name the task.
fn read(payload: &str) -> Option<((i64, i64), Vec<String>)> {
    let payload: Payload = serde_json::from_str(payload).ok()?;
    let Replication {
        execution_id,
        task_id,
        successful_artifact,
        failed_artifact,
    } = payload.event_data.replication;
    let artifacts = [successful_artifact, failed_artifact].into_iter().flatten();
    let references = artifacts.flatten().filter_map(|one| one.references);
    let tags: Vec<String> = references.flatten().collect();
    (!tags.is_empty()).then_some(((execution_id, task_id), tags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_name_tags_of_a_task() {
        let of = |replication: &str| {
            read(&format!(
                r#"{{"type":"REPLICATION","event_data":{{"replication":{replication}}}}}"#
            ))
        };
        let named = |tags: &[&str]| {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            Some(((83, 1927), tags))
        };
        let ids = r#""execution_id":83,"task_id":1927"#;
        for (replication, expected) in [
            (
                format!(r#"{{{ids},"successful_artifact":[{{"references":["v1","v2"]}}]}}"#),
                named(&["v1", "v2"]),
            ),
            (
                format!(
                    r#"{{{ids},"successful_artifact":null,"failed_artifact":[{{"references":["v1"]}}]}}"#
                ),
                named(&["v1"]),
            ),
            // Before 2.13, and without references.
            (
                r#"{"successful_artifact":[{"references":["v1"]}]}"#.to_owned(),
                None,
            ),
            (
                format!(r#"{{{ids},"successful_artifact":[{{"name_tag":"api"}}]}}"#),
                None,
            ),
            (
                format!(r#"{{{ids},"failed_artifact":[{{"references":7}}]}}"#),
                None,
            ),
            ("7".to_owned(), None),
        ] {
            assert_eq!(of(&replication), expected, "{replication}");
        }
        assert_eq!(read(""), None);
    }
}
