//! Runs of replication policies.

use jiff::Timestamp;
use serde_json::Value;

use super::copies::{Copy, Execution, Task, Tasks};
use super::{Enterprise, Instance};
use crate::plans::{Plans, Work};
use crate::side::Image;
use crate::sides::huaweicloud::glob;
use crate::sides::huaweicloud::ids::Ids;
use crate::sides::huaweicloud::images::Pushed;

/// Reason and time of a policy's run.
#[derive(Debug, Clone, Copy)]
pub(in crate::sides::huaweicloud) struct Start<'a> {
    pub(in crate::sides::huaweicloud) trigger: &'a str,
    /// Pushed image, if a push is the reason.
    pub(in crate::sides::huaweicloud) pushed: Option<Image<'a>>,
    pub(in crate::sides::huaweicloud) now: Timestamp,
}

/// Ends of a policy's work.
struct Ends {
    /// Source instance. `None` if it is not in this world.
    from: Option<String>,
    to: Option<String>,
    /// Name of the other registry.
    name: String,
}

impl Enterprise {
    /// Pushes an image to an instance, and runs the policies that run on a push. Returns whether there
    /// were any.
    pub(in crate::sides::huaweicloud) fn push(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        instance: &str,
        image: Image<'_>,
        pushed: &Pushed,
        now: Timestamp,
    ) -> bool {
        let Some(own) = self.instances.get_mut(instance) else {
            return false;
        };
        own.repository_made(ids, image.namespace, image.repository, now)
            .push(ids, image.tag, pushed, now);
        let runs = |policy: &&Value| {
            policy["enabled"] == true && policy["trigger"]["type"] == "event_based"
        };
        let policies = own.policies.values().filter(runs);
        let policies: Vec<_> = policies
            .filter_map(|policy| policy["id"].as_i64())
            .collect();
        let start = Start {
            trigger: "event_based",
            pushed: Some(image),
            now,
        };
        let runs = policies
            .into_iter()
            .filter_map(|policy| self.run(ids, plans, instance, policy, start));
        runs.count() > 0
    }

    /// Runs a policy, and returns the id of its execution. A run on a push creates no execution if the
    /// policy does not cover the pushed image.
    pub(in crate::sides::huaweicloud) fn run(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        instance: &str,
        policy: i64,
        start: Start<'_>,
    ) -> Option<i64> {
        let record = self.instances.get(instance)?.policies.get(&policy)?;
        let ends = self.ends(instance, record);
        // A push affects only policies that copy from the instance itself.
        if start.pushed.is_some() && ends.from.as_deref() != Some(instance) {
            return None;
        }
        let source = ends.from.as_ref();
        let source = source.and_then(|from| Some((from, self.instances.get(from)?)));
        let tasks = source.map_or_else(Vec::new, |(from, source)| {
            tasks(ids, plans, (from, source), record, &ends.name, start)
        });
        if start.pushed.is_some() && tasks.is_empty() {
            return None;
        }
        let id = ids.next();
        let execution = Execution {
            id,
            policy,
            trigger: start.trigger.to_owned(),
            made: start.now,
            lag: plans.pace().lag,
            to: ends.to,
            settled: tasks.is_empty(),
            tasks: Tasks::Planned(tasks),
            extra: Value::Null,
        };
        let instance = self.instances.get_mut(instance)?;
        instance.executions.insert(id, execution);
        Some(id)
    }

    fn ends(&self, instance: &str, policy: &Value) -> Ends {
        let own = Some(instance.to_owned());
        // 0 is the instance itself, as in Harbor.
        let end = |key: &str| policy[key]["id"].as_i64().filter(|id| *id != 0);
        let (registry, pulls) = match end("src_registry") {
            Some(id) => (id, true),
            None => (end("dest_registry").unwrap_or_default(), false),
        };
        let registries = self.instances.get(instance).map(|own| &own.registries);
        let registry = registries.and_then(|registries| registries.get(&registry));
        let other = registry.and_then(|registry| self.behind(registry));
        let name = registry.and_then(|registry| registry["name"].as_str());
        let (from, to) = if pulls { (other, own) } else { (own, other) };
        Ends {
            from,
            to,
            name: name.unwrap_or_default().to_owned(),
        }
    }

    /// Returns the instance of this world behind a target registry.
    fn behind(&self, registry: &Value) -> Option<String> {
        let url = registry["url"].as_str().unwrap_or_default();
        let host = url.split("://").last().unwrap_or_default();
        let is = |id: &str, instance: &Instance| {
            registry["instance_id"] == id || instance.record["access_address"] == host
        };
        let found = self
            .instances
            .iter()
            .find(|(id, instance)| is(id, instance));
        found.map(|(id, _)| id.clone())
    }
}

/// Makes a task for each repository that the policy's filters match, with a copy for each tag.
fn tasks(
    ids: &mut Ids,
    plans: &Plans,
    (from, source): (&str, &Instance),
    policy: &Value,
    destination: &str,
    start: Start<'_>,
) -> Vec<Task> {
    let filters = policy["filters"].as_array();
    let fits = |kind: &str, text: &str| {
        let mut own = filters
            .into_iter()
            .flatten()
            .filter(|filter| filter["type"] == kind);
        own.all(|filter| glob::matches(filter["value"].as_str().unwrap_or_default(), text))
    };
    let concerns = |namespace: &str, repository: &str| {
        let pushed = start.pushed;
        pushed.is_none_or(|image| image.namespace == namespace && image.repository == repository)
            && fits("name", &format!("{namespace}/{repository}"))
    };
    let renamed = policy["dest_namespace"]
        .as_str()
        .filter(|name| !name.is_empty());
    let mut tasks = Vec::new();
    for (namespace, own) in &source.namespaces {
        for (name, repository) in &own.repositories {
            if !concerns(namespace, name) {
                continue;
            }
            let full = format!("{namespace}/{name}");
            let tags = repository.tags.iter().filter(|(tag, _)| {
                start.pushed.is_none_or(|image| image.tag == tag.as_str()) && fits("tag", tag)
            });
            let copies: Vec<_> = tags
                .map(|(tag, known)| Copy {
                    id: ids.next(),
                    tag: tag.clone(),
                    digest: known.digest().to_owned(),
                    course: plans.course(
                        start.now,
                        &Work {
                            repository: &full,
                            tag,
                            destination: Some(destination),
                        },
                    ),
                    settled: false,
                })
                .collect();
            if !copies.is_empty() {
                tasks.push(Task {
                    id: ids.next(),
                    from: from.to_owned(),
                    namespace: namespace.clone(),
                    repository: name.clone(),
                    to_namespace: renamed.unwrap_or(namespace).to_owned(),
                    overwrite: policy["override"] == true,
                    copies,
                });
            }
        }
    }
    tasks
}
