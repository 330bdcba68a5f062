//! Rules, executions, tasks and subtasks of any registry, run and stop.

use registry_replication::{
    Error, Execution, ExecutionRef, ImageName, Plan, Registry, Rule, RuleRef, RunOptions, Started,
    StopTarget, Subtask, Task, TaskRef, TaskScope, UnfitReference,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api;
use crate::cli::{Change, Enterprise, Place, RegistryName, value};
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
    let repository = match &repository {
        Some(text) => Some(image(&*registry, text).await?),
        None => None,
    };
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
    let scope = Scope::read(to, what)?;
    let registry = connection.registry(to.registry, &to.to).await?;
    let scope = scope.resolved(&*registry).await?;
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
    let registry = connection.registry(to.registry, &to.to).await?;
    let mut options = RunOptions::default().trial(trial);
    for text in images {
        options = options.image(image(&*registry, text).await?);
    }
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
                held(&all, to, &options, output)?;
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if ended.is_ok() {
        held(&all, to, &options, output)?;
    }
    output.close()?;
    Ok(ended?)
}

/// Keeps what was started, to be written at the end.
fn held(
    all: &Started,
    to: &Place,
    options: &RunOptions,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    match output.is_json() {
        true => output.hold_json(all),
        false => {
            output.hold(told(all, to, options));
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
    let target = stop_target(to, what)?;
    let registry = connection.registry(to.registry, &to.to).await?;
    let plan = registry.plan_stop(&target).await?;
    if let Some(state) = plan.ended() {
        return match output.is_json() {
            true => output.json(&json!({ "ended": what, "state": state })),
            false => output.line(&format!(
                "{what} has ended and is {state}; there is nothing to stop"
            )),
        };
    }
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

/// What a text names that is to be stopped. A task that cannot be stopped alone is refused with the
/// command that stops its execution.
fn stop_target(to: &Place, what: &str) -> Result<StopTarget, Failure> {
    match to.registry {
        // Basic stops nothing, whatever it is called.
        RegistryName::HuaweicloudBasic => Ok(StopTarget::Task(TaskRef::new(what))),
        RegistryName::Alibabacloud => Ok(StopTarget::Task(reference(what)?)),
        RegistryName::HuaweicloudEnterprise => match enterprise_task(what) {
            Some(task) => match task.execution().filter(|own| own.rule().is_none()) {
                Some(execution) => Err(Failure::Usage(format!(
                    "{what} is a task, and Huawei Cloud Enterprise stops executions only; this \
                     stops the execution with all of its tasks: imgtrack stop {execution} {}",
                    to.words()
                ))),
                None => Ok(StopTarget::Task(task)),
            },
            None => Ok(StopTarget::Execution(reference(what)?)),
        },
    }
}

/// The task that a text names, where it is the reference to one: `301/5001`, and not `library/7`.
fn enterprise_task(text: &str) -> Option<TaskRef> {
    let task: TaskRef = text.parse().ok()?;
    let execution = task.execution()?;
    let is_number = execution.id().parse::<i64>().is_ok();
    is_number.then_some(task)
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
fn told(started: &Started, to: &Place, options: &RunOptions) -> String {
    let follow = |what: &str| format!("imgtrack tasks of {what} {}", to.words());
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
        let images = options.images.iter().map(|image| match to.registry {
            RegistryName::HuaweicloudBasic => image.path(),
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

/// What a registry's tasks are listed of, as far as the text alone says.
pub(crate) enum Scope {
    Execution(ExecutionRef),
    /// An image or a repository, perhaps with a host.
    Image(String),
}

impl Scope {
    pub(crate) fn read(to: &Place, text: &str) -> Result<Self, Failure> {
        let image = || {
            value::image(text)
                .map(Self::Image)
                .map_err(|problem| Failure::Usage(format!("invalid image {text:?}: {problem}")))
        };
        match to.registry {
            RegistryName::HuaweicloudEnterprise => match enterprise_task(text) {
                None => Ok(Self::Execution(reference(text)?)),
                Some(task) => {
                    let execution = task.execution().map(ToString::to_string);
                    Err(Failure::Usage(format!(
                        "{text} is a task, not an execution; list its subtasks: imgtrack subtasks \
                         {text} {place}, or the tasks of its execution: imgtrack tasks of {} \
                         {place}",
                        execution.unwrap_or_default(),
                        place = to.words()
                    )))
                }
            },
            RegistryName::HuaweicloudBasic => image(),
            RegistryName::Alibabacloud => match text.contains('/') {
                true => image(),
                false => Ok(Self::Execution(reference(text)?)),
            },
        }
    }

    /// The scope that the registry is asked for.
    pub(crate) async fn resolved(self, registry: &dyn Registry) -> Result<TaskScope, Error> {
        Ok(match self {
            Self::Execution(execution) => TaskScope::Execution(execution),
            Self::Image(text) => TaskScope::Image(image(registry, &text).await?),
        })
    }
}

/// The image that a text names, without the host, which has to be the registry's own.
pub(crate) async fn image(registry: &dyn Registry, text: &str) -> Result<ImageName, Error> {
    let reference = registry.read_image(text).await?;
    if reference.digest().is_some() {
        return Err(Error::configuration(format!(
            "invalid image {text:?}: it has a digest, and tasks are found by tag; leave out the \
             digest"
        )));
    }
    Ok(ImageName::of(&reference)?)
}

/// What a text refers to.
pub(crate) fn reference<T>(text: &str) -> Result<T, Error>
where
    T: std::str::FromStr<Err = UnfitReference>,
{
    text.parse()
        .map_err(|error: UnfitReference| Error::configuration(error.to_string()))
}
