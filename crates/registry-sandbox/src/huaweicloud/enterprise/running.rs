//! How replication policies run, and what comes of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::copies::{Copy, Execution, Task, Tasks};
use super::{Enterprise, Instance};
use crate::course::{Course, State};
use crate::huaweicloud::glob;
use crate::huaweicloud::ids::Ids;
use crate::huaweicloud::images::{Pushed, Repository};
use crate::plans::{Plans, Work};

/// An image: namespace, repository, tag.
#[derive(Debug, Clone, Copy)]
pub(in crate::huaweicloud) struct Image<'a> {
    pub(in crate::huaweicloud) namespace: &'a str,
    pub(in crate::huaweicloud) repository: &'a str,
    pub(in crate::huaweicloud) tag: &'a str,
}

/// Why a policy runs, and when.
#[derive(Debug, Clone, Copy)]
pub(in crate::huaweicloud) struct Start<'a> {
    pub(in crate::huaweicloud) trigger: &'a str,
    /// The image that was pushed, if that is why.
    pub(in crate::huaweicloud) pushed: Option<Image<'a>>,
    pub(in crate::huaweicloud) now: Timestamp,
}

/// An image that has come to another instance.
#[derive(Debug)]
pub(in crate::huaweicloud) struct Arrival {
    pub(in crate::huaweicloud) at: Timestamp,
    to: String,
    namespace: String,
    repository: String,
    tag: String,
    pushed: Pushed,
    overwrite: bool,
}

/// Where a policy's work goes.
struct Ends {
    /// Instances; none if it is not of this world.
    from: Option<String>,
    to: Option<String>,
    /// Name of the registry at the other end.
    name: String,
}

impl Enterprise {
    /// Pushes an image to an instance, and runs the policies that run on a push.
    pub(in crate::huaweicloud) fn push(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        instance: &str,
        image: Image<'_>,
        pushed: &Pushed,
        now: Timestamp,
    ) {
        let Some(own) = self.instances.get_mut(instance) else {
            return;
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
        for policy in policies {
            let start = Start {
                trigger: "event_based",
                pushed: Some(image),
                now,
            };
            self.run(ids, plans, instance, policy, start);
        }
    }

    /// Runs a policy, and answers the id of its execution. What runs on a push and is not about
    /// the image that was pushed makes none.
    pub(in crate::huaweicloud) fn run(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        instance: &str,
        policy: i64,
        start: Start<'_>,
    ) -> Option<i64> {
        let record = self.instances.get(instance)?.policies.get(&policy)?;
        let ends = self.ends(instance, record);
        // Only what is in the instance itself is pushed to it.
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

    /// The instance of this world that a target registry is.
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

    /// What copies have brought to their ends by `now` and not told before.
    pub(in crate::huaweicloud) fn arrivals(&mut self, now: Timestamp) -> Vec<Arrival> {
        let open: Vec<_> = self
            .instances
            .iter()
            .flat_map(|(instance, own)| {
                own.executions
                    .iter()
                    .map(move |(id, run)| (instance, id, run))
            })
            .filter(|(_, _, execution)| !execution.settled)
            .map(|(instance, id, _)| (instance.clone(), *id))
            .collect();
        let mut arrivals = Vec::new();
        for (instance, id) in open {
            let own = self.instances.get_mut(&instance);
            // Taken out, so that the instances can be looked into meanwhile.
            let Some(mut execution) = own.and_then(|own| own.executions.remove(&id)) else {
                continue;
            };
            self.settle(&mut execution, now, &mut arrivals);
            if let Some(own) = self.instances.get_mut(&instance) {
                own.executions.insert(id, execution);
            }
        }
        arrivals
    }

    fn settle(&self, execution: &mut Execution, now: Timestamp, arrivals: &mut Vec<Arrival>) {
        let Tasks::Planned(tasks) = &mut execution.tasks else {
            execution.settled = true;
            return;
        };
        execution.settled = true;
        for task in tasks {
            let source = self.instances.get(&task.from);
            let source = source.and_then(|source| source.namespaces.get(&task.namespace));
            let source = source.and_then(|source| source.repositories.get(&task.repository));
            for copy in task.copies.iter_mut().filter(|copy| !copy.settled) {
                let look = copy.course.look(now);
                if !look.is_final {
                    execution.settled = false;
                    continue;
                }
                copy.settled = true;
                let Some(at) = look.ended.filter(|_| look.state == State::Succeeded) else {
                    continue;
                };
                if let Some(digest) = digest_at(source, &copy.tag, begun(&copy.course, at)) {
                    copy.digest = digest.to_owned();
                }
                let image = source.and_then(|source| source.images.get(&copy.digest));
                arrivals.extend(execution.to.as_ref().map(|to| Arrival {
                    at,
                    to: to.clone(),
                    namespace: task.to_namespace.clone(),
                    repository: task.repository.clone(),
                    tag: copy.tag.clone(),
                    pushed: Pushed {
                        digest: copy.digest.clone(),
                        size: image.map_or(0, |image| image.size),
                    },
                    overwrite: task.overwrite,
                }));
            }
        }
    }

    /// Lets an image be where it has arrived. As in Harbor, a tag that is there with another digest
    /// stays as it is unless the policy overwrites, and the copy succeeds all the same.
    pub(in crate::huaweicloud) fn arrive(
        &mut self,
        ids: &mut Ids,
        plans: &Plans,
        arrival: &Arrival,
    ) {
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
        if is_new {
            self.push(ids, plans, &arrival.to, image, &arrival.pushed, arrival.at);
        }
    }
}

/// When the attempt began that ended at `end`.
fn begun(course: &Course, end: Timestamp) -> Timestamp {
    course.look(end - SignedDuration::from_nanos(1)).changed
}

fn digest_at<'a>(source: Option<&'a Repository>, tag: &str, time: Timestamp) -> Option<&'a str> {
    Some(source?.tags.get(tag)?.digest_at(time))
}

/// A task for each repository that the policy's filters match, with a copy for each tag.
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
