//! What the program knows as tables for people.

mod arrivals;
mod lag;
mod records;

use comfy_table::{ContentArrangement, Table, presets};
use registry_replication::api::{self, Operation, Service};

use crate::api::{Row, example, place};
use crate::doctor::Finding;
pub(crate) use arrivals::{arrivals, explained, noted};
pub(crate) use lag::lag;
pub(crate) use records::{duration, executions, rules, subtasks, tasks};

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
    let body = operation.body.map_or_else(String::new, |body| {
        format!(
            "\nIt takes a JSON body, {}, such as\n{:#}\n",
            body.name,
            example(&body)
        )
    });
    if operation.parameters.is_empty() {
        return format!("{text}{body}");
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
    format!("{text}\n{}{body}", finish(&table))
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
