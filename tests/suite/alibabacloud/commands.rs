//! Tests of imgtrack's listings, runs and stops.

use insta::assert_snapshot;

use super::{EXAMPLE, FLEET};
use crate::commands::{is_done, is_refused, preview};
use crate::program::output;

pub(super) const BY_HAND: &str = "crsr-o8n4dijbumgq****";

#[test]
fn listings_as_tables_and_as_json() {
    for (name, words, place) in [
        ("alibabacloud-rules", &["rules"][..], &EXAMPLE[..]),
        ("tasks-of-image", &["tasks", "test/test:v0.1"], &EXAMPLE),
        ("sync-tasks", &["tasks", "team/api:v43"], &FLEET),
    ] {
        let table = [words, place].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
        let json = [words, place, &["-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

#[test]
fn a_rule_is_run_and_work_is_stopped() {
    let run = ["run", BY_HAND, "--image", "test/test:v0.1"];
    is_done(&[&run[..], &EXAMPLE].concat(), "task rst-");
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    for (name, words, place) in [
        (
            "copy",
            &["run", BY_HAND, "--image", "test/test:v0.1"][..],
            EXAMPLE,
        ),
        (
            "cancel",
            &[
                "stop",
                "rst-fb8592e1dbb2fe00",
                "--instance",
                "cri-fleet0000000001",
            ],
            EXAMPLE,
        ),
    ] {
        let shown = preview(&[words, &place].concat());
        assert_snapshot!(format!("dry-run-{name}"), shown);
    }
}

#[test]
fn refusals_say_what_to_do() {
    for (words, place, code, says) in [
        (
            &["subtasks", "1"][..],
            EXAMPLE,
            2,
            "not offered; a task is of one tag already",
        ),
        (
            &["stop", "rst-none", "--yes"],
            EXAMPLE,
            1,
            "SYNC_TASK_NOT_EXIST",
        ),
    ] {
        is_refused(&[words, &place].concat(), code, says);
    }
}
