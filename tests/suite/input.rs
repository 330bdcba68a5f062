//! What a user types: references that cannot be, ids that are not there, typos, hosts, and what is
//! printed and pasted into the next command.

use futures_util::TryStreamExt;
use registry_replication::{
    Error, ErrorKind, ImageName, Listing, Registry, RunOptions, TaskScope, huaweicloud,
};
use registry_sandbox::{Sandbox, world};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::Value;

use crate::deploy_gate::Trial;
use crate::huaweicloud::clients;
use crate::program::{output, run};

const ENTERPRISE: [&str; 3] = ["--registry", "huaweicloud-enterprise", "--sandbox"];
const BASIC: [&str; 3] = ["--registry", "huaweicloud-basic", "--sandbox"];
const ALIBABACLOUD: [&str; 5] = [
    "--registry",
    "alibabacloud",
    "--sandbox",
    "--instance",
    "cri-fleet0000000001",
];

/// Names of the calls that a sandbox has received.
fn calls(sandbox: &Sandbox) -> Vec<String> {
    let received = sandbox.received().into_iter();
    received.filter_map(|request| request.operation).collect()
}

#[tokio::test]
async fn a_value_that_cannot_be_is_refused_by_name_before_anything_is_sent() {
    let trial = Trial::start().await;
    let long = format!("team/api:{}", "v".repeat(200));
    let wait = |image: &'static str| vec!["wait", image, "--timeout", "1h"];
    let status = |more: &[&'static str]| [&["status", "team/api:v41"], more].concat();
    for (words, says) in [
        // References to images.
        (wait("team/api:v1+build.5"), "Helm pushes it as"),
        (wait("team/api:v42\r"), "it ends with a carriage return"),
        (wait("team/api:v42 "), "it ends with a blank"),
        (
            wait("team/api:${TAG}"),
            "the variable \"${TAG}\" was not replaced",
        ),
        (
            vec!["wait", &long, "--timeout", "1h"],
            "has 200 characters; at most 128",
        ),
        (wait("team/api"), "it has no tag; write team/api:TAG"),
        (wait("Team/Api:v1"), "write \"team/api\""),
        (wait("api:v1"), "it has no namespace"),
        (wait(""), "it is empty"),
        (wait("team/api:v41@sha256:1"), "has 1 digits"),
        (vec!["status", "team/api:v1+5"], "Helm pushes"),
        (vec!["explain", "team/api:v1+5"], "Helm pushes"),
        (vec!["run", "12", "--image", "team/api:v1+5"], "Helm pushes"),
        (vec!["run", "12", "--image", "team/api"], "it has no tag"),
        // Options of an arrival.
        (status(&["--to", ""]), "--to <DESTINATION>"),
        (
            status(&["--to", "cn-north-1/"]),
            "no namespace after the slash",
        ),
        (status(&["--to", "/team"]), "before the slash"),
        (
            status(&["--to", "cn-north-1/team/api"]),
            "more than one slash",
        ),
        (status(&["--digest", ""]), "the digest \"\" is empty"),
        (status(&["--digest", "v42"]), "has no algorithm"),
        (
            status(&["--since", "2999-01-01T00:00:00Z"]),
            "invalid --since: 2999-01-01T00:00:00Z is in the future",
        ),
        (status(&["--since", ""]), "neither a time such as"),
        (
            status(&["--stall", "0s"]),
            "'--stall <DURATION>': it is zero",
        ),
        (
            status(&["--settle=-5s"]),
            "'--settle <DURATION>': it is negative",
        ),
        (
            status(&["--appear", "99999999999h"]),
            "it is longer than 10 years",
        ),
        (
            status(&["--appear", "99999999999999999999h"]),
            "it is not a duration",
        ),
        (
            vec!["wait", "team/api:v41", "--timeout", "200000000h"],
            "it is longer than 10 years",
        ),
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
        let (code, out, err) = trial.run(&[&words, &ENTERPRISE]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
    let basic = ["--registry", "huaweicloud-basic"];
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
        let (code, out, err) = trial.run(&[&words, &basic, &["--sandbox"]]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
    for (registry, words, says) in [
        (
            "huaweicloud-basic",
            &["--region", ""][..],
            "'--region <ID>': it is empty",
        ),
        ("huaweicloud-basic", &["--region", "../x"], "it is a path"),
        ("huaweicloud-basic", &["--endpoint", ""], "it is empty"),
        (
            "huaweicloud-basic",
            &["--region", "CN-North-4"],
            "invalid region \"CN-North-4\"; write a region id such as cn-north-4; did you mean \
             cn-north-4?",
        ),
        (
            "alibabacloud",
            &["--region", "cn_hanzhou", "--instance", "cri-1"],
            "did you mean cn-hangzhou?",
        ),
    ] {
        let rules = ["rules", "team/api", "--registry", registry];
        let (code, out, err) = trial.run(&[&rules, words]).await;
        assert_eq!((code, out.as_str()), (2, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
    assert_eq!(trial.sandbox.requests(), 0);
}

/// The first column of the first row below a table's head.
fn first_cell(table: &str) -> &str {
    let row = table.lines().nth(1).unwrap();
    row.split("  ").next().unwrap()
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
    for (words, place, code, says) in [
        (
            &["stop", "83", "--yes"][..],
            &ENTERPRISE[..],
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
            &["stop", "rst-511d13ef1e743d79", "--yes"],
            &ALIBABACLOUD,
            0,
            "rst-511d13ef1e743d79 has already ended: failed",
        ),
        (
            &["stop", "rst-none", "--yes"],
            &ALIBABACLOUD,
            1,
            "has no task rst-none",
        ),
        (
            &["stop", "rst-none", "--dry-run"],
            &ALIBABACLOUD,
            1,
            "SYNC_TASK_NOT_EXIST",
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
            &["run", "crsr-none", "--image", "team/api:v41", "--dry-run"],
            &ALIBABACLOUD,
            1,
            "has no rule crsr-none",
        ),
        (
            &["run", "101", "--image", "team/apo:v41", "--dry-run"],
            &BASIC,
            1,
            "has no repository team/apo; did you mean team/api?",
        ),
    ] {
        let (found, out, err) = trial.run(&[words, place]).await;
        assert_eq!(found, code, "{words:?}: {out}{err}");
        assert!(
            format!("{out}{err}").contains(says),
            "{words:?}: {out}{err}"
        );
    }
    let changes = ["Stop", "Cancel", "Execute", "Create"];
    let calls = calls(&trial.sandbox);
    let sent = calls
        .iter()
        .find(|call| changes.iter().any(|word| call.starts_with(word)));
    assert_eq!(sent, None);
    let (_, out, _) = trial
        .run(&[&["stop", "83", "--yes", "-o", "json"], &ENTERPRISE])
        .await;
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        out,
        serde_json::json!({ "ended": "83", "state": "succeeded" })
    );
}

/// What a listing ends with, if it ends with an error.
async fn ended<T: Send + 'static>(listing: Listing<T>) -> Result<usize, Error> {
    let all: Vec<T> = listing.by_item().try_collect().await?;
    Ok(all.len())
}

#[tokio::test]
async fn what_is_not_there_is_an_error_in_the_library() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let enterprise = clients::enterprise(&trial.sandbox, key.clone()).await;
    let enterprise: &dyn Registry = &enterprise;
    let basic = clients::basic(&trial.sandbox, key).await;
    let basic: &dyn Registry = &basic;
    let key = crate::alibabacloud::clients::sandbox_key(&trial.sandbox);
    let alibaba = crate::alibabacloud::clients::registry(
        &trial.sandbox,
        world::alibabacloud::FLEET_INSTANCE_ID,
        key,
    )
    .await;
    let alibaba: &dyn Registry = &alibaba;
    let image = |text: &str| text.parse::<ImageName>().unwrap();
    let rule = |text: &str| Some(text.parse().unwrap());
    let batch = |text: &str| TaskScope::Execution(text.parse().unwrap());
    let executions = async |id: &str| ended(enterprise.executions_of(rule(id).as_ref())).await;
    let subtasks = async |id: &str| ended(enterprise.subtasks_of(&id.parse().unwrap())).await;
    let (task, own) = {
        let scope = TaskScope::Image(image("team/api:v43"));
        let tasks: Vec<_> = alibaba
            .tasks_of(&scope)
            .by_item()
            .try_collect()
            .await
            .unwrap();
        (tasks[0].id.clone(), tasks[0].execution.clone().unwrap())
    };
    let is_task = format!("{task} is a task, and its batch is {own}");
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
        (
            "tasks of a repository",
            ended(alibaba.tasks_of(&image("team/apo").into())).await,
            "did you mean team/api?",
        ),
        (
            "tasks of a tag",
            ended(alibaba.tasks_of(&image("team/api:v999").into())).await,
            "has neither the tag v999",
        ),
        (
            "rules of a repository of Alibaba",
            ended(alibaba.rules_of(Some(&image("team/apo")))).await,
            "did you mean team/api?",
        ),
        (
            "batch",
            ended(alibaba.tasks_of(&batch("none"))).await,
            "has no batch none",
        ),
        (
            "a task for a batch",
            ended(alibaba.tasks_of(&batch(&task))).await,
            &is_task,
        ),
    ] {
        let error = found.expect_err(case);
        assert!(
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Service),
            "{case}: {error}"
        );
        assert!(!error.can_retry(), "{case}: {error}");
        assert!(error.to_string().contains(says), "{case}: {error}");
    }
    // What is there and has nothing is no error.
    assert_eq!(executions("21").await.unwrap(), 0);
    assert_eq!(
        ended(basic.rules_of(Some(&image("team/archive"))))
            .await
            .unwrap(),
        0
    );
    let options = RunOptions::default().image(image("team/apo:v1"));
    let error = alibaba
        .plan_run(&"crsr-none".parse().unwrap(), &options)
        .await;
    assert_eq!(error.err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn unknown_ids_and_typos_end_a_command_with_an_error() {
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
        (
            &["tasks", "rst-none"],
            &ALIBABACLOUD,
            "has no batch rst-none",
        ),
        (&["lag", "rst-none"], &ALIBABACLOUD, "has no batch rst-none"),
        (
            &["tasks", "team/apo"],
            &ALIBABACLOUD,
            "did you mean team/api?",
        ),
        (
            &["rules", "team/apo"],
            &ALIBABACLOUD,
            "did you mean team/api?",
        ),
        (&["tasks", "team/apo"], &BASIC, "did you mean team/api?"),
        (&["rules", "team/apo"], &BASIC, "did you mean team/api?"),
    ] {
        let (code, out, err) = run(&[words, place].concat());
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
    }
    let (code, _, err) = run(&["api", "ListRepoSyncTsak"]);
    assert_eq!(code, 2);
    assert!(err.contains("did you mean ListRepoSyncTask?"), "{err}");
}

#[tokio::test]
async fn the_host_of_the_registry_is_taken_off() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let enterprise = clients::enterprise(&trial.sandbox, key.clone()).await;
    let basic = clients::basic(&trial.sandbox, key).await;
    let key = crate::alibabacloud::clients::sandbox_key(&trial.sandbox);
    let alibaba = crate::alibabacloud::clients::registry(
        &trial.sandbox,
        world::alibabacloud::FLEET_INSTANCE_ID,
        key,
    )
    .await;
    let digest = format!("sha256:{}", "0a".repeat(32));
    let registries: [(&dyn Registry, &str); 3] = [
        (&enterprise, "swr-ee-"),
        (&basic, "swr.cn-north-4.myhuaweicloud.com"),
        (&alibaba, "registry.cn-hangzhou.cr.aliyuncs.com"),
    ];
    for (registry, says) in registries {
        let before = trial.sandbox.requests();
        let image = registry.read_image("team/api:v41").await.unwrap();
        assert_eq!(image.to_string(), "team/api:v41");
        let pinned = format!("team/api:v41@{digest}");
        let image = registry.read_image(&pinned).await.unwrap();
        assert_eq!(image.digest(), Some(digest.as_str()));
        assert_eq!(
            trial.sandbox.requests(),
            before,
            "without a host nothing is asked"
        );

        let hosts = registry.hosts().await.unwrap();
        assert!(hosts[0].contains(says), "{hosts:?}");
        for host in [
            &hosts[0],
            &hosts[0].to_uppercase(),
            &format!("{}:443", hosts[0]),
        ] {
            let image = registry
                .read_image(&format!("{host}/{pinned}"))
                .await
                .unwrap();
            assert_eq!(image.to_string(), pinned, "{host}");
        }
        let other = "registry.example/team/api:v41";
        let error = registry.read_image(other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        let says = format!(
            "\"registry.example\" is the host of another registry, and this registry is {own}; \
             write team/api:v41 for this registry, or {own}/{other} if",
            own = hosts[0]
        );
        assert!(error.to_string().contains(&says), "{error}");
        // A namespace that looks like a host can be named behind the host.
        let dotted = format!("{}/my.team/a/b:v1", hosts[0]);
        let image = registry.read_image(&dotted).await.unwrap();
        assert_eq!(image.path(), "my.team/a/b");
    }
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

/// A caller that may list and not look up: `ShowSyncJob` answers this page, and the rest is refused.
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
    // A look-up that is refused does not fail a listing that is empty.
    assert!(jobs("[]").await.unwrap().is_empty());
}
