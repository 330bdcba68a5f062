//! Effects of work: copies arrive, and retention deletes tags.

use jiff::Timestamp;

use super::Enterprise;
use super::cleaning::Sweeps;
use super::copies::{Copy, Execution, Task, Tasks};
use crate::plans::Plans;
use crate::side::Image;
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::images::Pushed;

/// Largest number of rounds in one call. Policies that copy two images back and forth never end; the
/// next call continues.
const MOST_ROUNDS: usize = 1000;

/// Ended work of an instance without its effect yet, by ids and indexes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Copy {
        instance: String,
        execution: i64,
        task: usize,
        copy: usize,
    },
    Sweep {
        instance: String,
        cleaning: i64,
        sweep: usize,
    },
}

/// Image that has arrived at another instance.
#[derive(Debug)]
struct Arrival {
    at: Timestamp,
    to: String,
    namespace: String,
    repository: String,
    tag: String,
    pushed: Pushed,
    overwrite: bool,
}

impl Enterprise {
    /// Applies the effects of work that has ended by `now`, in the order of its ends. An arrival can
    /// start more work, which may also have ended by then.
    pub(in crate::sides::huaweicloud) fn settle(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        now: Timestamp,
    ) {
        for _ in 0..MOST_ROUNDS {
            let mut ended = self.ended(now);
            ended.sort();
            let is_last = !ended
                .into_iter()
                .any(|(_, ended)| self.take_effect(ids, plans, &ended, now));
            if is_last {
                break;
            }
        }
    }

    fn ended(&self, now: Timestamp) -> Vec<(Timestamp, Ended)> {
        let mut ended = Vec::new();
        for (instance, own) in &self.instances {
            for execution in own.executions.values().filter(|run| !run.settled) {
                let Tasks::Planned(tasks) = &execution.tasks else {
                    continue;
                };
                for (task, work) in tasks.iter().enumerate() {
                    for (copy, work) in work.copies.iter().enumerate() {
                        let end = work.course.look(now).ended;
                        let end = end.filter(|_| !work.settled);
                        ended.extend(end.map(|at| {
                            let instance = instance.clone();
                            let execution = execution.id;
                            let copy = Ended::Copy {
                                instance,
                                execution,
                                task,
                                copy,
                            };
                            (at, copy)
                        }));
                    }
                }
            }
            for cleaning in own.cleanings.values().filter(|run| !run.settled) {
                let Sweeps::Planned(sweeps) = &cleaning.sweeps else {
                    continue;
                };
                for (sweep, work) in sweeps.iter().enumerate() {
                    let end = work.course.look(now).ended.filter(|_| !work.settled);
                    ended.extend(end.map(|at| {
                        let instance = instance.clone();
                        let cleaning = cleaning.id;
                        let sweep = Ended::Sweep {
                            instance,
                            cleaning,
                            sweep,
                        };
                        (at, sweep)
                    }));
                }
            }
        }
        ended
    }

    /// Applies one effect. Returns whether there is new work, so that the next effect must be searched
    /// again.
    fn take_effect(&mut self, ids: &mut Ids, plans: &Plans, ended: &Ended, now: Timestamp) -> bool {
        match ended {
            Ended::Copy {
                instance,
                execution,
                task,
                copy,
            } => {
                // Taken out, so that the instances can be read meanwhile.
                let own = self.instances.get_mut(instance);
                let Some(mut run) = own.and_then(|own| own.executions.remove(execution)) else {
                    return false;
                };
                let end = self.copied(&mut run, (*task, *copy), now);
                if let Some(own) = self.instances.get_mut(instance) {
                    own.executions.insert(*execution, run);
                }
                match end {
                    End::Nothing => false,
                    End::Again => true,
                    End::Arrival(arrival) => self.arrive(ids, plans, &arrival),
                }
            }
            Ended::Sweep {
                instance,
                cleaning,
                sweep,
            } => {
                if let Some(own) = self.instances.get_mut(instance) {
                    own.swept(*cleaning, *sweep, now);
                }
                false
            }
        }
    }

    fn copied(
        &self,
        execution: &mut Execution,
        (task, copy): (usize, usize),
        now: Timestamp,
    ) -> End {
        let to = execution.to.clone();
        let Tasks::Planned(tasks) = &mut execution.tasks else {
            return End::Nothing;
        };
        let Some(work) = tasks.get_mut(task) else {
            return End::Nothing;
        };
        let end = self.end_of(work, copy, to, now);
        let mut copies = tasks.iter().flat_map(|task| &task.copies);
        execution.settled = copies.all(|copy| copy.settled);
        end
    }

    fn end_of(&self, task: &mut Task, copy: usize, to: Option<String>, now: Timestamp) -> End {
        let source = self.instances.get(&task.from);
        let source = source.and_then(|source| source.namespaces.get(&task.namespace));
        let source = source.and_then(|source| source.repositories.get(&task.repository));
        let Some(Copy {
            tag,
            digest,
            course,
            settled,
            ..
        }) = task.copies.get_mut(copy)
        else {
            return End::Nothing;
        };
        let Some((begun, at)) = course.success(now) else {
            *settled = true;
            return End::Nothing;
        };
        let found = source.and_then(|source| source.digest_at(tag, begun));
        let Some(found) = found else {
            course.fail_once_more();
            return End::Again;
        };
        *settled = true;
        *digest = found.to_owned();
        let image = source.and_then(|source| source.images.get(found));
        let Some(to) = to else {
            return End::Nothing;
        };
        End::Arrival(Arrival {
            at,
            to,
            namespace: task.to_namespace.clone(),
            repository: task.repository.clone(),
            tag: tag.clone(),
            pushed: Pushed {
                digest: digest.clone(),
                size: image.map_or(0, |image| image.size),
            },
            overwrite: task.overwrite,
        })
    }

    /// Applies the arrival of an image. Returns whether it has started other work. As in Harbor, an
    /// existing tag with another digest stays unless the policy overwrites, and the copy succeeds
    /// nevertheless.
    fn arrive(&mut self, ids: &mut Ids, plans: &Plans, arrival: &Arrival) -> bool {
        let image = Image {
            namespace: &arrival.namespace,
            repository: &arrival.repository,
            tag: &arrival.tag,
        };
        let own = self.instances.get(&arrival.to);
        let namespace = own.and_then(|own| own.namespaces.get(image.namespace));
        let repository = namespace.and_then(|own| own.repositories.get(image.repository));
        let tag = repository.and_then(|repository| repository.tags.get(image.tag));
        let is_new =
            tag.is_none_or(|tag| arrival.overwrite && tag.digest() != arrival.pushed.digest);
        is_new && self.push(ids, plans, &arrival.to, image, &arrival.pushed, arrival.at)
    }
}

/// Result of a copy.
enum End {
    Nothing,
    /// The attempt has failed because there was nothing to copy. Another may have followed since.
    Again,
    Arrival(Arrival),
}
