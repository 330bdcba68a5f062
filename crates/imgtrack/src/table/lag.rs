//! Columns of latencies.

use registry_replication::LagSummary;

use super::cell::Cell;
use super::column::{Column, Row};

impl Row for LagSummary {
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("destination", |row: &Self| {
            Cell::text(row.destination.as_ref())
        }),
        Column::new("rule", |row: &Self| Cell::text(row.rule.as_ref())).rank(5),
        Column::new("count", |row: &Self| Cell::count(row.count)).rank(4),
        Column::new("p50", |row: &Self| time(row.p50_ms)),
        Column::new("p90", |row: &Self| time(row.p90_ms)).rank(3),
        Column::new("p99", |row: &Self| time(row.p99_ms)),
        Column::new("max", |row: &Self| time(row.max_ms)).rank(2),
        Column::new("failed", |row: &Self| Cell::count(row.failed)),
        Column::new("others", |row: &Self| Cell::Text(others(row)))
            .rank(1)
            .narrow(),
        Column::new("cancelled", |row: &Self| Cell::count(row.cancelled)).wide(),
        Column::new("already-there", |row: &Self| Cell::count(row.already_there)).wide(),
        Column::new("running", |row: &Self| Cell::count(row.running)).wide(),
        Column::new("untimed", |row: &Self| Cell::count(row.untimed)).wide(),
    ];
}

fn time(millis: Option<u64>) -> Cell {
    Cell::Took(millis.and_then(|millis| i64::try_from(millis).ok()))
}

/// Formats the tasks without a latency: `34 cancelled, 92 running`.
fn others(row: &LagSummary) -> String {
    let parts = [
        (row.cancelled, "cancelled"),
        (row.already_there, "already-there"),
        (row.running, "running"),
        (row.untimed, "untimed"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}
