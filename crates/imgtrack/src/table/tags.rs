//! Tasks with their subtasks, one for each tag.

use std::sync::Arc;

use futures_util::TryStreamExt;
use registry_replication::{Error, Listing, Subtask, Task};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::cell::Cell;
use super::column::{Column, Row};
use super::records::Listed;
use crate::args::TagGlob;
use crate::failure::Failure;

/// Most subtasks of a task that are read. A task with more fails.
const MOST_SUBTASKS: u64 = 10_000;

/// Task with its subtasks, or one of the subtasks as a row.
pub(crate) struct TaskTags {
    task: Arc<Task>,
    /// The subtask that this row shows.
    subtask: Option<Subtask>,
    subtasks: Vec<Subtask>,
    /// Why subtasks are missing.
    error: Option<Error>,
    unread: Option<Listing<Subtask>>,
    tags: Option<TagGlob>,
}

impl TaskTags {
    /// A task whose subtasks are read when it is written. With a pattern, only those with such tags
    /// are kept.
    pub(crate) fn new(task: Task, subtasks: Listing<Subtask>, tags: Option<TagGlob>) -> Self {
        Self {
            task: Arc::new(task),
            subtask: None,
            subtasks: Vec::new(),
            error: None,
            unread: Some(subtasks.max_records(MOST_SUBTASKS)),
            tags,
        }
    }

    fn keeps(&self, subtask: &Subtask) -> bool {
        let matches = |tags: &TagGlob| subtask.tag.as_ref().is_some_and(|tag| tags.matches(tag));
        self.tags.as_ref().is_none_or(matches)
    }

    /// Returns the cell of a column that tasks or subtasks have.
    fn cell(&self, name: &str) -> Cell {
        fn of<T: Row>(row: &T, name: &str) -> Cell {
            let column = T::COLUMNS.iter().find(|column| column.name() == name);
            column.map_or_else(|| Cell::Text(String::new()), |column| column.cell(row))
        }
        match (&self.subtask, name) {
            (None, _) | (_, "task") => of(&*self.task, name),
            // The image of a subtask is the one that was copied.
            (Some(subtask), "from") => of(subtask, "image"),
            (Some(subtask), _) => of(subtask, name),
        }
    }
}

impl Listed for TaskTags {
    const NOTHING: &'static str = Task::NOTHING;

    fn reference(&self) -> Option<String> {
        Some(self.task.reference().to_string())
    }

    fn rows(&self) -> Vec<Self> {
        let row = |subtask: &Subtask| Self {
            task: self.task.clone(),
            subtask: Some(subtask.clone()),
            subtasks: Vec::new(),
            error: None,
            unread: None,
            tags: None,
        };
        self.subtasks.iter().map(row).collect()
    }

    async fn complete(mut self) -> (Self, Option<Failure>) {
        let Some(unread) = self.unread.take() else {
            return (self, None);
        };
        let mut subtasks = std::pin::pin!(unread.by_item());
        let ended = loop {
            match subtasks.try_next().await {
                Ok(Some(subtask)) if self.keeps(&subtask) => self.subtasks.push(subtask),
                Ok(Some(_)) => {}
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        self.error.clone_from(&ended);
        let what = format!("subtasks of {}", self.task.reference());
        let failure = ended.map(|error| Failure::from(error).of(what));
        (self, failure)
    }
}

impl Row for TaskTags {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("task", |row: &Self| row.cell("task")),
        Column::new("subtask", |row: &Self| row.cell("subtask")).rank(5),
        Column::new("state", |row: &Self| row.cell("state")),
        Column::new("from", |row: &Self| row.cell("from")),
        Column::new("to", |row: &Self| row.cell("to")).rank(4),
        Column::new("kept", |row: &Self| row.cell("kept")).rank(3),
        Column::new("digest", |row: &Self| row.cell("digest"))
            .rank(0)
            .wide(),
        Column::new("started", |row: &Self| row.cell("started")).rank(2),
        Column::new("took", |row: &Self| row.cell("took")).rank(1),
        Column::new("message", |row: &Self| row.cell("message")).rank(4),
        Column::new("issue", |row: &Self| row.cell("issue")).wide(),
        Column::new("kind", |row: &Self| row.cell("kind")).wide(),
        Column::new("rule", |row: &Self| row.cell("rule")).wide(),
        Column::new("created", |row: &Self| row.cell("created")).wide(),
        Column::new("updated", |row: &Self| row.cell("updated")).wide(),
        Column::new("ended", |row: &Self| row.cell("ended")).wide(),
    ];
}

/// JSON of a task with its subtasks.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TaskTagsJson<'a> {
    #[serde(flatten)]
    task: &'a Task,
    /// Subtasks that were read, one for each tag.
    subtasks: &'a [Subtask],
    /// Why subtasks are missing. Absent if the list is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    subtasks_error: Option<String>,
}

impl Serialize for TaskTags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = TaskTagsJson {
            task: &self.task,
            subtasks: &self.subtasks,
            subtasks_error: self.error.as_ref().map(ToString::to_string),
        };
        json.serialize(serializer)
    }
}
