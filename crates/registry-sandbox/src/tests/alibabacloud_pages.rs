//! Tests of paged and narrowed listings.

use serde_json::{Value, json};

use super::Trial;
use super::alibabacloud_trial::FLEET;

/// Reads all pages of a listing by number.
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

/// Reads all pages of a listing by token.
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
    let named = [FLEET, ("RepoNamespaceName", "team"), ("RepoName", "api")];
    let repository = trial.done("GetRepository", &named).await;
    let id = repository["RepoId"].as_str().unwrap();
    for (action, given, list, at_least) in [
        ("ListRepository", vec![FLEET], "Repositories", 300),
        (
            "ListRepository",
            vec![FLEET, ("RepoNamespaceName", "web")],
            "Repositories",
            8,
        ),
        ("ListRepoTag", vec![FLEET, ("RepoId", id)], "Images", 160),
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
    let given = [FLEET, ("MaxResults", "1")];
    let answer = trial.done("ListRepository", &given).await;
    let token = ("NextToken", answer["NextToken"].as_str().unwrap());
    let elsewhere = [FLEET, ("RepoNamespaceName", "web"), token];
    let refused = trial.refused("ListRepository", &elsewhere).await;
    assert_eq!(refused, (400, "InvalidParameter".to_owned()));
}

#[tokio::test]
async fn a_token_keeps_its_place_while_tags_are_pushed() {
    let trial = Trial::start().await;
    let named = [FLEET, ("RepoNamespaceName", "team"), ("RepoName", "api")];
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
        .done("ListRepoTag", &[FLEET, id, ("MaxResults", "5")])
        .await;
    let all = trial
        .done("ListRepoTag", &[FLEET, id, ("PageSize", "10")])
        .await;
    let api = crate::world::alibabacloud::REGISTRY;
    trial
        .sandbox
        .push(api, "team/api", "a-first", "content")
        .unwrap();
    let token = ("NextToken", first["NextToken"].as_str().unwrap());
    let second = trial
        .done("ListRepoTag", &[FLEET, id, ("MaxResults", "5"), token])
        .await;
    assert_eq!([tags(&first), tags(&second)].concat(), tags(&all));
}

#[tokio::test]
async fn listings_can_be_narrowed() {
    let trial = Trial::start().await;
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
        ("ListNamespace", vec![FLEET], json!("17")),
        (
            "ListNamespace",
            vec![FLEET, ("NamespaceName", "team")],
            json!("1"),
        ),
        (
            "ListNamespace",
            vec![FLEET, ("NamespaceStatus", "DELETING")],
            json!("0"),
        ),
        (
            "ListRepository",
            vec![FLEET, ("RepoStatus", "DELETED")],
            json!("0"),
        ),
        (
            "ListRepository",
            vec![FLEET, ("RepoNamespaceName", "team")],
            json!("1"),
        ),
        ("ListRepoSyncRule", vec![FLEET], json!(51)),
        (
            "ListRepoSyncRule",
            vec![FLEET, ("NamespaceName", "team")],
            json!(3),
        ),
        (
            "ListRepoSyncRule",
            vec![FLEET, ("TargetRegionId", "cn-beijing")],
            json!(17),
        ),
        (
            "ListRepoSyncRule",
            vec![FLEET, ("TargetInstanceId", "cri-fleet0000000004")],
            json!(17),
        ),
        (
            "ListRepoSyncRule",
            vec![FLEET, ("RepoName", "api")],
            json!(0),
        ),
    ] {
        let answer = trial.done(action, &given).await;
        assert_eq!(answer["TotalCount"], total, "{action} {given:?}");
    }
}
