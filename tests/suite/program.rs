//! Tests of imgtrack's help, output and exit codes.

use std::sync::Arc;

use imgtrack::{Environment, Program};
use insta::assert_snapshot;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Timestamp};
use registry_replication::{Feature, providers};
use registry_sandbox::world::Source;
use registry_sandbox::{Options, Sandbox};
use registry_tests::quick_clock;
use serde_json::Value;

use crate::subjects::subject;

/// Returns exit code, stdout and stderr of a run. By its clock, a sandbox's fleet ended a week ago.
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

/// Returns stdout of a run that succeeds and writes nothing to stderr.
pub(crate) fn output(words: &[&str]) -> String {
    let (code, out, err) = run(words);
    assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
    out
}

/// Pipe whose reader closes it after some flushes.
struct Closing(Vec<u8>, usize);

impl std::io::Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.1 = self.1.saturating_sub(1);
        match self.1 {
            0 => Err(std::io::ErrorKind::BrokenPipe.into()),
            _ => Ok(()),
        }
    }
}

/// Program and sandbox with a clock whose sleeps end at once.
pub(crate) struct Trial {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Trial {
    /// Starts a sandbox at a time after all work of its fleet.
    pub(crate) async fn start() -> Self {
        let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
        let clock = quick_clock(start);
        let read = clock.clone();
        let options = Options::default().clock(Arc::new(move || read.now()));
        let sandbox = Arc::new(Sandbox::start(options).await.unwrap());
        Self { sandbox, clock }
    }

    /// Runs the program in its own thread. Returns exit code, stdout and stderr.
    pub(crate) async fn run(&self, words: &[&[&str]]) -> (u8, String, String) {
        self.run_in(Environment::default(), words).await
    }

    /// Runs the program in an environment.
    pub(crate) async fn run_in(
        &self,
        environment: Environment,
        words: &[&[&str]],
    ) -> (u8, String, String) {
        let words: Vec<String> = words.concat().iter().map(ToString::to_string).collect();
        let program = Program::default()
            .environment(environment)
            .sandbox(self.sandbox.clone())
            .clock(self.clock.clone());
        let run = tokio::task::spawn_blocking(move || {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let words = std::iter::once("imgtrack".to_owned()).chain(words);
            let code = program.run(words.map(Into::into), &mut out, &mut err);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (code, text(out), text(err))
        });
        run.await.unwrap()
    }

    /// Runs the program until it has flushed its output so many times. Returns exit code, stdout and
    /// stderr.
    pub(crate) async fn run_for(&self, words: &[&[&str]], flushes: usize) -> (u8, String, String) {
        let words: Vec<String> = words.concat().iter().map(ToString::to_string).collect();
        let program = Program::default()
            .sandbox(self.sandbox.clone())
            .clock(self.clock.clone());
        let run = tokio::task::spawn_blocking(move || {
            let mut out = Closing(Vec::new(), flushes);
            let mut err = Vec::new();
            let words = std::iter::once("imgtrack".to_owned()).chain(words);
            let code = program.run(words.map(Into::into), &mut out, &mut err);
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (code, text(out.0), text(err))
        });
        run.await.unwrap()
    }

    /// Pushes `team/api:v77`.
    pub(crate) fn push(&self, to: Source, content: &str) -> String {
        self.sandbox.push(to, "team/api", "v77", content).unwrap()
    }
}

#[test]
fn help() {
    assert_snapshot!("help", output(&["--help"]));
    for command in imgtrack::commands() {
        let help = output(&[&words(&command)[..], &["--help"]].concat());
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
    let (_, shown) = readme.split_once("cargo run -- demo\n").unwrap();
    let (_, shown) = shown.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    assert!(shown.lines().count() > 10, "{shown}");
    let demo = output(&["demo"]);
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(demo.lines().any(|printed| printed == line), "{line}");
    }
}

/// Splits a command line into words at blanks.
fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Checks the exit code and the error of a command line, which prints nothing else.
pub(crate) fn is_said(line: &str, code: u8, says: &str) {
    let (found, out, err) = run(&words(line));
    assert_eq!((found, out.as_str()), (code, ""), "{line}: {err}");
    assert!(err.contains(says), "{line}: {err}");
}

#[test]
fn errors_say_what_happened_why_and_what_to_do() {
    for (line, code, says) in [
        ("doctor --region x", 2, "error: --region needs --registry"),
        (
            "sandbox --fault ListRepoSyncTaks=503",
            2,
            "unknown operation \"ListRepoSyncTaks\"; did you mean",
        ),
        ("sandbox --pace slow", 2, "write fast, real or a duration"),
        (
            "sandbox places",
            2,
            "error: missing IMGTRACK_SANDBOX_URL; set it to what `imgtrack sandbox --env` prints",
        ),
        (
            "sandbox places --url http://127.0.0.1:1 --token x",
            1,
            "error: no sandbox answers at 127.0.0.1:1",
        ),
        ("dance", 2, "unrecognized subcommand"),
    ] {
        is_said(line, code, says);
    }
    let names: Vec<_> = providers().iter().map(|one| one.name).collect();
    let names = names.join(", ");
    let says = format!("error: missing --registry; use --registry NAME, one of {names}\n");
    is_said("rules --sandbox", 2, &says);
    let says = format!("error: unknown registry \"warehouse\"; use one of {names}\n");
    is_said("rules --registry warehouse", 2, &says);
    let says = "error: this command asks one registry, and 2 are named: ";
    let two: Vec<_> = providers().iter().take(2).map(|one| one.name).collect();
    is_said(&format!("run 1 --registry {}", two.join(",")), 2, says);
}

#[test]
fn options_of_the_registry_may_come_before_the_command() {
    let of = subject(|one| one.descriptor().has(Feature::RepositoryRules));
    let (command, options) = (["rules", "team/api"], of.options());
    let after = output(&[&command, &options[..]].concat());
    let before = output(&[&options[..], &command].concat());
    assert_eq!(before, after);
}

/// Returns the doctor's findings in the sandbox.
fn findings() -> Vec<Value> {
    serde_json::from_str(&output(&["doctor", "--sandbox", "-o", "json"])).unwrap()
}

/// Returns the doctor's checks of a cloud, and checks that none fails. Those with a warning end with `!`.
pub(crate) fn checks(cloud: &str) -> Vec<String> {
    let found = findings().into_iter();
    let own = found.filter(|finding| finding["cloud"] == cloud);
    let checks = own.map(|finding| {
        let check = finding["check"].as_str().unwrap();
        match finding["state"].as_str() {
            Some("ok") => check.to_owned(),
            Some("warning") => format!("{check}!"),
            _ => panic!("{finding}"),
        }
    });
    checks.collect()
}

#[test]
fn the_doctor_looks_at_everything() {
    let mut clouds: Vec<_> = providers().iter().map(|one| one.cloud).collect();
    clouds.dedup_by_key(|cloud| cloud.name);
    let found = findings();
    let mut checked: Vec<_> = found
        .iter()
        .map(|finding| finding["cloud"].as_str().unwrap())
        .collect();
    checked.dedup();
    let names: Vec<_> = clouds.iter().map(|cloud| cloud.name).collect();
    assert_eq!(checked, names);
    for cloud in clouds {
        // Without services, there are neither keys nor an account.
        if cloud.services.is_empty() {
            continue;
        }
        let cloud = cloud.name;
        let checks = checks(cloud);
        let expected = ["credentials", "endpoint", "clock"];
        assert_eq!(checks[..3], expected, "{cloud}");
        assert_eq!(checks.last().unwrap(), "call", "{cloud}");
    }
    let table = output(&["doctor", "--sandbox"]);
    let is_row = |line: &str| {
        let words: Vec<_> = line.split_whitespace().skip(1).collect();
        words == ["credentials", "ok", "from", "the", "settings"]
    };
    assert!(table.lines().any(is_row), "{table}");
}
