//! Scopes of task listings, read by what the provider lists tasks by.

use registry_replication::{
    Descriptor, Error, ExecutionRef, Feature, ImageReference, Registry, TaskRef, TaskScope,
};

use super::text;
use crate::args::value;
use crate::failure::Failure;
use crate::target::Target;

/// Scope of a task listing, before the registry has read the image.
pub(super) enum Scope {
    Execution(ExecutionRef),
    /// Image or repository, perhaps with a host.
    Image(String),
}

/// Reads a scope. A scope that the provider does not have is refused with those that it has.
pub(super) fn read(target: &Target, text: &str) -> Result<Scope, Failure> {
    let provider = target.provider()?;
    let (by_execution, by_image) = (
        provider.has(Feature::ExecutionTasks),
        provider.has(Feature::ImageTasks),
    );
    match (by_execution, by_image) {
        (true, true) if text.contains('/') => image(provider, text),
        (true, _) => execution(target, provider, text),
        (false, _) => image(provider, text),
    }
}

fn image(provider: &Descriptor, text: &str) -> Result<Scope, Failure> {
    let parsed = value::image(text).and_then(|text| {
        let lacks_namespace = provider.offers.namespaces && !text.contains('/');
        match lacks_namespace {
            true => Err("it has no namespace".to_owned()),
            false => Ok(text),
        }
    });
    match parsed {
        Ok(text) => Ok(Scope::Image(text)),
        // The text is something else than an image.
        Err(problem) if !text.contains('/') => Err(Failure::Usage(format!(
            "invalid scope {text:?}: {problem}; {} lists tasks by {}",
            provider.title,
            offered(provider)
        ))),
        Err(problem) => Err(Failure::Usage(format!("invalid image {text:?}: {problem}"))),
    }
}

fn execution(target: &Target, provider: &Descriptor, text: &str) -> Result<Scope, Failure> {
    if let Some(task) = task(text) {
        let execution = task.execution().map(ToString::to_string);
        return Err(Failure::Usage(format!(
            "{text} is a task, not an execution; list its subtasks: {}, or the tasks of its \
             execution: {}",
            target.command(&["subtasks", text]),
            target.command(&["tasks", &execution.unwrap_or_default()])
        )));
    }
    let execution = text::reference(text);
    execution.map(Scope::Execution).map_err(|error| {
        Failure::Usage(format!(
            "{error}; {} lists tasks by {}",
            provider.title,
            offered(provider)
        ))
    })
}

/// Returns the task that a text names, if it is a reference to one: `301/5001`, not `library/7`.
pub(super) fn task(text: &str) -> Option<TaskRef> {
    let task: TaskRef = text.parse().ok()?;
    let execution = task.execution()?;
    let is_number = execution.id().parse::<i64>().is_ok();
    is_number.then_some(task)
}

/// Returns what the provider lists tasks by.
pub(super) fn offered(provider: &Descriptor) -> String {
    let scopes = [
        (
            provider.has(Feature::ExecutionTasks),
            "execution (EXECUTION)",
        ),
        (
            provider.has(Feature::ImageTasks),
            "repository (NAMESPACE/REPOSITORY)",
        ),
        (
            provider.offers.tag_tasks,
            "image (NAMESPACE/REPOSITORY:TAG)",
        ),
    ];
    let scopes = scopes.into_iter().filter(|(has, _)| *has);
    let scopes: Vec<&str> = scopes.map(|(_, scope)| scope).collect();
    scopes.join(" or ")
}

impl Scope {
    /// Narrows a repository to one tag, if the provider lists tasks by it.
    pub(super) fn narrowed(self, provider: &Descriptor, tag: &str) -> Self {
        match self {
            Self::Image(text) if provider.offers.tag_tasks => {
                let parsed = text.parse::<ImageReference>();
                let is_whole = parsed.is_ok_and(|image| image.tag().or(image.digest()).is_none());
                match is_whole {
                    true => Self::Image(format!("{text}:{tag}")),
                    false => Self::Image(text),
                }
            }
            other => other,
        }
    }

    /// Returns the scope as the library takes it.
    pub(super) async fn resolved(self, registry: &dyn Registry) -> Result<TaskScope, Error> {
        Ok(match self {
            Self::Execution(execution) => TaskScope::Execution(execution),
            Self::Image(text) => TaskScope::Image(text::image(registry, &text).await?),
        })
    }
}
