//! Tests of `imgtrack lag`.

use insta::assert_snapshot;

use super::{BASIC, ENTERPRISE};
use crate::commands::is_refused;
use crate::input::is_refused_unsent;
use crate::lag_command::{agree, listed, rows, sum};
use crate::program::{Trial, output};

#[test]
fn tables_and_rows() {
    for (name, whose, place) in [
        ("repository", &["team/api"][..], &BASIC),
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
        (&["team/api"], &["team/api"][..], &BASIC),
        (&["301"], &["301"], &ENTERPRISE),
        (&["83"], &["--rule", "12"], &ENTERPRISE),
    ] {
        agree(tasks, whose, place);
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
    // An execution that has not ended may have tasks from any time. The program does not read the
    // tasks of an execution that ended before the time.
    let counted = async |since: &str| {
        let (rows, _) = rows(&trial, &[&["lag", "301", "--since", since], &ENTERPRISE]).await;
        sum(&rows, "count")
    };
    assert_eq!(counted("2026-11-16T02:00:00Z").await, 1019);
    assert_eq!(counted("2026-11-16T02:30:00Z").await, 757);
    assert_eq!(counted("2026-12-01T00:00:00Z").await, 0);
    let since = ["--since", "2026-11-16T02:00:00Z"];
    let (rows, asked) = rows(&trial, &[&["lag", "--rule", "12"], &since, &ENTERPRISE]).await;
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
    ] {
        is_refused_unsent(&trial, &[&["lag"], words, place].concat(), says).await;
    }
}

#[test]
fn an_unknown_execution_has_the_exit_code_of_a_listing() {
    let words = [&["lag", "4711"], &ENTERPRISE[..]].concat();
    is_refused(&words, 1, "execution 4711 does not exist");
}
