//! Rules, executions and subtasks as they decode, from the examples of the specs.

use futures_util::TryStreamExt;
use insta::assert_json_snapshot;
use registry_replication::{Error, Listing, Registry, alibabacloud, huaweicloud};
use registry_tests::{Recorder, specs};
use serde::Serialize;
use serde_json::{Value, json};

use crate::clients::{self, INSTANCE, PROJECT};

/// A listing by name, the spec that has its example, and where the example has its records.
const LISTINGS: [(&str, &str, &str); 7] = [
    (
        "ListInstanceReplicationPolicies",
        "huaweicloud-swr/swr",
        "policies",
    ),
    (
        "ListInstanceRetentionPolicies",
        "huaweicloud-swr/swr",
        "retentions",
    ),
    (
        "ListInstanceReplicationPolicyExecutions",
        "huaweicloud-swr/swr",
        "executions",
    ),
    (
        "ListInstanceRetentionPolicyExecutions",
        "huaweicloud-swr/swr",
        "executions",
    ),
    (
        "ListInstanceReplicationPolicyExecSubTasks",
        "huaweicloud-swr/swr",
        "sub_tasks",
    ),
    (
        "ListInstanceRetentionPolicyExecSubTasks",
        "huaweicloud-swr/swr",
        "sub_tasks",
    ),
    ("ListRepoSyncRule", "alibabacloud-cr/cr", "SyncRules"),
];

fn example(spec: &str, name: &str) -> Value {
    let mut operations = specs::spec(spec).operations.iter();
    let operation = operations.find(|operation| operation.name == name).unwrap();
    let mut page = operation.answer.example.clone();
    // A list that goes by two names stands under both in the example.
    if let Some(page) = page.as_object_mut() {
        page.remove("subtasks");
    }
    page
}

/// What the facade makes of a page of this listing.
async fn decoded(name: &str, page: &Value) -> Vec<Value> {
    let recorder = Recorder::json(page.to_string()).await;
    if name == "ListRepoSyncRule" {
        let registry = alibabacloud::AlibabaCr::builder()
            .endpoint(recorder.endpoint())
            .instance("cri-kmsiwlxxdcva0001")
            .credentials(clients::alibaba_key())
            .build()
            .await
            .unwrap();
        return all(registry.rules_of(None)).await.unwrap();
    }
    let registry = huaweicloud::SwrEnterprise::builder()
        .endpoint(recorder.endpoint())
        .project_id(PROJECT)
        .instance(INSTANCE)
        .credentials(clients::huawei_key())
        .build()
        .await
        .unwrap();
    let reference = |text: &str| text.parse().unwrap();
    match name {
        "ListInstanceReplicationPolicies" => all(registry.replication_rules(None)).await,
        "ListInstanceRetentionPolicies" => all(registry.retention_rules()).await,
        "ListInstanceReplicationPolicyExecutions" => all(registry.executions_of(None)).await,
        "ListInstanceRetentionPolicyExecutions" => {
            let rule = "library/7".parse().unwrap();
            all(registry.executions_of(Some(&rule))).await
        }
        "ListInstanceReplicationPolicyExecSubTasks" => {
            all(registry.subtasks_of(&reference("83/1927"))).await
        }
        "ListInstanceRetentionPolicyExecSubTasks" => {
            all(registry.subtasks_of(&reference("library/7/113/2439"))).await
        }
        other => panic!("no listing {other}"),
    }
    .unwrap()
}

async fn all<T: Serialize + Send + 'static>(listing: Listing<T>) -> Result<Vec<Value>, Error> {
    let items = listing.by_item();
    items
        .map_ok(|item| serde_json::to_value(item).unwrap())
        .try_collect()
        .await
}

#[tokio::test]
async fn the_examples_in_words_that_all_registries_share() {
    for (name, spec, _) in LISTINGS {
        assert_json_snapshot!(name, decoded(name, &example(spec, name)).await);
    }
}

#[tokio::test]
async fn whatever_becomes_of_a_field_the_page_decodes() {
    for (name, spec, list) in LISTINGS {
        let mut page = example(spec, name);
        let records = page[list].as_array_mut().unwrap();
        records.truncate(1);
        // Pages that are always the same and say that there is more are an error.
        if let Some(total) = page.get_mut("TotalCount") {
            *total = json!(1);
        }
        let records = page[list].as_array_mut().unwrap();
        let fields: Vec<String> = records[0].as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let was = &page[list][0][&field];
            let mut odd = vec![Value::Null];
            if !was.is_array() && !was.is_object() {
                odd.push(json!(""));
            }
            if was.is_i64() {
                odd.push(json!(was.to_string()));
            }
            if was.is_array() {
                odd.push(json!([null]));
            }
            for to in odd {
                let mut page = page.clone();
                page[list][0][&field] = to;
                let items = decoded(name, &page).await;
                assert_eq!(items.len(), 1, "{name}, {field}: {page}");
            }
            let mut page = page.clone();
            page[list][0].as_object_mut().unwrap().remove(&field);
            assert_eq!(
                decoded(name, &page).await.len(),
                1,
                "{name} without {field}"
            );
        }
    }
}

#[tokio::test]
async fn subtasks_are_read_by_either_name() {
    let name = "ListInstanceReplicationPolicyExecSubTasks";
    let page = example("huaweicloud-swr/swr", name);
    let mut other = page.clone();
    let list = other.as_object_mut().unwrap().remove("sub_tasks").unwrap();
    other["subtasks"] = list;
    assert_eq!(decoded(name, &other).await, decoded(name, &page).await);
}

#[tokio::test]
async fn what_a_rule_copies_over_and_from() {
    let name = "ListRepoSyncRule";
    let page = example("alibabacloud-cr/cr", name);
    let changed = async |field: &str, value: &str| {
        let mut page = page.clone();
        page["SyncRules"][0][field] = json!(value);
        decoded(name, &page).await.remove(0)
    };
    let there = changed("SyncDirection", "FROM").await;
    let back = changed("SyncDirection", "TO").await;
    assert_eq!(there["source"], back["destination"]);
    assert_eq!(there["destination"], back["source"]);

    let filters = |rule: &Value| {
        let filters = rule["filters"].as_array().unwrap().iter();
        let filters = filters.map(|filter| filter["on"].as_str().unwrap().to_owned());
        filters.collect::<Vec<_>>()
    };
    for (scope, expected) in [
        ("REPO", &["tag"][..]),
        ("NAMESPACE", &["repository", "tag"]),
        ("INSTANCE", &["namespace", "repository", "tag"]),
    ] {
        assert_eq!(
            filters(&changed("SyncScope", scope).await),
            expected,
            "{scope}"
        );
    }
}

#[tokio::test]
async fn an_unknown_word_is_kept_as_it_came() {
    let name = "ListInstanceReplicationPolicyExecutions";
    let mut page = example("huaweicloud-swr/swr", name);
    page["executions"][0]["status"] = json!("Levitating");
    page["executions"][0]["trigger"] = json!("eclipse");
    let execution = decoded(name, &page).await.remove(0);
    assert_eq!(execution["state"], json!({ "unknown": "Levitating" }));
    assert_eq!(execution["trigger"], json!({ "unknown": "eclipse" }));
    assert_eq!(execution.get("ended"), None);
}
