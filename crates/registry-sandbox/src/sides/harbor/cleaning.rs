//! How retention policies start, and what their runs do.

use jiff::Timestamp;
use serde_json::Value;

use super::executions::Lag;
use super::retention::{self, Cleaning, Sweep, Work};
use super::world::World;
use crate::plans::{self, Plans};

impl World {
    /// Starts a retention policy with one task for each repository of its project, and returns the id of
    /// its execution.
    pub(super) fn clean(
        &mut self,
        plans: &Plans,
        policy: i64,
        is_trial: bool,
        now: Timestamp,
    ) -> Option<i64> {
        let scope = self.retentions.get(&policy)?["scope"]["ref"].as_i64()?;
        let id = self.ids.next("retention execution");
        let World { ids, holdings, .. } = self;
        let local = holdings.get(super::names::REGISTRY.id())?;
        let mut projects = local.projects.iter();
        let (project, own) = projects.find(|(_, own)| own.id == scope)?;
        let sweeps = own.repositories.keys().map(|name| {
            let full = format!("{project}/{name}");
            let work = plans::Work {
                repository: &full,
                tag: "",
                destination: None,
            };
            Sweep {
                id: ids.next("retention task"),
                project: project.clone(),
                repository: name.clone(),
                course: plans.course(now, &work),
                result: None,
                settled: false,
            }
        });
        let cleaning = Cleaning {
            id,
            policy,
            trigger: "MANUAL",
            made: now,
            is_trial,
            lag: Lag::of(plans),
            stopped: false,
            work: Work::Sweeps(sweeps.collect()),
            settled: false,
        };
        self.cleanings.insert(id, cleaning);
        Some(id)
    }

    /// Applies the effect of a run of retention on one repository, which has ended.
    pub(super) fn swept(&mut self, cleaning: i64, sweep: usize, now: Timestamp) {
        let World {
            holdings,
            retentions,
            cleanings,
            ..
        } = self;
        let Some(own) = cleanings.get_mut(&cleaning) else {
            return;
        };
        let policy = retentions.get(&own.policy).unwrap_or(&Value::Null);
        let Work::Sweeps(sweeps) = &mut own.work else {
            return;
        };
        let Some(sweep) = sweeps.get_mut(sweep) else {
            return;
        };
        sweep.settled = true;
        let Some(attempt) = sweep.course.attempt(0, now).filter(|own| own.succeeds) else {
            return;
        };
        let name = (sweep.project.as_str(), sweep.repository.as_str());
        let local = holdings.get_mut(super::names::REGISTRY.id());
        let Some(repository) = local.and_then(|held| held.repository_mut(name)) else {
            return;
        };
        let judged = retention::judged(policy, name.1, repository, attempt.ended);
        let judged = judged.unwrap_or_default();
        if !own.is_trial {
            for digest in judged.gone() {
                repository.delete(digest, attempt.ended);
            }
        }
        sweep.result = Some(judged);
    }
}
