//! Repositories and tags.

use std::fmt::Display;

use huaweicloud_swr::swr::types::RepositoryPage;
use huaweicloud_swr::swr::values::{RepositoryOrderColumn, SortOrder};
use openapi_transport::Error;

use super::SwrEnterprise;
use crate::listing::Listing;
use crate::model::{ImageName, ListedRepository, ListedTag};
use crate::pager::{Fetched, Slot, Steps, listing_name};

const OF_INSTANCE: &str = "ListInstanceRepositories";
const OF_NAMESPACE: &str = "ListNamespaceRepositories";
const TAGS: &str = "ListInstanceTags";

impl SwrEnterprise {
    /// Lists the repositories of a namespace: `ListNamespaceRepositories`, or of the instance:
    /// `ListInstanceRepositories`. The oldest come first, so that new ones come last.
    pub fn repositories(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        let call = match namespace {
            Some(_) => OF_NAMESPACE,
            None => OF_INSTANCE,
        };
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("namespace", namespace.as_ref().map(|name| name as _)),
        ];
        let name = listing_name(call, &narrowed);
        let registry = self.clone();
        let namespace = namespace.map(str::to_owned);
        Listing::new(name, Steps::Pages, move |slot| {
            let (registry, namespace) = (registry.clone(), namespace.clone());
            async move {
                let page = registry.repositories_on(namespace.as_deref(), slot).await?;
                let repositories = page.repositories.into_iter().map(|one| {
                    let id = one.id.map(|id| id.to_string());
                    ListedRepository::read(call, one.namespace_name, one.name, id)
                });
                Ok(Fetched {
                    items: repositories.collect::<Result<_, _>>()?,
                    total: page.total.and_then(|total| total.try_into().ok()),
                    size: None,
                })
            }
        })
    }

    async fn repositories_on(
        &self,
        namespace: Option<&str>,
        slot: Slot,
    ) -> Result<RepositoryPage, Error> {
        let Some(namespace) = namespace else {
            let call = self.client.list_instance_repositories();
            let call = call
                .project_id(&self.project_id)
                .instance_id(&self.instance)
                .order_column(RepositoryOrderColumn::CreatedAt)
                .order_type(SortOrder::Asc)
                .offset(slot.offset)
                .limit(slot.size);
            return Ok(call.send().await?.into_inner());
        };
        let call = self.client.list_namespace_repositories();
        let call = call
            .project_id(&self.project_id)
            .instance_id(&self.instance)
            .namespace_name(namespace)
            .order_column(RepositoryOrderColumn::CreatedAt)
            .order_type(SortOrder::Asc)
            .offset(slot.offset)
            .limit(slot.size);
        let answer = call.send().await.map_err(Error::from);
        let answer = answer.map_err(|error| match error.is_absent() {
            true => error.with_note(format!(
                "instance {} has no namespace {namespace}",
                self.instance
            )),
            false => error,
        });
        Ok(answer?.into_inner())
    }

    /// Lists the tags of a repository, without those of signatures and other accessories:
    /// `ListInstanceTags`.
    pub(super) fn list_tags(&self, repository: &ImageName) -> Listing<ListedTag> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("repository", Some(repository)),
        ];
        let name = listing_name(TAGS, &narrowed);
        let (registry, repository) = (self.clone(), repository.clone());
        Listing::new(name, Steps::Pages, move |slot| {
            registry.clone().tags_on(repository.clone(), slot)
        })
    }

    async fn tags_on(self, repository: ImageName, slot: Slot) -> Result<Fetched<ListedTag>, Error> {
        let call = self.client.list_instance_tags().instance_id(&self.instance);
        let call = call
            .namespace_name(repository.namespace())
            .repository_name(repository.repository())
            .is_accessory(false)
            .offset(slot.offset)
            .limit(slot.size);
        let answer = call.send().await.map_err(Error::from);
        let answer = answer.map_err(|error| match error.is_absent() {
            true => error.with_note(format!(
                "instance {} has no repository {repository}",
                self.instance
            )),
            false => error,
        });
        let page = answer?.into_inner();
        let tags = page.tags.into_iter();
        let tags = tags.map(|one| ListedTag::read(TAGS, &repository, one.name, None));
        Ok(Fetched {
            items: tags.collect::<Result<_, _>>()?,
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}
