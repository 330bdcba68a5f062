//! What the program knows as tables for people.

mod arrivals;
mod lag;
mod layout;
mod records;

use registry_replication::api::{self, Operation, Service};

use crate::api::{Row, example, place};
use crate::doctor::Finding;
use crate::operate::Listed;
pub(crate) use arrivals::{arrivals, explained, noted};
pub(crate) use lag::lag;
pub(crate) use layout::Table;
pub(crate) use records::{
    duration, execution_heads, execution_row, rule_heads, rule_row, subtask_heads, subtask_row,
    task_heads, task_row,
};

/// All calls as a table.
pub(crate) fn calls(rows: &[Row]) -> String {
    let mut table = Table::new(&["CALL", "SERVICE", "FAMILY", "WRITES", "WHAT IT DOES"]);
    for row in rows {
        table.add_row([
            row.name.as_str(),
            row.service,
            row.family,
            if row.writes { "yes" } else { "" },
            row.summary,
        ]);
    }
    table.finish()
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
    let mut table = Table::new(&["PARAMETER", "IN", "REQUIRED", "WHAT IT IS"]);
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
    format!("{text}\n{}{body}", table.finish())
}

/// What the doctor found as a table, with what to do below each line that wants something done.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut table = Table::new(&["CLOUD", "CHECK", "STATE", "FOUND"]);
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
    table.finish()
}

/// Records of one listing as a table.
pub(crate) fn all<T: Listed>(items: &[T]) -> String {
    let Some(first) = items.first() else {
        return T::NOTHING.to_owned();
    };
    let mut table = Table::new(first.heads());
    for item in items {
        table.add_row(item.row());
    }
    table.finish()
}
