//! Rules, executions, tasks and subtasks as tables.

use registry_replication::{
    Execution, FilterOn, ImageRef, Rule, RuleTrigger, Subtask, Task, TaskCounts, TaskKind,
    Timestamp,
};
use serde::Serialize;

use super::layout::Table;

/// Record of a listing.
pub(crate) trait Listed: Serialize + Sized {
    /// Text of an empty listing.
    const NOTHING: &'static str;

    /// Returns the reference that other commands take, if there is one.
    fn reference(&self) -> Option<String>;

    /// Creates the table of a listing that begins with this record.
    fn table(&self) -> Table;

    /// Returns the row of that table.
    fn row(&self) -> Vec<String>;
}

impl Listed for Task {
    const NOTHING: &'static str = "no tasks\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference().to_string())
    }

    /// A listing has tasks of one kind.
    fn table(&self) -> Table {
        Table::new(match self.kind {
            TaskKind::Retention => &["TASK", "STATE", "REPOSITORY", "KEPT", "STARTED", "TOOK"],
            _ => &["TASK", "STATE", "FROM", "TO", "STARTED", "TOOK"],
        })
    }

    fn row(&self) -> Vec<String> {
        let kept = || {
            let counts = self.retention;
            counts.map(|counts| format!("{} of {}", counts.retained, counts.total))
        };
        vec![
            self.reference().to_string(),
            state(self),
            end(self.source.as_ref()),
            match self.kind {
                TaskKind::Retention => kept().unwrap_or_default(),
                _ => end(self.destination.as_ref()),
            },
            time(self.started.or(self.created)),
            took(self.started.or(self.created), self.ended),
        ]
    }
}

impl Listed for Rule {
    const NOTHING: &'static str = "no rules\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference()?.to_string())
    }

    /// Providers fill different columns.
    fn table(&self) -> Table {
        Table::new(&[
            "RULE",
            "KIND",
            "NAME",
            "COVERS",
            "TO",
            "STARTS",
            "AUTOMATIC",
            "OVERWRITES",
            "ENABLED",
            "CREATED",
        ])
        .compact()
    }

    fn row(&self) -> Vec<String> {
        vec![
            self.reference()
                .map(|rule| rule.to_string())
                .unwrap_or_default(),
            match self.kind {
                TaskKind::Retention => "retention",
                _ => "replication",
            }
            .to_owned(),
            self.name.clone().unwrap_or_default(),
            covers(self),
            goes(self),
            starts(self),
            // A trigger tells it, too.
            yes_or_no(self.automatic.filter(|_| self.trigger.is_none())),
            yes_or_no(self.overwrites),
            yes_or_no(self.enabled),
            time(self.created),
        ]
    }
}

impl Listed for Execution {
    const NOTHING: &'static str = "no executions\n";

    fn reference(&self) -> Option<String> {
        Some(self.reference().to_string())
    }

    fn table(&self) -> Table {
        Table::new(&[
            "EXECUTION",
            "RULE",
            "STATE",
            "TASKS",
            "STARTED BY",
            "STARTED",
            "TOOK",
        ])
    }

    fn row(&self) -> Vec<String> {
        let state = match self.trial {
            Some(true) => format!("{} (trial)", self.state),
            _ => self.state.to_string(),
        };
        let trigger = self.trigger.as_ref().map(RuleTrigger::as_str);
        let started = self.started.or(self.created);
        vec![
            self.reference().to_string(),
            match self.reference().rule() {
                Some(rule) => rule.to_string(),
                None => self.rule.clone().unwrap_or_default(),
            },
            state,
            self.tasks.map(counted).unwrap_or_default(),
            trigger.unwrap_or_default().to_owned(),
            time(started),
            took(started, self.ended),
        ]
    }
}

impl Listed for Subtask {
    const NOTHING: &'static str = "no subtasks\n";

    fn reference(&self) -> Option<String> {
        None
    }

    fn table(&self) -> Table {
        Table::new(&[
            "SUBTASK", "STATE", "IMAGE", "DIGEST", "STARTED", "TOOK", "MESSAGE",
        ])
    }

    fn row(&self) -> Vec<String> {
        let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
        let image = format!(
            "{}/{}:{}",
            word(&self.namespace),
            word(&self.repository),
            word(&self.tag)
        );
        let digest = self.digest.as_deref().unwrap_or_default();
        vec![
            self.id.clone(),
            self.state.to_string(),
            image,
            // As many digits as docker prints.
            digest.chars().take("sha256:".len() + 12).collect(),
            time(self.started),
            took(self.started, self.ended),
            self.message.clone().unwrap_or_default(),
        ]
    }
}

/// Formats the images that a rule covers, with the patterns of its filters:
/// `cn-shanghai: team/.*:v.*`.
fn covers(rule: &Rule) -> String {
    let pattern = |on: FilterOn| {
        let filters = rule.filters.iter().filter(|filter| filter.on == on);
        let patterns: Vec<_> = filters
            .map(|filter| match filter.excludes {
                true => format!("!{}", filter.pattern),
                false => filter.pattern.clone(),
            })
            .collect();
        (!patterns.is_empty()).then(|| short(&patterns.join(",")))
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
fn short(text: &str) -> String {
    const LONGEST: usize = 48;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Formats the destination of a rule; names that it keeps are left out.
fn goes(rule: &Rule) -> String {
    let end = &rule.destination;
    let name = match (&end.namespace, &end.repository) {
        (Some(namespace), Some(repository)) => format!("{namespace}/{repository}"),
        (Some(namespace), None) => format!("{namespace}/*"),
        (None, _) => String::new(),
    };
    let text = format!("{}{name}", place(end));
    text.trim_end_matches(": ").to_owned()
}

/// Formats the region or registry, to put before the name.
fn place(end: &ImageRef) -> String {
    match (&end.region, &end.registry) {
        (Some(region), _) => format!("{region}: "),
        (None, Some(registry)) => format!("registry {registry}: "),
        (None, None) => String::new(),
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
        (counts.stopped, "stopped"),
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

fn state(task: &Task) -> String {
    match &task.issue {
        Some(issue) => format!("{}: {issue}", task.state),
        None => task.state.to_string(),
    }
}

fn end(image: Option<&ImageRef>) -> String {
    image.map(ImageRef::to_string).unwrap_or_default()
}

fn yes_or_no(value: Option<bool>) -> String {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
    .to_owned()
}

pub(super) fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn took(started: Option<Timestamp>, ended: Option<Timestamp>) -> String {
    match (started, ended) {
        (Some(start), Some(end)) => duration(end.as_second() - start.as_second()),
        _ => String::new(),
    }
}

/// Formats seconds: `45s`, `33m 40s`, `2h 5m`, `8d 11h`.
pub(crate) fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{}s", seconds.max(0)),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {}h", seconds / 86400, seconds % 86400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_short() {
        for (seconds, text) in [
            (-3, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (2020, "33m 40s"),
            (7500, "2h 5m"),
            (86_399, "23h 59m"),
            (734_386, "8d 11h"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
