//! Repeats: copies that have failed, planned to run again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use openapi_transport::{Error, Timestamp};

use crate::completion::is_failed;
use crate::model::{ImageName, ImageRef, Rule, RuleRef, Task, TaskKind, TaskRef};
use crate::plan::Plan;
use crate::provider::Feature;
use crate::registry::{Registry, RunOptions, TaskScope};
use crate::task_rules::{TaskRules, images};

/// Most tasks of a scope.
const MOST_TASKS: u64 = 100_000;
/// Most copies of one repeat.
const MOST_COPIES: usize = 1_000;
/// Listings that are read at the same time.
const AT_ONCE: usize = 4;

/// Copies that have failed, and the plan that repeats them.
///
/// [`Registry::plan_repeat`] makes it. A copy counts as failed if the newest task for its image and
/// destination has failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Repeat {
    /// Copies to repeat, in the order of the tasks.
    pub copies: Vec<FailedCopy>,
    /// Failed tasks that are not repeated, because a newer task for the same image and destination has
    /// not failed.
    pub superseded: Vec<TaskRef>,
    /// Calls that repeat the copies. `None` if there are no copies.
    pub plan: Option<Plan>,
}

/// Copy that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedCopy {
    /// Image, with its tag.
    pub image: ImageName,
    /// Rule that repeats the copy.
    pub rule: RuleRef,
    /// Destination, as the task names it.
    pub destination: Option<ImageRef>,
    /// Newest task of the copy.
    pub task: TaskRef,
}

impl Repeat {
    /// Returns the options of a run of these copies, for [`Started::work`](crate::Started::work).
    pub fn options(&self) -> RunOptions {
        let mut options = RunOptions::default();
        for copy in &self.copies {
            if !options.images.contains(&copy.image) {
                options = options.image(copy.image.clone());
            }
        }
        options
    }
}

/// What a task copies: an image, and where to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Copied {
    image: ImageName,
    /// Region, instance, registry, namespace and repository of the destination.
    destination: Option<[Option<String>; 5]>,
}

impl Copied {
    /// Returns what a task copies, once for each of its tags.
    fn of(task: &Task) -> Vec<Self> {
        let destination = task.destination.as_ref().map(|end| {
            [
                end.region.clone(),
                end.instance.clone(),
                end.registry.clone(),
                end.namespace.clone(),
                end.repository.clone(),
            ]
        });
        let images = images(task).into_iter();
        let copied = images.map(|image| Self {
            image,
            destination: destination.clone(),
        });
        copied.collect()
    }
}

/// Order of tasks for the same copy. Of two tasks of one time, the one that has not failed counts, so
/// that nothing is repeated that may have arrived.
fn rank(task: &Task) -> (Option<Timestamp>, bool) {
    let time = task.created.or(task.started).or(task.updated);
    (time, !is_failed(&task.state))
}

/// Newest task of each copy.
type Newest = BTreeMap<Copied, Task>;

fn add(newest: &mut Newest, task: &Task) {
    if task.kind != TaskKind::Replication {
        return;
    }
    for copied in Copied::of(task) {
        match newest.get(&copied) {
            Some(known) if rank(known) >= rank(task) => {}
            _ => {
                newest.insert(copied, task.clone());
            }
        }
    }
}

/// Finds the failed copies of a scope, and plans to repeat them.
pub(crate) async fn plan<R: Registry + ?Sized>(
    registry: &R,
    scope: &TaskScope,
) -> Result<Repeat, Error> {
    let provider = registry.descriptor();
    if !provider.has(Feature::RunImages) {
        return Err(Error::not_offered(
            format_args!("a repeat of failed copies of {}", provider.title),
            "run the whole rule again",
        ));
    }
    let tasks: Vec<Task> = {
        let tasks = registry.tasks_of(scope).max_records(MOST_TASKS);
        tasks.by_item().try_collect().await?
    };
    let failed: Vec<&Task> = tasks
        .iter()
        .filter(|task| task.kind == TaskKind::Replication && is_failed(&task.state))
        .collect();
    let mut newest = Newest::new();
    for task in &tasks {
        add(&mut newest, task);
    }
    for task in &failed {
        let tags = task.source.iter().flat_map(ImageRef::tags).count();
        // A name that cannot be read must not be left out.
        if tags == 0 || images(task).len() < tags {
            return Err(Error::not_offered(
                format_args!("a repeat of task {}", task.reference()),
                "it has failed and does not name its image; run its rule for the image",
            ));
        }
    }
    let mut wanted: Vec<Copied> = Vec::new();
    let mut seen = BTreeSet::new();
    for copied in failed.iter().flat_map(|task| Copied::of(task)) {
        let has_failed = newest
            .get(&copied)
            .is_some_and(|task| is_failed(&task.state));
        if has_failed && seen.insert(copied.clone()) {
            wanted.push(copied);
        }
    }
    if wanted.len() > MOST_COPIES {
        return Err(Error::configuration(format!(
            "{} copies have failed; at most {MOST_COPIES} are repeated at once, so run the rules for \
             fewer images",
            wanted.len()
        )));
    }
    if matches!(scope, TaskScope::Execution(_)) && provider.has(Feature::ImageTasks) {
        // A later execution may have copied the image.
        for task in elsewhere(registry, &wanted).await? {
            add(&mut newest, &task);
        }
    }
    let rules = rules(registry, &wanted, &newest).await?;
    wanted.retain(|copied| {
        newest
            .get(copied)
            .is_some_and(|task| is_failed(&task.state))
    });
    let is_wanted = |task: &&&Task| {
        Copied::of(task)
            .iter()
            .any(|copied| wanted.contains(copied))
    };
    let superseded = failed.iter().filter(|task| !is_wanted(task));
    let superseded = superseded.map(|task| task.reference()).collect();
    let mut copies: Vec<FailedCopy> = Vec::new();
    for copied in wanted {
        let Some(task) = newest.get(&copied) else {
            continue;
        };
        copies.push(FailedCopy {
            rule: rule(task, &copied.image, &rules)?,
            image: copied.image,
            destination: task.destination.clone(),
            task: task.reference(),
        });
    }
    Ok(Repeat {
        plan: calls(registry, &copies).await?,
        copies,
        superseded,
    })
}

/// Returns all tasks of the images of copies.
async fn elsewhere<R: Registry + ?Sized>(
    registry: &R,
    copies: &[Copied],
) -> Result<Vec<Task>, Error> {
    let by_tag = registry.descriptor().offers.tag_tasks;
    let mut images: Vec<ImageName> = Vec::new();
    for copied in copies {
        let image = match by_tag {
            true => copied.image.clone(),
            false => copied.image.path().parse()?,
        };
        if !images.contains(&image) {
            images.push(image);
        }
    }
    let listings: Vec<_> = images
        .into_iter()
        .map(|image| {
            let tasks = registry.tasks_of(&TaskScope::Image(image));
            tasks.max_records(MOST_TASKS).by_item().try_collect()
        })
        .collect();
    let read: Vec<Vec<Task>> = stream::iter(listings)
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(read.into_iter().flatten().collect())
}

/// Reads the rules of the repositories whose tasks do not name their rule.
async fn rules<R: Registry + ?Sized>(
    registry: &R,
    copies: &[Copied],
    newest: &Newest,
) -> Result<TaskRules, Error> {
    let unnamed = copies
        .iter()
        .filter(|copied| newest.get(copied).is_some_and(|task| task.rule.is_none()));
    let mut paths: Vec<String> = unnamed.map(|copied| copied.image.path()).collect();
    paths.sort();
    paths.dedup();
    let paths: Result<Vec<ImageName>, _> = paths.iter().map(|path| path.parse()).collect();
    TaskRules::read(registry, &paths?).await
}

/// Returns the rule that repeats a task: its own, or the only one that copies the image there.
fn rule(task: &Task, image: &ImageName, rules: &TaskRules) -> Result<RuleRef, Error> {
    if let Some(rule) = &task.rule {
        return Ok(RuleRef::new(rule));
    }
    let mut fitting: Vec<RuleRef> = Vec::new();
    for rule in rules.of_image(task, image).filter_map(Rule::reference) {
        if !fitting.contains(&rule) {
            fitting.push(rule);
        }
    }
    let names: Vec<String> = fitting.iter().map(ToString::to_string).collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(rule), true) => Ok(rule),
        (Some(_), false) => Err(Error::not_offered(
            format_args!("a repeat of task {}", task.reference()),
            format_args!(
                "rules {} copy {image} there, and the task names none; run one of them for the image",
                names.join(", ")
            ),
        )),
        (None, _) => Err(Error::not_offered(
            format_args!("a repeat of task {}", task.reference()),
            format_args!("no rule copies {image} to its destination any more"),
        )),
    }
}

/// Plans the calls, rule by rule.
async fn calls<R: Registry + ?Sized>(
    registry: &R,
    copies: &[FailedCopy],
) -> Result<Option<Plan>, Error> {
    let mut runs: Vec<(&RuleRef, RunOptions)> = Vec::new();
    for copy in copies {
        let image = copy.image.clone();
        match runs.iter_mut().find(|(rule, _)| **rule == copy.rule) {
            Some((_, options)) if options.images.contains(&image) => {}
            Some((_, options)) => options.images.push(image),
            None => runs.push((&copy.rule, RunOptions::default().image(image))),
        }
    }
    let mut all: Option<Plan> = None;
    for (rule, options) in runs {
        let plan = registry.plan_run(rule, &options).await?;
        all = Some(match all {
            Some(all) => all.and(plan),
            None => plan,
        });
    }
    Ok(all)
}
