//! Tasks and rules as tables for people.

use crate::api::{Row, place};
use crate::doctor::Finding;
use comfy_table::{ContentArrangement, Table, presets};
use registry_replication::api::{self, Operation, Service};
use registry_replication::{ImageRef, Rule, Task, TaskKind, Timestamp};

/// Tasks as a table; those of one listing are of one kind.
pub(crate) fn tasks(tasks: &[Task]) -> String {
    if tasks.is_empty() {
        return "no tasks\n".to_owned();
    }
    let retention = tasks.iter().any(|task| task.kind == TaskKind::Retention);
    let mut table = empty();
    if retention {
        table.set_header(["TASK", "STATE", "REPOSITORY", "KEPT", "STARTED", "TOOK"]);
    } else {
        table.set_header(["TASK", "STATE", "FROM", "TO", "STARTED", "TOOK"]);
    }
    for task in tasks {
        let kept = task.retention.map_or_else(String::new, |counts| {
            format!("{} of {}", counts.retained, counts.total)
        });
        table.add_row([
            task.id.clone(),
            state(task),
            end(task.source.as_ref()),
            if retention {
                kept
            } else {
                end(task.destination.as_ref())
            },
            time(task.started.or(task.created)),
            took(task),
        ]);
    }
    finish(&table)
}

/// Rules as a table.
pub(crate) fn rules(rules: &[Rule]) -> String {
    if rules.is_empty() {
        return "no rules\n".to_owned();
    }
    let mut table = empty();
    table.set_header(["RULE", "FROM", "TO", "AUTOMATIC", "OVERWRITES", "CREATED"]);
    for rule in rules {
        table.add_row([
            rule.id.clone(),
            end(Some(&rule.source)),
            end(Some(&rule.destination)),
            yes_or_no(rule.automatic),
            yes_or_no(rule.overwrites),
            time(rule.created),
        ]);
    }
    finish(&table)
}

/// All calls as a table.
pub(crate) fn calls(rows: &[Row]) -> String {
    let mut table = empty();
    table.set_header(["CALL", "SERVICE", "FAMILY", "WRITES", "WHAT IT DOES"]);
    for row in rows {
        table.add_row([
            row.name.as_str(),
            row.service,
            row.family,
            if row.writes { "yes" } else { "" },
            row.summary,
        ]);
    }
    finish(&table)
}

/// A call, and what it takes.
pub(crate) fn call(service: Service, operation: &Operation) -> String {
    let mut text = format!(
        "{service}:{}\n{}\n{} {}\n",
        operation.name, operation.summary, operation.method, operation.path
    );
    let notes = [
        (operation.access == api::Access::Write, "It changes things."),
        (
            operation.paging != api::Paging::None,
            "--all reads all of its pages.",
        ),
    ];
    for (_, note) in notes.into_iter().filter(|(holds, _)| *holds) {
        text.push_str(&format!("{note}\n"));
    }
    if let Some(body) = &operation.body {
        text.push_str(&format!("It takes a JSON body, {}.\n", body.name));
    }
    if operation.parameters.is_empty() {
        return text;
    }
    let mut table = empty();
    table.set_header(["PARAMETER", "IN", "REQUIRED", "WHAT IT IS"]);
    for parameter in operation.parameters {
        let values = match parameter.values.is_empty() {
            true => String::new(),
            false => format!(" One of {}.", parameter.values.join(", ")),
        };
        table.add_row([
            parameter.name.to_owned(),
            place(parameter.place).to_owned(),
            if parameter.required { "yes" } else { "" }.to_owned(),
            format!("{}{values}", parameter.about),
        ]);
    }
    format!("{text}\n{}", finish(&table))
}

/// What the doctor found as a table, with what to do below each line that wants something done.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut table = empty();
    table.set_header(["CLOUD", "CHECK", "STATE", "FOUND"]);
    for finding in findings {
        table.add_row([
            finding.cloud,
            finding.check,
            finding.state.as_str(),
            &finding.found,
        ]);
        let advice = finding.advice.as_deref().unwrap_or_default();
        for (number, line) in advice.lines().enumerate() {
            let mark = if number == 0 { "→" } else { "  " };
            table.add_row(["", "", "", &format!("{mark} {line}")]);
        }
    }
    finish(&table)
}

fn empty() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn finish(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        // The first column's padding would indent every line.
        text.push_str(line.strip_prefix(' ').unwrap_or(&line).trim_end());
        text.push('\n');
    }
    text
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

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn took(task: &Task) -> String {
    match (task.started.or(task.created), task.ended) {
        (Some(start), Some(end)) => duration(end.as_second() - start.as_second()),
        _ => String::new(),
    }
}

/// Seconds as people say them: `45s`, `33m 40s`, `2h 5m`.
fn duration(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{}s", seconds.max(0)),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        _ => format!("{}h {}m", seconds / 3600, seconds % 3600 / 60),
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
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
