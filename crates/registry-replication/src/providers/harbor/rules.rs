//! Replication rules.

use std::fmt::Display;

use ::harbor::harbor::types::{Registry, ReplicationFilter, ReplicationPolicy};
use ::harbor::harbor::values::{FilterDecoration, ReplicationFilterType, ReplicationTriggerType};
use openapi_transport::Error;
use reqwest::Url;
use serde_json::Value;

use super::{HarborRegistry, PROVIDER, total};
use crate::listing::Listing;
use crate::model::{
    FilterOn, FilterSyntax, ImageRef, ReplacedParts, Rule, RuleFilter, RuleTrigger, TaskKind,
    VendorAnswer,
};
use crate::pager::{Fetched, Slot, Steps, listing_name};

impl HarborRegistry {
    /// Lists the replication rules whose names contain `name`, or all: `listReplicationPolicies`.
    pub fn replication_rules(&self, name: Option<&str>) -> Listing<Rule> {
        let narrowed: [(&str, Option<&dyn Display>); 1] =
            [("name", name.as_ref().map(|name| name as _))];
        let called = listing_name("listReplicationPolicies", &narrowed);
        let registry = self.clone();
        let name = name.map(str::to_owned);
        Listing::new(called, Steps::Pages, move |slot| {
            registry.clone().replication_rules_on(name.clone(), slot)
        })
    }

    async fn replication_rules_on(
        self,
        name: Option<String>,
        slot: Slot,
    ) -> Result<Fetched<Rule>, Error> {
        let mut call = self.client.list_replication_policies();
        call = call.sort("id").page(slot.page()).page_size(slot.size);
        if let Some(name) = name {
            call = call.name(name);
        }
        let page = call.send().await?;
        let total = total(page.headers());
        Ok(Fetched {
            items: page.into_inner().into_iter().map(replication).collect(),
            total,
            size: None,
        })
    }
}

pub(super) fn trigger(vendor: &ReplicationTriggerType) -> RuleTrigger {
    match vendor {
        ReplicationTriggerType::Manual => RuleTrigger::Manual,
        ReplicationTriggerType::Scheduled => RuleTrigger::OnSchedule,
        ReplicationTriggerType::EventBased => RuleTrigger::OnPush,
        other => RuleTrigger::Unknown(other.as_str().to_owned()),
    }
}

/// Returns the id of a registry in the references of this Harbor. The Harbor itself has none.
pub(super) fn id(registry: Option<&Registry>) -> Option<String> {
    let id = registry?.id.filter(|id| *id != 0)?;
    Some(id.to_string())
}

/// Returns the names of a registry, the usual one first: its name, and its host.
pub(super) fn names(registry: &Registry) -> Vec<String> {
    let name = registry.name.clone().filter(|name| !name.is_empty());
    let host = registry.url.as_deref().and_then(host);
    name.into_iter().chain(host).collect()
}

/// Returns the host of a URL, with its port unless that is the scheme's own.
pub(super) fn host(url: &str) -> Option<String> {
    let url: Url = url.parse().ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

/// One end of a rule: this Harbor, which has the id 0, or another registry.
fn end(registry: Option<&Registry>) -> ImageRef {
    let id = id(registry);
    let name = registry.filter(|_| id.is_some()).map(names);
    ImageRef {
        registry: id,
        registry_name: name.and_then(|names| names.into_iter().next()),
        ..ImageRef::default()
    }
}

/// Returns the filters of one kind. A filter on labels has several, all of which must match.
fn filters(vendor: &ReplicationFilter) -> Vec<RuleFilter> {
    let on = match &vendor.type_ {
        None | Some(ReplicationFilterType::Name) => FilterOn::Name,
        Some(ReplicationFilterType::Tag) => FilterOn::Tag,
        Some(ReplicationFilterType::Label) => FilterOn::Label,
        Some(other) => FilterOn::Unknown(other.as_str().to_owned()),
    };
    let texts: Vec<&str> = match &vendor.value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    // All images are artifacts, and all artifacts that a registry can serve are copied as images.
    let is_any = |text: &&str| {
        let is_resource = vendor.type_ == Some(ReplicationFilterType::Resource);
        text.is_empty() || (is_resource && matches!(*text, "image" | "artifact"))
    };
    let texts = texts.into_iter().filter(|text| !is_any(text));
    let filters = texts.map(|text| RuleFilter {
        excludes: vendor.decoration == Some(FilterDecoration::Excludes),
        ..RuleFilter::new(on.clone(), text, FilterSyntax::Doublestar)
    });
    filters.collect()
}

/// Returns which parts of a path the destination namespace replaces. Left out is -1.
fn replaces(vendor: &ReplicationPolicy) -> ReplacedParts {
    let count = vendor.dest_namespace_replace_count.unwrap_or(-1);
    u32::try_from(count).map_or(ReplacedParts::AllButLast, ReplacedParts::First)
}

pub(super) fn replication(vendor: ReplicationPolicy) -> Rule {
    let rule = Rule::new(PROVIDER, TaskKind::Replication, vendor.id);
    let namespace = vendor.dest_namespace.clone();
    let namespace = namespace.filter(|name| !name.is_empty());
    let trigger = vendor.trigger.as_ref();
    let kind = trigger.and_then(|trigger| trigger.type_.as_ref());
    let cron = trigger.and_then(|trigger| trigger.trigger_settings.as_ref()?.cron.clone());
    let is_scheduled = kind == Some(&ReplicationTriggerType::Scheduled);
    Rule {
        name: vendor.name.clone(),
        enabled: vendor.enabled,
        source: end(vendor.src_registry.as_ref()),
        filters: vendor.filters.iter().flat_map(filters).collect(),
        replaces: namespace.is_some().then(|| replaces(&vendor)),
        destination: ImageRef {
            namespace,
            ..end(vendor.dest_registry.as_ref())
        },
        schedule: cron.filter(|cron| is_scheduled && !cron.is_empty()),
        overwrites: vendor.override_,
        created: vendor.creation_time,
        updated: vendor.update_time,
        ..rule.with_trigger(kind.map(self::trigger))
    }
    .answered(VendorAnswer::of(vendor))
}
