//! Tests of `imgtrack status`, `wait` and `explain`, in a sandbox whose clock takes no real time.

use serde_json::Value;

use crate::program::Trial;
use crate::subjects::subjects;

/// A digest that no image has.
pub(crate) const OTHER: &str =
    "sha256:00000000000000000000000000000000000000000000000000000000000000aa";

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Checks the exit code and the verdict of each command about an image's arrival.
pub(crate) async fn stands(trial: &Trial, image: &str, more: &[&str], code: u8, verdict: &str) {
    let image = format!("team/api:{image}");
    for command in [&["status"][..], &["explain"], &["wait", "--timeout", "10m"]] {
        let words = [command, &[&image, "-o", "json"], more];
        let (found, out, err) = trial.run(&words).await;
        assert_eq!(found, code, "{words:?}: {out}{err}");
        assert_eq!(json(&out)[0]["verdict"], verdict, "{words:?}: {out}");
    }
}

/// Checks that the explanation of an image that only a manual run copies has the command for it.
pub(crate) async fn explains_the_run(place: &[&str], run: &str) {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        let body = answer
            .body
            .to_string()
            .replace("\"PASSIVE\"", "\"INITIATIVE\"");
        answer.body = json(&body.replace("\"event_based\"", "\"manual\""));
    });
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
        (
            &["wait", "--timeout", "15m"],
            2,
            "<IMAGE|--images-file <FILE>|",
        ),
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
        for of in subjects() {
            let asked = trial.sandbox.requests();
            let (found, out, err) = trial.run(&[words, &of.options()]).await;
            assert_eq!((found, out.as_str()), (code, ""), "{of:?} {words:?}: {err}");
            assert!(err.contains(says), "{of:?} {words:?}: {err}");
            assert!(!err.contains("MARKER"), "{err}");
            assert_eq!(trial.sandbox.requests(), asked, "{of:?} {words:?}");
        }
    }
}
