//! Tests of every call of Container Registry, with the parameters of the spec's examples.

use jiff::SignedDuration;
use serde_json::Value;

use super::Trial;
use super::alibabacloud_trial::EXAMPLE;
use crate::spec::{self, Operation};

const READS: [&str; 2] = ["Get", "List"];

const WRITES: [&str; 4] = ["Create", "Update", "Cancel", "Delete"];

fn examples(operation: &Operation, all: bool) -> Vec<(String, String)> {
    let parameters = operation.parameters.iter();
    let parameters = parameters.filter(|parameter| all || parameter.required);
    parameters
        .map(|parameter| {
            let text = match parameter.example.as_ref().unwrap() {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (parameter.name.clone(), text)
        })
        .collect()
}

fn operations(prefixes: &[&str]) -> Vec<&'static Operation> {
    let operations = spec::named("alibabacloud-cr/cr").unwrap().operations.iter();
    operations
        .filter(|operation| {
            prefixes
                .iter()
                .any(|prefix| operation.id.starts_with(prefix))
        })
        .collect()
}

#[test]
fn every_call_reads_or_writes() {
    let known = operations(&READS).len() + operations(&WRITES).len();
    assert_eq!(
        known,
        spec::named("alibabacloud-cr/cr").unwrap().operations.len()
    );
}

#[tokio::test]
async fn every_read_answers_as_the_spec_shows() {
    let trial = Trial::start().await;
    for operation in operations(&READS) {
        let given = examples(operation, true);
        let given: Vec<_> = given
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let mut answer = trial.done(&operation.id, &given).await;
        let mut example = operation.example.clone();
        // New at each call.
        for name in [
            "RequestId",
            "TempUsername",
            "AuthorizationToken",
            "ExpireTime",
        ] {
            let fields = [answer.as_object_mut(), example.as_object_mut()];
            let [had, has] = fields.map(|fields| fields.unwrap().remove(name).is_some());
            assert_eq!(had, has, "{} {name}", operation.id);
        }
        assert_eq!(answer, example, "{}", operation.id);
    }
}

#[tokio::test]
async fn every_read_answers_what_is_required_only() {
    let trial = Trial::start().await;
    for operation in operations(&READS) {
        let mut given = examples(operation, false);
        // One of several parameters that name the record; the spec cannot require one of them.
        match operation.id.as_str() {
            "GetNamespace" => given.push(("NamespaceName".into(), "test".into())),
            "GetRepository" => given.push(("RepoId".into(), "crr-tquyps22md8p****".into())),
            _ => {}
        }
        let given: Vec<_> = given
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let answer = trial.done(&operation.id, &given).await;
        let lists = answer
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_array);
        for list in lists {
            assert!(!list.is_empty(), "{} {answer}", operation.id);
        }
    }
}

#[tokio::test]
async fn every_write_of_the_spec_is_done() {
    let trial = Trial::start().await;
    // Deletes last, because other calls need the records.
    for prefix in WRITES {
        for operation in operations(&[prefix]) {
            let given = examples(operation, true);
            let given: Vec<_> = given
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            if operation.id == "CancelRepoSyncTask" {
                let refused = trial.refused(&operation.id, &given).await;
                assert_eq!(refused, (200, "SYNC_TASK_ALREADY_ENDED".to_owned()));
                continue;
            }
            let answer = trial.done(&operation.id, &given).await;
            let names = |value: &Value| -> Vec<String> {
                let fields = value.as_object().unwrap();
                fields.keys().cloned().collect()
            };
            assert_eq!(
                names(&answer),
                names(&operation.example),
                "{}",
                operation.id
            );
        }
    }
}

#[tokio::test]
async fn booleans_may_be_written_as_the_python_sdk_does() {
    let trial = Trial::start().await;
    for (text, total) in [("True", 1), ("true", 1), ("False", 0), ("false", 0)] {
        let given = [EXAMPLE, ("EnableDeleteTag", text)];
        let answer = trial.done("ListArtifactLifecycleRule", &given).await;
        assert_eq!(answer["TotalCount"], total, "{text}");
    }
}

#[tokio::test]
async fn a_login_is_new_at_each_call_and_ends_when_it_says() {
    let trial = Trial::start().await;
    let first = trial.done("GetAuthorizationToken", &[EXAMPLE]).await;
    let second = trial
        .done(
            "GetAuthorizationToken",
            &[EXAMPLE, ("ExpiresInHours", "24")],
        )
        .await;
    for (login, hours) in [(&first, 1), (&second, 24)] {
        let end = trial.now() + SignedDuration::from_hours(hours);
        assert_eq!(login["ExpireTime"], end.as_millisecond());
    }
    assert_ne!(first["AuthorizationToken"], second["AuthorizationToken"]);
    assert_ne!(first["TempUsername"], second["TempUsername"]);
}
