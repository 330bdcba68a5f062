//! Every call of Container Registry, with the parameters of the spec's examples.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Response, Trial};
use crate::alibabacloud::signature;
use crate::digest::sha256_hex;
use crate::encoding::encode;
use crate::spec::{Operation, Specs};
use crate::world;

const SIGNED: [&str; 6] = [
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
];

impl Trial {
    /// One signed call.
    pub(super) async fn call(&self, action: &str, query: &[(&str, &str)]) -> Response {
        let cr = &Specs::shared().unwrap().cr;
        let pairs = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)));
        let target = format!("/?{}", pairs.collect::<Vec<_>>().join("&"));
        let method = cr.operation(action).unwrap().method.as_str();
        let mut request = self.request(method, &target, "");
        let date = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        for (name, value) in [
            ("x-acs-action", action),
            ("x-acs-version", &cr.version),
            ("x-acs-date", &date),
            ("x-acs-signature-nonce", &uuid::Uuid::new_v4().to_string()),
            ("x-acs-content-sha256", &sha256_hex(b"")),
        ] {
            request.headers.insert(name, value.parse().unwrap());
        }
        let secret = world::ALIBABACLOUD_ACCESS_KEY_SECRET;
        signature::sign(
            &mut request,
            world::ALIBABACLOUD_ACCESS_KEY_ID,
            secret,
            &SIGNED,
        );
        self.send(&target, &request).await
    }

    /// The answer of a call that succeeds.
    pub(super) async fn done(&self, action: &str, query: &[(&str, &str)]) -> Value {
        let response = self.call(action, query).await;
        let succeeded = response.status == 200 && response.body["IsSuccess"] == true;
        assert!(succeeded, "{action} {query:?} {}", response.body);
        response.body
    }

    /// Status and code of a call that fails.
    pub(super) async fn refused(&self, action: &str, query: &[(&str, &str)]) -> (u16, String) {
        let response = self.call(action, query).await;
        assert_ne!(response.body["IsSuccess"], true, "{action} {query:?}");
        let code = response.body["Code"].as_str().unwrap().to_owned();
        (response.status, code)
    }
}

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
    let operations = Specs::shared().unwrap().cr.operations.iter();
    operations
        .filter(|operation| {
            prefixes
                .iter()
                .any(|prefix| operation.id.starts_with(prefix))
        })
        .collect()
}

const READS: [&str; 2] = ["Get", "List"];
const WRITES: [&str; 4] = ["Create", "Update", "Cancel", "Delete"];

#[test]
fn every_call_reads_or_writes() {
    let known = operations(&READS).len() + operations(&WRITES).len();
    assert_eq!(known, Specs::shared().unwrap().cr.operations.len());
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
        // One of the ways to say which; the spec cannot say that one of them is needed.
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
    // Deletes last: what they delete is what the others are about.
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
async fn what_the_spec_does_not_allow_is_refused() {
    let trial = Trial::start().await;
    let instance = ("InstanceId", world::ALIBABACLOUD_INSTANCE_ID);
    let repository = ("RepoId", "crr-tquyps22md8p****");
    for (action, given, code) in [
        ("GetInstance", vec![], "MissingInstanceId"),
        ("GetRepoSyncTask", vec![instance], "MissingSyncTaskId"),
        ("GetRepository", vec![instance], "MissingRepoNamespaceName"),
        (
            "GetRepository",
            vec![instance, ("RepoNamespaceName", "test")],
            "MissingRepoName",
        ),
        ("GetNamespace", vec![instance], "MissingNamespaceId"),
        (
            "ListInstance",
            vec![("InstanceStatus", "Running")],
            "InvalidParameter",
        ),
        (
            "ListRepository",
            vec![instance, ("PageSize", "101")],
            "InvalidParameter",
        ),
        (
            "ListRepository",
            vec![instance, ("NextToken", "made-up")],
            "InvalidParameter",
        ),
        (
            "ListRepoTag",
            vec![instance, repository, ("MaxResults", "0")],
            "InvalidParameter",
        ),
        (
            "GetInstanceEndpoint",
            vec![instance, ("EndpointType", "vpc")],
            "InvalidParameter",
        ),
        (
            "GetAuthorizationToken",
            vec![instance, ("ExpiresInHours", "25")],
            "InvalidParameter",
        ),
        (
            "ListArtifactLifecycleRule",
            vec![instance, ("EnableDeleteTag", "yes")],
            "InvalidParameter",
        ),
    ] {
        let refused = trial.refused(action, &given).await;
        assert_eq!(refused, (400, code.to_owned()), "{action} {given:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_as_the_service_does() {
    let trial = Trial::start().await;
    let instance = ("InstanceId", world::ALIBABACLOUD_INSTANCE_ID);
    let nowhere = ("InstanceId", "cri-nowhere");
    let repository = ("RepoId", "crr-tquyps22md8p****");
    for (action, given, status, code) in [
        ("GetInstance", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        ("GetInstanceUsage", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        ("ListNamespace", vec![nowhere], 200, "INSTANCE_NOT_EXIST"),
        (
            "GetAuthorizationToken",
            vec![nowhere],
            200,
            "INSTANCE_NOT_EXIST",
        ),
        (
            "GetNamespace",
            vec![instance, ("NamespaceName", "a")],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetNamespace",
            vec![
                instance,
                ("NamespaceName", "test"),
                ("NamespaceId", "crn-1"),
            ],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![instance, ("RepoNamespaceName", "a"), ("RepoName", "test")],
            200,
            "NAMESPACE_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![instance, ("RepoNamespaceName", "test"), ("RepoName", "a")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "GetRepository",
            vec![instance, repository, ("RepoName", "a")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "ListRepoTag",
            vec![instance, ("RepoId", "crr-1")],
            200,
            "REPO_NOT_EXIST",
        ),
        (
            "GetRepoTag",
            vec![instance, repository, ("Tag", "v9")],
            200,
            "TAG_NOT_EXIST",
        ),
        (
            "GetRepoSyncTask",
            vec![instance, ("SyncTaskId", "rst-1")],
            400,
            "SYNC_TASK_NOT_EXIST",
        ),
        (
            "CancelRepoSyncTask",
            vec![instance, ("SyncTaskId", "rst-1")],
            400,
            "SYNC_TASK_NOT_EXIST",
        ),
        (
            "DeleteRepoSyncRule",
            vec![instance, ("SyncRuleId", "crsr-1")],
            200,
            "SYNC_RULE_NOT_EXIST",
        ),
        (
            "GetArtifactLifecycleRule",
            vec![instance, ("RuleId", "cralr-1")],
            200,
            "LIFECYCLE_RULE_NOT_EXIST",
        ),
    ] {
        let refused = trial.refused(action, &given).await;
        assert_eq!(refused, (status, code.to_owned()), "{action} {given:?}");
    }
}

#[tokio::test]
async fn booleans_may_be_written_as_the_python_sdk_does() {
    let trial = Trial::start().await;
    let instance = ("InstanceId", world::ALIBABACLOUD_INSTANCE_ID);
    for (text, total) in [("True", 1), ("true", 1), ("False", 0), ("false", 0)] {
        let given = [instance, ("EnableDeleteTag", text)];
        let answer = trial.done("ListArtifactLifecycleRule", &given).await;
        assert_eq!(answer["TotalCount"], total, "{text}");
    }
}

#[tokio::test]
async fn a_login_is_new_at_each_call_and_ends_when_it_says() {
    let trial = Trial::start().await;
    let instance = ("InstanceId", world::FLEET_ALIBABACLOUD_INSTANCE_ID);
    let first = trial.done("GetAuthorizationToken", &[instance]).await;
    let second = trial
        .done(
            "GetAuthorizationToken",
            &[instance, ("ExpiresInHours", "24")],
        )
        .await;
    for (login, hours) in [(&first, 1), (&second, 24)] {
        let end = trial.now() + SignedDuration::from_hours(hours);
        assert_eq!(login["ExpireTime"], end.as_millisecond());
    }
    assert_ne!(first["AuthorizationToken"], second["AuthorizationToken"]);
    assert_ne!(first["TempUsername"], second["TempUsername"]);
}

/// Pages until the listing has no more, by number.
async fn by_number(trial: &Trial, action: &str, given: &[(&str, &str)], list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for page in 1.. {
        let page = page.to_string();
        let given = [given, &[("PageNo", &page), ("PageSize", "7")]].concat();
        let mut answer = trial.done(action, &given).await;
        let Value::Array(records) = answer[list].take() else {
            panic!("{action}: no {list}");
        };
        if records.is_empty() {
            let total = json!(found.len().to_string());
            assert_eq!(answer["TotalCount"], total, "{action}");
            break;
        }
        found.extend(records);
    }
    found
}

/// The same by token.
async fn by_token(trial: &Trial, action: &str, given: &[(&str, &str)], list: &str) -> Vec<Value> {
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let given = [given, &[("MaxResults", "7"), ("NextToken", &token)]].concat();
        let mut answer = trial.done(action, &given).await;
        assert_eq!(answer["MaxResults"], 7);
        found.extend(answer[list].as_array().unwrap().clone());
        match answer["NextToken"].take() {
            Value::String(next) if !next.is_empty() => token = next,
            _ => return found,
        }
    }
}

#[tokio::test]
async fn both_ways_of_paging_cover_all_once() {
    let trial = Trial::start().await;
    let fleet = ("InstanceId", world::FLEET_ALIBABACLOUD_INSTANCE_ID);
    let named = [fleet, ("RepoNamespaceName", "team"), ("RepoName", "api")];
    let repository = trial.done("GetRepository", &named).await;
    let id = repository["RepoId"].as_str().unwrap();
    for (action, given, list, at_least) in [
        ("ListRepository", vec![fleet], "Repositories", 300),
        (
            "ListRepository",
            vec![fleet, ("RepoNamespaceName", "web")],
            "Repositories",
            8,
        ),
        ("ListRepoTag", vec![fleet, ("RepoId", id)], "Images", 160),
    ] {
        let numbered = by_number(&trial, action, &given, list).await;
        assert!(numbered.len() >= at_least, "{action} {}", numbered.len());
        assert_eq!(
            by_token(&trial, action, &given, list).await,
            numbered,
            "{action}"
        );
    }
    // A token belongs to its listing.
    let given = [fleet, ("MaxResults", "1")];
    let answer = trial.done("ListRepository", &given).await;
    let token = ("NextToken", answer["NextToken"].as_str().unwrap());
    let elsewhere = [fleet, ("RepoNamespaceName", "web"), token];
    let refused = trial.refused("ListRepository", &elsewhere).await;
    assert_eq!(refused, (400, "InvalidParameter".to_owned()));
}

#[tokio::test]
async fn a_token_keeps_its_place_while_tags_are_pushed() {
    let trial = Trial::start().await;
    let fleet = ("InstanceId", world::FLEET_ALIBABACLOUD_INSTANCE_ID);
    let named = [fleet, ("RepoNamespaceName", "team"), ("RepoName", "api")];
    let repository = trial.done("GetRepository", &named).await;
    let id = ("RepoId", repository["RepoId"].as_str().unwrap());
    let tags = |answer: &Value| -> Vec<String> {
        let images = answer["Images"].as_array().unwrap();
        let tags = images
            .iter()
            .map(|image| image["Tag"].as_str().unwrap().to_owned());
        tags.collect()
    };
    let first = trial
        .done("ListRepoTag", &[fleet, id, ("MaxResults", "5")])
        .await;
    let all = trial
        .done("ListRepoTag", &[fleet, id, ("PageSize", "10")])
        .await;
    let api = crate::world::Registry::Alibabacloud;
    trial
        .sandbox
        .push(api, "team/api", "a-first", "content")
        .unwrap();
    let token = ("NextToken", first["NextToken"].as_str().unwrap());
    let second = trial
        .done("ListRepoTag", &[fleet, id, ("MaxResults", "5"), token])
        .await;
    assert_eq!([tags(&first), tags(&second)].concat(), tags(&all));
}

#[tokio::test]
async fn listings_can_be_narrowed() {
    let trial = Trial::start().await;
    let fleet = ("InstanceId", world::FLEET_ALIBABACLOUD_INSTANCE_ID);
    for (action, given, total) in [
        ("ListInstance", vec![], json!(6)),
        (
            "ListInstance",
            vec![("InstanceName", "fleet-cn-hangzhou")],
            json!(1),
        ),
        (
            "ListInstance",
            vec![("InstanceStatus", "STOPPED")],
            json!(0),
        ),
        ("ListNamespace", vec![fleet], json!("17")),
        (
            "ListNamespace",
            vec![fleet, ("NamespaceName", "team")],
            json!("1"),
        ),
        (
            "ListNamespace",
            vec![fleet, ("NamespaceStatus", "DELETING")],
            json!("0"),
        ),
        (
            "ListRepository",
            vec![fleet, ("RepoStatus", "DELETED")],
            json!("0"),
        ),
        (
            "ListRepository",
            vec![fleet, ("RepoNamespaceName", "team")],
            json!("1"),
        ),
        ("ListRepoSyncRule", vec![fleet], json!(51)),
        (
            "ListRepoSyncRule",
            vec![fleet, ("NamespaceName", "team")],
            json!(3),
        ),
        (
            "ListRepoSyncRule",
            vec![fleet, ("TargetRegionId", "cn-beijing")],
            json!(17),
        ),
        (
            "ListRepoSyncRule",
            vec![fleet, ("TargetInstanceId", "cri-fleet0000000004")],
            json!(17),
        ),
        (
            "ListRepoSyncRule",
            vec![fleet, ("RepoName", "api")],
            json!(0),
        ),
    ] {
        let answer = trial.done(action, &given).await;
        assert_eq!(answer["TotalCount"], total, "{action} {given:?}");
    }
}
