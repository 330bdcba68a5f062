//! Tests of `imgtrack api`, which makes any call by its name.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use registry_replication::api::services;
use registry_tests::specs::{self, Spec};
use serde_json::Value;

use crate::program::{output, run};
use crate::subjects::subjects;

/// Returns what a command prints as JSON.
pub(crate) fn json(words: &[&str]) -> Value {
    serde_json::from_str(&output(words)).unwrap()
}

/// Returns the client crate and the service of a spec.
fn parts(spec: &Spec) -> (&str, &str) {
    spec.name.split_once('/').unwrap()
}

/// Returns the specs of the providers. A client may come before its provider.
fn offered() -> impl Iterator<Item = &'static Spec> {
    let is_offered = |spec: &&Spec| subjects().any(|of| of.client() == Some(parts(spec).0));
    specs::all().iter().filter(is_offered)
}

/// Returns the name that the program has for the service of a spec: the cloud and the spec.
fn service(spec: &Spec) -> String {
    let (client, service) = parts(spec);
    let cloud = client.split('-').next().unwrap();
    format!("{cloud}.{service}")
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
    let all =
        || offered().flat_map(|spec| spec.operations.iter().map(move |one| (spec, &one.name)));
    let expected = all().map(|(spec, name)| {
        // A name that several services have needs its service.
        match all().filter(|(_, other)| *other == name).count() {
            1 => name.clone(),
            _ => format!("{}:{name}", service(spec)),
        }
    });
    let mut expected: Vec<_> = expected.collect();
    expected.sort();
    assert_eq!(listed, expected);
    for name in listed {
        output(&["api", &name, "--describe"]);
    }
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
    let mut operations = specs::all().iter().flat_map(|spec| &spec.operations);
    let shown = operations
        .find(|it| it.name == "ShowInstanceReplicationPolicy")
        .unwrap();
    assert_eq!(policy, shown.answer.example);
}

/// Checks that a call with `--all` returns so many records, and fewer with a limit.
pub(crate) fn returns_all_pages(call: &str, parameters: &[&str], expected: usize) {
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

#[test]
fn a_name_of_several_services_is_refused_with_their_names() {
    let mut services: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for spec in offered() {
        for operation in &spec.operations {
            let name = operation.name.as_str();
            let full = format!("{}:{name}", service(spec));
            services.entry(name).or_default().push(full);
        }
    }
    services.retain(|_, names| names.len() > 1);
    assert!(!services.is_empty());
    for (name, mut names) in services {
        let (code, out, err) = run(&["api", name]);
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        let (_, written) = err.split_once("write ").unwrap();
        let mut written: Vec<_> = written.lines().next().unwrap().split(" or ").collect();
        names.sort();
        written.sort_unstable();
        assert_eq!(written, names);
    }
}

#[test]
fn a_call_of_another_cloud_is_refused() {
    for of in subjects() {
        let provider = of.descriptor();
        let own = provider.cloud.services;
        for service in services().filter(|service| !own.contains(service)) {
            let call = format!("{service}:{}", service.operations[0].name);
            let words = [&["api", &call], &of.options()[..3]].concat();
            let (code, out, err) = run(&words);
            assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
            let title = provider.title;
            let says = format!("{service} is not a service of {title}; leave out --registry");
            assert!(err.contains(&says), "{words:?}: {err}");
        }
    }
}
