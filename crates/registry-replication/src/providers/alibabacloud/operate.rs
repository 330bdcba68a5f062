//! Container Registry as any registry: copies by a rule, and cancelling.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use alibabacloud_cr::cr::ClientInfo;
use alibabacloud_cr::cr::types::CreatedSyncTaskAnswer;
use futures_core::future::BoxFuture;
use openapi_transport::{Call, Error};
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::AlibabaCr;
use super::DESCRIPTOR;
use crate::api;
use crate::arrival::Covered;
use crate::arrival::read::or_absent;
use crate::arrival::sight::Look;
use crate::listing::Listing;
use crate::model::{
    ImageName, ImageRef, ListedRepository, ListedTag, Rule, RuleRef, Task, TaskRef,
};
use crate::plan::{Plan, Started};
use crate::provider::{Descriptor, Feature};
use crate::registry::{self, RunOptions, StopTarget, TaskScope, sealed};

impl sealed::Sealed for AlibabaCr {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }
}

impl registry::Registry for AlibabaCr {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule> {
        let name = repository.map(|name| DESCRIPTOR.named(name.clone())?.without_tag());
        let name = name.transpose();
        Listing::tried(name.map(|name| self.list_rules(name, None)))
    }

    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task> {
        match scope {
            TaskScope::All => self.list_tasks(None, None, true),
            TaskScope::Image(image) => {
                let image = DESCRIPTOR.named(image.clone()).map_err(Error::from);
                Listing::tried(image.map(|image| self.list_tasks(Some(image), None, true)))
            }
            TaskScope::Execution(batch) if batch.rule().is_none() => {
                self.list_tasks(None, Some(batch.id().to_owned()), true)
            }
            TaskScope::Execution(execution) => Listing::refused(Error::configuration(format!(
                "invalid batch \"{execution}\"; a batch is named by its id alone"
            ))),
        }
    }

    fn repositories_in(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        self.repositories(namespace)
    }

    fn tags_of(&self, repository: &ListedRepository) -> Listing<ListedTag> {
        self.list_tags(repository)
    }

    /// A rule that copies to this instance is the other instance's.
    fn is_source_of(&self, rule: &Rule) -> bool {
        let instance = rule.source.instance.as_ref();
        instance.is_none_or(|instance| *instance == self.instance)
    }

    fn find_task<'a>(&'a self, task: &'a TaskRef) -> BoxFuture<'a, Result<Option<Task>, Error>> {
        Box::pin(async move { or_absent(self.task(task.id()).await) })
    }

    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            options.check(rule, &DESCRIPTOR)?;
            let images = options.tagged(&DESCRIPTOR)?;
            let rule = self.rule_checked(rule.id()).await?;
            let mut ids = HashMap::new();
            let mut plan = Plan::new(self.client.inner());
            for (image, tag) in images {
                let call = self.copy(&rule, image, tag)?;
                let name = (image.namespace(), image.repository());
                let id = match ids.entry(name) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.repository_checked(image).await?),
                };
                let call = call.parameter("RepoId", id)?.parameter("Tag", tag)?;
                let copied = vec![(image.clone(), destination(&rule, image))];
                plan = plan.with_copies(call, copied, created);
            }
            Ok(plan)
        })
    }

    fn plan_stop<'a>(&'a self, target: &'a StopTarget) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            let task = match target {
                StopTarget::Task(task) if task.execution().is_none() => task,
                StopTarget::Task(task) => {
                    return Err(Error::configuration(format!(
                        "invalid task \"{task}\"; tasks of {} are named by their id alone",
                        DESCRIPTOR.title
                    )));
                }
                StopTarget::Execution(_) => return Err(DESCRIPTOR.refusal(Feature::StopExecution)),
            };
            let state = self.task(task.id()).await?.state;
            if state.is_final() {
                return Ok(Plan::over(self.client.inner(), state));
            }
            let call = self.call("CancelRepoSyncTask")?;
            let call = call.parameter("SyncTaskId", task.id())?;
            Ok(Plan::new(self.client.inner()).with(call, |_, _| Started::default()))
        })
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        Box::pin(async move {
            let call = self.client.list_instance_endpoint();
            let answer = call.instance_id(&self.instance).send().await?.into_inner();
            let domains = answer.endpoints.into_iter().flat_map(|one| one.domains);
            let hosts = domains.filter_map(|domain| domain.domain);
            Ok(hosts.filter(|host| !host.is_empty()).collect())
        })
    }
}

impl AlibabaCr {
    /// The call that copies a tag to where a rule copies it. The service runs rules without a trigger of
    /// their own only, so what a rule copies after a push is copied without the rule.
    fn copy(&self, rule: &Rule, image: &ImageName, tag: &str) -> Result<Call, Error> {
        if rule.automatic != Some(true) {
            let call = self.call("CreateRepoSyncTaskByRule")?;
            return call.parameter("SyncRuleId", &rule.id);
        }
        let coverage = rule.coverage(image);
        if coverage.covered != Covered::Yes {
            return Err(Error::configuration(format!(
                "rule {} does not copy {image}: {}",
                rule.id,
                coverage.reasons.join("; ")
            )));
        }
        let end = destination(rule, image);
        let place = end.region.as_ref().zip(end.instance.as_ref());
        let (region, instance) = place.ok_or_else(|| {
            Error::not_offered(
                format_args!("a run of rule {}", rule.id),
                "the service does not tell its target instance",
            )
        })?;
        let namespace = end.namespace.as_deref().unwrap_or(image.namespace());
        let repository = end.repository.as_deref().unwrap_or(image.repository());
        self.call("CreateRepoSyncTask")?
            .parameter("TargetRegionId", region)?
            .parameter("TargetInstanceId", instance)?
            .parameter("TargetNamespace", namespace)?
            .parameter("TargetRepoName", repository)?
            .parameter("TargetTag", tag)
    }

    /// A call by name, to this instance.
    fn call(&self, name: &str) -> Result<Call, Error> {
        let (_, operation) = api::find(name)?;
        Call::new(operation).parameter("InstanceId", &self.instance)
    }

    /// The vendor's id of an image's repository: `GetRepository`.
    pub(super) async fn repository_id(&self, image: &ImageName) -> Result<String, Error> {
        let repository = self
            .client
            .get_repository()
            .instance_id(&self.instance)
            .repo_namespace_name(image.namespace())
            .repo_name(image.repository())
            .send()
            .await?
            .into_inner();
        repository.repo_id.ok_or_else(|| {
            let (namespace, repository) = (image.namespace(), image.repository());
            Error::configuration(format!(
                "the service names no id of repository {namespace}/{repository}"
            ))
        })
    }
}

/// Returns where a rule copies an image. The tag stays the same.
fn destination(rule: &Rule, image: &ImageName) -> ImageRef {
    let end = rule.destination.clone();
    let own = |own: Option<String>, name: &str| Some(own.unwrap_or_else(|| name.to_owned()));
    ImageRef {
        namespace: own(end.namespace, image.namespace()),
        repository: own(end.repository, image.repository()),
        ..end
    }
    .with_tag(image.tag().map(str::to_owned))
}

fn created(answer: Value, _: &HeaderMap) -> Started {
    let answer: CreatedSyncTaskAnswer = serde_json::from_value(answer).unwrap_or_default();
    match answer.sync_task_id {
        Some(id) => Started::task(TaskRef::new(id)),
        None => Started::default(),
    }
}
