//! Tests of lists: pages, filters and sorting.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Trial;
use super::huaweicloud_trial::here;
use crate::encoding::encode;
use crate::world;

fn names<'a>(records: &'a Value, key: &str) -> Vec<&'a str> {
    let records = records.as_array().unwrap().iter();
    records
        .map(|record| record[key].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn pages_with_text_say_where_they_stand() {
    let trial = Trial::start().await;
    let tags = "/v2/manage/namespaces/team/repos/api/tags";
    for (query, range, first) in [
        ("", "0-100/234", "v43.5"),
        ("?offset=0&limit=10", "0-10/234", "v43.5"),
        ("?offset=230&limit=10", "230-4/234", "v5.3"),
        (
            "?offset=0&limit=1&order_column=tag&order_type=asc",
            "0-1/234",
            "v10",
        ),
        ("?tag=v42", "0-1/1", "v42"),
        ("?filter=offset%3A%3A233%7Climit%3A%3A5", "233-1/234", "v5"),
        ("?filter=tag%3A%3Av41", "0-1/1", "v41"),
    ] {
        let response = trial.get(&format!("{tags}{query}")).await;
        assert_eq!(response.header("content-range"), Some(range), "{query}");
        assert_eq!(names(&response.body, "Tag")[0], first, "{query}");
    }
    for query in [
        "?offset=0",
        "?limit=5",
        "?offset=a&limit=5",
        "?offset=-5&limit=5",
        "?offset=0&limit=0",
        "?offset=0&limit=1001",
        "?order_column=tag",
        "?order_column=size&order_type=asc",
        "?filter=limit",
        "?filter=limit%3A%3A5",
    ] {
        let response = trial.get(&format!("{tags}{query}")).await;
        assert_eq!(response.status, 400, "{query} {}", response.body);
    }
}

#[tokio::test]
async fn repositories_are_narrowed_by_parameters_or_by_filter() {
    let trial = Trial::start().await;
    let all = [
        "web/storefront",
        "api",
        "archive",
        "testrepo",
        "grpc-helloworld",
    ];
    for (query, expected) in [
        (
            "namespace=test".to_owned(),
            &["testrepo", "grpc-helloworld"] as &[&str],
        ),
        ("name=web%24storefront".to_owned(), &["web/storefront"]),
        ("name=repo".to_owned(), &[]),
        ("category=linux".to_owned(), &["grpc-helloworld"]),
        (format!("filter={}", encode("name::repo")), &["testrepo"]),
        // With a filter, parameters are ignored.
        (
            format!("name=api&filter={}", encode("namespace::tes")),
            &["testrepo", "grpc-helloworld"],
        ),
        (
            format!(
                "filter={}",
                encode("order_column::tag_count|order_type::desc")
            ),
            &[
                "api",
                "web/storefront",
                "grpc-helloworld",
                "archive",
                "testrepo",
            ],
        ),
    ] {
        let response = trial.get(&format!("/v2/manage/repos?{query}")).await;
        let found = names(&response.body, "name");
        assert_eq!(found, expected, "{query}");
    }
    let response = trial.get("/v2/manage/repos").await;
    let mut found = names(&response.body, "name");
    found.sort_unstable();
    let mut expected = all.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(response.body[0]["total_range"], 5);
    let public = trial.get("/v3/manage/repos?is_public=true").await.body;
    assert_eq!(public["repos"], Value::Array(Vec::new()));
    for (query, number) in [
        ("", 2),
        ("?namespace=team", 1),
        ("?filter=namespace%3A%3Ateam", 1),
    ] {
        let body = trial
            .get(&format!("/v2/manage/namespaces{query}"))
            .await
            .body;
        assert_eq!(
            body["namespaces"].as_array().unwrap().len(),
            number,
            "{query}"
        );
    }
    let quotas = "/v2/manage/projects/5a9db0c5a9db0c5a9db0c5a9db0c0001/quotas";
    for (query, used) in [
        ("", vec![2, 5]),
        ("?namespace=team&repository=api", vec![2, 5, 234]),
    ] {
        let body = trial.get(&format!("{quotas}{query}")).await.body;
        let quotas = body["quotas"].as_array().unwrap().iter();
        let found: Vec<_> = quotas
            .map(|quota| quota["used"].as_i64().unwrap())
            .collect();
        assert_eq!(found, used, "{query}");
    }
}

/// Follows the markers of a list, and returns all its records.
async fn followed(trial: &Trial, target: &str, items: &str, next: &str) -> Vec<Value> {
    let (mut records, mut marker) = (Vec::new(), String::new());
    for page in 0.. {
        assert!(page < 200, "the pages of {target} do not end");
        let response = trial.get(&format!("{target}{marker}")).await;
        assert_eq!(response.status, 200, "{target}{marker} {}", response.body);
        records.extend(response.body[items].as_array().unwrap().clone());
        match response.body.pointer(next) {
            Some(Value::String(text)) => marker = format!("&marker={text}"),
            Some(Value::Number(number)) => marker = format!("&marker={number}"),
            _ => break,
        }
    }
    records
}

#[tokio::test]
async fn markers_lead_through_all_records_once() {
    let trial = Trial::start().await;
    let project = world::huaweicloud::PROJECT_ID;
    let repositories = format!("/v2/{project}/repositories?limit=100");
    let next = "/page_info/next_marker";
    let repositories = followed(&trial, &repositories, "repositories", next).await;
    let counts = repositories
        .iter()
        .map(|record| record["artifact_count"].as_u64().unwrap());
    let artifacts = usize::try_from(counts.sum::<u64>()).unwrap();
    let fleet =
        world::huaweicloud::FLEET_REPLICATION_TASKS + world::huaweicloud::FLEET_RETENTION_TASKS;
    assert_eq!(
        repositories.len(),
        fleet + 4,
        "those of the examples and the watched one"
    );
    let tags = "/v3/manage/namespaces/team/repos/api/tags?limit=50";
    for (target, items, next, number) in [
        (
            here("artifacts?limit=100"),
            "artifacts",
            "/next_marker",
            artifacts,
        ),
        (
            "/v3/manage/repos?limit=1".to_owned(),
            "repos",
            "/nextMarker",
            5,
        ),
        (tags.to_owned(), "tags", "/nextMarker", 234),
        (
            format!("{tags}&order_column=tag&order_type=desc"),
            "tags",
            "/nextMarker",
            234,
        ),
    ] {
        let records = followed(&trial, &target, items, next).await;
        let ids = records.iter().map(|record| record["id"].as_i64().unwrap());
        let ids: BTreeSet<_> = ids.collect();
        assert_eq!((records.len(), ids.len()), (number, number), "{target}");
    }
}

#[tokio::test]
async fn enterprise_lists_are_sorted_and_narrowed() {
    let trial = Trial::start().await;
    for (target, items, expected) in [
        (
            "replication/policies?order_column=name&order_type=asc",
            "policies",
            &["copy-nats", "fleet-to-second-region", "team-on-push"] as &[&str],
        ),
        ("replication/policies?name=nats", "policies", &["copy-nats"]),
        ("replication/policies?registry_id=4", "policies", &[]),
        ("registries?type=swr-pro", "registries", &[]),
        (
            "retention/policies?namespace_id=1",
            "retentions",
            &["keep-three"],
        ),
        (
            "retention/policies?name=twenty",
            "retentions",
            &["keep-twenty"],
        ),
        (
            "namespaces?name=libr&public=false",
            "namespaces",
            &["library"],
        ),
        ("namespaces?public=true", "namespaces", &[]),
        (
            "repositories?namespace_id=1&order_column=updated_at&order_type=asc",
            "repositories",
            &["cuda-vector-add", "web/storefront"],
        ),
        (
            "namespaces/library/repositories?order_column=created_at&order_type=desc",
            "repositories",
            &["web/storefront", "cuda-vector-add"],
        ),
    ] {
        let body = trial.get(&here(target)).await.body;
        assert_eq!(names(&body[items], "name"), expected, "{target}");
        assert_eq!(body["total"], expected.len(), "{target}");
    }
    for target in [
        "replication/policies?order_type=asc",
        "registries?order_column=size",
    ] {
        assert_eq!(trial.get(&here(target)).await.status, 400, "{target}");
    }
    for (reference, status) in [("v42", 200), ("v9", 404)] {
        let path = "namespaces/library/repositories/web%252Fstorefront/artifacts";
        let shown = trial.get(&here(&format!("{path}/{reference}"))).await;
        assert_eq!(shown.status, status, "{reference}");
        assert!(shown.body.get("scan_overview").is_none());
    }
}
