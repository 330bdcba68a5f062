//! Whether what a caller names is there. Only changes, and listings that are empty, make these calls.

use std::pin::pin;

use futures_util::TryStreamExt;
use openapi_transport::Error;

use super::{AlibabaCr, single};
use crate::model::{ImageName, Rule, Task};
use crate::suggest;

impl AlibabaCr {
    /// The vendor's id of an image's repository: `GetRepository`.
    ///
    /// # Errors
    /// When there is no such repository, and any error of a call.
    pub(super) async fn repository_checked(&self, image: &ImageName) -> Result<String, Error> {
        match self.repository_id(image).await {
            Ok(id) => Ok(id),
            Err(error) => Err(self.about_repository(image, error).await),
        }
    }

    /// The error of a call about a repository. If the repository is not there, it is noted with the
    /// name that is nearest to it in its namespace: `ListRepository`, a single page.
    async fn about_repository(&self, image: &ImageName, error: Error) -> Error {
        if !error.is_absent() {
            return error;
        }
        let call = self.client.list_repository().instance_id(&self.instance);
        let call = call.repo_namespace_name(image.namespace());
        let known: Vec<String> = match call.page_no(1u64).page_size(100u32).send().await {
            Ok(page) => {
                let repositories = page.into_inner().repositories.into_iter();
                repositories
                    .filter_map(|one| {
                        Some(format!("{}/{}", one.repo_namespace_name?, one.repo_name?))
                    })
                    .collect()
            }
            // The typo is what matters; that there is nothing to suggest does not.
            Err(_) => Vec::new(),
        };
        let path = image.path();
        let question = suggest::question(&path, known.iter().map(String::as_str));
        error.with_note(format!(
            "instance {} has no repository {path}{question}",
            self.instance
        ))
    }

    /// Looks a namespace up: `GetNamespace`.
    ///
    /// # Errors
    /// When it is not there, and any error of a call.
    pub(super) async fn namespace_exists(&self, namespace: &str) -> Result<(), Error> {
        let call = self.client.get_namespace().instance_id(&self.instance);
        let answer = call.namespace_name(namespace).send().await;
        match answer.map_err(Error::from) {
            Err(error) if error.is_absent() => Err(error.with_note(format!(
                "instance {} has no namespace {namespace}",
                self.instance
            ))),
            Err(error) if error.can_retry() => Err(error),
            // A caller that may list need not be allowed to look up.
            _ => Ok(()),
        }
    }

    /// Looks an image or a repository up: `GetRepository`, and of a tag `GetRepoTag`.
    ///
    /// # Errors
    /// When it is not there, and any error of a call.
    pub(super) async fn image_exists(&self, image: &ImageName) -> Result<(), Error> {
        let id = match self.repository_checked(image).await {
            Ok(id) => id,
            Err(error) if error.is_absent() || error.can_retry() => return Err(error),
            // A caller that may list need not be allowed to look up.
            Err(_) => return Ok(()),
        };
        let Some(tag) = image.tag() else {
            return Ok(());
        };
        let call = self.client.get_repo_tag().instance_id(&self.instance);
        let answer = call.repo_id(id).tag(tag).send().await.map_err(Error::from);
        match answer {
            Err(error) if error.is_absent() => Err(error.with_note(format!(
                "repository {} has neither the tag {tag} nor tasks of it",
                image.path()
            ))),
            Err(error) if error.can_retry() => Err(error),
            _ => Ok(()),
        }
    }

    /// Looks a batch up that has no tasks. A batch has tasks, so the only question is whether it has
    /// others than those of the image that was asked for; and a task is easily taken for a batch.
    pub(super) async fn batch_exists(&self, batch: &str, of_image: bool) -> Result<(), Error> {
        if of_image {
            let mut tasks = pin!(
                self.list_tasks(None, Some(batch.to_owned()), true)
                    .by_item()
            );
            return tasks.try_next().await.map(|_| ());
        }
        let call = self.client.get_repo_sync_task().instance_id(&self.instance);
        let answer = call.sync_task_id(batch).send().await.map_err(Error::from);
        let own = match answer {
            Ok(task) => task.into_inner().sync_batch_task_id,
            Err(error) if error.can_retry() => return Err(error),
            Err(_) => None,
        };
        let advice = match own {
            Some(own) => format!("{batch} is a task, and its batch is {own}"),
            None => "list the tasks of an image: each names its batch".to_owned(),
        };
        Err(Error::not_found(format!(
            "instance {} has no batch {batch}; {advice}",
            self.instance
        )))
    }

    /// A task, without its times: `GetRepoSyncTask`.
    ///
    /// # Errors
    /// When there is no such task, and any error of a call.
    pub(super) async fn task(&self, id: &str) -> Result<Task, Error> {
        let call = self.client.get_repo_sync_task().instance_id(&self.instance);
        let answer = call.sync_task_id(id).send().await.map_err(Error::from);
        let answer = answer.map_err(|error| match error.is_absent() {
            true => error.with_note(format!(
                "instance {} has no task {id}; list the tasks of an image to see their ids",
                self.instance
            )),
            false => error,
        })?;
        Ok(single(answer.into_inner()))
    }

    /// Looks a rule up, in the listing of all: no call shows a single rule.
    ///
    /// # Errors
    /// When there is no such rule, and any error of a call.
    pub(super) async fn rule_checked(&self, id: &str) -> Result<Rule, Error> {
        let mut rules = pin!(self.list_rules(None, None).by_item());
        let mut known = Vec::new();
        while let Some(rule) = rules.try_next().await? {
            if rule.id == id {
                return Ok(rule);
            }
            known.push(rule.id);
        }
        let question = suggest::question(id, known.iter().map(String::as_str));
        Err(Error::not_found(format!(
            "instance {} has no rule {id}{question}; list the rules to see their ids",
            self.instance
        )))
    }
}
