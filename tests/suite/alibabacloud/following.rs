//! Tests of waits for the end of tasks and batches.

use registry_sandbox::Outcome;

use super::{EXAMPLE, FLEET};
use crate::following::{RunCase, followed, is_not_found, runs_end};
use crate::program::Trial;

#[tokio::test]
async fn tasks_that_were_started_are_followed_to_their_end() {
    let case = |outcome, code, says| RunCase {
        repository: "test/test",
        outcome,
        code,
        says,
    };
    let run = ["run", super::commands::BY_HAND, "--image", "test/test:v0.1"];
    runs_end(
        &[&run[..], &EXAMPLE].concat(),
        &[
            case(Outcome::Succeeds, 0, ": succeeded; 1 task: 1 succeeded\n"),
            case(Outcome::Fails, 3, ": failed; 1 task: 1 failed\n"),
            case(Outcome::Stalls, 4, ": deadline passed after 1200 s and "),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_batch_is_followed_as_an_execution() {
    let trial = Trial::start().await;
    let list = ["tasks", "team/api:v41", "-o", "json"];
    let (_, out, _) = trial.run(&[&list, &FLEET]).await;
    let tasks = crate::deploy_gate::json(&out);
    let batch = tasks[0]["execution"].as_str().unwrap();
    let words = [&["--execution", batch][..], &FLEET].concat();
    let one = followed(&trial, &words, 0).await;
    assert_eq!(one["verdict"], "succeeded", "{one}");
    let words = [&["--execution", "4711"][..], &FLEET].concat();
    is_not_found(&words, "has no batch 4711").await;
}
