//! imgtrack: its help, its output, its exit codes.

use imgtrack::Program;
use insta::assert_snapshot;
use registry_tests::quick_clock;
use serde_json::Value;

/// Exit code, stdout and stderr of a run. A sandbox's fleet has ended a week ago by its clock.
pub(crate) fn run(words: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("imgtrack").chain(words.iter().copied());
    let clock = quick_clock("2026-12-05T12:00:00Z".parse().unwrap());
    let program = match words.clone().any(|word| word == "doctor") {
        // It compares clocks with this machine's.
        true => Program::default(),
        false => Program::default().clock(clock),
    };
    let code = program.run(words.map(Into::into), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

/// Stdout of a run that ends well and has nothing to say on stderr.
pub(crate) fn output(words: &[&str]) -> String {
    let (code, out, err) = run(words);
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    out
}

#[test]
fn help() {
    for (name, words) in [
        ("help", &["--help"][..]),
        ("help-demo", &["demo", "--help"]),
        ("help-doctor", &["doctor", "--help"]),
        ("help-decode-message", &["decode-message", "--help"]),
        ("help-rules", &["rules", "--help"]),
        ("help-sandbox", &["sandbox", "--help"]),
        ("help-tasks", &["tasks", "--help"]),
        (
            "help-tasks-replication",
            &["tasks", "replication", "--help"],
        ),
        ("help-tasks-retention", &["tasks", "retention", "--help"]),
        ("help-tasks-sync-jobs", &["tasks", "sync-jobs", "--help"]),
        ("help-tasks-sync-tasks", &["tasks", "sync-tasks", "--help"]),
    ] {
        assert_snapshot!(name, output(words));
    }
}

#[test]
fn the_demo_tells_the_whole_story() {
    let demo = output(&["demo"]);
    for shown in [
        "45 ",
        "1 ",
        "83/1927 ",
        "library/7/113/2439 ",
        "rst-4kfd7fk6pohk**** ",
    ] {
        assert!(
            demo.lines().any(|line| line.starts_with(shown)),
            "{shown}\n{demo}"
        );
    }
    assert_snapshot!("demo", demo);

    let json: Value = serde_json::from_str(&output(&["demo", "--output", "json"])).unwrap();
    for (list, id) in [
        ("rules", "45"),
        ("sync_jobs", "1"),
        ("replication_tasks", "1927"),
        ("retention_tasks", "2439"),
        ("sync_tasks", "rst-4kfd7fk6pohk****"),
    ] {
        assert_eq!(json[list][0]["id"], id, "{list}");
    }
}

#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = include_str!("../../README.md");
    let (_, shown) = readme.split_once("```text\nHuawei Cloud Basic").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let shown = format!("Huawei Cloud Basic{shown}");
    let demo = output(&["demo"]);
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(demo.lines().any(|printed| printed == line), "{line}");
    }
}

#[test]
fn listings_as_tables_and_as_json() {
    for (name, words) in [
        ("rules", &["rules", "team/api"][..]),
        (
            "replication",
            &[
                "tasks",
                "replication",
                "--execution",
                "301",
                "--limit",
                "12",
            ],
        ),
        (
            "retention",
            &[
                "tasks",
                "retention",
                "--namespace",
                "platform",
                "--policy",
                "21",
                "--execution",
                "402",
                "--status",
                "Failed",
                "--limit",
                "5",
            ],
        ),
        (
            "sync-jobs",
            &[
                "tasks",
                "sync-jobs",
                "team/api",
                "--order",
                "desc",
                "--limit",
                "9",
            ],
        ),
        (
            "sync-tasks",
            &[
                "tasks",
                "sync-tasks",
                "team/api:v43",
                "--instance",
                "cri-fleet0000000001",
            ],
        ),
        ("nothing", &["rules", "team/archive"]),
    ] {
        let table = [words, &["--sandbox"]].concat();
        assert_snapshot!(format!("{name}-table"), output(&table));
        let json = [words, &["--sandbox", "-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

#[test]
fn errors_say_what_happened_why_and_what_to_do() {
    for (words, code, says) in [
        (
            &["tasks", "sync-tasks", "api", "--sandbox"][..],
            2,
            "error: invalid value 'api' for '[IMAGE]': it has no namespace; write \
             NAMESPACE/REPOSITORY or NAMESPACE/REPOSITORY:TAG\n",
        ),
        (
            &["rules", "team/api:v1", "--sandbox"],
            2,
            "error: repository \"team/api:v1\" has a tag; leave out \":v1\"\n  hint: `imgtrack \
             COMMAND --help` lists the options\n",
        ),
        (
            &["rules", "team/api"],
            2,
            "error: neither region nor endpoint is set\n",
        ),
        (
            &["tasks", "replication", "--execution", "84", "--sandbox"],
            1,
            "error: ListInstanceReplicationPolicyExecTasks: refused by the service, HTTP 404, ",
        ),
        (
            &[
                "tasks",
                "replication",
                "--execution",
                "83",
                "--project-id",
                "p",
                "--sandbox",
            ],
            7,
            "  hint: this decodes it: imgtrack decode-message --sandbox ",
        ),
        (&["tasks", "replication"], 2, "--execution <ID>"),
        (
            &["rules", "a/b", "--sandbox", "--region", "x"],
            2,
            "cannot be used with",
        ),
        (
            &["sandbox", "--listen", "0.0.0.0:0"],
            2,
            "0.0.0.0:0 is not a loopback address",
        ),
        (&["dance"], 2, "unrecognized subcommand"),
    ] {
        let (found, out, err) = run(words);
        assert_eq!(found, code, "{words:?}: {err}");
        assert!(err.contains(says), "{words:?}: {err}");
        assert_eq!(out, "", "{words:?}");
    }
}

#[test]
fn the_doctor_looks_at_everything() {
    let found: Value =
        serde_json::from_str(&output(&["doctor", "--sandbox", "-o", "json"])).unwrap();
    let found: Vec<(&str, &str, &str)> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap();
            (text("cloud"), text("check"), text("state"))
        })
        .collect();
    let checks = |cloud, third| {
        ["credentials", "endpoint", "clock", third, "call"].map(|check| (cloud, check, "ok"))
    };
    let all = [
        checks("huaweicloud", "project"),
        checks("alibabacloud", "account"),
    ]
    .concat();
    assert_eq!(found, all);
    let table = output(&["doctor", "--sandbox"]);
    assert!(
        table.contains("credentials  ok     from environment"),
        "{table}"
    );
}

#[test]
fn a_refusal_is_decoded_by_the_command_that_its_error_names() {
    let refused = [
        "tasks",
        "replication",
        "--execution",
        "83",
        "--project-id",
        "p",
        "--sandbox",
    ];
    let (_, _, err) = run(&refused);
    let (_, encoded) = err
        .split_once("imgtrack decode-message --sandbox ")
        .unwrap();
    let decoded = output(&["decode-message", encoded.trim(), "--sandbox"]);
    let decoded: Value = serde_json::from_str(&decoded).unwrap();
    assert!(decoded.is_object(), "{decoded}");

    let (code, _, err) = run(&["decode-message", "rubbish", "--sandbox"]);
    assert_eq!(code, 1, "{err}");
    let (code, _, err) = run(&["decode-message", "", "--sandbox"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for words in [
        &["imgtrack", "demo"][..],
        &["imgtrack", "demo", "-o", "json"],
        &["imgtrack", "--help"],
        &["imgtrack", "rules", "team/api", "--sandbox"],
        &[
            "imgtrack",
            "status",
            "team/api:v41",
            "--registry",
            "huaweicloud-basic",
            "--sandbox",
        ],
    ] {
        let mut err = Vec::new();
        let words = words.iter().map(Into::into);
        assert_eq!(imgtrack::run(words, &mut Closed, &mut err), 0);
        assert_eq!(String::from_utf8(err).unwrap(), "");
    }
}
