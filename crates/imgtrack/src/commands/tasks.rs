use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use futures_core::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use registry_replication::{Error, Feature, Registry, Task};

use super::{Execute, scope, sources};
use crate::args::{
    Bound, Listing, OfPeriod, OfPlaces, OfRule, OfStates, OfTag, TagGlob, Watch, value,
};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::{Records, Shape};
use crate::session::Session;
use crate::table::TaskTags;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct Tasks {
    /// Execution, repository or image, as far as the registry lists tasks by it
    #[arg(value_parser = value::word)]
    scope: String,
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

/// Tasks whose subtasks are read, too.
struct WithSubtasks {
    registry: Arc<dyn Registry>,
    tasks: registry_replication::Listing<Task>,
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

impl Execute for Tasks {
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
        let (target, scope) = session.target.at_image(&self.scope);
        session.target = target;
        let glob = self.tag.tag.clone();
        let tag = glob.as_ref().and_then(TagGlob::as_tag);
        let has_rule = self.of_rule.rule.is_some();
        let filter = Filter::default()
            .states(self.states)
            .period(&self.period, &session.target)?
            .places(self.places)
            .rule(self.of_rule)
            .tag(self.tag);
        let open = async |target: &Target| {
            let provider = target.provider()?;
            if has_rule && provider.has(Feature::ExecutionTasks) {
                return Err(Failure::Usage(format!(
                    "tasks of {} belong to an execution, which has one rule; leave out --rule",
                    provider.title
                )));
            }
            let mut scope = scope::read(target, &scope)?;
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
            Ok((registry, tasks))
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
