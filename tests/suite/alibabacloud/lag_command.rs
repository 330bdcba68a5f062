//! Tests of `imgtrack lag`.

use insta::assert_snapshot;

use super::{EXAMPLE, FLEET};
use crate::input::is_refused_unsent;
use crate::lag_command::{agree, rows, sum};
use crate::program::{Trial, output};

#[test]
fn tables_and_rows() {
    for (name, whose, place) in [
        ("instance", &[][..], &FLEET[..]),
        ("image", &["team/api"], &FLEET),
    ] {
        let table = [&["lag"], whose, place].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
    }
}

#[test]
fn rows_say_what_the_listed_tasks_say() {
    for (tasks, whose, place) in [
        (&["team/api:v43"][..], &["team/api:v43"][..], &FLEET[..]),
        (&["team/api"], &["team/api"], &FLEET),
    ] {
        agree(tasks, whose, place);
    }
}

#[tokio::test]
async fn since_leaves_out_what_was_made_before() {
    let trial = Trial::start().await;
    let (all, most) = rows(&trial, &[&["lag"], &FLEET]).await;
    // It is 2026-12-05T12:00:00Z.
    let ago = rows(&trial, &[&["lag", "--since", "228h"], &FLEET]).await;
    let (rows, requests) = rows(
        &trial,
        &[&["lag", "--since", "2026-11-26T00:00:00Z"], &FLEET],
    )
    .await;
    assert_eq!(ago, (rows.clone(), requests));
    assert!(sum(&rows, "count") > 0 && sum(&rows, "count") < sum(&all, "count"));
    // Newest first, so the program does not read older pages.
    assert!(requests < most / 2, "{requests} of {most}");
}

#[tokio::test]
async fn what_cannot_be_counted_is_said_before_anything_is_asked() {
    let trial = Trial::start().await;
    for (words, says) in [
        (
            &["--rule", "crsr-1"][..],
            "leave out --rule and --executions",
        ),
        (&["--executions", "3"], "leave out --rule and --executions"),
        (&["--project-id", "p"], "leave out --project-id"),
        (&["/api"], "remove the extra slash"),
        (&["--since", "yesterday"], "neither a time such as"),
        (&["--since", "999999999h"], "the age is too large"),
    ] {
        is_refused_unsent(&trial, &[&["lag"], words, &FLEET].concat(), says).await;
    }
}

#[tokio::test]
async fn refusals_have_the_exit_codes_of_listings() {
    let trial = Trial::start().await;
    for (words, place, code, says) in [(
        &["--instance", "cri-none"],
        &EXAMPLE,
        1,
        "INSTANCE_NOT_EXIST",
    )] {
        let (found, out, err) = trial.run(&[&["lag"], words, place]).await;
        assert_eq!((found, out.as_str()), (code, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
