//! Tasks that exist when the sandbox starts. They do not change, but calls can stop them.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::Value;

use crate::sides::huaweicloud::words;

/// Source of the subtasks of such a task.
#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) enum Parts {
    Listed(Vec<Value>),
    /// Derived from the task.
    Made(fn(&Value) -> Vec<Value>),
}

#[derive(Debug, Clone)]
pub(in crate::sides::huaweicloud) struct Fixed {
    /// Computed when a call first needs it, and shared with the fleet until a call stops a task.
    shared: Arc<LazyLock<Shared, Make>>,
    parts: Parts,
}

type Make = Box<dyn FnOnce() -> Shared + Send + Sync>;

#[derive(Debug, Clone)]
struct Shared {
    tasks: Vec<Value>,
    states: Vec<State>,
}

/// State of a task, and the second in which it last changed, if the record tells.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) word: String,
    pub(super) changed: Option<Timestamp>,
}

impl State {
    fn of(task: &Value) -> Self {
        let changed = task["StatusRevision"].as_i64().unwrap_or_default();
        Self {
            word: task["status"].as_str().unwrap_or_default().to_owned(),
            changed: Timestamp::from_second(changed).ok(),
        }
    }
}

impl Fixed {
    pub(in crate::sides::huaweicloud) fn new(
        tasks: impl FnOnce() -> Vec<Value> + Send + Sync + 'static,
        parts: Parts,
    ) -> Self {
        Self {
            shared: later(|| {
                let tasks = tasks();
                let states = tasks.iter().map(State::of).collect();
                Shared { tasks, states }
            }),
            parts,
        }
    }

    pub(in crate::sides::huaweicloud) fn tasks(&self) -> &[Value] {
        &self.shared.tasks
    }

    /// States of the tasks, in the same order.
    pub(super) fn states(&self) -> &[State] {
        &self.shared.states
    }

    pub(super) fn parts(&self, task: i64) -> Option<Vec<Value>> {
        let task = self.tasks().iter().find(|record| record["id"] == task)?;
        Some(match &self.parts {
            Parts::Listed(parts) => parts.clone(),
            Parts::Made(made) => made(task),
        })
    }

    /// Stops tasks that have not ended.
    pub(super) fn stop(&mut self, now: Timestamp) {
        let Shared {
            mut tasks,
            mut states,
        } = Shared::clone(&self.shared);
        for (task, state) in tasks.iter_mut().zip(&mut states) {
            if !task["status"].as_str().is_some_and(words::has_ended) {
                task["status"] = Value::from("Stopped");
                task["StatusRevision"] = Value::from(now.as_second());
                words::add_times(task, None, Some(now));
                *state = State::of(task);
            }
        }
        self.shared = later(|| Shared { tasks, states });
    }
}

fn later(make: impl FnOnce() -> Shared + Send + Sync + 'static) -> Arc<LazyLock<Shared, Make>> {
    Arc::new(LazyLock::new(Box::new(make)))
}
