//! Retention rules, their executions and tasks, which have words of their own.

use std::fmt::Display;

use ::harbor::harbor::types::{
    Project, RetentionExecution, RetentionExecutionTask, RetentionPolicy, RetentionRule,
};
use ::harbor::harbor::values::{
    RetentionDecoration, RetentionExecutionStatus, RetentionTaskStatus, RetentionTrigger,
};
use futures_util::{StreamExt, TryStreamExt, stream};
use openapi_transport::Error;

use super::{HarborRegistry, PROVIDER, total};
use crate::arrival::read::or_absent;
use crate::arrival::sight::plausible;
use crate::listing::Listing;
use crate::model::{
    Execution, ExecutionRef, FilterOn, FilterSyntax, ImageRef, RetentionCounts, Rule, RuleFilter,
    RuleRef, RuleTrigger, Task, TaskKind, TaskState, VendorAnswer,
};
use crate::pager::{Fetched, Record, Slot, Steps, listing_name};

/// Policies that are read at once.
const AT_ONCE: usize = 4;

impl Record for Project {
    fn key(&self) -> String {
        self.project_id.map(|id| id.to_string()).unwrap_or_default()
    }
}

impl HarborRegistry {
    /// Lists the retention rules of all projects: `listProjects`, then `getRetention` for each project
    /// that has one.
    ///
    /// A retention policy may have several parts, each with filters of its own.
    /// [`filters`](Rule::filters) has the filters of all enabled parts, and [`vendor`](Rule::vendor) has
    /// the parts.
    pub fn retention_rules(&self) -> Listing<Rule> {
        let name = listing_name("getRetention", &[]);
        let registry = self.clone();
        Listing::new(name, Steps::All, move |_| {
            registry.clone().all_retention_rules()
        })
    }

    async fn all_retention_rules(self) -> Result<Fetched<Rule>, Error> {
        let projects: Vec<Project> = self.projects().all().await?;
        let policies = projects.into_iter().filter_map(|project| {
            let id = project.metadata?.retention_id?.parse::<i64>().ok()?;
            Some((project.name?, id))
        });
        let rules = policies.map(|(project, id)| {
            let call = self.client.get_retention().id(id);
            async move {
                // The project may have lost its policy since the listing.
                let answer = or_absent(call.send().await.map_err(Error::from))?;
                Ok::<_, Error>(answer.map(|answer| rule(answer.into_inner(), project)))
            }
        });
        let rules = stream::iter(rules.collect::<Vec<_>>()).buffered(AT_ONCE);
        let rules: Vec<Option<Rule>> = rules.try_collect().await?;
        Ok(Fetched {
            items: rules.into_iter().flatten().collect(),
            total: None,
            size: None,
        })
    }

    fn projects(&self) -> Listing<Project> {
        let registry = self.clone();
        Listing::new(
            listing_name("listProjects", &[]),
            Steps::Pages,
            move |slot: Slot| {
                let call = registry.client.clone();
                async move {
                    let call = call.list_projects().sort("project_id");
                    let page = call.page(slot.page()).page_size(slot.size).send().await?;
                    let total = total(page.headers());
                    Ok(Fetched {
                        items: page.into_inner(),
                        total,
                        size: None,
                    })
                }
            },
        )
    }

    /// Lists the executions of a project's retention rule, newest first: `listRetentionExecutions`, after
    /// `getProject`.
    pub fn retention_executions(&self, project: impl Into<String>, id: i64) -> Listing<Execution> {
        let project = project.into();
        let narrowed: [(&str, Option<&dyn Display>); 1] = [("policy", Some(&id))];
        let name = listing_name("listRetentionExecutions", &narrowed);
        let registry = self.clone();
        Listing::new(name, Steps::Pages, move |slot: Slot| {
            let (registry, project) = (registry.clone(), project.clone());
            async move {
                if slot.offset == 0 {
                    registry.is_retention_of(&project, id).await?;
                }
                let call = registry.client.list_retention_executions().id(id);
                let call = call.page(page(slot)).page_size(i64::from(slot.size));
                let page = call.send().await?;
                let total = total(page.headers());
                let page = page.into_inner();
                if slot.is_empty_beginning(&page) {
                    let rule = RuleRef::retention(&project, id.to_string());
                    registry.rule_exists(&rule).await?;
                }
                let execution = |vendor| execution(vendor, &project, id);
                Ok(Fetched {
                    items: page.into_iter().map(execution).collect(),
                    total,
                    size: None,
                })
            }
        })
    }

    /// Lists the tasks of an execution of a project's retention rule: `listRetentionTasks`.
    pub fn retention_tasks(
        &self,
        project: impl Into<String>,
        id: i64,
        execution: i64,
    ) -> Listing<Task> {
        let project = project.into();
        let narrowed: [(&str, Option<&dyn Display>); 2] =
            [("policy", Some(&id)), ("execution", Some(&execution))];
        let name = listing_name("listRetentionTasks", &narrowed);
        let registry = self.clone();
        Listing::new(name, Steps::Pages, move |slot: Slot| {
            let (registry, project) = (registry.clone(), project.clone());
            async move {
                let call = registry.client.list_retention_tasks().id(id).eid(execution);
                let call = call.page(page(slot)).page_size(i64::from(slot.size));
                let page = call.send().await?;
                let total = total(page.headers());
                let page = page.into_inner();
                if slot.is_empty_beginning(&page) {
                    let rule = RuleRef::retention(&project, id.to_string());
                    let execution = ExecutionRef::of(rule, execution.to_string());
                    registry.execution_exists(&execution).await?;
                }
                let task = |vendor| {
                    let mut task = task(vendor, &project, id);
                    task.execution.get_or_insert_with(|| execution.to_string());
                    task
                };
                Ok(Fetched {
                    items: page.into_iter().map(task).collect(),
                    total,
                    size: None,
                })
            }
        })
    }
}

fn page(slot: Slot) -> i64 {
    i64::try_from(slot.page()).unwrap_or(i64::MAX)
}

fn selected(vendor: &RetentionRule) -> impl Iterator<Item = RuleFilter> {
    let repositories = vendor.scope_selectors.get("repository").into_iter();
    let repositories = repositories
        .flatten()
        .map(|one| (FilterOn::Repository, one));
    let tags = vendor.tag_selectors.iter().map(|one| (FilterOn::Tag, one));
    repositories.chain(tags).filter_map(|(on, selector)| {
        let pattern = selector.pattern.clone().filter(|text| !text.is_empty())?;
        Some(RuleFilter {
            excludes: matches!(
                selector.decoration,
                Some(RetentionDecoration::Excludes | RetentionDecoration::RepoExcludes)
            ),
            ..RuleFilter::new(on, pattern, FilterSyntax::Doublestar)
        })
    })
}

fn rule(vendor: RetentionPolicy, project: String) -> Rule {
    let rule = Rule::new(PROVIDER, TaskKind::Retention, vendor.id);
    let mut filters: Vec<RuleFilter> = Vec::new();
    let is_enabled = |rule: &&RetentionRule| rule.disabled != Some(true);
    for filter in vendor.rules.iter().filter(is_enabled).flat_map(selected) {
        if !filters.contains(&filter) {
            filters.push(filter);
        }
    }
    let trigger = vendor.trigger.as_ref();
    let cron = trigger.and_then(|trigger| trigger.settings.get("cron")?.as_str());
    let cron = cron.filter(|cron| !cron.is_empty()).map(str::to_owned);
    let kind = match cron {
        Some(_) => RuleTrigger::OnSchedule,
        None => RuleTrigger::Manual,
    };
    Rule {
        enabled: Some(vendor.rules.iter().any(|rule| rule.disabled != Some(true))),
        source: ImageRef {
            namespace: Some(project),
            ..ImageRef::default()
        },
        filters,
        schedule: cron,
        ..rule.with_trigger(Some(kind))
    }
    .answered(VendorAnswer::of(vendor))
}

fn execution(vendor: RetentionExecution, project: &str, id: i64) -> Execution {
    let state = TaskState::read(vendor.status.as_ref(), |status| {
        Some(match status {
            RetentionExecutionStatus::Running => TaskState::Running,
            RetentionExecutionStatus::Success => TaskState::Succeeded,
            RetentionExecutionStatus::Error => TaskState::Failed,
            RetentionExecutionStatus::Stopped => TaskState::Cancelled,
            _ => return None,
        })
    });
    let trigger = vendor.trigger.as_ref().map(|trigger| match trigger {
        RetentionTrigger::Manual => RuleTrigger::Manual,
        RetentionTrigger::Schedule => RuleTrigger::OnSchedule,
        other => RuleTrigger::Unknown(other.as_str().to_owned()),
    });
    let ended = plausible(vendor.end_time).filter(|_| state.is_final());
    Execution {
        provider: PROVIDER,
        kind: TaskKind::Retention,
        id: vendor.id.map(|id| id.to_string()).unwrap_or_default(),
        rule: Some(id.to_string()),
        namespace: Some(project.to_owned()),
        status: vendor.status.as_ref().map(|word| word.as_str().to_owned()),
        message: None,
        trigger,
        trial: vendor.dry_run,
        tasks: None,
        created: plausible(vendor.start_time),
        started: plausible(vendor.start_time),
        updated: ended,
        ended,
        state,
        vendor: VendorAnswer::of(vendor),
    }
}

fn task_state(status: &RetentionTaskStatus) -> Option<TaskState> {
    Some(match status {
        RetentionTaskStatus::Pending | RetentionTaskStatus::Scheduled => TaskState::Waiting,
        RetentionTaskStatus::Running => TaskState::Running,
        RetentionTaskStatus::Success => TaskState::Succeeded,
        RetentionTaskStatus::Error => TaskState::Failed,
        RetentionTaskStatus::Stopped => TaskState::Cancelled,
        _ => return None,
    })
}

fn task(vendor: RetentionExecutionTask, project: &str, id: i64) -> Task {
    let task = Task::new(PROVIDER, TaskKind::Retention, vendor.id)
        .with_status(vendor.status.clone(), task_state);
    let repository = vendor.repository.as_deref().map(|name| {
        let own = name.strip_prefix(project);
        let own = own.and_then(|rest| rest.strip_prefix('/'));
        own.unwrap_or(name).to_owned()
    });
    let counts = vendor.total.zip(vendor.retained);
    let ended = plausible(vendor.end_time);
    Task {
        execution: vendor.execution_id.map(|id| id.to_string()),
        rule: Some(id.to_string()),
        // The project is a part of the task's reference.
        source: Some(ImageRef {
            namespace: Some(project.to_owned()),
            repository,
            ..ImageRef::default()
        }),
        retention: counts.map(|(total, retained)| RetentionCounts { total, retained }),
        started: plausible(vendor.start_time),
        updated: ended.max(plausible(vendor.start_time)),
        ended,
        vendor: VendorAnswer::of(vendor),
        ..task
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_are_enabled_have_their_filters_in_the_rule() {
        let vendor = serde_json::json!({
            "id": 7, "algorithm": "or", "scope": { "level": "project", "ref": 3 },
            "trigger": { "kind": "Schedule", "settings": { "cron": "" } },
            "rules": [
                { "disabled": true, "tag_selectors": [{ "decoration": "matches", "pattern": "old" }] },
                {
                    "template": "latestPushedK", "params": { "latestPushedK": 10 },
                    "tag_selectors": [{ "decoration": "excludes", "pattern": "v*" }],
                    "scope_selectors": {
                        "repository": [{ "decoration": "repoMatches", "pattern": "**" }],
                    },
                },
            ],
        });
        let vendor: RetentionPolicy = serde_json::from_value(vendor).unwrap();
        let rule = rule(vendor, "team".to_owned());
        assert_eq!(rule.reference().unwrap().to_string(), "team/7");
        assert_eq!(rule.trigger, Some(RuleTrigger::Manual));
        let filters: Vec<_> = rule
            .filters
            .iter()
            .map(|one| (&*one.pattern, one.excludes))
            .collect();
        assert_eq!(filters, [("**", false), ("v*", true)]);
        let id = rule
            .vendor
            .get::<RetentionPolicy>()
            .map(|policy| policy.rules.len());
        assert_eq!(id, Some(2));
    }
}
