//! Keys of records.

use crate::model::{Execution, Rule, Subtask, Task};

/// Record that a listing can recognise.
pub(crate) trait Record {
    /// Returns a text that is unique in the listing and the same in every answer. It is empty if the
    /// service names no id.
    fn key(&self) -> String;
}

impl Record for Rule {
    fn key(&self) -> String {
        match self.id.is_empty() {
            true => String::new(),
            // Retention rules of all namespaces are one listing.
            false => self.reference().to_string(),
        }
    }
}

impl Record for Execution {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Record for Task {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Record for Subtask {
    fn key(&self) -> String {
        self.id.clone()
    }
}
