//! Runs of retention policies, and their effects.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::cleaning::{Cleaning, Gone, Sweep, Sweeps};
use super::{Instance, rules};
use crate::plans::{Plans, Work};
use crate::sides::huaweicloud::ids::Ids;

impl Instance {
    /// Runs a retention policy on request, and returns the id of its execution. The tags to delete are
    /// selected now, and deleted when the task of their repository has succeeded.
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

    /// Deletes the tags of a task that has ended by `now`. A tag that was pushed since its selection
    /// stays.
    pub(super) fn swept(&mut self, cleaning: i64, sweep: usize, now: Timestamp) {
        let Some(cleaning) = self.cleanings.get_mut(&cleaning) else {
            return;
        };
        let Sweeps::Planned(sweeps) = &mut cleaning.sweeps else {
            return;
        };
        if let Some(sweep) = sweeps.get_mut(sweep) {
            sweep.settled = true;
            let namespace = self.namespaces.get_mut(&cleaning.namespace);
            let own = namespace.and_then(|own| own.repositories.get_mut(&sweep.repository));
            let success = sweep.course.success(now).filter(|_| !cleaning.dry_run);
            if let (Some(own), Some((_, at))) = (own, success) {
                let own = Arc::make_mut(own);
                for gone in &sweep.goes {
                    if own.digest(&gone.tag) == Some(&gone.digest) {
                        own.remove(&gone.tag, at);
                    }
                }
            }
        }
        cleaning.settled = sweeps.iter().all(|sweep| sweep.settled);
    }
}
