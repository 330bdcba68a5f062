//! imgtrack lag, over the tasks of the sandbox's fleet, whose times are fixed.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use registry_replication::Timestamp;
use registry_sandbox::world;
use serde_json::Value;

use crate::deploy_gate::Trial;
use crate::program::output;

const ENTERPRISE: [&str; 3] = ["--registry", "huaweicloud-enterprise", "--sandbox"];
const BASIC: [&str; 3] = ["--registry", "huaweicloud-basic", "--sandbox"];
const ALIBABACLOUD: [&str; 5] = [
    "--registry",
    "alibabacloud",
    "--sandbox",
    "--instance",
    world::alibabacloud::FLEET_INSTANCE_ID,
];

/// Rows or tasks of a run with JSON.
fn listed(words: &[&[&str]]) -> Vec<Value> {
    let words = [&words.concat()[..], &["-o", "json"]].concat();
    serde_json::from_str(&output(&words)).unwrap()
}

fn sum(rows: &[Value], count: &str) -> u64 {
    rows.iter().map(|row| row[count].as_u64().unwrap()).sum()
}

#[test]
fn tables_and_rows() {
    for (name, whose, place) in [
        ("instance", &[][..], &ALIBABACLOUD[..]),
        ("image", &["team/api"], &ALIBABACLOUD),
        ("repository", &["team/api"], &BASIC),
        ("execution", &["301"], &ENTERPRISE),
        ("rule", &["--rule", "12"], &ENTERPRISE),
        ("executions", &[], &ENTERPRISE),
        ("newest", &["--executions", "1"], &ENTERPRISE),
        ("nothing", &["--rule", "21"], &ENTERPRISE),
    ] {
        let table = [&["lag"], whose, place].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
    }
    for (name, whose, place) in [
        ("repository", &["team/api"][..], &BASIC),
        ("execution", &["301"], &ENTERPRISE),
        ("nothing", &["--rule", "21"], &ENTERPRISE),
    ] {
        let json = [&["lag"], whose, place, &["-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

#[test]
fn rows_say_what_the_listed_tasks_say() {
    for (tasks, whose, place) in [
        (
            &["team/api:v43"][..],
            &["team/api:v43"][..],
            &ALIBABACLOUD[..],
        ),
        (&["team/api"], &["team/api"], &ALIBABACLOUD),
        (&["team/api"], &["team/api"], &BASIC),
        (&["301"], &["301"], &ENTERPRISE),
        (&["83"], &["--rule", "12"], &ENTERPRISE),
    ] {
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
}

#[test]
fn tasks_of_executions_go_by_the_rules_destination() {
    let rows = listed(&[&["lag"], &ENTERPRISE]);
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row["destination"].as_str(), row["rule"].as_str()))
        .collect();
    assert_eq!(
        found,
        [(Some("3"), Some("12")), (Some("3"), Some("20"))],
        "the target registry of both rules"
    );
}

#[tokio::test]
async fn since_leaves_out_what_was_made_before() {
    let trial = Trial::start().await;
    let run = async |words: &[&[&str]]| {
        let before = trial.sandbox.requests();
        let (code, out, err) = trial.run(&[&words.concat(), &["-o", "json"]]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
        let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
        (rows, trial.sandbox.requests() - before)
    };
    let (all, most) = run(&[&["lag"], &ALIBABACLOUD]).await;
    // It is 2026-12-05T12:00:00Z.
    let ago = run(&[&["lag", "--since", "228h"], &ALIBABACLOUD]).await;
    let (rows, requests) = run(&[&["lag", "--since", "2026-11-26T00:00:00Z"], &ALIBABACLOUD]).await;
    assert_eq!(ago, (rows.clone(), requests));
    assert!(sum(&rows, "count") > 0 && sum(&rows, "count") < sum(&all, "count"));
    // Newest first, so that what is older is not asked for.
    assert!(requests < most / 2, "{requests} of {most}");

    // An execution that has not ended may have tasks from any time; of one that has, none is asked
    // for that began later.
    let counted = async |since: &str| {
        let (rows, _) = run(&[&["lag", "301", "--since", since], &ENTERPRISE]).await;
        sum(&rows, "count")
    };
    assert_eq!(counted("2026-11-16T02:00:00Z").await, 1019);
    assert_eq!(counted("2026-11-16T02:30:00Z").await, 757);
    assert_eq!(counted("2026-12-01T00:00:00Z").await, 0);
    let since = ["--since", "2026-11-16T02:00:00Z"];
    let (rows, asked) = run(&[&["lag", "--rule", "12"], &since, &ENTERPRISE]).await;
    assert_eq!(
        (rows.len(), asked),
        (0, 2),
        "its executions and rules alone"
    );
}

#[tokio::test]
async fn what_cannot_be_counted_is_said_before_anything_is_asked() {
    let trial = Trial::start().await;
    for (words, place, says) in [
        (
            &[][..],
            &BASIC[..],
            "missing scope; Huawei Cloud Basic lists tasks by repository",
        ),
        (&["team/api:v41"], &BASIC, "leave out \":v41\""),
        (
            &["team/api", "--executions", "3"],
            &BASIC,
            "cannot be used with",
        ),
        (
            &["--rule", "101"],
            &BASIC,
            "leave out --rule and --executions",
        ),
        (
            &["--rule", "crsr-1"],
            &ALIBABACLOUD,
            "leave out --rule and --executions",
        ),
        (
            &["--executions", "3"],
            &ALIBABACLOUD,
            "leave out --rule and --executions",
        ),
        (
            &["--project-id", "p"],
            &ALIBABACLOUD,
            "leave out --project-id",
        ),
        (&["/api"], &ALIBABACLOUD, "remove the extra slash"),
        (&["301", "--rule", "20"], &ENTERPRISE, "cannot be used with"),
        (&["--executions", "0"], &ENTERPRISE, "invalid value '0'"),
        (&["team/api"], &ENTERPRISE, "write EXECUTION such as 83"),
        (
            &["library/7/113"],
            &ENTERPRISE,
            "belongs to retention and copies nothing",
        ),
        (
            &["--rule", "library/7"],
            &ENTERPRISE,
            "belongs to retention and copies nothing",
        ),
        (&["--rule", "a/b/c"], &ENTERPRISE, "write RULE such as 12"),
        (&["--rule", "copy-nats"], &ENTERPRISE, "are numbers"),
        (&["copy-nats"], &ENTERPRISE, "are numbers"),
        (
            &["--since", "yesterday"],
            &ALIBABACLOUD,
            "neither a time such as",
        ),
        (
            &["--since", "999999999h"],
            &ALIBABACLOUD,
            "the age is too large",
        ),
        (&[], &["--sandbox"], "missing --registry"),
    ] {
        let asked = trial.sandbox.requests();
        let (code, out, err) = trial.run(&[&["lag"], words, place]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?} {place:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
        assert_eq!(trial.sandbox.requests(), asked, "{words:?}");
    }
}

#[tokio::test]
async fn refusals_have_the_exit_codes_of_listings() {
    let trial = Trial::start().await;
    let hint = "hint: decode the reason: echo ";
    for (words, place, code, says) in [
        (
            &["4711"][..],
            &ENTERPRISE[..],
            1,
            "execution 4711 does not exist",
        ),
        (&["--project-id", "p"], &ENTERPRISE, 7, hint),
        (
            &["--instance", "cri-none"],
            &ALIBABACLOUD[..3],
            1,
            "INSTANCE_NOT_EXIST",
        ),
    ] {
        let (found, out, err) = trial.run(&[&["lag"], words, place]).await;
        assert_eq!((found, out.as_str()), (code, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
