//! Waits over a bad network: single bad answers, listings that lag behind, services that hang.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join;
use jiff::SignedDuration;
use openapi_transport::Clock;
use openapi_transport::testing::{ManualClock, Schedule};
use registry_replication::{
    Basis, ErrorKind, Polling, Registry, Report, Trouble, Verdict, WaitError, huaweicloud,
};
use registry_sandbox::{Outcome, OutgoingAnswer, Pace, world};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::{Value, json};

use super::{ALL, QUARTER, Trial, decided, short, start, there};
use crate::clients;

const LISTINGS: [&str; 4] = [
    "ListInstanceReplicationPolicyExecutions",
    "ListInstanceReplicationPolicyExecTasks",
    "ShowSyncJob",
    "ListRepoSyncTask",
];

/// An answer that is none: status and body.
fn blips() -> Vec<(&'static str, u16, Value)> {
    let html = || json!("<html><body>sign in</body></html>");
    let mut blips = vec![
        ("a redirect to a login page", 302, html()),
        ("an empty answer", 200, Value::Null),
        ("a page of HTML", 200, html()),
        ("truncated JSON", 200, json!("[{\"id\": 1, ")),
        (
            "an object in the place of a list",
            200,
            json!({"executions": {}, "SyncTasks": {}}),
        ),
        ("a gateway's 400", 400, html()),
        ("a gateway's 404", 404, html()),
        (
            "a refusal",
            403,
            json!({"error_code": "SVC.403", "error_msg": "denied"}),
        ),
        ("an oversized answer", 200, json!("x".repeat(600_000))),
    ];
    for status in [408, 425, 499, 500, 501, 502, 503, 505, 507, 520, 529] {
        blips.push(("a status", status, html()));
    }
    blips
}

/// Lets `change` change the answers of listings that leave from `from` to `to` seconds after now.
fn disturb(
    trial: &Trial,
    (from, to): (u64, u64),
    change: impl Fn(&mut OutgoingAnswer) + Send + Sync + 'static,
) {
    let clock = trial.clock.clone();
    let start = clock.elapsed();
    trial.sandbox.on_answer(move |answer| {
        let passed = (clock.elapsed() - start).as_secs_f64();
        let is_due = passed >= from as f64 && passed < to as f64;
        if is_due && LISTINGS.contains(&answer.operation.as_str()) {
            change(answer);
        }
    });
}

fn pace(waits: i64, runs: i64, pause: i64) -> Pace {
    let seconds = SignedDuration::from_secs;
    Pace::new(seconds(waits), seconds(runs), seconds(pause))
}

/// All that a wait for `team/api:v77` says.
async fn waited(
    trial: &Trial,
    registry: &dyn Registry,
    of: world::Source,
    deadline: Duration,
) -> Vec<Result<Report, WaitError>> {
    let arrival = registry.arrival("team/api:v77").to(there(of));
    let reports = arrival.wait(deadline).collect::<Vec<_>>();
    trial.clock.run(reports, || 1, Schedule::default()).await
}

#[tokio::test]
async fn one_bad_answer_ends_no_wait() {
    for of in ALL {
        for (name, status, body) in blips() {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 20, 10));
            let registry = trial.registry(of).await;
            trial
                .sandbox
                .push(of, "team/api", "v77", "content")
                .unwrap();
            // From the second look on, for as long as its retries may take.
            disturb(&trial, (1, 6), move |answer| {
                answer.status = status;
                answer.body = body.clone();
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
        for of in ALL {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 600, 10));
            let registry = trial.registry(of).await;
            trial
                .sandbox
                .push(of, "team/api", "v77", "content")
                .unwrap();
            disturb(&trial, (1, 9999), move |answer| {
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
    for of in ALL {
        for (status, body) in [(200, json!("<html>")), (403, json!("<html>"))] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            trial
                .sandbox
                .push(of, "team/api", "v77", "content")
                .unwrap();
            disturb(&trial, (0, 9999), move |answer| {
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

/// The records of a listing.
fn records(answer: &mut OutgoingAnswer) -> &mut Vec<Value> {
    let body = &mut answer.body;
    if body.is_array() {
        return body.as_array_mut().unwrap();
    }
    let fields = ["executions", "tasks", "SyncTasks"];
    let field = fields.into_iter().find(|field| body[*field].is_array());
    body[field.unwrap()].as_array_mut().unwrap()
}

/// Takes the newest record out, and out of the listing's count if `counts`.
fn without_newest(answer: &mut OutgoingAnswer, counts: bool) {
    let id = |record: &Value| match &record["id"] {
        Value::Number(id) => id.as_u64().unwrap(),
        _ => record["CreateTime"].as_u64().unwrap_or_default(),
    };
    let records = records(answer);
    let newest = (0..records.len()).max_by_key(|index| id(&records[*index]));
    records.remove(newest.unwrap());
    let left = records.len();
    for name in ["total", "TotalCount"] {
        if let Some(total) = answer.body.get_mut(name).filter(|_| counts) {
            *total = json!(left);
        }
    }
}

#[tokio::test]
async fn a_look_that_lacks_the_newest_task_does_not_take_an_older_one_for_it() {
    for of in ALL {
        for counts in [true, false] {
            for newest in [true, false] {
                let trial = Trial::start().await;
                let registry = trial.registry(of).await;
                let push = |content| trial.sandbox.push(of, "team/api", "v77", content).unwrap();
                push("first");
                trial.clock.advance(QUARTER);
                let fails = Outcome::Fails;
                trial
                    .sandbox
                    .decide("team/api", Some("v77"), decided(of), fails);
                let digest = push("second");
                trial.clock.advance(Duration::from_secs(40));
                // The first look of a status, and of a wait.
                disturb(&trial, (0, 1), move |answer| {
                    let is_task = answer.operation == "ListInstanceReplicationPolicyExecTasks";
                    if !is_task {
                        without_newest(answer, counts);
                    }
                });
                let mut arrival = registry.arrival("team/api:v77").to(there(of));
                if newest {
                    arrival = arrival.newest();
                }
                let context = format!("{of:?}, newest: {newest}, counted: {counts}");
                let check = trial.run(arrival.check());
                let report = check.await.unwrap();
                assert_ne!(report.verdict, Verdict::Arrived, "{context}");
                assert_eq!(report.expected, (!newest).then_some(digest), "{context}");
                disturb(&trial, (0, 1), move |answer| {
                    let is_task = answer.operation == "ListInstanceReplicationPolicyExecTasks";
                    if !is_task {
                        without_newest(answer, counts);
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
async fn an_execution_whose_tasks_are_not_found_is_not_passed_over() {
    let of = world::Source::HuaweicloudEnterprise;
    let trial = Trial::start().await;
    let registry = trial.registry(of).await;
    let push = |content| trial.sandbox.push(of, "team/api", "v77", content).unwrap();
    push("first");
    trial.clock.advance(QUARTER);
    push("second");
    disturb(&trial, (0, 9999), |answer| {
        // The older execution's tasks are known; the newer's are not found.
        let newest = answer.operation == "ListInstanceReplicationPolicyExecTasks";
        let is_old = answer.body["tasks"]
            .as_array()
            .is_some_and(|tasks| tasks.iter().all(|task| task["status"] == "Succeed"));
        if newest && !is_old {
            answer.status = 404;
            answer.body = json!({"errors": [{"code": "NOT_FOUND", "message": "not found"}]});
        }
    });
    let arrival = registry.arrival("team/api:v77").to(there(of)).newest();
    let check = trial.run(arrival.check());
    let report = check.await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending, "{}", short(&report));
}

#[tokio::test]
async fn the_digest_of_the_source_is_what_has_to_arrive() {
    for of in ALL {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let push = |content| trial.sandbox.push(of, "team/api", "v77", content).unwrap();
        push("first");
        trial.clock.advance(QUARTER);
        let digest = push("second");
        let arrival = registry.arrival("team/api:v77").to(there(of));
        let check = trial.run(arrival.check());
        let report = check.await.unwrap();
        assert_eq!(
            report.verdict,
            Verdict::Pending,
            "{of:?} {}",
            short(&report)
        );
        assert_eq!(report.expected.as_ref(), Some(&digest), "{of:?}");
        let wait = trial.run(arrival.wait(QUARTER));
        let report = wait.await.unwrap();
        let basis = match of {
            world::Source::HuaweicloudEnterprise => Basis::TaskDigest,
            _ => Basis::SourceTag,
        };
        assert_eq!(report.destinations[0].rests_on, Some(basis), "{of:?}");
        assert_eq!(report.destinations[0].digest, Some(digest), "{of:?}");
    }
}

#[tokio::test]
async fn an_image_that_the_source_lacks_is_missed_and_waited_for() {
    for of in ALL {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let arrival = registry.arrival("team/api:v99").to(there(of));
        let wait = trial.run(arrival.wait(QUARTER));
        let end = wait.await.unwrap_err();
        assert_eq!(end.verdict(), Some(Verdict::NoTask), "{of:?} {end}");
        assert!(
            end.to_string().contains("the source has no team/api:v99"),
            "{end}"
        );
        // One that comes up in time is waited for.
        let passed = trial.clock.elapsed().as_secs();
        let push = || {
            drop(
                trial
                    .sandbox
                    .push(of, "team/api", "v99", "content")
                    .unwrap(),
            )
        };
        let story = Schedule::default().then(Duration::from_secs(passed + 30), push);
        let wait = trial.clock.run(arrival.wait(QUARTER), || 1, story);
        assert_eq!(wait.await.unwrap().verdict, Verdict::Arrived, "{of:?}");
    }
}

#[tokio::test]
async fn a_task_that_was_seen_stays_known_when_a_listing_is_empty() {
    for of in ALL {
        let trial = Trial::start().await;
        trial.sandbox.set_pace(pace(2, 200, 10));
        let registry = trial.registry(of).await;
        trial
            .sandbox
            .push(of, "team/api", "v77", "content")
            .unwrap();
        disturb(&trial, (61, 75), |answer| {
            records(answer).clear();
            for name in ["total", "TotalCount"] {
                if let Some(total) = answer.body.get_mut(name) {
                    *total = json!(0);
                }
            }
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
async fn a_failure_is_not_final_while_harbor_may_run_the_task_again() {
    let of = world::Source::HuaweicloudEnterprise;
    for (failures, pause) in [(1, 74), (2, 74), (2, 118)] {
        for begins in [0, 60] {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 5, pause));
            let registry = trial.registry(of).await;
            let outcome = Outcome::FailsFirst(failures);
            trial.sandbox.decide("team/api", Some("v77"), None, outcome);
            trial
                .sandbox
                .push(of, "team/api", "v77", "content")
                .unwrap();
            // A wait that begins later has not seen the runs before.
            trial.clock.advance(Duration::from_secs(begins));
            let arrival = registry.arrival("team/api:v77").to(there(of));
            let wait = trial.run(arrival.wait(QUARTER));
            let end = wait.await;
            let report = end.unwrap_or_else(|error| panic!("{failures} {pause} {begins}: {error}"));
            assert_eq!(report.verdict, Verdict::Arrived);
        }
    }
}

/// An Enterprise registry at a hostile server, and the clock that it goes by.
async fn hostile(server: &Hostile) -> (huaweicloud::SwrEnterprise, ManualClock) {
    let clock = ManualClock::at(start());
    let own = Arc::new(clock.clone());
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(server.endpoint())
        .project_id(clients::PROJECT)
        .instance(clients::INSTANCE)
        .credentials(clients::huawei_key())
        .configure(move |context| context.clock(own));
    (registry.build().await.unwrap(), clock)
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline_whatever_is_in_flight() {
    let pause = Duration::from_secs(1);
    let artifact = || Reply::json(r#"{"digest": "sha256:00", "tags": [{"name": "v77"}]}"#);
    let drips = Reply::Drip(b"{}".repeat(60), Duration::from_secs(1));
    for (name, reply) in [("never answers", Reply::Hang), ("drips", drips)] {
        for good in [0, 1, 3] {
            let count = Arc::new(Mutex::new(0));
            let reply = reply.clone();
            let server = Hostile::start(move |_| {
                let mut count = count.lock().unwrap();
                *count += 1;
                match *count > good {
                    true => reply.clone(),
                    false => artifact(),
                }
            });
            let server = server.await;
            let (registry, clock) = hostile(&server).await;
            let deadline = Duration::from_secs(5);
            let polling = Polling::new(pause, pause);
            let wait = registry.arrival("team/api:v77").to("x").polling(polling);
            // The clock moves once the server has the request that it does not answer.
            let moves = async {
                server.received(good + 1).await;
                clock.advance(deadline + pause);
            };
            let (end, ()) = join(wait.wait(deadline), moves).await;
            match end.unwrap_err() {
                WaitError::DeadlinePassed { last, elapsed, .. } => {
                    let last = last.unwrap();
                    assert_eq!(last.kind(), ErrorKind::Deadline, "{name}: {last}");
                    assert!(elapsed <= deadline + pause, "{name}: {elapsed:?}");
                }
                other => panic!("{name} after {good}: {other}"),
            }
        }
    }
}

#[tokio::test]
async fn a_push_time_that_cannot_be_makes_no_older_task_count() {
    for pushed in [0_i64, -62_135_596_800_000, 1_795_000_000] {
        let of = world::Source::Alibabacloud;
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let push = |content| {
            let sandbox = &trial.sandbox;
            sandbox.push(of, "team/api", "v77", content).unwrap()
        };
        push("first");
        trial.clock.advance(QUARTER);
        let stalls = Outcome::Stalls;
        trial.sandbox.decide("team/api", Some("v77"), None, stalls);
        push("second");
        trial.sandbox.on_answer(move |answer| {
            if answer.operation == "GetRepoTag" {
                answer.body["ImageUpdate"] = json!(pushed);
            }
        });
        let arrival = registry.arrival("team/api:v77").to(there(of));
        let end = trial.run(arrival.wait(Duration::from_secs(60))).await;
        // Nothing tells which image a task copied.
        let error = end.unwrap_err();
        assert_eq!(error.verdict(), Some(Verdict::NoTask), "{pushed}: {error}");
    }
}

#[tokio::test]
async fn a_failure_whose_end_cannot_be_is_not_an_old_one() {
    let of = world::Source::HuaweicloudEnterprise;
    let trial = Trial::start().await;
    trial.sandbox.set_pace(pace(2, 5, 74));
    let registry = trial.registry(of).await;
    let outcome = Outcome::FailsFirst(1);
    trial.sandbox.decide("team/api", Some("v77"), None, outcome);
    trial
        .sandbox
        .push(of, "team/api", "v77", "content")
        .unwrap();
    trial.sandbox.on_answer(|answer| {
        let fields = ["tasks", "sub_tasks"];
        let records = fields.iter().find_map(|field| answer.body.get(field));
        let field = fields
            .iter()
            .find(|field| answer.body.get(**field).is_some());
        let Some((records, field)) = records.cloned().zip(field) else {
            return;
        };
        let mut records = records;
        for record in records.as_array_mut().into_iter().flatten() {
            if record["status"] == "Failed" {
                record["end_time"] = json!("0001-01-01T00:00:00Z");
                record["StatusRevision"] = json!(0);
            }
        }
        answer.body[*field] = records;
    });
    let arrival = registry.arrival("team/api:v77").to(there(of));
    let end = trial.run(arrival.wait(QUARTER)).await;
    assert_eq!(end.unwrap().verdict, Verdict::Arrived);
}

#[tokio::test]
async fn a_wait_can_be_spawned() {
    let of = world::Source::Alibabacloud;
    let trial = Trial::start().await;
    let registry = trial.registry(of).await;
    trial
        .sandbox
        .push(of, "team/api", "v77", "content")
        .unwrap();
    trial.clock.advance(QUARTER);
    let wait = registry.arrival("team/api:v77").to(there(of)).wait(QUARTER);
    let spawned = tokio::spawn(wait);
    while !spawned.is_finished() {
        tokio::task::yield_now().await;
        if trial.clock.sleepers() > 0 {
            trial.clock.advance(Duration::from_secs(1));
        }
    }
    assert_eq!(spawned.await.unwrap().unwrap().verdict, Verdict::Arrived);
}
