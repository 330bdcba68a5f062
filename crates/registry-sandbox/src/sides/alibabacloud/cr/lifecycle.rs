//! Lifecycle rules. The sandbox only stores them: no rule runs, whatever Auto and ScheduleTime are, no
//! image is removed, and NextTime is absent except in the vendor's example.

use serde_json::Value;

use super::paging::Total;
use super::{Call, Fields, field, fields};
use crate::sides::alibabacloud::errors::Refusal;
use crate::sides::alibabacloud::world::{LifecycleRule, fresh_id, pattern};

impl Call<'_> {
    pub(super) fn create_lifecycle_rule(&mut self) -> Result<Fields, Refusal> {
        let now = Some(self.now.as_millisecond());
        let rule = LifecycleRule {
            rule_id: fresh_id("cralr"),
            instance_id: self.instance()?.id().to_owned(),
            // The page names no defaults for these fields.
            scope: "INSTANCE".to_owned(),
            auto: Some(false),
            dry_run: Some(false),
            enable_delete_tag: Some(false),
            enable_delete_untagged_manifest: Some(false),
            create_time: now,
            ..LifecycleRule::default()
        };
        let rule = self.as_told(rule)?;
        let id = rule.rule_id.clone();
        self.instance_mut()?.lifecycle_rules.push(rule);
        Ok(field("RuleId", id))
    }

    /// Updates a rule, and keeps the fields that the request does not set. Invented, because the page
    /// does not tell.
    pub(super) fn update_lifecycle_rule(&mut self) -> Result<Fields, Refusal> {
        let place = self.lifecycle_rule()?;
        let rules = &self.instance()?.lifecycle_rules;
        let rule = self.as_told(rules.get(place).cloned().unwrap_or_default())?;
        if let Some(held) = self.instance_mut()?.lifecycle_rules.get_mut(place) {
            *held = rule;
        }
        Ok(Fields::new())
    }

    pub(super) fn get_lifecycle_rule(&self) -> Result<Fields, Refusal> {
        let place = self.lifecycle_rule()?;
        let rule = self.instance()?.lifecycle_rules.get(place);
        Ok(rule.map(fields).unwrap_or_default())
    }

    pub(super) fn list_lifecycle_rules(&self) -> Result<Fields, Refusal> {
        let asked = self.parameters.boolean("EnableDeleteTag");
        let rules = self.instance()?.lifecycle_rules.iter();
        let rules: Vec<_> = rules
            .filter(|rule| asked.is_none() || rule.enable_delete_tag == asked)
            .collect();
        let listing = ("Rules", Total::Number);
        Ok(self.numbered(listing, &rules, |rule| Value::Object(fields(rule))))
    }

    pub(super) fn delete_lifecycle_rule(&mut self) -> Result<Fields, Refusal> {
        let place = self.lifecycle_rule()?;
        self.instance_mut()?.lifecycle_rules.remove(place);
        Ok(Fields::new())
    }

    /// Returns the index of the rule with the id RuleId.
    fn lifecycle_rule(&self) -> Result<usize, Refusal> {
        let id = self.text("RuleId");
        let mut rules = self.instance()?.lifecycle_rules.iter();
        let place = rules.position(|rule| rule.rule_id == id);
        place.ok_or_else(Refusal::no_lifecycle_rule)
    }

    /// Returns the rule with the fields of the request.
    fn as_told(&self, mut rule: LifecycleRule) -> Result<LifecycleRule, Refusal> {
        for (name, text) in [
            ("Scope", &mut rule.scope),
            ("NamespaceName", &mut rule.namespace_name),
            ("RepoName", &mut rule.repo_name),
            ("ScheduleTime", &mut rule.schedule_time),
            ("TagRegexp", &mut rule.tag_regexp),
        ] {
            if let Some(given) = self.parameters.text(name) {
                given.clone_into(text);
            }
        }
        for (name, flag) in [
            ("Auto", &mut rule.auto),
            ("DryRun", &mut rule.dry_run),
            ("EnableDeleteTag", &mut rule.enable_delete_tag),
            (
                "EnableDeleteUntaggedManifest",
                &mut rule.enable_delete_untagged_manifest,
            ),
        ] {
            *flag = self.parameters.boolean(name).or(*flag);
        }
        let count = self.parameters.integer("RetentionTagCount");
        rule.retention_tag_count = count.or(rule.retention_tag_count);
        rule.modified_time = Some(self.now.as_millisecond());
        self.check_lifecycle_rule(&rule)?;
        Ok(rule)
    }

    /// Checks a rule. Codes and reasons are invented, except those for the two flags.
    fn check_lifecycle_rule(&self, rule: &LifecycleRule) -> Result<(), Refusal> {
        if rule.enable_delete_tag == Some(true)
            && rule.enable_delete_untagged_manifest == Some(true)
        {
            let reason = "goes not together with EnableDeleteTag";
            return Err(Refusal::invalid("EnableDeleteUntaggedManifest", reason));
        }
        if pattern(&rule.tag_regexp).is_none() {
            let reason = "must be a regular expression";
            return Err(Refusal::invalid("TagRegexp", reason));
        }
        if rule.scope == "REPO" {
            for (name, text) in [
                ("NamespaceName", &rule.namespace_name),
                ("RepoName", &rule.repo_name),
            ] {
                if text.is_empty() {
                    return Err(Refusal::missing(name));
                }
            }
            let instance = self.instance()?;
            instance.repository(&rule.namespace_name, &rule.repo_name)?;
        }
        Ok(())
    }
}
