//! Tasks that a latency is measured of, read from any registry.

use std::collections::BTreeMap;
use std::pin::pin;

use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt};
use openapi_transport::{Error, Timestamp};

use super::Lag;
use crate::model::{Execution, ExecutionRef, ImageRef, RuleRef, Task};
use crate::order::Order;
use crate::pager::Page;
use crate::provider::{Descriptor, Feature};
use crate::registry::{Registry, TaskScope};

/// Tasks that [`Lag::measure`] counts.
///
/// The default is the newest 20 executions. A registry without executions counts all tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LagQuery {
    /// Tasks to count, instead of the newest executions.
    pub scope: Option<TaskScope>,
    /// Rule whose newest executions count, instead of those of all replication rules.
    pub rule: Option<RuleRef>,
    /// Number of executions to count. The default is [`LagQuery::EXECUTIONS`].
    pub executions: Option<usize>,
    /// Time of creation from which a task counts. A task without one counts by its start, or by
    /// its execution's creation.
    pub since: Option<Timestamp>,
}

impl LagQuery {
    /// Default number of executions.
    pub const EXECUTIONS: usize = 20;

    /// Counts the tasks of an execution, a repository or an image, or all tasks.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<TaskScope>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Counts the newest executions of a rule.
    #[must_use]
    pub fn rule(mut self, rule: RuleRef) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Counts this many executions, the newest.
    #[must_use]
    pub fn executions(mut self, count: usize) -> Self {
        self.executions = Some(count);
        self
    }

    /// Ignores tasks that were created before a time.
    #[must_use]
    pub fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Refuses a query that a provider cannot answer. Nothing is sent.
    ///
    /// # Errors
    /// When the provider does not offer such tasks, when the tasks belong to retention, and when a
    /// scope comes with a rule or a number of executions.
    pub fn check(&self, provider: &Descriptor) -> Result<(), Error> {
        let has_choice = self.rule.is_some() || self.executions.is_some();
        if self.scope.is_some() && has_choice {
            return Err(Error::configuration(
                "scope cannot be used with rule or executions; leave one of them out",
            ));
        }
        let copies_nothing = |what: &str, name: &dyn std::fmt::Display| {
            Err(Error::configuration(format!(
                "{what} {name} belongs to retention and copies nothing"
            )))
        };
        if let Some(rule) = self.rule.as_ref().filter(|rule| is_of_retention(rule)) {
            return copies_nothing("rule", rule);
        }
        match &self.scope {
            Some(TaskScope::Execution(execution)) => {
                if execution.rule().is_some_and(is_of_retention) {
                    return copies_nothing("execution", execution);
                }
                provider.check(Feature::ExecutionTasks)
            }
            Some(TaskScope::Image(_)) => provider.check(Feature::ImageTasks),
            Some(TaskScope::All) => provider.check(Feature::AllTasks),
            None if has_choice => provider.check(Feature::Executions),
            None if provider.has(Feature::Executions) => Ok(()),
            None => provider.check(Feature::AllTasks),
        }
    }
}

/// Returns whether a rule is one of retention: only such rules belong to a namespace.
fn is_of_retention(rule: &RuleRef) -> bool {
    rule.namespace().is_some()
}

/// Latencies that [`Lag::measure`] counted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LagMeasurement {
    /// Counted latencies.
    pub lag: Lag,
    /// Whether there are more executions than were counted.
    pub has_more_executions: bool,
}

impl Lag {
    /// Reads tasks of a registry and counts them.
    ///
    /// A task of an execution counts for the execution's rule. If the task does not say where it
    /// copies to, it counts for the destination of the rule.
    ///
    /// # Errors
    /// Those of [`LagQuery::check`], and any error of a listing.
    pub async fn measure(
        registry: &dyn Registry,
        query: &LagQuery,
    ) -> Result<LagMeasurement, Error> {
        let provider = registry.descriptor();
        query.check(provider)?;
        let mut count = Count {
            lag: Lag::new(),
            since: query.since,
        };
        let mut has_more_executions = false;
        match &query.scope {
            Some(TaskScope::Execution(execution)) if provider.has(Feature::Executions) => {
                count.execution(registry, execution).await?;
            }
            Some(scope) => count.pages(registry.tasks_of(scope).by_page()).await?,
            None if provider.has(Feature::Executions) => {
                has_more_executions = count.newest(registry, query).await?;
            }
            None => {
                let all = registry.tasks_of(&TaskScope::All);
                count.pages(all.by_page()).await?;
            }
        }
        Ok(LagMeasurement {
            lag: count.lag,
            has_more_executions,
        })
    }
}

/// Count of tasks that are new enough.
struct Count {
    lag: Lag,
    since: Option<Timestamp>,
}

impl Count {
    /// Counts a task that was created at a time, unless that is too long ago.
    fn add(&mut self, task: &Task, created: Option<Timestamp>) {
        let is_too_old = created.is_some() && created < self.since;
        if !is_too_old {
            self.lag.add(task);
        }
    }

    /// Counts tasks by their own times, and reads no further than needed.
    async fn pages(
        &mut self,
        pages: impl Stream<Item = Result<Page<Task>, Error>>,
    ) -> Result<(), Error> {
        let mut pages = pin!(pages);
        let mut order = Order::default();
        while let Some(page) = pages.try_next().await? {
            for task in &page.items {
                self.add(task, task.created.or(task.started));
                order.next(task.created);
            }
            if order.is_past(self.since) {
                break;
            }
        }
        Ok(())
    }

    /// Counts the tasks of one execution.
    async fn execution(
        &mut self,
        registry: &dyn Registry,
        reference: &ExecutionRef,
    ) -> Result<(), Error> {
        let mut pages = pin!(registry.tasks_of(&reference.clone().into()).by_page());
        // The first page tells whether the execution exists, before other listings are read.
        let first = pages.try_next().await?;
        let execution = found(registry, reference).await?;
        let rule = execution.as_ref().and_then(|found| found.rule.as_deref());
        let places = destinations(registry, rule.into_iter().collect()).await?;
        let mut page = first;
        while let Some(tasks) = page {
            for task in tasks.items {
                self.task(task, execution.as_ref(), &places);
            }
            page = pages.try_next().await?;
        }
        Ok(())
    }

    /// Counts the tasks of the newest executions, and returns whether there are more executions.
    async fn newest(&mut self, registry: &dyn Registry, query: &LagQuery) -> Result<bool, Error> {
        let most = query.executions.unwrap_or(LagQuery::EXECUTIONS);
        let all = registry.executions_of(query.rule.as_ref()).by_item();
        // Read one more, to know whether there are more.
        let newest = all.take(most.saturating_add(1));
        let mut newest: Vec<Execution> = newest.try_collect().await?;
        let has_more = newest.len() > most;
        newest.truncate(most);
        let rules = newest.iter().filter_map(|one| one.rule.as_deref());
        let places = destinations(registry, rules.collect()).await?;
        for execution in newest {
            // All of its tasks were created earlier.
            if execution.ended.is_some() && execution.ended < self.since {
                continue;
            }
            let tasks = registry.tasks_of(&execution.reference().into());
            let mut tasks = pin!(tasks.by_item());
            while let Some(task) = tasks.try_next().await? {
                self.task(task, Some(&execution), &places);
            }
        }
        Ok(has_more)
    }

    /// Counts a task of an execution. The execution knows the rule, and the rule the destination.
    fn task(
        &mut self,
        mut task: Task,
        execution: Option<&Execution>,
        places: &BTreeMap<String, ImageRef>,
    ) {
        let rule = execution.and_then(|execution| execution.rule.clone());
        if let Some(place) = rule.as_ref().and_then(|rule| places.get(rule)) {
            locate(task.destination.get_or_insert_default(), place);
        }
        task.rule = rule;
        let created = task.created.or(task.started);
        let created = created.or(execution.and_then(|execution| execution.created));
        self.add(&task, created);
    }
}

/// Looks an execution up in the listing of all executions, because no call returns one alone.
async fn found(
    registry: &dyn Registry,
    reference: &ExecutionRef,
) -> Result<Option<Execution>, Error> {
    let mut all = pin!(registry.executions_of(None).by_item());
    while let Some(execution) = all.try_next().await? {
        if execution.id == reference.id() {
            return Ok(Some(execution));
        }
    }
    Ok(None)
}

/// Returns where rules copy to, by their ids.
async fn destinations(
    registry: &dyn Registry,
    mut wanted: Vec<&str>,
) -> Result<BTreeMap<String, ImageRef>, Error> {
    let mut found = BTreeMap::new();
    let unnamed = registry.unnamed_rules();
    let rules = unnamed.unwrap_or_else(|| registry.rules_of(None));
    let mut rules = pin!(rules.by_item());
    while !wanted.is_empty() {
        let Some(rule) = rules.try_next().await? else {
            break;
        };
        let before = wanted.len();
        wanted.retain(|id| *id != rule.id);
        if wanted.len() < before {
            found.insert(rule.id, rule.destination);
        }
    }
    Ok(found)
}

/// Adds the place to an end that does not tell it.
fn locate(end: &mut ImageRef, place: &ImageRef) {
    if end.region.is_none() && end.instance.is_none() && end.registry.is_none() {
        end.region.clone_from(&place.region);
        end.instance.clone_from(&place.instance);
        end.registry.clone_from(&place.registry);
    }
}
