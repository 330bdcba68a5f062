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
    assert_snapshot!("help", output(&["--help"]));
    for command in imgtrack::commands() {
        let help = output(&[command.as_str(), "--help"]);
        assert_snapshot!(format!("help-{command}"), help);
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
    for (name, words, registry) in [
        ("rules", &["rules", "team/api"][..], "huaweicloud-basic"),
        (
            "replication",
            &["tasks", "301", "--limit", "12"],
            "huaweicloud-enterprise",
        ),
        (
            "retention",
            &["tasks", "platform/21/402", "--limit", "5"],
            "huaweicloud-enterprise",
        ),
        (
            "sync-jobs",
            &["tasks", "team/api", "--limit", "9"],
            "huaweicloud-basic",
        ),
        (
            "sync-tasks",
            &["tasks", "team/api:v43", "--instance", "cri-fleet0000000001"],
            "alibabacloud",
        ),
        ("nothing", &["rules", "team/archive"], "huaweicloud-basic"),
    ] {
        let words = [words, &["--registry", registry, "--sandbox"]].concat();
        assert_snapshot!(format!("{name}-table"), output(&words));
        let json = [&words[..], &["-o", "json"]].concat();
        assert_snapshot!(format!("{name}-json"), output(&json));
    }
}

/// The words of a command line, split at blanks.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

#[test]
fn errors_say_what_happened_why_and_what_to_do() {
    for (line, code, says) in [
        (
            "tasks api --registry huaweicloud-basic --sandbox",
            2,
            "error: invalid scope \"api\": it has no namespace; Huawei Cloud Basic lists tasks by \
             repository (NAMESPACE/REPOSITORY)\n",
        ),
        (
            "rules team/api:v1 --registry huaweicloud-basic --sandbox",
            2,
            "error: repository \"team/api:v1\" has a tag; leave out \":v1\"\n  hint: run `imgtrack \
             COMMAND --help` to list the options\n",
        ),
        (
            "rules team/api --registry huaweicloud-basic",
            2,
            "error: neither region nor endpoint is set\n",
        ),
        (
            "tasks 84 --registry huaweicloud-enterprise --sandbox",
            1,
            "error: ListInstanceReplicationPolicyExecTasks: refused by the service, HTTP 404, ",
        ),
        (
            "tasks 83 --registry huaweicloud-enterprise --project-id p --sandbox",
            7,
            "  hint: decode the reason: echo '{\"encoded_message\":\"",
        ),
        ("tasks --registry huaweicloud-enterprise", 2, "<SCOPE>"),
        (
            "rules a/b --registry huaweicloud-basic --sandbox --region x",
            2,
            "error: --region cannot be used with --sandbox; leave one of them out\n",
        ),
        (
            "rules --sandbox",
            2,
            "error: missing --registry; use --registry NAME, one of huaweicloud-enterprise, \
             huaweicloud-basic, alibabacloud\n",
        ),
        (
            "rules --registry harbour",
            2,
            "[possible values: huaweicloud-enterprise, huaweicloud-basic, alibabacloud]",
        ),
        ("doctor --region x", 2, "error: --region needs --registry"),
        (
            "sandbox --listen 0.0.0.0:0",
            2,
            "0.0.0.0:0 is not a loopback address",
        ),
        ("dance", 2, "unrecognized subcommand"),
    ] {
        let (found, out, err) = run(&words(line));
        assert_eq!(found, code, "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
        assert_eq!(out, "", "{line}");
    }
}

#[test]
fn what_a_provider_does_not_have_is_refused_before_the_shape_of_the_text() {
    for (line, says) in [
        (
            "stop 83/1 --registry huaweicloud-basic --sandbox",
            "error: Huawei Cloud Basic cannot stop anything; its tasks end on their own\n",
        ),
        (
            "stop a/b/c/d/e --registry huaweicloud-basic",
            "error: Huawei Cloud Basic cannot stop anything",
        ),
        (
            "tasks 83 --registry huaweicloud-basic --sandbox",
            "Huawei Cloud Basic lists tasks by repository (NAMESPACE/REPOSITORY)\n",
        ),
        (
            "tasks team/api --registry huaweicloud-enterprise --sandbox",
            "Huawei Cloud Enterprise lists tasks by execution (EXECUTION)\n",
        ),
    ] {
        let (code, out, err) = run(&words(line));
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
    }
}

#[test]
fn options_of_the_registry_may_come_before_the_command() {
    let after = output(&words(
        "rules team/api --registry huaweicloud-basic --sandbox",
    ));
    let before = output(&words(
        "--registry huaweicloud-basic --sandbox rules team/api",
    ));
    assert_eq!(before, after);
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
        table.contains("credentials  ok     from the settings"),
        "{table}"
    );
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
        &[
            "imgtrack",
            "rules",
            "team/api",
            "--registry",
            "huaweicloud-basic",
            "--sandbox",
        ],
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
