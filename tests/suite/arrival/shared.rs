//! Tests of many waits at once: their calls, and that they do not block each other.

use std::cell::Cell;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{FutureExt, StreamExt};
use openapi_transport::Timestamp;
use openapi_transport::testing::Schedule;
use registry_replication::{Polling, Report, Verdict, Wait, WaitError};
use registry_sandbox::{Outcome, Pace};

use super::simulation::stage::Stage;
use super::{QUARTER, Trial};
use crate::subjects::{Subject, subjects, subjects_with_rules};

const CROWD: usize = 1000;

/// Sets a registry that copies a thousand tags of a repository in five minutes.
async fn busy(of: &'static dyn Subject) -> (Stage, Timestamp) {
    let stage = Stage::bare(of, true).await;
    let pace = |seconds| jiff::SignedDuration::from_secs(seconds);
    let sandbox = &stage.trial.sandbox;
    sandbox.set_pace(Pace::new(pace(2), pace(300), pace(10)));
    // All tags are one execution of a rule that is created after them.
    let is_one_execution = of.descriptor().offers.tasks_in_executions;
    if !of.is_covered() && !is_one_execution {
        stage.make_rule(0).await;
    }
    for other in 1..stage.destinations.len() {
        stage.delete_rule(other).await;
    }
    let since = stage.trial.now();
    for number in 0..CROWD {
        stage.push(&format!("v{number}"), "content");
    }
    if is_one_execution {
        stage.make_rule(0).await;
        stage.by_hand("", 0).await;
    }
    (stage, since)
}

fn wait(stage: &Stage, number: usize, since: Timestamp) -> Wait {
    let image = format!("{}:v{number}", stage.name());
    let polling = Polling::new(Duration::from_secs(45), Duration::from_secs(90));
    let arrival = stage.registry.arrival(&image).to(stage.of.there());
    arrival.since(since).polling(polling).wait(QUARTER)
}

/// Runs waits concurrently to their end.
async fn all(trial: &Trial, waits: Vec<Wait>) -> Vec<Result<Report, WaitError>> {
    let live = Cell::new(waits.len());
    let waits = waits.into_iter().map(|wait| async {
        let end = wait.await;
        live.set(live.get() - 1);
        end
    });
    let waits = join_all(waits);
    trial
        .clock
        .run(waits, || live.get(), Schedule::default())
        .await
}

#[tokio::test]
async fn a_thousand_waits_ask_about_as_much_as_one() {
    // Without tasks, each image is a question of its own.
    for of in subjects_with_rules() {
        let mut asked = Vec::new();
        for count in [1, CROWD] {
            let (stage, since) = busy(of).await;
            let before = stage.trial.sandbox.requests();
            // A registry may show the tags of a task one after the other.
            let numbers = CROWD - count..CROWD;
            let waits = numbers.map(|number| wait(&stage, number, since));
            let ends = all(&stage.trial, waits.collect()).await;
            assert_eq!(ends.len(), count);
            for end in ends {
                let report = end.unwrap();
                assert_eq!(report.verdict, Verdict::Arrived, "{of:?}");
                assert!(report.elapsed_ms <= 392_000, "{report:?}");
            }
            asked.push(stage.trial.sandbox.requests() - before);
        }
        let [one, crowd] = asked[..] else {
            unreachable!("two counts")
        };
        assert!(one > 10, "{of:?}: one wait made {one} requests");
        assert!(
            crowd as f64 <= 1.2 * one as f64,
            "{of:?}: one wait made {one} requests, {CROWD} made {crowd}"
        );
    }
}

#[tokio::test]
async fn what_one_wait_comes_to_does_not_end_another() {
    // Without tasks, no wait ends before its deadline.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        trial
            .sandbox
            .decide("team/api", Some("v78"), None, Outcome::Fails);
        let since = trial.now();
        for tag in ["v77", "v78"] {
            trial.push_to(of, tag, tag);
        }
        let wait = |image: &str| {
            let arrival = registry.arrival(image).to(of.there()).since(since);
            arrival.wait(QUARTER)
        };
        let waits = ["team/api:v77", "team/api:v78", "team/none:v1", "no-image"];
        let ends = all(&trial, waits.map(wait).into()).await;
        let verdicts = ends.iter().map(|end| match end {
            Ok(report) => report.verdict.as_str().to_owned(),
            Err(WaitError::NotArrived(report)) => format!("not arrived: {}", report.verdict),
            Err(WaitError::Call { error, .. }) => format!("error: {}", error.kind().as_str()),
            Err(other) => other.to_string(),
        });
        let none = of.without_repository();
        assert_eq!(
            verdicts.collect::<Vec<_>>(),
            ["arrived", "not arrived: failed", none, "error: invalid"],
            "{of:?}"
        );
    }
}

#[tokio::test]
async fn a_wait_that_is_dropped_leaves_nothing_behind() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    for of in subjects() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        trial.push(of, "content");
        let arrival = registry.arrival("team/api:v77").to(trial.there(of).await);
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        // Once while a look is under way, once while it sleeps.
        for steps in [1, 40] {
            let mut wait = is_send(arrival.wait(QUARTER));
            let other = is_send(arrival.wait(QUARTER));
            for _ in 0..steps {
                let look = std::future::poll_fn(|cx| {
                    let _ = wait.poll_next_unpin(cx);
                    std::task::Poll::Ready(())
                });
                look.await;
                tokio::task::yield_now().await;
            }
            drop(wait);
            assert_eq!(trial.clock.sleepers(), 0, "{of:?}");
            // Another goes on as if nothing had been.
            let end = trial.clock.run(other, || 1, Schedule::default()).await;
            assert_eq!(end.unwrap().verdict, Verdict::Arrived, "{of:?}");
        }
        drop((arrival, registry));
        // Connections end when both of their sides have seen that nobody is there any more.
        let left = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        for _ in 0..1_000_000 {
            if left() <= tasks {
                break;
            }
            tokio::task::yield_now().await;
        }
        assert!(
            left() <= tasks,
            "{of:?}: {tasks} tasks before, {} after",
            left()
        );
        let requests = trial.sandbox.requests();
        trial.clock.advance(QUARTER);
        tokio::task::yield_now().await;
        assert_eq!(trial.sandbox.requests(), requests, "{of:?}");
    }
}

#[tokio::test]
async fn a_wait_that_nobody_polls_holds_nobody_up() {
    for of in subjects() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        trial.push(of, "content");
        let arrival = registry.arrival("team/api:v77").to(trial.there(of).await);
        let mut idle = arrival.wait(QUARTER);
        // It has begun to look, and is left there.
        for _ in 0..3 {
            assert!(idle.next().now_or_never().is_none(), "{of:?}");
        }
        let report = trial.run(arrival.check()).await.unwrap();
        assert_eq!(report.verdict, Verdict::Pending, "{of:?}");
        let end = trial
            .clock
            .run(arrival.wait(QUARTER), || 1, Schedule::default());
        assert_eq!(end.await.unwrap().verdict, Verdict::Arrived, "{of:?}");
        drop(idle);
    }
}
