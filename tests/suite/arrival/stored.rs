//! Tests of stored reports: their JSON, and its schema.

use insta::{assert_json_snapshot, assert_snapshot};
use openapi_transport::testing::Schedule;
use registry_replication::{Report, WaitError};
use registry_sandbox::Outcome;

use super::{QUARTER, Trial};
use crate::subjects::subject;

#[tokio::test]
async fn a_report_is_written_and_read_again() {
    let of = subject(|of| of.destinations().len() == 2);
    let destinations = of.destinations();
    let [good, bad] = &destinations[..] else {
        unreachable!("two destinations")
    };
    let trial = Trial::start().await;
    let registry = trial.registry(of).await;
    trial
        .sandbox
        .decide("team/api", None, of.decided(1), Outcome::Fails);
    trial.push(of, "content");
    let arrival = registry.arrival("team/api:v77").to(good.name).to(bad.name);
    let arrival = arrival.to("la-south-2").any();
    let end = trial
        .clock
        .run(arrival.wait(QUARTER), || 1, Schedule::default());
    let report = end.await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let read: Report = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), json);
    assert_json_snapshot!("report", json);

    let arrival = registry.arrival("team/api:v77").to(good.name).to(bad.name);
    let end = trial
        .clock
        .run(arrival.wait(QUARTER), || 1, Schedule::default());
    let error = end.await.unwrap_err();
    assert!(matches!(error, WaitError::NotArrived(_)), "{error:?}");
    assert_snapshot!("not-arrived", error.to_string());
}

#[test]
fn the_schema_of_a_report() {
    assert_json_snapshot!("report-schema", schemars::schema_for!(Report));
}
