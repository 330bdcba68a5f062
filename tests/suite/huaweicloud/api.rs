//! Tests of `imgtrack api`: pages, and secrets of a body.

use std::collections::BTreeSet;

use registry_sandbox::world;
use serde_json::Value;

use crate::api::{json, returns_all_pages};
use crate::program::output;

#[test]
fn all_pages_of_each_style() {
    let execution = format!(
        "execution_id={}",
        world::huaweicloud::FLEET_REPLICATION_EXECUTION
    );
    for (call, parameters, expected) in [
        (
            "ListInstanceReplicationPolicyExecTasks",
            &[execution.as_str()][..],
            world::huaweicloud::FLEET_REPLICATION_TASKS,
        ),
        (
            "ShowSyncJob",
            &[
                "namespace=team",
                "repository=api",
                "filter=limit::50|offset::0|order::asc",
            ],
            world::huaweicloud::FLEET_BASIC_JOBS,
        ),
    ] {
        returns_all_pages(call, parameters, expected);
    }
    // By marker and by text, in pages small enough to need several.
    let repository = ["namespace=team", "repository=api", "limit=100"];
    for (call, parameters) in [
        ("ListAllInstanceRepositories", vec!["name=api", "limit=20"]),
        ("ListRepositoryTag", repository.to_vec()),
        (
            "ListRepositoryTags",
            [&repository[..], &["offset=0"]].concat(),
        ),
    ] {
        let mut words = vec!["api", call, "--all", "--sandbox"];
        for parameter in parameters {
            words.extend(["-p", parameter]);
        }
        let all = json(&words);
        let names = |record: &Value| {
            let name = ["id", "Tag", "tag"].iter().find_map(|key| record.get(*key));
            name.unwrap_or(record).to_string()
        };
        let records = all.as_array().unwrap();
        let distinct: BTreeSet<_> = records.iter().map(names).collect();
        assert!(records.len() > 20, "{call}: {}", records.len());
        assert_eq!(distinct.len(), records.len(), "{call}");
    }
}

#[test]
fn a_dry_run_shows_the_request_without_secrets() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let body = r#"{"name": "second", "type": "swr-pro", "url": "https://registry.example.com",
        "insecure": false,
        "credential": {"type": "basic", "access_key": "AK", "access_secret": "very-secret"}}"#;
    std::fs::write(file.path(), body).unwrap();
    let path = file.path().display().to_string();
    let shown = output(&[
        "api",
        "CreateInstanceRegistry",
        "--body",
        &path,
        "--dry-run",
        "--sandbox",
    ]);
    assert!(
        !shown.contains("very-secret") && !shown.contains("Signature="),
        "{shown}"
    );
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["method"], "POST");
    assert_eq!(shown["headers"]["authorization"], "***");
    assert_eq!(shown["body"]["credential"]["access_secret"], "***");
    assert_eq!(shown["body"]["credential"]["access_key"], "AK");
}
