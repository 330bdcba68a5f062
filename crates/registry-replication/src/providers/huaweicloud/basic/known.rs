//! Whether a repository that a caller names is there. Only a listing that is empty, or refused
//! because there is no such repository, makes these calls.

use openapi_transport::Error;

use super::SwrBasic;
use crate::model::ImageName;
use crate::suggest;

impl SwrBasic {
    /// Looks a repository up: `ShowRepository`.
    ///
    /// # Errors
    /// When there is no such repository, and any error of a call.
    pub(super) async fn repository_exists(&self, name: &ImageName) -> Result<(), Error> {
        let call = self.client.show_repository().namespace(name.namespace());
        let call = call.repository(name.repository());
        match call.send().await.map_err(Error::from) {
            Err(error) if error.is_absent() || error.can_retry() => {
                Err(self.about_repository(name, error).await)
            }
            // A caller that may list need not be allowed to look up.
            _ => Ok(()),
        }
    }

    /// Looks an organization up: `ShowNamespace`.
    ///
    /// # Errors
    /// When there is no such organization, and any error of a call.
    pub(super) async fn organization_exists(&self, name: &str) -> Result<(), Error> {
        let call = self.client.show_namespace().namespace(name);
        match call.send().await.map_err(Error::from) {
            Err(error) if error.is_absent() => {
                Err(error.with_note(format!("{} has no organization {name}", self.place())))
            }
            Err(error) if error.can_retry() => Err(error),
            // A caller that may list need not be allowed to look up.
            _ => Ok(()),
        }
    }

    /// The registry in a sentence.
    fn place(&self) -> String {
        match &self.region {
            Some(region) => format!("region {region}"),
            None => "the registry".to_owned(),
        }
    }

    /// The error of a call about a repository. If the repository is not there, it is noted with the
    /// name that is nearest to it: `ListReposDetails`, a single page.
    pub(super) async fn about_repository(&self, name: &ImageName, error: Error) -> Error {
        if !error.is_absent() {
            return error;
        }
        let call = self.client.list_repos_details();
        let known: Vec<String> = match call.send().await {
            Ok(page) => {
                let repositories = page.into_inner().into_iter();
                repositories
                    .filter_map(|one| {
                        let name = one.name?.replace('$', "/");
                        Some(format!("{}/{name}", one.namespace?))
                    })
                    .collect()
            }
            // The typo is what matters; that there is nothing to suggest does not.
            Err(_) => Vec::new(),
        };
        let path = name.path();
        let question = suggest::question(&path, known.iter().map(String::as_str));
        error.with_note(format!(
            "{} has no repository {path}{question}",
            self.place()
        ))
    }
}
