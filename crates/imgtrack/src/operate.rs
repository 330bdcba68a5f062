//! Rules, executions, tasks and subtasks of any registry, run and stop.

use registry_replication::{
    Error, Execution, ExecutionRef, ImageName, Plan, Provider, Rule, RuleRef, RunOptions, Started,
    StopTarget, Subtask, Task, TaskRef, TaskScope, UnfitImageName, UnfitReference,
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

/// What a registry lists.
pub(crate) trait Listed: Serialize + Sized {
    /// What refers to it on the command line, where it can be referred to.
    fn reference(&self) -> Option<String>;

    /// Those of one listing, for people.
    fn table(items: &[Self]) -> String;
}

macro_rules! listed {
    ($name:ident, $reference:expr, $table:expr) => {
        impl Listed for $name {
            fn reference(&self) -> Option<String> {
                $reference(self)
            }

            fn table(items: &[Self]) -> String {
                $table(items)
            }
        }
    };
}
listed!(
    Rule,
    |rule: &Rule| Some(rule.reference().to_string()),
    table::rules
);
listed!(
    Execution,
    |execution: &Execution| Some(execution.reference().to_string()),
    table::executions
);
listed!(
    Task,
    |task: &Task| Some(task.reference().to_string()),
    |tasks| { table::tasks(tasks, |task| task.reference().to_string()) }
);
listed!(Subtask, |_| None, table::subtasks);

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
    ask(&plan, change)?;
    let mut all = Started::default();
    let ended = loop {
        match plan.send_next().await {
            Ok(Some(started)) => all = all.and(started),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // What was started before a call failed goes on, so it is told in any case.
    if ended.is_ok() || all != Started::default() {
        match output.is_json() {
            true => output.json(&all)?,
            false => output.text(&told(&all, registry.provider(), &options))?,
        }
    }
    Ok(ended?)
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
    ask(&plan, change)?;
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
            output.line(&format!("  {body}"))?;
        }
    }
    output.line("nothing was changed")
}

fn ask(plan: &Plan, change: &Change) -> Result<(), Failure> {
    let mut names: Vec<_> = plan.calls().map(|call| call.operation().name).collect();
    let count = names.len();
    names.dedup();
    let what = match count {
        1 => format!("{} changes things", names.join(", ")),
        _ => format!("{} ({count} calls) changes things", names.join(", ")),
    };
    let what = format!("{what} ({})", plan.endpoint());
    confirm::ask(&what, change.yes)
}

/// What was started, and the words that follow it.
fn told(started: &Started, provider: Provider, options: &RunOptions) -> String {
    let follow = |what: &str| format!("imgtrack tasks of {what} --registry {provider}");
    let mut lines = Vec::new();
    for execution in &started.executions {
        lines.push(format!("execution {execution} has started; its tasks:"));
        lines.push(format!("  {}", follow(&execution.to_string())));
    }
    for task in &started.tasks {
        lines.push(format!("task {task} has started"));
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
