//! Project ids, which the Enterprise edition's paths need.

use std::collections::HashMap;

use registry_transport::Error;
use tokio::sync::Mutex;

use crate::credentials::Credentials;
use crate::iam;

/// Ids of projects by region: looked up once for each access key, and kept.
#[derive(Debug, Default)]
pub struct Projects {
    /// By id of the access key, and region.
    known: Mutex<HashMap<(String, String), String>>,
}

impl Projects {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Id of the project that `credentials` have in `region`: IAM's `KeystoneListProjects`, by the
    /// region's name. `client` is to call with the same credentials.
    ///
    /// A token has no id to keep its project by, and is looked up each time.
    ///
    /// # Errors
    /// When there is no such project, or several; says which. Whatever else can go wrong with a
    /// call.
    pub async fn id(
        &self,
        client: &iam::Client,
        credentials: &Credentials,
        region: &str,
    ) -> Result<String, Error> {
        let Some(key) = credentials.access_key_id() else {
            return look_up(client, region).await;
        };
        let key = (key.to_owned(), region.to_owned());
        // Held while IAM is asked, so that calls at the same time ask once.
        let mut known = self.known.lock().await;
        if let Some(id) = known.get(&key) {
            return Ok(id.clone());
        }
        let id = look_up(client, region).await?;
        known.insert(key, id.clone());
        Ok(id)
    }
}

async fn look_up(client: &iam::Client, region: &str) -> Result<String, Error> {
    let answer = client
        .keystone_list_projects()
        .name(region)
        .send()
        .await?
        .into_inner();
    let mut ids: Vec<String> = answer.projects.into_iter().filter_map(|p| p.id).collect();
    match (ids.len(), ids.pop()) {
        (1, Some(id)) => Ok(id),
        (_, None) => Err(Error::configuration(format!(
            "the account has no project named {region} that these credentials may see: is the \
             region right? Or give the project's id"
        ))),
        (count, Some(last)) => {
            ids.push(last);
            Err(Error::configuration(format!(
                "the account has {count} projects named {region}, {}: give the id of one",
                ids.join(" and ")
            )))
        }
    }
}
