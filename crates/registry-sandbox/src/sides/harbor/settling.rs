//! Effects of tasks whose runs have ended.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use jiff::{SignedDuration, Timestamp};

use super::executions::{Effect, Execution, Operation, Run, Step, Task, Work};
use super::images::Content;
use super::retention;
use super::times;
use super::world::World;
use crate::course::Attempt;
use crate::push;

/// Number of executions of a policy that the daily sweep leaves.
const KEPT: usize = 50;

/// End of the work on a reference, with the execution and the index of the task.
type Due = Reverse<(Timestamp, Kind, i64, usize)>;

/// What an execution is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Replication,
    Retention,
}

impl World {
    /// Applies the effects of work that has ended by `now`, in the order of its ends.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let mut due: BinaryHeap<Due> = BinaryHeap::new();
        for execution in self.executions.values().filter(|own| !own.settled) {
            if let Work::Tasks(tasks) = &execution.work {
                let tasks = tasks.iter().enumerate();
                due.extend(tasks.filter_map(|(index, task)| {
                    let next = next(task, now)?;
                    Some(Reverse((
                        next.ended,
                        Kind::Replication,
                        execution.id,
                        index,
                    )))
                }));
            }
        }
        for cleaning in self.cleanings.values().filter(|own| !own.settled) {
            if let retention::Work::Sweeps(sweeps) = &cleaning.work {
                let sweeps = sweeps.iter().enumerate().filter(|(_, own)| !own.settled);
                due.extend(sweeps.filter_map(|(index, sweep)| {
                    let ended = sweep.course.attempt(0, now)?.ended;
                    Some(Reverse((ended, Kind::Retention, cleaning.id, index)))
                }));
            }
        }
        while let Some(Reverse((_, kind, execution, index))) = due.pop() {
            if kind == Kind::Retention {
                self.swept(execution, index, now);
                continue;
            }
            // Taken out, so that the registries can change meanwhile.
            let Some(mut own) = self.executions.remove(&execution) else {
                continue;
            };
            let mut ended = None;
            if let Work::Tasks(tasks) = &mut own.work
                && let Some(task) = tasks.get_mut(index)
            {
                if self.end_step(task, now) {
                    ended = Some(task.clone());
                }
                if let Some(next) = next(task, now) {
                    due.push(Reverse((next.ended, Kind::Replication, execution, index)));
                }
            }
            if let Some(task) = ended {
                self.notify(&own, &task);
            }
            self.executions.insert(execution, own);
        }
        for execution in self.executions.values_mut().filter(|own| !own.settled) {
            settled(execution, now);
        }
        for cleaning in self.cleanings.values_mut().filter(|own| !own.settled) {
            if let retention::Work::Sweeps(sweeps) = &cleaning.work {
                cleaning.settled = sweeps.iter().all(|sweep| sweep.is_over(now));
            }
        }
        self.sweep(now);
    }

    /// Applies the effect of a task's next step, which has ended. Returns whether its run has ended, too.
    fn end_step(&mut self, task: &mut Task, now: Timestamp) -> bool {
        let Some(Next {
            attempt,
            begun,
            ended,
        }) = next(task, now)
        else {
            return false;
        };
        let number = u32::try_from(task.runs.len()).unwrap_or(u32::MAX) + 1;
        if let Some(reference) = task.references.get(task.steps.len()) {
            let effect = match reference.failures >= number {
                true => Effect::Failed,
                false => self.take_effect(task, &reference.name, (begun, ended)),
            };
            task.steps.push(Step {
                reference: reference.name.clone(),
                effect,
                begun,
                ended,
            });
        }
        if task.steps.len() < task.references.len() {
            return false;
        }
        let run = Run {
            begun: attempt.begun,
            ended: attempt.ended,
            steps: std::mem::take(&mut task.steps),
        };
        if run.has_failed() && attempt.succeeds {
            task.course.fail_once_more();
        }
        task.runs.push(run);
        true
    }

    fn take_effect(
        &mut self,
        task: &Task,
        reference: &str,
        (begun, ended): (Timestamp, Timestamp),
    ) -> Effect {
        let Self { ids, holdings, .. } = self;
        let (Ok(source), Ok(name)) = (push::split(&task.source), push::split(&task.destination))
        else {
            return Effect::Failed;
        };
        if task.operation != Operation::Copy {
            let there = holdings.get_mut(&task.ends.to.place);
            if let Some(own) = there.and_then(|held| held.repository_mut(name)) {
                match task.operation {
                    Operation::TagDeletion => drop(own.untag(reference, ended)),
                    _ => drop(own.lose(reference, ended)),
                }
            }
            return Effect::Deleted;
        }
        let from = holdings.get(&task.ends.from.place);
        let from = from.and_then(|held| held.repository(source));
        let found = from.and_then(|own| own.digest_at(reference, begun));
        let Some(found) = found else {
            return Effect::Missing;
        };
        let size = from.and_then(|own| own.artifacts.get(found));
        let content = Content {
            digest: found.to_owned(),
            size: size.map_or(0, |artifact| artifact.size),
        };
        let to = holdings.get(&task.ends.to.place);
        let there = to.and_then(|held| held.repository(name));
        let there = there.and_then(|own| own.digest_at(reference, begun));
        match there {
            Some(digest) if digest == content.digest => return Effect::Exists,
            Some(_) if !task.overwrite => return Effect::Kept,
            _ => {}
        }
        let over = there.is_some();
        let tag = Some(reference).filter(|reference| !reference.contains(':'));
        let holding = holdings.entry(task.ends.to.place.clone()).or_default();
        holding.put(ids, name, tag, &content, ended);
        Effect::Copied { over }
    }

    /// Removes old executions, as Harbor does once a day at midnight: of each policy, it keeps the newest
    /// that have ended.
    fn sweep(&mut self, now: Timestamp) {
        let midnight = times::floor(now, SignedDuration::from_hours(24));
        if midnight <= self.swept {
            return;
        }
        self.swept = midnight;
        for policy in self.policies.keys() {
            let own = self.executions.values().rev();
            let own = own.filter(|own| {
                own.policy == *policy && own.made < midnight && own.shows_end(midnight)
            });
            let old: Vec<_> = own.skip(KEPT).map(|own| own.id).collect();
            for id in old {
                self.executions.remove(&id);
            }
        }
    }
}

/// Next step of a run.
struct Next {
    attempt: Attempt,
    begun: Timestamp,
    ended: Timestamp,
}

/// Returns the next step without its effect yet, if it has ended. The references of a run share its time.
fn next(task: &Task, now: Timestamp) -> Option<Next> {
    let number = u32::try_from(task.runs.len()).ok()?;
    let attempt = task.course.planned(number)?;
    let whole = attempt.ended.duration_since(attempt.begun).as_millis();
    let count = i128::try_from(task.references.len().max(1)).ok()?;
    let done = i128::try_from(task.steps.len()).ok()?;
    let after = |steps: i128| {
        let passed = i64::try_from(whole * steps / count).ok()?;
        Some(attempt.begun + SignedDuration::from_millis(passed))
    };
    let next = Next {
        attempt,
        begun: after(done)?,
        ended: match done + 1 >= count {
            true => attempt.ended,
            false => after(done + 1)?,
        },
    };
    (next.ended <= task.course.until(now)).then_some(next)
}

/// Notes whether all effects of an execution have been applied.
fn settled(execution: &mut Execution, now: Timestamp) {
    if let Work::Tasks(tasks) = &mut execution.work {
        for task in tasks.iter_mut().filter(|task| !task.settled) {
            task.settled = task.course.look(now).is_final;
        }
        execution.settled = tasks.iter().all(|task| task.settled);
    }
}
