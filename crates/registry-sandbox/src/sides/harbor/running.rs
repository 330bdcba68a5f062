//! How replication policies start: by a push, or by a call.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::executions::{End, Ends, Execution, Lag, Operation, Reference, Task, Work};
use super::rules;
use super::version::Version;
use super::world::World;
use crate::course::{Course, Outcome, Pace, RETRIES};
use crate::fleet;
use crate::plans::{self, Plans};

/// Longest time from the record of an execution to its tasks.
const LONGEST_FLOW: SignedDuration = SignedDuration::from_secs(1);

/// Reason why a policy starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reason<'a> {
    /// A call.
    Call(&'static str),
    /// Something happened to one reference of a repository of the Harbor itself.
    Event {
        operation: Operation,
        repository: &'a str,
        reference: &'a str,
    },
}

/// Repository and its references that a task is about.
type Selected = (String, Vec<String>);

impl World {
    /// Starts the policies that run on this event. A malformed pattern of any of them keeps all from
    /// running.
    pub(super) fn happened(
        &mut self,
        plans: &Plans,
        operation: Operation,
        (project, name): (&str, &str),
        reference: &str,
        now: Timestamp,
    ) {
        let repository = format!("{project}/{name}");
        let Some(own) = self.local().repository((project, name)) else {
            return;
        };
        let policies = self.policies.values();
        let mut fitting = Vec::new();
        for policy in policies.filter(|policy| rules::runs_on_push(policy)) {
            if operation != Operation::Copy && policy["deletion"] != true {
                continue;
            }
            match rules::covered(policy, &repository, own, |tag| tag == reference) {
                Ok(tags) if tags.is_empty() => {}
                Ok(_) => fitting.extend(policy["id"].as_i64()),
                Err(_) => return,
            }
        }
        let reason = Reason::Event {
            operation,
            repository: &repository,
            reference,
        };
        for policy in fitting {
            self.start(plans, policy, reason, now);
        }
    }

    /// Starts a policy, and returns the id of its execution.
    pub(super) fn start(
        &mut self,
        plans: &Plans,
        policy: i64,
        reason: Reason<'_>,
        now: Timestamp,
    ) -> Option<i64> {
        let policy_record = self.policies.get(&policy)?.clone();
        let id = self.ids.next("execution");
        let pace = plans.pace();
        let begins = now + (pace.waits / 2).min(LONGEST_FLOW);
        let single = policy_record["single_active_replication"] == true;
        let is_busy = single
            && matches!(reason, Reason::Call(_))
            && self
                .executions
                .values()
                .any(|own| own.policy == policy && !own.shows_end(now));
        let work = match is_busy {
            true => {
                Work::Failed("Execution skipped: active replication still in progress.".to_owned())
            }
            false => match self.work(plans, &policy_record, reason, (now, begins)) {
                Ok(tasks) if tasks.is_empty() => Work::Nothing,
                Ok(tasks) => Work::Tasks(tasks),
                Err(problem) => Work::Failed(problem),
            },
        };
        let settled = !matches!(work, Work::Tasks(_));
        let execution = Execution {
            id,
            policy,
            trigger: match reason {
                Reason::Call(trigger) => trigger,
                Reason::Event { .. } => "event_based",
            },
            made: now,
            begins,
            lag: Lag::of(plans),
            stopped: None,
            work,
            settled,
        };
        self.executions.insert(id, execution);
        Some(id)
    }

    /// Makes the tasks of an execution, or returns the reason why it has no task.
    fn work(
        &mut self,
        plans: &Plans,
        policy: &Value,
        reason: Reason<'_>,
        (now, begins): (Timestamp, Timestamp),
    ) -> Result<Vec<Task>, String> {
        let from = self.end(rules::end(policy, "src_registry"))?;
        let to = self.end(rules::end(policy, "dest_registry"))?;
        let selected = match reason {
            Reason::Event {
                repository,
                reference,
                ..
            } => vec![(repository.to_owned(), vec![reference.to_owned()])],
            Reason::Call(_) => self.selected(policy, &from)?,
        };
        let operation = match reason {
            Reason::Event { operation, .. } => operation,
            Reason::Call(_) => Operation::Copy,
        };
        let record = &policy[other_end(policy)];
        let name = record["name"].as_str().unwrap_or_default().to_owned();
        let place = match other_end(policy) {
            "src_registry" => from.place.clone(),
            _ => to.place.clone(),
        };
        let mut tasks = Vec::new();
        for (source, references) in selected {
            let destination = rules::destination(policy, &source)?;
            let proxied = destination.split('/').next().unwrap_or_default();
            let holding = self.holdings.get(&to.place);
            let project = holding.and_then(|held| held.projects.get(proxied));
            if project.is_some_and(|project| project.registry.is_some()) {
                continue;
            }
            let plan = |tag: &str| {
                let names = [name.as_str(), place.as_str()].map(|destination| plans::Work {
                    repository: &source,
                    tag,
                    destination: Some(destination),
                });
                plans.outcome(&names)
            };
            let outcomes: Vec<_> = references.iter().map(|tag| plan(tag)).collect();
            if outcomes.contains(&Outcome::NoTask) {
                return Err(unreachable(&to.url));
            }
            let id = self.ids.next("task");
            tasks.push(Task {
                id,
                submitted: begins,
                ends: Ends {
                    from: from.clone(),
                    to: to.clone(),
                },
                course: self.course(plans, worst(&outcomes), id, now),
                references: references
                    .into_iter()
                    .zip(outcomes)
                    .map(|(name, outcome)| Reference {
                        name,
                        failures: failures(outcome),
                    })
                    .collect(),
                source,
                destination,
                overwrite: policy["override"] == true,
                operation,
                runs: Vec::new(),
                steps: Vec::new(),
                settled: false,
            });
        }
        Ok(tasks)
    }

    /// Plans the runs of a task. The waits between them are Harbor's, unless a test has set a pace.
    fn course(&self, plans: &Plans, outcome: Outcome, task: i64, now: Timestamp) -> Course {
        let pace: Pace = plans.pace();
        let course = Course::new(now, outcome, pace);
        match plans.set() {
            Some(_) => course,
            None => course.with_pauses(waits(self.seed, task)),
        }
    }

    /// Returns what a policy covers in a registry now, by repository.
    fn selected(&self, policy: &Value, from: &End) -> Result<Vec<Selected>, String> {
        let mut selected = Vec::new();
        let projects = self.holdings.get(&from.place);
        for (project, own) in projects.into_iter().flat_map(|held| &held.projects) {
            for (name, repository) in &own.repositories {
                let name = format!("{project}/{name}");
                let tags = rules::covered(policy, &name, repository, |_| true);
                let tags = tags
                    .map_err(|_| "failed to fetch artifacts: syntax error in pattern".to_owned())?;
                if !tags.is_empty() {
                    let tags = tags.into_iter().map(str::to_owned);
                    selected.push((name, tags.collect()));
                }
            }
        }
        Ok(selected)
    }

    /// Returns a registry of a policy, or the reason why it cannot be reached.
    fn end(&self, registry: i64) -> Result<End, String> {
        if registry == rules::LOCAL {
            return Ok(End {
                place: super::names::REGISTRY.id().to_owned(),
                kind: "harbor".to_owned(),
                url: super::world::INTERNAL_URL.to_owned(),
                insecure: true,
            });
        }
        let record = self.registries.get(&registry);
        let record = record.ok_or_else(|| format!("registry {registry} not found"))?;
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let url = text("url");
        let place = self.behind(&url).ok_or_else(|| unreachable(&url))?;
        Ok(End {
            place: place.to_owned(),
            kind: text("type"),
            insecure: record["insecure"] == true,
            url,
        })
    }
}

/// Returns the field of the registry that is not the Harbor itself.
fn other_end(policy: &Value) -> &'static str {
    match rules::end(policy, "src_registry") {
        rules::LOCAL => "dest_registry",
        _ => "src_registry",
    }
}

fn unreachable(url: &str) -> String {
    let host = url.split("://").last().unwrap_or_default();
    format!(
        "http error: code 500, message failed to do the prepare work for pushing/uploading resources: \
         Get \"{url}/api/v2.0/projects\": dial tcp: lookup {host}: no such host"
    )
}

/// Returns the outcome of a task whose references have these outcomes.
fn worst(outcomes: &[Outcome]) -> Outcome {
    if outcomes.contains(&Outcome::Stalls) {
        return Outcome::Stalls;
    }
    let most = outcomes.iter().map(|outcome| failures(*outcome)).max();
    match most.unwrap_or(0) {
        0 => Outcome::Succeeds,
        failures => Outcome::FailsFirst(failures),
    }
}

/// Returns the number of runs that fail.
fn failures(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Succeeds | Outcome::Stalls => 0,
        Outcome::FailsFirst(runs) => runs.min(RETRIES + 1),
        Outcome::Fails | Outcome::NoTask => RETRIES + 1,
    }
}

/// Returns the waits of Harbor's job service after the first and the second failed run:
/// `fails⁴ + 15 + rand(0..29) · (fails + 1)` seconds.
fn waits(seed: u64, task: i64) -> [SignedDuration; RETRIES as usize] {
    let mut fails: i64 = 0;
    [(); RETRIES as usize].map(|()| {
        fails += 1;
        let index = usize::try_from(task * 8 + fails).unwrap_or_default();
        let random = i64::try_from(fleet::below(30, seed, index)).unwrap_or_default();
        SignedDuration::from_secs(fails.pow(4) + 15 + random * (fails + 1))
    })
}

impl World {
    /// Pushes an image to the Harbor itself.
    pub(super) fn pushed(
        &mut self,
        plans: &Plans,
        name: (&str, &str),
        tag: &str,
        content: &super::images::Content,
        now: Timestamp,
    ) {
        let is_known = self
            .local()
            .repository(name)
            .is_some_and(|own| own.artifacts.contains_key(&content.digest));
        let Self { ids, holdings, .. } = self;
        let local = holdings.entry(super::names::REGISTRY.id().to_owned());
        local.or_default().put(ids, name, Some(tag), content, now);
        let starts: Version = self.version;
        if !(is_known && starts.ignores_known_digests()) {
            self.happened(plans, Operation::Copy, name, tag, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn waits_are_those_of_the_job_service() {
        let all = || (1..400).map(|task| waits(7, task));
        for (number, low, high) in [(0, 16, 74), (1, 31, 118)] {
            let seconds: BTreeSet<_> = all().map(|waits| waits[number].as_secs()).collect();
            assert_eq!(seconds.first(), Some(&low));
            assert_eq!(seconds.last(), Some(&high));
            assert_eq!(seconds.len(), 30);
        }
        assert_ne!(waits(7, 1), waits(8, 1), "the seed counts");
    }
}
