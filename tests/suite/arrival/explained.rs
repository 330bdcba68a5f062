//! Tests of reasons why an image has not arrived, and of proofs that it has.

use std::fmt::Write;
use std::time::Duration;

use futures_util::StreamExt;
use insta::assert_snapshot;
use openapi_transport::testing::Schedule;
use registry_replication::{Basis, ReasonKind, Report, Verdict, WaitError};
use registry_sandbox::Outcome;
use registry_sandbox::world::Place;
use serde_json::Value;

use super::simulation::stage::Stage;
use super::{QUARTER, Trial, short};
use crate::subjects::{Subject, subjects, subjects_with_rules};

const MINUTE: Duration = Duration::from_secs(60);

/// Sets a stage whose only rule for the first destination has a change.
async fn with_rule(of: &'static dyn Subject, change: impl FnOnce(&mut Value)) -> Stage {
    let stage = Stage::bare(of, true).await;
    for number in 0..stage.destinations.len() {
        stage.delete_rule(number).await;
    }
    stage.make_rule_like(0, change).await;
    stage
}

/// Returns the reasons of each destination, without ids that differ from run to run.
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
    let mut tell = |name: &str, of: &dyn Subject, report: &Report, kind: ReasonKind| {
        let destination = &report.destinations[0];
        assert!(
            destination.reasons.iter().any(|reason| reason.kind == kind),
            "{name} {of:?}: {}",
            short(report)
        );
        writeln!(told, "{name}, {of:?}\n{}", sentences(report)).unwrap();
    };
    // Without rules and tasks, nothing tells what stands in the way.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        trial.push(of, "content");
        let explain = async |image: &str, to: &str| {
            let arrival = registry.arrival(image).to(to);
            trial.run(arrival.explain()).await.unwrap()
        };
        let report = explain("team/api:v77", "la-south-2").await;
        tell("no rule there", of, &report, ReasonKind::NoRuleThere);
        let report = explain("team/api:v0", of.there()).await;
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
        let arrival = stage.registry.arrival(&image).to(of.there());
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
        let arrival = stage.registry.arrival(&image).to(of.there());
        stage.trial.clock.advance(MINUTE);
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        tell(
            "a failure that may be tried again",
            of,
            &report,
            ReasonKind::Settling,
        );
        let pauses = Duration::from_secs(2 * of.longest_pause());
        let settled = of.descriptor().windows.settle + pauses;
        stage.trial.clock.advance(settled);
        let report = stage.trial.run(arrival.explain()).await.unwrap();
        assert_eq!(report.verdict, Verdict::Failed, "{of:?}");
        tell("a failure", of, &report, ReasonKind::TaskIssue);
    }

    for of in subjects_with_rules() {
        for obstacle in of.obstacles() {
            let stage = with_rule(of, |rule| rule[obstacle.field] = obstacle.value).await;
            stage.push("v42", "content");
            let image = format!("{}:v42", stage.name());
            let arrival = stage.registry.arrival(&image).to(of.there());
            let report = stage.trial.run(arrival.explain()).await.unwrap();
            tell(obstacle.name, of, &report, obstacle.reason);
        }
    }
    assert_snapshot!("explained", told);
}

#[tokio::test]
async fn what_does_not_get_on_is_stalled_and_a_deadline_ends_a_wait() {
    // Without tasks, nothing tells whether a copy gets on.
    for of in subjects_with_rules() {
        for (deadline, stalls) in [(2 * QUARTER, true), (QUARTER / 3, false)] {
            let trial = Trial::start().await;
            let registry = trial.registry(of).await;
            trial
                .sandbox
                .decide("team/api", Some("v77"), None, Outcome::Stalls);
            let since = trial.now();
            trial.push(of, "content");
            let arrival = registry.arrival("team/api:v77").to(of.there()).since(since);
            // Providers have windows of their own.
            let arrival = arrival.stall_window(QUARTER);
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
    // Without rules, a later copy may end a mismatch.
    for of in subjects_with_rules() {
        let trial = Trial::start().await;
        let registry = trial.registry(of).await;
        let first = trial.push(of, "first");
        trial.push(of, "second");
        let arrival = registry
            .arrival("team/api:v77")
            .to(of.there())
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
async fn a_destination_proves_an_arrival_when_it_has_shown_it_twice() {
    for of in subjects() {
        let stage = Stage::bare(of, true).await;
        if !of.is_covered() {
            stage.make_rule(0).await;
        }
        let sandbox = &stage.trial.sandbox;
        let to = &stage.destinations[0];
        let name = stage.name();
        let digest = stage.push("v1", "content");
        let image = format!("{name}:v1");
        let arrival = stage.registry.arrival(&image).to(&*to.name).digest(&digest);
        let arrival = arrival.proof(&*to.name, to.proof.clone());
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
                match (since, of.has_rules()) {
                    (5, true) => stage.by_hand("v1", 0).await,
                    (5, false) => drop(stage.push("v1", "content")),
                    _ => {}
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
        let other = stage.registry.arrival(&image).to(&*to.name);
        let place = Place::from(of.source());
        sandbox.forget(&to.place, &name, "v1");
        let proven = other.proof(&*to.name, to.proof.clone());
        let report = clock
            .run(proven.check(), || 1, Schedule::default())
            .await
            .unwrap();
        assert_eq!(looks(&report), (pending, None), "{of:?}");
        assert_eq!(short(&report), format!("{} pending [not-shown]", to.name));
        assert!(sandbox.holds(&place, &name, "v1").is_some());
    }
}
