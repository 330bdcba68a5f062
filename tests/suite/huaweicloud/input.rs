//! Tests of the user's input: ids, regions, hosts, and references that one command prints and the
//! next one takes.

use registry_replication::{Error, ImageName, Registry, TaskScope, huaweicloud};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::Value;

use super::{BASIC, ENTERPRISE, clients};
use crate::commands::is_refused;
use crate::input::{changes_nothing, ended, is_absent, is_refused_unsent};
use crate::program::{Trial, output, run};

/// Returns the first cell of the first row below a table's head.
fn first_cell(table: &str) -> &str {
    let row = table.lines().nth(1).unwrap();
    row.split("  ").next().unwrap()
}

#[tokio::test]
async fn a_value_that_cannot_be_is_refused_by_name_before_anything_is_sent() {
    let trial = Trial::start().await;
    let wait = |image: &'static str| vec!["wait", image, "--timeout", "1h"];
    let status = |more: &[&'static str]| [&["status", "team/api:v41"], more].concat();
    for (words, says) in [
        (wait("api:v1"), "it has no namespace"),
        (vec!["run", "12", "--image", "team/api:v1+5"], "Helm pushes"),
        (vec!["run", "12", "--image", "team/api"], "it has no tag"),
        // Ids and places.
        (
            status(&["--instance", ""]),
            "'--instance <ID>': it is empty",
        ),
        (status(&["--instance", "../x"]), "it is a path"),
        (status(&["--instance", ".."]), "it is a path"),
        (status(&["--instance", "a b"]), "it has ' '"),
        (vec!["executions", ""], "it is empty"),
        (vec!["executions", "a/../b"], "; write RULE"),
        (vec!["executions", "12\r"], "it has '\\r'"),
        (vec!["subtasks", "83/.."], "; write EXECUTION/TASK"),
        (vec!["tasks", ""], "it is empty"),
        (vec!["stop", " "], "it has ' '"),
        (vec!["run", ""], "it is empty"),
        (vec!["lag", ""], "it is empty"),
        (vec!["lag", "--rule", ""], "it is empty"),
        // Numbers.
        (vec!["executions", "--limit", "0"], "'--limit <N>': it is 0"),
        (vec!["executions", "--limit=-1"], "it is not a number"),
        (vec!["subtasks", "83/1927", "--limit", "0"], "it is 0"),
        (vec!["tasks", "83", "--limit", "0"], "it is 0"),
    ] {
        is_refused_unsent(&trial, &[&words[..], &ENTERPRISE].concat(), says).await;
    }
    for (words, says) in [
        (vec!["tasks", "team/api:${TAG}"], "was not replaced"),
        (vec!["tasks", "team/api "], "it has ' '"),
        (
            vec!["rules", "team/../api"],
            "begins or ends with a separator",
        ),
        (
            vec!["api", "ListNamespace", "--all", "--limit", "0"],
            "it is 0",
        ),
    ] {
        is_refused_unsent(&trial, &[&words[..], &BASIC].concat(), says).await;
    }
    for (words, says) in [
        (&["--region", ""][..], "'--region <ID>': it is empty"),
        (&["--region", "../x"], "it is a path"),
        (&["--endpoint", ""], "it is empty"),
        (
            &["--region", "CN-North-4"],
            "invalid region \"CN-North-4\"; write a region id such as cn-north-4; did you mean \
             cn-north-4?",
        ),
    ] {
        let rules = ["rules", "team/api", "--registry", "huaweicloud-basic"];
        is_refused_unsent(&trial, &[&rules, words].concat(), says).await;
    }
}

#[test]
fn what_one_command_prints_is_taken_by_the_next() {
    for (rule, start) in [("12", "83/"), ("library/7", "library/7/")] {
        let rules = output(&[&["rules"][..], &ENTERPRISE].concat());
        assert!(
            rules
                .lines()
                .any(|line| line.starts_with(&format!("{rule} ")))
        );
        let executions = output(&[&["executions", rule][..], &ENTERPRISE].concat());
        let execution = first_cell(&executions);
        let tasks = output(&[&["tasks", execution][..], &ENTERPRISE].concat());
        let task = first_cell(&tasks);
        assert!(task.starts_with(start), "{tasks}");
        output(&[&["subtasks", task][..], &ENTERPRISE].concat());
        output(&[&["run", rule, "--dry-run"][..], &ENTERPRISE].concat());
    }
    for (execution, start) in [("301", "301/"), ("library/7/113", "library/7/113/")] {
        let words = [&["tasks", execution][..], &ENTERPRISE].concat();
        let tasks = output(&words);
        let task = first_cell(&tasks);
        assert!(task.starts_with(start), "{tasks}");
        let json: Value =
            serde_json::from_str(&output(&[&words[..], &["-o", "json"]].concat())).unwrap();
        assert_eq!(json[0]["reference"], task);
    }
}

#[test]
fn a_task_is_not_taken_for_an_execution() {
    let tasks = output(&[&["tasks", "301", "--limit", "1"][..], &ENTERPRISE].concat());
    let task = first_cell(&tasks);
    let (_, id) = task.split_once('/').unwrap();
    let place = ENTERPRISE.join(" ");
    for (words, code, says) in [
        (
            vec!["stop", task, "--yes"],
            2,
            format!("stop its execution with all of its tasks: imgtrack stop 301 {place}"),
        ),
        (
            vec!["stop", id, "--yes"],
            1,
            format!("has no execution {id}"),
        ),
        (
            vec!["stop", id, "--dry-run"],
            1,
            format!("has no execution {id}"),
        ),
        (
            vec!["tasks", task],
            2,
            format!("list its subtasks: imgtrack subtasks {task} {place}"),
        ),
        (
            vec!["stop", "library/7", "--yes"],
            2,
            "write EXECUTION such as 83".to_owned(),
        ),
        (
            vec!["stop", "library/7/113", "--yes"],
            2,
            "it ends by itself".to_owned(),
        ),
        (
            vec!["stop", "library/7/113/2439", "--yes"],
            2,
            "ends by itself".to_owned(),
        ),
    ] {
        let (found, out, err) = run(&[&words[..], &ENTERPRISE].concat());
        assert_eq!((found, out.as_str()), (code, ""), "{words:?}: {err}");
        assert!(err.contains(&says), "{words:?}: {err}");
    }
}

#[tokio::test]
async fn a_stop_looks_its_target_up_and_leaves_what_has_ended() {
    let trial = Trial::start().await;
    let cases: [(&[&str], &[&str], u8, &str); 7] = [
        (
            &["stop", "83", "--yes"],
            &ENTERPRISE,
            0,
            "83 has already ended: succeeded",
        ),
        (
            &["stop", "83", "--dry-run"],
            &ENTERPRISE,
            0,
            "83 has already ended: succeeded",
        ),
        (
            &["stop", "82", "--yes"],
            &ENTERPRISE,
            1,
            "has no execution 82",
        ),
        (
            &["stop", "9999", "--dry-run"],
            &ENTERPRISE,
            1,
            "has no execution 9999",
        ),
        (
            &["run", "9999", "--dry-run"],
            &ENTERPRISE,
            1,
            "has no replication rule 9999",
        ),
        (
            &["run", "library/9", "--dry-run"],
            &ENTERPRISE,
            1,
            "has no retention rule library/9",
        ),
        (
            &["run", "101", "--image", "team/apo:v41", "--dry-run"],
            &BASIC,
            1,
            "has no repository team/apo; did you mean team/api?",
        ),
    ];
    changes_nothing(&trial, &cases).await;
    let (_, out, _) = trial
        .run(&[&["stop", "83", "--yes", "-o", "json"], &ENTERPRISE])
        .await;
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        out,
        serde_json::json!({ "ended": "83", "state": "succeeded" })
    );
}

#[tokio::test]
async fn what_is_not_there_is_an_error_in_the_library() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let enterprise = clients::enterprise(&trial.sandbox, key.clone()).await;
    let enterprise: &dyn Registry = &enterprise;
    let basic = clients::basic(&trial.sandbox, key).await;
    let basic: &dyn Registry = &basic;
    let image = |text: &str| text.parse::<ImageName>().unwrap();
    let rule = |text: &str| Some(text.parse().unwrap());
    let batch = |text: &str| TaskScope::Execution(text.parse().unwrap());
    let executions = async |id: &str| ended(enterprise.executions_of(rule(id).as_ref())).await;
    let subtasks = async |id: &str| ended(enterprise.subtasks_of(&id.parse().unwrap())).await;
    for (case, found, says) in [
        (
            "rule",
            executions("9999").await,
            "has no replication rule 9999",
        ),
        (
            "retention rule",
            executions("library/9").await,
            "9 does not exist",
        ),
        (
            "execution",
            ended(enterprise.tasks_of(&batch("82"))).await,
            "82",
        ),
        ("task", subtasks("83/9999").await, "9999"),
        (
            "task of retention",
            subtasks("library/7/113/9999").await,
            "9999",
        ),
        (
            "jobs of a repository",
            ended(basic.tasks_of(&image("team/apo").into())).await,
            "did you mean team/api?",
        ),
        (
            "rules of a repository",
            ended(basic.rules_of(Some(&image("taem/api")))).await,
            "did you mean team/api?",
        ),
    ] {
        is_absent(case, found, says);
    }
    // An existing rule without executions is not an error.
    assert_eq!(executions("21").await.unwrap(), 0);
    let archive = image("team/archive");
    assert_eq!(ended(basic.rules_of(Some(&archive))).await.unwrap(), 0);
}

#[test]
fn unknown_ids_end_a_command_with_an_error() {
    for (words, place, says) in [
        (
            &["executions", "9999"][..],
            &ENTERPRISE[..],
            "has no replication rule 9999",
        ),
        (
            &["executions", "library/9"],
            &ENTERPRISE,
            "9 does not exist",
        ),
        (
            &["lag", "--rule", "9999"],
            &ENTERPRISE,
            "has no replication rule 9999",
        ),
        (&["tasks", "9999"], &ENTERPRISE, "9999"),
        (&["subtasks", "83/9999"], &ENTERPRISE, "9999"),
        (&["tasks", "team/apo"], &BASIC, "did you mean team/api?"),
        (&["rules", "team/apo"], &BASIC, "did you mean team/api?"),
    ] {
        is_refused(&[words, place].concat(), 1, says);
    }
}

#[tokio::test]
async fn the_host_is_the_one_that_docker_uses() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let enterprise = clients::enterprise(&trial.sandbox, key.clone()).await;
    let basic = clients::basic(&trial.sandbox, key).await;
    let hosts = enterprise.hosts().await.unwrap();
    assert!(hosts[0].contains("swr-ee-"), "{hosts:?}");
    let hosts = basic.hosts().await.unwrap();
    let says = "swr.cn-north-4.myhuaweicloud.com";
    assert!(hosts[0].contains(says), "{hosts:?}");
}

#[test]
fn a_command_takes_an_image_with_its_host() {
    let host = "swr.cn-north-4.myhuaweicloud.com";
    let image = format!("{host}/team/api");
    for command in ["rules", "tasks", "lag"] {
        let with = output(&[&[command, &image][..], &BASIC].concat());
        let without = output(&[&[command, "team/api"][..], &BASIC].concat());
        assert_eq!(with, without);
        let other = "swr.cn-east-3.myhuaweicloud.com/team/api";
        let (code, out, err) = run(&[&[command, other][..], &BASIC].concat());
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains("is the host of another registry"), "{err}");
    }
    let tagged = format!("{image}:v41");
    let run = ["run", "101", "--image", &tagged, "--dry-run"];
    output(&[&run[..], &BASIC].concat());
}

#[tokio::test]
async fn an_arrival_takes_the_host_and_suggests_destinations() {
    let trial = Trial::start().await;
    let host = "swr.cn-north-4.myhuaweicloud.com";
    let image = format!("{host}/team/api:v41");
    for command in [&["status"][..], &["explain"], &["wait", "--timeout", "10m"]] {
        let with = trial.run(&[command, &[&image], &BASIC]).await;
        assert_eq!(with.0, 0, "{with:?}");
        let words = [command, &["registry.example/team/api:v41"], &BASIC];
        let (code, out, err) = trial.run(&words).await;
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(
            err.contains("\"registry.example\" is the host of another registry"),
            "{err}"
        );
        let to = ["team/api:v41", "--to", "cn-nroth-1"];
        let (code, out, err) = trial.run(&[command, &to, &BASIC]).await;
        assert_eq!(code, 5, "{err}");
        assert!(out.contains("did you mean cn-north-1?"), "{out}");
        let to = ["team/api:v41", "--to", "mars"];
        let (_, out, _) = trial.run(&[command, &to, &BASIC]).await;
        assert!(!out.contains("did you mean"), "{out}");
    }
}

/// Lists as a caller that may not look up: `ShowSyncJob` answers this page, and other calls are refused.
async fn jobs(page: &'static str) -> Result<Vec<registry_replication::Task>, Error> {
    let server = Hostile::start(move |request| match request.path().contains("sync_job") {
        true => Reply::json(page),
        false => Reply::answer(403, &[], "{}"),
    })
    .await;
    let basic = huaweicloud::SwrBasic::builder()
        .endpoint(server.endpoint())
        .credentials(clients::key())
        .build()
        .await?;
    basic.sync_jobs("team/api", None).all().await
}

#[tokio::test]
async fn what_a_vendor_answers_is_not_held_to_the_grammar() {
    let odd = r#"[{"id": 1, "namespace": "Team..", "repoName": "-a//b", "tag": "v1+build.5 "}]"#;
    let jobs_read = jobs(odd).await.unwrap();
    let source = jobs_read[0].source.as_ref().unwrap();
    assert_eq!(source.namespace.as_deref(), Some("Team.."));
    assert_eq!(source.repository.as_deref(), Some("-a//b"));
    assert_eq!(source.tags().next(), Some("v1+build.5 "));
    // A refused lookup does not fail an empty listing.
    assert!(jobs("[]").await.unwrap().is_empty());
}
