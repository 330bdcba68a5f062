//! Tests of arrivals of Harbor, whose tasks name neither tags nor digests.

use std::time::Duration;

use registry_replication::{Basis, EvidenceOrigin, ReasonKind, Report, Verdict};
use registry_sandbox::world::harbor::{Mode, Version};
use registry_sandbox::{Options, Outcome};
use serde_json::{Value, json};

use crate::arrival::simulation::stage::Stage;
use crate::arrival::{QUARTER, Trial, short};
use crate::subjects::Subject;
use crate::subjects::harbor::Harbor;

const OF: &dyn Subject = &Harbor;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Lets the registry have none of what these calls ask for.
fn without(trial: &Trial, operations: &'static [&'static str]) {
    trial.sandbox.on_answer(move |answer| {
        if operations.contains(&&*answer.operation) {
            answer.status = 404;
            answer.body = json!({"errors": [{"code": "NOT_FOUND", "message": "not found"}]});
        }
    });
}

fn kinds(report: &Report) -> Vec<ReasonKind> {
    let all = report.destinations.iter();
    let reasons = all.flat_map(|destination| &destination.reasons);
    reasons.map(|reason| reason.kind).collect()
}

/// Returns the last report of a wait, whatever its end.
async fn last(trial: &Trial, arrival: registry_replication::Arrival, deadline: Duration) -> Report {
    match trial.run(arrival.wait(deadline)).await {
        Ok(report) => report,
        Err(error) => error.report().unwrap().clone(),
    }
}

#[tokio::test]
async fn the_log_tells_the_images_of_one_repository_apart() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    let fails = |tag| {
        trial
            .sandbox
            .decide("team/api", Some(tag), None, Outcome::Fails);
    };
    fails("v1");
    let bad = trial.push_to(OF, "v1", "bad");
    let good = trial.push_to(OF, "v2", "good");
    for (image, digest, verdict) in [
        ("team/api:v1", bad, Verdict::Failed),
        ("team/api:v2", good, Verdict::Arrived),
    ] {
        let arrival = registry.arrival(image).to(OF.there()).digest(&digest);
        let report = last(&trial, arrival, QUARTER).await;
        assert!(report.is_final, "{}", short(&report));
        assert_eq!(report.verdict, verdict, "{}", short(&report));
    }
}

#[tokio::test]
async fn without_logs_and_deliveries_only_the_destination_decides() {
    for outcome in [Outcome::Succeeds, Outcome::Fails] {
        let trial = Trial::start().await;
        without(
            &trial,
            &["getReplicationLog", "ListWebhookPoliciesOfProject"],
        );
        let registry = trial.registry(OF).await;
        let fails = outcome == Outcome::Fails;
        trial.sandbox.decide("team/api", Some("v2"), None, outcome);
        let digest = trial.push_to(OF, "v2", "new");
        let arrival = registry
            .arrival("team/api:v2")
            .to(OF.there())
            .digest(&digest);
        // A task of the repository has ended, and nothing says that it was about this tag.
        let alone = last(&trial, arrival.clone(), QUARTER).await;
        assert_eq!(alone.verdict, Verdict::Pending, "{}", short(&alone));
        assert!(kinds(&alone).contains(&ReasonKind::UnnamedTag));

        let there = &OF.destinations()[0];
        let proof = trial.oci(OF, &there.place).await;
        let report = last(&trial, arrival.proof(there.name, proof), QUARTER).await;
        match fails {
            true => assert_eq!(report.verdict, Verdict::Pending, "{}", short(&report)),
            false => {
                assert_eq!(report.verdict, Verdict::Arrived, "{}", short(&report));
                let rests_on = report.destinations[0].rests_on;
                assert_eq!(rests_on, Some(Basis::Destination));
            }
        }
    }
}

#[tokio::test]
async fn deliveries_of_webhooks_name_the_tags_of_lost_logs() {
    // The sandbox has a webhook policy for the replications of the project.
    let trial = Trial::start().await;
    without(&trial, &["getReplicationLog"]);
    let registry = trial.registry(OF).await;
    trial
        .sandbox
        .decide("team/api", Some("v2"), None, Outcome::Fails);
    for (tag, verdict) in [("v1", Verdict::Arrived), ("v2", Verdict::Failed)] {
        let digest = trial.push_to(OF, tag, tag);
        let arrival = registry.arrival(&format!("team/api:{tag}"));
        let report = last(&trial, arrival.to(OF.there()).digest(&digest), QUARTER).await;
        assert_eq!(report.verdict, verdict, "{}", short(&report));
        assert!(report.is_final, "{}", short(&report));
    }
}

#[tokio::test]
async fn a_failed_execution_without_tasks_may_be_about_the_image() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    trial
        .sandbox
        .decide("team/api", Some("v1"), None, Outcome::NoTask);
    trial.push_to(OF, "v1", "lost");
    let asked = registry.arrival("team/api:v1").to(OF.there());
    let report = last(&trial, asked, QUARTER).await;
    assert_eq!(report.verdict, Verdict::Pending, "{}", short(&report));
    let evidence = report.destinations[0].evidence.as_ref().unwrap();
    assert_eq!(evidence.origin, EvidenceOrigin::Execution);
    assert!(kinds(&report).contains(&ReasonKind::UnnamedTag));
}

#[tokio::test]
async fn an_image_older_than_the_kept_executions_is_proven_by_the_destination_alone() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    let digest = trial.push_to(OF, "v1", "old");
    trial.clock.advance(QUARTER);
    for number in 0..60 {
        trial.push_to(OF, "busy", &number.to_string());
        trial.clock.advance(Duration::from_secs(60));
    }
    // At midnight, Harbor removes all executions of the rule except the newest 50.
    trial.clock.advance(DAY);
    let asked = registry
        .arrival("team/api:v1")
        .to(OF.there())
        .digest(&digest);
    let report = last(&trial, asked.clone(), QUARTER).await;
    assert_eq!(report.verdict, Verdict::Pending, "{}", short(&report));
    assert!(kinds(&report).contains(&ReasonKind::RecordsRemoved));

    let there = &OF.destinations()[0];
    let proof = trial.oci(OF, &there.place).await;
    let report = last(&trial, asked.proof(there.name, proof), QUARTER).await;
    assert_eq!(report.verdict, Verdict::Arrived, "{}", short(&report));
}

#[tokio::test]
async fn a_tag_that_the_rule_kept_is_not_an_arrival_of_the_new_image() {
    let stage = Stage::bare(OF, false).await;
    stage.make_rule(0).await;
    let (trial, to) = (&stage.trial, &stage.destinations[0]);
    let wait = |digest: &str, is_proven: bool| {
        let arrival = stage.registry.arrival(&format!("{}:v1", stage.name()));
        let arrival = arrival.to(&*to.name).digest(digest);
        match is_proven {
            true => arrival.proof(&*to.name, to.proof.clone()),
            false => arrival,
        }
    };
    let first = stage.push("v1", "first");
    let report = last(trial, wait(&first, true), QUARTER).await;
    assert_eq!(report.verdict, Verdict::Arrived, "{}", short(&report));
    trial.clock.advance(QUARTER);
    let second = stage.push("v1", "second");
    for is_proven in [false, true] {
        let report = last(trial, wait(&second, is_proven), QUARTER).await;
        assert_ne!(report.verdict, Verdict::Arrived, "{}", short(&report));
    }
    let held = trial.sandbox.holds(&to.place, &stage.name(), "v1");
    assert_eq!(held.as_ref(), Some(&first));
}

#[tokio::test]
async fn a_failure_counts_after_the_last_of_three_runs() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    for (tag, outcome, verdict) in [
        ("v1", Outcome::FailsFirst(2), Verdict::Arrived),
        ("v2", Outcome::Fails, Verdict::Failed),
    ] {
        trial.sandbox.decide("team/api", Some(tag), None, outcome);
        let digest = trial.push_to(OF, tag, tag);
        let image = format!("team/api:{tag}");
        let arrival = registry.arrival(&image).to(OF.there()).digest(&digest);
        let report = last(&trial, arrival, QUARTER).await;
        assert_eq!(report.verdict, verdict, "{}", short(&report));
        assert!(report.is_final);
    }
}

#[tokio::test]
async fn the_message_of_a_failure_comes_from_the_log() {
    let trial = Trial::start().await;
    let registry = trial.registry(OF).await;
    trial
        .sandbox
        .decide("team/api", Some("v1"), None, Outcome::Fails);
    let digest = trial.push_to(OF, "v1", "bad");
    let arrival = registry
        .arrival("team/api:v1")
        .to(OF.there())
        .digest(&digest);
    let report = last(&trial, arrival, QUARTER).await;
    let evidence = report.destinations[0].evidence.as_ref().unwrap();
    let issue = evidence.issue.as_deref().unwrap();
    assert!(
        !issue.is_empty() && !issue.starts_with("got error during"),
        "{issue}"
    );
}

#[tokio::test]
async fn explain_names_what_keeps_this_harbor_from_copying() {
    let read_only = Options::default().with(Mode::ReadOnly);
    let old = Options::default().with(Version::IgnoresKnownDigests);
    for (options, kind) in [
        (read_only, ReasonKind::ReadOnly),
        (old, ReasonKind::Version),
        (Options::default(), ReasonKind::Unreachable),
    ] {
        let trial = Trial::start_with(options).await;
        let registry = trial.registry(OF).await;
        if kind == ReasonKind::Unreachable {
            trial.sandbox.on_answer(|answer| {
                let policies = answer.body.as_array_mut().into_iter().flatten();
                for policy in policies.filter(|_| answer.operation == "listReplicationPolicies") {
                    if let Some(Value::Object(registry)) = policy.get_mut("dest_registry") {
                        registry.insert("status".to_owned(), "unhealthy".into());
                    }
                }
            });
        }
        let arrival = registry.arrival("team/api:v1").to(OF.there());
        let report = trial.run(arrival.explain()).await.unwrap();
        assert!(
            kinds(&report).contains(&kind),
            "{kind:?} {}",
            short(&report)
        );
        // What keeps images from other destinations is no reason here.
        let hindrances = [
            ReasonKind::ReadOnly,
            ReasonKind::Version,
            ReasonKind::Unreachable,
        ];
        let all = kinds(&report);
        let own = all.iter().filter(|one| hindrances.contains(one));
        assert_eq!(own.count(), 1, "{}", short(&report));
    }
}
