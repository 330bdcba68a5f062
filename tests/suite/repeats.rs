//! Tests of `imgtrack run --failed`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use registry_replication::Feature;
use registry_replication::api::{self, Access};
use registry_sandbox::Outcome;
use serde_json::Value;

use crate::deploy_gate::json;
use crate::program::Trial;
use crate::subjects::{Subject, subject};

/// Returns the subject that lists tasks by execution and by image, and runs images.
fn of_batches() -> &'static dyn Subject {
    subject(|one| {
        let has = |feature| one.descriptor().has(feature);
        has(Feature::RunImages) && has(Feature::ExecutionTasks)
    })
}

/// Returns the names of the calls so far that change something.
fn writes(trial: &Trial) -> Vec<String> {
    let received = trial.sandbox.received().into_iter();
    let names = received.filter_map(|request| request.operation);
    let is_write = |name: &String| api::find(name).unwrap().1.access == Access::Write;
    names.filter(is_write).collect()
}

/// Returns the newest failed task of `team/api`, and its image.
async fn failed(trial: &Trial, of: &dyn Subject) -> Value {
    let words = [
        "tasks", "team/api", "--state", "failed", "--limit", "1", "-o", "json",
    ];
    let (_, out, err) = trial.run(&[&words, &of.options()]).await;
    assert_eq!(err, "");
    json(&out)[0].clone()
}

#[tokio::test]
async fn what_has_failed_is_repeated_once() {
    let of = of_batches();
    let trial = Trial::start().await;
    let task = failed(&trial, of).await;
    let execution = task["execution"].as_str().unwrap();
    let run = [
        "run",
        "--failed",
        execution,
        "--yes",
        "--wait",
        "--timeout",
        "20m",
        "-q",
    ];
    let (code, out, err) = trial.run(&[&run, &of.options()]).await;
    assert_eq!(code, 0, "{out}{err}");
    let says = format!("repeat of execution {execution}: succeeded; 1 task: 1 succeeded\n");
    assert!(out.contains(&says), "{out}");
    assert_eq!(writes(&trial).len(), 1);
    // The newest task of the image belongs to another execution now, and has not failed.
    let (code, out, err) = trial.run(&[&run, &of.options()]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let says = format!("newer tasks have replaced the 1 failed tasks of execution {execution}; ");
    assert!(out.contains(&says), "{out}");
    let (_, out, _) = trial.run(&[&run, &of.options(), &["-o", "json"]]).await;
    assert_eq!(
        json(&out),
        serde_json::json!({ "repeated": 0, "superseded": 1, "doubtful": 0 })
    );
    assert_eq!(writes(&trial).len(), 1, "nothing was sent");
}

#[tokio::test]
async fn a_repeat_that_fails_again_is_repeated_again() {
    let of = of_batches();
    let trial = Trial::start().await;
    let task = failed(&trial, of).await;
    let execution = task["execution"].as_str().unwrap();
    trial.sandbox.decide("team/api", None, None, Outcome::Fails);
    let run = [
        "run",
        "--failed",
        execution,
        "--yes",
        "--wait",
        "--timeout",
        "20m",
        "-q",
    ];
    for count in 1..3 {
        let (code, out, err) = trial.run(&[&run, &of.options()]).await;
        assert_eq!(code, 3, "{out}{err}");
        assert_eq!(writes(&trial).len(), count);
    }
}

#[tokio::test]
async fn an_execution_without_failures_is_left_alone() {
    let of = of_batches();
    let trial = Trial::start().await;
    let list = ["tasks", "team/api:v41", "-o", "json"];
    let (_, out, _) = trial.run(&[&list, &of.options()]).await;
    let execution = json(&out)[0]["execution"].as_str().unwrap().to_owned();
    let run = ["run", "--failed", &execution, "--yes"];
    let (code, out, err) = trial.run(&[&run, &of.options()]).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(
        out,
        format!("execution {execution} has no failed copy; nothing was sent\n")
    );
    assert!(writes(&trial).is_empty());
}

#[tokio::test]
async fn a_page_that_cannot_be_read_repeats_nothing() {
    for of in [
        of_batches(),
        subject(|one| {
            let has = |feature| one.descriptor().has(feature);
            has(Feature::RunImages) && !has(Feature::ExecutionTasks)
        }),
    ] {
        let trial = Trial::start().await;
        let pages = Arc::new(AtomicUsize::new(0));
        let read = pages.clone();
        trial.sandbox.on_answer(move |answer| {
            let Some(listing) = of.listing(answer) else {
                return;
            };
            if listing.is_of_work() && read.fetch_add(1, Ordering::Relaxed) > 0 {
                answer.status = 400;
                answer.body = serde_json::json!({});
            }
        });
        let run = ["run", "--failed", "team/api", "--yes"];
        let (code, out, err) = trial.run(&[&run, &of.options()]).await;
        assert_ne!(code, 0, "{out}");
        assert!(err.starts_with("error: "), "{err}");
        assert!(
            pages.load(Ordering::Relaxed) > 1,
            "the listing has one page only"
        );
        assert!(writes(&trial).is_empty(), "{of:?}");
    }
}
