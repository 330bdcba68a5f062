//! Tests of arrivals of the Enterprise edition, where Harbor runs rules as executions with tasks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join;
use openapi_transport::testing::{ManualClock, Schedule};
use registry_replication::{ErrorKind, Polling, Registry, Verdict, WaitError, huaweicloud};
use registry_sandbox::{Outcome, Pace};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::json;

use crate::arrival::trouble::{disturb, pace};
use crate::arrival::{QUARTER, Trial, short, start};
use crate::huaweicloud::clients;
use crate::subjects::Subject;
use crate::subjects::huaweicloud::HuaweicloudEnterprise;

const OF: &dyn Subject = &HuaweicloudEnterprise;

#[tokio::test]
async fn an_execution_that_says_it_is_at_work_is_judged_by_its_tasks() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    let lag = jiff::SignedDuration::from_hours(2);
    trial.sandbox.set_pace(Pace::USUAL.with_lag(lag));
    trial.push(OF, "content");
    let arrival = registry.arrival("team/api:v77").to(OF.there());
    let end = trial
        .clock
        .run(arrival.wait(QUARTER), || 1, Schedule::default());
    let report = end.await.unwrap();
    assert!(report.elapsed_ms < 15_000, "{report:?}");
    let listed = registry.executions_of(None).by_item();
    let listed: Vec<_> = listed.filter_map(async |one| one.ok()).collect().await;
    let evidence = report.destinations[0].evidence.as_ref().unwrap();
    let execution = evidence.execution.as_ref().unwrap();
    let own = listed.iter().find(|one| one.id == execution.id()).unwrap();
    assert!(!own.state.is_final(), "the record lags behind");
}

#[tokio::test]
async fn an_execution_whose_tasks_are_not_found_is_not_passed_over() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    let push = |content| trial.push(OF, content);
    push("first");
    trial.clock.advance(QUARTER);
    push("second");
    disturb(&trial, OF, (0, 9999), |answer, _| {
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
    let arrival = registry.arrival("team/api:v77").to(OF.there()).newest();
    let check = trial.run(arrival.check());
    let report = check.await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending, "{}", short(&report));
}

#[tokio::test]
async fn a_failure_is_not_final_while_harbor_may_run_the_task_again() {
    for (failures, pause) in [(1, 74), (2, 74), (2, 118)] {
        for begins in [0, 60] {
            let trial = Trial::start().await;
            trial.sandbox.set_pace(pace(2, 5, pause));
            let registry = trial.registry(OF).await;
            let outcome = Outcome::FailsFirst(failures);
            trial.sandbox.decide("team/api", Some("v77"), None, outcome);
            trial.push(OF, "content");
            // A wait that begins later has not seen the runs before.
            trial.clock.advance(Duration::from_secs(begins));
            let arrival = registry.arrival("team/api:v77").to(OF.there());
            let wait = trial.run(arrival.wait(QUARTER));
            let end = wait.await;
            let report = end.unwrap_or_else(|error| panic!("{failures} {pause} {begins}: {error}"));
            assert_eq!(report.verdict, Verdict::Arrived);
        }
    }
}

/// Makes an Enterprise registry at a hostile server, and its clock.
async fn hostile(server: &Hostile) -> (huaweicloud::SwrEnterprise, ManualClock) {
    let clock = ManualClock::at(start());
    let own = Arc::new(clock.clone());
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(server.endpoint())
        .project_id(clients::PROJECT)
        .instance(clients::INSTANCE)
        .credentials(clients::key())
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
async fn a_failure_whose_end_cannot_be_is_not_an_old_one() {
    let trial = Trial::start().await;
    trial.sandbox.set_pace(pace(2, 5, 74));
    let registry = trial.registry(OF).await;
    let outcome = Outcome::FailsFirst(1);
    trial.sandbox.decide("team/api", Some("v77"), None, outcome);
    trial.push(OF, "content");
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
    let arrival = registry.arrival("team/api:v77").to(OF.there());
    let end = trial.run(arrival.wait(QUARTER)).await;
    assert_eq!(end.unwrap().verdict, Verdict::Arrived);
}
