//! Huawei Cloud SWR, Basic edition.
//!
//! # Calls
//!
//! | method | calls |
//! |---|---|
//! | `rules_of` | `ListImageAutoSyncReposDetails`, of one repository |
//! | `tasks_of` | `ShowSyncJob`, of one repository |
//! | `repositories_in` | `ListReposDetails`; of an organization without any, `ShowNamespace` |
//! | `tags_of` | `ListRepositoryTags` |
//! | `run` | `ListImageAutoSyncReposDetails`, then `CreateManualImageSyncRepo`; the answer names no jobs |
//! | `hosts` | none: the host is made from the region |
//! | arrivals | `ListImageAutoSyncReposDetails`, `ShowSyncJob`; for the source's tag `ShowRepoTag`; for a name with a typo `ListReposDetails` |

mod descriptor;
mod images;
mod known;
mod look;
mod operate;

use std::fmt::Display;

use http::HeaderMap;
use huaweicloud_swr::swr::types::{SyncJob, SyncRepo};
use huaweicloud_swr::swr::{self, values::SyncJobStatus};
use huaweicloud_swr::{Filter, Huaweicloud, Order};
use openapi_transport::Error;

pub use descriptor::{DESCRIPTOR, PROVIDER};

use super::{Credentials, Logins};
use crate::arrival::read::Kept;
use crate::arrival::sight::Rules;
use crate::arrival::watch::Watch;
use crate::listing::Listing;
use crate::model::{
    ImageName, ImageRef, Rule, RuleTrigger, Task, TaskKind, TaskState, VendorAnswer,
};
use crate::pager::{Fetched, Slot, Steps, listing_name};
use crate::settings::{Settings, common_settings};

/// The Basic edition in one region.
#[derive(Clone, Debug)]
pub struct SwrBasic {
    client: swr::Client,
    provider: Huaweicloud,
    region: Option<String>,
    watch: Watch,
    rules_read: Kept<Rules>,
}

/// Settings of a [`SwrBasic`].
#[derive(Default)]
pub struct Builder {
    settings: Settings<Credentials>,
}
common_settings!(Builder, Credentials);

impl Builder {
    /// Makes the registry. Nothing is sent yet.
    ///
    /// # Errors
    /// When region and endpoint are missing.
    pub async fn build(self) -> Result<SwrBasic, Error> {
        let mut settings = self.settings;
        let endpoint = super::endpoint(&settings)?;
        let region = settings.region.clone();
        let context = settings.begin(endpoint);
        let provider = super::dialect(&mut settings, &context);
        Ok(SwrBasic {
            client: super::client(context, provider.clone())?,
            provider,
            region,
            watch: Watch::default(),
            rules_read: Kept::default(),
        })
    }
}

impl SwrBasic {
    /// Begins a registry.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The generated client.
    pub fn client(&self) -> &swr::Client {
        &self.client
    }

    /// Returns the source of the access key's password for the region's own registry,
    /// `swr.REGION.myhuaweicloud.com`. The region must be set.
    pub fn logins(&self) -> Logins {
        Logins {
            provider: self.provider.clone(),
            region: self.region.clone(),
        }
    }

    /// Lists the automatic sync rules of a repository, `namespace/repository`:
    /// `ListImageAutoSyncReposDetails`.
    ///
    /// The service answers all of them at once. An invalid name and a repository that is not found
    /// are reported as the first error of the stream.
    pub fn rules(&self, repository: &str) -> Listing<Rule> {
        let name = DESCRIPTOR.repository(repository);
        Listing::tried(name.map(|name| self.list_rules(name)))
    }

    fn list_rules(&self, name: ImageName) -> Listing<Rule> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("region", self.region.as_ref().map(|region| region as _)),
            ("repository", Some(&name)),
        ];
        let called = listing_name("ListImageAutoSyncReposDetails", &narrowed);
        let registry = self.clone();
        Listing::new(called, Steps::All, move |_| {
            let (registry, name) = (registry.clone(), name.clone());
            async move {
                let items = registry.rules_checked(&name).await?;
                Ok(Fetched {
                    total: Some(items.len() as u64),
                    items,
                    size: None,
                })
            }
        })
    }

    /// The rules of a repository; a repository that is not there is an error.
    async fn rules_checked(&self, name: &ImageName) -> Result<Vec<Rule>, Error> {
        match self.rules_of_repository(name).await {
            Ok(rules) if rules.is_empty() => {
                self.repository_exists(name).await?;
                Ok(rules)
            }
            Ok(rules) => Ok(rules),
            Err(error) => Err(self.about_repository(name, error).await),
        }
    }

    async fn rules_of_repository(&self, name: &ImageName) -> Result<Vec<Rule>, Error> {
        let rules = self
            .client
            .list_image_auto_sync_repos_details()
            .namespace(name.namespace())
            .repository(name.repository())
            .send()
            .await?
            .into_inner();
        let rule = |vendor| rule(vendor, self.region.as_deref());
        Ok(rules.into_iter().map(rule).collect())
    }

    /// Lists the sync jobs of a repository, `namespace/repository`: `ShowSyncJob`. Without an
    /// `order`, the service decides the order.
    ///
    /// An invalid name and a repository that is not found are reported as the first error of the
    /// stream.
    pub fn sync_jobs(&self, repository: &str, order: Option<Order>) -> Listing<Task> {
        let name = DESCRIPTOR.repository(repository);
        Listing::tried(name.map(|name| self.list_jobs(name, order, true)))
    }

    /// Lists sync jobs. `is_checked` tells whether the repository is looked up when it has no jobs.
    fn list_jobs(
        &self,
        repository: ImageName,
        order: Option<Order>,
        is_checked: bool,
    ) -> Listing<Task> {
        let ordered = order.map(|order| format!("{order:?}"));
        let narrowed: [(&str, Option<&dyn Display>); 3] = [
            ("region", self.region.as_ref().map(|region| region as _)),
            ("repository", Some(&repository)),
            ("order", ordered.as_ref().map(|order| order as _)),
        ];
        let name = listing_name("ShowSyncJob", &narrowed);
        let jobs = SyncJobs {
            registry: self.clone(),
            repository,
            order,
            is_checked,
        };
        Listing::new(name, Steps::Records, move |slot| jobs.clone().fetch(slot))
    }
}

/// Parameters of one listing of sync jobs.
#[derive(Clone)]
struct SyncJobs {
    registry: SwrBasic,
    repository: ImageName,
    order: Option<Order>,
    /// Whether the repository is looked up when it has no jobs.
    is_checked: bool,
}

impl SyncJobs {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Task>, Error> {
        if slot.size == 0 {
            return Err(Error::configuration("page size: 0 is less than 1"));
        }
        let name = self.repository;
        let filter = Filter::new(slot.size, slot.offset);
        let filter = self.order.map_or(filter, |order| filter.order(order));
        let answer = self
            .registry
            .client
            .show_sync_job()
            .namespace(name.namespace())
            .repository(name.repository())
            .filter(filter)
            .send()
            .await
            .map_err(Error::from);
        let answer = match answer {
            Err(error) if self.is_checked => {
                return Err(self.registry.about_repository(&name, error).await);
            }
            answer => answer?,
        };
        let total = counted(answer.headers());
        let region = self.registry.region.as_deref();
        let jobs = answer.into_inner();
        if self.is_checked && slot.is_empty_beginning(&jobs) {
            self.registry.repository_exists(&name).await?;
        }
        Ok(Fetched {
            items: jobs.into_iter().map(|vendor| job(vendor, region)).collect(),
            total,
            size: None,
        })
    }
}

/// Returns the number of all records, which the header `Content-Range` has.
fn counted(headers: &HeaderMap) -> Option<u64> {
    total(headers.get("content-range")?.to_str().ok()?)
}

/// Returns `T` of `A-B/T`. The other numbers are not used, because the vendor's page defines `B` as
/// the number of records, where HTTP has an index.
fn total(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.trim().parse().ok()
}

fn state(status: &SyncJobStatus) -> Option<TaskState> {
    Some(match status {
        SyncJobStatus::Waiting => TaskState::Waiting,
        SyncJobStatus::Running => TaskState::Running,
        SyncJobStatus::Success => TaskState::Succeeded,
        SyncJobStatus::Failed => TaskState::Failed,
        SyncJobStatus::Timeout => TaskState::TimedOut,
        SyncJobStatus::Cancel => TaskState::Cancelled,
        SyncJobStatus::Existed => TaskState::AlreadyThere,
        _ => return None,
    })
}

/// Returns source and destination, which rules and jobs name in the same way. The repository keeps
/// its name.
fn ends(
    region: Option<&str>,
    namespace: &Option<String>,
    repository: &Option<String>,
    remote_region: &Option<String>,
    remote_namespace: &Option<String>,
) -> (ImageRef, ImageRef) {
    let end = |region: Option<String>, namespace: &Option<String>| ImageRef {
        region,
        namespace: namespace.clone(),
        repository: repository.clone(),
        ..ImageRef::default()
    };
    (
        end(region.map(str::to_owned), namespace),
        end(remote_region.clone(), remote_namespace),
    )
}

fn rule(vendor: SyncRepo, region: Option<&str>) -> Rule {
    let (source, destination) = ends(
        region,
        &vendor.namespace,
        &vendor.repo_name,
        &vendor.remote_region_id,
        &vendor.remote_namespace,
    );
    let rule = Rule::new(PROVIDER, TaskKind::Replication, vendor.id);
    let trigger = vendor.sync_auto.map(|automatic| match automatic {
        true => RuleTrigger::OnPush,
        false => RuleTrigger::Manual,
    });
    Rule {
        source,
        destination,
        overwrites: vendor.override_,
        created: vendor.created_at,
        updated: vendor.updated_at,
        ..rule.with_trigger(trigger)
    }
    .answered(VendorAnswer::of(vendor))
}

fn job(vendor: SyncJob, region: Option<&str>) -> Task {
    let (source, destination) = ends(
        region,
        &vendor.namespace,
        &vendor.repo_name,
        &vendor.remote_region_id,
        &vendor.remote_namespace,
    );
    let task = Task::new(PROVIDER, TaskKind::Replication, vendor.id)
        .with_status(vendor.status.clone(), state)
        .with_updated(vendor.updated_at);
    Task {
        source: Some(source.with_tag(vendor.tag.clone())),
        destination: Some(destination.with_tag(vendor.tag.clone())),
        created: vendor.created_at,
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_total_of_a_range_is_read() {
        for (range, expected) in [
            ("0-1/1", Some(1)),
            ("100-37/700", Some(700)),
            ("items 0-9/10", Some(10)),
            ("0-0/ 0", Some(0)),
            ("*/*", None),
            ("0-9", None),
            ("", None),
        ] {
            assert_eq!(total(range), expected, "{range}");
        }
    }
}
