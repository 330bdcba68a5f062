//! Latencies of copies.

use registry_replication::LagSummary;

use super::Table;
use super::records::duration;

/// Formats a row for each destination and rule.
pub(crate) fn lag(rows: &[LagSummary]) -> String {
    if rows.is_empty() {
        return "no tasks\n".to_owned();
    }
    let mut table = Table::new(&[
        "DESTINATION",
        "RULE",
        "COUNT",
        "P50",
        "P90",
        "P99",
        "MAX",
        "FAILED",
        "OTHERS",
    ]);
    for row in rows {
        table.add_row([
            row.destination.clone().unwrap_or_default(),
            row.rule.clone().unwrap_or_default(),
            row.count.to_string(),
            time(row.p50_ms),
            time(row.p90_ms),
            time(row.p99_ms),
            time(row.max_ms),
            row.failed.to_string(),
            others(row),
        ]);
    }
    table.finish()
}

/// Rounds to the nearest second.
fn time(millis: Option<u64>) -> String {
    let seconds = millis.map(|millis| millis.saturating_add(500) / 1000);
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map(duration).unwrap_or_default()
}

/// Formats the tasks without a latency: `34 cancelled, 92 running`.
fn others(row: &LagSummary) -> String {
    let parts = [
        (row.cancelled, "cancelled"),
        (row.already_there, "already there"),
        (row.running, "running"),
        (row.untimed, "untimed"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count != 0);
    let parts: Vec<_> = parts
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    parts.join(", ")
}
