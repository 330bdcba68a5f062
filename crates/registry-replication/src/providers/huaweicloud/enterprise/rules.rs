//! Rules: replication and retention policies.

use std::fmt::Display;

use huaweicloud_swr::swr::types::{
    ReplicationFilter, ReplicationPolicy, ReplicationRegistry, RetentionPolicy, RetentionRule,
    TriggerConfig,
};
use huaweicloud_swr::swr::values::{
    ReplicationFilterType, RetentionSelectorDecoration, TriggerType,
};
use openapi_transport::Error;

use super::PROVIDER;
use super::SwrEnterprise;
use super::targets::TargetNames;
use crate::listing::Listing;
use crate::model::{
    FilterOn, FilterSyntax, ImageRef, Rule, RuleFilter, RuleTrigger, TaskKind, VendorAnswer,
};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl SwrEnterprise {
    /// Lists the replication rules of the instance whose names contain `name`, or all:
    /// `ListInstanceReplicationPolicies`.
    ///
    /// A rule that has the id of a target registry gets its name, which takes one more call for the
    /// whole listing: `ListInstanceRegistries`. If that call fails, the rules have no names of
    /// registries.
    pub fn replication_rules(&self, name: Option<&str>) -> Listing<Rule> {
        self.list_replication_rules(name, Some(TargetNames::default()))
    }

    /// Lists replication rules, with the names of their target registries or without them.
    pub(super) fn list_replication_rules(
        &self,
        name: Option<&str>,
        names: Option<TargetNames>,
    ) -> Listing<Rule> {
        let narrowed: [(&str, Option<&dyn Display>); 2] = [
            ("instance", Some(&self.instance)),
            ("name", name.as_ref().map(|name| name as _)),
        ];
        let called = listing_name("ListInstanceReplicationPolicies", &narrowed);
        let rules = ReplicationRules {
            registry: self.clone(),
            name: name.map(str::to_owned),
            names,
        };
        Listing::new(called, Steps::Pages, move |slot| rules.clone().fetch(slot))
    }

    /// Lists the retention rules of all namespaces of the instance:
    /// `ListInstanceRetentionPolicies`.
    ///
    /// The service may define a rule as several parts, each with filters of its own.
    /// [`filters`](Rule::filters) has the filters of all enabled parts, and
    /// [`vendor`](Rule::vendor) has the parts.
    pub fn retention_rules(&self) -> Listing<Rule> {
        let narrowed: [(&str, Option<&dyn Display>); 1] = [("instance", Some(&self.instance))];
        let called = listing_name("ListInstanceRetentionPolicies", &narrowed);
        let registry = self.clone();
        Listing::new(called, Steps::Pages, move |slot| {
            registry.clone().retention_rules_on(slot)
        })
    }

    async fn retention_rules_on(self, slot: Slot) -> Result<Fetched<Rule>, Error> {
        let call = self.client.list_instance_retention_policies();
        let call = call
            .project_id(&self.project_id)
            .instance_id(&self.instance);
        let page = call.offset(slot.offset).limit(slot.size).send().await?;
        let page = page.into_inner();
        let rule = |policy| retention(policy, &self.instance);
        Ok(Fetched {
            items: page.retentions.into_iter().map(rule).collect(),
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

/// Parameters of one listing of replication rules.
#[derive(Clone)]
struct ReplicationRules {
    registry: SwrEnterprise,
    name: Option<String>,
    names: Option<TargetNames>,
}

impl ReplicationRules {
    async fn fetch(self, slot: Slot) -> Result<Fetched<Rule>, Error> {
        let mut call = self
            .registry
            .client
            .list_instance_replication_policies()
            .project_id(&self.registry.project_id)
            .instance_id(&self.registry.instance)
            .offset(slot.offset)
            .limit(slot.size);
        if let Some(name) = &self.name {
            call = call.name(name);
        }
        let page = call.send().await?.into_inner();
        let rule = |policy| replication(policy, &self.registry.instance);
        let mut rules: Vec<Rule> = page.policies.into_iter().map(rule).collect();
        if let Some(names) = &self.names {
            names.add(&self.registry, &mut rules).await;
        }
        Ok(Fetched {
            items: rules,
            total: page.total.and_then(|total| total.try_into().ok()),
            size: None,
        })
    }
}

pub(super) fn trigger(vendor: &TriggerType) -> RuleTrigger {
    match vendor {
        TriggerType::Manual => RuleTrigger::Manual,
        TriggerType::Scheduled => RuleTrigger::OnSchedule,
        TriggerType::EventBased => RuleTrigger::OnPush,
        other => RuleTrigger::Unknown(other.as_str().to_owned()),
    }
}

fn triggered(rule: Rule, vendor: Option<&TriggerConfig>) -> Rule {
    let kind = vendor.and_then(|vendor| vendor.type_.as_ref()).map(trigger);
    // A rule keeps its schedule while something else starts it.
    let scheduled = kind == Some(RuleTrigger::OnSchedule);
    let cron = vendor.and_then(|vendor| vendor.trigger_settings.as_ref()?.cron.clone());
    Rule {
        schedule: cron.filter(|cron| scheduled && !cron.is_empty()),
        ..rule.with_trigger(kind)
    }
}

/// One end of a replication rule: the instance itself, which has the id 0, or a target registry.
fn end(vendor: Option<&ReplicationRegistry>, instance: &str) -> ImageRef {
    match vendor.and_then(|vendor| vendor.id) {
        None | Some(0) => ImageRef {
            instance: Some(instance.to_owned()),
            ..ImageRef::default()
        },
        Some(id) => ImageRef {
            registry: Some(id.to_string()),
            ..ImageRef::default()
        },
    }
}

fn filter(vendor: &ReplicationFilter) -> Option<RuleFilter> {
    let pattern = vendor.value.as_ref().filter(|text| !text.is_empty())?;
    let on = match vendor.type_.as_ref()? {
        ReplicationFilterType::Name => FilterOn::Name,
        ReplicationFilterType::Tag => FilterOn::Tag,
        other => FilterOn::Unknown(other.as_str().to_owned()),
    };
    Some(RuleFilter::new(on, pattern, FilterSyntax::Doublestar))
}

fn replication(vendor: ReplicationPolicy, instance: &str) -> Rule {
    let rule = Rule::new(PROVIDER, TaskKind::Replication, vendor.id);
    let namespace = vendor.dest_namespace.clone();
    let destination = ImageRef {
        namespace: namespace.filter(|name| !name.is_empty()),
        ..end(vendor.dest_registry.as_ref(), instance)
    };
    Rule {
        name: vendor.name.clone(),
        enabled: vendor.enabled,
        source: end(vendor.src_registry.as_ref(), instance),
        filters: vendor.filters.iter().filter_map(filter).collect(),
        destination,
        overwrites: vendor.override_,
        created: vendor.created_at,
        updated: vendor.updated_at,
        ..triggered(rule, vendor.trigger.as_ref())
    }
    .answered(VendorAnswer::of(vendor))
}

/// What one part of a retention rule is about.
fn selected(vendor: &RetentionRule) -> impl Iterator<Item = RuleFilter> {
    let repositories = vendor.scope_selectors.get("repository").into_iter();
    let repositories = repositories
        .flatten()
        .map(|one| (FilterOn::Repository, one));
    let tags = vendor.tag_selectors.iter().map(|one| (FilterOn::Tag, one));
    repositories.chain(tags).filter_map(|(on, selector)| {
        let pattern = selector.pattern.clone().filter(|text| !text.is_empty())?;
        Some(RuleFilter {
            excludes: selector.decoration == Some(RetentionSelectorDecoration::Excludes),
            ..RuleFilter::new(on, pattern, FilterSyntax::Doublestar)
        })
    })
}

fn retention(vendor: RetentionPolicy, instance: &str) -> Rule {
    let rule = Rule::new(PROVIDER, TaskKind::Retention, vendor.id);
    let mut filters: Vec<RuleFilter> = Vec::new();
    let parts = vendor
        .rules
        .iter()
        .filter(|rule| rule.disabled != Some(true));
    for filter in parts.flat_map(selected) {
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    Rule {
        name: vendor.name.clone(),
        enabled: vendor.enabled,
        source: ImageRef {
            instance: Some(instance.to_owned()),
            namespace: vendor.namespace_name.clone(),
            ..ImageRef::default()
        },
        filters,
        ..triggered(rule, vendor.trigger.as_ref())
    }
    .answered(VendorAnswer::of(vendor))
}
