//! What tells a record from others of its listing.

use crate::model::{Execution, Rule, Subtask, Task};

/// A record that a listing can know again.
pub(crate) trait Keyed {
    /// Unique in its listing, and the same in every answer; empty if the vendor names no id.
    fn key(&self) -> String;
}

impl Keyed for Rule {
    fn key(&self) -> String {
        match self.id.is_empty() {
            true => String::new(),
            // Retention rules of all namespaces are one listing.
            false => self.reference().to_string(),
        }
    }
}

impl Keyed for Execution {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Keyed for Task {
    fn key(&self) -> String {
        self.id.clone()
    }
}

impl Keyed for Subtask {
    fn key(&self) -> String {
        self.id.clone()
    }
}
