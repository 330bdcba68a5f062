//! Tests of imgtrack at a terminal: tables are written row by row, and errors are short.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use imgtrack::Program;
use registry_sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{BASIC, ENTERPRISE};
use crate::program::Trial;
use crate::subjects::CommandLine;

/// Runs that show the Enterprise edition's answers.
pub(crate) fn enterprise_lines() -> Vec<CommandLine> {
    let policy = [
        "ShowInstanceReplicationPolicy",
        "-p",
        "policy_id=12",
        "--sandbox",
    ];
    let lines: [(_, &[&str]); 11] = [
        ("rules", &[]),
        ("rules matches", &["21", "web/api:v1"]),
        ("rules matches", &["21", "--all"]),
        ("lag", &["83"]),
        ("tasks", &["83"]),
        ("tasks", &["library/7/113"]),
        ("executions", &["12"]),
        ("subtasks", &["83/1927"]),
        ("run", &["12", "--yes"]),
        ("stop", &["301", "--yes"]),
        ("wait", &["--execution", "83", "--timeout", "5s"]),
    ];
    let lines = lines.map(|(command, words)| (command, [words, &ENTERPRISE].concat()));
    [&lines[..], &[("api", policy.to_vec())]].concat()
}

/// Runs that show the Basic edition's answers.
pub(crate) fn basic_lines() -> Vec<CommandLine> {
    let to = ["team/api:v41", "--to", "cn-north-1"];
    let proof = ["--proof", "cn-north-1=HOST"];
    let lines: [(_, &[&str]); 6] = [
        ("rules", &["team/api"]),
        ("rules matches", &["101", "team/api"]),
        ("status", &[to.as_slice(), &proof].concat()),
        ("lag", &["team/api"]),
        ("tasks", &["team/api", "--limit", "9"]),
        ("run", &["101", "--image", "team/api:v41", "--yes"]),
    ];
    let lines = lines.map(|(command, words)| (command, [words, &BASIC].concat()));
    lines.to_vec()
}

#[tokio::test]
async fn an_error_has_few_lines_and_says_what_it_leaves_out() {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        let long = "x".repeat(50_000);
        answer.status = 400;
        answer.body = json!({ "error_code": long, "error_msg": long, "request_id": long,
            "encoded_authorization_message": format!("$(reboot){long}") });
    });
    let (code, _, err) = trial.run(&[&["tasks", "83"], &ENTERPRISE]).await;
    assert_eq!(code, 1);
    assert!(err.len() < 5_000, "{} bytes", err.len());
    assert!(err.contains("x… [cut, 50000 bytes]"), "{err}");
    assert!(
        !err.contains("reboot"),
        "nothing to paste into a shell: {err}"
    );
}

/// Output that records the number of answered requests at its first text.
struct Noting(Arc<Sandbox>, Arc<AtomicU64>, Vec<u8>);

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.2.is_empty() {
            self.1.store(self.0.requests(), Ordering::Relaxed);
        }
        self.2.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_listing_is_written_while_it_is_read() {
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.unwrap());
    for words in [
        &["tasks", "301"][..],
        &["tasks", "301", "-o", "json"],
        &[
            "api",
            "ListInstanceReplicationPolicyExecTasks",
            "-p",
            "execution_id=301",
            "--all",
        ],
    ] {
        let place: &[&str] = match words[0] {
            "api" => &["--sandbox"],
            _ => &ENTERPRISE,
        };
        let words = [words, place].concat();
        let first = Arc::new(AtomicU64::new(0));
        let mut out = Noting(sandbox.clone(), first.clone(), Vec::new());
        let program = Program::default().sandbox(sandbox.clone());
        let before = sandbox.requests();
        let all: Vec<String> = ["imgtrack"]
            .iter()
            .chain(&words)
            .map(ToString::to_string)
            .collect();
        let run = tokio::task::spawn_blocking(move || {
            program.run(
                all.into_iter().map(Into::into),
                &mut out,
                &mut std::io::sink(),
            )
        });
        assert_eq!(run.await.unwrap(), 0, "{words:?}");
        let (first, last) = (
            first.load(Ordering::Relaxed) - before,
            sandbox.requests() - before,
        );
        assert!(last >= 12, "{words:?}: {last}");
        // One page, and four prefetched pages.
        assert!(first < last - 4, "{words:?}: {first} of {last}");
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_shows_what_it_has_and_fails() {
    let trial = Trial::start().await;
    let words: &[&str] = &["tasks", "301"];
    let api = [
        "api",
        "ListInstanceReplicationPolicyExecTasks",
        "-p",
        "execution_id=301",
        "--all",
    ];
    for (words, place) in [(words, &ENTERPRISE[..]), (&api, &["--sandbox"])] {
        for format in ["table", "json"] {
            let answered = AtomicUsize::new(0);
            trial.sandbox.on_answer(move |answer| {
                if answered.fetch_add(1, Ordering::Relaxed) >= 3 {
                    answer.status = 400;
                    answer.body = json!({ "error_code": "SVCSTG.0001", "error_msg": "no more" });
                }
            });
            let (code, out, err) = trial.run(&[words, place, &["-o", format]]).await;
            assert_eq!(code, 1, "{words:?} {format}: {out}{err}");
            assert!(err.contains("no more"), "{words:?} {format}: {err}");
            let rows = match (words[0], format) {
                ("tasks", "table") => out.lines().count() - 1,
                _ => serde_json::from_str::<Vec<Value>>(&out).unwrap().len(),
            };
            assert!((1..1200).contains(&rows), "{words:?} {format}: {rows}");
        }
    }
}
