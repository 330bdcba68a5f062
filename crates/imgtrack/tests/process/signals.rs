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
