//! Rules, executions, tasks and subtasks as tables.

use registry_replication::{
    Execution, FilterOn, ImageRef, Provider, Rule, RuleTrigger, Subtask, Task, TaskCounts,
    TaskKind, Timestamp,
};

/// The heads of a table of tasks; those of one listing are of one kind.
pub(crate) fn task_heads(first: &Task) -> &'static [&'static str] {
    match first.kind {
        TaskKind::Retention => &["TASK", "STATE", "REPOSITORY", "KEPT", "STARTED", "TOOK"],
        _ => &["TASK", "STATE", "FROM", "TO", "STARTED", "TOOK"],
    }
}

/// A task as a row, by the name that it is given.
pub(crate) fn task_row(task: &Task, name: String) -> Vec<String> {
    let kept = || {
        let counts = task.retention;
        counts.map(|counts| format!("{} of {}", counts.retained, counts.total))
    };
    vec![
        name,
        state(task),
        end(task.source.as_ref()),
        match task.kind {
            TaskKind::Retention => kept().unwrap_or_default(),
            _ => end(task.destination.as_ref()),
        },
        time(task.started.or(task.created)),
        took(task.started.or(task.created), task.ended),
    ]
}

/// The heads of a table of rules; those of one listing are of one registry.
pub(crate) fn rule_heads(first: &Rule) -> &'static [&'static str] {
    match first.provider {
        Provider::HuaweicloudBasic => &["RULE", "FROM", "TO", "AUTOMATIC", "OVERWRITES", "CREATED"],
        _ => &["RULE", "KIND", "NAME", "COVERS", "TO", "STARTS", "ENABLED"],
    }
}

/// A rule as a row.
pub(crate) fn rule_row(rule: &Rule) -> Vec<String> {
    match rule.provider {
        // They cover one repository each, and copy it under its own name.
        Provider::HuaweicloudBasic => vec![
            rule.id.clone(),
            end(Some(&rule.source)),
            end(Some(&rule.destination)),
            yes_or_no(rule.automatic),
            yes_or_no(rule.overwrites),
            time(rule.created),
        ],
        // They cover what fits their filters.
        _ => vec![
            rule.reference().to_string(),
            match rule.kind {
                TaskKind::Retention => "retention",
                _ => "replication",
            }
            .to_owned(),
            rule.name.clone().unwrap_or_default(),
            covers(rule),
            goes(rule),
            starts(rule),
            yes_or_no(rule.enabled),
        ],
    }
}

/// Where a rule looks and which images it finds there, by patterns where it has some:
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

/// A text that would make a table too wide, cut.
fn short(text: &str) -> String {
    const LONGEST: usize = 48;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Where a rule copies to; names that it keeps are not said again.
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

/// The region or registry of an end, before its name.
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

/// The heads of a table of executions.
pub(crate) fn execution_heads(_: &Execution) -> &'static [&'static str] {
    &[
        "EXECUTION",
        "RULE",
        "STATE",
        "TASKS",
        "STARTED BY",
        "STARTED",
        "TOOK",
    ]
}

/// An execution as a row.
pub(crate) fn execution_row(execution: &Execution) -> Vec<String> {
    let state = match execution.trial {
        Some(true) => format!("{} (trial)", execution.state),
        _ => execution.state.to_string(),
    };
    let trigger = execution.trigger.as_ref().map(RuleTrigger::as_str);
    let started = execution.started.or(execution.created);
    vec![
        execution.reference().to_string(),
        match execution.reference().rule() {
            Some(rule) => rule.to_string(),
            None => execution.rule.clone().unwrap_or_default(),
        },
        state,
        execution.tasks.map(counted).unwrap_or_default(),
        trigger.unwrap_or_default().to_owned(),
        time(started),
        took(started, execution.ended),
    ]
}

/// `1200: 1019 succeeded, 55 failed`
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

/// The heads of a table of subtasks.
pub(crate) fn subtask_heads(_: &Subtask) -> &'static [&'static str] {
    &[
        "SUBTASK", "STATE", "IMAGE", "DIGEST", "STARTED", "TOOK", "MESSAGE",
    ]
}

/// A subtask as a row.
pub(crate) fn subtask_row(subtask: &Subtask) -> Vec<String> {
    let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let image = format!(
        "{}/{}:{}",
        word(&subtask.namespace),
        word(&subtask.repository),
        word(&subtask.tag)
    );
    let digest = subtask.digest.as_deref().unwrap_or_default();
    vec![
        subtask.id.clone(),
        subtask.state.to_string(),
        image,
        // As much as containers' own programs show.
        digest.chars().take("sha256:".len() + 12).collect(),
        time(subtask.started),
        took(subtask.started, subtask.ended),
        subtask.message.clone().unwrap_or_default(),
    ]
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

/// Seconds as people say them: `45s`, `33m 40s`, `2h 5m`, `8d 11h`.
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
