//! Columns of rules, executions, tasks and subtasks.

use registry_replication::{
    Execution, FilterOn, ImageRef, Rule, RuleTrigger, Subtask, Task, TaskCounts, TaskKind,
};
use serde::Serialize;

use super::cell::Cell;
use super::column::{Column, Row};
use crate::failure::Failure;

/// Record of a listing.
pub(crate) trait Listed: Row + Serialize {
    /// Text of an empty listing.
    const NOTHING: &'static str;

    /// Returns the reference that other commands take, if there is one.
    fn reference(&self) -> Option<String>;

    /// Returns what `-o name` prints of the record.
    fn name(&self) -> Option<String> {
        self.reference()
    }

    /// Returns the rows that tables show under the record.
    fn rows(&self) -> Vec<Self> {
        Vec::new()
    }

    /// Reads what the record lacks before it is written. Returns with it why something is missing.
    fn complete(self) -> impl Future<Output = (Self, Option<Failure>)> {
        std::future::ready((self, None))
    }
}

impl Listed for Task {
    const NOTHING: &'static str = "no tasks\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference().to_string())
    }
}

impl Row for Task {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("task", |task: &Self| {
            Cell::Text(task.reference().to_string())
        }),
        Column::new("state", |task: &Self| {
            let issue = task.issue.as_ref().map(|issue| format!(": {issue}"));
            Cell::state(&task.state, issue.unwrap_or_default())
        }),
        Column::new("from", |task: &Self| Cell::name(task.source.as_ref())),
        Column::new("to", |task: &Self| Cell::name(task.destination.as_ref())),
        Column::new("kept", |task: &Self| {
            let counts = task.retention.filter(|_| task.kind == TaskKind::Retention);
            Cell::text(counts.map(|counts| format!("{} of {}", counts.retained, counts.total)))
        })
        .rank(3),
        Column::new("started", |task: &Self| {
            Cell::Time(task.started.or(task.created))
        })
        .rank(2),
        Column::new("took", |task: &Self| {
            Cell::between(task.started.or(task.created), task.ended)
        })
        .rank(1),
        Column::new("issue", |task: &Self| Cell::text(task.issue.as_ref())).wide(),
        Column::new("kind", |task: &Self| kind(task.kind)).wide(),
        Column::new("rule", |task: &Self| Cell::text(task.rule.as_ref())).wide(),
        Column::new("created", |task: &Self| Cell::Time(task.created)).wide(),
        Column::new("updated", |task: &Self| Cell::Time(task.updated)).wide(),
        Column::new("ended", |task: &Self| Cell::Time(task.ended)).wide(),
    ];
}

impl Listed for Rule {
    const NOTHING: &'static str = "no rules\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference()?.to_string())
    }
}

impl Row for Rule {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("rule", |rule: &Self| Cell::text(rule.reference())),
        Column::new("kind", |rule: &Self| kind(rule.kind)).rank(3),
        Column::new("name", |rule: &Self| Cell::text(rule.name.as_ref())).rank(4),
        Column::new("covers", |rule: &Self| Cell::Abridged {
            short: covered(rule, 48),
            full: covers(rule),
        }),
        Column::new("to", |rule: &Self| Cell::Name(goes(rule))),
        Column::new("starts", |rule: &Self| Cell::Text(starts(rule))).rank(5),
        Column::new("automatic", |rule: &Self| {
            // A trigger tells it, too.
            Cell::Flag(rule.automatic.filter(|_| rule.trigger.is_none()))
        })
        .rank(4),
        Column::new("overwrites", |rule: &Self| Cell::Flag(rule.overwrites)).rank(1),
        Column::new("enabled", |rule: &Self| Cell::Flag(rule.enabled)).rank(5),
        Column::new("created", |rule: &Self| Cell::Time(rule.created)).rank(2),
        Column::new("updated", |rule: &Self| Cell::Time(rule.updated)).wide(),
    ];
}

impl Listed for Execution {
    const NOTHING: &'static str = "no executions\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference().to_string())
    }
}

impl Row for Execution {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("execution", |execution: &Self| {
            Cell::Text(execution.reference().to_string())
        }),
        Column::new("rule", |execution: &Self| {
            match execution.reference().rule() {
                Some(rule) => Cell::Text(rule.to_string()),
                None => Cell::text(execution.rule.as_ref()),
            }
        })
        .rank(4),
        Column::new("state", |execution: &Self| {
            let note = match execution.trial {
                Some(true) => " (trial)",
                _ => "",
            };
            Cell::state(&execution.state, note.to_owned())
        }),
        Column::new("tasks", |execution: &Self| {
            Cell::text(execution.tasks.map(counted))
        })
        .narrow(),
        Column::new("started-by", |execution: &Self| {
            Cell::text(execution.trigger.as_ref().map(RuleTrigger::as_str))
        })
        .rank(2),
        Column::new("started", |execution: &Self| {
            Cell::Time(execution.started.or(execution.created))
        })
        .rank(3),
        Column::new("took", |execution: &Self| {
            Cell::between(execution.started.or(execution.created), execution.ended)
        })
        .rank(1),
        Column::new("total", |execution: &Self| {
            count(execution, |all| all.total)
        })
        .wide(),
        Column::new("succeeded", |execution: &Self| {
            count(execution, |all| all.succeeded)
        })
        .wide(),
        Column::new("failed", |execution: &Self| {
            count(execution, |all| all.failed)
        })
        .wide(),
        Column::new("running", |execution: &Self| {
            count(execution, |all| all.running)
        })
        .wide(),
        Column::new("cancelled", |execution: &Self| {
            count(execution, |all| all.cancelled)
        })
        .wide(),
        Column::new("kind", |execution: &Self| kind(execution.kind)).wide(),
        Column::new("trial", |execution: &Self| Cell::Flag(execution.trial)).wide(),
        Column::new("created", |execution: &Self| Cell::Time(execution.created)).wide(),
        Column::new("updated", |execution: &Self| Cell::Time(execution.updated)).wide(),
        Column::new("ended", |execution: &Self| Cell::Time(execution.ended)).wide(),
        Column::new("message", |execution: &Self| {
            Cell::text(execution.message.as_ref())
        })
        .wide(),
    ];
}

impl Listed for Subtask {
    const NOTHING: &'static str = "no subtasks\n";

    fn reference(&self) -> Option<String> {
        None
    }
}

impl Row for Subtask {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("subtask", |subtask: &Self| Cell::Text(subtask.id.clone())),
        Column::new("state", |subtask: &Self| {
            Cell::state(&subtask.state, String::new())
        }),
        Column::new("image", |subtask: &Self| {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
            let (namespace, repository) = (word(&subtask.namespace), word(&subtask.repository));
            Cell::Name(format!("{namespace}/{repository}:{}", word(&subtask.tag)))
        }),
        Column::new("digest", |subtask: &Self| {
            Cell::Digest(subtask.digest.clone())
        })
        .rank(1),
        Column::new("started", |subtask: &Self| Cell::Time(subtask.started)).rank(3),
        Column::new("took", |subtask: &Self| {
            Cell::between(subtask.started, subtask.ended)
        })
        .rank(2),
        Column::new("message", |subtask: &Self| {
            Cell::text(subtask.message.as_ref())
        })
        .rank(4),
        Column::new("kind", |subtask: &Self| kind(subtask.kind)).wide(),
        Column::new("task", |subtask: &Self| {
            Cell::Text(subtask.task.to_string())
        })
        .wide(),
        Column::new("ended", |subtask: &Self| Cell::Time(subtask.ended)).wide(),
    ];
}

fn count(execution: &Execution, of: fn(&TaskCounts) -> Option<i64>) -> Cell {
    Cell::Count(execution.tasks.as_ref().and_then(of))
}

fn kind(kind: TaskKind) -> Cell {
    let word = match kind {
        TaskKind::Retention => "retention",
        _ => "replication",
    };
    Cell::Text(word.to_owned())
}

/// Formats the images that a rule covers, with the patterns of its filters:
/// `cn-shanghai: team/.*:v.*`.
pub(crate) fn covers(rule: &Rule) -> String {
    covered(rule, usize::MAX)
}

/// Formats the images that a rule covers, each of its patterns with at most this many characters.
fn covered(rule: &Rule, longest: usize) -> String {
    let pattern = |on: FilterOn| {
        let filters = rule.filters.iter().filter(|filter| filter.on == on);
        let patterns: Vec<_> = filters
            .map(|filter| match filter.excludes {
                true => format!("!{}", filter.pattern),
                false => filter.pattern.clone(),
            })
            .collect();
        (!patterns.is_empty()).then(|| short(&patterns.join(","), longest))
    };
    let part = |name: &Option<String>, on| name.clone().or_else(|| pattern(on));
    let name = pattern(FilterOn::Name).unwrap_or_else(|| {
        let namespace = part(&rule.source.namespace, FilterOn::Namespace);
        let repository = part(&rule.source.repository, FilterOn::Repository);
        let all = || "*".to_owned();
        format!(
            "{}/{}",
            namespace.unwrap_or_else(all),
            repository.unwrap_or_else(all)
        )
    });
    let tag = pattern(FilterOn::Tag).map(|tag| format!(":{tag}"));
    format!("{}{name}{}", place(&rule.source), tag.unwrap_or_default())
}

/// Cuts a text that would make a table too wide.
fn short(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Formats the destination of a rule; names that it keeps are left out.
pub(crate) fn goes(rule: &Rule) -> String {
    let end = &rule.destination;
    let name = match (&end.namespace, &end.repository) {
        (Some(namespace), Some(repository)) => format!("{namespace}/{repository}"),
        (Some(namespace), None) => format!("{namespace}/*"),
        (None, _) => String::new(),
    };
    let text = format!("{}{name}", place(end));
    text.trim_end_matches(": ").to_owned()
}

/// Formats the region or registry, to put before the name: `cn-shanghai: `, `backup (3): `,
/// `registry 3: `.
fn place(end: &ImageRef) -> String {
    match (&end.region, &end.registry, &end.registry_name) {
        (Some(region), _, _) => format!("{region}: "),
        (None, Some(registry), Some(name)) => format!("{name} ({registry}): "),
        (None, Some(registry), None) => format!("registry {registry}: "),
        (None, None, _) => String::new(),
    }
}

fn starts(rule: &Rule) -> String {
    let trigger = rule.trigger.as_ref().map(RuleTrigger::as_str);
    match (trigger, &rule.schedule) {
        (Some(trigger), Some(schedule)) => format!("{trigger} ({schedule})"),
        (trigger, _) => trigger.unwrap_or_default().to_owned(),
    }
}

/// Formats the tasks of an execution: `1200: 1019 succeeded, 55 failed`.
fn counted(counts: TaskCounts) -> String {
    let parts = [
        (counts.succeeded, "succeeded"),
        (counts.failed, "failed"),
        (counts.running, "running"),
        (counts.cancelled, "cancelled"),
    ];
    let parts = parts.into_iter().filter_map(|(count, what)| {
        let count = count.filter(|count| *count != 0)?;
        Some(format!("{count} {what}"))
    });
    let parts: Vec<_> = parts.collect();
    match (counts.total, parts.is_empty()) {
        (Some(total), true) => total.to_string(),
        (Some(total), false) => format!("{total}: {}", parts.join(", ")),
        (None, _) => parts.join(", "),
    }
}
