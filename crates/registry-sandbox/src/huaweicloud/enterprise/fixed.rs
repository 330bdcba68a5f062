//! Tasks that were there when the sandbox started. They stand as they are, but that they can be
//! stopped.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::huaweicloud::words;

/// How the parts of such a task come about.
#[derive(Debug, Clone)]
pub(in crate::huaweicloud) enum Parts {
    Listed(Vec<Value>),
    /// Made of the task.
    Made(fn(&Value) -> Vec<Value>),
}

#[derive(Debug, Clone)]
pub(in crate::huaweicloud) struct Fixed {
    pub(in crate::huaweicloud) tasks: Arc<Vec<Value>>,
    pub(in crate::huaweicloud) parts: Parts,
}

impl Fixed {
    pub(super) fn parts(&self, task: i64) -> Option<Vec<Value>> {
        let task = self.tasks.iter().find(|record| record["id"] == task)?;
        Some(match &self.parts {
            Parts::Listed(parts) => parts.clone(),
            Parts::Made(made) => made(task),
        })
    }

    /// Stops what has not ended.
    pub(super) fn stop(&mut self, now: Timestamp) {
        for task in Arc::make_mut(&mut self.tasks) {
            if !task["status"].as_str().is_some_and(words::has_ended) {
                task["status"] = Value::from("Stopped");
                task["StatusRevision"] = Value::from(now.as_second());
                words::add_times(task, None, Some(now));
            }
        }
    }
}
