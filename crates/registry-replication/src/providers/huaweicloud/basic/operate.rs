//! Basic edition as a `Registry`: rules of a repository, and manual copies.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use huaweicloud_swr::endpoints;
use huaweicloud_swr::swr::ClientInfo;
use openapi_transport::{Call, Error};
use serde_json::json;

use super::DESCRIPTOR;
use super::SwrBasic;
use crate::api;
use crate::arrival::sight::Look;
use crate::listing::Listing;
use crate::model::{ImageName, ImageRef, ListedRepository, ListedTag, Rule, RuleRef, Task};
use crate::plan::{Plan, Started};
use crate::provider::{Descriptor, Feature};
use crate::registry::{self, RunOptions, TaskScope, sealed};

impl sealed::Sealed for SwrBasic {
    fn looked_at(&self) -> Arc<dyn Look> {
        Arc::new(self.clone())
    }
}

impl registry::Registry for SwrBasic {
    fn descriptor(&self) -> &Descriptor {
        &DESCRIPTOR
    }

    fn rules_of(&self, repository: Option<&ImageName>) -> Listing<Rule> {
        Listing::tried(
            repository
                .ok_or_else(|| DESCRIPTOR.refusal(Feature::Rules))
                .and_then(|name| DESCRIPTOR.named(name.clone())?.without_tag())
                .map(|name| self.list_rules(name)),
        )
    }

    fn tasks_of(&self, scope: &TaskScope) -> Listing<Task> {
        match scope {
            TaskScope::All => Listing::refused(DESCRIPTOR.refusal(Feature::AllTasks)),
            TaskScope::Image(image) => {
                let name = DESCRIPTOR.named(image.clone()).map_err(Error::from);
                let name = name.and_then(ImageName::without_tag);
                Listing::tried(name.map(|name| self.list_jobs(name, None, true)))
            }
            TaskScope::Execution(_) => {
                Listing::refused(DESCRIPTOR.refusal(Feature::ExecutionTasks))
            }
        }
    }

    fn repositories_in(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        self.repositories(namespace)
    }

    fn tags_of(&self, repository: &ListedRepository) -> Listing<ListedTag> {
        self.list_tags(&repository.name)
    }

    fn plan_run<'a>(
        &'a self,
        rule: &'a RuleRef,
        options: &'a RunOptions,
    ) -> BoxFuture<'a, Result<Plan, Error>> {
        Box::pin(async move {
            options.check(rule, &DESCRIPTOR)?;
            let images = options.tagged(&DESCRIPTOR)?;
            let id = rule.id();
            let name = one_repository(&images)?;
            let rules = self.rules_checked(name).await?;
            let found = rules.iter().find(|rule| rule.id == id).ok_or_else(|| {
                let known: Vec<_> = rules.iter().map(|rule| rule.id.as_str()).collect();
                let known = match known.is_empty() {
                    true => "it has no rules".to_owned(),
                    false => format!("it has {}", known.join(", ")),
                };
                let (namespace, repository) = (name.namespace(), name.repository());
                Error::not_found(format!(
                    "repository {namespace}/{repository} has no rule {id}; {known}"
                ))
            })?;
            let tags: Vec<_> = images.iter().map(|(_, tag)| *tag).collect();
            let (_, operation) = api::find("CreateManualImageSyncRepo")?;
            let call = Call::new(operation)
                .parameter("namespace", name.namespace())?
                .parameter("repository", name.repository())?
                .body(&json!({
                    "imageTag": tags,
                    "override": found.overwrites.unwrap_or(false),
                    "remoteNamespace": found.destination.namespace,
                    "remoteRegionId": found.destination.region,
                }))?;
            // The repository and the tag stay the same.
            let copies = images.iter().map(|(image, tag)| {
                let end = ImageRef {
                    artifacts: Vec::new(),
                    repository: Some(image.repository().to_owned()),
                    ..found.destination.clone()
                };
                ((*image).clone(), end.with_tag(Some((*tag).to_owned())))
            });
            let copies = copies.collect();
            let plan = Plan::new(self.client.inner());
            Ok(plan.with_copies(call, copies, |_, _| Started::default()))
        })
    }

    fn hosts(&self) -> BoxFuture<'_, Result<Vec<String>, Error>> {
        let host = self.region.as_deref().map(endpoints::registry);
        Box::pin(std::future::ready(Ok(host.into_iter().collect())))
    }
}

/// Returns the repository of all images.
fn one_repository<'a>(images: &[(&'a ImageName, &str)]) -> Result<&'a ImageName, Error> {
    let same = |one: &ImageName, other: &ImageName| {
        one.namespace() == other.namespace() && one.repository() == other.repository()
    };
    let mut all = images.iter().map(|(image, _)| *image);
    let first = all
        .next()
        .ok_or_else(|| Error::configuration("no image is named"))?;
    match all.find(|image| !same(first, image)) {
        None => Ok(first),
        Some(other) => Err(Error::configuration(format!(
            "images {:?} and {:?} belong to two repositories; a rule of Huawei Cloud Basic has one",
            first.to_string(),
            other.to_string()
        ))),
    }
}
