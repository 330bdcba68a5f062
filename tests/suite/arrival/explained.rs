//! Why an image is not there, and what proves that it is.

use std::fmt::Write;
use std::time::Duration;

use futures_util::StreamExt;
use insta::assert_snapshot;
use openapi_transport::testing::Schedule;
use registry_replication::{Basis, ReasonKind, Registry, Report, Verdict, WaitError, alibabacloud};
use registry_sandbox::world::Place;
use registry_sandbox::{Outcome, Pace, world};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::{Value, json};

use super::simulation::stage::Stage;
use super::{ALL, QUARTER, Trial, short, there};

const MINUTE: Duration = Duration::from_secs(60);

/// A stage whose only rule for the first destination is made by `make`.
async fn with_rule(of: world::Source, change: impl FnOnce(&mut Value)) -> Stage {
    let stage = Stage::bare(of, true).await;
    for number in 0..stage.destinations.len() {
        stage.delete_rule(number).await;
    }
    stage.make_rule_like(0, change).await;
    stage
}

/// The reasons of each destination, with ids that differ from run to run taken out.
fn sentences(report: &Report) -> String {
    let mut text = String::new();
    for destination in &report.destinations {
        writeln!(text, "{}: {}", destination.destination, destination.verdict).unwrap();
        for reason in &destination.reasons {
            let words = reason.text.split(' ').map(|word| {
                let id = word.trim_start_matches(|c: char| !c.is_alphanumeric());
                let made =
                    id.starts_with("crsr-") || id.starts_with("rst-") || id.starts_with("109");
                let made = made || id.starts_with("110");
                if made { "ID" } else { word }
            });
            writeln!(text, "  {}", words.collect::<Vec<_>>().join(" ")).unwrap();
        }
    }
    text
}

#[tokio::test]
async fn each_thing_that_stands_in_the_way_is_named() {
    let mut told = String::new();
    let mut tell = |name: &str, of: world::Source, report: &Report, kind: ReasonKind| {
        let destination = &report.destinations[0];
        assert!(
            destination.reasons.iter().any(|reason| reason.kind == kind),
            "{name} {of:?}: {}",
            short(report)
        );
        writeln!(told, "{name}, {of:?}\n{}", sentences(report)).unwrap();
    };
    for of in ALL {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        trial
            .sandbox
            .push(of, "team/api", "v77", "content")
            .unwrap();
        let explain = async |image: &str, to: &str| {
            let arrival = registry.arrival(image).to(to);
            trial.run(arrival.explain()).await.unwrap()
        };
        let report = explain("team/api:v77", "la-south-2").await;
        tell("no rule there", of, &report, ReasonKind::NoRuleThere);
        let report = explain("team/api:v0", there(of)).await;
        tell("no such image", of, &report, ReasonKind::NotInSource);

        // What was pushed before the rule was made is not copied.
        let stage = with_rule(of, |_| {}).await;
        for number in 0..stage.destinations.len() {
            stage.delete_rule(number).await;
        }
        stage.push("v1", "content");
        stage.trial.clock.advance(MINUTE);
        stage.make_rule(0).await;
        let image = format!("{}:v1", stage.name());
        let arrival = stage.registry.arrival(&image).to(there(of));
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        tell(
            "older than its rule",
            of,
            &report,
            ReasonKind::OlderThanRule,
        );

        // A failure that has settled, with the vendor's words.
        let stage = with_rule(of, |_| {}).await;
        let name = stage.name();
        stage
            .trial
            .sandbox
            .decide(&name, None, None, Outcome::Fails);
        stage.push("v1", "content");
        let arrival = stage.registry.arrival(&image).to(there(of));
        stage.trial.clock.advance(MINUTE);
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        tell(
            "a failure that may be tried again",
            of,
            &report,
            ReasonKind::Settling,
        );
        stage.trial.clock.advance(3 * MINUTE);
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        assert_eq!(report.verdict, Verdict::Failed, "{of:?}");
        tell("a failure", of, &report, ReasonKind::TaskIssue);
    }

    let enterprise = world::Source::HuaweicloudEnterprise;
    let tag = |pattern: &str| json!([{"type": "name", "value": "library/sim"}, {"type": "tag", "value": pattern}]);
    for (name, kind, field, value) in [
        (
            "another tag",
            ReasonKind::NotCovered,
            "filters",
            tag("release-*"),
        ),
        (
            "switched off",
            ReasonKind::RuleDisabled,
            "enabled",
            json!(false),
        ),
        (
            "by hand",
            ReasonKind::RuleByHand,
            "trigger",
            json!({"type": "manual"}),
        ),
        (
            "on schedule",
            ReasonKind::RuleOnSchedule,
            "trigger",
            json!({"type": "scheduled", "trigger_settings": {"cron": "0 0 2 * * *"}}),
        ),
    ] {
        let stage = with_rule(enterprise, |rule| rule[field] = value).await;
        stage.push("v42", "content");
        let image = format!("{}:v42", stage.name());
        let arrival = stage.registry.arrival(&image).to(there(enterprise));
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        tell(name, enterprise, &report, kind);
    }
    for (name, of, field, value, kind) in [
        (
            "another tag",
            world::Source::Alibabacloud,
            "TagFilter",
            json!(r"release-\d+"),
            ReasonKind::NotCovered,
        ),
        (
            "by hand",
            world::Source::Alibabacloud,
            "SyncTrigger",
            json!("INITIATIVE"),
            ReasonKind::RuleByHand,
        ),
        (
            "by hand",
            world::Source::HuaweicloudBasic,
            "syncAuto",
            json!(false),
            ReasonKind::RuleByHand,
        ),
    ] {
        let stage = with_rule(of, |rule| rule[field] = value).await;
        stage.push("v42", "content");
        let image = format!("{}:v42", stage.name());
        let arrival = stage.registry.arrival(&image).to(there(of));
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        tell(name, of, &report, kind);
    }
    assert_snapshot!("explained", told);
}

#[tokio::test]
async fn what_does_not_get_on_is_stalled_and_a_deadline_ends_a_wait() {
    for of in ALL {
        for (deadline, stalls) in [(2 * QUARTER, true), (QUARTER / 3, false)] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            trial
                .sandbox
                .decide("team/api", Some("v77"), None, Outcome::Stalls);
            let since = trial.now();
            trial
                .sandbox
                .push(of, "team/api", "v77", "content")
                .unwrap();
            let arrival = registry.arrival("team/api:v77").to(there(of)).since(since);
            let end = trial
                .clock
                .run(arrival.wait(deadline), || 1, Schedule::default());
            let error = end.await.unwrap_err();
            let report = error.report().unwrap();
            let elapsed = Duration::from_millis(report.elapsed_ms);
            match (&error, stalls) {
                (WaitError::NotArrived(_), true) => {
                    assert_eq!(error.verdict(), Some(Verdict::Stalled), "{of:?}");
                    assert!(
                        elapsed >= QUARTER && elapsed <= QUARTER + MINUTE,
                        "{elapsed:?}"
                    );
                }
                (WaitError::DeadlinePassed { polls, .. }, false) => {
                    assert_eq!(error.verdict(), Some(Verdict::Pending), "{of:?}");
                    assert_eq!(elapsed, deadline, "one more look is taken at the deadline");
                    assert_eq!(*polls, report.polls);
                    assert!((30..=40).contains(polls), "{polls}");
                }
                (other, _) => panic!("{of:?} {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_tag_that_moves_away_is_a_mismatch() {
    for of in ALL {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let first = trial.sandbox.push(of, "team/api", "v77", "first").unwrap();
        trial.sandbox.push(of, "team/api", "v77", "second").unwrap();
        let arrival = registry
            .arrival("team/api:v77")
            .to(there(of))
            .digest(&first);
        let end = trial
            .clock
            .run(arrival.wait(QUARTER), || 1, Schedule::default());
        let error = end.await.unwrap_err();
        assert_eq!(
            error.verdict(),
            Some(Verdict::DigestMismatch),
            "{of:?} {error}"
        );
    }
}

#[tokio::test]
async fn an_execution_that_says_it_is_at_work_is_judged_by_its_tasks() {
    let of = world::Source::HuaweicloudEnterprise;
    let trial = Trial::start().await;
    let registry = trial.registry(of).await;
    let lag = jiff::SignedDuration::from_hours(2);
    trial.sandbox.set_pace(Pace::USUAL.with_lag(lag));
    trial
        .sandbox
        .push(of, "team/api", "v77", "content")
        .unwrap();
    let arrival = registry.arrival("team/api:v77").to(there(of));
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
async fn a_destination_proves_an_arrival_when_it_has_shown_it_twice() {
    for of in ALL {
        let stage = Stage::bare(of, true).await;
        if of != world::Source::Alibabacloud {
            stage.make_rule(0).await;
        }
        let sandbox = &stage.trial.sandbox;
        let to = &stage.destinations[0];
        let name = stage.name();
        let digest = stage.push("v1", "content");
        let image = format!("{name}:v1");
        let arrival = stage.registry.arrival(&image).to(to.name).digest(&digest);
        let arrival = arrival.proof(to.name, to.proof.clone());
        let clock = &stage.trial.clock;
        // It is lost between the two looks, and copied again a minute later.
        let looks = |report: &Report| (report.verdict, report.destinations[0].shown);
        let mut wait = arrival.wait(QUARTER);
        let mut seen = Vec::new();
        let (mut lost, mut since) = (false, 0);
        let watched = async {
            while let Some(item) = wait.next().await {
                let report = item.unwrap();
                seen.push(looks(&report));
                if report.destinations[0].shown == Some(1) && !lost {
                    lost = sandbox.forget(&to.place, &name, "v1");
                }
                since += usize::from(lost);
                if since == 5 {
                    stage.by_hand("v1", 0).await;
                }
                if report.is_final {
                    assert_eq!(report.destinations[0].rests_on, Some(Basis::Destination));
                }
            }
        };
        let clock = clock.clone();
        clock.run(watched, || 1, Schedule::default()).await;
        seen.dedup();
        let pending = Verdict::Pending;
        let expected = [
            (pending, None),
            (pending, Some(1)),
            (pending, None),
            (pending, Some(1)),
            (Verdict::Arrived, Some(2)),
        ];
        assert_eq!(seen, expected, "{of:?}");

        // Somebody else has pushed there: tasks say that it has arrived, the destination does not.
        let held = sandbox.holds(&to.place, &name, "v1");
        assert_eq!(held.as_ref(), Some(&digest), "{of:?}");
        let other = stage.registry.arrival(&image).to(to.name);
        let place = Place::from(of);
        sandbox.forget(&to.place, &name, "v1");
        let proven = other.proof(to.name, to.proof.clone());
        let report = clock
            .run(proven.check(), || 1, Schedule::default())
            .await
            .unwrap();
        assert_eq!(looks(&report), (pending, None), "{of:?}");
        assert_eq!(short(&report), format!("{} pending [not-shown]", to.name));
        assert!(sandbox.holds(&place, &name, "v1").is_some());
    }
}

#[tokio::test]
async fn an_edition_that_does_not_copy_is_named_and_so_is_what_one_may_not_see() {
    let none = json!({"IsSuccess": true, "TotalCount": 0, "PageNo": 1, "PageSize": 100});
    let no_repository = json!({"IsSuccess": false, "Code": "REPO_NOT_EXIST"});
    let basic = json!({"IsSuccess": true, "InstanceSpecification": "Enterprise_Basic"});
    let forbidden = json!({"Code": "NoPermission", "Message": "Access denied."});
    // What the calls for rules, repository and instance are answered.
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
    // Of what nothing at all can be seen, nothing can be said.
    let refused = explain(&forbidden, &forbidden, &forbidden).await;
    let error = refused.unwrap_err();
    assert_eq!(error.status(), Some(403), "{error}");
}
