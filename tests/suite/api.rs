//! imgtrack api: any call by its name.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use registry_sandbox::world;
use registry_tests::specs;
use serde_json::Value;

use crate::program::{output, run};

fn json(words: &[&str]) -> Value {
    serde_json::from_str(&output(words)).unwrap()
}

#[test]
fn every_call_of_every_spec_has_a_name() {
    let listed = json(&["api", "-o", "json"]);
    let mut listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap().to_owned())
        .collect();
    listed.sort();
    let mut expected: Vec<_> = specs::all()
        .iter()
        .flat_map(|spec| {
            spec.operations
                .iter()
                .map(move |operation| (spec, operation))
        })
        .map(|(spec, operation)| match operation.name.as_str() {
            // Both vendors have one.
            "ListInstance" => format!(
                "{}:ListInstance",
                match spec.name {
                    "alibabacloud-cr/cr" => "alibabacloud.cr",
                    _ => "huaweicloud.swr",
                }
            ),
            name => name.to_owned(),
        })
        .collect();
    expected.sort();
    assert_eq!(listed, expected);
    for name in listed {
        output(&["api", &name, "--describe"]);
    }
    let script = output(&["completions", "bash"]);
    assert!(
        script.contains("CreateRepoSyncTaskByRule"),
        "names complete"
    );
}

#[test]
fn a_call_says_what_it_takes() {
    for (name, words) in [
        ("calls", &["api"][..]),
        ("describe", &["api", "ListInstanceRegistries", "--describe"]),
        (
            "describe-body",
            &["api", "CreateInstanceRegistry", "--describe"],
        ),
        (
            "describe-json",
            &["api", "CancelRepoSyncTask", "--describe", "-o", "json"],
        ),
    ] {
        assert_snapshot!(name, output(words));
    }
}

#[test]
fn an_answer_is_json_as_it_came() {
    let policy = json(&[
        "api",
        "ShowInstanceReplicationPolicy",
        "-p",
        "policy_id=12",
        "--sandbox",
    ]);
    let spec = specs::spec("huaweicloud-swr/swr");
    let mut operations = spec.operations.iter();
    let shown = operations
        .find(|it| it.name == "ShowInstanceReplicationPolicy")
        .unwrap();
    assert_eq!(policy, shown.answer.example);
}

#[test]
fn all_pages_of_each_style() {
    let fleet = format!("InstanceId={}", world::alibabacloud::FLEET_INSTANCE_ID);
    let execution = format!(
        "execution_id={}",
        world::huaweicloud::FLEET_REPLICATION_EXECUTION
    );
    for (call, parameters, expected) in [
        (
            "ListRepoSyncTask",
            &[fleet.as_str()][..],
            world::alibabacloud::FLEET_TASKS,
        ),
        (
            "ListInstanceReplicationPolicyExecTasks",
            &[&execution],
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
        let mut words = vec!["api", call, "--all", "--sandbox"];
        for parameter in parameters {
            words.extend(["-p", parameter]);
        }
        let all = json(&words);
        assert_eq!(all.as_array().unwrap().len(), expected, "{call}");
        words.extend(["--limit", "7"]);
        assert_eq!(
            json(&words),
            Value::from(&all.as_array().unwrap()[..7]),
            "{call}"
        );
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

    let token = output(&[
        "api",
        "AssumeRoleWithOIDC",
        "-p",
        "OIDCProviderArn=a",
        "-p",
        "RoleArn=b",
        "-p",
        "OIDCToken=very-secret",
        "-p",
        "RoleSessionName=session",
        "--dry-run",
        "--sandbox",
    ]);
    assert!(
        token.contains("OIDCToken=***") && !token.contains("very-secret"),
        "{token}"
    );
}

#[test]
fn a_write_is_made_when_it_is_said_so() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), r#"{"policy_id": 12}"#).unwrap();
    let path = file.path().display().to_string();
    let call = [
        "api",
        "ExecuteInstanceReplicationPolicy",
        "--sandbox",
        "--yes",
    ];
    let started = json(&[&call[..], &["--body", &path]].concat());
    assert!(started["id"].as_i64().unwrap() > 0, "{started}");

    std::fs::write(file.path(), r#"{"policy_id": 12, "policy": 13}"#).unwrap();
    let (code, _, err) = run(&[&call[..], &["--body", &path]].concat());
    assert_eq!(code, 2);
    assert!(
        err.contains("invalid body, expected StartReplicationInput: unknown field policy"),
        "{err}"
    );

    // An answer without a body prints nothing.
    let deleted = [
        "api",
        "DeleteInstanceReplicationPolicy",
        "-p",
        "policy_id=12",
    ];
    assert_eq!(
        output(&[&deleted[..], &["--yes", "--sandbox"]].concat()),
        ""
    );
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    let none = "api ShowInstance --sandbox -p instance_id=";
    for (words, says) in [
        (
            "api ListRepoSyncTasks",
            "there is no call \"ListRepoSyncTasks\"; did you mean ListRepoSyncTask?",
        ),
        ("api RepoSyncTask", "did you mean CancelRepoSyncTask"),
        (
            "api ListInstanceJobs --registry alibabacloud --sandbox",
            "huaweicloud.swr is not a service of Alibaba Cloud; leave out --registry",
        ),
        (
            "api ListRepoSyncTask --sandbox --project-id p",
            "alibabacloud.cr has no setting project-id; leave out --project-id",
        ),
        (
            "api ListInstance",
            "write huaweicloud.swr:ListInstance or alibabacloud.cr:ListInstance",
        ),
        (
            "api ListRepoSyncTask -p Tag",
            "invalid --param; write NAME=VALUE",
        ),
        (
            "api ListRepoSyncTask -p Tags=x",
            "has no parameter \"Tags\"; it has InstanceId",
        ),
        (
            "api ListRepoSyncTask -p PageNo=0",
            "PageNo: 0 is less than 1",
        ),
        (none, "instance_id: must not be empty"),
        (
            "api ShowSyncJob --sandbox",
            "namespace, repository, filter are missing",
        ),
        (
            "api GetInstance --all --sandbox",
            "does not answer in pages",
        ),
        ("api GetInstance --body /nowhere", "--body /nowhere: "),
        (
            "api CreateRetention --sandbox -p namespace=a -p repository=b --yes",
            "needs a body",
        ),
        (
            "api ListInstanceJobs --sandbox -p limit=10",
            "limit needs offset; pass both or neither",
        ),
    ] {
        let words: Vec<_> = words.split(' ').collect();
        let (code, out, err) = run(&words);
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
