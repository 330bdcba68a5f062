//! Tests of decoded pages of all subjects, and of pages that differ from the documentation.

use insta::assert_json_snapshot;
use registry_replication::{Execution, Rule, Started, Subtask, Task};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::subjects::{Subject, subjects};

/// Reads JSON text.
pub(crate) fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

/// Checks that decoding with the generated type and encoding again loses nothing of an example.
pub(crate) fn round_trip<T: Serialize + DeserializeOwned>(json: &str) {
    let decoded: T = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_value(decoded).unwrap(), value(json));
}

/// Sets or removes a field of a page's first record, at this pointer.
pub(crate) fn with(page: &str, record: &str, field: &str, to: Option<Value>) -> String {
    let mut page = value(page);
    let record = page.pointer_mut(record).unwrap().as_object_mut().unwrap();
    match to {
        Some(to) => record.insert(field.to_owned(), to),
        None => record.remove(field),
    };
    page.to_string()
}

#[tokio::test]
async fn the_examples_in_words_that_all_registries_share() {
    for page in subjects().flat_map(Subject::pages) {
        assert_json_snapshot!(page.name, (page.decode)(page.body).await);
    }
}

/// Returns values that a field may have instead of a value. `None` removes the field.
fn odd(was: Option<&Value>) -> Vec<Option<Value>> {
    let Some(was) = was else {
        return vec![Some(json!({ "nested": [1] }))];
    };
    let mut odd = vec![None, Some(Value::Null)];
    if !was.is_array() && !was.is_object() {
        odd.push(Some(json!("")));
    }
    if was.is_i64() {
        odd.push(Some(json!(was.to_string())));
    }
    if was.is_array() {
        odd.push(Some(json!([null])));
    }
    odd
}

#[tokio::test]
async fn whatever_becomes_of_a_field_the_page_decodes() {
    for page in subjects().flat_map(Subject::pages) {
        let mut record = Map::new();
        page.with(|first| record = first.clone());
        let unknown = "a field that no page shows";
        for field in record.keys().map(String::as_str).chain([unknown]) {
            for to in odd(record.get(field)) {
                let body = page.with(|record| {
                    match &to {
                        Some(to) => record.insert(field.to_owned(), to.clone()),
                        None => record.remove(field),
                    };
                });
                let items = (page.decode)(body).await;
                assert_eq!(items.len(), 1, "{}, {field}: {to:?}", page.name);
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_state_is_kept_as_it_came() {
    for page in subjects().flat_map(Subject::pages) {
        let Some(field) = page.state else { continue };
        let word = json!("Levitating");
        let body = page.with(|record| {
            record.insert(field.to_owned(), word.clone());
        });
        let item = (page.decode)(body).await.remove(0);
        assert_eq!(item["state"], json!({ "unknown": word }), "{}", page.name);
        assert_eq!(item["status"], word, "{}", page.name);
    }
}

#[test]
fn the_model_has_a_schema() {
    assert_json_snapshot!("schema-task", schemars::schema_for!(Task));
    assert_json_snapshot!("schema-rule", schemars::schema_for!(Rule));
    assert_json_snapshot!("schema-execution", schemars::schema_for!(Execution));
    assert_json_snapshot!("schema-subtask", schemars::schema_for!(Subtask));
    assert_json_snapshot!("schema-started", schemars::schema_for!(Started));
}

/// Decodes an item as a type of the model, and encodes it again.
fn again<T: Serialize + DeserializeOwned>(item: &Value) -> Option<Value> {
    let read: T = serde_json::from_value(item.clone()).ok()?;
    Some(serde_json::to_value(read).unwrap())
}

#[tokio::test]
async fn the_model_is_read_back_as_it_was_written() {
    for page in subjects().flat_map(Subject::pages) {
        for item in (page.decode)(page.body).await {
            let as_types = [
                again::<Task>(&item),
                again::<Rule>(&item),
                again::<Execution>(&item),
                again::<Subtask>(&item),
            ];
            let name = page.name;
            assert!(as_types.contains(&Some(item)), "{name}: {as_types:#?}");
        }
    }
}

#[test]
fn a_rule_that_an_earlier_version_wrote_is_read() {
    for of in subjects() {
        let provider = of.provider();
        let rule = json!({"provider": provider, "id": "45", "source": {}, "destination": {}});
        let rule: Rule = serde_json::from_value(rule).unwrap();
        assert_eq!(rule.kind, registry_replication::TaskKind::Replication);
        assert_eq!(rule.reference().unwrap().to_string(), "45");
    }
}
