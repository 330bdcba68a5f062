//! Repositories and tags.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};

use openapi_transport::Error;

use super::AlibabaCr;
use crate::listing::Listing;
use crate::model::{ListedRepository, ListedTag};
use crate::pager::{Fetched, Slot, Steps, listing_name};

const REPOSITORIES: &str = "ListRepository";
const TAGS: &str = "ListRepoTag";

impl AlibabaCr {
    /// Lists the repositories of a namespace, or of the instance: `ListRepository`.
    ///
    /// A namespace that is not found is reported as the first error of the stream.
    pub fn repositories(&self, namespace: Option<&str>) -> Listing<ListedRepository> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("namespace", namespace.as_ref().map(|name| name as _)),
        ];
        let name = listing_name(REPOSITORIES, &narrowed);
        let registry = self.clone();
        let namespace = namespace.map(str::to_owned);
        Listing::new(name, Steps::Pages, move |slot| {
            registry.clone().repositories_on(namespace.clone(), slot)
        })
    }

    async fn repositories_on(
        self,
        namespace: Option<String>,
        slot: Slot,
    ) -> Result<Fetched<ListedRepository>, Error> {
        let call = self.client.list_repository().instance_id(&self.instance);
        let mut call = call.page_no(slot.page()).page_size(slot.size);
        if let Some(namespace) = &namespace {
            call = call.repo_namespace_name(namespace);
        }
        let page = call.send().await?.into_inner();
        if let Some(namespace) = &namespace
            && slot.is_empty_beginning(&page.repositories)
        {
            self.namespace_exists(namespace).await?;
        }
        let repositories = page.repositories.into_iter().map(|one| {
            ListedRepository::read(
                REPOSITORIES,
                one.repo_namespace_name,
                one.repo_name,
                one.repo_id,
            )
        });
        Ok(Fetched {
            items: repositories.collect::<Result<_, _>>()?,
            total: page.total_count.and_then(|total| total.0.try_into().ok()),
            size: page.page_size.and_then(|size| size.try_into().ok()),
        })
    }

    /// Lists the tags of a repository: `ListRepoTag`, after `GetRepository` if its id is not known.
    pub(super) fn list_tags(&self, repository: &ListedRepository) -> Listing<ListedTag> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("repository", Some(&repository.name)),
        ];
        let name = listing_name(TAGS, &narrowed);
        let tags = Tags {
            registry: self.clone(),
            repository: repository.clone(),
            id: Arc::default(),
        };
        Listing::new(name, Steps::Pages, move |slot| tags.clone().fetch(slot))
    }
}

/// Parameters of one listing of tags.
#[derive(Clone)]
struct Tags {
    registry: AlibabaCr,
    repository: ListedRepository,
    /// The repository's id, once it was looked up.
    id: Arc<OnceLock<String>>,
}

impl Tags {
    async fn fetch(self, slot: Slot) -> Result<Fetched<ListedTag>, Error> {
        let name = &self.repository.name;
        let id = match self.repository.id.as_ref().or(self.id.get()) {
            Some(id) => id.clone(),
            None => {
                let id = self.registry.repository_checked(name).await?;
                self.id.get_or_init(|| id).clone()
            }
        };
        let call = self.registry.client.list_repo_tag();
        let call = call.instance_id(&self.registry.instance).repo_id(id);
        let call = call.page_no(slot.page()).page_size(slot.size);
        let page = call.send().await?.into_inner();
        let tags = page.images.into_iter();
        let tags = tags.map(|one| ListedTag::read(TAGS, name, one.tag, None));
        Ok(Fetched {
            items: tags.collect::<Result<_, _>>()?,
            total: page.total_count.and_then(|total| total.0.try_into().ok()),
            size: page.page_size.and_then(|size| size.try_into().ok()),
        })
    }
}
