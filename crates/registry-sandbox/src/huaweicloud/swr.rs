//! SWR: replication and retention tasks of the Enterprise edition, sync rules and jobs of Basic.

use hyper::header::CONTENT_RANGE;
use serde_json::{Value, json};

use super::errors::{
    Refusal, SWR_DENIED, SWR_INVALID_PARAMETER, SWR_NO_EXECUTION, SWR_NO_INSTANCE,
    SWR_NO_NAMESPACE, SWR_NO_POLICY, SWR_NO_REPOSITORY,
};
use super::world::{BasicRepository, World};
use super::{Context, sts};
use crate::message::Reply;
use crate::parameters::{Parameters, page};
use crate::{rule, world};

pub(super) fn replication_tasks(world: &World, context: &Context<'_>) -> Result<Reply, Refusal> {
    let parameters = enterprise(context, "swr:instance:listReplicationTasks")?;
    let execution = parameters.integer("execution_id").unwrap_or_default();
    let tasks = world
        .replication
        .get(&execution)
        .ok_or_else(|| no_execution(execution))?;
    let tasks: Vec<_> = tasks.iter().collect();
    Ok(task_page(&parameters, &tasks))
}

pub(super) fn retention_tasks(world: &World, context: &Context<'_>) -> Result<Reply, Refusal> {
    let parameters = enterprise(context, "swr:instance:listRetentionTasks")?;
    let namespace = parameters.text("namespace_name").unwrap_or_default();
    let policy = parameters.integer("policy_id").unwrap_or_default();
    let execution = parameters.integer("execution_id").unwrap_or_default();
    let policies = world.retention.get(namespace).ok_or_else(|| {
        let message = format!("namespace {namespace} does not exist");
        Refusal::enterprise(SWR_NO_NAMESPACE, message)
    })?;
    let executions = policies.get(&policy).ok_or_else(|| {
        let message = format!("retention policy {policy} does not exist");
        Refusal::enterprise(SWR_NO_POLICY, message)
    })?;
    let tasks = executions
        .get(&execution)
        .ok_or_else(|| no_execution(execution))?;
    let status = parameters.text("status");
    let tasks: Vec<_> = tasks
        .iter()
        .filter(|task| status.is_none_or(|status| task["status"] == status))
        .collect();
    Ok(task_page(&parameters, &tasks))
}

/// What both Enterprise calls ask: the account's project, allowed parameters, its instance.
fn enterprise<'a>(context: &Context<'a>, action: &str) -> Result<Parameters<'a>, Refusal> {
    let project = context.given.get("project_id").map(String::as_str);
    if project != Some(world::HUAWEICLOUD_PROJECT_ID) {
        let reason = json!({
            "allowed": false,
            "action": action,
            "project_id": project,
            "reason": "the project is not one of this account",
        });
        return Err(Refusal::Enterprise {
            code: SWR_DENIED,
            message: format!("no permission for {action}"),
            encoded: Some(sts::encode(&reason)),
        });
    }
    let parameters = context.parameters(|violation| {
        Refusal::enterprise(SWR_INVALID_PARAMETER, violation.to_string())
    })?;
    let instance = parameters.text("instance_id").unwrap_or_default();
    if instance != world::HUAWEICLOUD_INSTANCE_ID {
        let message = format!("instance {instance} does not exist");
        return Err(Refusal::enterprise(SWR_NO_INSTANCE, message));
    }
    Ok(parameters)
}

fn no_execution(execution: i64) -> Refusal {
    let message = format!("execution {execution} does not exist");
    Refusal::enterprise(SWR_NO_EXECUTION, message)
}

fn task_page(parameters: &Parameters<'_>, tasks: &[&Value]) -> Reply {
    let offset = parameters.integer("offset").unwrap_or_default();
    let limit = parameters.integer("limit").unwrap_or_default();
    Reply::ok(json!({"total": tasks.len(), "tasks": page(tasks, offset, limit)}))
}

pub(super) fn sync_rules(world: &World, context: &Context<'_>) -> Result<Reply, Refusal> {
    let (_, repository) = basic(world, context)?;
    Ok(Reply::ok(Value::from(repository.rules.clone())))
}

pub(super) fn sync_jobs(world: &World, context: &Context<'_>) -> Result<Reply, Refusal> {
    let (parameters, repository) = basic(world, context)?;
    let filter = parameters.text("filter").and_then(Filter::read);
    let filter = filter.ok_or_else(|| {
        Refusal::basic(SWR_INVALID_PARAMETER, "filter holds a number out of range")
    })?;
    let mut jobs: Vec<_> = repository.jobs.iter().collect();
    if !filter.ascending {
        jobs.reverse();
    }
    let records = page(&jobs, filter.offset, filter.limit);
    let range = format!("{}-{}/{}", filter.offset, records.len(), jobs.len());
    Ok(Reply::ok(json!(records)).with(CONTENT_RANGE, range))
}

/// What both Basic calls ask: allowed parameters, and a repository that is there.
fn basic<'a, 'w>(
    world: &'w World,
    context: &Context<'a>,
) -> Result<(Parameters<'a>, &'w BasicRepository), Refusal> {
    // The gateway decodes the path before it routes, so that %2F is one segment more to it.
    let sent = context.given.get("repository");
    if sent.is_some_and(|repository| repository.contains('/')) {
        return Err(Refusal::no_such_api());
    }
    let parameters = context
        .parameters(|violation| Refusal::basic(SWR_INVALID_PARAMETER, violation.to_string()))?;
    let namespace = parameters.text("namespace").unwrap_or_default();
    let repository = parameters.text("repository").unwrap_or_default();
    let repository = repository.replace('$', "/");
    let repositories = world.basic.get(namespace).ok_or_else(|| {
        let message = format!("organization {namespace} does not exist");
        Refusal::basic(SWR_NO_NAMESPACE, message)
    })?;
    let repository = repositories.get(&repository).ok_or_else(|| {
        let message = format!("repository {namespace}/{repository} does not exist");
        Refusal::basic(SWR_NO_REPOSITORY, message)
    })?;
    Ok((parameters, repository))
}

/// `limit::N|offset::N`, and the order if given. The page names no order for the case that it is
/// not: newest first is this sandbox's choice.
#[derive(Debug, PartialEq, Eq)]
struct Filter {
    limit: i64,
    offset: i64,
    ascending: bool,
}

impl Filter {
    /// `None` for a number that no integer holds; all else the spec's pattern has refused.
    fn read(text: &str) -> Option<Self> {
        let field = |name: &str| {
            text.split('|')
                .filter_map(|field| field.split_once("::"))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        Some(Self {
            limit: rule::integer(field("limit")?)?,
            offset: rule::integer(field("offset")?)?,
            ascending: field("order") == Some("asc"),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let filter = |limit, offset, ascending| {
            Some(Filter {
                limit,
                offset,
                ascending,
            })
        };
        for (text, expected) in [
            ("limit::10|offset::0", filter(10, 0, false)),
            ("limit::5|offset::20|order::desc", filter(5, 20, false)),
            ("limit::5|offset::20|order::asc", filter(5, 20, true)),
            ("limit::99999999999999999999|offset::0", None),
        ] {
            assert_eq!(Filter::read(text), expected, "{text}");
        }
    }
}
