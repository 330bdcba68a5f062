use std::time::Duration;

use clap::Args;
use registry_replication::{Feature, Task};

use super::{Execute, scope, sources};
use crate::args::{
    Bound, Listing, OfPeriod, OfPlaces, OfRule, OfStates, OfTag, TagGlob, Watch, value,
};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Shape;
use crate::session::Session;
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
}

impl Execute for Tasks {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Task>()
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
        let tag = self.tag.tag.clone();
        let tag = tag.as_ref().and_then(TagGlob::as_tag);
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
            Ok(match filter.state() {
                Some(state) => registry.tasks_in(&scope, state),
                None => registry.tasks_of(&scope),
            })
        };
        sources::listing(session, &filter, &self.listing, open).await
    }
}
