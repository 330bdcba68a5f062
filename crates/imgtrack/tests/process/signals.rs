//! Tests of signals: a wait prints what it knows, and ends with the signal's exit code.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use super::any;
use super::{Serving, imgtrack, stderr, stdout};

fn send(signal: &str, to: &Child) {
    let sent = Command::new("kill")
        .args(["-s", signal, &to.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Starts a wait for an image that does not arrive.
fn waiting(endpoint: &str, key: &str, secret: &str, words: &[&str]) -> Child {
    imgtrack()
        .args([
            "wait",
            "team/api:v99",
            "--timeout",
            "1h",
            "--endpoint",
            endpoint,
        ])
        .args(any::OPTIONS)
        .args(words)
        .envs(any::key(key, secret))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn ended(mut process: Child) -> Output {
    let status = process.wait().unwrap();
    let mut output = Output {
        status,
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    let mut out = process.stdout.take().unwrap();
    out.read_to_end(&mut output.stdout).unwrap();
    if let Some(mut err) = process.stderr.take() {
        err.read_to_end(&mut output.stderr).unwrap();
    }
    output
}

#[test]
fn a_signal_ends_a_wait_that_has_no_answer_yet() {
    for (signal, code, word) in [("INT", 130, "interrupted"), ("TERM", 143, "terminated")] {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let process = waiting(&endpoint, "AK", "SK", &[]);
        // It has asked, and gets no answer.
        let (_connection, _) = silent.accept().unwrap();
        send(signal, &process);
        let output = ended(process);
        let (out, err) = (stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(code), "{out}{err}");
        let says = format!("team/api:v99: {word} before the first poll\n");
        assert!(out.contains(&says), "{out}{err}");
    }
}

#[test]
fn a_signal_ends_a_wait_with_what_is_known() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    for (format, says) in [
        ("table", "interrupted after "),
        ("json", "\"error\": \"interrupted\""),
    ] {
        let there = ["--to", any::DESTINATION, "--appear", "1h", "-o", format];
        let mut process = waiting(&endpoint, &key, &secret, &there);
        let mut err = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        err.read_line(&mut line).unwrap();
        assert!(line.contains("team/api:v99"), "{line}");
        send("INT", &process);
        let output = ended(process);
        let out = stdout(&output);
        assert_eq!(output.status.code(), Some(130), "{out}");
        assert!(out.contains(says), "{out}");
        assert!(out.contains("no-task") || out.contains("pending"), "{out}");
    }
}

#[test]
fn a_job_gets_a_summary_in_its_file() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let file = std::env::temp_dir().join(format!("imgtrack-summary-{}.md", std::process::id()));
    let run = |variables: &[(&str, &str)], words: &[&str]| {
        let output = imgtrack()
            .args([
                "wait",
                "team/api:v99",
                "--timeout",
                "1s",
                "--endpoint",
                &endpoint,
            ])
            .args(any::OPTIONS)
            .args(words)
            .envs(any::key(&key, &secret))
            .envs(variables.iter().copied())
            .env("GITHUB_STEP_SUMMARY", &file)
            .output()
            .unwrap();
        stderr(&output)
    };
    assert!(!run(&[], &[]).contains("::error"));
    let plain = run(&[("GITHUB_ACTIONS", "true")], &["--format", "plain"]);
    assert!(!plain.contains("::error"), "{plain}");
    assert!(!file.exists());
    let said = run(&[("GITHUB_ACTIONS", "true")], &[]);
    assert!(said.contains("::error title=team/api%3Av99 to "), "{said}");
    let summary = std::fs::read_to_string(&file).unwrap();
    assert!(summary.starts_with("### imgtrack: 0 of "), "{summary}");
    assert!(summary.contains("team/api&#58;v99"), "{summary}");
    std::fs::remove_file(&file).unwrap();
    let folded = run(&[("GITLAB_CI", "true")], &[]);
    assert!(folded.contains("section_start:"), "{folded}");
}

#[test]
fn images_come_from_stdin() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let mut process = imgtrack()
        .args(["status", "-", "-o", "json", "--endpoint", &endpoint])
        .args(any::OPTIONS)
        .envs(any::key(&key, &secret))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = process.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, b"team/api:v41\nteam/api:v42\n").unwrap();
    drop(input);
    let output = ended(process);
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reports[1]["image"], "team/api:v42");
}

#[test]
fn a_terminal_shows_live_lines() {
    let sandbox = Serving::start();
    let [endpoint, key, secret] = any::account(&sandbox);
    let program = env!("CARGO_BIN_EXE_imgtrack");
    let options = any::OPTIONS.join(" ");
    let line = format!(
        "stty cols 50 rows 10; {program} wait team/api:v99 --timeout 2s --endpoint {endpoint} {options}"
    );
    let output = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("TERM", "xterm")
        .envs(any::key(&key, &secret))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = stdout(&output);
    // Each frame but the first begins with a move of the cursor.
    let drawn = shown.matches("A\r").count();
    assert!(drawn > 5, "{shown:?}");
    assert!(shown.contains("/ team/api:v99 "), "{shown:?}");
    assert!(matches!(output.status.code(), Some(4 | 5)), "{shown:?}");
}
