//! Arrivals where the destinations alone decide, with single wrong answers of registries.

use std::time::Duration;

use openapi_transport::Clock;
use registry_replication::{Verdict, WaitError};
use registry_sandbox::Outcome;
use registry_sandbox::world::Place;

use super::{QUARTER, Trial};
use crate::subjects::{Subject, subjects};

fn subjects_without_rules() -> impl Iterator<Item = &'static dyn Subject> {
    subjects().filter(|one| !one.has_rules())
}

const DIGEST: &str = "docker-content-digest";

#[tokio::test]
async fn one_stale_answer_of_the_source_names_no_expected_digest() {
    for of in subjects_without_rules() {
        for copies in [false, true] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            let first = trial.push(of, "first");
            trial.clock.advance(QUARTER);
            if !copies {
                let sandbox = &trial.sandbox;
                sandbox.decide("team/api", Some("v77"), None, Outcome::Stalls);
            }
            let second = trial.push(of, "second");
            let (clock, source) = (trial.clock.clone(), Place::from(of.source()));
            let begun = clock.elapsed();
            trial.sandbox.on_answer(move |answer| {
                let is_due = answer.place.as_ref() == Some(&source) && clock.elapsed() == begun;
                if let Some(digest) = answer.headers.get_mut(DIGEST).filter(|_| is_due) {
                    digest.clone_from(&first);
                }
            });
            let arrival = registry.arrival("team/api:v77");
            let arrival = arrival.to(trial.there(of).await);
            let wait = arrival.wait(Duration::from_secs(60));
            match (copies, trial.run(wait).await) {
                (true, Ok(report)) => {
                    assert_eq!(report.verdict, Verdict::Arrived, "{of:?}");
                    assert_eq!(report.expected, Some(second), "{of:?}");
                }
                (false, Err(WaitError::DeadlinePassed { .. })) => {}
                (_, other) => panic!("{of:?}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_wait_outlives_refusals_of_a_registry() {
    for of in subjects_without_rules() {
        for (status, pause) in [(429, Some("7")), (503, None), (404, None)] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            let digest = trial.push(of, "content");
            let (clock, source) = (trial.clock.clone(), Place::from(of.source()));
            let begun = clock.elapsed();
            let until = begun + Duration::from_secs(40);
            trial.sandbox.on_answer(move |answer| {
                let is_mirror = answer.place.as_ref() != Some(&source);
                if is_mirror && answer.operation.ends_with(" manifest") && clock.elapsed() < until {
                    answer.status = status;
                    let pause = pause.map(|pause| ("retry-after".to_owned(), pause.to_owned()));
                    answer.headers = pause.into_iter().collect();
                }
            });
            let arrival = registry.arrival("team/api:v77");
            let arrival = arrival.to(trial.there(of).await).digest(digest);
            let report = trial.run(arrival.wait(QUARTER)).await.unwrap();
            assert_eq!(report.verdict, Verdict::Arrived, "{of:?} {status}");
            let passed = (trial.clock.elapsed() - begun).as_secs();
            assert!((40..60).contains(&passed), "{of:?} {status}: {passed} s");
        }
    }
}
