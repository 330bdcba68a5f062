//! Tests of arrivals of Alibaba Cloud, where tasks name no digest and editions differ.

use std::time::Duration;

use registry_replication::{Registry, Verdict, alibabacloud};
use registry_sandbox::Outcome;
use registry_tests::hostile::{Hostile, Reply};
use serde_json::{Value, json};

use crate::arrival::{QUARTER, Trial, short};
use crate::subjects::Subject;
use crate::subjects::alibabacloud::Alibabacloud;

const OF: &dyn Subject = &Alibabacloud;

#[tokio::test]
async fn a_push_time_that_cannot_be_makes_no_older_task_count() {
    for pushed in [0_i64, -62_135_596_800_000, 1_795_000_000] {
        let trial = Trial::start().await;
        let registry = trial.registry(OF).await;
        let push = |content| trial.push(OF, content);
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
        let arrival = registry.arrival("team/api:v77").to(OF.there());
        let end = trial.run(arrival.wait(Duration::from_secs(60))).await;
        // Nothing tells which image a task copied.
        let error = end.unwrap_err();
        assert_eq!(error.verdict(), Some(Verdict::NoTask), "{pushed}: {error}");
    }
}

#[tokio::test]
async fn an_edition_that_does_not_copy_is_named_and_so_is_what_one_may_not_see() {
    let none = json!({"IsSuccess": true, "TotalCount": 0, "PageNo": 1, "PageSize": 100});
    let no_repository = json!({"IsSuccess": false, "Code": "REPO_NOT_EXIST"});
    let basic = json!({"IsSuccess": true, "InstanceSpecification": "Enterprise_Basic"});
    let forbidden = json!({"Code": "NoPermission", "Message": "Access denied."});
    // Answers of the calls for rules, repository and instance.
    let explain = async |rules: &Value, repository: &Value, instance: &Value| {
        let answers = [
            ("ListRepoSyncTask", none.clone()),
            ("ListRepoSyncRule", rules.clone()),
            ("GetRepository", repository.clone()),
            ("GetInstance", instance.clone()),
        ];
        let server = Hostile::start(move |request| {
            let action = request.header("x-acs-action").unwrap();
            let (_, body) = answers.iter().find(|(name, _)| *name == action).unwrap();
            let status = if body["Code"] == "NoPermission" {
                403
            } else {
                200
            };
            let headers = [("content-type", "application/json")];
            Reply::answer(status, &headers, body.to_string())
        });
        let server = server.await;
        let registry = alibabacloud::AlibabaCr::builder()
            .endpoint(server.endpoint())
            .instance("cri-1")
            .credentials(alibabacloud::Credentials::new("key", "secret"))
            .configure(registry_tests::fixed)
            .build()
            .await
            .unwrap();
        let arrival = registry.arrival("team/api:v42").to("cn-shanghai");
        arrival.explain().await
    };
    let report = explain(&none, &no_repository, &basic).await;
    let report = report.unwrap();
    assert_eq!(
        short(&report),
        "cn-shanghai no-rule [edition no-rule-there not-in-source]"
    );
    assert_eq!(
        report.destinations[0].reasons[0].text,
        "instance cri-1 is of the edition Enterprise_Basic, and only Enterprise_Advanced copies \
         images: upgrade it"
    );
    let report = explain(&none, &forbidden, &forbidden).await;
    let report = report.unwrap();
    assert_eq!(
        short(&report),
        "cn-shanghai no-rule [no-rule-there access access]"
    );
    assert_eq!(
        report.destinations[0].reasons[1].text,
        "permission denied: GetInstance: refused by the service, HTTP 403, NoPermission: \
         Access denied.; grant GetInstance"
    );
    // If all calls are denied, there is no verdict.
    let refused = explain(&forbidden, &forbidden, &forbidden).await;
    let error = refused.unwrap_err();
    assert_eq!(error.status(), Some(403), "{error}");
}
