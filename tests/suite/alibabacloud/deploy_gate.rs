//! Tests of `imgtrack status`, `wait` and `explain`.

use insta::assert_snapshot;
use registry_sandbox::world;

use super::FLEET;
use crate::deploy_gate::{explains_the_run, json, stands};
use crate::program::Trial;

#[tokio::test]
async fn the_exit_code_says_how_an_image_stands() {
    let trial = Trial::start().await;
    for (image, asked, place, code, verdict) in [
        ("v41", &[][..], &FLEET[..], 0, "arrived"),
        ("v42", &[], &FLEET, 4, "stalled"),
        ("v42", &["--any"], &FLEET, 0, "arrived"),
        ("v42", &["--stall", "9999h"], &FLEET, 4, "pending"),
        ("v42", &["--to", "cn-shanghai"], &FLEET, 0, "arrived"),
        ("v43", &[], &FLEET, 3, "failed"),
        ("v43", &["--settle", "9999h"], &FLEET, 4, "pending"),
        ("v41", &["--since", "1h"], &FLEET, 5, "no-task"),
        ("v41", &["--since", "9999h"], &FLEET, 0, "arrived"),
        ("v41", &["--to", "mars"], &FLEET, 5, "no-rule"),
    ] {
        stands(&trial, image, &[asked, place].concat(), code, verdict).await;
    }
}

#[tokio::test]
async fn an_explanation_has_the_command_that_runs_the_rule() {
    let run = "--image team/api:v41 --registry alibabacloud --instance cri-";
    explains_the_run(&FLEET, run).await;
}

#[tokio::test]
async fn tables_and_sentences() {
    let trial = Trial::start().await;
    for (name, words, place) in [
        ("status", &["status", "team/api:v43"][..], &FLEET[..]),
        (
            "explain",
            &[
                "explain",
                "team/api:v42",
                "--to",
                "cn-beijing",
                "--to",
                "ap-southeast-1",
                "--to",
                "eu-central-1",
            ],
            &FLEET,
        ),
    ] {
        let (_, out, err) = trial.run(&[words, place]).await;
        assert_eq!(err, "", "{words:?}");
        assert_snapshot!(format!("{name}-table"), out);
    }
    let words = ["status", "team/api:v43", "--to", "ap-southeast-1"];
    let (_, out, _) = trial.run(&[&words, &FLEET, &["-o", "json"]]).await;
    assert_snapshot!("status-json", out);
}

#[tokio::test]
async fn an_image_that_fails_does_not_end_the_waits_of_others() {
    let trial = Trial::start().await;
    trial.push(world::alibabacloud::REGISTRY, "content");
    let images = ["team/api:v43", "team/api:v77", "team/api:v42"];
    for (extent, code, verdicts) in [
        ("--all", 3, ["failed", "arrived", "stalled"]),
        ("--any", 0, ["arrived", "arrived", "arrived"]),
    ] {
        let options = ["--timeout", "15m", "-o", "json", "--quiet", extent];
        let words = [&["wait"][..], &images, &options, &FLEET];
        let (found, out, err) = trial.run(&words).await;
        assert_eq!((found, err.as_str()), (code, ""), "{extent}: {out}");
        let waits = json(&out);
        assert_eq!(waits.as_array().unwrap().len(), 3);
        for ((image, verdict), wait) in images.iter().zip(verdicts).zip(waits.as_array().unwrap()) {
            assert_eq!(wait["image"], *image);
            assert_eq!(wait["verdict"], verdict, "{image}: {wait}");
            assert_eq!(wait.get("error").is_some(), verdict != "arrived", "{wait}");
            assert_eq!(wait["deadline_passed"], false, "{wait}");
        }
    }
}

#[tokio::test]
async fn a_deadline_that_passes_is_told_with_what_was_known() {
    let trial = Trial::start().await;
    trial.push(world::alibabacloud::REGISTRY, "content");
    for (timeout, verdict) in [("1s", "pending"), ("1h", "arrived")] {
        let wait = ["wait", "team/api:v77", "--timeout", timeout];
        let (code, out, err) = trial.run(&[&wait, &FLEET]).await;
        let late = verdict == "pending";
        assert_eq!(code, if late { 4 } else { 0 }, "{out}{err}");
        let says = "\nteam/api:v77: deadline passed after 1 s and 2 polls\n";
        assert_eq!(out.contains(says), late, "{out}");
        assert_eq!(
            err.contains("s team/api:v77 deadline passed\n"),
            late,
            "{err}"
        );
    }
    trial.push(world::alibabacloud::REGISTRY, "other");
    let wait = ["wait", "team/api:v77", "--timeout", "4s", "-o", "json"];
    let (code, out, _) = trial.run(&[&wait, &FLEET]).await;
    assert_eq!(code, 4, "{out}");
    let wait = &json(&out)[0];
    assert_eq!(wait["deadline_passed"], true, "{wait}");
    assert_eq!(wait["verdict"], "pending", "{wait}");
    assert_eq!(wait["elapsed_ms"], 4000, "{wait}");
}
