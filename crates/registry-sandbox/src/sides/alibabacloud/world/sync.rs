//! Pushes, the tasks that pushes and callers create, and the arrival of copies.

use jiff::Timestamp;

use super::records::{Place, SyncRule, SyncTask, Tag};
use super::task::Task;
use super::{World, fresh_batch, fresh_id};
use crate::fleet;
use crate::plans::{Plans, Work};
use crate::push::PushError;
use crate::sides::alibabacloud::errors::Refusal;

/// Task to create.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) from: Place,
    pub(crate) to: Place,
    /// Id of the rule. Empty for a task without a rule.
    pub(crate) rule: String,
    pub(crate) link: String,
    pub(crate) batch: String,
    pub(crate) by_hand: bool,
    pub(crate) overrides: bool,
    pub(crate) cross_user: bool,
    pub(crate) priority: i64,
}

impl World {
    /// Applies the effects of work that has ended by `now`, in the order of its ends. An attempt whose
    /// image did not exist at its start has failed, and may have been retried since.
    ///
    /// An arrival triggers no rule of its destination, because the page does not mention that.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        loop {
            let mut ended = Vec::new();
            for instance in self.instances.values() {
                for (index, task) in instance.tasks.iter().enumerate() {
                    if let Some(end) = task.unsettled(now) {
                        ended.push((end, instance.id().to_owned(), index));
                    }
                }
            }
            ended.sort();
            // Searched again after a failed attempt, because the order may have changed.
            let is_last = !ended
                .into_iter()
                .any(|(_, instance, index)| self.deliver(&instance, index, now));
            if is_last {
                break;
            }
        }
    }

    /// Delivers a copy. Returns whether an attempt has failed.
    fn deliver(&mut self, source: &str, index: usize, now: Timestamp) -> bool {
        let Some(task) = self.task_at(source, index) else {
            return false;
        };
        let Some((begun, at)) = task.success(now) else {
            task.settle();
            return false;
        };
        let from = task.record().image_from.clone().unwrap_or_default();
        let to = task.record().image_to.clone().unwrap_or_default();
        let (namespace, name, tag) = from.image();
        let held = self.instance(source);
        let held = held.and_then(|source| source.repository(namespace, name));
        let image = held.ok().and_then(|held| held.tag_at(tag, begun)).cloned();
        let Some(task) = self.task_at(source, index) else {
            return false;
        };
        let Some(image) = image else {
            task.find_nothing();
            return true;
        };
        let overrides = task.deliver(image.clone());
        let Some(instance) = self.instances.get_mut(&to.instance_id) else {
            return false;
        };
        let (namespace, name, tag) = to.image();
        let repository = instance.make_repository(namespace, name, at);
        let immutable = repository.record.tag_immutability == Some(true);
        let keeps = immutable || !overrides;
        if keeps && repository.has_another(tag, &image.digest) {
            if let Some(task) = self.task_at(source, index) {
                task.conflict(at);
            }
        } else {
            repository.put(tag, image, at);
        }
        false
    }

    fn task_at(&mut self, instance: &str, index: usize) -> Option<&mut Task> {
        self.instances.get_mut(instance)?.tasks.get_mut(index)
    }

    /// Pushes an image to the instance, and runs the rules that run on a push.
    pub(crate) fn push(
        &mut self,
        instance: &str,
        image: (&str, &str, &str),
        content: &str,
        plans: &Plans,
        now: Timestamp,
    ) -> Result<String, PushError> {
        self.settle(now);
        let (namespace, name, tag) = image;
        let held = self.instances.get_mut(instance);
        let held = held.filter(|held| held.namespaces.contains_key(namespace));
        let Some(held) = held else {
            return Err(PushError::NoNamespace(namespace.to_owned()));
        };
        let digest = fleet::manifest_digest(content);
        held.make_repository(namespace, name, now).put(
            tag,
            Tag::new(tag, digest.clone(), now),
            now,
        );
        let rules = held.rules.iter();
        let rules = rules.filter(|rule| rule.runs_on_push() && rule.covers(namespace, name, tag));
        let rules: Vec<_> = rules.cloned().collect();
        let batch = fresh_batch();
        for rule in rules {
            let order = self.order(&rule, image, &batch);
            // A rule whose destination is deleted creates no task.
            if let Ok(order) = order {
                let _ = self.start(order, plans, now);
            }
        }
        Ok(digest)
    }

    /// Returns the task that a rule creates for an image of its instance.
    pub(crate) fn order(
        &self,
        rule: &SyncRule,
        (namespace, name, tag): (&str, &str, &str),
        batch: &str,
    ) -> Result<Order, Refusal> {
        let from = self.instance(&rule.local_instance_id)?;
        let to = self.instance(&rule.target_instance_id)?;
        let (target_namespace, target_name) = rule.destination(namespace, name);
        Ok(Order {
            from: Place::new(&from.record, (namespace, name, tag)),
            to: Place::new(&to.record, (target_namespace, target_name, tag)),
            rule: rule.sync_rule_id.clone(),
            link: rule.link_id.clone(),
            batch: batch.to_owned(),
            by_hand: false,
            // The page does not tell. A rule that stops at an existing tag would be useless.
            overrides: true,
            cross_user: rule.cross_user == Some(true),
            priority: rule.priority.unwrap_or(3),
        })
    }

    /// Creates the task and returns its id.
    pub(crate) fn start(
        &mut self,
        order: Order,
        plans: &Plans,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let (namespace, name, tag) = order.from.image();
        let source = self.instance_mut(&order.from.instance_id)?;
        let image = source.repository(namespace, name)?.tag(tag)?.clone();
        let repository = format!("{namespace}/{name}");
        let to = |destination| Work {
            repository: &repository,
            tag,
            destination: Some(destination),
        };
        // A destination has two names: its region and its instance.
        let works = [to(&order.to.region_id), to(&order.to.instance_id)];
        let course = plans.course_of_any(now, &works);
        let id = fresh_id("rst");
        let made = Some(now.as_millisecond());
        let record = SyncTask {
            sync_task_id: id.clone(),
            sync_rule_id: order.rule,
            sync_batch_task_id: order.batch,
            task_trigger: if order.by_hand {
                "INITIATIVE"
            } else {
                "PASSIVE"
            }
            .to_owned(),
            custom_link: Some(!order.link.is_empty()),
            link_id: order.link,
            create_time: made,
            modifed_time: made,
            modified_time: made,
            priority: Some(order.priority),
            cross_user: Some(order.cross_user),
            sync_trans_accelerate: Some(false),
            image_from: Some(order.from),
            image_to: Some(order.to),
            ..SyncTask::default()
        };
        source
            .tasks
            .push(Task::new(record, course, image, order.overrides));
        Ok(id)
    }
}
