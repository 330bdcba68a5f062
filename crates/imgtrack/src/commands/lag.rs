use std::time::Duration;

use clap::Args;
use registry_replication::{Descriptor, Feature, LagMeasurement, LagQuery, LagSummary, RuleRef};

use super::scope::{self, Scope};
use super::{Execute, sources, text};
use crate::args::{Bound, Watch, When, value};
use crate::failure::Failure;
use crate::output::Shape;
use crate::session::Session;
use crate::target::Target;

#[derive(Args, Debug)]
pub(crate) struct Lag {
    /// Execution, repository or image, as for `imgtrack tasks`
    ///
    /// [default: the newest executions, or all tasks where the registry has no executions]
    #[arg(value_parser = value::word)]
    scope: Option<String>,
    /// Count the newest executions of this rule [default: all replication rules]
    #[arg(long, conflicts_with = "scope", value_parser = value::word)]
    rule: Option<String>,
    /// Count this many executions, the newest [default: 20]
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "scope",
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    executions: Option<u32>,
    /// Ignore tasks created before a time (2026-11-27T14:40:00Z), a date or 10m ago
    ///
    /// A task without a creation time counts by its start, or by its execution's creation.
    #[arg(long, value_name = "TIME")]
    since: Option<When>,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    watch: Watch,
}

impl Execute for Lag {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    fn shape(&self) -> Shape {
        Shape::table::<LagSummary>()
    }

    fn watch(&self) -> Option<Duration> {
        self.watch.interval()
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let at_image = self
            .scope
            .as_deref()
            .map(|text| session.target.at_image(text));
        let scope = match at_image {
            Some((target, text)) => {
                session.target = target;
                Some(text)
            }
            None => None,
        };
        let (target, output) = (&session.target, &mut session.output);
        let scope = scope.as_deref();
        if target.is_several() {
            let measure = async |target: &Target| Ok(self.measured(target, scope).await?.0);
            let (measured, failures) = sources::each(target, measure).await;
            let has_answers = !measured.is_empty();
            let rows = measured.into_iter().flat_map(|(name, measured)| {
                let rows = measured.lag.summaries().into_iter();
                rows.map(move |row| (name.clone(), row))
            });
            output.labelled(rows.collect())?;
            return sources::outcome(failures, has_answers);
        }
        let (measured, counted) = self.measured(target, scope).await?;
        let rows = measured.lag.summaries();
        if output.is_data() {
            output.list(&rows)?;
            return Ok(0);
        }
        if rows.is_empty() {
            output.say("no tasks")?;
        }
        output.rows(&rows)?;
        if measured.has_more_executions {
            output.say(&format!(
                "\nThere are more executions than the newest {counted}; count more with \
                 --executions."
            ))?;
        }
        Ok(0)
    }
}

impl Lag {
    /// Measures a registry. Returns with it how many executions count.
    async fn measured(
        &self,
        target: &Target,
        scope: Option<&str>,
    ) -> Result<(LagMeasurement, usize), Failure> {
        let mut query = LagQuery::default();
        if let Some(since) = self.since {
            query = query.since(target.time(since)?);
        }
        let provider = target.provider()?;
        query = self.choice(provider, query)?;
        let image = match scope.map(|text| scope::read(target, text)).transpose()? {
            Some(Scope::Image(text)) => Some(text),
            Some(Scope::Execution(execution)) => {
                query = query.scope(execution);
                None
            }
            None => None,
        };
        if image.is_none() {
            query.check(provider)?;
        }
        let registry = target.registry().await?;
        if let Some(text) = image {
            query = query.scope(text::image(&*registry, &text).await?);
        }
        let measured = registry_replication::Lag::measure(&*registry, &query).await?;
        Ok((measured, query.executions.unwrap_or(LagQuery::EXECUTIONS)))
    }

    /// Adds the choice of executions to a query. What the provider does not have is refused.
    fn choice(&self, provider: &Descriptor, mut query: LagQuery) -> Result<LagQuery, Failure> {
        let has_choice = self.rule.is_some() || self.executions.is_some();
        if provider.has(Feature::Executions) {
            if let Some(rule) = &self.rule {
                query = query.rule(text::reference::<RuleRef>(rule)?);
            }
            if let Some(count) = self.executions {
                query = query.executions(count.try_into().unwrap_or(usize::MAX));
            }
        } else if has_choice {
            return Err(Failure::Usage(format!(
                "{} has no executions of rules; leave out --rule and --executions",
                provider.title
            )));
        } else if self.scope.is_none() && !provider.has(Feature::AllTasks) {
            if scope::offered(provider).is_empty() {
                provider.check(Feature::AllTasks)?;
            }
            return Err(Failure::Usage(format!(
                "missing scope; {} lists tasks by {}",
                provider.title,
                scope::offered(provider)
            )));
        }
        Ok(query)
    }
}
