//! imgtrack at a terminal: what services say cannot control it, tables come row by row, and every
//! look ends in time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use imgtrack::Program;
use openapi_transport::testing::ManualClock;
use openapi_transport::{Clock, Timestamp};
use registry_sandbox::{Options, Sandbox, world};
use registry_tests::hostile::{Hostile, Reply};
use serde_json::{Value, json};

use crate::deploy_gate::Trial;
use crate::program::run;

const ENTERPRISE: &[&str] = &["--registry", "huaweicloud-enterprise", "--sandbox"];
const BASIC: &[&str] = &["--registry", "huaweicloud-basic", "--sandbox"];
const ALIBABACLOUD: &[&str] = &[
    "--registry",
    "alibabacloud",
    "--sandbox",
    "--instance",
    world::alibabacloud::FLEET_INSTANCE_ID,
];
const RULE: &str = "crsr-o8n4dijbumgq****";

/// Controls of a terminal, invisible characters, and a line that somebody would like to forge.
const POISON: &str = "\u{1b}]0;x\u{7}\u{1b}[2J\r\u{8}\u{7f}\u{9b}31m\u{85}\u{2028}\u{2029}\u{202e}\
                      \u{2066}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{fffd}\u{e0041}\n\tFORGED";

/// Whether a terminal must not get it, by rules of its own.
fn is_hidden(character: char) -> bool {
    character.is_control() && character != '\n'
        || POISON.contains(character) && !character.is_ascii()
}

/// Which texts of an answer are poisoned.
#[derive(Clone, Copy, Debug)]
enum Dose {
    /// All but numbers, times and digests.
    Everything,
    /// Those that explain something; names and states stay as they are.
    Sentences,
    /// The answer is a refusal, in the words of all services at the same time.
    Refusal,
}

fn poison(dose: Dose, status: &mut u16, body: &mut Value) {
    match dose {
        Dose::Everything => poison_texts(body, false, &|_| true),
        Dose::Sentences => poison_texts(body, false, &|name| {
            let name = name.to_lowercase();
            let words = [
                "message", "msg", "desc", "reason", "remark", "detail", "text",
            ];
            words.iter().any(|word| name.contains(word))
        }),
        Dose::Refusal => {
            *status = 400;
            *body = json!({
                "error_code": POISON, "error_msg": POISON, "request_id": POISON,
                "encoded_authorization_message": POISON,
                "errors": [{ "errorCode": POISON, "errorMessage": POISON, "detail": POISON }],
                "error": { "code": POISON, "message": POISON, "title": POISON },
                "Code": POISON, "Message": POISON, "RequestId": POISON, "IsSuccess": false,
            });
        }
    }
}

fn poison_texts(value: &mut Value, here: bool, wanted: &dyn Fn(&str) -> bool) {
    match value {
        Value::String(text) => {
            let is_plain = text.parse::<f64>().is_ok()
                || text.parse::<Timestamp>().is_ok()
                || text.starts_with("sha256:");
            if here && !is_plain {
                text.push_str(POISON);
            }
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|item| poison_texts(item, here, wanted)),
        Value::Object(map) => map
            .iter_mut()
            .for_each(|(name, item)| poison_texts(item, wanted(name), wanted)),
        _ => {}
    }
}

/// Runs of every command. What is called `HOST` is a registry.
fn cases() -> Vec<(&'static str, Vec<&'static str>)> {
    let case = |command: &'static str, words: &[&[&'static str]]| (command, words.concat());
    let mut cases = Vec::new();
    for place in [ENTERPRISE, BASIC, ALIBABACLOUD] {
        let to = match place[1] {
            "huaweicloud-enterprise" => "3",
            "huaweicloud-basic" => "cn-north-1",
            _ => "cn-shanghai",
        };
        for command in ["status", "explain"] {
            cases.push(case(command, &[&["team/api:v43"], place]));
            let digest = "sha256:00000000000000000000000000000000000000000000000000000000000000aa";
            let asked = ["team/api:v41", "--to", to, "--digest", digest];
            cases.push(case(command, &[&asked, place]));
        }
        let images = ["team/api:v41", "team/api:v43", "--timeout", "5s"];
        cases.push(case("wait", &[&images, place]));
    }
    cases.push(case("rules", &[ENTERPRISE]));
    cases.push(case("rules", &[&["team/api"], BASIC]));
    cases.push(case("rules", &[ALIBABACLOUD]));
    let proof = [
        "team/api:v41",
        "--to",
        "cn-north-1",
        "--proof",
        "cn-north-1=HOST",
    ];
    cases.push(case("status", &[&proof, BASIC]));
    cases.push(case("lag", &[&["83"], ENTERPRISE]));
    cases.push(case("lag", &[&["team/api"], BASIC]));
    cases.push(case("lag", &[&["team/api:v43"], ALIBABACLOUD]));
    cases.push(case("tasks", &[&["83"], ENTERPRISE]));
    cases.push(case("tasks", &[&["library/7/113"], ENTERPRISE]));
    cases.push(case("tasks", &[&["team/api", "--limit", "9"], BASIC]));
    cases.push(case(
        "tasks",
        &[&["team/api", "--limit", "9"], ALIBABACLOUD],
    ));
    cases.push(case("executions", &[&["12"], ENTERPRISE]));
    cases.push(case("subtasks", &[&["83/1927"], ENTERPRISE]));
    cases.push(case("run", &[&["12", "--yes"], ENTERPRISE]));
    cases.push(case(
        "run",
        &[&["101", "--image", "team/api:v41", "--yes"], BASIC],
    ));
    let copy = [RULE, "--image", "test/test:v0.1"];
    let place = &ALIBABACLOUD[..3];
    cases.push(case("run", &[&copy, place, &["--yes"]]));
    cases.push(case("run", &[&copy, place, &["--dry-run"]]));
    cases.push(case("stop", &[&["301", "--yes"], ENTERPRISE]));
    cases.push(case("doctor", &[&["--sandbox"]]));
    let policy = [
        "ShowInstanceReplicationPolicy",
        "-p",
        "policy_id=12",
        "--sandbox",
    ];
    cases.push(case("api", &[&policy]));
    cases.push(case("api", &[&["ListRepoSyncTask", "--all", "--sandbox"]]));
    cases
}

/// Commands that show nothing of a service that is not this program's own.
const OWN: [&str; 3] = ["completions", "demo", "sandbox"];

#[tokio::test]
async fn no_command_lets_a_service_control_the_terminal() {
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    let registry = Hostile::start(|_| {
        let error = json!({ "errors": [{ "code": POISON, "message": POISON, "detail": POISON }] });
        let challenge = "Basic realm=\"\u{9b}31m\"";
        Reply::answer(403, &[("www-authenticate", challenge)], error.to_string())
    })
    .await;
    let trial = Trial::start().await;
    for dose in [Dose::Everything, Dose::Sentences, Dose::Refusal] {
        trial
            .sandbox
            .on_answer(move |answer| poison(dose, &mut answer.status, &mut answer.body));
        let mut before = "";
        for (command, words) in cases() {
            let is_first = command != std::mem::replace(&mut before, command);
            let formats: &[&str] = match dose {
                Dose::Everything if is_first => &["table", "json"],
                Dose::Refusal if !is_first => continue,
                _ => &["table"],
            };
            let host = words
                .iter()
                .map(|word| word.replace("HOST", registry.host()));
            let words: Vec<String> = command.split(' ').map(str::to_owned).chain(host).collect();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            for format in formats {
                let (_, out, err) = trial.run(&[&words, &["-o", format]]).await;
                let all = format!("{out}{err}");
                check(&format!("{dose:?} {words:?} {format}"), &all);
                if *format == "json" && !out.is_empty() {
                    let parsed: Result<Value, _> = serde_json::from_str(&out);
                    assert!(parsed.is_ok(), "{dose:?} {words:?}: {out}");
                }
                if all.contains("\\u{1b}") || all.contains("\\u001b") {
                    *shown.entry(command).or_default() += 1;
                }
            }
        }
    }
    let expected: BTreeSet<String> = imgtrack::commands().into_iter().collect();
    let found: BTreeSet<String> = shown.keys().map(ToString::to_string).collect();
    let own = OWN.map(str::to_owned).into();
    assert_eq!(
        found,
        expected.difference(&own).cloned().collect(),
        "commands that showed poisoned texts, escaped; a new command needs a case"
    );
}

fn check(case: &str, text: &str) {
    let hidden: Vec<char> = text.chars().filter(|it| is_hidden(*it)).collect();
    assert!(hidden.is_empty(), "{case}: {hidden:?} in {text:?}");
    let forged = text
        .lines()
        .any(|line| line.trim_start().starts_with("FORGED"));
    assert!(!forged, "{case}: {text}");
}

#[tokio::test]
async fn json_holds_what_the_service_said() {
    let trial = Trial::start().await;
    trial
        .sandbox
        .on_answer(|answer| poison(Dose::Everything, &mut answer.status, &mut answer.body));
    let words = [
        "api",
        "ShowInstanceReplicationPolicy",
        "-p",
        "policy_id=12",
        "--sandbox",
    ];
    let (_, out, err) = trial.run(&[&words]).await;
    let policy: Value = serde_json::from_str(&out).unwrap();
    let name = policy["name"].as_str().unwrap();
    assert!(name.ends_with(POISON), "{name:?} {err}");
}

#[test]
fn what_is_typed_is_escaped_where_it_is_repeated() {
    let text = format!("a{POISON}");
    let option = format!("--{text}");
    let limit = format!("--limit={text}");
    for words in [
        &[text.as_str()][..],
        &[
            "rules",
            &text,
            "--registry",
            "huaweicloud-basic",
            "--sandbox",
        ],
        &["rules", "a/b", &text],
        &["rules", "a/b", &option],
        &["rules", "a/b", &limit],
        &["status", &text, "--registry", &text],
        &["api", &text],
        &["api", "ListRepoSyncTask", "--body", &text],
        &[
            "tasks",
            &text,
            "--registry",
            "huaweicloud-enterprise",
            "--sandbox",
        ],
    ] {
        let (code, out, err) = run(words);
        assert_ne!(code, 0, "{words:?}");
        check(&format!("{words:?}"), &format!("{out}{err}"));
        assert!(err.contains("\\u{1b}"), "{words:?}: {err}");
    }
}

#[tokio::test]
async fn an_error_has_few_lines_and_says_what_it_leaves_out() {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        let long = "x".repeat(50_000);
        answer.status = 400;
        answer.body = json!({ "error_code": long, "error_msg": long, "request_id": long,
            "encoded_authorization_message": format!("$(reboot){long}") });
    });
    let (code, _, err) = trial.run(&[&["tasks", "83"], ENTERPRISE]).await;
    assert_eq!(code, 1);
    assert!(err.len() < 5_000, "{} bytes", err.len());
    assert!(err.contains("x… [cut, 50000 bytes]"), "{err}");
    assert!(
        !err.contains("reboot"),
        "nothing to paste into a shell: {err}"
    );
}

/// An output that notes how many requests the sandbox had answered when the first text came.
struct Noting(Arc<Sandbox>, Arc<AtomicU64>, Vec<u8>);

impl Write for Noting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.2.is_empty() {
            self.1.store(self.0.requests(), Ordering::Relaxed);
        }
        self.2.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_listing_is_written_while_it_is_read() {
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.unwrap());
    for words in [
        &["tasks", "301"][..],
        &["tasks", "301", "-o", "json"],
        &[
            "api",
            "ListInstanceReplicationPolicyExecTasks",
            "-p",
            "execution_id=301",
            "--all",
        ],
    ] {
        let words = [
            words,
            if words[0] == "api" {
                &["--sandbox"]
            } else {
                ENTERPRISE
            },
        ]
        .concat();
        let first = Arc::new(AtomicU64::new(0));
        let mut out = Noting(sandbox.clone(), first.clone(), Vec::new());
        let program = Program::default().sandbox(sandbox.clone());
        let before = sandbox.requests();
        let all: Vec<String> = ["imgtrack"]
            .iter()
            .chain(&words)
            .map(ToString::to_string)
            .collect();
        let run = tokio::task::spawn_blocking(move || {
            program.run(
                all.into_iter().map(Into::into),
                &mut out,
                &mut std::io::sink(),
            )
        });
        assert_eq!(run.await.unwrap(), 0, "{words:?}");
        let (first, last) = (
            first.load(Ordering::Relaxed) - before,
            sandbox.requests() - before,
        );
        assert!(last >= 12, "{words:?}: {last}");
        // A page, and four that are fetched ahead.
        assert!(first < last - 4, "{words:?}: {first} of {last}");
    }
}

#[tokio::test]
async fn a_listing_that_breaks_off_shows_what_it_has_and_fails() {
    let trial = Trial::start().await;
    let words: &[&str] = &["tasks", "301"];
    let api = [
        "api",
        "ListInstanceReplicationPolicyExecTasks",
        "-p",
        "execution_id=301",
        "--all",
    ];
    for (words, place) in [(words, ENTERPRISE), (&api, &["--sandbox"])] {
        for format in ["table", "json"] {
            let answered = AtomicUsize::new(0);
            trial.sandbox.on_answer(move |answer| {
                if answered.fetch_add(1, Ordering::Relaxed) >= 3 {
                    answer.status = 400;
                    answer.body = json!({ "error_code": "SVCSTG.0001", "error_msg": "no more" });
                }
            });
            let (code, out, err) = trial.run(&[words, place, &["-o", format]]).await;
            assert_eq!(code, 1, "{words:?} {format}: {out}{err}");
            assert!(err.contains("no more"), "{words:?} {format}: {err}");
            let rows = match (words[0], format) {
                ("tasks", "table") => out.lines().count() - 1,
                _ => serde_json::from_str::<Vec<Value>>(&out).unwrap().len(),
            };
            assert!((1..1200).contains(&rows), "{words:?} {format}: {rows}");
        }
    }
}

/// A sandbox that takes connections and never answers, and the runtime that it would be served by.
fn silent_sandbox() -> (tokio::runtime::Runtime, Arc<Sandbox>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sandbox = runtime.block_on(Sandbox::start(Options::default()));
    // From here on the runtime stands still, and with it the sandbox.
    (runtime, Arc::new(sandbox.unwrap()))
}

/// Exit code, stdout and stderr of a run against a silent sandbox. The clock moves on by `step` while
/// the program waits for an answer.
fn run_in_silence(sandbox: &Arc<Sandbox>, words: &[&str], step: Duration) -> (u8, String, String) {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let clock = ManualClock::at(start);
    let program = Program::default()
        .sandbox(sandbox.clone())
        .clock(Arc::new(clock.clone()));
    let said: Vec<String> = std::iter::once(&"imgtrack")
        .chain(words)
        .map(ToString::to_string)
        .collect();
    let run = std::thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = program.run(said.into_iter().map(Into::into), &mut out, &mut err);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    });
    while !run.is_finished() {
        // Less than what a call waits for its answer, however slowly the program runs.
        if clock.guards() > 0 && clock.elapsed() < Duration::from_secs(60) {
            clock.advance(step);
        }
        // The program gets time to notice, before the clock comes to the deadlines of its calls.
        std::thread::sleep(Duration::from_millis(2));
    }
    run.join().unwrap()
}

#[test]
fn every_look_ends_when_its_time_is_up() {
    let (_runtime, sandbox) = silent_sandbox();
    let mut found = BTreeSet::new();
    for (command, words) in cases() {
        if command == "wait" || words.contains(&"--dry-run") || words.contains(&"cn-north-1=HOST") {
            continue;
        }
        found.insert(command.to_owned());
        let said: Vec<&str> = command
            .split(' ')
            .chain(words.iter().copied())
            .chain(["--timeout", "1500ms", "-o", "json"])
            .collect();
        let (code, out, err) = run_in_silence(&sandbox, &said, Duration::from_millis(1500));
        let expected = if ["status", "explain"].contains(&command) {
            4
        } else {
            1
        };
        assert_eq!(code, expected, "{command} {words:?}: {out}{err}");
        let says = format!("error: imgtrack {command} timed out after 1s500ms");
        assert!(err.starts_with(&says), "{words:?}: {err}");
        assert!(
            err.contains("\n  hint: use --timeout 3s to allow more time\n"),
            "{err}"
        );
        assert_eq!(
            err.contains("may have taken effect"),
            words.contains(&"--yes"),
            "{err}"
        );
        match command {
            "doctor" => {
                let found: Vec<Value> = serde_json::from_str(&out).unwrap();
                assert_eq!(found[0]["check"], "credentials", "what it knows: {out}");
            }
            _ => assert_eq!(out, "", "{command} {words:?}"),
        }
    }
    let own = OWN
        .map(str::to_owned)
        .into_iter()
        .chain(["wait".to_owned()])
        .collect();
    let all: BTreeSet<String> = imgtrack::commands().into_iter().collect();
    assert_eq!(found, all.difference(&own).cloned().collect());
}

#[test]
fn a_wait_ends_at_its_timeout_before_its_first_look_too() {
    let (_runtime, sandbox) = silent_sandbox();
    for image in ["team/api:v42", "registry.example/team/api:v42"] {
        let words = [
            "wait",
            image,
            "--timeout",
            "5s",
            "--registry",
            "alibabacloud",
        ];
        let words = [&words[..], &["--sandbox"]].concat();
        let (code, out, err) = run_in_silence(&sandbox, &words, Duration::from_secs(6));
        assert_eq!(code, 4, "{image}: {out}{err}");
    }
}

#[test]
fn a_timeout_is_a_duration_that_is_longer_than_nothing() {
    for (timeout, says) in [
        ("0s", "it is zero; write a duration"),
        ("0ms", "it is zero; write a duration"),
        ("10", "it is not a duration such as 90s, 15m or 1h30m"),
        (
            "-1m",
            "it is negative; write a duration such as 90s, 15m or 1h30m",
        ),
        ("soon", "it is not a duration such as 90s, 15m or 1h30m"),
    ] {
        let timeout = format!("--timeout={timeout}");
        let words = [
            "rules",
            "a/b",
            "--registry",
            "alibabacloud",
            "--sandbox",
            &timeout,
        ];
        let (code, out, err) = run(&words);
        assert_eq!((code, out.as_str()), (2, ""), "{timeout}");
        assert!(err.contains(says), "{timeout}: {err}");
    }
}

#[tokio::test]
async fn what_was_started_before_the_time_is_up_is_told() {
    let start: Timestamp = "2026-12-05T12:00:00Z".parse().unwrap();
    let clock = ManualClock::at(start);
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.unwrap());
    let ended = Arc::new(AtomicBool::new(false));
    let (hand, end, made) = (clock.clone(), ended.clone(), AtomicUsize::new(0));
    sandbox.on_answer(move |answer| {
        if answer.operation == "CreateRepoSyncTaskByRule"
            && made.fetch_add(1, Ordering::Relaxed) == 1
        {
            // The second call has no answer before the program has ended.
            hand.advance(Duration::from_secs(60));
            while !end.load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        }
    });
    let program = Program::default().sandbox(sandbox).clock(Arc::new(clock));
    let images = ["--image", "test/test:v0.1", "--image", "test/test:v0.2"];
    let words = [
        &["imgtrack", "run", RULE, "--yes", "--timeout", "1m"],
        &images[..],
    ];
    let words = [&words.concat(), &ALIBABACLOUD[..3]].concat();
    let run = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = program.run(words.into_iter().map(Into::into), &mut out, &mut err);
        ended.store(true, Ordering::Relaxed);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (code, text(out), text(err))
    });
    let (code, out, err) = run.await.unwrap();
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.starts_with("task rst-"), "{out}{err}");
    assert!(
        err.contains("may have taken effect, so check before you repeat it"),
        "{err}"
    );
}
