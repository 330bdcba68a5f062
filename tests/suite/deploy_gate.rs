//! imgtrack status, wait and explain: in a sandbox whose clock nobody waits for.

use std::sync::Arc;
use std::time::Duration;

use imgtrack::Program;
use insta::assert_snapshot;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Timestamp};
use registry_sandbox::{Options, Outcome, Sandbox, world};
use registry_tests::{Move, Recorder, quick_clock};
use serde_json::Value;

const ENTERPRISE: [&str; 3] = ["--registry", "huaweicloud-enterprise", "--sandbox"];
const BASIC: [&str; 3] = ["--registry", "huaweicloud-basic", "--sandbox"];
const ALIBABACLOUD: [&str; 5] = [
    "--registry",
    "alibabacloud",
    "--sandbox",
    "--instance",
    world::alibabacloud::FLEET_INSTANCE_ID,
];
const OTHER: &str = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

/// The program, a sandbox, and a clock that is moved by whoever sleeps by it.
pub(crate) struct Trial {
    pub(crate) sandbox: Arc<Sandbox>,
    clock: Arc<ManualClock>,
}

impl Trial {
    /// After everything that the sandbox's fleet has done.
    pub(crate) async fn start() -> Self {
        let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
        let clock = quick_clock(start);
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        Self { sandbox, clock }
    }

    /// Exit code, stdout and stderr of a run, which has a thread of its own.
    pub(crate) async fn run(&self, words: &[&[&str]]) -> (u8, String, String) {
        let words: Vec<String> = words.concat().iter().map(ToString::to_string).collect();
        let program = Program::default()
            .sandbox(self.sandbox.clone())
            .clock(self.clock.clone());
        let run = tokio::task::spawn_blocking(move || {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let words = std::iter::once("imgtrack".to_owned()).chain(words);
            let code = program.run(words.map(Into::into), &mut out, &mut err);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (code, text(out), text(err))
        });
        run.await.unwrap()
    }

    fn push(&self, to: world::Source, content: &str) -> String {
        self.sandbox.push(to, "team/api", "v77", content).unwrap()
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn the_exit_code_says_how_an_image_stands() {
    let trial = Trial::start().await;
    for (image, asked, place, code, verdict) in [
        ("v41", &[][..], &ALIBABACLOUD[..], 0, "arrived"),
        ("v41", &[], &BASIC, 0, "arrived"),
        ("v42", &[], &ALIBABACLOUD, 4, "stalled"),
        ("v42", &["--any"], &ALIBABACLOUD, 0, "arrived"),
        ("v42", &["--stall", "9999h"], &ALIBABACLOUD, 4, "pending"),
        ("v42", &["--to", "cn-shanghai"], &ALIBABACLOUD, 0, "arrived"),
        ("v43", &[], &ALIBABACLOUD, 3, "failed"),
        ("v43", &["--settle", "9999h"], &ALIBABACLOUD, 4, "pending"),
        ("v41", &["--since", "1h"], &ALIBABACLOUD, 5, "no-task"),
        ("v41", &["--since", "9999h"], &ALIBABACLOUD, 0, "arrived"),
        ("v41", &[], &ENTERPRISE, 5, "no-task"),
        ("v41", &["--to", "mars"], &ALIBABACLOUD, 5, "no-rule"),
        ("v41", &["--digest", OTHER], &BASIC, 6, "digest-mismatch"),
    ] {
        let image = format!("team/api:{image}");
        for command in [&["status"][..], &["explain"], &["wait", "--timeout", "10m"]] {
            let words = [command, &[&image, "-o", "json"], asked, place];
            let (found, out, err) = trial.run(&words).await;
            assert_eq!(found, code, "{words:?}: {out}{err}");
            let report = match json(&out) {
                Value::Array(reports) => reports[0].clone(),
                report => report,
            };
            assert_eq!(report["verdict"], verdict, "{words:?}: {out}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_before_anything_is_asked() {
    let trial = Trial::start().await;
    let digest = format!("team/api:v41@{OTHER}");
    for (words, code, says) in [
        (&["status", "team/api"][..], 2, "write team/api:TAG"),
        (&["status", "team/api:v41@sha256:1"], 2, "64 hexadecimal"),
        (
            &["status", &digest, "--digest", OTHER],
            2,
            "leave out --digest",
        ),
        (
            &["status", "team/api:v41", "--all", "--any"],
            2,
            "cannot be used with",
        ),
        (
            &["status", "team/api:v41", "--since", "yesterday"],
            2,
            "neither a time such as",
        ),
        (
            &["status", "team/api:v41", "--proof", "me:MARKER@host"],
            2,
            "invalid --proof; write DESTINATION=HOST",
        ),
        (
            &["status", "team/api:v41", "--proof", "cn-shanghai=host"],
            2,
            "has no matching destination",
        ),
        (
            &[
                "status",
                "team/api:v41",
                "--to",
                "x",
                "--proof",
                "x=me:MARKER@host",
            ],
            2,
            "error: ",
        ),
        (&["wait", "team/api:v41"], 2, "--timeout <DURATION>"),
        (&["wait", "--timeout", "15m"], 2, "<IMAGE>..."),
        (
            &["wait", "team/api:v41", "--timeout", "15"],
            2,
            "it is not a duration such as 90s",
        ),
        (
            &[
                "wait",
                "team/api:v41",
                "team/api:v42",
                "--digest",
                OTHER,
                "--timeout",
                "1m",
            ],
            2,
            "write IMAGE@DIGEST",
        ),
    ] {
        let asked = trial.sandbox.requests();
        let (found, out, err) = trial.run(&[words, &ALIBABACLOUD]).await;
        assert_eq!((found, out.as_str()), (code, ""), "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
        assert!(!err.contains("MARKER"), "{err}");
        assert_eq!(trial.sandbox.requests(), asked, "{words:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_once_and_can_be_decoded() {
    let trial = Trial::start().await;
    for command in [
        &["status", "team/api:v41"][..],
        &["explain", "team/api:v41"],
        &["wait", "team/api:v41", "team/api:v42", "--timeout", "15m"],
    ] {
        let (code, out, err) = trial
            .run(&[command, &ENTERPRISE, &["--project-id", "p"]])
            .await;
        assert_eq!((code, out.as_str()), (7, ""), "{command:?}: {err}");
        assert_eq!(err.matches("error: ").count(), 1, "{err}");
        let hint = "  hint: decode the reason: echo ";
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
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        let body = answer
            .body
            .to_string()
            .replace("\"PASSIVE\"", "\"INITIATIVE\"");
        answer.body = json(&body.replace("\"event_based\"", "\"manual\""));
    });
    for (place, run) in [
        (
            &ALIBABACLOUD[..],
            "--image team/api:v41 --registry alibabacloud --instance cri-",
        ),
        (&ENTERPRISE, "--registry huaweicloud-enterprise --sandbox\n"),
    ] {
        let since = ["explain", "team/api:v41", "--since", "1h"];
        let (code, out, err) = trial.run(&[&since, place]).await;
        assert_eq!(code, 5, "{out}{err}");
        let command = out
            .lines()
            .find(|line| line.starts_with("    imgtrack run "));
        assert!(
            command.is_some_and(|line| format!("{line}\n").contains(run)),
            "{out}"
        );
        let status = ["status", "team/api:v41", "--since", "1h"];
        let (_, out, _) = trial.run(&[&status, place]).await;
        assert!(!out.contains("imgtrack run"), "{out}");
    }
}

#[tokio::test]
async fn tables_and_sentences() {
    let trial = Trial::start().await;
    for (name, words, place) in [
        ("status", &["status", "team/api:v43"][..], &ALIBABACLOUD[..]),
        ("status-of-one", &["status", "team/api:v41"], &ENTERPRISE),
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
            &ALIBABACLOUD,
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
    let words = ["status", "team/api:v43", "--to", "ap-southeast-1"];
    let (_, out, _) = trial.run(&[&words, &ALIBABACLOUD, &["-o", "json"]]).await;
    assert_snapshot!("status-json", out);
}

#[tokio::test]
async fn a_wait_says_what_changes_and_ends_with_a_table() {
    let trial = Trial::start().await;
    // Whose ids of new tasks are the same each time.
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
async fn an_image_that_fails_does_not_end_the_waits_of_others() {
    let trial = Trial::start().await;
    trial.push(world::alibabacloud::REGISTRY, "content");
    let images = ["team/api:v43", "team/api:v77", "team/api:v42"];
    for (extent, code, verdicts) in [
        ("--all", 3, ["failed", "arrived", "stalled"]),
        ("--any", 0, ["arrived", "arrived", "arrived"]),
    ] {
        let options = ["--timeout", "15m", "-o", "json", "--quiet", extent];
        let words = [&["wait"][..], &images, &options, &ALIBABACLOUD];
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
        let (code, out, err) = trial.run(&[&wait, &ALIBABACLOUD]).await;
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
    let (code, out, _) = trial.run(&[&wait, &ALIBABACLOUD]).await;
    assert_eq!(code, 4, "{out}");
    let wait = &json(&out)[0];
    assert_eq!(wait["deadline_passed"], true, "{wait}");
    assert_eq!(wait["verdict"], "pending", "{wait}");
    assert_eq!(wait["elapsed_ms"], 4000, "{wait}");
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
        // What is shown is asked for twice, a second apart.
        let pause = if code == 4 { 0 } else { 1 };
        let passed = trial.clock.elapsed() - before;
        assert_eq!(passed, Duration::from_secs(pause), "{case}");
    }
}
