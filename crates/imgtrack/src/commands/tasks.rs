use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{
    Descriptor, Error, Feature, Registry, Rule, Task, TaskRules, TaskScope,
};

use super::log::Log;
use super::{Execute, scope, sources};
use crate::args::{
    Bound, Listing, OfPeriod, OfPlaces, OfRule, OfStates, OfTag, TagGlob, Watch, value,
};
use crate::failure::Failure;
use crate::filter::{Filter, Filtered};
use crate::output::{Records, Shape};
use crate::session::Session;
use crate::table::TaskTags;
use crate::target::Target;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Tasks {
    #[command(subcommand)]
    command: Option<OfTasks>,
    #[command(flatten)]
    list: List,
}

/// Command about tasks.
#[derive(Subcommand, Debug)]
enum OfTasks {
    /// Print the log of a task
    ///
    /// Registries keep logs for a limited time.
    Log(Log),
}

impl Execute for Tasks {
    fn bound(&self) -> Option<Bound> {
        match &self.command {
            None => self.list.bound(),
            Some(OfTasks::Log(command)) => command.bound(),
        }
    }

    fn shape(&self) -> Shape {
        match &self.command {
            None => self.list.shape(),
            Some(OfTasks::Log(command)) => command.shape(),
        }
    }

    fn sort(&self) -> Option<&str> {
        match &self.command {
            None => self.list.sort(),
            Some(OfTasks::Log(command)) => command.sort(),
        }
    }

    fn watch(&self) -> Option<Duration> {
        match &self.command {
            None => self.list.watch(),
            Some(OfTasks::Log(command)) => command.watch(),
        }
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        match self.command {
            None => self.list.run(session).await,
            Some(OfTasks::Log(command)) => command.run(session).await,
        }
    }
}

#[derive(Args, Debug)]
struct List {
    /// Execution, repository or image, as far as the registry lists tasks by it
    #[arg(value_parser = value::word, required = true)]
    scope: Option<String>,
    #[command(flatten)]
    listing: Listing,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    watch: Watch,
    #[command(flatten)]
    states: OfStates,
    #[command(flatten)]
    period: OfPeriod,
    #[command(flatten)]
    places: OfPlaces,
    #[command(flatten)]
    of_rule: OfRule,
    #[command(flatten)]
    tag: OfTag,
    /// Show the subtasks of each task under it, one for each tag
    ///
    /// The filters and --limit choose tasks. With --tag, only subtasks with such a tag are shown. Takes a
    /// call for each task.
    #[arg(long)]
    tags: bool,
}

/// Tasks, or those of one rule.
struct OfOneRule {
    tasks: registry_replication::Listing<Task>,
    wanted: Option<WantedRule>,
}

/// Rule whose tasks are listed.
struct WantedRule {
    /// Rule, as the caller names it.
    text: String,
    /// Rules that may have created tasks, if tasks do not name theirs.
    rules: TaskRules,
}

impl WantedRule {
    /// Reads the rules, if the tasks of a scope do not name theirs. The rule must be one of them.
    async fn read(text: &str, registry: &dyn Registry, scope: &TaskScope) -> Result<Self, Failure> {
        let mut wanted = Self {
            text: text.to_owned(),
            rules: TaskRules::default(),
        };
        let TaskScope::Image(image) = scope else {
            return Ok(wanted);
        };
        if registry.descriptor().offers.task_rules {
            return Ok(wanted);
        }
        let repository = image.path().parse().map_err(Error::from)?;
        wanted.rules = TaskRules::read(registry, &[repository]).await?;
        let all = wanted.rules.rules();
        if all.iter().any(|rule| rule.is_of_rule(text)) {
            return Ok(wanted);
        }
        let known: Vec<String> = all
            .iter()
            .filter_map(Rule::reference)
            .map(|rule| rule.to_string())
            .collect();
        let known = match known.is_empty() {
            true => "it has no rules".to_owned(),
            false => format!("use one of {}", known.join(", ")),
        };
        Err(Failure::Usage(format!(
            "unknown rule {text:?} of {}; {known}",
            image.path()
        )))
    }

    fn keeps(&self, task: &Task) -> bool {
        let rules = || self.rules.of(task).into_iter();
        task.is_of_rule(&self.text)
            || task.rule.is_none() && rules().any(|rule| rule.is_of_rule(&self.text))
    }
}

impl Records for OfOneRule {
    type Record = Task;

    fn kept(self, filter: &Filter) -> BoxStream<'_, Result<Task, Error>> {
        let Self { tasks, wanted } = self;
        let is_wanted = move |task: &Task| wanted.as_ref().is_none_or(|wanted| wanted.keeps(task));
        let kept = tasks.kept(filter);
        kept.try_filter(move |task| std::future::ready(is_wanted(task)))
            .boxed()
    }
}

/// Tasks whose subtasks are read, too.
struct WithSubtasks {
    registry: Arc<dyn Registry>,
    tasks: OfOneRule,
    tags: Option<TagGlob>,
}

impl Records for WithSubtasks {
    type Record = TaskTags;

    fn kept(self, filter: &Filter) -> BoxStream<'_, Result<TaskTags, Error>> {
        let Self {
            registry,
            tasks,
            tags,
        } = self;
        let with_subtasks = move |task: Task| {
            let subtasks = registry.subtasks_of(&task.reference());
            TaskTags::new(task, subtasks, tags.clone())
        };
        tasks.kept(filter).map_ok(with_subtasks).boxed()
    }
}

/// Refuses filters for what the tasks of a provider do not name. A task of an execution names neither
/// the rule nor the place, because the execution has one of each.
fn check(provider: &Descriptor, has_rule: bool, has_places: bool) -> Result<(), Failure> {
    let offers = &provider.offers;
    let refused = |what: &str, option: &str| {
        let why = match offers.tasks_in_executions {
            true => format!("belong to an execution, which has one {what}"),
            false => format!("do not name their {what}"),
        };
        Err(Failure::Usage(format!(
            "tasks of {} {why}; leave out {option}",
            provider.title
        )))
    };
    match (has_rule && offers.tasks_in_executions, has_places) {
        (true, _) => refused("rule", "--rule"),
        (_, true) if !offers.task_places => refused("destination", "--to"),
        _ => Ok(()),
    }
}

impl Execute for List {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        match self.tags {
            true => Shape::listing::<TaskTags>(),
            false => Shape::listing::<Task>(),
        }
    }

    fn sort(&self) -> Option<&str> {
        self.listing.sort.as_deref()
    }

    fn watch(&self) -> Option<Duration> {
        self.watch.interval()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        // It is absent only if a subcommand runs.
        let scope = self.scope.unwrap_or_default();
        let (target, scope) = session.target.at_image(&scope);
        session.target = target;
        let glob = self.tag.tag.clone();
        let tag = glob.as_ref().and_then(TagGlob::as_tag);
        let rule = self.of_rule.rule.as_deref();
        let has_places = !self.places.to.is_empty();
        let filter = Filter::default()
            .states(self.states)
            .period(&self.period, &session.target)?
            .places(self.places)
            .tag(self.tag);
        let open = async |target: &Target| {
            let provider = target.provider()?;
            let mut scope = scope::read(target, &scope)?;
            check(provider, rule.is_some(), has_places)?;
            // The registry itself lists by tag.
            if let Some(tag) = tag {
                scope = scope.narrowed(provider, tag);
            }
            let registry = target.registry().await?;
            let scope = scope.resolved(&*registry).await?;
            let tasks = match filter.state() {
                Some(state) => registry.tasks_in(&scope, state),
                None => registry.tasks_of(&scope),
            };
            let wanted = match rule {
                Some(rule) => Some(WantedRule::read(rule, &*registry, &scope).await?),
                None => None,
            };
            Ok::<_, Failure>((registry, OfOneRule { tasks, wanted }))
        };
        if self.tags {
            let open = async |target: &Target| {
                target.provider()?.check(Feature::Subtasks)?;
                let (registry, tasks) = open(target).await?;
                Ok(WithSubtasks {
                    registry,
                    tasks,
                    tags: glob.clone(),
                })
            };
            return sources::listing(session, &filter, &self.listing, open).await;
        }
        let open = async |target: &Target| Ok(open(target).await?.1);
        sources::listing(session, &filter, &self.listing, open).await
    }
}
