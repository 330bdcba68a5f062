//! Project ids, which the paths of the Enterprise edition need.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use openapi_transport::{BoxFuture, Error};

use crate::credentials::Credentials;
use crate::iam;

/// Cache of project ids by access key and region.
#[derive(Clone, Default)]
pub struct Projects(Arc<Mutex<HashMap<Key, Known>>>);

/// Id of an access key, and a region.
type Key = (String, String);

type LookUp = BoxFuture<'static, Result<String, Error>>;

enum Known {
    Id(String),
    /// Lookup in progress. All calls that need it poll it, so a call that is no longer polled does
    /// not block others.
    UnderWay(WeakShared<LookUp>),
}

impl fmt::Debug for Projects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known().len();
        f.debug_struct("Projects").field("known", &known).finish()
    }
}

impl Projects {
    /// Makes an empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the id of the project that `credentials` have in `region`. Looks it up by the region's
    /// name with IAM's `KeystoneListProjects`. `client` must use the same credentials.
    ///
    /// The cache does not keep projects of tokens, because a token has no id.
    ///
    /// # Errors
    /// When there is no such project, or several projects; lists them. Any error of the call.
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
        let looking = {
            let mut known = self.known();
            let under_way = match known.get(&key) {
                Some(Known::Id(id)) => return Ok(id.clone()),
                Some(Known::UnderWay(looking)) => looking.upgrade(),
                None => None,
            };
            under_way.unwrap_or_else(|| {
                let looking = self.begin(client.clone(), key.clone());
                if let Some(weak) = looking.downgrade() {
                    known.insert(key, Known::UnderWay(weak));
                }
                looking
            })
        };
        looking.await
    }

    /// Begins a lookup, without polling it. A dropped lookup stores nothing.
    fn begin(&self, client: iam::Client, key: Key) -> Shared<LookUp> {
        let projects = self.clone();
        let looking = async move {
            let outcome = look_up(&client, &key.1).await;
            let mut known = projects.known();
            match &outcome {
                Ok(id) => known.insert(key, Known::Id(id.clone())),
                // The next call repeats a failed lookup.
                Err(_) => known.remove(&key),
            };
            outcome
        };
        looking.boxed().shared()
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
            "no project named {region} is visible to these credentials; check the region or pass the \
             project's id"
        ))),
        (count, Some(last)) => {
            ids.push(last);
            Err(Error::configuration(format!(
                "the account has {count} projects named {region}, {}; pass the id of one",
                ids.join(" and ")
            )))
        }
    }
}
