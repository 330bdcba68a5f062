//! Tests of verdicts on work.

use std::time::Duration;

use openapi_transport::Timestamp;

use super::memory::Memory;
use super::read::Shown;
use super::report::CompletionVerdict::{self, Cancelled, Failed, NoTask, Running, Succeeded};
use crate::model::{Provider, Task, TaskKind, TaskState};

const SETTLE: Duration = Duration::from_secs(60);
const APPEAR: Duration = Duration::from_secs(30);

fn task(id: u32, state: TaskState) -> Task {
    let task = Task::new(
        Provider::named("somecloud"),
        TaskKind::Replication,
        Some(id),
    );
    Task { state, ..task }
}

/// States of tasks by their number, and what else a poll shows.
struct Poll {
    second: u64,
    states: &'static [(u32, &'static str)],
    is_short: bool,
    verdict: CompletionVerdict,
    is_final: bool,
}

fn poll(second: u64, states: &'static [(u32, &'static str)], verdict: CompletionVerdict) -> Poll {
    Poll {
        second,
        states,
        is_short: false,
        verdict,
        is_final: verdict != Running,
    }
}

fn short(second: u64, states: &'static [(u32, &'static str)]) -> Poll {
    Poll {
        is_short: true,
        ..poll(second, states, Running)
    }
}

fn state(word: &str) -> TaskState {
    match word {
        "succeeded" => TaskState::Succeeded,
        "there" => TaskState::AlreadyThere,
        "failed" => TaskState::Failed,
        "cancelled" => TaskState::Cancelled,
        "running" => TaskState::Running,
        word => TaskState::Unknown(word.to_owned()),
    }
}

#[test]
fn work_has_ended_when_two_polls_agree() {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    for (name, polls) in [
        (
            "success",
            vec![
                poll(0, &[(1, "running")], Running),
                poll(2, &[(1, "succeeded")], Running),
                poll(4, &[(1, "succeeded")], Succeeded),
            ],
        ),
        (
            "a second task comes late",
            vec![
                poll(0, &[(1, "succeeded")], Running),
                poll(2, &[(1, "succeeded"), (2, "there")], Running),
                poll(4, &[(1, "succeeded"), (2, "there")], Succeeded),
            ],
        ),
        (
            "a page gets lost",
            vec![
                poll(0, &[(1, "succeeded"), (2, "running")], Running),
                poll(2, &[(1, "succeeded")], Running),
                poll(4, &[(1, "succeeded")], Running),
                poll(6, &[(1, "succeeded"), (2, "failed")], Running),
                poll(70, &[(1, "succeeded"), (2, "failed")], Running),
                poll(72, &[(1, "succeeded"), (2, "failed")], Failed),
            ],
        ),
        (
            "an ended task that gets lost stays known",
            vec![
                poll(0, &[(1, "cancelled"), (2, "running")], Running),
                poll(2, &[(2, "succeeded")], Running),
                poll(4, &[(2, "succeeded")], Cancelled),
            ],
        ),
        (
            "the registry counts more tasks",
            vec![
                short(0, &[(1, "succeeded")]),
                short(2, &[(1, "succeeded")]),
                poll(4, &[(1, "succeeded"), (2, "succeeded")], Running),
                poll(6, &[(1, "succeeded"), (2, "succeeded")], Succeeded),
            ],
        ),
        (
            "a failure is retried",
            vec![
                poll(0, &[(1, "failed")], Running),
                poll(30, &[(1, "failed")], Running),
                poll(40, &[(1, "running")], Running),
                poll(50, &[(1, "failed")], Running),
                poll(100, &[(1, "failed")], Running),
                poll(110, &[(1, "failed")], Running),
                poll(112, &[(1, "failed")], Failed),
            ],
        ),
        (
            "no task",
            vec![
                poll(0, &[], Running),
                poll(29, &[], Running),
                poll(30, &[], Running),
                poll(32, &[], NoTask),
            ],
        ),
        (
            "a task after the window",
            vec![
                poll(30, &[], Running),
                poll(32, &[(1, "running")], Running),
                poll(34, &[(1, "succeeded")], Running),
                poll(36, &[(1, "succeeded")], Succeeded),
            ],
        ),
        (
            "a word that is not known",
            vec![
                poll(0, &[(1, "Pondering")], Running),
                poll(99, &[(1, "Pondering")], Running),
            ],
        ),
    ] {
        let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
        for poll in polls {
            let tasks = poll.states.iter();
            let shown = Shown {
                execution: None,
                tasks: tasks.map(|(id, word)| task(*id, state(word))).collect(),
                is_short: poll.is_short,
            };
            let now = Duration::from_secs(poll.second);
            let judged = memory.take(vec![shown], now, start + now);
            let found = (judged.verdict, judged.is_final);
            assert_eq!(found, (poll.verdict, poll.is_final), "{name} at {now:?}");
        }
    }
}

#[test]
fn a_failure_of_long_ago_is_final_when_two_polls_agree() {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    for (updated, is_final) in [
        ("2026-12-04T12:00:00Z", true),
        ("2026-12-05T11:59:30Z", false),
        // The service has no time there.
        ("1970-01-01T00:00:00Z", false),
    ] {
        let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
        let mut poll = |second| {
            let updated = Some(updated.parse().unwrap());
            let shown = Shown {
                tasks: vec![task(1, TaskState::Failed).with_updated(updated)],
                ..Shown::default()
            };
            let now = Duration::from_secs(second);
            memory.take(vec![shown], now, start + now).is_final
        };
        assert!(!poll(0));
        assert_eq!(poll(2), is_final, "{updated}");
    }
}
