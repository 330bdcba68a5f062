//! Names of target registries in the rules of the Enterprise edition.

use registry_replication::{Listing, Rule};
use tracing::instrument::WithSubscriber;

use crate::any_registry::{Trial, all};
use crate::huaweicloud::ENTERPRISE;
use crate::program;
use crate::subjects::huaweicloud::HuaweicloudEnterprise;
use crate::traces::{Lines, second_dispatcher};

const CALL: &str = "ListInstanceRegistries";

/// Returns id and name of the target registry of each rule that has one.
async fn targets(rules: Listing<Rule>) -> Vec<(String, Option<String>)> {
    let ends = all(rules).await.into_iter().map(|rule| rule.destination);
    ends.filter_map(|end| Some((end.registry?, end.registry_name)))
        .collect()
}

/// Returns how often the names were asked for.
fn asked(trial: &Trial) -> usize {
    let received = trial.sandbox.received().into_iter();
    received
        .filter(|request| request.operation.as_deref() == Some(CALL))
        .count()
}

#[tokio::test]
async fn the_pages_of_a_listing_share_one_call_for_the_names() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    let rules = || registry.rules_of(None).page_size(1);
    let named = ("3".to_owned(), Some("second-region".to_owned()));
    let found = targets(rules()).await;
    assert!(
        found.len() > 1 && found.iter().all(|one| *one == named),
        "{found:?}"
    );
    assert_eq!(asked(&trial), 1);
    // Another listing asks again.
    targets(rules()).await;
    assert_eq!(asked(&trial), 2);
}

#[tokio::test]
async fn a_listing_without_target_registries_asks_for_no_names() {
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    trial.sandbox.on_answer(|answer| {
        if answer.operation == "ListInstanceReplicationPolicies" {
            answer.body = serde_json::json!({ "total": 0, "policies": [] });
        }
    });
    let rules = all(registry.rules_of(None)).await;
    assert!(!rules.is_empty(), "the retention rules");
    assert_eq!(asked(&trial), 0);
}

#[tokio::test]
async fn an_error_costs_only_the_names() {
    let _second = second_dispatcher();
    let trial = Trial::start().await;
    let registry = trial.registry(&HuaweicloudEnterprise).await;
    let count = all(registry.rules_of(None)).await.len();
    trial.sandbox.on_answer(|answer| {
        if answer.operation == CALL {
            answer.status = 403;
            answer.body = serde_json::json!({ "error_code": "X.1", "error_msg": "not allowed" });
        }
    });
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(lines.clone())
        .with_ansi(false)
        .finish();
    let rules = registry.rules_of(None).page_size(1);
    let rules = all(rules).with_subscriber(subscriber).await;
    assert_eq!(rules.len(), count);
    let end = rules
        .iter()
        .find(|rule| rule.destination.registry.is_some());
    let end = &end.unwrap().destination;
    assert_eq!(
        (end.registry.as_deref(), &end.registry_name),
        (Some("3"), &None)
    );
    let told = lines.text();
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("cannot read the names of target registries") && told[0].contains("X.1"),
        "{told:?}"
    );
}

#[test]
fn the_program_shows_and_takes_the_names() {
    let rules = |options: &[&str]| program::output(&[&["rules"], options, &ENTERPRISE].concat());
    assert!(rules(&[]).contains(" second-region (3): "));
    let (by_id, by_name) = (rules(&["--to", "3"]), rules(&["--to", "second-region"]));
    assert_eq!(by_id, by_name);
    assert!(by_id.lines().count() > 1, "{by_id}");
    let json: serde_json::Value = serde_json::from_str(&rules(&["-o", "json"])).unwrap();
    let end = &json[0]["destination"];
    assert_eq!(
        (&end["registry"], &end["registry_name"]),
        (&"3".into(), &"second-region".into())
    );
}
