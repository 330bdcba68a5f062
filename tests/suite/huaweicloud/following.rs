//! Tests of waits for the end of executions and copies.

use registry_sandbox::Outcome;

use super::{BASIC, ENTERPRISE};
use crate::following::{RunCase, followed, is_not_found, runs_end};
use crate::program::Trial;

#[tokio::test]
async fn an_execution_that_was_started_is_followed_to_its_end() {
    let case = |outcome, code, says| RunCase {
        repository: "root/nats",
        outcome,
        code,
        says,
    };
    runs_end(
        &[&["run", "12"][..], &ENTERPRISE].concat(),
        &[
            case(Outcome::Succeeds, 0, ": succeeded; 1 task: 1 succeeded\n"),
            // The registry retries it.
            case(
                Outcome::FailsFirst(1),
                0,
                ": succeeded; 1 task: 1 succeeded\n",
            ),
            case(Outcome::Fails, 3, ": failed; 1 task: 1 failed\n"),
            case(Outcome::Stalls, 4, ": deadline passed after 1200 s and "),
        ],
    )
    .await;
}

#[tokio::test]
async fn copies_without_an_execution_are_followed_by_their_images() {
    let case = |outcome, code, says| RunCase {
        repository: "team/api",
        outcome,
        code,
        says,
    };
    let images = [
        "run",
        "101",
        "--image",
        "team/api:v41",
        "--image",
        "team/api:v42",
    ];
    runs_end(
        &[&images[..], &BASIC].concat(),
        &[
            case(
                Outcome::Succeeds,
                0,
                "run of rule 101: succeeded; 2 tasks: 2 succeeded\n",
            ),
            case(
                Outcome::Fails,
                3,
                "run of rule 101: failed; 2 tasks: 2 failed\n",
            ),
            case(
                Outcome::Stalls,
                4,
                "run of rule 101: deadline passed after 1200 s and ",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_trial_of_a_retention_rule_is_followed_to_its_end() {
    let trial = Trial::start().await;
    let words = ["run", "library/7", "--trial", "--wait", "--yes"];
    let (code, out, err) = trial.run(&[&words, &ENTERPRISE]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(": succeeded; "), "{out}");
}

#[tokio::test]
async fn an_execution_that_ended_long_ago_is_told_at_once() {
    let trial = Trial::start().await;
    let words = [&["--execution", "83"][..], &ENTERPRISE].concat();
    let one = followed(&trial, &words, 0).await;
    assert_eq!(one["work"], "execution 83");
    assert_eq!(one["verdict"], "succeeded");
    assert_eq!(one["polls"], 2, "two polls agree");
    let words = [&["--execution", "301"][..], &ENTERPRISE].concat();
    let one = followed(&trial, &words, 4).await;
    assert_eq!(one["verdict"], "running");
}

#[tokio::test]
async fn what_has_failed_is_listed_with_its_reason() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .decide("root/nats", None, None, Outcome::Fails);
    let run = ["run", "12", "--wait", "--yes", "--quiet"];
    let (code, out, err) = trial.run(&[&run, &ENTERPRISE]).await;
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    let row = out.lines().last().unwrap();
    assert!(row.contains(" failed: "), "{out}");
}

#[tokio::test]
async fn a_stop_is_followed_to_the_end_of_the_execution() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .decide("root/nats", None, None, Outcome::Stalls);
    let run = ["run", "12", "--yes", "-o", "json"];
    let (_, out, _) = trial.run(&[&run, &ENTERPRISE]).await;
    let started = crate::deploy_gate::json(&out);
    let execution = started["executions"][0].as_str().unwrap();
    let stop = ["stop", execution, "--wait", "--yes"];
    let (code, out, err) = trial.run(&[&stop, &ENTERPRISE]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains(&format!("{execution}: cancelled; ")), "{out}");
}

#[tokio::test]
async fn an_execution_that_is_not_there_is_an_error_soon() {
    let words = [&["--execution", "4711"][..], &ENTERPRISE].concat();
    is_not_found(&words, "Huawei Cloud Enterprise has no execution 4711").await;
    let trial = Trial::start().await;
    for (words, says) in [
        (
            &[&["--execution", "1"][..], &BASIC].concat()[..],
            "tasks of an execution of Huawei Cloud Basic",
        ),
        (&["team/api:v1", "--execution", "1"], "cannot be used with"),
    ] {
        let (code, out, err) = trial.run(&[&["wait", "--timeout", "1m"], words]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{err}");
    }
}
