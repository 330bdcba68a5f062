//! Repositories and tags.

use std::fmt::Display;

use ::harbor::harbor::types::{Artifact, Repository};
use openapi_transport::Error;

use super::{HarborRegistry, total};
use crate::listing::Listing;
use crate::model::{ImageName, ListedRepository, ListedTag};
use crate::pager::{Fetched, Record, Slot, Steps, listing_name};

const OF_ALL: &str = "listAllRepositories";
const OF_PROJECT: &str = "listRepositories";
const TAGS: &str = "listArtifacts";

impl HarborRegistry {
    /// Lists the repositories of a project: `listRepositories`, or all that the caller may see:
    /// `listAllRepositories`. The oldest come first, so that new ones come last.
    pub fn repositories(&self, project: Option<&str>) -> Listing<ListedRepository> {
        let call = match project {
            Some(_) => OF_PROJECT,
            None => OF_ALL,
        };
        let narrowed: [(&str, Option<&dyn Display>); 1] =
            [("project", project.as_ref().map(|name| name as _))];
        let name = listing_name(call, &narrowed);
        let registry = self.clone();
        let project = project.map(str::to_owned);
        Listing::new(name, Steps::Pages, move |slot| {
            let (registry, project) = (registry.clone(), project.clone());
            async move {
                let (page, total) = registry.repositories_on(project.as_deref(), slot).await?;
                let repositories = page.into_iter().map(|one| {
                    let (project, name) = match one.name.as_deref().unwrap_or("").split_once('/') {
                        Some((project, name)) => (Some(project.to_owned()), Some(name.to_owned())),
                        None => (None, None),
                    };
                    ListedRepository::read(call, project, name, one.id.map(|id| id.to_string()))
                });
                Ok(Fetched {
                    items: repositories.collect::<Result<_, _>>()?,
                    total,
                    size: None,
                })
            }
        })
    }

    async fn repositories_on(
        &self,
        project: Option<&str>,
        slot: Slot,
    ) -> Result<(Vec<Repository>, Option<u64>), Error> {
        let answer = match project {
            None => {
                let call = self.client.list_all_repositories().sort("repository_id");
                call.page(slot.page()).page_size(slot.size).send().await?
            }
            Some(project) => {
                let call = self.client.list_repositories().project_name(project);
                let call = call.sort("repository_id").page(slot.page());
                let answer = call.page_size(slot.size).send().await.map_err(Error::from);
                answer.map_err(|error| match error.is_absent() {
                    true => error.with_note(format!("Harbor has no project {project}")),
                    false => error,
                })?
            }
        };
        let total = total(answer.headers());
        Ok((answer.into_inner(), total))
    }

    /// Lists the tags of a repository: `listArtifacts`, whose artifacts have their tags. Signatures and
    /// other accessories have none.
    pub(super) fn list_tags(&self, repository: &ImageName) -> Listing<ListedTag> {
        let narrowed: [(&str, Option<&dyn Display>); 1] = [("repository", Some(repository))];
        let name = listing_name(TAGS, &narrowed);
        let (registry, repository) = (self.clone(), repository.clone());
        Listing::new(name, Steps::All, move |_| {
            registry.clone().all_tags(repository.clone())
        })
    }

    /// Reads all pages at once: an artifact has any number of tags, so the tags have no page numbers.
    async fn all_tags(self, repository: ImageName) -> Result<Fetched<ListedTag>, Error> {
        let artifacts = self.artifacts(&repository).all().await;
        let artifacts = artifacts.map_err(|error| match error.is_absent() {
            true => error.with_note(format!("Harbor has no repository {repository}")),
            false => error,
        })?;
        let mut tags = Vec::new();
        for tag in artifacts.into_iter().flat_map(|artifact| artifact.tags) {
            tags.push(ListedTag::read(TAGS, &repository, tag.name, None)?);
        }
        Ok(Fetched {
            items: tags,
            total: None,
            size: None,
        })
    }

    fn artifacts(&self, repository: &ImageName) -> Listing<Artifact> {
        let narrowed: [(&str, Option<&dyn Display>); 1] = [("repository", Some(repository))];
        let name = listing_name(TAGS, &narrowed);
        let (registry, repository) = (self.clone(), repository.clone());
        Listing::new(name, Steps::Pages, move |slot: Slot| {
            let (registry, repository) = (registry.clone(), repository.clone());
            async move {
                let call = registry.client.list_artifacts();
                let call = call.project_name(repository.namespace());
                let call = call.repository_name(repository.repository()).with_tag(true);
                let call = call.sort("id").page(slot.page()).page_size(slot.size);
                let page = call.send().await?;
                let total = total(page.headers());
                Ok(Fetched {
                    items: page.into_inner(),
                    total,
                    size: None,
                })
            }
        })
    }
}

impl Record for Artifact {
    fn key(&self) -> String {
        self.id.map(|id| id.to_string()).unwrap_or_default()
    }
}
