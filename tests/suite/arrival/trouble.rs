//! Tests of waits over a bad network: single bad answers, listings that lag, services that hang.

use std::time::Duration;

use futures_util::StreamExt;
use jiff::SignedDuration;
use openapi_transport::Clock;
use openapi_transport::testing::Schedule;
use registry_replication::{Basis, Registry, Report, Trouble, Verdict, WaitError};
use registry_sandbox::{Outcome, OutgoingAnswer, Pace};
use serde_json::{Value, json};

use super::{QUARTER, Trial, short};
use crate::subjects::{Listed, ListedCall, Subject, subject, subjects, subjects_with_rules};

/// Makes the body of a listing's answer.
type Body = dyn Fn(&ListedCall) -> Value + Send + Sync;

/// Returns bad answers: name, status and body.
fn blips() -> Vec<(&'static str, u16, Box<Body>)> {
    fn of(body: Value) -> Box<Body> {
        Box::new(move |_| body.clone())
    }
    let html = || of(json!("<html><body>sign in</body></html>"));
    let mut blips = vec![
        ("a redirect to a login page", 302, html()),
        ("an empty answer", 200, of(Value::Null)),
        ("a page of HTML", 200, html()),
        ("truncated JSON", 200, of(json!("[{\"id\": 1, "))),
        (
            "an object in the place of a list",
            200,
            Box::new(|listing| match listing.records {
                "" => json!({}),
                field => json!({ field: {} }),
            }),
        ),
        ("a gateway's 400", 400, html()),
        ("a gateway's 404", 404, html()),
        (
            "a refusal",
            403,
            of(json!({"error_code": "SVC.403", "error_msg": "denied"})),
        ),
        ("an oversized answer", 200, of(json!("x".repeat(600_000)))),
    ];
    for status in [408, 425, 499, 500, 501, 502, 503, 505, 507, 520, 529] {
        blips.push(("a status", status, html()));
    }
    blips
}

/// Lets `change` change the answers of listings from `from` to `to` seconds after now.
pub(crate) fn disturb(
    trial: &Trial,
    of: &'static dyn Subject,
    (from, to): (u64, u64),
    change: impl Fn(&mut OutgoingAnswer, &ListedCall) + Send + Sync + 'static,
) {
    let clock = trial.clock.clone();
    let start = clock.elapsed();
    trial.sandbox.on_answer(move |answer| {
        let passed = (clock.elapsed() - start).as_secs_f64();
        let is_due = passed >= from as f64 && passed < to as f64;
        let listing = of.listing(answer).filter(|listing| listing.is_of_work());
        if let Some(listing) = listing.filter(|_| is_due) {
            change(answer, listing);
        }
    });
}

pub(crate) fn pace(waits: i64, runs: i64, pause: i64) -> Pace {
    let seconds = SignedDuration::from_secs;
    Pace::new(seconds(waits), seconds(runs), seconds(pause))
}

/// Returns all reports of a wait for `team/api:v77`.
async fn waited(
    trial: &Trial,
    registry: &dyn Registry,
    of: &dyn Subject,
    deadline: Duration,
) -> Vec<Result<Report, WaitError>> {
    let arrival = registry.arrival("team/api:v77").to(of.there());
    let reports = arrival.wait(deadline).collect::<Vec<_>>();
    trial.clock.run(reports, || 1, Schedule::default()).await
}

#[tokio::test]
async fn one_bad_answer_ends_no_wait() {
    // Listings of work are disturbed.
    for of in subjects_with_rules() {
        for (name, status, body) in blips() {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 20, 10));
            let registry = trial.registry(of).await;
            trial.push(of, "content");
            // From the second look, for as long as its retries may take.
            disturb(&trial, of, (1, 6), move |answer, listing| {
                answer.status = status;
                answer.body = body(listing);
            });
            let reports = waited(&trial, &*registry, of, QUARTER).await;
            let troubles: Vec<&Trouble> = reports
                .iter()
                .filter_map(|report| report.as_ref().ok()?.trouble.as_ref())
                .collect();
            let end = reports.last().unwrap().as_ref();
            let context = format!("{of:?}, {name} {status}: {troubles:?}");
            let end = end.unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(end.verdict, Verdict::Arrived, "{context}");
            assert!(end.trouble.is_none(), "{context}");
            let first = troubles.first().unwrap_or_else(|| panic!("{context}"));
            assert_eq!(first.count, 1, "{context}");
            assert!(!first.what.is_empty(), "{context}");
        }
    }
}

#[tokio::test]
async fn a_bad_answer_that_lasts_ends_a_wait_after_its_window() {
    for (status, ends) in [(403, true), (404, true), (503, false)] {
        // Listings of work are disturbed.
        for of in subjects_with_rules() {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 600, 10));
            let registry = trial.registry(of).await;
            trial.push(of, "content");
            disturb(&trial, of, (1, 9999), move |answer, _| {
                answer.status = status;
                answer.body = json!("<html>");
            });
            let reports = waited(&trial, &*registry, of, Duration::from_secs(300)).await;
            let passed = trial.clock.elapsed().as_secs();
            match reports.last().unwrap() {
                Err(WaitError::Call { error, report }) if ends => {
                    assert_eq!(error.status(), Some(status), "{of:?}");
                    assert_eq!(report.as_ref().unwrap().verdict, Verdict::Pending);
                    assert!((60..90).contains(&passed), "{of:?} {status}: {passed} s");
                }
                Err(WaitError::DeadlinePassed { last, .. }) if !ends => {
                    assert_eq!(last.as_ref().unwrap().status(), Some(status), "{of:?}");
                    assert!((300..=301).contains(&passed), "{of:?} {status}: {passed} s");
                }
                other => panic!("{of:?} {status}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_bad_answer_to_the_first_look_ends_a_wait_at_once() {
    // Listings of work are disturbed.
    for of in subjects_with_rules() {
        for (status, body) in [(200, json!("<html>")), (403, json!("<html>"))] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            trial.push(of, "content");
            disturb(&trial, of, (0, 9999), move |answer, _| {
                answer.status = status;
                answer.body = body.clone();
            });
            let reports = waited(&trial, &*registry, of, QUARTER).await;
            assert!(
                matches!(&reports[..], [Err(WaitError::Call { .. })]),
                "{of:?} {status}: {reports:?}"
            );
            assert!(trial.clock.elapsed() < Duration::from_secs(5), "{of:?}");
        }
    }
}

/// Removes the newest record, and with `counts` also from the listing's total.
fn without_newest(answer: &mut OutgoingAnswer, listing: &ListedCall, counts: bool) {
    let age = |record: &Value| {
        let number = record[listing.id].as_u64();
        number.or_else(|| record[listing.made[0]].as_u64())
    };
    let records = listing.records(answer).unwrap();
    let newest = (0..records.len()).max_by_key(|index| age(&records[*index]));
    records.remove(newest.unwrap());
    let left = records.len();
    if counts {
        listing.count(answer, |_| left as u64);
    }
}

#[tokio::test]
async fn a_look_that_lacks_the_newest_task_does_not_take_an_older_one_for_it() {
    // Listings of work are disturbed.
    for of in subjects_with_rules() {
        for counts in [true, false] {
            for newest in [true, false] {
                let trial = Trial::start().await;
                let registry = trial.registry(of).await;
                let push = |content| trial.push(of, content);
                push("first");
                trial.clock.advance(QUARTER);
                let fails = Outcome::Fails;
                trial
                    .sandbox
                    .decide("team/api", Some("v77"), of.decided(0), fails);
                let digest = push("second");
                trial.clock.advance(Duration::from_secs(40));
                // The first look of `status`, and of `wait`.
                disturb(&trial, of, (0, 1), move |answer, listing| {
                    if listing.listed != Listed::ExecutionTasks {
                        without_newest(answer, listing, counts);
                    }
                });
                let mut arrival = registry.arrival("team/api:v77").to(of.there());
                if newest {
                    arrival = arrival.newest();
                }
                let context = format!("{of:?}, newest: {newest}, counted: {counts}");
                let check = trial.run(arrival.check());
                let report = check.await.unwrap();
                assert_ne!(report.verdict, Verdict::Arrived, "{context}");
                assert_eq!(report.expected, (!newest).then_some(digest), "{context}");
                disturb(&trial, of, (0, 1), move |answer, listing| {
                    if listing.listed != Listed::ExecutionTasks {
                        without_newest(answer, listing, counts);
                    }
                });
                let wait = trial.run(arrival.wait(QUARTER));
                let end = wait.await.unwrap_err();
                assert_eq!(end.verdict(), Some(Verdict::Failed), "{context}: {end}");
            }
        }
    }
}

#[tokio::test]
async fn the_digest_of_the_source_is_what_has_to_arrive() {
    for of in subjects() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let push = |content| trial.push(of, content);
        push("first");
        trial.clock.advance(QUARTER);
        let digest = push("second");
        let arrival = registry.arrival("team/api:v77").to(trial.there(of).await);
        let check = trial.run(arrival.check());
        let report = check.await.unwrap();
        // Without rules, the digest at the destination is all that is known.
        let expected = match of.has_rules() {
            true => Verdict::Pending,
            false => Verdict::DigestMismatch,
        };
        assert_eq!(report.verdict, expected, "{of:?} {}", short(&report));
        assert_eq!(report.expected.as_ref(), Some(&digest), "{of:?}");
        let wait = trial.run(arrival.wait(QUARTER));
        let report = wait.await.unwrap();
        let basis = match (of.has_rules(), of.descriptor().offers.digests) {
            (false, _) => Basis::Destination,
            (true, true) => Basis::TaskDigest,
            (true, false) => Basis::SourceTag,
        };
        assert_eq!(report.destinations[0].rests_on, Some(basis), "{of:?}");
        assert_eq!(report.destinations[0].digest, Some(digest), "{of:?}");
    }
}

#[tokio::test]
async fn an_image_that_the_source_lacks_is_missed_and_waited_for() {
    // Without tasks, the verdict stays pending until the deadline.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let arrival = registry.arrival("team/api:v99").to(of.there());
        let wait = trial.run(arrival.wait(QUARTER));
        let end = wait.await.unwrap_err();
        assert_eq!(end.verdict(), Some(Verdict::NoTask), "{of:?} {end}");
        assert!(
            end.to_string().contains("the source has no team/api:v99"),
            "{end}"
        );
        // A wait continues for a task that is created in time.
        let passed = trial.clock.elapsed().as_secs();
        let push = || drop(trial.push_to(of, "v99", "content"));
        let story = Schedule::default().then(Duration::from_secs(passed + 30), push);
        let wait = trial.clock.run(arrival.wait(QUARTER), || 1, story);
        assert_eq!(wait.await.unwrap().verdict, Verdict::Arrived, "{of:?}");
    }
}

#[tokio::test]
async fn a_task_that_was_seen_stays_known_when_a_listing_is_empty() {
    // Listings of work are disturbed.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        trial.sandbox.set_pace(pace(2, 200, 10));
        let registry = trial.registry(of).await;
        trial.push(of, "content");
        disturb(&trial, of, (61, 75), |answer, listing| {
            listing.records(answer).unwrap().clear();
            listing.count(answer, |_| 0);
        });
        let reports = waited(&trial, &*registry, of, QUARTER).await;
        for report in &reports {
            let report = report.as_ref().unwrap();
            assert_ne!(report.verdict, Verdict::NoTask, "{of:?} {}", short(report));
        }
        let end = reports.last().unwrap().as_ref().unwrap();
        assert_eq!(end.verdict, Verdict::Arrived, "{of:?}");
    }
}

#[tokio::test]
async fn a_wait_can_be_spawned() {
    let of = subject(|_| true);
    let trial = Trial::start().await;
    let registry = trial.registry(of).await;
    trial.push(of, "content");
    trial.clock.advance(QUARTER);
    let wait = registry
        .arrival("team/api:v77")
        .to(of.there())
        .wait(QUARTER);
    let spawned = tokio::spawn(wait);
    while !spawned.is_finished() {
        tokio::task::yield_now().await;
        if trial.clock.sleepers() > 0 {
            trial.clock.advance(Duration::from_secs(1));
        }
    }
    assert_eq!(spawned.await.unwrap().unwrap().verdict, Verdict::Arrived);
}
