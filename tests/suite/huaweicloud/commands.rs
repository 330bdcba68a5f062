//! Tests of imgtrack's listings, runs and stops.

use insta::assert_snapshot;
use serde_json::Value;

use super::{BASIC, ENTERPRISE};
use crate::commands::{is_done, is_refused, preview};
use crate::program::{Trial, output};

#[test]
fn listings_as_tables_and_as_json() {
    for (name, words, place) in [
        ("enterprise-rules", &["rules"][..], ENTERPRISE),
        ("basic-rules", &["rules", "team/api"], BASIC),
        ("executions", &["executions"], ENTERPRISE),
        ("executions-of-rule", &["executions", "12"], ENTERPRISE),
        (
            "executions-of-retention",
            &["executions", "library/7"],
            ENTERPRISE,
        ),
        ("tasks-of-execution", &["tasks", "83"], ENTERPRISE),
        (
            "tasks-of-retention",
            &["tasks", "library/7/113"],
            ENTERPRISE,
        ),
        ("tasks-of-repository", &["tasks", "test/testrepo"], BASIC),
        ("subtasks", &["subtasks", "83/1927"], ENTERPRISE),
        (
            "subtasks-of-retention",
            &["subtasks", "library/7/113/2439"],
            ENTERPRISE,
        ),
        ("rules", &["rules", "team/api"], BASIC),
        (
            "replication",
            &["tasks", "301", "--limit", "12"],
            ENTERPRISE,
        ),
        (
            "retention",
            &["tasks", "platform/21/402", "--limit", "5"],
            ENTERPRISE,
        ),
        ("sync-jobs", &["tasks", "team/api", "--limit", "9"], BASIC),
        ("nothing", &["rules", "team/archive"], BASIC),
    ] {
        let table = [words, &place].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
        let json = [words, &place, &["-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

#[test]
fn a_rule_is_compared_with_images() {
    let images = ["team/api:v42", "web/shop:v7", "team/api"];
    let words = [&["rules", "matches", "21"][..], &images, &ENTERPRISE].concat();
    for format in ["table", "wide", "json", "csv"] {
        let shown = output(&[&words[..], &["-o", format]].concat());
        assert_snapshot!(format!("matches-{format}"), shown);
    }
    let words = [
        &["rules", "matches", "101", "team/api", "team/web:v1"][..],
        &BASIC,
    ]
    .concat();
    assert_snapshot!("matches-of-repository", output(&words));
    let words = [
        &["rules", "matches", "library/7", "library/x:v1"][..],
        &ENTERPRISE,
    ]
    .concat();
    assert!(output(&words).contains("it is a retention rule"));
}

#[test]
fn the_images_of_a_rule_are_listed() {
    for format in ["table", "wide", "json", "csv"] {
        let words = ["rules", "matches", "21", "-o", format];
        let shown = output(&[&words[..], &ENTERPRISE].concat());
        assert_snapshot!(format!("covered-{format}"), shown);
    }
    let words = [
        "rules",
        "matches",
        "12",
        "--all",
        "--sort",
        "image",
        "--reverse",
    ];
    let shown = output(&[&words[..], &["--limit", "4"], &ENTERPRISE].concat());
    assert_snapshot!("covered-all", shown);
    let words = ["rules", "matches", "12", "--tag", "nothing"];
    assert_eq!(output(&[&words[..], &ENTERPRISE].concat()), "no images\n");
}

#[test]
fn a_confirmation_names_the_rule_and_the_images() {
    for (words, place, says) in [
        (
            &["run", "12"][..],
            ENTERPRISE,
            "run rule 12 (copy-nats); copies root/**:**; to second-region (3): harbor0/*; ",
        ),
        (
            &["run", "library/7"],
            ENTERPRISE,
            "run rule library/7 (keep-three); deletes what it does not keep of library/**:**; ",
        ),
        (
            &["run", "library/7", "--trial"],
            ENTERPRISE,
            "try rule library/7 (keep-three); lists what it would delete of library/**:**; ",
        ),
        (
            &["run", "101", "--image", "team/api:v41"],
            BASIC,
            "run rule 101; copies team/api:v41; to cn-north-1: team/api; ",
        ),
        (
            &["stop", "301"],
            ENTERPRISE,
            "stop execution 301; of rule 20 (fleet-to-second-region); copies ",
        ),
        (
            &["run", "--failed", "team/api"],
            BASIC,
            "repeat 65 failed copies of team/api; copies team/api:v43.4, team/api:v43, ",
        ),
        (
            &["run", "--failed", "team/api"],
            BASIC,
            " and 52 more; to ap-southeast-3: team/api, cn-east-3: team/api, cn-north-1: team/api; \
             by rule 103, 102, 101; CreateManualImageSyncRepo (3 calls) changes the registry (",
        ),
    ] {
        is_refused(&[words, &place].concat(), 2, says);
    }
}

#[test]
fn a_reference_of_one_listing_is_taken_by_the_next() {
    let first = |words: &[&str]| -> Value {
        let found: Value =
            serde_json::from_str(&output(&[words, &ENTERPRISE, &["-o", "json"]].concat())).unwrap();
        found[0].clone()
    };
    for rule in ["12", "library/7"] {
        let execution = first(&["executions", rule]);
        let task = first(&["tasks", execution["reference"].as_str().unwrap()]);
        let reference = task["reference"].as_str().unwrap();
        let subtask = first(&["subtasks", reference]);
        assert_eq!(subtask["task"], reference);
        assert_eq!(subtask.get("reference"), None);
    }
}

#[test]
fn a_rule_is_run_and_work_is_stopped() {
    for (words, place, says) in [
        (
            &["run", "12"][..],
            ENTERPRISE,
            "has started; its tasks:\n  imgtrack tasks ",
        ),
        (
            &["run", "library/7", "--trial"],
            ENTERPRISE,
            "execution library/7/",
        ),
        (
            &[
                "run",
                "101",
                "--image",
                "team/api:v41",
                "--image",
                "team/api:v42",
            ],
            BASIC,
            "tasks of team/api:\n  imgtrack tasks team/api --registry huaweicloud-basic --sandbox\n",
        ),
        (
            &["stop", "301"],
            ENTERPRISE,
            "the registry accepted the stop of 301\n",
        ),
    ] {
        is_done(&[words, &place].concat(), says);
    }
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    for (name, words, place) in [
        ("run", &["run", "12"][..], ENTERPRISE),
        ("trial", &["run", "library/7", "--trial"], ENTERPRISE),
        (
            "copies",
            &[
                "run",
                "101",
                "--image",
                "team/api:v1",
                "--image",
                "team/api:v2",
            ],
            BASIC,
        ),
        ("stop", &["stop", "301"], ENTERPRISE),
        ("failed", &["run", "--failed", "team/api"], BASIC),
    ] {
        let shown = preview(&[words, &place].concat());
        assert_snapshot!(format!("dry-run-{name}"), shown);
    }
}

#[test]
fn refusals_say_what_to_do() {
    for (words, place, code, says) in [
        (
            &["executions"][..],
            BASIC,
            2,
            "not offered; list the tasks of a repository",
        ),
        (&["stop", "1", "--yes"], BASIC, 2, "cannot stop anything"),
        (
            &["run", "--failed", "83", "--yes"],
            ENTERPRISE,
            2,
            "`imgtrack run RULE` repeats all that the rule covers",
        ),
        (
            &["run", "--failed", "83", "--yes"],
            BASIC,
            2,
            "lists tasks by repository",
        ),
        (
            &["rules", "matches", "4711", "team/api:v1"],
            ENTERPRISE,
            1,
            "the registry has no rule 4711",
        ),
        (
            &["rules", "matches", "4711"],
            BASIC,
            1,
            "the registry has no rule 4711",
        ),
        (
            &["rules", "matches", "library/7"],
            ENTERPRISE,
            2,
            "rule library/7 is a retention rule, which copies nothing",
        ),
        (
            &["rules", "matches", "21", "team/api:v1", "--all"],
            ENTERPRISE,
            2,
            "cannot be used with",
        ),
        (
            &["executions", "a/b/c"],
            ENTERPRISE,
            2,
            "write RULE such as 12, or NAMESPACE/RULE",
        ),
        (
            &["subtasks", "83"],
            ENTERPRISE,
            2,
            "write EXECUTION/TASK such as 83/1927",
        ),
        (
            &["run", "999", "--image", "team/api:v1", "--yes"],
            BASIC,
            1,
            "repository team/api has no rule 999; it has 101, 102, 103",
        ),
        (
            &[
                "run",
                "101",
                "--image",
                "team/api:v1",
                "--image",
                "team/web:v1",
                "--yes",
            ],
            BASIC,
            2,
            "belong to two repositories",
        ),
        (
            &["rules", "--project-id", "p"],
            BASIC,
            2,
            "leave out --project-id",
        ),
        (
            &["rules", "a/b", "--instance", "i"],
            BASIC,
            2,
            "leave out --instance",
        ),
        (
            &["executions", "4711"],
            ENTERPRISE,
            1,
            "has no replication rule 4711",
        ),
        (&["tasks", "4711"], ENTERPRISE, 1, "HTTP 404"),
    ] {
        is_refused(&[words, &place].concat(), code, says);
    }
}

#[tokio::test]
async fn tasks_that_name_no_rule_are_listed_by_the_rule_that_copies_there() {
    let trial = Trial::start().await;
    let listed = async |options: &[&str]| {
        let words = [&["tasks", "team/api", "-o", "json"], options, &BASIC].concat();
        let (code, out, err) = trial.run(&[&words]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{options:?}");
        serde_json::from_str::<Vec<Value>>(&out).unwrap()
    };
    let all = listed(&[]).await;
    let (_, rules, _) = trial
        .run(&[&["rules", "team/api", "-o", "json"], &BASIC])
        .await;
    let rules: Vec<Value> = serde_json::from_str(&rules).unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "102").unwrap();
    let end = |record: &Value| {
        let end = &record["destination"];
        (end["region"].clone(), end["namespace"].clone())
    };
    let mut expected = all.clone();
    expected.retain(|task| end(task) == end(rule));
    assert!(!expected.is_empty() && expected.len() < all.len());
    assert_eq!(listed(&["--rule", "102"]).await, expected);
    expected.truncate(2);
    assert_eq!(listed(&["--rule", "102", "--limit", "2"]).await, expected);
    let words = [&["tasks", "team/api", "--rule", "999"], &BASIC[..]].concat();
    let (code, out, err) = trial.run(&[&words]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    let says = "unknown rule \"999\" of team/api; use one of 101, 102";
    assert!(err.contains(says), "{err}");
}

#[tokio::test]
async fn a_filter_for_what_tasks_do_not_name_is_refused() {
    let trial = Trial::start().await;
    for (option, what) in [("--rule", "rule"), ("--to", "destination")] {
        let before = trial.sandbox.requests();
        let words = [&["tasks", "301", option, "3"], &ENTERPRISE[..]].concat();
        let (code, out, err) = trial.run(&[&words]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        let says = format!("belong to an execution, which has one {what}; leave out {option}");
        assert!(err.contains(&says), "{err}");
        assert_eq!(trial.sandbox.requests(), before);
    }
}

#[tokio::test]
async fn a_typo_in_the_name_of_an_image_is_named() {
    let trial = Trial::start().await;
    let known = trial.run(&[&["explain", "team/apo:v90"], &BASIC]).await;
    let says = "has no repository team/apo; did you mean team/api?";
    assert!(
        known.2.contains(says) || known.1.contains(says),
        "{known:?}"
    );
    let status = trial
        .run(&[&["status", "team/apo:v90", "--to", "cn-north-1"], &BASIC])
        .await;
    assert!(
        status.2.contains(says) || status.1.contains(says),
        "{status:?}"
    );
}
