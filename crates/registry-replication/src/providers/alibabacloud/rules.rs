//! Synchronization rules.

use std::fmt::Display;

use alibabacloud_cr::cr::types::SyncRule;
use alibabacloud_cr::cr::values::{SyncDirection, SyncScope, SyncTrigger};
use openapi_transport::Error;

use super::AlibabaCr;
use super::{DESCRIPTOR, PROVIDER};
use crate::listing::Listing;
use crate::model::{
    FilterOn, FilterSyntax, ImageName, ImageRef, Rule, RuleFilter, RuleTrigger, TaskKind,
    VendorAnswer,
};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl AlibabaCr {
    /// Lists the synchronization rules of the instance: `ListRepoSyncRule`.
    ///
    /// A repository with an invalid name and a repository that is not found are reported as the
    /// first error of the stream.
    pub fn rules(&self, query: RuleQuery) -> Listing<Rule> {
        let RuleQuery {
            repository,
            target_region,
        } = query;
        let name = repository
            .as_deref()
            .map(|name| DESCRIPTOR.repository(name))
            .transpose();
        Listing::tried(name.map(|name| self.list_rules(name, target_region)))
    }

    pub(super) fn list_rules(
        &self,
        repository: Option<ImageName>,
        target_region: Option<String>,
    ) -> Listing<Rule> {
        let region = target_region.as_ref().map(|region| region as _);
        let narrowed: [(&str, Option<&dyn Display>); 3] = [
            ("instance", Some(&self.instance)),
            ("repository", repository.as_ref().map(|name| name as _)),
            ("target_region", region),
        ];
        let name = listing_name("ListRepoSyncRule", &narrowed);
        let rules = Rules {
            registry: self.clone(),
            repository,
            target_region,
        };
        Listing::new(name, Steps::Pages, move |slot| rules.clone().fetch(slot))
    }
}

/// Filter for [`AlibabaCr::rules`]. The default selects all rules of the instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleQuery {
    /// `namespace/repository` that a rule names.
    pub repository: Option<String>,
    /// Id of the region that a rule copies to.
    pub target_region: Option<String>,
}

impl RuleQuery {
    /// Selects the rules that name this `namespace/repository`. It excludes rules that cover the
    /// repository by its namespace or by a pattern.
    pub fn repository(mut self, repository: impl Into<String>) -> Self {
        self.repository = Some(repository.into());
        self
    }

    /// Selects the rules that copy to this region.
    pub fn target_region(mut self, id: impl Into<String>) -> Self {
        self.target_region = Some(id.into());
        self
    }
}

/// Parameters of one rule listing.
#[derive(Clone)]
struct Rules {
    registry: AlibabaCr,
    repository: Option<ImageName>,
    target_region: Option<String>,
}

impl Rules {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Rule>, Error> {
        let mut call = self
            .registry
            .client
            .list_repo_sync_rule()
            .instance_id(&self.registry.instance)
            .page_no(slot.page())
            .page_size(slot.size);
        let repository = self.repository;
        if let Some(name) = &repository {
            call = call
                .namespace_name(name.namespace())
                .repo_name(name.repository());
        }
        if let Some(region) = self.target_region {
            call = call.target_region_id(region);
        }
        let page = call.send().await?.into_inner();
        if let Some(name) = &repository
            && slot.is_empty_beginning(&page.sync_rules)
        {
            self.registry.image_exists(name).await?;
        }
        Ok(Fetched {
            items: page.sync_rules.into_iter().map(rule).collect(),
            total: page.total_count.and_then(|total| total.try_into().ok()),
            size: page.page_size.and_then(|size| size.try_into().ok()),
        })
    }
}

fn trigger(vendor: &SyncTrigger) -> RuleTrigger {
    match vendor {
        SyncTrigger::Passive => RuleTrigger::OnPush,
        SyncTrigger::Initiative => RuleTrigger::Manual,
        other => RuleTrigger::Unknown(other.as_str().to_owned()),
    }
}

/// The patterns that count in the rule's scope; the vendor answers the others, too.
fn filters(vendor: &SyncRule) -> Vec<RuleFilter> {
    let (namespaces, repositories) = match vendor.sync_scope {
        Some(SyncScope::Repo) => (None, None),
        Some(SyncScope::Namespace) => (None, vendor.repo_name_filter.as_ref()),
        _ => (
            vendor.namespace_name_filter.as_ref(),
            vendor.repo_name_filter.as_ref(),
        ),
    };
    [
        (FilterOn::Namespace, namespaces),
        (FilterOn::Repository, repositories),
        (FilterOn::Tag, vendor.tag_filter.as_ref()),
    ]
    .into_iter()
    .filter_map(|(on, pattern)| {
        let pattern = pattern.filter(|text| !text.is_empty())?;
        Some(RuleFilter::new(on, pattern, FilterSyntax::Regex))
    })
    .collect()
}

fn rule(vendor: SyncRule) -> Rule {
    let known = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let local = ImageRef {
        region: known(&vendor.local_region_id),
        instance: known(&vendor.local_instance_id),
        namespace: known(&vendor.local_namespace_name),
        repository: known(&vendor.local_repo_name),
        ..ImageRef::default()
    };
    let target = ImageRef {
        region: known(&vendor.target_region_id),
        instance: known(&vendor.target_instance_id),
        namespace: known(&vendor.target_namespace_name),
        repository: known(&vendor.target_repo_name),
        ..ImageRef::default()
    };
    let (source, destination) = match vendor.sync_direction {
        Some(SyncDirection::To) => (target, local),
        _ => (local, target),
    };
    let id = vendor.sync_rule_id.clone();
    Rule {
        name: vendor.sync_rule_name.clone(),
        source,
        filters: filters(&vendor),
        destination,
        created: vendor.create_time.map(|time| time.0),
        updated: vendor.modified_time.map(|time| time.0),
        ..Rule::new(PROVIDER, TaskKind::Replication, id)
            .with_trigger(vendor.sync_trigger.as_ref().map(trigger))
    }
    .answered(VendorAnswer::of(vendor))
}
