use std::collections::BTreeMap;
use std::time::Duration;

use openapi_transport::Timestamp;

use super::*;
use crate::arrival::read::Agreed;
use crate::arrival::sight::{WorkOrigin, WorkTag, Works};
use crate::model::{ImageRef, Provider, RuleTrigger, TaskKind, TaskRef, TaskState};

const START: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

fn end() -> ImageRef {
    ImageRef {
        region: Some("there".to_owned()),
        ..ImageRef::of_repository("team/api")
    }
}

/// Makes a work with its second of creation, its second of the last change, and its digest.
fn work(id: &str, made: i64, changed: i64, state: TaskState, digest: Option<&str>) -> Work {
    Work {
        rule: Some("7".to_owned()),
        digest: digest.map(str::to_owned),
        state,
        created: Some(at(made)),
        changed: Some(at(changed)),
        ..Work::new(
            WorkOrigin::Task(TaskRef::new(id)),
            WorkTag::Named("v1".to_owned()),
            end(),
        )
    }
}

/// Returns the verdict an hour after the start, whether it is final, and its task.
fn judged(works: Vec<Work>, digest: Option<&str>, since: Option<i64>) -> (Verdict, bool, String) {
    judged_after(1, works, digest, since)
}

/// Does the same after this many runs of each task.
fn judged_after(
    runs: usize,
    works: Vec<Work>,
    digest: Option<&str>,
    since: Option<i64>,
) -> (Verdict, bool, String) {
    let repository = ("team".to_owned(), "api".to_owned());
    let rule = Rule {
        destination: end(),
        ..Rule::new(Provider::named("somecloud"), TaskKind::Replication, Some(7))
            .with_trigger(Some(RuleTrigger::OnPush))
    };
    let works: Works = works.into_iter().collect();
    let rules = Agreed {
        value: std::iter::once(ReadRule::new(rule)).collect(),
        agreed: true,
    };
    let sight = Sight {
        rules: BTreeMap::from([(repository.clone(), Ok(rules))]),
        works: BTreeMap::from([(repository, Ok(works))]),
        ..Sight::new(at(3600))
    };
    let question = Question {
        image: "team/api:v1".parse().unwrap(),
        digest: digest.map(str::to_owned),
        since: since.map(at),
        is_absent: false,
        settle: Settling {
            window: Duration::from_secs(60),
            runs: Some(3),
        },
        stall: Duration::from_secs(900),
        task: Duration::from_secs(60),
        shows_work: true,
    };
    let known = Known {
        sight: &sight,
        source: None,
        waited: Duration::from_secs(120),
        unchanged: &|_| Duration::ZERO,
        runs: &|_| runs,
    };
    let report = judge(&question, &Destination::from("there"), known);
    let report = report.unwrap().report;
    let task = report
        .evidence
        .map(|evidence| evidence.task.unwrap().to_string());
    (report.verdict, report.is_final, task.unwrap_or_default())
}

#[test]
fn the_newest_copy_decides_and_what_it_may_still_become() {
    use TaskState::{Failed, Running, Succeeded};
    let (old, new) = (Some("sha256:old"), Some("sha256:new"));
    for (name, works, verdict, is_final, task) in [
        (
            "one copy",
            vec![work("1", 0, 10, Succeeded, new)],
            Verdict::Arrived,
            true,
            "1",
        ),
        (
            "a copy after an older one of another image",
            vec![
                work("1", 0, 10, Succeeded, old),
                work("2", 20, 30, Succeeded, new),
            ],
            Verdict::Arrived,
            true,
            "2",
        ),
        (
            "an older copy of another image that ended later",
            vec![
                work("1", 0, 40, Succeeded, old),
                work("2", 20, 30, Succeeded, new),
            ],
            Verdict::DigestMismatch,
            true,
            "1",
        ),
        (
            "the same, and a third that may put it right",
            vec![
                work("1", 0, 40, Succeeded, old),
                work("2", 20, 30, Succeeded, new),
                work("3", 25, 3590, Failed, new),
            ],
            Verdict::Pending,
            false,
            "3",
        ),
        (
            "the same, and the newest has failed for good",
            vec![
                work("1", 0, 40, Succeeded, old),
                work("2", 20, 30, Succeeded, new),
                work("3", 50, 60, Failed, new),
            ],
            Verdict::Failed,
            true,
            "3",
        ),
        (
            "a copy in between that failed for good is not what the newest came to",
            vec![
                work("1", 0, 40, Succeeded, old),
                work("2", 5, 30, Failed, new),
                work("3", 20, 30, Succeeded, new),
            ],
            Verdict::DigestMismatch,
            true,
            "1",
        ),
        (
            "an image that comes back",
            vec![
                work("1", 0, 10, Succeeded, new),
                work("2", 20, 30, Succeeded, old),
                work("3", 3000, 3010, Running, new),
            ],
            Verdict::Pending,
            false,
            "3",
        ),
        (
            "a failure that may be tried again",
            vec![work("1", 0, 3545, Failed, new)],
            Verdict::Pending,
            false,
            "1",
        ),
        (
            "a failure that has settled",
            vec![work("1", 0, 3540, Failed, new)],
            Verdict::Failed,
            true,
            "1",
        ),
        (
            "work that has not got on",
            vec![work("1", 0, 2700, Running, new)],
            Verdict::Stalled,
            true,
            "1",
        ),
        ("nothing", vec![], Verdict::NoTask, true, ""),
    ] {
        let expected = (verdict, is_final, task.to_owned());
        let said = judged(works, Some("sha256:new"), None);
        assert_eq!(said, expected, "{name}");
    }
}

#[test]
fn without_a_digest_the_time_decides() {
    use TaskState::{AlreadyThere, Succeeded};
    let copy = |made, state| vec![work("1", made, made + 10, state, None)];
    for (works, since, verdict) in [
        (copy(100, Succeeded), None, Verdict::Arrived),
        (copy(100, Succeeded), Some(100), Verdict::Arrived),
        (copy(100, Succeeded), Some(101), Verdict::NoTask),
        (copy(100, AlreadyThere), None, Verdict::Arrived),
        (copy(100, AlreadyThere), Some(100), Verdict::Pending),
    ] {
        assert_eq!(
            judged(works.clone(), None, since).0,
            verdict,
            "{works:?} {since:?}"
        );
    }
}

#[test]
fn an_older_copy_without_a_digest_may_come_last() {
    use TaskState::{Failed, Running, Succeeded, Waiting};
    for (name, state, changed, verdict) in [
        ("it ended later", Succeeded, 31, Verdict::Pending),
        (
            "it ended in the same second",
            Succeeded,
            30,
            Verdict::Pending,
        ),
        ("it ended before", Succeeded, 29, Verdict::Arrived),
        ("it runs", Running, 3000, Verdict::Pending),
        ("it has run for too long", Running, 10, Verdict::Arrived),
        (
            "it waits, and will copy what is there then",
            Waiting,
            0,
            Verdict::Arrived,
        ),
        ("it failed", Failed, 3590, Verdict::Arrived),
    ] {
        let works = vec![
            work("1", 0, changed, state, None),
            work("2", 20, 30, Succeeded, None),
        ];
        let (said, _, task) = judged(works, None, Some(15));
        assert_eq!((said, task.as_str()), (verdict, "2"), "{name}");
    }
}

#[test]
fn an_older_removal_may_come_last_and_is_no_copy() {
    use TaskState::{Failed, Succeeded, Waiting};
    for (name, state, created, changed, verdict) in [
        ("it ended later", Succeeded, 0, 31, Verdict::Pending),
        ("it waits", Waiting, 0, 0, Verdict::Pending),
        (
            "it failed and may run again",
            Failed,
            0,
            3590,
            Verdict::Pending,
        ),
        ("it failed for good", Failed, 0, 40, Verdict::Arrived),
        ("it ended before", Succeeded, 0, 29, Verdict::Arrived),
        (
            "it is newer, so the source decides",
            Succeeded,
            25,
            40,
            Verdict::Arrived,
        ),
    ] {
        let removal = Work {
            removes: true,
            tag: WorkTag::Unnamed,
            ..work("1", created, changed, state, None)
        };
        let copy = work("2", 20, 30, Succeeded, None);
        let said = judged(vec![removal.clone(), copy], None, Some(15)).0;
        assert_eq!(said, verdict, "{name}");
        let alone = judged(vec![removal], None, Some(15)).0;
        assert_eq!(alone, Verdict::NoTask, "{name}");
    }
}

#[test]
fn an_older_work_that_may_be_about_the_image_may_come_last() {
    use TaskState::{AlreadyThere, Running, Succeeded};
    let older = |state, changed| work("1", 0, changed, state, None);
    let unnamed = |work| Work {
        tag: WorkTag::Unnamed,
        ..work
    };
    let keeping = |started, work| Work {
        keeps: true,
        started: Some(at(started)),
        ..work
    };
    for (name, other, verdict) in [
        (
            "an unnamed one runs",
            unnamed(older(Running, 3000)),
            Verdict::Pending,
        ),
        (
            "an unnamed one ended later",
            unnamed(older(Succeeded, 31)),
            Verdict::Pending,
        ),
        (
            "an unnamed one ended before",
            unnamed(older(Succeeded, 29)),
            Verdict::Arrived,
        ),
        (
            "a keeping one may have found no tag",
            keeping(10, older(Running, 3000)),
            Verdict::Pending,
        ),
        (
            "a keeping one found the copy",
            keeping(3000, older(Running, 3000)),
            Verdict::Arrived,
        ),
        (
            "a keeping one left the tag",
            keeping(10, older(AlreadyThere, 40)),
            Verdict::Arrived,
        ),
    ] {
        let copy = work("2", 20, 30, Succeeded, None);
        let said = judged(vec![other, copy], None, Some(15)).0;
        assert_eq!(said, verdict, "{name}");
    }
}

#[test]
fn a_work_writes_before_its_end_and_reads_after_its_creation() {
    use TaskState::Succeeded;
    // It has copied the tag at 25, and goes on with others until 60.
    let early = Work {
        wrote: Some(at(25)),
        ..work("2", 20, 60, Succeeded, None)
    };
    let older = work("1", 0, 40, Succeeded, None);
    let said = judged(vec![older, early], None, Some(15)).0;
    assert_eq!(said, Verdict::Pending);
    // It was created before the push, and read the tag after it.
    for (reads, verdict) in [(None, Verdict::NoTask), (Some(at(18)), Verdict::Arrived)] {
        let waited = Work {
            reads,
            ..work("1", 0, 30, Succeeded, None)
        };
        assert_eq!(judged(vec![waited], None, Some(15)).0, verdict);
    }
}

#[test]
fn a_failure_is_final_when_the_registry_has_no_run_left() {
    for (runs, started, verdict) in [
        (1, 3580, Verdict::Pending),
        (2, 3580, Verdict::Pending),
        (3, 3580, Verdict::Failed),
        (3, 3595, Verdict::Pending),
    ] {
        let failed = Work {
            started: Some(at(started)),
            ..work("1", 0, 3590, TaskState::Failed, Some("sha256:new"))
        };
        let said = judged_after(runs, vec![failed], Some("sha256:new"), None);
        assert_eq!(said.0, verdict, "{runs} {started}");
    }
}
