//! Snapshots of what commands print: each state in each format, at each width of the terminal.

use imgtrack::Environment;
use insta::assert_snapshot;
use registry_replication::Feature;
use registry_tests::hostile::{Hostile, Reply, Request};
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::oci::{MANIFEST, MANIFEST_DIGEST};
use crate::program::Trial;
use crate::subjects::{Subject, subject};

/// Widths of terminals.
const WIDTHS: [usize; 3] = [60, 80, 200];

/// Formats without a width, by what a command has.
const TABLE: &[&str] = &["wide", "json", "csv"];
const CHECKS: &[&str] = &["json", "csv"];
const DOCUMENT: &[&str] = &["json"];

/// Run of a command: the name of the state, and the words.
type Case<'a> = (&'a str, &'a [&'a str]);

/// Command with the options of its registry.
struct Command<'a> {
    name: &'a str,
    formats: &'a [&'a str],
    /// Words that start work before each run.
    before: &'a [&'a str],
    cases: &'a [Case<'a>],
    place: &'a [&'a str],
    /// Texts that differ in each run, and what stands for them.
    hidden: &'a [(&'a str, &'a str)],
    /// Name of the case in which the sandbox refuses all calls.
    refused: &'a str,
}

/// One output, and where it was seen.
struct Section {
    case: String,
    seen: Vec<String>,
    text: String,
}

impl Command<'_> {
    /// Prints all cases in all formats and widths. Equal outputs are printed once.
    async fn snapshot(&self) -> String {
        let mut sections: Vec<Section> = Vec::new();
        for (case, words) in self.cases {
            let mut tables = Vec::new();
            for width in WIDTHS {
                let (out, text) = self.run((case, words), &[], width).await;
                is_within(&out, width);
                tables.push(out);
                add(&mut sections, case, format!("table {width}"), text);
            }
            keeps_states(&tables);
            for format in self.formats {
                let (_, text) = self.run((case, words), &["-o", format], 60).await;
                add(&mut sections, case, (*format).to_owned(), text);
            }
        }
        let sections = sections.iter().map(|section| {
            let seen = section.seen.join(", ");
            format!("## {}: {seen}: {}", section.case, section.text)
        });
        sections.collect::<Vec<_>>().join("\n")
    }

    /// Runs a case in a sandbox of its own. Returns stdout, and all that the snapshot has.
    async fn run(
        &self,
        (case, words): Case<'_>,
        options: &[&str],
        width: usize,
    ) -> (String, String) {
        let trial = Trial::start().await;
        if !self.before.is_empty() {
            let (code, _, err) = trial.run(&[self.before, self.place]).await;
            assert_eq!(code, 0, "{err}");
        }
        if *case == *self.refused {
            trial.sandbox.on_answer(|answer| {
                answer.status = 403;
                answer.body = json!({ "error_code": "X.1", "error_msg": "not allowed" });
            });
        }
        let environment = Environment::default().width(width);
        let words = [words, self.place, options];
        let (code, out, err) = trial.run_in(environment, &words).await;
        let mut text = format!("exit code {code}\n{out}{err}");
        for (hidden, shown) in self.hidden {
            text = text.replace(hidden, shown);
        }
        (out, without_ids(&text))
    }
}

/// Adds an output to the sections of its case.
fn add(sections: &mut Vec<Section>, case: &str, seen: String, text: String) {
    let same = |section: &&mut Section| section.case == case && section.text == text;
    match sections.iter_mut().find(same) {
        Some(section) => section.seen.push(seen),
        None => sections.push(Section {
            case: case.to_owned(),
            seen: vec![seen],
            text,
        }),
    }
}

/// Removes ports and ids of requests, which differ in each run.
fn without_ids(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    let marks = ["127.0.0.1:", "request id", "\"request_id\":\""];
    let next = |rest: &str| {
        let found = marks.iter();
        let found = found.filter_map(|mark| Some((rest.find(mark)?, mark.len())));
        found.min().map(|(at, length)| at + length)
    };
    while let Some(end) = next(rest) {
        // A line may break before an id.
        let blanks = rest[end..].len() - rest[end..].trim_start().len();
        shown.push_str(&rest[..end + blanks]);
        shown.push_str("ID");
        let is_id = |c: char| c.is_ascii_hexdigit() || c == '-';
        rest = rest[end + blanks..].trim_start_matches(is_id);
    }
    shown + rest
}

/// Checks that no line is wider than the terminal, which would break it inside of a word. A command to
/// paste is not broken, and neither is a cell at the end that is a single word.
fn is_within(out: &str, width: usize) {
    if out.starts_with('{') {
        // A document of JSON.
        return;
    }
    for line in out.lines() {
        let last = line.rsplit("  ").next().unwrap_or_default();
        let is_word = !last.trim_start().contains(' ') && line.width() - last.width() < width;
        let is_command = line.trim_start().starts_with("imgtrack ");
        let is_fine = line.width() <= width || is_word || is_command;
        assert!(is_fine, "{width}: {line}");
    }
}

/// Checks that narrower tables have the column that tells the state. A verdict tells more than the state
/// of its task.
fn keeps_states(tables: &[String]) {
    let has = |table: &String, head: &str| {
        let mut words = table.lines().flat_map(str::split_whitespace);
        words.any(|word| word == head)
    };
    let widest = tables.last().unwrap();
    let mut heads = ["VERDICT", "STATE"].into_iter();
    if let Some(head) = heads.find(|head| has(widest, head)) {
        assert!(
            tables.iter().all(|table| has(table, head)),
            "{head}: {tables:?}"
        );
    }
}

fn with(feature: Feature) -> &'static dyn Subject {
    subject(|one| one.descriptor().has(feature))
}

#[tokio::test]
async fn listings() {
    let rules = with(Feature::RepositoryRules).options();
    let images = with(Feature::ImageTasks).options();
    let executions = with(Feature::Executions).options();
    let subtasks = with(Feature::Subtasks).options();
    let commands: [(&str, &[Case<'_>], &[&str]); 9] = [
        (
            "rules",
            &[
                ("success", &["rules", "team/api"]),
                ("empty", &["rules", "team/api", "--to", "nowhere"]),
                ("failure", &["rules", "team/apu"]),
            ],
            &rules,
        ),
        (
            "rules-of-all",
            &[
                ("success", &["rules"]),
                ("empty", &["rules", "--to", "nowhere"]),
            ],
            &executions,
        ),
        (
            "rules-matches",
            &[
                ("success", &["rules", "matches", "21"]),
                ("empty", &["rules", "matches", "21", "--tag", "none"]),
                ("failure", &["rules", "matches", "4711"]),
            ],
            &executions,
        ),
        (
            "executions",
            &[
                ("success", &["executions"]),
                ("empty", &["executions", "--state", "timed-out"]),
                ("failure", &["executions", "99"]),
            ],
            &executions,
        ),
        (
            "tasks",
            &[
                ("success", &["tasks", "team/api", "--limit", "4"]),
                ("empty", &["tasks", "team/api", "--tag", "none"]),
                ("failure", &["tasks", "team/apu"]),
            ],
            &images,
        ),
        (
            "tasks-of-execution",
            &[
                ("success", &["tasks", "301", "--limit", "6"]),
                (
                    "empty",
                    &["tasks", "301", "--until", "2026-01-01", "--state", "failed"],
                ),
                ("failure", &["tasks", "99"]),
            ],
            &executions,
        ),
        (
            "tasks-with-tags",
            &[
                ("success", &["tasks", "301", "--tags", "--limit", "3"]),
                ("empty", &["tasks", "301", "--tags", "--tag", "none"]),
                ("failure", &["tasks", "99", "--tags"]),
            ],
            &subtasks,
        ),
        (
            "subtasks",
            &[
                ("success", &["subtasks", "83/1927"]),
                ("empty", &["subtasks", "83/1927", "--state", "failed"]),
                ("failure", &["subtasks", "83/99"]),
            ],
            &subtasks,
        ),
        (
            "lag",
            &[
                ("success", &["lag", "team/api"]),
                ("empty", &["lag", "team/api", "--since", "1s"]),
                ("failure", &["lag", "team/apu"]),
            ],
            &images,
        ),
    ];
    for (name, cases, place) in commands {
        let command = Command {
            name,
            formats: TABLE,
            before: &[],
            cases,
            place,
            hidden: &[],
            refused: "",
        };
        assert_snapshot!(command.name, command.snapshot().await);
    }
}

#[tokio::test]
async fn verdicts() {
    let place = with(Feature::ImageTasks).options();
    let success = &["team/api:v43", "--to", "cn-north-1", "--newest"];
    let failure = &["team/api:v43", "--newest"];
    let empty = &["team/api:v43", "--to", "la-south-2"];
    let unknown = &["team/apu:v1"];
    for command in [
        &["status"][..],
        &["explain"],
        &["wait", "--quiet", "--timeout", "1m"],
    ] {
        let words = |more: &[&'static str]| [command, more].concat();
        let command = Command {
            name: command[0],
            formats: TABLE,
            before: &[],
            cases: &[
                ("success", &words(success)),
                ("a failed copy", &words(failure)),
                ("empty", &words(empty)),
                ("failure", &words(unknown)),
            ],
            place: &place,
            hidden: &[],
            refused: "",
        };
        assert_snapshot!(command.name, command.snapshot().await);
    }
}

#[tokio::test]
async fn changes() {
    let place = with(Feature::StopExecution).options();
    let run: &[&str] = &["run", "12", "--yes"];
    for (name, before, cases) in [
        (
            "run",
            &[][..],
            &[("success", run), ("failure", &["run", "99", "--yes"])][..],
        ),
        (
            "stop",
            run,
            &[
                ("success", &["stop", "109504", "--yes"][..]),
                ("empty", &["stop", "83", "--yes"]),
                ("failure", &["stop", "9999", "--yes"]),
            ],
        ),
    ] {
        let command = Command {
            name,
            formats: DOCUMENT,
            before,
            cases,
            place: &place,
            hidden: &[],
            refused: "",
        };
        assert_snapshot!(command.name, command.snapshot().await);
    }
}

#[tokio::test]
async fn repeats() {
    let of = subject(|one| {
        let has = |feature| one.descriptor().has(feature);
        has(Feature::RunImages) && !has(Feature::ExecutionTasks)
    });
    let place = of.options();
    let run: &[&str] = &["run", "--failed", "team/api", "--yes"];
    let failure = &["run", "--failed", "team/apu", "--yes"];
    for (name, before, cases) in [
        (
            "run-failed",
            &[][..],
            &[("success", run), ("failure", failure)][..],
        ),
        ("run-failed-again", run, &[("empty", run)]),
    ] {
        let command = Command {
            name,
            formats: DOCUMENT,
            before,
            cases,
            place: &place,
            hidden: &[],
            refused: "",
        };
        assert_snapshot!(command.name, command.snapshot().await);
    }
}

/// Serves `team/api` with these tags. One tag has a signature, if `is_signed`.
async fn registry(tags: &'static [&'static str], is_signed: bool) -> Hostile {
    let signature = format!("sha256:{}", "5".repeat(64));
    let referrers = match is_signed {
        true => vec![json!({ "digest": signature })],
        false => Vec::new(),
    };
    let referrers = json!({ "schemaVersion": 2, "manifests": referrers });
    let manifest =
        |digest: &str| Reply::answer(200, &[("docker-content-digest", digest)], MANIFEST);
    let absent = || {
        let body = json!({ "errors": [{ "code": "MANIFEST_UNKNOWN", "message": "unknown" }] });
        Reply::answer(404, &[], body.to_string())
    };
    Hostile::start(move |request: &Request| {
        let path = request.path();
        let Some(path) = path.strip_prefix("/v2/team/api/") else {
            return absent();
        };
        match path.split_once('/').unwrap_or_default() {
            ("tags", _) => Reply::json(json!({ "name": "team/api", "tags": tags }).to_string()),
            ("referrers", _) => Reply::json(referrers.to_string()),
            (_, digest) if digest == signature => manifest(digest),
            (_, tag) if tags.contains(&tag) || tag == MANIFEST_DIGEST => manifest(MANIFEST_DIGEST),
            _ => absent(),
        }
    })
    .await
}

#[tokio::test]
async fn differences() {
    let source = registry(&["v1", "v2"], true).await;
    let mirror = registry(&["v1", "v3"], false).await;
    let source = format!("{}/team/api", source.host());
    let mirror = format!("{}/team/api", mirror.host());
    let none = source.replace("team/api", "team/none");
    let command = Command {
        name: "diff",
        formats: TABLE,
        before: &[],
        cases: &[
            ("success", &["diff", &source, &mirror, "--with-referrers"]),
            ("empty", &["diff", &source, &source]),
            ("failure", &["diff", &source, &none, "--tags", "x*"]),
        ],
        place: &[],
        hidden: &[],
        refused: "",
    };
    assert_snapshot!(command.name, command.snapshot().await);
}

#[tokio::test]
async fn settings() {
    let folder = tempfile::tempdir().unwrap();
    let of = subject(|one| one.descriptor().settings.iter().all(|one| !one.required));
    let several = "[registries.prod]\nprovider = \"oci\"\nhost = \"registry.example\"\n\
                   [registries.cloud]\nprovider = \"CLOUD\"\n[groups]\nall = [\"prod\", \"cloud\"]\n";
    let several = several.replace("CLOUD", of.provider());
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (several, none) = (path("several.toml", &several), path("none.toml", ""));
    let wrong = path("wrong.toml", "[registries.prod]\nprovidr = \"oci\"\n");
    let list = |path| ["config", "list", "--config", path];
    let (success, empty, failure) = (list(&several), list(&none), list(&wrong));
    let command = Command {
        name: "config-list",
        formats: TABLE,
        before: &[],
        cases: &[
            ("success", &success),
            ("empty", &empty),
            ("failure", &failure),
        ],
        place: &[],
        hidden: &[(folder.path().to_str().unwrap(), "FOLDER")],
        refused: "",
    };
    assert_snapshot!(command.name, command.snapshot().await);
}

#[tokio::test]
async fn checks() {
    let place = subject(|one| one.descriptor().offers.tag_tasks).options();
    let command = Command {
        name: "doctor",
        formats: CHECKS,
        before: &[],
        cases: &[("success", &["doctor"]), ("failure", &["doctor"])],
        place: &place,
        hidden: &[],
        refused: "failure",
    };
    assert_snapshot!(command.name, command.snapshot().await);
}

#[tokio::test]
async fn schemas() {
    let command = Command {
        name: "schema",
        formats: DOCUMENT,
        before: &[],
        cases: &[
            ("success", &["schema", "lag"]),
            ("failure", &["schema", "lags"]),
        ],
        place: &[],
        hidden: &[],
        refused: "",
    };
    assert_snapshot!(command.name, command.snapshot().await);
}
