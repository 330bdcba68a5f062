//! Tests of imgtrack with a service that does not answer: every command ends in time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use imgtrack::Program;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Timestamp};
use registry_sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::program::run;
use crate::subjects::{subjects, subjects_with_rules};
use crate::terminal::{cases, commands_of_services};

/// Makes a sandbox that accepts connections and never answers, and its stopped runtime.
pub(crate) fn silent_sandbox() -> (tokio::runtime::Runtime, Arc<Sandbox>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sandbox = runtime.block_on(Sandbox::start(Options::default()));
    // From here, the runtime and the sandbox stand still.
    (runtime, Arc::new(sandbox.unwrap()))
}

/// Returns exit code, stdout and stderr of a run against a silent sandbox. The clock moves by `step`
/// while the program waits for an answer.
pub(crate) fn run_in_silence(
    sandbox: &Arc<Sandbox>,
    words: &[&str],
    step: Duration,
) -> (u8, String, String) {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let clock = ManualClock::at(start);
    let program = Program::default()
        .sandbox(sandbox.clone())
        .clock(Arc::new(clock.clone()));
    let said: Vec<String> = std::iter::once(&"imgtrack")
        .chain(words)
        .map(ToString::to_string)
        .collect();
    let run = std::thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = program.run(said.into_iter().map(Into::into), &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    });
    while !run.is_finished() {
        // Less than the deadline of a call, however slowly the program runs.
        if clock.guards() > 0 && clock.elapsed() < Duration::from_secs(60) {
            clock.advance(step);
        }
        // The program gets time to notice before the clock reaches the deadlines of its calls.
        std::thread::sleep(Duration::from_millis(2));
    }
    run.join().unwrap()
}

#[test]
fn every_look_ends_when_its_time_is_up() {
    let (_runtime, sandbox) = silent_sandbox();
    let mut found = BTreeSet::new();
    for (command, words) in cases() {
        if command == "wait"
            || words.contains(&"--dry-run")
            || words.iter().any(|word| word.ends_with("=HOST"))
        {
            continue;
        }
        found.insert(command.to_owned());
        let host = sandbox.endpoint().replace("http://", "");
        let words: Vec<String> = words
            .iter()
            .map(|word| word.replace("HOST", &host))
            .collect();
        let said: Vec<&str> = command
            .split(' ')
            .chain(words.iter().map(String::as_str))
            .chain(["--timeout", "1500ms", "-o", "json"])
            .collect();
        let (code, out, err) = run_in_silence(&sandbox, &said, Duration::from_millis(1500));
        let expected = if ["status", "explain"].contains(&command) {
            4
        } else {
            1
        };
        assert_eq!(code, expected, "{command} {words:?}: {out}{err}");
        let error: Value = serde_json::from_str(err.trim_end()).unwrap();
        let says = format!("imgtrack {command} timed out after 1s500ms");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(&says), "{words:?}: {err}");
        assert_eq!(
            error["hint"], "use --timeout 3s to allow more time",
            "{err}"
        );
        assert_eq!(
            err.contains("may have taken effect"),
            words.iter().any(|word| word == "--yes"),
            "{err}"
        );
        match command {
            "doctor" => {
                let found: Vec<Value> = serde_json::from_str(&out).unwrap();
                assert_eq!(found[0]["check"], "credentials", "what it knows: {out}");
            }
            "status" | "explain" => assert_eq!(out, "[]\n", "no image is known"),
            _ => assert_eq!(out, "", "{command} {words:?}"),
        }
    }
    let mut all = commands_of_services();
    all.remove("wait");
    assert_eq!(found, all);
}

#[test]
fn a_wait_ends_at_its_timeout_before_its_first_look_too() {
    let (_runtime, sandbox) = silent_sandbox();
    // Calls by name go to the sandbox's own port. Others do not.
    for of in subjects_with_rules() {
        let wait = ["wait", "team/api:v42", "--timeout", "5s"];
        let words = [&wait, &of.options()[..]].concat();
        let (code, out, err) = run_in_silence(&sandbox, &words, Duration::from_secs(6));
        assert_eq!(code, 4, "{of:?}: {out}{err}");
    }
}

#[test]
fn a_timeout_is_a_duration_that_is_longer_than_nothing() {
    for (timeout, says) in [
        ("0s", "it is zero; write a duration"),
        ("0ms", "it is zero; write a duration"),
        ("10", "it is not a duration such as 90s, 1h30m or 1d"),
        (
            "-1m",
            "it is negative; write a duration such as 90s, 1h30m or 1d",
        ),
        ("soon", "it is not a duration such as 90s, 1h30m or 1d"),
    ] {
        let timeout = format!("--timeout={timeout}");
        for of in subjects() {
            let words = [&["rules", "a/b", &timeout], &of.options()[..]].concat();
            let (code, out, err) = run(&words);
            assert_eq!((code, out.as_str()), (2, ""), "{timeout}");
            assert!(err.contains(says), "{timeout}: {err}");
        }
    }
}
