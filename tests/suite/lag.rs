//! Tests of copy latencies: counting, merging, and streams of tasks.

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use insta::assert_json_snapshot;
use proptest::prelude::*;
use registry_replication::{Error, Lag, LagSummary, Task, Timestamp};
use registry_tests::noon;
use serde_json::{Value, json};

/// 30 days, in milliseconds.
const LONGEST: u64 = 30 * 24 * 60 * 60 * 1000;

fn changed(changes: Value) -> Task {
    let mut task = json!({
        "provider": "acmecloud", "kind": "replication", "id": "rst-1", "rule": "crsr-1",
        "state": "succeeded", "source": { "region": "cn-hangzhou" },
        "destination": { "region": "cn-shenzhen" },
        "created": noon(), "ended": noon(),
    });
    for (name, value) in changes.as_object().unwrap() {
        task[name] = value.clone();
    }
    serde_json::from_value(task).unwrap()
}

fn after(millis: u64) -> Timestamp {
    noon() + std::time::Duration::from_millis(millis)
}

fn took(id: usize, millis: u64) -> Task {
    changed(json!({ "id": format!("rst-{id}"), "ended": after(millis) }))
}

/// Returns the counts that are not zero, as `name=number`.
fn counts(row: &LagSummary) -> String {
    let counts = [
        ("count", row.count),
        ("untimed", row.untimed),
        ("failed", row.failed),
        ("cancelled", row.cancelled),
        ("already_there", row.already_there),
        ("running", row.running),
    ];
    let shown = counts.iter().filter(|(_, count)| *count > 0);
    let shown = shown.map(|(name, count)| format!("{name}={count}"));
    shown.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_task_counts_as() {
    let seven = after(7_000);
    let starts = after(2_000);
    for (task, expected, max) in [
        (json!({ "ended": seven }), "count=1", Some(7_000)),
        (
            json!({ "ended": seven, "started": starts }),
            "count=1",
            Some(7_000),
        ),
        // Of the Enterprise edition, whose tasks do not say when they were made.
        (
            json!({ "created": null, "ended": seven, "started": starts }),
            "count=1",
            Some(5_000),
        ),
        (
            json!({ "created": null, "ended": seven }),
            "untimed=1",
            None,
        ),
        (json!({ "ended": null }), "untimed=1", None),
        // Two clocks.
        (json!({ "created": seven }), "count=1", Some(0)),
        (
            json!({ "ended": after(LONGEST + 1) }),
            "count=1",
            Some(LONGEST),
        ),
        (json!({ "state": "failed" }), "failed=1", None),
        (json!({ "state": "timed-out" }), "failed=1", None),
        (json!({ "state": "cancelled" }), "cancelled=1", None),
        (json!({ "state": "already-there" }), "already_there=1", None),
        (json!({ "state": "waiting" }), "running=1", None),
        (json!({ "state": "running" }), "running=1", None),
        (json!({ "state": { "unknown": "Odd" } }), "running=1", None),
    ] {
        let lag: Lag = [&changed(task.clone())].into_iter().collect();
        let rows = lag.summaries();
        assert_eq!(rows.len(), 1, "{task}");
        assert_eq!(counts(&rows[0]), expected, "{task}");
        assert_eq!(rows[0].max_ms, max, "{task}");
        assert_eq!(rows[0].p50_ms, max, "{task}");
    }
    let lag: Lag = [&changed(json!({ "kind": "retention" }))]
        .into_iter()
        .collect();
    assert!(lag.summaries().is_empty(), "it copies nothing");
}

#[test]
fn each_destination_and_rule_has_a_row() {
    let tasks = [
        json!({}),
        json!({ "rule": "crsr-2" }),
        json!({ "rule": null }),
        json!({ "destination": { "region": "cn-beijing", "instance": "cri-2", "namespace": "a" } }),
        json!({ "destination": { "namespace": "copies" }, "provider": "somecloud" }),
        json!({ "destination": null }),
        json!({ "destination": { "region": "cn-shenzhen", "repository": "other" } }),
    ];
    let tasks = tasks.map(changed);
    let lag: Lag = tasks.iter().collect();
    let row = |row: &LagSummary| {
        let destination = row.destination.as_deref().unwrap_or("-");
        let rule = row.rule.as_deref().unwrap_or("-");
        format!("{} | {destination} | {rule} | {}", row.provider, row.count)
    };
    assert_eq!(
        lag.summaries().iter().map(row).collect::<Vec<_>>(),
        [
            "acmecloud | - | crsr-1 | 1",
            "acmecloud | cn-beijing cri-2 | crsr-1 | 1",
            "acmecloud | cn-shenzhen | - | 1",
            "acmecloud | cn-shenzhen | crsr-1 | 2",
            "acmecloud | cn-shenzhen | crsr-2 | 1",
            "somecloud | copies | crsr-1 | 1",
        ]
    );
}

/// Returns a percentile: the smallest time that this percentage does not exceed.
fn exact(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() * percent).div_ceil(100).max(1) - 1]
}

fn times() -> impl Strategy<Value = Vec<u64>> {
    // Short times, which are exact, and long times, which are rounded.
    let time = prop_oneof![0..3_000_u64, 0..100_000_u64, 0..LONGEST];
    prop::collection::vec(time, 1..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_percentile_is_no_less_than_it_stands_for_and_little_more(mut times in times()) {
        let tasks: Vec<Task> = times.iter().enumerate().map(|(id, time)| took(id, *time)).collect();
        let lag: Lag = tasks.iter().collect();
        let row = lag.summaries().remove(0);
        times.sort_unstable();
        prop_assert_eq!(row.count, times.len() as u64);
        prop_assert_eq!(row.max_ms, times.last().copied());
        for (percent, shown) in [(50, row.p50_ms), (90, row.p90_ms), (99, row.p99_ms)] {
            let (exact, shown) = (exact(&times, percent), shown.unwrap());
            prop_assert!(shown >= exact && shown - exact <= exact / 1000, "{} {} {}", percent, exact, shown);
        }
    }

    #[test]
    fn parts_merge_to_the_whole(parts in prop::collection::vec(
        prop::collection::vec((0..2_usize, 0..5_usize, 0..600_000_u64), 0..20), 0..4,
    )) {
        const STATES: [&str; 5] = ["succeeded", "failed", "cancelled", "already-there", "running"];
        let task = |(rule, state, time): &(usize, usize, u64)| changed(json!({
            "rule": format!("crsr-{rule}"), "state": STATES[*state], "ended": after(*time),
        }));
        let parts: Vec<Vec<Task>> = parts.iter().map(|part| part.iter().map(task).collect()).collect();
        let whole: Lag = parts.iter().flatten().collect();
        let mut merged = Lag::new();
        for part in &parts {
            merged.merge(&part.iter().collect());
        }
        prop_assert_eq!(merged.summaries(), whole.summaries());
        let mut backwards = Lag::new();
        for part in parts.iter().rev() {
            backwards.merge(&part.iter().collect());
        }
        prop_assert_eq!(backwards.summaries(), whole.summaries());
    }

    /// However often a listing is repeated, and in whatever state its tasks are, the final counts are
    /// those of the final states.
    #[test]
    fn tasks_that_come_again_count_once(
        looks in prop::collection::vec(prop::collection::vec(0..4_usize, 6), 1..6),
    ) {
        const STATES: [&str; 4] = ["waiting", "running", "failed", "succeeded"];
        // A task that has succeeded stays so.
        let mut now = [0_usize; 6];
        let mut tasks = Vec::new();
        for look in &looks {
            for (id, state) in look.iter().enumerate() {
                now[id] = if now[id] == 3 { 3 } else { *state };
                tasks.push(changed(json!({
                    "id": format!("rst-{id}"), "state": STATES[now[id]],
                    "ended": (now[id] > 1).then(|| after(1000 * id as u64)),
                })));
            }
        }
        let last = &tasks[tasks.len() - 6..];
        let once: Lag = last.iter().collect();
        let mut follower = Lag::follow(stream::iter(tasks.iter().cloned().map(Ok)));
        let rows: Vec<LagSummary> = rows(&mut follower);
        prop_assert_eq!(follower.lag().summaries(), once.summaries());
        if let Some(row) = rows.last() {
            let settled = row.count + row.failed + row.running;
            prop_assert!((1..=6).contains(&settled), "{:?}", row);
        }
    }
}

fn rows(follower: &mut registry_replication::LagFollower<'_>) -> Vec<LagSummary> {
    // The stream yields now and then, and is ready again at once.
    let rows = follower.try_collect::<Vec<_>>();
    futures_util::future::poll_immediate(tokio::task::unconstrained(rows))
        .now_or_never()
        .flatten()
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_row_comes_whenever_a_task_has_ended() {
    let state = |id: &str, state: &str| {
        let ended = (state == "succeeded").then(|| after(7_000));
        Ok(changed(json!({ "id": id, "state": state, "ended": ended })))
    };
    let no = || Error::configuration("no page");
    let tasks: Vec<Result<Task, Error>> = vec![
        state("1", "waiting"),
        state("2", "running"),
        state("1", "running"),
        state("2", "failed"),
        Err(no()),
        state("1", "succeeded"),
        state("2", "failed"),
        state("1", "succeeded"),
        // Tried again.
        state("2", "running"),
        state("2", "succeeded"),
        // As stale listings say.
        state("2", "running"),
    ];
    let mut follower = Lag::follow(stream::iter(tasks));
    let mut seen = Vec::new();
    while let Some(row) = follower.next().await {
        seen.push(match row {
            Ok(row) => counts(&row),
            Err(error) => error.to_string(),
        });
    }
    assert_eq!(
        seen,
        [
            "failed=1 running=1",
            "no page",
            "count=1 failed=1",
            "count=2",
        ]
    );
    let rows = follower.into_lag().summaries();
    assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), ["count=2"]);
}

#[tokio::test]
async fn a_destination_that_is_told_late_counts_there() {
    let tasks = [
        json!({ "state": "running", "destination": null }),
        json!({ "ended": after(7_000) }),
        // The same id elsewhere is another task.
        json!({ "ended": after(7_000), "source": { "region": "cn-beijing" } }),
    ];
    let tasks = stream::iter(tasks.map(|task| Ok(changed(task))));
    let mut follower = Lag::follow(tasks);
    let last = follower
        .by_ref()
        .try_fold(None, |_, row| async { Ok(Some(row)) });
    assert_eq!(counts(&last.await.unwrap().unwrap()), "count=2");
    let rows = follower.lag().summaries();
    assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), ["count=2"]);
}

#[tokio::test]
async fn a_long_listing_gives_way_and_comes_to_its_end() {
    let running = |id| changed(json!({ "id": format!("rst-{id}"), "state": "running" }));
    let tasks = (0..1_000).map(running).map(Ok);
    let mut follower = Lag::follow(stream::iter(tasks));
    assert!(follower.next().now_or_never().is_none(), "it gives way");
    assert!(follower.next().await.is_none(), "no task has ended");
    assert_eq!(counts(&follower.lag().summaries()[0]), "running=1000");
}

#[test]
fn rows_have_a_schema_and_are_read_back() {
    assert_json_snapshot!("schema-lag", schemars::schema_for!(LagSummary));
    let lag: Lag = [took(1, 7_000), took(2, 90_000)].iter().collect();
    let row = lag.summaries().remove(0);
    assert_json_snapshot!("row", row);
    let text = serde_json::to_string(&row).unwrap();
    assert_eq!(serde_json::from_str::<LagSummary>(&text).unwrap(), row);
}
