//! imgtrack's commands for any registry: rules, executions, tasks, subtasks, run and stop.

use insta::assert_snapshot;
use serde_json::Value;

use crate::program::{output, run};

const ENTERPRISE: [&str; 3] = ["--registry", "huaweicloud-enterprise", "--sandbox"];
const BASIC: [&str; 3] = ["--registry", "huaweicloud-basic", "--sandbox"];
const ALIBABACLOUD: [&str; 3] = ["--registry", "alibabacloud", "--sandbox"];
const BY_HAND: &str = "crsr-o8n4dijbumgq****";

#[test]
fn listings_as_tables_and_as_json() {
    for (name, words, place) in [
        ("enterprise-rules", &["rules"][..], ENTERPRISE),
        ("basic-rules", &["rules", "team/api"], BASIC),
        ("alibabacloud-rules", &["rules"], ALIBABACLOUD),
        ("executions", &["executions"], ENTERPRISE),
        ("executions-of-rule", &["executions", "12"], ENTERPRISE),
        (
            "executions-of-retention",
            &["executions", "library/7"],
            ENTERPRISE,
        ),
        ("tasks-of-execution", &["tasks", "83"], ENTERPRISE),
        (
            "tasks-of-retention",
            &["tasks", "library/7/113"],
            ENTERPRISE,
        ),
        ("tasks-of-repository", &["tasks", "test/testrepo"], BASIC),
        ("tasks-of-image", &["tasks", "test/test:v0.1"], ALIBABACLOUD),
        ("subtasks", &["subtasks", "83/1927"], ENTERPRISE),
        (
            "subtasks-of-retention",
            &["subtasks", "library/7/113/2439"],
            ENTERPRISE,
        ),
    ] {
        let table = [words, &place].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
        let json = [words, &place, &["-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

#[test]
fn a_reference_of_one_listing_is_taken_by_the_next() {
    let first = |words: &[&str]| -> Value {
        let found: Value =
            serde_json::from_str(&output(&[words, &ENTERPRISE, &["-o", "json"]].concat())).unwrap();
        found[0].clone()
    };
    for rule in ["12", "library/7"] {
        let execution = first(&["executions", rule]);
        let task = first(&["tasks", execution["reference"].as_str().unwrap()]);
        let reference = task["reference"].as_str().unwrap();
        let subtask = first(&["subtasks", reference]);
        assert_eq!(subtask["task"], reference);
        assert_eq!(subtask.get("reference"), None);
    }
}

#[test]
fn a_rule_is_run_and_work_is_stopped() {
    for (words, place, says) in [
        (
            &["run", "12"][..],
            ENTERPRISE,
            "has started; its tasks:\n  imgtrack tasks ",
        ),
        (
            &["run", "library/7", "--trial"],
            ENTERPRISE,
            "execution library/7/",
        ),
        (
            &[
                "run",
                "101",
                "--image",
                "team/api:v41",
                "--image",
                "team/api:v42",
            ],
            BASIC,
            "tasks of team/api:\n  imgtrack tasks team/api --registry huaweicloud-basic --sandbox\n",
        ),
        (
            &["run", BY_HAND, "--image", "test/test:v0.1"],
            ALIBABACLOUD,
            "task rst-",
        ),
        (
            &["stop", "301"],
            ENTERPRISE,
            "the registry accepted the stop of 301\n",
        ),
    ] {
        let done = output(&[words, &place, &["--yes"]].concat());
        assert!(done.contains(says), "{words:?}: {done}");
        let done = output(&[words, &place, &["--yes", "-o", "json"]].concat());
        let done: Value = serde_json::from_str(&done).unwrap();
        assert!(done.is_object(), "{done}");
    }
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    for (name, words, place) in [
        ("run", &["run", "12"][..], ENTERPRISE),
        ("trial", &["run", "library/7", "--trial"], ENTERPRISE),
        (
            "copies",
            &[
                "run",
                "101",
                "--image",
                "team/api:v1",
                "--image",
                "team/api:v2",
            ],
            BASIC,
        ),
        (
            "copy",
            &["run", BY_HAND, "--image", "test/test:v0.1"],
            ALIBABACLOUD,
        ),
        ("stop", &["stop", "301"], ENTERPRISE),
        (
            "cancel",
            &[
                "stop",
                "rst-fb8592e1dbb2fe00",
                "--instance",
                "cri-fleet0000000001",
            ],
            ALIBABACLOUD,
        ),
    ] {
        let words = [words, &place, &["--dry-run"]].concat();
        let shown: Vec<String> = output(&words).lines().map(without_port).collect();
        assert_snapshot!(format!("dry-run-{name}"), shown.join("\n"));
        let json = output(&[&words[..], &["-o", "json"]].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        let headers = &json[0]["headers"];
        let signature = headers.get("authorization");
        assert_eq!(signature, Some(&Value::from("***")), "{json}");
    }
}

/// A line with the sandbox's port, which is another each time, taken out.
fn without_port(line: &str) -> String {
    let Some((before, after)) = line.split_once("127.0.0.1:") else {
        return line.to_owned();
    };
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}127.0.0.1{after}")
}

#[test]
fn refusals_say_what_to_do() {
    for (words, place, code, says) in [
        (
            &["executions"][..],
            BASIC,
            2,
            "not offered; list the tasks of a repository",
        ),
        (
            &["subtasks", "1"],
            ALIBABACLOUD,
            2,
            "not offered; a task is of one tag already",
        ),
        (&["stop", "1", "--yes"], BASIC, 2, "cannot stop anything"),
        (
            &["executions", "a/b/c"],
            ENTERPRISE,
            2,
            "write RULE such as 12, or NAMESPACE/RULE",
        ),
        (
            &["subtasks", "83"],
            ENTERPRISE,
            2,
            "write EXECUTION/TASK such as 83/1927",
        ),
        (
            &["run", "999", "--image", "team/api:v1", "--yes"],
            BASIC,
            1,
            "repository team/api has no rule 999; it has 101, 102, 103",
        ),
        (
            &[
                "run",
                "101",
                "--image",
                "team/api:v1",
                "--image",
                "team/web:v1",
                "--yes",
            ],
            BASIC,
            2,
            "of two repositories",
        ),
        (
            &["rules", "--project-id", "p"],
            BASIC,
            2,
            "leave out --project-id",
        ),
        (
            &["rules", "a/b", "--instance", "i"],
            BASIC,
            2,
            "leave out --instance",
        ),
        (
            &["executions", "4711"],
            ENTERPRISE,
            1,
            "has no replication rule 4711",
        ),
        (&["tasks", "4711"], ENTERPRISE, 1, "HTTP 404"),
        (
            &["stop", "rst-none", "--yes"],
            ALIBABACLOUD,
            1,
            "SYNC_TASK_NOT_EXIST",
        ),
    ] {
        let words = [words, &place].concat();
        let (found, out, err) = run(&words);
        assert_eq!(found, code, "{words:?}: {out}{err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
}
