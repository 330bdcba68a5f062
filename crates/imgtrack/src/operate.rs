//! Rules, executions, tasks and subtasks of any registry, run and stop.

use registry_replication::{
    Error, Execution, ExecutionRef, ImageName, Plan, Provider, Registry, Rule, RuleRef, RunOptions,
    Started, StopTarget, Subtask, Task, TaskRef, TaskScope, UnfitImageName, UnfitReference,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api;
use crate::cli::{Change, Enterprise, Place, RegistryName};
use crate::confirm;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::output::Output;
use crate::table;
use crate::terminal::{escaped, json_line};

/// What a registry lists.
pub(crate) trait Listed: Serialize + Sized {
    /// A table without rows.
    const NOTHING: &'static str;

    /// What refers to it on the command line, where it can be referred to.
    fn reference(&self) -> Option<String>;

    /// The heads of a table that begins with it; all that one listing has fits below them.
    fn heads(&self) -> &'static [&'static str];

    /// Its row in that table.
    fn row(&self) -> Vec<String>;
}

macro_rules! listed {
    ($name:ident, $nothing:literal, $reference:expr, $heads:path, $row:expr) => {
        impl Listed for $name {
            const NOTHING: &'static str = concat!($nothing, "\n");

            fn reference(&self) -> Option<String> {
                $reference(self)
            }

            fn heads(&self) -> &'static [&'static str] {
                $heads(self)
            }

            fn row(&self) -> Vec<String> {
                $row(self)
            }
        }
    };
}
listed!(
    Rule,
    "no rules",
    |rule: &Rule| Some(rule.reference().to_string()),
    table::rule_heads,
    table::rule_row
);
listed!(
    Execution,
    "no executions",
    |execution: &Execution| Some(execution.reference().to_string()),
    table::execution_heads,
    table::execution_row
);
listed!(
    Task,
    "no tasks",
    |task: &Task| Some(task.reference().to_string()),
    table::task_heads,
    |task: &Task| table::task_row(task, task.reference().to_string())
);
listed!(
    Subtask,
    "no subtasks",
    |_| None,
    table::subtask_heads,
    table::subtask_row
);

pub(crate) async fn rules(
    repository: Option<String>,
    registry: Option<RegistryName>,
    limit: Option<usize>,
    to: &Enterprise,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let repository = repository.as_deref().map(image).transpose()?;
    let name = match (registry, &repository) {
        (Some(name), _) => name,
        (None, Some(_)) => RegistryName::HuaweicloudBasic,
        (None, None) => {
            return Err(Failure::Usage(
                "it is not said whose rules: say --registry NAME, or name a repository of Huawei \
                 Cloud Basic"
                    .to_owned(),
            ));
        }
    };
    let registry = connection.registry(name, to).await?;
    let rules = registry.rules_of(repository.as_ref()).by_item();
    output.listing(rules, limit).await
}

pub(crate) async fn executions(
    rule: Option<String>,
    limit: Option<usize>,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let rule: Option<RuleRef> = rule.as_deref().map(reference).transpose()?;
    let registry = connection.registry(to.registry, &to.to).await?;
    let executions = registry.executions_of(rule.as_ref()).by_item();
    output.listing(executions, limit).await
}

pub(crate) async fn tasks(
    what: &str,
    limit: Option<usize>,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let scope = scope(to.registry, what)?;
    let registry = connection.registry(to.registry, &to.to).await?;
    let tasks = registry.tasks_of(&scope).by_item();
    output.listing(tasks, limit).await
}

pub(crate) async fn subtasks(
    task: &str,
    limit: Option<usize>,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let task: TaskRef = reference(task)?;
    let registry = connection.registry(to.registry, &to.to).await?;
    let subtasks = registry.subtasks_of(&task).by_item();
    output.listing(subtasks, limit).await
}

pub(crate) async fn run(
    rule: &str,
    images: &[String],
    trial: bool,
    change: &Change,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let rule: RuleRef = reference(rule)?;
    let mut options = RunOptions::default().trial(trial);
    for text in images {
        options = options.image(image(text)?);
    }
    let registry = connection.registry(to.registry, &to.to).await?;
    let mut plan = registry.plan_run(&rule, &options).await?;
    if change.dry_run {
        return shown(&plan, output).await;
    }
    ask(&plan, change, output)?;
    let mut all = Started::default();
    let ended = loop {
        match plan.send_next().await {
            Ok(Some(started)) => {
                all = all.and(started);
                // What was started goes on when a later call fails or the time is up, so it is told
                // in any case.
                held(&all, &*registry, &options, output)?;
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if ended.is_ok() {
        held(&all, &*registry, &options, output)?;
    }
    output.close()?;
    Ok(ended?)
}

/// Keeps what was started, to be written at the end.
fn held(
    all: &Started,
    registry: &dyn Registry,
    options: &RunOptions,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match output.is_json() {
        true => output.hold_json(all),
        false => {
            output.hold(told(all, registry.provider(), options));
            Ok(())
        }
    }
}

pub(crate) async fn stop(
    what: &str,
    change: &Change,
    to: &Place,
    connection: &Connection,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let target = match to.registry {
        RegistryName::Alibabacloud => StopTarget::Task(reference(what)?),
        _ => StopTarget::Execution(reference(what)?),
    };
    let registry = connection.registry(to.registry, &to.to).await?;
    let plan = registry.plan_stop(&target)?;
    if change.dry_run {
        return shown(&plan, output).await;
    }
    ask(&plan, change, output)?;
    plan.send().await?;
    match output.is_json() {
        true => output.json(&json!({ "stopped": what })),
        false => output.line(&format!("{what} was asked to stop")),
    }
}

/// Shows what a plan would send.
async fn shown(plan: &Plan, output: &mut Output<'_>) -> Result<(), Failure> {
    let shown = plan.shown().await?;
    let calls = plan.calls().zip(shown);
    if output.is_json() {
        let requests = calls.map(|(call, shown)| {
            let mut request = api::request(shown);
            request["operation"] = Value::from(call.operation().name);
            request
        });
        return output.json(&requests.collect::<Vec<_>>());
    }
    for (call, shown) in calls {
        output.line(call.operation().name)?;
        output.line(&format!("  {} {}", shown.method, shown.url))?;
        if let Some(body) = &shown.body {
            output.line(&format!("  {}", json_line(body)?))?;
        }
    }
    output.line("nothing was changed")
}

fn ask(plan: &Plan, change: &Change, output: &Output<'_>) -> Result<(), Failure> {
    let mut names: Vec<_> = plan.calls().map(|call| call.operation().name).collect();
    let count = names.len();
    names.dedup();
    let what = match count {
        1 => format!("{} changes things", names.join(", ")),
        _ => format!("{} ({count} calls) changes things", names.join(", ")),
    };
    let what = format!("{what} ({})", plan.endpoint());
    confirm::ask(&what, change.yes, output.prompts())
}

/// What was started, and the words that follow it.
fn told(started: &Started, provider: Provider, options: &RunOptions) -> String {
    let follow = |what: &str| format!("imgtrack tasks of {what} --registry {provider}");
    let mut lines = Vec::new();
    for execution in &started.executions {
        let execution = execution.to_string();
        let execution = escaped(&execution);
        lines.push(format!("execution {execution} has started; its tasks:"));
        lines.push(format!("  {}", follow(&execution)));
    }
    for task in &started.tasks {
        lines.push(format!("task {} has started", escaped(&task.to_string())));
    }
    if started.executions.is_empty() {
        let images = options.images.iter().map(|image| match provider {
            Provider::HuaweicloudBasic => {
                format!("{}/{}", image.namespace(), image.repository())
            }
            _ => image.to_string(),
        });
        let mut images: Vec<String> = images.collect();
        images.dedup();
        for image in images {
            lines.push(format!("tasks of {image}:"));
            lines.push(format!("  {}", follow(&image)));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What a registry's tasks are listed of.
pub(crate) fn scope(registry: RegistryName, text: &str) -> Result<TaskScope, Error> {
    Ok(match registry {
        RegistryName::HuaweicloudEnterprise => TaskScope::Execution(reference(text)?),
        RegistryName::HuaweicloudBasic => TaskScope::Image(image(text)?),
        RegistryName::Alibabacloud => match text.contains('/') {
            true => TaskScope::Image(image(text)?),
            false => TaskScope::Execution(ExecutionRef::new(text)),
        },
    })
}

fn image(text: &str) -> Result<ImageName, Error> {
    text.parse()
        .map_err(|error: UnfitImageName| Error::configuration(error.to_string()))
}

/// What a text refers to.
pub(crate) fn reference<T>(text: &str) -> Result<T, Error>
where
    T: std::str::FromStr<Err = UnfitReference>,
{
    text.parse()
        .map_err(|error: UnfitReference| Error::configuration(error.to_string()))
}
