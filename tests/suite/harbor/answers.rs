//! Verdicts on what Harbor answered in public issues of goharbor/harbor. Times, states, counts, status codes,
//! tags and digests are those of the issues. Projects, repositories and hosts are replaced, and lines of logs
//! that say nothing about a tag are left out. A rule that pulled is one that pushes here, because only such a
//! rule has images of this registry.

use std::sync::Arc;
use std::time::Duration;

use openapi_transport::Timestamp;
use openapi_transport::testing::{ManualClock, Schedule};
use registry_replication::harbor::HarborRegistry;
use registry_replication::{ReasonKind, Registry, Report, TaskState, Verdict, oci};
use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::{Value, json};

use crate::arrival::short;

const DIGEST: &str = "sha256:ecb595c3fbdb63bc348b94ca2c274637e8597dcbcf6c89514e6b3fb67ec92060";

/// What the service answers about one task, and the time of the question.
#[derive(Clone)]
struct Answers {
    execution: Value,
    task: &'static str,
    /// Lines of the log, or none if it is gone.
    log: Option<&'static str>,
    now: &'static str,
}

impl Answers {
    fn reply(&self, request: &Request) -> Reply {
        let path = request.path().strip_prefix("/api/v2.0").unwrap();
        let list = |record: Value| {
            let headers = [("content-type", "application/json"), ("x-total-count", "1")];
            Reply::answer(200, &headers, json!([record]).to_string())
        };
        let started = self.execution["start_time"].clone();
        match path {
            "/replication/policies" => list(json!({
                "id": self.execution["policy_id"], "name": "copy", "enabled": true, "override": true,
                "src_registry": { "id": 0, "name": "Local", "type": "harbor" },
                "dest_registry": { "id": 2, "name": "backup", "type": "harbor" },
                "filters": [{ "type": "name", "value": "team/**" }],
                "trigger": { "type": "event_based" }, "update_time": "2020-01-01T00:00:00.000Z",
            })),
            "/replication/executions" => list(self.execution.clone()),
            _ if path.ends_with("/tasks") => list(json!({
                "id": 9, "execution_id": self.execution["id"], "job_id": "5f2a", "operation": "copy",
                "resource_type": "artifact", "status": self.task,
                "src_resource": "team/api:[1 item(s) in total]",
                "dst_resource": "team/api:[1 item(s) in total]",
                "start_time": started, "end_time": self.execution["end_time"],
            })),
            _ if path.ends_with("/log") => match self.log {
                Some(text) => Reply::answer(200, &[("content-type", "text/plain")], text),
                None => Reply::answer(
                    404,
                    &[("content-type", "application/json")],
                    r#"{"errors":[{"code":"NOT_FOUND","message":"the log is not found"}]}"#,
                ),
            },
            _ if path.ends_with("/webhook/policies") => Reply::json("[]"),
            _ if path.contains("/artifacts/") => {
                let tag = path.rsplit('/').next().unwrap();
                let started: Timestamp = started.as_str().unwrap().parse().unwrap();
                let second = Duration::from_secs(1);
                // A tag that the task does not copy was pushed after it.
                let pushed = match tag {
                    "other" => started + second,
                    _ => started - second,
                };
                let artifact = json!({
                    "digest": DIGEST, "type": "IMAGE",
                    "tags": [{ "name": tag, "push_time": pushed.to_string() }],
                });
                Reply::json(artifact.to_string())
            }
            other => panic!("{other}"),
        }
    }

    /// Waits for a tag of the repository, and returns the last report.
    async fn report(&self, tag: &str, wait: Duration, proof: Option<&str>) -> Report {
        let answers = self.clone();
        let server = Hostile::start(move |request| answers.reply(request)).await;
        let clock = ManualClock::at(self.now.parse().unwrap());
        let own = clock.clone();
        let registry = HarborRegistry::builder()
            .endpoint(server.endpoint())
            .credentials(harbor::Login::new("robot$example", "example-secret"))
            .configure(move |context| context.rate_limit(None).clock(Arc::new(own.clone())))
            .build()
            .await
            .unwrap();
        let mut arrival = registry.arrival(&format!("team/api:{tag}")).to("backup");
        if let Some(host) = proof {
            arrival = arrival.proof(
                "backup",
                oci::Client::builder(host.trim_start_matches("http://"))
                    .build()
                    .unwrap(),
            );
        }
        let work = arrival.digest(DIGEST).wait(wait);
        match clock.run(work, || 1, Schedule::default()).await {
            Ok(report) => report,
            Err(error) => error.report().unwrap().clone(),
        }
    }

    async fn verdict(&self, tag: &str) -> (Verdict, Vec<ReasonKind>, Option<String>) {
        let report = self.report(tag, Duration::from_secs(600), None).await;
        let destination = &report.destinations[0];
        let kinds = destination.reasons.iter().map(|reason| reason.kind);
        let evidence = destination.evidence.as_ref();
        let issue = evidence.and_then(|evidence| evidence.issue.clone());
        (report.verdict, kinds.collect(), issue)
    }
}

/// Makes an execution with one task.
fn execution(status: &str, trigger: &str, start: &str, end: &str) -> Value {
    let count = |own: &str| i32::from(own == status);
    json!({
        "id": 83, "policy_id": 12, "status": status, "status_text": "", "trigger": trigger,
        "start_time": start, "end_time": end, "total": 1, "failed": count("Failed"),
        "succeed": count("Succeed"), "in_progress": count("InProgress"), "stopped": 0,
    })
}

/// goharbor/harbor#14986: an automation took the state between two runs for the end.
#[tokio::test]
async fn a_failure_between_two_runs_is_no_failure() {
    let start = "2021-05-26T13:32:38.987Z";
    let mut failed = execution("Failed", "manual", start, "2021-05-26T13:33:00.000Z");
    failed["id"] = json!(3351);
    failed["policy_id"] = json!(1304);
    let mut succeeded = execution("Succeed", "manual", start, "2021-05-26T13:33:33.000Z");
    succeeded["id"] = json!(3351);
    succeeded["policy_id"] = json!(1304);
    let answers = Answers {
        execution: failed,
        task: "Failed",
        log: None,
        now: "2021-05-26T13:33:02Z",
    };
    // Longer than the pause until the second run.
    let early = answers.report("1.25", Duration::from_secs(31), None).await;
    assert_eq!(early.verdict, Verdict::Pending, "{}", short(&early));
    let answers = Answers {
        execution: succeeded,
        task: "Succeed",
        now: "2021-05-26T13:33:40Z",
        ..answers
    };
    let (verdict, ..) = answers.verdict("1.25").await;
    assert_eq!(verdict, Verdict::Arrived);
}

/// goharbor/harbor#23912: no field of the execution says why it failed, and its log is gone here.
#[tokio::test]
async fn a_failure_without_a_log_names_no_tag() {
    let (start, end) = ("2026-09-11T20:00:02.577Z", "2026-09-11T20:03:23.000Z");
    let mut execution = execution("Failed", "scheduled", start, end);
    execution["id"] = json!(826);
    execution["policy_id"] = json!(26);
    let answers = Answers {
        execution,
        task: "Failed",
        log: None,
        now: "2026-09-12T20:00:00Z",
    };
    let (verdict, reasons, issue) = answers.verdict("v1").await;
    assert_eq!(verdict, Verdict::Pending);
    assert!(reasons.contains(&ReasonKind::UnnamedTag), "{reasons:?}");
    assert_eq!(issue, None);
}

/// goharbor/harbor#12311: the destination answered 400. The last error of the log gives no reason.
#[tokio::test]
async fn the_reason_of_a_failure_is_the_last_error_with_a_reason() {
    let answers = Answers {
        execution: execution(
            "Failed",
            "event_based",
            "2020-06-11T13:49:11Z",
            "2020-06-11T13:49:11Z",
        ),
        task: "Failed",
        log: Some(
            "2020-06-11T13:49:11Z [INFO] [/replication/transfer/image/transfer.go:158]: copying team/api:[latest](source registry) to team/api:[latest](destination registry)...
2020-06-11T13:49:11Z [INFO] [/replication/transfer/image/transfer.go:179]: copying team/api:latest(source registry) to team/api:latest(destination registry)...
2020-06-11T13:49:11Z [ERROR] [/replication/transfer/image/transfer.go:299]: failed to check the existence of the manifest of artifact team/api:latest on the destination registry: http status code: 400, body:
2020-06-11T13:49:11Z [ERROR] [/replication/transfer/image/transfer.go:163]: http status code: 400, body:
2020-06-11T13:49:11Z [ERROR] [/replication/transfer/image/transfer.go:169]: got error during the whole transfer period, mark the job failure
",
        ),
        now: "2020-06-11T13:49:20Z",
    };
    let (verdict, reasons, issue) = answers.verdict("latest").await;
    assert_eq!(verdict, Verdict::Failed, "{reasons:?}");
    assert_eq!(issue.as_deref(), Some("http status code: 400, body:"));
    // The log names all tags of the task, so another tag has no task.
    let (verdict, ..) = answers.verdict("other").await;
    assert_eq!(verdict, Verdict::NoTask);
}

/// goharbor/harbor#16624: a blob was missing at the destination.
#[tokio::test]
async fn a_missing_blob_fails_its_tag() {
    let answers = Answers {
        execution: execution(
            "Failed",
            "event_based",
            "2022-07-25T17:36:12Z",
            "2022-07-25T17:36:13Z",
        ),
        task: "Failed",
        log: Some(
            r#"2022-07-25T17:36:12Z [INFO] [/controller/replication/transfer/image/transfer.go:165]: copying team/api:[V1](source registry) to team/api:[V1](destination registry)...
2022-07-25T17:36:13Z [INFO] [/controller/replication/transfer/image/transfer.go:372]: pushing the manifest of artifact team/api:V1 ...
2022-07-25T17:36:13Z [ERROR] [/controller/replication/transfer/image/transfer.go:380]: failed to push manifest of artifact team/api:V1: http status code: 400, body: {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry","detail":"sha256:8916107b7faec7a28f9bfb0d59579a51b8b9f80835b0ed134f5f511deae095be"}]}
2022-07-25T17:36:13Z [ERROR] [/controller/replication/transfer/image/transfer.go:186]: got error during the whole transfer period, mark the job failure
"#,
        ),
        now: "2022-07-25T17:36:20Z",
    };
    let (verdict, _, issue) = answers.verdict("V1").await;
    assert_eq!(verdict, Verdict::Failed);
    let issue = issue.unwrap();
    assert!(issue.contains("MANIFEST_BLOB_UNKNOWN"), "{issue}");
}

/// goharbor/harbor#15797: the log told of a copy that the destination did not have.
#[tokio::test]
async fn a_copy_that_only_the_log_has_is_not_proven() {
    let answers = Answers {
        execution: execution(
            "Succeed",
            "event_based",
            "2021-10-15T07:39:41Z",
            "2021-10-15T07:39:43Z",
        ),
        task: "Succeed",
        log: Some(
            r#"2021-10-15T07:39:41Z [INFO] [/controller/replication/transfer/image/transfer.go:170]: copying team/api:[latest](source registry) to team/api:[latest](destination registry)...
2021-10-15T07:39:41Z [INFO] [/controller/replication/transfer/image/transfer.go:191]: copying team/api:latest(source registry) to team/api:latest(destination registry)...
2021-10-15T07:39:41Z [WARNING] [/controller/replication/transfer/image/transfer.go:218]: the same name artifact team/api:latest exists on the destination registry and the "override" is set to true, continue...
2021-10-15T07:39:43Z [INFO] [/controller/replication/transfer/image/transfer.go:234]: copy team/api:latest(source registry) to team/api:latest(destination registry) completed
"#,
        ),
        now: "2021-10-15T07:40:00Z",
    };
    let (verdict, ..) = answers.verdict("latest").await;
    assert_eq!(verdict, Verdict::Arrived);
    let there = Hostile::start(|_| {
        let headers = [("content-type", "application/json")];
        let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        Reply::answer(404, &headers, body)
    });
    let there = there.await;
    let proven = answers.report("latest", Duration::from_secs(60), Some(there.endpoint()));
    let proven = proven.await;
    assert_eq!(proven.verdict, Verdict::Pending, "{}", short(&proven));
}

/// goharbor/harbor#15710: the end of an earlier, longer log followed the last line.
#[tokio::test]
async fn the_end_of_an_earlier_log_is_not_read() {
    let answers = Answers {
        execution: execution(
            "Succeed",
            "event_based",
            "2021-09-29T10:40:49Z",
            "2021-09-29T10:41:00Z",
        ),
        task: "Succeed",
        log: Some(
            "2021-09-29T10:40:49Z [INFO] [/controller/replication/transfer/image/transfer.go:170]: copying team/api:[ob-18677572,sb-50284498](source registry) to team/api:[ob-18677572,sb-50284498](destination registry)...
2021-09-29T10:40:49Z [INFO] [/controller/replication/transfer/image/transfer.go:191]: copying team/api:ob-18677572(source registry) to team/api:ob-18677572(destination registry)...
2021-09-29T10:40:50Z [INFO] [/controller/replication/transfer/image/transfer.go:234]: copy team/api:ob-18677572(source registry) to team/api:ob-18677572(destination registry) completed
2021-09-29T10:40:50Z [INFO] [/controller/replication/transfer/image/transfer.go:191]: copying team/api:sb-50284498(source registry) to team/api:sb-50284498(destination registry)...
2021-09-29T10:41:00Z [INFO] [/controller/replication/transfer/image/transfer.go:234]: copy team/api:sb-50284498(source registry) to team/api:sb-50284498(destination registry) completed
2021-09-29T10:41:00Z [INFO] [/controller/replication/transfer/image/transfer.go:185]: copy team/api:[ob-18677572,sb-50284498](source registry) to team/api:[ob-18677572,sb-50284498](destination registry) completed
er.go:181]: got error during the whole transfer period, mark the job failure
",
        ),
        now: "2021-09-29T10:42:00Z",
    };
    for tag in ["ob-18677572", "sb-50284498"] {
        let (verdict, _, issue) = answers.verdict(tag).await;
        assert_eq!((verdict, issue), (Verdict::Arrived, None), "{tag}");
    }
}

/// goharbor/harbor#20632: eight tags. The first was there, and the task had begun with the second.
#[tokio::test]
async fn each_tag_of_a_running_task_has_its_own_state() {
    let answers = Answers {
        execution: execution(
            "InProgress",
            "manual",
            "2024-06-19T23:48:15Z",
            "0001-01-01T00:00:00.000Z",
        ),
        task: "InProgress",
        log: Some(
            "2024-06-19T23:48:15Z [INFO] [/controller/replication/transfer/image/transfer.go:182]: copying team/api:[latest,2.12,dev,2.11,2.10,2.9,2.8,2.7](source registry) to team/api:[latest,2.12,dev,2.11,2.10,2.9,2.8,2.7](destination registry)...
2024-06-19T23:48:15Z [INFO] [/controller/replication/transfer/image/transfer.go:210]: copying team/api:latest(source registry) to team/api:latest(destination registry)...
2024-06-19T23:48:24Z [INFO] [/controller/replication/transfer/image/transfer.go:226]: the artifact team/api:latest already exists on the destination registry, skip
2024-06-19T23:48:24Z [INFO] [/controller/replication/transfer/image/transfer.go:210]: copying team/api:2.12(source registry) to team/api:2.12(destination registry)...
",
        ),
        now: "2024-06-19T23:48:30Z",
    };
    for (tag, verdict, state) in [
        ("latest", Verdict::Arrived, TaskState::AlreadyThere),
        ("2.12", Verdict::Pending, TaskState::Running),
        ("2.7", Verdict::Pending, TaskState::Running),
    ] {
        let report = answers.report(tag, Duration::from_secs(60), None).await;
        let evidence = report.destinations[0].evidence.as_ref().unwrap();
        assert_eq!(
            (report.verdict, &evidence.state),
            (verdict, &state),
            "{tag}"
        );
    }
}

/// goharbor/harbor#20726: two tags of one task failed with 404. A third one was copied here.
#[tokio::test]
async fn a_failed_task_may_have_copied_some_of_its_tags() {
    let answers = Answers {
        execution: execution(
            "Failed",
            "manual",
            "2024-07-10T02:20:50Z",
            "2024-07-10T02:20:58Z",
        ),
        task: "Failed",
        log: Some(
            r#"2024-07-10T02:20:50Z [INFO] [/controller/replication/transfer/image/transfer.go:182]: copying team/api:[1.0,build-cache,checks-cache](source registry) to team/api:[1.0,build-cache,checks-cache](destination registry)...
2024-07-10T02:20:50Z [INFO] [/controller/replication/transfer/image/transfer.go:210]: copying team/api:1.0(source registry) to team/api:1.0(destination registry)...
2024-07-10T02:20:52Z [INFO] [/controller/replication/transfer/image/transfer.go:253]: copy team/api:1.0(source registry) to team/api:1.0(destination registry) completed
2024-07-10T02:20:53Z [ERROR] [/controller/replication/transfer/image/transfer.go:504]: failed to push manifest of artifact team/api:build-cache: http status code: 404, body: {"errors":[{"code":"NOT_FOUND","message":"artifact team/api@sha256:0668e0cb7eeb9ced793b8a4532206bfb3690455a5069af3a164704ba78b41026 not found"}]}
2024-07-10T02:20:57Z [ERROR] [/controller/replication/transfer/image/transfer.go:504]: failed to push manifest of artifact team/api:checks-cache: http status code: 404, body: {"errors":[{"code":"NOT_FOUND","message":"artifact team/api@sha256:07ccb93ecbac82807474a781c9f71fbdf579c08f3aca6e78284f"}]}
"#,
        ),
        // The excerpt lacks the last line of the log, which may still come for a quarter of an hour.
        now: "2024-07-10T02:40:00Z",
    };
    for (tag, verdict) in [
        ("1.0", Verdict::Arrived),
        ("build-cache", Verdict::Failed),
        ("checks-cache", Verdict::Failed),
    ] {
        let (own, reasons, _) = answers.verdict(tag).await;
        assert_eq!(own, verdict, "{tag} {reasons:?}");
    }
}

/// goharbor/harbor#19481: a failed task whose log has no error.
#[tokio::test]
async fn a_failure_may_have_no_reason() {
    let answers = Answers {
        execution: execution(
            "Failed",
            "scheduled",
            "2023-10-24T12:45:07Z",
            "2023-10-24T12:45:30Z",
        ),
        task: "Failed",
        log: Some(
            "2023-10-24T12:45:07Z [INFO] [/controller/replication/transfer/image/transfer.go:149]: client for destination registry [type: harbor, URL: http://core:8080, insecure: true] created
2023-10-24T12:45:07Z [INFO] [/controller/replication/transfer/image/transfer.go:182]: copying team/api:[v1](source registry) to team/api:[v1](destination registry)...
",
        ),
        now: "2023-10-24T13:46:00Z",
    };
    let (verdict, reasons, issue) = answers.verdict("v1").await;
    assert_eq!((verdict, issue), (Verdict::Failed, None), "{reasons:?}");
}
