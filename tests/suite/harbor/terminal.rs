//! Runs of imgtrack that show Harbor's answers.

use super::OPTIONS;
use crate::subjects::CommandLine;

pub(crate) fn lines() -> Vec<CommandLine> {
    let policy = ["getReplicationPolicy", "-p", "id=12", "--sandbox"];
    let lines: [(_, &[&str]); 12] = [
        ("rules", &[]),
        ("rules matches", &["20", "team/api:v1"]),
        ("rules matches", &["20", "--all"]),
        ("lag", &["83"]),
        ("tasks", &["83"]),
        ("tasks", &["team/7/51"]),
        ("executions", &["12"]),
        ("subtasks", &["83/1927"]),
        ("tasks log", &["83/1927"]),
        ("run", &["20", "--yes"]),
        ("stop", &["83", "--yes"]),
        ("wait", &["--execution", "83", "--timeout", "5s"]),
    ];
    let lines = lines.map(|(command, words)| (command, [words, &OPTIONS].concat()));
    [&lines[..], &[("api", policy.to_vec())]].concat()
}
