use std::collections::BTreeMap;
use std::pin::pin;

use clap::Args;
use futures_core::Stream;
use futures_util::TryStreamExt;
use registry_replication::{
    Error, Execution, ExecutionRef, Feature, ImageRef, Page, Registry, RuleRef, Task, TaskScope,
    Timestamp,
};

use super::{Execute, scope, text};
use crate::args::{Bound, Since, value};
use crate::failure::Failure;
use crate::output::first;
use crate::session::Session;
use crate::table;

/// Number of executions that count by default.
const EXECUTIONS: u32 = 20;

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
    /// Ignore tasks created before a time (2026-11-27T14:40:00Z) or 10m ago
    ///
    /// A task without a creation time counts by its start, or by its execution's creation.
    #[arg(long, value_name = "TIME")]
    since: Option<Since>,
    #[command(flatten)]
    bound: Bound,
}

impl Execute for Lag {
    fn bound(&self) -> Option<Bound> {
        Some(self.bound)
    }

    async fn run(self, session: &mut Session<'_>) -> Result<u8, Failure> {
        let (target, output) = (&session.target, &mut session.output);
        let since = self.since.map(|since| target.time(since)).transpose()?;
        let mut count = Count {
            lag: registry_replication::Lag::new(),
            since,
        };
        let provider = target.provider()?;
        let mut note = None;
        if provider.has(Feature::Executions) {
            let whose = Whose::read(&self)?;
            let registry = target.registry().await?;
            note = count.executions(&*registry, whose).await?;
        } else {
            if self.rule.is_some() || self.executions.is_some() {
                return Err(Failure::Usage(format!(
                    "{} has no executions of rules; leave out --rule and --executions",
                    provider.title
                )));
            }
            match &self.scope {
                Some(what) => {
                    let scope = scope::read(target, what)?;
                    let registry = target.registry().await?;
                    let scope = scope.resolved(&*registry).await?;
                    count.pages(registry.tasks_of(&scope).by_page()).await?;
                }
                None if provider.has(Feature::AllTasks) => {
                    let registry = target.registry().await?;
                    let tasks = registry.tasks_of(&TaskScope::All);
                    count.pages(tasks.by_page()).await?;
                }
                None => {
                    return Err(Failure::Usage(format!(
                        "missing scope; {} lists tasks by {}",
                        provider.title,
                        scope::offered(provider)
                    )));
                }
            }
        }
        let rows = count.lag.summaries();
        if output.is_json() {
            output.json(&rows)?;
            return Ok(0);
        }
        output.text(&table::lag(&rows))?;
        if let Some(note) = note {
            output.text(&format!("\n{note}\n"))?;
        }
        Ok(0)
    }
}

/// Executions whose tasks count.
enum Whose {
    Execution(ExecutionRef),
    /// This many executions, of a rule or of all.
    Newest(Option<RuleRef>, usize),
}

impl Whose {
    fn read(args: &Lag) -> Result<Self, Failure> {
        let copies_nothing = |what: &str, text: &str| {
            Failure::Usage(format!(
                "{what} {text} belongs to retention and copies nothing"
            ))
        };
        if let Some(text) = &args.scope {
            let execution: ExecutionRef = text::reference(text)?;
            return match execution.rule() {
                None => Ok(Self::Execution(execution)),
                Some(_) => Err(copies_nothing("execution", text)),
            };
        }
        let rule: Option<RuleRef> = args.rule.as_deref().map(text::reference).transpose()?;
        if let Some(rule) = rule.as_ref().filter(|rule| rule.namespace().is_some()) {
            return Err(copies_nothing("rule", &rule.to_string()));
        }
        let most = args.executions.unwrap_or(EXECUTIONS);
        Ok(Self::Newest(rule, most.try_into().unwrap_or(usize::MAX)))
    }
}

/// What has been counted, and since when tasks count.
struct Count {
    lag: registry_replication::Lag,
    since: Option<Timestamp>,
}

impl Count {
    /// Counts a task that was made at this time, unless that is too long ago.
    fn add(&mut self, task: &Task, made: Option<Timestamp>) {
        let too_old = made < self.since && made.is_some();
        if !too_old {
            self.lag.add(task);
        }
    }

    /// Counts tasks that say when they were made, and reads no further than it has to.
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

    /// Counts the tasks of executions, which know the rules; the rules know the destinations. What
    /// there is to say beside that.
    async fn executions(
        &mut self,
        registry: &dyn Registry,
        whose: Whose,
    ) -> Result<Option<String>, Error> {
        let (executions, note) = match whose {
            Whose::Execution(execution) => (vec![found(registry, execution).await?], None),
            Whose::Newest(rule, most) => {
                let all = registry.executions_of(rule.as_ref()).by_item();
                // One more, to know whether there are more.
                let mut newest = first(all, Some(most.saturating_add(1))).await?;
                let more = newest.len() > most;
                newest.truncate(most);
                let note = format!(
                    "There are more executions than the newest {most}; count more with --executions."
                );
                let known = newest.into_iter().map(Known::from).collect();
                (known, more.then_some(note))
            }
        };
        let rules = executions.iter().filter_map(|one| one.rule.as_deref());
        let destinations = destinations(registry, rules.collect()).await?;
        for execution in executions {
            // No task of it was made later.
            if execution.ended.is_some() && execution.ended < self.since {
                continue;
            }
            let mut tasks = pin!(registry.tasks_of(&execution.reference.into()).by_item());
            let rule = execution.rule;
            let place = rule.as_ref().and_then(|rule| destinations.get(rule));
            while let Some(mut task) = tasks.try_next().await? {
                task.rule.clone_from(&rule);
                if let Some(place) = place {
                    locate(task.destination.get_or_insert_default(), place);
                }
                let made = task.created.or(task.started).or(execution.made);
                self.add(&task, made);
            }
        }
        Ok(note)
    }
}

/// An execution, as far as its tasks have to be told of it.
struct Known {
    reference: ExecutionRef,
    rule: Option<String>,
    made: Option<Timestamp>,
    ended: Option<Timestamp>,
}

impl From<Execution> for Known {
    fn from(execution: Execution) -> Self {
        Self {
            reference: execution.reference(),
            rule: execution.rule,
            made: execution.created,
            ended: execution.ended,
        }
    }
}

/// What the listing of all executions says of this one; there is no call for one alone.
async fn found(registry: &dyn Registry, reference: ExecutionRef) -> Result<Known, Error> {
    // What is no number is none of them, and refused where its tasks are asked for.
    if reference.id().parse::<i64>().is_ok() {
        let mut all = pin!(registry.executions_of(None).by_item());
        while let Some(execution) = all.try_next().await? {
            if execution.id == reference.id() {
                return Ok(execution.into());
            }
        }
    }
    Ok(Known {
        reference,
        rule: None,
        made: None,
        ended: None,
    })
}

/// Where these rules copy to, by their ids.
async fn destinations(
    registry: &dyn Registry,
    mut wanted: Vec<&str>,
) -> Result<BTreeMap<String, ImageRef>, Error> {
    let mut found = BTreeMap::new();
    let mut rules = pin!(registry.rules_of(None).by_item());
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

/// Says of an end where it is, unless it says so itself.
fn locate(end: &mut ImageRef, place: &ImageRef) {
    if end.region.is_none() && end.instance.is_none() && end.registry.is_none() {
        end.region.clone_from(&place.region);
        end.instance.clone_from(&place.instance);
        end.registry.clone_from(&place.registry);
    }
}

/// In which order tasks are listed, as far as they were read: the vendors do not say so.
#[derive(Default)]
struct Order {
    last: Option<Timestamp>,
    falls: bool,
    /// Something rose, or does not say when it was made.
    is_mixed: bool,
}

impl Order {
    fn next(&mut self, created: Option<Timestamp>) {
        match (self.last, created) {
            (_, None) => self.is_mixed = true,
            (Some(last), Some(created)) => {
                self.is_mixed |= created > last;
                self.falls |= created < last;
            }
            (None, Some(_)) => {}
        }
        self.last = created;
    }

    /// Whether all that follows is older than this.
    fn is_past(&self, since: Option<Timestamp>) -> bool {
        self.falls && !self.is_mixed && self.last < since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_where_tasks_are_seen_to_be_too_old() {
        for (case, seconds, past) in [
            ("newest first", &[Some(9), Some(4)][..], true),
            ("some of one time", &[Some(9), Some(4), Some(4)], true),
            ("not there yet", &[Some(9), Some(5)], false),
            ("oldest first", &[Some(1), Some(2)], false),
            ("all of one time at first", &[Some(2), Some(2)], false),
            ("no order", &[Some(9), Some(1), Some(8), Some(2)], false),
            ("one without a time", &[Some(9), None, Some(4)], false),
            ("nothing", &[], false),
        ] {
            let time = |second: i64| Timestamp::constant(second, 0);
            let mut order = Order::default();
            for second in seconds {
                order.next(second.map(time));
            }
            assert_eq!(order.is_past(Some(time(5))), past, "{case}");
            assert!(!order.is_past(None), "{case}: all is to be read");
        }
    }
}
