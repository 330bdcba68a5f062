//! Tests of the verdicts, one scenario each.

use std::time::Duration;

use futures_util::StreamExt;
use openapi_transport::Clock;
use openapi_transport::testing::Schedule;
use registry_replication::{Basis, Polling, Verdict, WaitError};
use registry_sandbox::{Outcome, Pace};

use super::{QUARTER, Trial, short};
use crate::subjects::{subjects, subjects_with_rules};

#[tokio::test]
async fn what_is_pushed_arrives_and_an_older_success_does_not_count() {
    // Without tasks, neither times nor the newest task count.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let push = |content| trial.push(of, content);
        push("first");
        let before = registry.arrival("team/api:v77").to(of.there()).newest();
        let first = trial
            .clock
            .run(before.wait(QUARTER), || 1, Schedule::default());
        let first = first.await.unwrap();
        assert_eq!(first.verdict, Verdict::Arrived, "{of:?}");
        assert_eq!(first.destinations[0].rests_on, Some(Basis::NewestTask));

        trial.clock.advance(QUARTER);
        let since = trial.now();
        let digest = push("second");
        let asked = registry.arrival("team/api:v77").to(of.there());
        for arrival in [asked.clone().since(since), asked.clone().digest(&digest)] {
            let now = trial.run(arrival.check()).await.unwrap();
            assert_eq!(now.verdict, Verdict::Pending, "{of:?} {}", short(&now));
        }
        let wait = asked.digest(&digest).wait(QUARTER);
        let report = trial
            .clock
            .run(wait, || 1, Schedule::default())
            .await
            .unwrap();
        assert!(report.is_final);
        assert_eq!(
            report.verdict,
            Verdict::Arrived,
            "{of:?} {}",
            short(&report)
        );
        assert_eq!(report.destinations[0].digest.as_ref(), Some(&digest));
        assert!(report.elapsed_ms <= 11_000, "{of:?} {}", report.elapsed_ms);
    }
}

#[tokio::test]
async fn a_failure_counts_when_it_has_settled() {
    // Without tasks, nothing has failed.
    for of in subjects_with_rules() {
        for (outcome, arrives) in [(Outcome::FailsFirst(2), true), (Outcome::Fails, false)] {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(Pace::default());
            let registry = trial.registry(of).await;
            let decide = &trial.sandbox;
            decide.decide("team/api", Some("v77"), of.decided(0), outcome);
            let since = trial.now();
            trial.push(of, "content");
            let arrival = registry.arrival("team/api:v77").to(of.there()).since(since);
            let reports = trial.clock.run(
                arrival.wait(QUARTER).collect::<Vec<_>>(),
                || 1,
                Schedule::default(),
            );
            let mut reports = reports.await;
            let end = reports.pop().unwrap();
            // While the registry tries again, nothing is called failed.
            let before = reports.len() - usize::from(!arrives);
            for report in &reports[..before] {
                assert_ne!(report.as_ref().unwrap().verdict, Verdict::Failed, "{of:?}");
            }
            match (end, arrives) {
                (Ok(report), true) => assert_eq!(report.verdict, Verdict::Arrived, "{of:?}"),
                (Err(WaitError::NotArrived(report)), false) => {
                    assert_eq!(report.verdict, Verdict::Failed, "{of:?}");
                    // The third attempt has failed after 37 s. A failure is final at once if the
                    // registry's last run is known. Otherwise the settle window follows.
                    let windows = of.descriptor().windows;
                    let settle = windows.settle.as_millis();
                    let settle = match windows.runs {
                        Some(_) => 0,
                        None => u64::try_from(settle).unwrap(),
                    };
                    let from = 37_000 + settle;
                    assert!(
                        (from..from + 20_000).contains(&report.elapsed_ms),
                        "{}",
                        report.elapsed_ms
                    );
                }
                (end, _) => panic!("{of:?} {outcome:?} {end:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_tag_that_is_rolled_back_arrives_again() {
    for of in subjects() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let push = |content| trial.push(of, content);
        push("first");
        trial.clock.advance(QUARTER);
        push("second");
        trial.clock.advance(QUARTER);
        let digest = push("first");
        let arrival = registry
            .arrival("team/api:v77")
            .to(trial.there(of).await)
            .digest(digest);
        let end = trial
            .clock
            .run(arrival.wait(QUARTER), || 1, Schedule::default());
        let report = end.await.unwrap();
        assert_eq!(
            report.verdict,
            Verdict::Arrived,
            "{of:?} {}",
            short(&report)
        );
        assert!(report.elapsed_ms >= 7_000, "{of:?} {}", report.elapsed_ms);
    }
}

#[tokio::test]
async fn a_wait_may_begin_before_the_push() {
    for of in subjects() {
        for before in ["", "older"] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            let push = |content| trial.push(of, content);
            // What will be pushed has the same digest wherever it is pushed.
            let digest = trial.push_to(of, "other", "new");
            if !before.is_empty() {
                push(before);
                trial.clock.advance(QUARTER);
            }
            let arrival = registry
                .arrival("team/api:v77")
                .to(trial.there(of).await)
                .digest(digest);
            let wait = arrival.polling(Polling::new(Duration::ZERO, Duration::from_secs(5)));
            let passed = trial.clock.elapsed().as_secs();
            let story =
                Schedule::default().then(Duration::from_secs(passed + 50), || drop(push("new")));
            let end = trial.clock.run(wait.wait(Duration::MAX), || 1, story).await;
            assert_eq!(end.unwrap().verdict, Verdict::Arrived, "{of:?} {before:?}");
        }
    }
}
