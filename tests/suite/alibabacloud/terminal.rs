//! Tests of imgtrack at a terminal: texts of answers, and the error after a timeout.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use imgtrack::Program;
use openapi_transport::Timestamp;
use openapi_transport::testing::ManualClock;
use registry_sandbox::{Options, Sandbox};

use super::{EXAMPLE, FLEET};
use crate::subjects::CommandLine;
use crate::timeouts::{run_in_silence, silent_sandbox};

const RULE: &str = "crsr-o8n4dijbumgq****";

/// Runs that show the registry's answers.
pub(crate) fn lines() -> Vec<CommandLine> {
    let copy = [RULE, "--image", "test/test:v0.1"];
    let lines: [(_, &[&str], &[&str]); 6] = [
        ("rules", &[], &FLEET),
        ("lag", &["team/api:v43"], &FLEET),
        ("tasks", &["team/api", "--limit", "9"], &FLEET),
        ("run", &[&copy[..], &["--yes"]].concat(), &EXAMPLE),
        ("run", &[&copy[..], &["--dry-run"]].concat(), &EXAMPLE),
        ("api", &["ListRepoSyncTask", "--all"], &EXAMPLE[2..]),
    ];
    let lines = lines.map(|(command, words, place)| (command, [words, place].concat()));
    lines.to_vec()
}

#[tokio::test]
async fn what_was_started_before_the_time_is_up_is_told() {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let clock = ManualClock::at(start);
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.unwrap());
    let ended = Arc::new(AtomicBool::new(false));
    let (hand, end, made) = (clock.clone(), ended.clone(), AtomicUsize::new(0));
    sandbox.on_answer(move |answer| {
        if answer.operation == "CreateRepoSyncTaskByRule"
            && made.fetch_add(1, Ordering::Relaxed) == 1
        {
            // The second call has no answer before the program has ended.
            hand.advance(Duration::from_secs(60));
            while !end.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
    });
    let program = Program::default().sandbox(sandbox).clock(Arc::new(clock));
    let images = ["--image", "test/test:v0.1", "--image", "test/test:v0.2"];
    let words = [
        &["imgtrack", "run", RULE, "--yes", "--timeout", "1m"],
        &images[..],
    ];
    let words = [&words.concat()[..], &EXAMPLE].concat();
    let run = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = program.run(words.into_iter().map(Into::into), &mut out, &mut err);
        ended.store(true, Ordering::Relaxed);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    });
    let (code, out, err) = run.await.unwrap();
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.starts_with("task rst-"), "{out}{err}");
    assert!(
        err.contains("may have taken effect, so check before you repeat it"),
        "{err}"
    );
}

#[test]
fn a_wait_ends_at_its_timeout_while_the_host_is_looked_up() {
    let (_runtime, sandbox) = silent_sandbox();
    let wait = ["wait", "registry.example/team/api:v42", "--timeout", "5s"];
    let words = [&wait[..], &EXAMPLE].concat();
    let (code, out, err) = run_in_silence(&sandbox, &words, Duration::from_secs(6));
    assert_eq!(code, 4, "{out}{err}");
}
