//! Tests of verdicts on work.

use std::time::Duration;

use openapi_transport::Timestamp;

use super::RunningWork;
use super::memory::Memory;
use super::read::{Shown, assign, is_of_copy};
use super::report::CompletionVerdict::{self, Cancelled, Failed, NoTask, Running, Succeeded};
use crate::model::{ImageRef, Provider, Task, TaskKind, TaskState};
use crate::plan::{Started, StartedCopy};

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

const START: &str = "2026-12-05T12:00:00Z";

/// Returns an end of `team/api:v1` in a region.
fn end(region: Option<&str>) -> ImageRef {
    let end = ImageRef::of_repository("team/api").with_tag(Some("v1".to_owned()));
    ImageRef {
        region: region.map(str::to_owned),
        ..end
    }
}

fn copy(region: &str) -> StartedCopy {
    StartedCopy {
        image: "team/api:v1".parse().unwrap(),
        destination: end(Some(region)),
        since: START.parse().unwrap(),
    }
}

/// Returns a task that copies `team/api:v1`, and was created at a second after the start.
fn copying(id: u32, region: Option<&str>, second: i64, state: TaskState) -> Task {
    let start: Timestamp = START.parse().unwrap();
    Task {
        source: Some(end(Some("us-east-1"))),
        destination: Some(end(region)),
        created: Some(Timestamp::from_second(start.as_second() + second).unwrap()),
        ..task(id, state)
    }
}

#[test]
fn a_copy_needs_a_task_of_its_own() {
    let started = Started {
        copies: vec![copy("us-west-1"), copy("us-west-2"), copy("us-west-1")],
        ..Started::default()
    };
    let work = started.work();
    let expected = ["us-west-1", "us-west-2"];
    assert_eq!(work, expected.map(|region| RunningWork::Copy(copy(region))));
    let start: Timestamp = START.parse().unwrap();
    let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
    let mut poll = |second: u64, tasks: &[Task]| {
        let of = |copy: &StartedCopy| {
            let tasks = tasks.iter().filter(|task| is_of_copy(task, copy));
            Shown {
                tasks: tasks.cloned().collect(),
                ..Shown::default()
            }
        };
        let mut shown: Vec<Shown> = started.copies.iter().take(2).map(of).collect();
        assign(&work, &mut shown);
        let now = Duration::from_secs(second);
        memory.take(shown, now, start + now).verdict
    };
    let first = copying(1, Some("us-west-1"), 1, TaskState::Succeeded);
    let second = copying(2, Some("us-west-2"), 20, TaskState::Succeeded);
    // A task that does not name its region is no proof.
    let vague = copying(3, None, 1, TaskState::Succeeded);
    let polls = [first.clone(), vague];
    assert_eq!(poll(0, &polls), Running);
    assert_eq!(poll(2, &polls), Running);
    let both = [first, second];
    assert_eq!(poll(20, &both), Running);
    assert_eq!(poll(22, &both), Succeeded);
}

#[test]
fn a_copy_without_a_task_has_not_succeeded() {
    let start: Timestamp = START.parse().unwrap();
    let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
    let mut poll = |second: u64| {
        let shown = Shown {
            tasks: vec![task(1, TaskState::Succeeded)],
            ..Shown::default()
        };
        let now = Duration::from_secs(second);
        memory
            .take(vec![shown, Shown::default()], now, start + now)
            .verdict
    };
    assert_eq!([poll(0), poll(2), poll(30)], [Running; 3]);
    assert_eq!(poll(32), NoTask);
}

#[test]
fn a_task_counts_once() {
    let mut known = copy("us-west-1");
    known.destination.region = None;
    let work = [
        RunningWork::Task(task(1, TaskState::Running).reference()),
        RunningWork::Copy(known.clone()),
        RunningWork::Copy(copy("us-west-1")),
    ];
    let tasks = || {
        let states = [1, 2].map(|id| copying(id, Some("us-west-1"), 1, TaskState::Succeeded));
        states.to_vec()
    };
    assert!(tasks().iter().all(|task| is_of_copy(task, &known)));
    let mut shown = [(); 3].map(|()| Shown {
        tasks: tasks(),
        ..Shown::default()
    });
    assign(&work, &mut shown);
    let ids = |shown: &Shown| {
        shown
            .tasks
            .iter()
            .map(|task| task.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&shown[1]), Vec::<String>::new());
    assert_eq!(ids(&shown[2]), ["2"]);
    // Polls may show it for one piece, and for another piece later.
    let start: Timestamp = START.parse().unwrap();
    let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
    for (second, own) in [(0, 0), (2, 1), (4, 1)] {
        let mut shown = vec![Shown::default(), Shown::default()];
        shown[own].tasks = vec![task(1, TaskState::Succeeded)];
        let now = Duration::from_secs(second);
        assert_eq!(memory.take(shown, now, start + now).verdict, Running);
    }
}

#[test]
fn an_old_task_is_not_of_a_copy() {
    for (region, second, is_own) in [
        (Some("us-west-1"), 0, true),
        (Some("us-west-1"), -1, false),
        (Some("us-west-2"), 1, false),
        (None, 1, false),
    ] {
        let task = copying(1, region, second, TaskState::Succeeded);
        assert_eq!(is_of_copy(&task, &copy("us-west-1")), is_own, "{second}");
    }
    let mut task = copying(1, Some("us-west-1"), 1, TaskState::Succeeded);
    task.created = None;
    assert!(!is_of_copy(&task, &copy("us-west-1")), "no time");
}

#[test]
fn nothing_that_is_known_has_not_succeeded() {
    let start: Timestamp = START.parse().unwrap();
    let mut memory = Memory::new(SETTLE, APPEAR, Duration::ZERO);
    memory.take(Vec::new(), Duration::ZERO, start);
    let judged = memory.take(Vec::new(), Duration::from_secs(2), start);
    assert_eq!(judged.verdict, NoTask);
}
