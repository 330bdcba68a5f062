//! Target registries: where replication rules copy to or from.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use huaweicloud_swr::swr::types;
use openapi_transport::Error;
use tokio::sync::OnceCell;

use super::SwrEnterprise;
use crate::listing::Listing;
use crate::model::{ImageRef, Rule};
use crate::pager::{Fetched, Record, Slot, Steps};

/// Pages that are read for names at most. Targets beyond them keep only their ids.
const MOST_PAGES: usize = 10;

impl Record for types::Registry {
    fn key(&self) -> String {
        self.id.map(|id| id.to_string()).unwrap_or_default()
    }
}

impl SwrEnterprise {
    /// Lists the target registries: `ListInstanceRegistries`.
    pub(super) fn target_registries(&self) -> Listing<types::Registry> {
        let registry = self.clone();
        let fetch = move |slot: Slot| registry.clone().registries_on(slot);
        let name = "ListInstanceRegistries".to_owned();
        Listing::new(name, Steps::Pages, fetch)
    }

    async fn registries_on(self, slot: Slot) -> Result<Fetched<types::Registry>, Error> {
        let call = self.client.list_instance_registries();
        let call = call
            .project_id(&self.project_id)
            .instance_id(&self.instance);
        let page = call.offset(slot.offset).limit(slot.size).send().await?;
        let page = page.into_inner();
        Ok(Fetched {
            items: page.registries,
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// Returns the name of a target registry, if it has one.
pub(super) fn name(registry: &types::Registry) -> Option<String> {
    registry.name.clone().filter(|name| !name.is_empty())
}

/// Names of target registries by id, which the pages of one listing share.
///
/// They are read when the first rule needs one. An error of that call costs only the names.
#[derive(Clone, Default)]
pub(super) struct TargetNames(Arc<OnceCell<BTreeMap<String, String>>>);

impl TargetNames {
    /// Adds the names to the ends of rules that have the id of a target registry.
    pub(super) async fn add(&self, registry: &SwrEnterprise, rules: &mut [Rule]) {
        let ends = rules
            .iter_mut()
            .flat_map(|rule| [&mut rule.source, &mut rule.destination]);
        let ends: Vec<&mut ImageRef> = ends.filter(|end| end.registry.is_some()).collect();
        if ends.is_empty() {
            return;
        }
        let names = self.0.get_or_init(|| read(registry)).await;
        for end in ends {
            let id = end.registry.as_ref();
            end.registry_name = id.and_then(|id| names.get(id)).cloned();
        }
    }
}

async fn read(registry: &SwrEnterprise) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let pages = registry.target_registries().by_fetch().take(MOST_PAGES);
    let mut pages = std::pin::pin!(pages);
    loop {
        match pages.try_next().await {
            Ok(Some(page)) => {
                let named = page
                    .items
                    .iter()
                    .filter_map(|one| Some((one.key(), name(one)?)));
                names.extend(named);
            }
            Ok(None) => return names,
            Err(error) => {
                tracing::warn!(%error, "cannot read the names of target registries");
                return names;
            }
        }
    }
}
