//! Synchronization tasks.

use serde_json::Value;

use super::paging::Total;
use super::{Call, Fields, field, fields, without};
use crate::sides::alibabacloud::errors::Refusal;
use crate::sides::alibabacloud::world::{Order, Place, fresh_batch};

/// Fields of the listing that the answer about one task does not have.
const LISTED_ONLY: [&str; 5] = [
    "CreateTime",
    "CustomLink",
    "LinkId",
    "ModifedTime",
    "ModifiedTime",
];

impl Call<'_> {
    pub(super) fn create_task(&mut self) -> Result<Fields, Refusal> {
        let from = self.source()?;
        self.check_target()?;
        let target = self.world.instance(self.text("TargetInstanceId"))?;
        let image = (
            self.text("TargetNamespace"),
            self.text("TargetRepoName"),
            self.text("TargetTag"),
        );
        let order = Order {
            from,
            to: Place::new(&target.record, image),
            batch: fresh_batch(),
            by_hand: true,
            // The page names no default. This one is safe.
            overrides: self.parameters.boolean("Override").unwrap_or(false),
            cross_user: self.is_to_another_account(),
            priority: self.priority(),
            ..Order::default()
        };
        self.start(order)
    }

    pub(super) fn create_task_by_rule(&mut self) -> Result<Fields, Refusal> {
        let from = self.source()?;
        let id = self.text("SyncRuleId");
        let mut rules = self.instance()?.rules.iter();
        let rule = rules.find(|rule| rule.sync_rule_id == id);
        let rule = rule.ok_or_else(Refusal::no_sync_rule)?;
        if rule.runs_on_push() {
            return Err(Refusal::automatic_rule());
        }
        let (namespace, name, tag) = from.image();
        if !rule.covers(namespace, name, tag) {
            return Err(Refusal::not_covered());
        }
        let order = Order {
            by_hand: true,
            priority: self.priority(),
            ..self.world.order(rule, from.image(), &fresh_batch())?
        };
        self.start(order)
    }

    fn start(&mut self, order: Order) -> Result<Fields, Refusal> {
        let id = self.world.start(order, self.plans, self.now)?;
        Ok(field("SyncTaskId", id))
    }

    fn priority(&self) -> i64 {
        self.parameters.integer("Priority").unwrap_or(3)
    }

    /// Returns the image of RepoId and Tag, which must exist.
    fn source(&self) -> Result<Place, Refusal> {
        let instance = self.instance()?;
        let repository = instance.repository_by_id(self.text("RepoId"))?;
        let tag = repository.tag(self.text("Tag"))?;
        let record = &repository.record;
        let image = (
            record.repo_namespace_name.as_str(),
            record.repo_name.as_str(),
            tag.tag.as_str(),
        );
        Ok(Place::new(&instance.record, image))
    }

    pub(super) fn get_task(&self) -> Result<Fields, Refusal> {
        let instance = self.instance()?;
        let id = self.text("SyncTaskId");
        let task = instance.tasks.iter().find(|task| task.id() == id);
        let task = task.ok_or_else(Refusal::no_sync_task)?;
        let from = task.record().image_from.clone().unwrap_or_default();
        let (namespace, name, tag) = from.image();
        let repository = instance.repository(namespace, name).ok();
        let image = repository.and_then(|repository| repository.tags.get(tag));
        let mut shown = without(&task.shown(self.now), &LISTED_ONLY);
        shown.extend(fields(&task.progress(self.now, image)));
        Ok(shown)
    }

    /// Lists tasks, newest first. The order is invented, because the page names none.
    pub(super) fn list_tasks(&self) -> Result<Fields, Refusal> {
        let wanted = self.wanted(["RepoNamespaceName", "RepoName", "Tag", "SyncRecordId"]);
        let tasks = self.instance()?.tasks.iter().rev();
        let tasks: Vec<_> = tasks
            .filter(|task| {
                let record = task.record();
                let image = record.image_from.as_ref();
                let (namespace, name, tag) = image.map(Place::image).unwrap_or_default();
                wanted.fits([namespace, name, tag, &record.sync_batch_task_id])
            })
            .collect();
        let listing = ("SyncTasks", Total::Text);
        let shown = self.numbered(listing, &tasks, |task| {
            Value::Object(fields(&task.shown(self.now)))
        });
        Ok(shown)
    }

    pub(super) fn cancel_task(&mut self) -> Result<Fields, Refusal> {
        let (id, now) = (self.text("SyncTaskId").to_owned(), self.now);
        let mut tasks = self.instance_mut()?.tasks.iter_mut();
        let task = tasks.find(|task| task.id() == id);
        let task = task.ok_or_else(Refusal::no_sync_task)?;
        match task.cancel(now) {
            true => Ok(Fields::new()),
            false => Err(Refusal::task_has_ended()),
        }
    }
}
