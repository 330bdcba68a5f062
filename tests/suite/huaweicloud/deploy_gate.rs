//! Tests of `imgtrack status`, `wait` and `explain`.

use std::time::Duration;

use insta::assert_snapshot;
use openapi_transport::Clock;
use registry_sandbox::{Outcome, world};
use registry_tests::{Move, Recorder};

use super::{BASIC, ENTERPRISE};
use crate::deploy_gate::{OTHER, explains_the_run, json, stands};
use crate::program::Trial;

#[tokio::test]
async fn the_exit_code_says_how_an_image_stands() {
    let trial = Trial::start().await;
    for (image, asked, place, code, verdict) in [
        ("v41", &[][..], &BASIC[..], 0, "arrived"),
        ("v41", &[], &ENTERPRISE, 5, "no-task"),
        ("v41", &["--digest", OTHER], &BASIC, 6, "digest-mismatch"),
    ] {
        stands(&trial, image, &[asked, place].concat(), code, verdict).await;
    }
}

#[tokio::test]
async fn a_refusal_is_told_once_and_can_be_decoded() {
    let trial = Trial::start().await;
    for command in [
        &["status", "team/api:v41"][..],
        &["explain", "team/api:v41"],
        &["wait", "team/api:v41", "team/api:v42", "--timeout", "15m"],
        &["tasks", "83"],
        &["lag"],
    ] {
        let (code, out, err) = trial
            .run(&[command, &ENTERPRISE, &["--project-id", "p"]])
            .await;
        assert_eq!((code, out.as_str()), (7, ""), "{command:?}: {err}");
        assert_eq!(err.matches("error: ").count(), 1, "{err}");
        let hint = "  hint: decode the reason: echo '{\"encoded_message\":\"";
        assert_eq!(err.matches(hint).count(), 1, "{err}");
    }
    let wait = ["wait", "team/api:v41", "--timeout", "15m", "-o", "json"];
    let (code, out, _) = trial
        .run(&[&wait, &ENTERPRISE, &["--project-id", "p"]])
        .await;
    assert_eq!(code, 7);
    let waits = json(&out);
    assert_eq!(waits[0]["image"], "team/api:v41");
    assert!(
        waits[0]["error"].as_str().unwrap().contains("HTTP 403"),
        "{out}"
    );
}

#[tokio::test]
async fn a_refusal_of_the_decoder_is_not_decoded_again() {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        answer.status = 403;
        answer.body = serde_json::json!({
            "error_code": "PAP.0", "error_msg": "no", "encoded_authorization_message": "abc",
        });
    });
    let body = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(body.path(), r#"{"encoded_message": "abc"}"#).unwrap();
    let body = body.path().to_str().unwrap();
    let decode = [
        "api",
        "DecodeAuthorizationMessage",
        "--sandbox",
        "--body",
        body,
        "--yes",
    ];
    for (words, hints) in [(&["tasks", "83"][..], 1), (&decode, 0)] {
        let place = if hints == 1 { &ENTERPRISE[..] } else { &[] };
        let (code, _, err) = trial.run(&[words, place]).await;
        assert_eq!(code, 7, "{words:?}: {err}");
        assert_eq!(
            err.matches("hint: decode").count(),
            hints,
            "{words:?}: {err}"
        );
    }
}

#[tokio::test]
async fn an_explanation_has_the_command_that_runs_the_rule() {
    let run = "--registry huaweicloud-enterprise --sandbox\n";
    explains_the_run(&ENTERPRISE, run).await;
}

#[tokio::test]
async fn tables_and_sentences() {
    let trial = Trial::start().await;
    for (name, words, place) in [
        (
            "status-of-one",
            &["status", "team/api:v41"][..],
            &ENTERPRISE,
        ),
        (
            "explain-mismatch",
            &["explain", "team/api:v41", "--digest", OTHER],
            &BASIC,
        ),
        ("explain-nowhere", &["explain", "team/archive:v1"], &BASIC),
    ] {
        let (_, out, err) = trial.run(&[words, place]).await;
        assert_eq!(err, "", "{words:?}");
        assert_snapshot!(format!("{name}-table"), out);
    }
}

#[tokio::test]
async fn a_wait_says_what_changes_and_ends_with_a_table() {
    let trial = Trial::start().await;
    // The ids of new tasks of this registry are the same each time.
    let to = world::huaweicloud::BASIC;
    let decide = |tag, destination, outcome| {
        let sandbox = &trial.sandbox;
        sandbox.decide("team/api", Some(tag), Some(destination), outcome);
    };
    decide("v77", "ap-southeast-3", Outcome::FailsFirst(1));
    let digest = trial.push(to, "first");
    let wait = [
        "wait",
        "team/api:v77",
        "--timeout",
        "15m",
        "--digest",
        &digest,
    ];
    let (code, out, err) = trial.run(&[&wait, &BASIC]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert_snapshot!("wait-arrives", format!("{out}---\n{err}"));

    decide("v77", "ap-southeast-3", Outcome::Fails);
    let digest = trial.push(to, "second");
    let image = format!("team/api:v77@{digest}");
    let wait = ["wait", &image, "--timeout", "15m"];
    let (code, out, err) = trial.run(&[&wait, &BASIC]).await;
    assert_eq!(code, 3, "{out}{err}");
    assert_snapshot!("wait-fails", format!("{out}---\n{err}"));
}

#[tokio::test]
async fn the_destination_itself_has_the_last_word() {
    let trial = Trial::start().await;
    let place = world::Place::from(world::huaweicloud::BASIC);
    let digest = trial.sandbox.holds(&place, "team/api", "v41").unwrap();
    let refused = Move::answer(404, &[], r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#);
    let shows = |digest: &str| Move::answer(200, &[("docker-content-digest", digest)], "");
    for (case, answer, code) in [
        ("the digest", shows(&digest), 0),
        ("another digest", shows(OTHER), 6),
        ("nothing", refused, 4),
    ] {
        let registry = Recorder::script(vec![answer]).await;
        let host = registry.endpoint().trim_start_matches("http://");
        let proof = format!("cn-north-1={host}");
        let words = [
            "status",
            "team/api:v41",
            "--to",
            "cn-north-1",
            "--digest",
            &digest,
            "--proof",
            &proof,
        ];
        let before = trial.clock.elapsed();
        let (found, out, err) = trial.run(&[&words, &BASIC]).await;
        assert_eq!((found, err.as_str()), (code, ""), "{case}: {out}");
        assert_eq!(
            out.contains("the destination\n"),
            code == 0,
            "{case}: {out}"
        );
        let asked = registry.requests().await;
        assert!(
            asked[0].starts_with("HEAD /v2/team/api/manifests/v41 "),
            "{}",
            asked[0]
        );
        // The program asks the destination twice, a second apart.
        let pause = if code == 4 { 0 } else { 1 };
        let passed = trial.clock.elapsed() - before;
        assert_eq!(passed, Duration::from_secs(pause), "{case}");
    }
}
