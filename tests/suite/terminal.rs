//! Tests of imgtrack at a terminal: texts of services cannot control it.

use std::collections::{BTreeMap, BTreeSet};

use openapi_transport::Timestamp;
use registry_replication::Feature;
use registry_tests::hostile::{Hostile, Reply};
use serde_json::{Value, json};

use crate::deploy_gate::OTHER;
use crate::program::{Trial, run};
use crate::subjects::{CommandLine, subject, subjects_with_rules};

/// Formats of the output. A command refuses those that it does not have.
const FORMATS: [&str; 7] = ["table", "wide", "json", "jsonl", "yaml", "csv", "name"];

/// Control characters, invisible characters, a command of a job's log, and a forged line.
const POISON: &str = "\u{1b}]0;x\u{7}\u{1b}[2J\r\u{8}\u{7f}\u{9b}31m\u{85}\u{2028}\u{2029}\u{202e}\
                      \u{2066}\u{200b}\u{200d}\u{2060}\u{feff}\u{ad}\u{fffd}\u{e0041}##[error]\n\tFORGED";

/// Whether a terminal must not get a character, by the test's own rules.
fn is_hidden(character: char) -> bool {
    character.is_control() && character != '\n'
        || POISON.contains(character) && !character.is_ascii()
}

/// Texts of an answer that are poisoned.
#[derive(Clone, Copy, Debug)]
enum Dose {
    /// All texts except numbers, times and digests.
    Everything,
    /// Explanations. Names and states stay unchanged.
    Sentences,
    /// The answer is a refusal in the forms of all services at the same time.
    Refusal,
}

fn poison(dose: Dose, status: &mut u16, body: &mut Value) {
    match dose {
        Dose::Everything => poison_texts(body, body.is_string(), &|_| true),
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
                "errors": [{
                    "code": POISON, "message": POISON,
                    "errorCode": POISON, "errorMessage": POISON, "detail": POISON,
                }],
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

/// Returns runs of every command, of all providers. `HOST` means a registry.
pub(crate) fn cases() -> Vec<CommandLine> {
    let mut cases = vec![
        ("doctor", vec!["--sandbox"]),
        ("diff", vec!["HOST/team/api", "HOST/team/web"]),
        ("status", vec!["HOST/team/api:v1"]),
        ("explain", vec!["HOST/team/api:v1", "--to", "HOST/other"]),
        ("wait", vec!["HOST/team/api:v1", "--timeout", "5s"]),
    ];
    // A registry without rules does not answer at the sandbox's own port.
    for of in subjects_with_rules() {
        let case = |command, words: &[&'static str]| (command, [words, &of.options()].concat());
        for command in ["status", "explain"] {
            cases.push(case(command, &["team/api:v43"]));
            let asked = ["team/api:v41", "--to", of.there(), "--digest", OTHER];
            cases.push(case(command, &asked));
        }
        let images = ["team/api:v41", "team/api:v43", "--timeout", "5s"];
        cases.push(case("wait", &images));
        cases.extend(of.command_lines());
    }
    cases
}

/// Returns the commands that show texts of a service.
pub(crate) fn commands_of_services() -> BTreeSet<String> {
    const OWN: [&str; 5] = ["completions", "config", "demo", "sandbox", "schema"];
    let mut all: BTreeSet<String> = imgtrack::commands().into_iter().collect();
    all.retain(|command| OWN.iter().all(|own| command.split(' ').next() != Some(own)));
    all
}

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
                Dose::Everything if is_first => &FORMATS,
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
                let case = format!("{dose:?} {words:?} {format}");
                is_escaped(&case, &all);
                // All lines of a log are the service's.
                is_unforged(&case, if command == "tasks log" { &err } else { &all });
                // Tables leave commands alone outside of a job.
                let has_command = out.contains("##[") && !["table", "wide"].contains(format);
                assert!(!has_command, "{dose:?} {words:?} {format}: {out}");
                let is_whole = match *format {
                    _ if out.is_empty() => true,
                    "json" => serde_json::from_str::<Value>(&out).is_ok(),
                    "jsonl" => out
                        .lines()
                        .all(|line| serde_json::from_str::<Value>(line).is_ok()),
                    "yaml" => serde_saphyr::from_str::<Value>(&out).is_ok(),
                    _ => true,
                };
                assert!(is_whole, "{dose:?} {words:?} {format}: {out}");
                if all.contains("\\u{1b}") || all.contains("\\u001b") {
                    *shown.entry(command).or_default() += 1;
                }
            }
        }
    }
    let found: BTreeSet<String> = shown.keys().map(ToString::to_string).collect();
    assert_eq!(
        found,
        commands_of_services(),
        "commands that showed poisoned texts, escaped; a new command needs a case"
    );
}

fn is_escaped(case: &str, text: &str) {
    let hidden: Vec<char> = text.chars().filter(|it| is_hidden(*it)).collect();
    assert!(hidden.is_empty(), "{case}: {hidden:?} in {text:?}");
}

/// Checks that no text of a service looks like a line of the program.
fn is_unforged(case: &str, text: &str) {
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
    let with = |feature| subject(|one| one.descriptor().has(feature)).options();
    let (rules, tasks) = (
        with(Feature::RepositoryRules),
        with(Feature::ExecutionTasks),
    );
    for words in [
        &[text.as_str()][..],
        &[&["rules", &text], &rules[..]].concat(),
        &["rules", "a/b", &text],
        &["rules", "a/b", &option],
        &["rules", "a/b", &limit],
        &["status", &text, "--registry", &text],
        &["api", &text],
        &["api", "ListRepoSyncTask", "--body", &text],
        &[&["tasks", &text], &tasks[..]].concat(),
    ] {
        let (code, out, err) = run(words);
        assert_ne!(code, 0, "{words:?}");
        let (case, all) = (format!("{words:?}"), format!("{out}{err}"));
        is_escaped(&case, &all);
        is_unforged(&case, &all);
        assert!(err.contains("\\u{1b}"), "{words:?}: {err}");
    }
}
