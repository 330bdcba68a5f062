//! How retention policies run, and what comes of it.

use jiff::Timestamp;
use serde_json::Value;

use super::cleaning::{Cleaning, Gone, Sweep, Sweeps};
use super::rules;
use super::{Enterprise, Instance};
use crate::course::State;
use crate::huaweicloud::ids::Ids;
use crate::plans::{Plans, Work};

impl Instance {
    /// Runs a retention policy by hand, and answers the id of its execution. What goes is decided
    /// now, and goes when the task of its repository has succeeded.
    pub(super) fn clean(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        policy: &Value,
        dry_run: bool,
        now: Timestamp,
    ) -> i64 {
        let name = policy["namespace_name"].as_str().unwrap_or_default();
        let repositories = self.namespaces.get(name).map(|own| &own.repositories);
        let mut sweeps = Vec::new();
        for (repository, own) in repositories.into_iter().flatten() {
            let Some(verdicts) = rules::judged(policy, repository, own, now) else {
                continue;
            };
            let full = format!("{name}/{repository}");
            let work = Work {
                repository: &full,
                // A task is about all tags of its repository.
                tag: "",
                destination: None,
            };
            let total = verdicts.len();
            let goes = verdicts.into_iter().filter(|(_, stays)| !stays);
            let goes = goes.map(|(tag, _)| Gone {
                id: ids.next(),
                digest: own.digest(&tag).unwrap_or_default().to_owned(),
                tag,
            });
            sweeps.push(Sweep {
                goes: goes.collect(),
                id: ids.next(),
                repository: repository.clone(),
                course: plans.course(now, &work),
                settled: false,
                total,
            });
        }
        let id = ids.next();
        let cleaning = Cleaning {
            id,
            policy: policy["id"].as_i64().unwrap_or_default(),
            namespace: name.to_owned(),
            dry_run,
            made: now,
            settled: sweeps.is_empty(),
            sweeps: Sweeps::Planned(sweeps),
            extra: Value::Null,
        };
        self.cleanings.insert(id, cleaning);
        id
    }
}

impl Enterprise {
    /// Takes away what retention has deleted by `now`. A tag that was pushed anew since it was
    /// judged stays.
    pub(in crate::huaweicloud) fn sweep(&mut self, now: Timestamp) {
        for Instance {
            cleanings,
            namespaces,
            ..
        } in self.instances.values_mut()
        {
            for cleaning in cleanings.values_mut().filter(|cleaning| !cleaning.settled) {
                cleaning.settled = true;
                let Sweeps::Planned(sweeps) = &mut cleaning.sweeps else {
                    continue;
                };
                let mut namespace = namespaces.get_mut(&cleaning.namespace);
                for sweep in sweeps.iter_mut().filter(|sweep| !sweep.settled) {
                    let look = sweep.course.look(now);
                    if !look.is_final {
                        cleaning.settled = false;
                        continue;
                    }
                    sweep.settled = true;
                    let repositories = namespace.as_mut().map(|own| &mut own.repositories);
                    let own = repositories.and_then(|own| own.get_mut(&sweep.repository));
                    let (Some(own), Some(at)) = (own, look.ended) else {
                        continue;
                    };
                    if look.state == State::Succeeded && !cleaning.dry_run {
                        for gone in &sweep.goes {
                            if own.digest(&gone.tag) == Some(&gone.digest) {
                                own.remove(&gone.tag, at);
                            }
                        }
                    }
                }
            }
        }
    }
}
