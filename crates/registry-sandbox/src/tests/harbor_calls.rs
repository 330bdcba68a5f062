//! Every read and every write of the spec of Harbor.

use std::collections::BTreeSet;

use hyper::Method;
use serde_json::{Value, json};

use super::Trial;
use super::harbor_trial::basic;
use crate::encoding::encode;
use crate::spec::{self, Operation};
use crate::world::harbor::PASSWORD;

fn operations() -> &'static [Operation] {
    &spec::named("harbor/harbor").unwrap().operations
}

/// Returns the path of a call from the examples of its parameters. Its query has all of the others.
fn target(operation: &Operation) -> String {
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    for parameter in &operation.parameters {
        let Some(example) = &parameter.example else {
            continue;
        };
        let example = match example {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let place = format!("{{{}}}", parameter.name);
        if path.contains(&place) {
            let twice = parameter.name == "repository_name";
            let once = encode(&example);
            let written = if twice { encode(&once) } else { once };
            path = path.replace(&place, &written);
        } else if !parameter.name.starts_with("X-") {
            let example = match parameter.name.as_str() {
                // One that all examples fit.
                "q" => "id=[1~9000]".to_owned(),
                _ => example,
            };
            query.push(format!("{}={}", parameter.name, encode(&example)));
        }
    }
    format!("{path}?{}", query.join("&")).replace("/api/v2.0/", "")
}

#[tokio::test]
async fn every_read_finds_something() {
    let trial = Trial::start().await;
    for operation in operations().iter().filter(|own| own.method == Method::GET) {
        let with_all = target(operation);
        let (plain, _) = with_all.split_once('?').unwrap();
        let required = match operation.id.as_str() {
            "ListWebhookJobs" => format!("{plain}?policy_id=6"),
            _ => plain.to_owned(),
        };
        for target in [with_all.clone(), required] {
            let answer = trial.harbor("GET", &target, &Value::Null).await;
            assert_eq!(
                answer.status, 200,
                "{} {target} {}",
                operation.id, answer.body
            );
            let is_empty = match &answer.body {
                Value::Null => true,
                Value::Array(list) => list.is_empty(),
                Value::Object(fields) => fields.is_empty(),
                Value::String(text) => text.is_empty(),
                _ => false,
            };
            assert!(!is_empty, "{} {target}", operation.id);
        }
    }
}

#[tokio::test]
async fn every_call_except_open_ones_needs_a_login() {
    let trial = Trial::start().await;
    let none = Value::Null;
    let mut open = BTreeSet::new();
    for operation in operations() {
        let method = operation.method.as_str();
        let body = &operation.body_example;
        let target = target(operation);
        let answer = trial.harbor_with(method, &target, body, &[]).await;
        if answer.status != 401 {
            open.insert((operation.id.as_str(), answer.status));
        }
    }
    let expected = ["getHealth", "getPing", "getStatistic", "getSystemInfo"];
    let lists = ["listAllRepositories", "listProjects"];
    let expected = expected.into_iter().chain(lists).map(|id| (id, 200));
    assert_eq!(open, expected.collect());
    // A login that is right for another user is not.
    let login = basic("admin2", PASSWORD);
    let headers = [("authorization", login.as_str())];
    let answer = trial
        .harbor_with("GET", "registries", &none, &headers)
        .await;
    assert_eq!(answer.status, 401);
}

/// Sends a call, whose success is expected, and returns the body.
async fn done(trial: &Trial, method: &str, path: &str, body: Value) -> Value {
    let answer = trial.harbor(method, path, &body).await;
    let is_success = [200, 201].contains(&answer.status);
    assert!(
        is_success,
        "{method} {path}: {} {}",
        answer.status, answer.body
    );
    answer.body
}

async fn is_there(trial: &Trial, path: &str) -> bool {
    let answer = trial.harbor("GET", path, &Value::Null).await;
    assert!([200, 400, 404].contains(&answer.status), "{path}");
    answer.status == 200
}

#[tokio::test]
async fn projects_and_what_belongs_to_them() {
    let trial = Trial::start().await;
    let new = json!({"project_name": "new", "metadata": {"public": "true"}, "storage_limit": 9});
    let id = trial.made("projects", &new).await;
    let project = trial.seen(&format!("projects/{id}")).await;
    assert_eq!(
        (&project["name"], &project["metadata"]["public"]),
        (&json!("new"), &json!("true"))
    );
    assert_eq!(trial.harbor("POST", "projects", &new).await.status, 409);
    let change = json!({"metadata": {"public": "false", "auto_scan": "true"}});
    done(&trial, "PUT", "projects/new", change).await;
    let metadata = trial.seen("projects/new/metadatas/").await;
    assert_eq!(metadata, json!({"public": "false", "auto_scan": "true"}));
    done(
        &trial,
        "POST",
        "projects/new/metadatas/",
        json!({"severity": "low"}),
    )
    .await;
    done(
        &trial,
        "PUT",
        "projects/new/metadatas/severity",
        json!({"severity": "high"}),
    )
    .await;
    let severity = trial.seen("projects/new/metadatas/severity").await;
    assert_eq!(severity, json!({"severity": "high"}));
    done(
        &trial,
        "DELETE",
        "projects/new/metadatas/severity",
        Value::Null,
    )
    .await;
    assert_eq!(
        trial.seen("projects/new/metadatas/severity").await,
        json!({})
    );
    done(
        &trial,
        "PUT",
        "projects/new/scanner",
        json!({"uuid": "other"}),
    )
    .await;
    assert_eq!(trial.seen("projects/new/scanner").await["uuid"], "other");
    let quota = format!("quotas/{id}");
    assert_eq!(trial.seen(&quota).await["hard"], json!({"storage": 9}));
    done(&trial, "PUT", &quota, json!({"hard": {"storage": 10}})).await;
    assert_eq!(
        trial.seen("projects/new/summary").await["quota"]["hard"]["storage"],
        10
    );
    trial.pushed_harbor("new/a/b", "r1", "one");
    assert_eq!(
        trial.seen("projects/new/_deletable").await["deletable"],
        false
    );
    assert_eq!(
        trial
            .harbor("DELETE", "projects/new", &Value::Null)
            .await
            .status,
        412
    );
    let repository = "projects/new/repositories/a%252Fb";
    done(&trial, "PUT", repository, json!({"description": "text"})).await;
    assert_eq!(trial.seen(repository).await["description"], "text");
    done(&trial, "DELETE", repository, Value::Null).await;
    assert!(!is_there(&trial, repository).await);
    done(&trial, "DELETE", "projects/new", Value::Null).await;
    assert!(!is_there(&trial, "projects/new").await);
}

#[tokio::test]
async fn artifacts_tags_and_labels() {
    let trial = Trial::start().await;
    let base = "projects/library/repositories/nginx/artifacts";
    let one = format!("{base}/1.27");
    done(
        &trial,
        "POST",
        &format!("{one}/tags"),
        json!({"name": "new"}),
    )
    .await;
    let again = trial
        .harbor("POST", &format!("{one}/tags"), &json!({"name": "new"}))
        .await;
    assert_eq!(again.status, 409);
    let names = |tags: Value| -> BTreeSet<String> {
        let tags = tags.as_array().unwrap().iter();
        tags.map(|tag| tag["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let tags = names(trial.seen(&format!("{one}/tags")).await);
    assert_eq!(tags, ["1.27", "new"].map(str::to_owned).into());
    done(&trial, "DELETE", &format!("{one}/tags/new"), Value::Null).await;
    assert!(!is_there(&trial, &format!("{base}/new")).await);
    let label = json!({"id": 77, "name": "release"});
    done(&trial, "POST", &format!("{one}/labels"), label).await;
    let labels = trial.seen(&format!("{one}?with_label=true")).await["labels"].clone();
    assert_eq!(labels[0]["name"], "release");
    assert_eq!(trial.seen(&one).await["labels"], Value::Null);
    done(&trial, "DELETE", &format!("{one}/labels/77"), Value::Null).await;
    let gone = trial
        .harbor("DELETE", &format!("{one}/labels/77"), &Value::Null)
        .await;
    assert_eq!(gone.status, 404);
    let copy = "projects/team/repositories/nginx/artifacts";
    done(
        &trial,
        "POST",
        &format!("{copy}?from=library/nginx:1.27"),
        Value::Null,
    )
    .await;
    let digest = trial.seen(&one).await["digest"].clone();
    assert_eq!(trial.seen(&format!("{copy}/1.27")).await["digest"], digest);
    done(&trial, "DELETE", &one, Value::Null).await;
    assert!(!is_there(&trial, &one).await);
    let all = trial
        .seen("projects/library/artifacts?latest_in_repository=true")
        .await;
    assert_eq!(all.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn registries_are_made_pinged_and_deleted() {
    let trial = Trial::start().await;
    let new = json!({
        "name": "new",
        "url": "https://harbor-north.example",
        "type": "harbor",
        "credential": {"type": "basic", "access_key": "robot$x", "access_secret": "hidden"},
    });
    let id = trial.made("registries", &new).await;
    let path = format!("registries/{id}");
    let found = trial.seen(&path).await;
    assert_eq!(found["credential"]["access_secret"], "*****");
    assert_eq!(trial.harbor("POST", "registries", &new).await.status, 409);
    done(&trial, "POST", "registries/ping", json!({"id": id})).await;
    done(&trial, "PUT", &path, json!({"url": "https://none.example"})).await;
    assert_eq!(trial.seen(&path).await["url"], "https://none.example");
    let lost = trial
        .harbor("POST", "registries/ping", &json!({"id": id}))
        .await;
    assert_eq!(lost.status, 400);
    done(&trial, "DELETE", &path, Value::Null).await;
    assert!(!is_there(&trial, &path).await);
    let used = trial.harbor("DELETE", "registries/3", &Value::Null).await;
    assert_eq!(used.status, 412);
}

#[tokio::test]
async fn a_robot_account_can_log_in_with_its_secret() {
    let trial = Trial::start().await;
    let new = json!({
        "name": "new",
        "level": "system",
        "duration": 30,
        "permissions": [{"kind": "system", "namespace": "/", "access": []}],
    });
    let made = done(&trial, "POST", "robots", new).await;
    assert_eq!(made["name"], "robot$new");
    let path = format!("robots/{}", made["id"]);
    let enters = |secret: Value| {
        let login = basic("robot$new", secret.as_str().unwrap());
        let trial = &trial;
        async move {
            let headers = [("authorization", login.as_str())];
            let answer = trial
                .harbor_with("GET", "registries", &Value::Null, &headers)
                .await;
            answer.status == 200
        }
    };
    assert!(enters(made["secret"].clone()).await);
    assert_eq!(trial.seen(&path).await["secret"], "");
    let other = done(&trial, "PATCH", &path, json!({"secret": ""})).await["secret"].clone();
    assert!(!enters(made["secret"].clone()).await);
    assert!(enters(other).await);
    done(&trial, "PATCH", &path, json!({"secret": "Chosen-1"})).await;
    assert!(enters(json!("Chosen-1")).await);
    done(&trial, "PUT", &path, json!({"disable": true})).await;
    assert!(!enters(json!("Chosen-1")).await);
    done(&trial, "DELETE", &path, Value::Null).await;
    assert!(!is_there(&trial, &path).await);
    // No secret opens the example's account.
    let login = basic("robot$copy", "");
    let headers = [("authorization", login.as_str())];
    let answer = trial
        .harbor_with("GET", "registries", &Value::Null, &headers)
        .await;
    assert_eq!(answer.status, 401);
}
