//! Repeats: copies that have failed, planned to run again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt;
use futures_util::stream::{self, StreamExt};
use openapi_transport::{Error, Timestamp};

use crate::completion::is_failed;
use crate::model::{ImageName, ImageRef, Rule, RuleRef, Task, TaskKind, TaskRef};
use crate::place::{Comparison, Place, path};
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
/// destination, with its tag there, has failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Repeat {
    /// Copies to repeat, in the order of the tasks.
    pub copies: Vec<FailedCopy>,
    /// Failed tasks that are not repeated, because a newer task for the same image and destination has
    /// not failed.
    pub superseded: Vec<TaskRef>,
    /// Failed tasks that are not repeated, because another task may be a newer one for the same image
    /// and destination: it lacks its time, or part of its image or destination.
    pub doubtful: Vec<TaskRef>,
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
    /// Returns the options that name the images of these copies, each once.
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
    destination: Place,
}

impl Copied {
    /// Returns what a task copies, once for each of its tags.
    fn of(task: &Task) -> Vec<Self> {
        let copied = images(task).into_iter().map(|image| Self {
            destination: Place::of_task(task, image.tag()),
            image,
        });
        copied.collect()
    }
}

/// Time by which the tasks of one copy are ordered.
fn time(task: &Task) -> Option<Timestamp> {
    task.created.or(task.started).or(task.updated)
}

/// Time of a task's beginning, which a later change of the task does not move.
fn beginning(task: &Task) -> Option<Timestamp> {
    task.created.or(task.started)
}

/// Newest failed task of each copy.
type Newest<'a> = BTreeMap<Copied, &'a Task>;

fn add<'a>(newest: &mut Newest<'a>, task: &'a Task) {
    for copied in Copied::of(task) {
        let known = newest.entry(copied).or_insert(task);
        if time(known) < time(task) {
            *known = task;
        }
    }
}

/// Whether other tasks leave a failed copy to be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Failed,
    Superseded,
    /// A task that does not tell enough may be a newer one.
    Doubtful,
}

/// Tasks that have not failed, by image and place. Of an image or place, only the newest task counts.
#[derive(Debug, Default)]
struct Others(BTreeMap<Named, BTreeMap<Place, Latest>>);

/// Image of a task, as far as the task names it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Named {
    Image(ImageName),
    /// All tags of a repository.
    Path(String),
    Unknown,
}

/// Times of the tasks of one place.
#[derive(Debug, Default)]
struct Latest {
    /// Newest time, if a task has one.
    time: Option<Timestamp>,
    /// Newest time of a beginning.
    beginning: Option<Timestamp>,
    /// Whether a task has no time.
    has_no_time: bool,
}

impl Others {
    fn add(&mut self, task: &Task) {
        let images = images(task);
        let tags = task.source.iter().flat_map(ImageRef::tags).count();
        if images.is_empty() || images.len() < tags {
            let path = task.source.as_ref().and_then(path);
            let named = path.map_or(Named::Unknown, Named::Path);
            self.put(named, Place::of_task(task, None), task);
        }
        for image in images {
            let place = Place::of_task(task, image.tag());
            self.put(Named::Image(image), place, task);
        }
    }

    fn put(&mut self, named: Named, place: Place, task: &Task) {
        let latest = self.0.entry(named).or_default().entry(place).or_default();
        latest.time = latest.time.max(time(task));
        latest.beginning = latest.beginning.max(beginning(task));
        latest.has_no_time |= time(task).is_none();
    }

    /// Tells whether the newest failed task of a copy stands. Of two tasks of one time, the one that has
    /// not failed counts, so that nothing is repeated that may have arrived.
    fn standing(&self, copied: &Copied, failed: &Task) -> Standing {
        let mut standing = Standing::Failed;
        for named in [
            Named::Image(copied.image.clone()),
            Named::Path(copied.image.path()),
            Named::Unknown,
        ] {
            let is_exact = matches!(named, Named::Image(_));
            for (place, latest) in self.0.get(&named).into_iter().flatten() {
                let comparison = place.compare(&copied.destination);
                if comparison == Comparison::Different || latest.is_older(failed) {
                    continue;
                }
                let is_newer = match (latest.beginning, beginning(failed)) {
                    (Some(own), Some(failed)) => own >= failed,
                    _ => false,
                };
                if is_exact && is_newer && comparison == Comparison::Same {
                    return Standing::Superseded;
                }
                standing = Standing::Doubtful;
            }
        }
        standing
    }
}

impl Latest {
    /// Whether all of the tasks began before the failed task.
    fn is_older(&self, failed: &Task) -> bool {
        match (self.time, beginning(failed)) {
            (Some(own), Some(failed)) => !self.has_no_time && own < failed,
            _ => false,
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
    let of_copies = |task: &&Task| task.kind == TaskKind::Replication;
    let (failed, others): (Vec<&Task>, Vec<&Task>) = tasks
        .iter()
        .filter(of_copies)
        .partition(|task| is_failed(&task.state));
    let mut newest = Newest::new();
    for task in &failed {
        let tags = task.source.iter().flat_map(ImageRef::tags).count();
        // A name that cannot be read must not be left out.
        if tags == 0 || images(task).len() < tags {
            return Err(refusal(
                task.reference(),
                "it has failed and does not name its image; run its rule for the image",
            ));
        }
        add(&mut newest, task);
    }
    let mut known = Others::default();
    for task in others {
        known.add(task);
    }
    // In the order of the tasks.
    let mut seen = BTreeSet::new();
    let mut wanted: Vec<Copied> = failed.iter().flat_map(|task| Copied::of(task)).collect();
    wanted.retain(|copied| {
        let stands = standing(&newest, &known, copied) == Standing::Failed;
        stands && seen.insert(copied.clone())
    });
    if wanted.len() > MOST_COPIES {
        return Err(Error::configuration(format!(
            "{} copies have failed; at most {MOST_COPIES} are repeated at once, so run the rules for \
             fewer images",
            wanted.len()
        )));
    }
    // A later execution may have copied the image.
    let later = match scope {
        TaskScope::Execution(_) if provider.has(Feature::ImageTasks) => {
            elsewhere(registry, &wanted).await?
        }
        _ => Vec::new(),
    };
    for task in later.iter().filter(of_copies) {
        match is_failed(&task.state) {
            true => add(&mut newest, task),
            false => known.add(task),
        }
    }
    wanted.retain(|copied| standing(&newest, &known, copied) == Standing::Failed);
    let rules = rules(registry, &wanted, &newest).await?;
    let mut left = Left::default();
    let repeated: BTreeSet<&Copied> = wanted.iter().collect();
    for task in &failed {
        left.add(task, &repeated, &newest, &known);
    }
    let mut copies: Vec<FailedCopy> = Vec::new();
    for copied in &wanted {
        let Some(task) = newest.get(copied) else {
            continue;
        };
        copies.push(FailedCopy {
            rule: rule(task, &copied.image, &rules)?,
            image: copied.image.clone(),
            destination: task.destination.clone(),
            task: task.reference(),
        });
    }
    Ok(Repeat {
        plan: calls(registry, &copies).await?,
        copies,
        superseded: left.superseded,
        doubtful: left.doubtful,
    })
}

fn standing(newest: &Newest<'_>, known: &Others, copied: &Copied) -> Standing {
    let failed = newest.get(copied);
    failed.map_or(Standing::Doubtful, |failed| known.standing(copied, failed))
}

fn refusal(task: impl std::fmt::Display, instead: impl std::fmt::Display) -> Error {
    Error::not_offered(format_args!("a repeat of task {task}"), instead)
}

/// Failed tasks that are not repeated.
#[derive(Debug, Default)]
struct Left {
    superseded: Vec<TaskRef>,
    doubtful: Vec<TaskRef>,
}

impl Left {
    /// Adds a failed task, unless one of its copies is repeated.
    fn add(
        &mut self,
        task: &Task,
        repeated: &BTreeSet<&Copied>,
        newest: &Newest<'_>,
        known: &Others,
    ) {
        let copies = Copied::of(task);
        if copies.iter().any(|copied| repeated.contains(copied)) {
            return;
        }
        let is_doubtful = |copied: &Copied| standing(newest, known, copied) == Standing::Doubtful;
        match copies.iter().any(is_doubtful) {
            true => self.doubtful.push(task.reference()),
            false => self.superseded.push(task.reference()),
        }
    }
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
    newest: &Newest<'_>,
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
        (Some(_), false) => Err(refusal(
            task.reference(),
            format_args!(
                "rules {} copy {image} there, and the task names none; run one of them for the image",
                names.join(", ")
            ),
        )),
        (None, _) => Err(refusal(
            task.reference(),
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
        for copy in copies.iter().filter(|copy| copy.rule == *rule) {
            let planned = plan.copies().filter(|(image, _)| *image == copy.image);
            let planned = planned.map(|(image, end)| Place::of(end, image.tag()));
            check(copy, &planned.collect::<Vec<_>>())?;
        }
        all = Some(match all {
            Some(all) => all.and(plan),
            None => plan,
        });
    }
    Ok(all)
}

/// Refuses a copy that the calls would send anywhere else. The rule may have changed since its task.
fn check(copy: &FailedCopy, planned: &[Place]) -> Result<(), Error> {
    let tag = copy.image.tag();
    let end = copy.destination.as_ref();
    let wanted = end.map(|end| Place::of(end, tag)).unwrap_or_default();
    let is_same = |place: &Place| place.compare(&wanted) == Comparison::Same;
    if !planned.is_empty() && planned.iter().all(is_same) {
        return Ok(());
    }
    let (image, rule) = (&copy.image, &copy.rule);
    let places: Vec<String> = planned.iter().map(ToString::to_string).collect();
    let places = match places.is_empty() {
        true => "no known destination".to_owned(),
        false => places.join(" and "),
    };
    Err(refusal(
        &copy.task,
        format_args!(
            "it copied {image} to {wanted}, and a run of rule {rule} copies it to {places}; copy it \
             without --failed"
        ),
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::{Provider, TaskState};

    const FAILED: i64 = 1_700_000_000;

    /// Returns a task of `team/api:v1` in `us-west-2`.
    fn task(state: TaskState, second: Option<i64>) -> Task {
        let end = |region: &str| {
            let end = ImageRef::of_repository("team/api").with_tag(Some("v1".to_owned()));
            ImageRef {
                region: Some(region.to_owned()),
                ..end
            }
        };
        let provider = Provider::named("somecloud");
        Task {
            state,
            source: Some(end("us-east-1")),
            destination: Some(end("us-west-2")),
            created: second.map(|second| Timestamp::from_second(second).unwrap()),
            ..Task::new(provider, TaskKind::Replication, Some(1))
        }
    }

    /// Returns a newer success, changed.
    fn newer(change: impl FnOnce(&mut Task)) -> Task {
        let mut task = task(TaskState::Succeeded, Some(FAILED + 60));
        change(&mut task);
        task
    }

    fn there(task: &mut Task) -> &mut ImageRef {
        task.destination.as_mut().unwrap()
    }

    #[test]
    fn a_doubtful_task_prevents_a_repeat() {
        let failed = task(TaskState::Failed, Some(FAILED));
        let old = task(TaskState::Succeeded, Some(FAILED - 1));
        for (name, other, standing) in [
            ("newer", newer(|_| {}), Standing::Superseded),
            (
                "of the same time",
                task(TaskState::Running, Some(FAILED)),
                Standing::Superseded,
            ),
            ("older", old, Standing::Failed),
            (
                "no region",
                newer(|task| there(task).region = None),
                Standing::Doubtful,
            ),
            (
                "no tag there",
                newer(|task| there(task).artifacts.clear()),
                Standing::Doubtful,
            ),
            (
                "no destination",
                newer(|task| task.destination = None),
                Standing::Doubtful,
            ),
            (
                "no tag",
                newer(|task| task.source.as_mut().unwrap().artifacts.clear()),
                Standing::Doubtful,
            ),
            (
                "no source",
                newer(|task| task.source = None),
                Standing::Doubtful,
            ),
            (
                "no time",
                newer(|task| task.created = None),
                Standing::Doubtful,
            ),
            (
                "the time of a change only",
                newer(|task| task.updated = task.created.take()),
                Standing::Doubtful,
            ),
            (
                "another region",
                newer(|task| there(task).region = Some("us-west-1".to_owned())),
                Standing::Failed,
            ),
            (
                "another tag there",
                newer(|task| {
                    let end = there(task);
                    end.artifacts.clear();
                    *end = end.clone().with_tag(Some("v1-prod".to_owned()));
                }),
                Standing::Failed,
            ),
        ] {
            let mut others = Others::default();
            others.add(&other);
            let copied = Copied::of(&failed).remove(0);
            assert_eq!(others.standing(&copied, &failed), standing, "{name}");
        }
    }

    #[test]
    fn a_copy_is_repeated_to_its_own_place_only() {
        let failed = task(TaskState::Failed, Some(FAILED));
        let copy = FailedCopy {
            image: "team/api:v1".parse().unwrap(),
            rule: RuleRef::new("7"),
            destination: failed.destination.clone(),
            task: failed.reference(),
        };
        let place = |change: &dyn Fn(&mut ImageRef)| {
            let mut end = failed.destination.clone().unwrap();
            change(&mut end);
            Place::of(&end, Some("v1"))
        };
        let same = place(&|_| {});
        let moved = place(&|end| end.region = Some("us-west-1".to_owned()));
        let retagged = place(&|end| {
            end.artifacts.clear();
            *end = end.clone().with_tag(Some("v1-prod".to_owned()));
        });
        let unknown = place(&|end| end.region = None);
        assert!(check(&copy, std::slice::from_ref(&same)).is_ok());
        for planned in [vec![], vec![moved.clone()], vec![retagged], vec![unknown]] {
            assert!(check(&copy, &planned).is_err(), "{planned:?}");
        }
        // The rule has another destination as well.
        let error = check(&copy, &[same, moved]).unwrap_err().to_string();
        assert_eq!(
            error,
            "a repeat of task 1: not offered; it copied team/api:v1 to us-west-2: team/api:v1, and a run \
             of rule 7 copies it to us-west-2: team/api:v1 and us-west-1: team/api:v1; copy it without \
             --failed"
        );
    }
}
