//! Tests of the user's input: ids, regions, and hosts.

use futures_util::TryStreamExt;
use registry_replication::{ErrorKind, ImageName, Registry, RunOptions, TaskScope};
use registry_sandbox::world;

use super::{FLEET, clients};
use crate::commands::is_refused;
use crate::input::{changes_nothing, ended, is_absent, is_refused_unsent};
use crate::program::Trial;

#[tokio::test]
async fn a_region_that_cannot_be_is_refused_before_anything_is_sent() {
    let trial = Trial::start().await;
    let rules = ["rules", "team/api", "--registry", "alibabacloud"];
    let region = ["--region", "cn_hanzhou", "--instance", "cri-1"];
    let says = "did you mean cn-hangzhou?";
    is_refused_unsent(&trial, &[rules, region].concat(), says).await;
}

#[tokio::test]
async fn a_stop_looks_its_target_up_and_leaves_what_has_ended() {
    let trial = Trial::start().await;
    let cases: [(&[&str], &[&str], u8, &str); 4] = [
        (
            &["stop", "rst-511d13ef1e743d79", "--yes"],
            &FLEET,
            0,
            "rst-511d13ef1e743d79 has already ended: failed",
        ),
        (
            &["stop", "rst-none", "--yes"],
            &FLEET,
            1,
            "has no task rst-none",
        ),
        (
            &["stop", "rst-none", "--dry-run"],
            &FLEET,
            1,
            "SYNC_TASK_NOT_EXIST",
        ),
        (
            &["run", "crsr-none", "--image", "team/api:v41", "--dry-run"],
            &FLEET,
            1,
            "has no rule crsr-none",
        ),
    ];
    changes_nothing(&trial, &cases).await;
}

#[tokio::test]
async fn what_is_not_there_is_an_error_in_the_library() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let alibaba =
        clients::registry(&trial.sandbox, world::alibabacloud::FLEET_INSTANCE_ID, key).await;
    let alibaba: &dyn Registry = &alibaba;
    let image = |text: &str| text.parse::<ImageName>().unwrap();
    let batch = |text: &str| TaskScope::Execution(text.parse().unwrap());
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
        is_absent(case, found, says);
    }
    let options = RunOptions::default().image(image("team/apo:v1"));
    let error = alibaba
        .plan_run(&"crsr-none".parse().unwrap(), &options)
        .await;
    assert_eq!(error.err().unwrap().kind(), ErrorKind::NotFound);
}

#[test]
fn unknown_ids_end_a_command_with_an_error() {
    for (words, place, says) in [
        (
            &["tasks", "rst-none"][..],
            &FLEET[..],
            "has no batch rst-none",
        ),
        (&["lag", "rst-none"], &FLEET, "has no batch rst-none"),
        (&["tasks", "team/apo"], &FLEET, "did you mean team/api?"),
        (&["rules", "team/apo"], &FLEET, "did you mean team/api?"),
    ] {
        is_refused(&[words, place].concat(), 1, says);
    }
}

#[tokio::test]
async fn the_host_is_the_one_that_docker_uses() {
    let trial = Trial::start().await;
    let key = clients::sandbox_key(&trial.sandbox);
    let instance = world::alibabacloud::FLEET_INSTANCE_ID;
    let registry = clients::registry(&trial.sandbox, instance, key).await;
    let hosts = registry.hosts().await.unwrap();
    let says = "registry.cn-hangzhou.cr.aliyuncs.com";
    assert!(hosts[0].contains(says), "{hosts:?}");
}
