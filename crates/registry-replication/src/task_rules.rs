//! Rules of tasks that do not name their rule.

use futures_util::TryStreamExt;
use openapi_transport::Error;

use crate::model::{ImageName, ImageRef, Rule, Task};
use crate::place::path;
use crate::provider::Feature;
use crate::registry::Registry;

/// Most rules that are read.
const MOST_RULES: u64 = 100_000;

/// Rules that may have created the tasks of some repositories.
///
/// The tasks of a provider whose [`Offers::task_rules`](crate::Offers::task_rules) is false do not name
/// their rule. A rule that copies the image of a task to the destination of the task fits the task.
///
/// ```no_run
/// use registry_replication::{Error, Registry, Task, TaskRules};
///
/// # async fn example(registry: &dyn Registry, task: &Task) -> Result<(), Error> {
/// let rules = TaskRules::read(registry, &["team/api".parse()?]).await?;
/// for rule in rules.of(task) {
///     println!("{} may have created task {}", rule.id, task.id);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct TaskRules {
    rules: Vec<Rule>,
}

impl TaskRules {
    /// Reads the rules of repositories. Sends nothing if there are no repositories.
    ///
    /// # Errors
    /// Any error of a listing of rules.
    pub async fn read<R: Registry + ?Sized>(
        registry: &R,
        repositories: &[ImageName],
    ) -> Result<Self, Error> {
        // The rules of a repository may leave out those that cover it by a pattern.
        let all_at_once = registry.descriptor().has(Feature::Rules);
        let scopes: Vec<Option<&ImageName>> = match (repositories.is_empty(), all_at_once) {
            (true, _) => Vec::new(),
            (false, true) => vec![None],
            (false, false) => repositories.iter().map(Some).collect(),
        };
        let mut rules = Vec::new();
        for scope in scopes {
            let listing = registry.rules_of(scope).max_records(MOST_RULES);
            let found: Vec<Rule> = listing.by_item().try_collect().await?;
            rules.extend(found);
        }
        Ok(Self { rules })
    }

    /// Returns all rules that were read.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Returns the rules that copy an image of a task to its destination.
    pub fn of<'a>(&'a self, task: &Task) -> Vec<&'a Rule> {
        let images = images(task);
        let rules = self.rules.iter();
        rules
            .filter(|rule| images.iter().any(|image| copies(rule, image, task)))
            .collect()
    }

    /// Returns the rules that copy one image to the destination of a task.
    pub(crate) fn of_image<'a>(
        &'a self,
        task: &'a Task,
        image: &'a ImageName,
    ) -> impl Iterator<Item = &'a Rule> {
        let rules = self.rules.iter();
        rules.filter(move |rule| copies(rule, image, task))
    }
}

/// Returns the images that a task names with a tag.
pub(crate) fn images(task: &Task) -> Vec<ImageName> {
    let Some((source, path)) = task.source.as_ref().and_then(|end| Some((end, path(end)?))) else {
        return Vec::new();
    };
    let images = source
        .tags()
        .filter_map(|tag| format!("{path}:{tag}").parse().ok());
    images.collect()
}

/// Returns whether a rule copies an image to the destination of a task.
fn copies(rule: &Rule, image: &ImageName, task: &Task) -> bool {
    let goes_to = |end: &ImageRef| {
        let same = |own: &Option<String>, other: &Option<String>| own.is_none() || own == other;
        same(&rule.destination.region, &end.region)
            && same(&rule.destination.instance, &end.instance)
            && same(&rule.destination.registry, &end.registry)
            && same(&rule.destination.namespace, &end.namespace)
            && same(&rule.destination.repository, &end.repository)
    };
    task.destination.as_ref().is_some_and(goes_to) && rule.covers(image)
}
