//! Keys of records.

use crate::model::{Execution, ListedRepository, ListedTag, Rule, Subtask, Task};

/// Record that a listing can recognise.
pub(crate) trait Record {
    /// Returns a text that is unique in the listing and the same in every answer. It is empty if the
    /// service names no id.
    fn key(&self) -> String;

    /// Returns the number of bytes that count against the bound of a listing. Records of a fixed
    /// form count none.
    fn bytes(&self) -> u64 {
        0
    }
}

impl Record for Rule {
    fn key(&self) -> String {
        // Retention rules of all namespaces are one listing.
        let reference = self.reference();
        reference.map(|rule| rule.to_string()).unwrap_or_default()
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

impl Record for ListedRepository {
    fn key(&self) -> String {
        self.name.to_string()
    }
}

impl Record for ListedTag {
    fn key(&self) -> String {
        // A deleted tag and the tag that has replaced it can be in one listing.
        match self.deleted {
            Some(deleted) => format!("{}@{deleted}", self.image),
            None => self.image.to_string(),
        }
    }
}
