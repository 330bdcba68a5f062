//! The Enterprise edition's words for states of work.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::course::{Course, Look, State};

/// How long a task shows as initialized before it shows as pending. Invented.
const MAKING: SignedDuration = SignedDuration::from_secs(1);

/// Returns the word for the state of a task or a subtask.
pub(super) fn word(course: &Course, now: Timestamp) -> &'static str {
    match course.look(now).state {
        State::Waiting if now < course.made() + MAKING => "Initialized",
        State::Waiting => "Pending",
        State::Running => "InProgress",
        State::Succeeded => "Succeed",
        State::Failed => "Failed",
        State::Stopped => "Stopped",
    }
}

/// Whether a task in this state counts as ended, perhaps until a retry.
pub(super) fn has_ended(word: &str) -> bool {
    matches!(word, "Succeed" | "Failed" | "Stopped")
}

/// Returns the state of a whole with parts in these states: in progress until every part has ended,
/// and then the worst state.
pub(super) fn sum<'a>(words: impl IntoIterator<Item = &'a str> + Clone) -> &'static str {
    let any = |word: &str| words.clone().into_iter().any(|other| other == word);
    let all = |fits: fn(&str) -> bool| words.clone().into_iter().all(fits);
    let ends = ["Failed", "Stopped"].into_iter().find(|end| any(end));
    if all(has_ended) {
        ends.unwrap_or("Succeed")
    } else if all(|word| word == "Initialized") {
        "Initialized"
    } else if all(|word| matches!(word, "Initialized" | "Pending")) {
        "Pending"
    } else if any("InProgress") || ends.is_none() {
        "InProgress"
    } else {
        // A part has failed and waits for its next attempt, and no other part is running.
        ends.unwrap_or("InProgress")
    }
}

/// Returns the number of a state: 3 means ended.
pub(super) fn code(word: &str) -> i64 {
    match word {
        "Initialized" | "Pending" => 0,
        "InProgress" => 2,
        _ => 3,
    }
}

/// Returns the start of all parts, and the end of the last one. As in Harbor, the start moves with each
/// further run.
pub(super) fn span(looks: &[Look]) -> (Option<Timestamp>, Option<Timestamp>) {
    let start = looks.iter().filter_map(|look| look.begun).max();
    let all = looks.iter().all(|look| look.is_final);
    let ends = looks.iter().filter_map(|look| look.ended);
    (start, ends.max().filter(|_| all))
}

/// Adds the times that exist.
pub(super) fn add_times(record: &mut Value, start: Option<Timestamp>, end: Option<Timestamp>) {
    for (key, time) in [("start_time", start), ("end_time", end)] {
        if let Some(time) = time {
            record[key] = Value::from(time.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        for (words, expected) in [
            (&[] as &[&str], "Succeed"),
            (&["Initialized", "Initialized"], "Initialized"),
            (&["Initialized", "Pending"], "Pending"),
            (&["Pending", "Succeed"], "InProgress"),
            (&["Pending", "Failed"], "Failed"),
            (&["InProgress", "Failed"], "InProgress"),
            (&["Succeed", "Failed"], "Failed"),
            (&["Succeed", "Stopped"], "Stopped"),
            (&["Stopped", "Failed", "Succeed"], "Failed"),
            (&["Succeed", "Succeed"], "Succeed"),
        ] {
            assert_eq!(sum(words.iter().copied()), expected, "{words:?}");
        }
    }
}
