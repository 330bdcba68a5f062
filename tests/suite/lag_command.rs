//! Shared code of tests of `imgtrack lag`. They count the sandbox's fleet, whose times are fixed.

use std::collections::BTreeMap;

use registry_replication::Timestamp;
use serde_json::Value;

use crate::input::is_refused_unsent;
use crate::program::{Trial, output};

/// Returns the rows or tasks of a run with JSON.
pub(crate) fn listed(words: &[&[&str]]) -> Vec<Value> {
    let words = [&words.concat()[..], &["-o", "json"]].concat();
    serde_json::from_str(&output(&words)).unwrap()
}

/// Returns the sum of a count over the rows.
pub(crate) fn sum(rows: &[Value], count: &str) -> u64 {
    rows.iter().map(|row| row[count].as_u64().unwrap()).sum()
}

/// Returns the rows of a run of `lag`, and the number of requests.
pub(crate) async fn rows(trial: &Trial, words: &[&[&str]]) -> (Vec<Value>, u64) {
    let before = trial.sandbox.requests();
    let (code, out, err) = trial.run(&[&words.concat(), &["-o", "json"]]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
    (rows, trial.sandbox.requests() - before)
}

/// Checks the rows of `lag` against the listed tasks.
pub(crate) fn agree(tasks: &[&str], whose: &[&str], place: &[&str]) {
    let tasks = listed(&[&["tasks"], tasks, place]);
    let rows = listed(&[&["lag"], whose, place]);

    let mut states: BTreeMap<&str, u64> = BTreeMap::new();
    for task in &tasks {
        *states.entry(task["state"].as_str().unwrap()).or_default() += 1;
    }
    let states = |words: &[&str]| words.iter().filter_map(|word| states.get(word)).sum();
    let counts: [(&str, u64); 6] = [
        ("count", states(&["succeeded"])),
        ("untimed", 0),
        ("failed", states(&["failed", "timed-out"])),
        ("cancelled", states(&["cancelled"])),
        ("already_there", states(&["already-there"])),
        ("running", states(&["waiting", "running"])),
    ];
    for (name, count) in counts {
        assert_eq!(sum(&rows, name), count, "{name} of {whose:?}: {rows:?}");
    }

    let copied = tasks.iter().filter(|task| task["state"] == "succeeded");
    let mut took: Vec<i128> = copied
        .map(|task| {
            let time = |name: &str| {
                let time = task.get(name)?.as_str()?;
                Some(time.parse::<Timestamp>().unwrap().as_nanosecond())
            };
            let begun = time("created").or(time("started"));
            (time("ended").unwrap() - begun.unwrap()) / 1_000_000
        })
        .collect();
    took.sort_unstable();
    let slowest = rows.iter().filter_map(|row| row["max_ms"].as_i64()).max();
    assert_eq!(slowest.map(i128::from), took.last().copied(), "{whose:?}");
    if let [row] = &rows[..] {
        for (name, percent) in [("p50_ms", 50), ("p90_ms", 90), ("p99_ms", 99)] {
            let exact = took[(took.len() * percent).div_ceil(100) - 1];
            let told = i128::from(row[name].as_i64().unwrap());
            let near = exact..=exact + exact / 1000 + 1;
            assert!(
                near.contains(&told),
                "{name} of {whose:?}: {told} for {exact}"
            );
        }
    }
}

#[tokio::test]
async fn a_lag_needs_a_registry() {
    let trial = Trial::start().await;
    is_refused_unsent(&trial, &["lag", "--sandbox"], "missing --registry").await;
}
