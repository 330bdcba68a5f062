//! Shared code of tests of the program's commands.

use serde_json::Value;

use crate::program::{output, run};

/// Checks what a confirmed change prints, as text and as JSON.
pub(crate) fn is_done(words: &[&str], says: &str) {
    let done = output(&[words, &["--yes"]].concat());
    assert!(done.contains(says), "{words:?}: {done}");
    let done = output(&[words, &["--yes", "-o", "json"]].concat());
    let done: Value = serde_json::from_str(&done).unwrap();
    assert!(done.is_object(), "{done}");
}

/// Returns what a dry run prints, without the port. Checks that no signature is shown.
pub(crate) fn preview(words: &[&str]) -> String {
    let words = [words, &["--dry-run"]].concat();
    let shown: Vec<String> = output(&words).lines().map(without_port).collect();
    let json = output(&[&words[..], &["-o", "json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    let headers = &json[0]["headers"];
    let signature = headers.get("authorization");
    assert_eq!(signature, Some(&Value::from("***")), "{json}");
    shown.join("\n")
}

/// Returns a line without the sandbox's port, which differs each time.
fn without_port(line: &str) -> String {
    let Some((before, after)) = line.split_once("127.0.0.1:") else {
        return line.to_owned();
    };
    let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}127.0.0.1{after}")
}

/// Checks the exit code and the error of a command.
pub(crate) fn is_refused(words: &[&str], code: u8, says: &str) {
    let (found, out, err) = run(words);
    assert_eq!((found, out.as_str()), (code, ""), "{words:?}: {err}");
    assert!(err.contains(says), "{words:?}: {err}");
}
