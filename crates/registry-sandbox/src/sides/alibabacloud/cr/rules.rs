//! Synchronization rules.

use serde_json::Value;

use super::paging::Total;
use super::{Call, Fields, field, fields};
use crate::sides::alibabacloud::errors::Refusal;
use crate::sides::alibabacloud::world::{SyncRule, fresh_id, pattern};
use crate::world;

impl Call<'_> {
    /// Creates a rule. Drops fields of another scope than the rule's.
    pub(super) fn create_rule(&mut self) -> Result<Fields, Refusal> {
        let rule = self.new_rule()?;
        let id = rule.sync_rule_id.clone();
        let instance = self.instance_mut()?;
        let mut names = instance.rules.iter().map(|rule| &rule.sync_rule_name);
        if names.any(|name| *name == rule.sync_rule_name) {
            return Err(Refusal::rule_name_taken());
        }
        instance.rules.push(rule);
        Ok(field("SyncRuleId", id))
    }

    fn new_rule(&self) -> Result<SyncRule, Refusal> {
        let now = Some(self.now.as_millisecond());
        let local = self.instance()?;
        let text = |name| self.text(name).to_owned();
        let mut rule = SyncRule {
            sync_rule_id: fresh_id("crsr"),
            sync_rule_name: text("SyncRuleName"),
            sync_scope: text("SyncScope"),
            // The page names no default. Rules are usually automatic.
            sync_trigger: self
                .parameters
                .text("SyncTrigger")
                .unwrap_or("PASSIVE")
                .to_owned(),
            sync_direction: "FROM".to_owned(),
            tag_filter: self.filter("TagFilter")?,
            local_instance_id: local.record.instance_id.clone(),
            local_region_id: local.record.region_id.clone(),
            target_instance_id: text("TargetInstanceId"),
            target_region_id: text("TargetRegionId"),
            link_id: text("LinkId"),
            cross_user: Some(self.is_to_another_account()),
            priority: self.parameters.integer("Priority"),
            create_time: now,
            modified_time: now,
            ..SyncRule::default()
        };
        self.check_target()?;
        if rule.sync_scope == "INSTANCE" {
            rule.namespace_name_filter = self.filter("NamespaceNameFilter")?;
            rule.repo_name_filter = self.filter("RepoNameFilter")?;
            return Ok(rule);
        }
        rule.local_namespace_name = self.named("NamespaceName")?;
        rule.target_namespace_name = text("TargetNamespaceName");
        local.namespace(&rule.local_namespace_name)?;
        if rule.sync_scope == "NAMESPACE" {
            rule.repo_name_filter = self.filter("RepoNameFilter")?;
            return Ok(rule);
        }
        rule.local_repo_name = self.named("RepoName")?;
        rule.target_repo_name = text("TargetRepoName");
        local.repository(&rule.local_namespace_name, &rule.local_repo_name)?;
        Ok(rule)
    }

    /// Returns a field that the rule's scope requires. Only the text of the page says so.
    fn named(&self, name: &str) -> Result<String, Refusal> {
        let text = self.parameters.text(name);
        text.map(str::to_owned)
            .ok_or_else(|| Refusal::missing(name))
    }

    fn filter(&self, name: &str) -> Result<String, Refusal> {
        let filter = self.text(name);
        match pattern(filter) {
            Some(_) => Ok(filter.to_owned()),
            // Invented.
            None => Err(Refusal::invalid(name, "must be a regular expression")),
        }
    }

    /// Checks that the destination instance exists in the region of the request.
    pub(super) fn check_target(&self) -> Result<(), Refusal> {
        let target = self.world.instance(self.text("TargetInstanceId"))?;
        match target.record.region_id == self.text("TargetRegionId") {
            true => Ok(()),
            false => Err(Refusal::no_instance()),
        }
    }

    /// Whether the destination belongs to another account. The sandbox searches it among its own
    /// instances.
    pub(super) fn is_to_another_account(&self) -> bool {
        !matches!(
            self.text("TargetUserId"),
            "" | world::alibabacloud::ACCOUNT_ID
        )
    }

    /// Lists the rules that copy from the instance, not those that copy to it.
    pub(super) fn list_rules(&self) -> Result<Fields, Refusal> {
        let rules = self.instance()?.rules.iter();
        let rules: Vec<_> = rules
            .filter(|rule| {
                self.fits(&[
                    ("NamespaceName", &rule.local_namespace_name),
                    ("RepoName", &rule.local_repo_name),
                    ("TargetInstanceId", &rule.target_instance_id),
                    ("TargetRegionId", &rule.target_region_id),
                ])
            })
            .collect();
        let listing = ("SyncRules", Total::Number);
        Ok(self.numbered(listing, &rules, |rule| Value::Object(fields(rule))))
    }

    /// Deletes a rule. Its tasks keep running.
    pub(super) fn delete_rule(&mut self) -> Result<Fields, Refusal> {
        let id = self.text("SyncRuleId").to_owned();
        let rules = &mut self.instance_mut()?.rules;
        let place = rules.iter().position(|rule| rule.sync_rule_id == id);
        rules.remove(place.ok_or_else(Refusal::no_sync_rule)?);
        Ok(Fields::new())
    }
}
