//! Tests of imgtrack's listings, runs and stops.

use insta::assert_snapshot;

use super::{EXAMPLE, FLEET};
use crate::commands::{is_done, is_refused, preview};
use crate::program::output;

pub(super) const BY_HAND: &str = "crsr-o8n4dijbumgq****";

/// Batch of the fleet with a failed task.
pub(super) const BATCH: &str = "F4589B51-6647-5852-AA14-9DABA59B65D1";

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
        (
            "failed",
            &[
                "run",
                "--failed",
                BATCH,
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
fn a_confirmation_names_the_rule_and_the_images() {
    for (words, says) in [
        (
            &["run", "--failed", BATCH][..],
            "repeat 1 failed copy of execution F4589B51-6647-5852-AA14-9DABA59B65D1; copies team/api:v43; \
             to ap-southeast-1: team/api; by rule crsr-895871640e0552cb; CreateRepoSyncTask changes",
        ),
        (
            &["stop", "rst-ef951777a11e3099"],
            "stop task rst-ef951777a11e3099; copies cn-hangzhou: team/api:v43.4; to \
             ap-southeast-1: team/api:v43.4; by rule crsr-895871640e0552cb (team-to-ap-southeast-1); ",
        ),
        (
            &["run", "crsr-895871640e0552cb", "--image", "ads/api:v1"],
            "rule crsr-895871640e0552cb does not copy ads/api:v1: ",
        ),
    ] {
        is_refused(&[words, &FLEET].concat(), 2, says);
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
            &["run", "--failed", "F4589B51", "--yes"],
            EXAMPLE,
            1,
            "has no batch F4589B51",
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
