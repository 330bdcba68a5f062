//! A provider that does not exist, of the shapes that no provider has yet: names without a
//! namespace, rules without an id, alternative prefixes, replication states in the place of tasks,
//! works without times, works on a tag that they do not name.

use std::sync::Arc;
use std::time::Duration;

use registry_replication::testing::{FakeRegistry, FakeRule, FakeWork, ManualClock};
use registry_replication::{
    Basis, DestinationReport, Error, EvidenceOrigin, ReasonKind, Registry, Report, TaskState,
    Timestamp, Verdict, WaitError,
};

const WEST: &str = "us-west-2";

fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    Timestamp::from_second(noon().as_second() + seconds).unwrap()
}

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

fn fake() -> (ManualClock, FakeRegistry) {
    let clock = ManualClock::at(noon()).auto_advance();
    let registry = FakeRegistry::new(Arc::new(clock.clone())).unwrap();
    (clock, registry.without_namespaces())
}

/// Returns the report of a wait, however it ended.
fn reported(end: Result<Report, WaitError>) -> Report {
    match end {
        Ok(report) => report,
        Err(error) => error.report().cloned().unwrap(),
    }
}

fn only(report: &Report) -> &DestinationReport {
    let [only] = report.destinations.as_slice() else {
        panic!("one destination: {report:?}");
    };
    only
}

#[tokio::test]
async fn a_status_names_the_digest_and_has_no_time() {
    let (_, registry) = fake();
    registry.push("api:v1", &digest("a")).unwrap();
    registry.add_rule(FakeRule::to(WEST));
    let status = FakeWork::status("api:v1", WEST)
        .unwrap()
        .digest(&digest("a"));
    let arrival = registry.arrival("api:v1").to(WEST);
    for (state, verdict) in [
        (TaskState::Running, Verdict::Pending),
        (TaskState::Succeeded, Verdict::Arrived),
    ] {
        registry.put(status.clone().state(state));
        let report = arrival.check().await.unwrap();
        assert_eq!(report.verdict, verdict);
        let evidence = only(&report).evidence.as_ref().unwrap();
        assert_eq!(evidence.origin, EvidenceOrigin::Status);
        assert_eq!(evidence.task, None);
    }
    let report = arrival.check().await.unwrap();
    assert_eq!(only(&report).rests_on, Some(Basis::Status));
    let stored: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(stored, report);
}

#[tokio::test]
async fn a_status_counts_by_the_time_of_the_push() {
    let (_, registry) = fake();
    registry.push("api:v1", &digest("a")).unwrap();
    registry.add_rule(FakeRule::to(WEST));
    let done = FakeWork::status("api:v1", WEST).unwrap();
    let done = done.state(TaskState::Succeeded);
    for (copied, since, arrives) in [
        ("a", noon(), true),
        ("a", after(600), false),
        ("b", noon(), false),
    ] {
        registry.put(done.clone().digest(&digest(copied)));
        let arrival = registry.arrival("api:v1").to(WEST).since(since);
        let report = arrival.check().await.unwrap();
        let arrived = report.verdict == Verdict::Arrived;
        assert_eq!(arrived, arrives, "{copied} since {since}: {report:?}");
    }
}

#[tokio::test]
async fn copies_without_times_have_no_order() {
    let (_, registry) = fake();
    registry.push("api:v1", &digest("b")).unwrap();
    registry.add_rule(FakeRule::to(WEST));
    for letter in ["a", "b"] {
        let done = FakeWork::status("api:v1", WEST).unwrap();
        registry.put(done.digest(&digest(letter)).state(TaskState::Succeeded));
    }
    let arrival = registry.arrival("api:v1").to(WEST);
    let report = arrival.check().await.unwrap();
    assert_eq!(report.verdict, Verdict::Pending);
    assert_eq!(only(&report).reasons[0].kind, ReasonKind::Overwritten);
    // The destination's own answer decides.
    let answer = FakeWork::destination("api:v1", WEST).unwrap();
    registry.put(answer.digest(&digest("b")).state(TaskState::Succeeded));
    let report = arrival.check().await.unwrap();
    let evidence = only(&report).evidence.as_ref().unwrap();
    assert_eq!(
        (report.verdict, evidence.origin, only(&report).rests_on),
        (
            Verdict::Arrived,
            EvidenceOrigin::Destination,
            Some(Basis::Destination)
        )
    );
}

#[tokio::test]
async fn a_work_on_an_unnamed_tag_settles_nothing() {
    let (_, registry) = fake();
    registry.push("api:v1", &digest("a")).unwrap();
    registry.add_rule(FakeRule::to(WEST));
    let window = Duration::from_secs(30 * 60);
    let unnamed = |created, state| {
        let work = FakeWork::task("9", "api", WEST).unwrap();
        let times = work.unnamed_tag().times(created, created);
        times.state(state)
    };
    let waited = |registry: &FakeRegistry| {
        let arrival = registry.arrival("api:v1").to(WEST);
        async move { arrival.wait(window).await }
    };
    let ended = reported;
    for state in [TaskState::Succeeded, TaskState::Failed, TaskState::Running] {
        registry.put(unnamed(after(1), state.clone()));
        let report = ended(waited(&registry).await);
        assert_eq!(report.verdict, Verdict::Pending, "{state}");
        let reasons = &only(&report).reasons;
        assert_eq!(reasons[0].kind, ReasonKind::UnnamedTag, "{state}");
    }
    // A work that was created before the push is about an older image.
    registry.put(unnamed(after(-60), TaskState::Succeeded));
    let report = ended(waited(&registry).await);
    assert_eq!(report.verdict, Verdict::NoTask, "{report:?}");
    // A named copy decides, whatever the unnamed copy is about.
    registry.put(unnamed(after(1), TaskState::Failed));
    let named = FakeWork::task("10", "api:v1", WEST).unwrap();
    let named = named.digest(&digest("a")).state(TaskState::Succeeded);
    registry.put(named.times(after(1), after(2)));
    let report = waited(&registry).await.unwrap();
    assert_eq!(report.verdict, Verdict::Arrived);
}

#[tokio::test]
async fn a_rule_without_an_id_covers_by_alternative_prefixes() {
    let (_, registry) = fake();
    for place in [WEST, "eu-central-1"] {
        registry.add_rule(FakeRule::to(place).prefixes(&["web", "api"]));
    }
    for (image, covered) in [("api:v1", true), ("web/site:v1", true), ("job:v1", false)] {
        registry.push(image, &digest("a")).unwrap();
        let report = registry.arrival(image).to(WEST).check().await.unwrap();
        let no_rule = report.verdict == Verdict::NoRule;
        assert_eq!(no_rule, !covered, "{image}");
    }
    // Both destinations of the rule count.
    let report = registry.arrival("api:v1").check().await.unwrap();
    assert_eq!(report.destinations.len(), 2);
    assert!(report.destinations.iter().all(|one| one.rule.is_none()));
    let report = registry.arrival("job:v1").to(WEST).check().await.unwrap();
    let reason = only(&report).reasons[0].to_string();
    let expected = "a rule copies there but does not cover the image: its filter on names, \
                    \"web\", does not match \"job\"";
    assert_eq!(reason, expected);
}

#[tokio::test]
async fn windows_are_the_providers_own() {
    let (_, registry) = fake();
    let registry = registry.windows(Duration::from_secs(10), Duration::from_secs(60 * 60));
    registry.push("api:v1", &digest("a")).unwrap();
    registry.add_rule(FakeRule::to(WEST));
    let status = FakeWork::status("api:v1", WEST)
        .unwrap()
        .digest(&digest("a"));
    registry.put(status.clone().state(TaskState::Running));
    let wait = |minutes: u64| {
        let arrival = registry.arrival("api:v1").to(WEST);
        async move { arrival.wait(Duration::from_secs(minutes * 60)).await }
    };
    let verdict = |end| reported(end).verdict;
    assert_eq!(verdict(wait(30).await), Verdict::Pending);
    assert_eq!(verdict(wait(90).await), Verdict::Stalled);
    registry.put(status.state(TaskState::Failed));
    assert_eq!(verdict(wait(1).await), Verdict::Failed);
}

#[tokio::test]
async fn a_provider_that_needs_a_namespace_refuses_a_name_without() {
    let clock = ManualClock::at(noon()).auto_advance();
    let registry = FakeRegistry::new(Arc::new(clock)).unwrap();
    let error: Error = registry.arrival("api:v1").check().await.unwrap_err();
    assert!(error.to_string().contains("it has no namespace"), "{error}");
    assert!(registry.push("api:v1", &digest("a")).is_err());
}

#[test]
fn what_this_version_does_not_know_decodes() {
    let stored = r#"{
        "provider": "somecloud", "image": "api:v1", "verdict": "quarantined", "is_final": false,
        "at": "2026-11-22T12:00:00Z", "polls": 1, "elapsed_ms": 0,
        "destinations": [{
            "destination": "us-west-2", "verdict": "quarantined", "is_final": false,
            "rests_on": "signature", "evidence": {"origin": "event", "state": "running"},
            "reasons": [{"kind": "quarantine", "text": "it is scanned"}]
        }]
    }"#;
    let report: Report = serde_json::from_str(stored).unwrap();
    assert_eq!(report.provider, "somecloud");
    assert_eq!(report.verdict, Verdict::Unknown);
    let destination = only(&report);
    assert_eq!(destination.rests_on, Some(Basis::Unknown));
    assert_eq!(destination.reasons[0].kind, ReasonKind::Unknown);
    let evidence = destination.evidence.as_ref().unwrap();
    assert_eq!(evidence.origin, EvidenceOrigin::Unknown);
}
