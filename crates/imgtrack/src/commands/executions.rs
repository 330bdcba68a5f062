use std::time::Duration;

use clap::Args;
use registry_replication::{Execution, RuleRef};

use super::{Execute, sources, text};
use crate::args::{Bound, Listing, OfPeriod, OfRule, OfStates, Watch, value};
use crate::failure::Failure;
use crate::filter::Filter;
use crate::output::Shape;
use crate::session::Session;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct Executions {
    /// Rule, as `imgtrack rules` prints it [default: all replication rules]
    #[arg(value_parser = value::word)]
    rule: Option<String>,
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
    of_rule: OfRule,
}

impl Execute for Executions {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::listing::<Execution>()
    }

    fn sort(&self) -> Option<&str> {
        self.listing.sort.as_deref()
    }

    fn watch(&self) -> Option<Duration> {
        self.watch.interval()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let filter = Filter::default()
            .states(self.states)
            .period(&self.period, &session.target)?;
        let rule = match (&self.rule, &self.of_rule.rule) {
            (Some(_), Some(_)) => {
                return Err(Failure::Usage(
                    "the rule is given twice; leave out --rule".to_owned(),
                ));
            }
            (own, other) => own.as_deref().or(other.as_deref()),
        };
        // The registry itself lists by rule.
        let rule: Option<RuleRef> = rule.map(text::reference).transpose()?;
        let open = async |target: &Target| {
            let registry = target.registry().await?;
            Ok(registry.executions_of(rule.as_ref()))
        };
        sources::listing(session, &filter, &self.listing, open).await
    }
}
