//! Tests of imgtrack's output: formats, widths, filters, colours and words.

use std::collections::BTreeSet;

use imgtrack::{Environment, Program};
use registry_replication::{Feature, TaskState};
use registry_tests::quick_clock;
use serde_json::Value;

use crate::program::{Trial, output, run};
use crate::subjects::subject;

/// Runs the program in an environment. The clock is that of [`run`].
fn run_in(environment: Environment, words: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = std::iter::once("imgtrack").chain(words.iter().copied());
    let program = Program::default()
        .clock(quick_clock("2026-12-05T12:00:00Z".parse().unwrap()))
        .environment(environment);
    let code = program.run(words.map(Into::into), &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (code, text(out), text(err))
}

/// Options of a provider that has a feature.
fn with(feature: Feature) -> Vec<&'static str> {
    subject(|one| one.descriptor().has(feature)).options()
}

/// Returns a listing as JSON.
fn json(words: &[&str]) -> Vec<Value> {
    serde_json::from_str(&output(&[words, &["-o", "json"]].concat())).unwrap()
}

#[tokio::test]
async fn verdicts_and_differences_in_all_formats() {
    let trial = Trial::start().await;
    let of = subject(|one| one.has_rules());
    let place = of.options();
    let image = "team/api:v43";
    for (command, words) in [
        ("status", &[image][..]),
        ("explain", &[image]),
        ("wait", &[image, "--timeout", "1h", "--quiet"]),
    ] {
        let words = [&[command], words, &place].concat();
        let in_format = |format: &'static str| {
            let words = [&words[..], &["-o", format]].concat();
            let trial = &trial;
            async move { trial.run(&[&words]).await }
        };
        let (code, out, err) = in_format("json").await;
        let report: Value = serde_json::from_str(&out).unwrap();
        // One image has the shape of several.
        let report = &report[0];
        let verdicts: Vec<&str> = report["destinations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["verdict"].as_str().unwrap())
            .collect();
        assert!(!verdicts.is_empty() && err.is_empty(), "{out}{err}");
        for format in ["wide", "jsonl", "yaml", "csv", "name"] {
            let (found, out, err) = in_format(format).await;
            let what = format!("{command} -o {format}: {out}{err}");
            match format {
                "name" => {
                    let error: Vec<&str> = err.lines().collect();
                    assert_eq!((found, error.len()), (2, 1), "{what}");
                    continue;
                }
                "csv" => {
                    let lines: Vec<&str> = out.lines().collect();
                    assert!(lines[0].starts_with("verdict,image,destination,"), "{what}");
                    let first = lines[1..]
                        .iter()
                        .map(|line| line.split_once(',').unwrap().0);
                    assert_eq!(first.collect::<Vec<_>>(), verdicts, "{what}");
                }
                "jsonl" => {
                    assert_eq!(out.lines().count(), 1, "{what}");
                    let one: Value = serde_json::from_str(&out).unwrap();
                    assert_eq!(one["verdict"], report["verdict"], "{what}");
                }
                "yaml" => {
                    let one: Value = serde_saphyr::from_str(&out).unwrap();
                    assert_eq!(one[0]["verdict"], report["verdict"], "{what}");
                }
                _ => assert!(out.contains(&format!("\n{}", verdicts[0])), "{what}"),
            }
            assert_eq!(found, code, "{what}");
        }
    }
}

#[test]
fn every_format_has_the_same_records() {
    let place = with(Feature::ImageTasks);
    let words = [&["tasks", "team/api", "--limit", "150"], &place[..]].concat();
    let in_format = |format| output(&[&words[..], &["-o", format]].concat());
    let records = json(&words);
    assert_eq!(records.len(), 150);
    let references: Vec<&str> = records
        .iter()
        .map(|record| record["reference"].as_str().unwrap())
        .collect();

    assert_eq!(in_format("name").lines().collect::<Vec<_>>(), references);
    let lines = in_format("jsonl");
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(lines.collect::<Vec<Value>>(), records);
    let yaml: Vec<Value> = serde_saphyr::from_str(&in_format("yaml")).unwrap();
    assert_eq!(yaml, records);
    for (format, separator) in [("csv", ","), ("table", " "), ("wide", " ")] {
        let text = in_format(format);
        let rows = text.lines().skip(1);
        let first = rows.map(|row| row.split_once(separator).unwrap().0);
        assert_eq!(first.collect::<Vec<_>>(), references, "{format}");
    }
    let filtered = output(&[&words[..], &["--jq", ".[].reference"]].concat());
    assert_eq!(filtered.lines().collect::<Vec<_>>(), references);
    let filtered = output(&[&words[..], &["-o", "jsonl", "--jq", ".reference"]].concat());
    assert_eq!(filtered.lines().collect::<Vec<_>>(), references);
}

#[test]
fn columns_are_those_that_were_asked_for() {
    let place = with(Feature::RepositoryRules);
    let rules = |options: &[&str]| {
        let environment = Environment::default().width(60);
        let (code, out, err) = run_in(
            environment,
            &[&["rules", "team/api"], options, &place].concat(),
        );
        assert_eq!((code, err.as_str()), (0, ""), "{options:?}");
        out.lines().next().unwrap().to_owned()
    };
    for (options, first) in [
        (
            &["--columns", "to,rule"][..],
            "TO                        RULE",
        ),
        (
            &["--columns", "to", "--columns", "RULE"],
            "TO                        RULE",
        ),
        (&["--columns", "name,rule"], "NAME  RULE"),
        (
            &["--columns", "rule,to", "--no-header"],
            "101  cn-north-1: team/api",
        ),
        (&["--columns", "updated,rule", "-o", "csv"], "updated,rule"),
        (
            &["-o", "csv", "--no-header", "--columns", "rule,overwrites"],
            "101,true",
        ),
    ] {
        assert_eq!(rules(options), first, "{options:?}");
    }
}

#[test]
fn what_a_command_does_not_have_is_refused_with_what_it_has() {
    let rules = with(Feature::RepositoryRules).join(" ");
    let subtasks = with(Feature::Subtasks).join(" ");
    let table = "table, wide, json, jsonl, yaml, csv";
    for (line, says) in [
        (
            format!("rules team/api --columns rul {rules}"),
            "invalid --columns \"rul\"; did you mean rule? use one of rule, kind, name, ",
        ),
        (
            format!("rules team/api --sort created_at {rules}"),
            "invalid --sort \"created-at\"; did you mean created? use one of rule, kind, name, ",
        ),
        (
            format!("subtasks 83/1927 -o name {subtasks}"),
            &format!("imgtrack subtasks has no output format name; use one of {table}"),
        ),
        (
            "completions bash -o csv".to_owned(),
            "imgtrack completions has no output format csv; use one of table, json, jsonl, yaml",
        ),
        (
            "schema rule --columns x".to_owned(),
            "imgtrack schema has no columns; leave out --columns",
        ),
        (
            format!("rules team/api -o json --columns rule {rules}"),
            "--columns cannot be used with -o json; use -o table, wide or csv, or --jq with json",
        ),
        (
            format!("rules team/api -o csv --jq . {rules}"),
            "--jq cannot be used with -o csv; use -o json or jsonl",
        ),
        (
            format!("rules team/api --since 1h --until 2h {rules}"),
            "invalid --until: 2026-12-05T10:00:00Z is not after 2026-12-05T11:00:00Z",
        ),
        (
            format!("rules team/api --since 2027-01-01 {rules}"),
            "invalid --since: 2027-01-01T00:00:00Z is in the future",
        ),
    ] {
        let (code, out, err) = run(&line.split(' ').collect::<Vec<_>>());
        // JSON escapes quotes.
        let err = err.replace("\\\"", "\"");
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        assert!(err.contains(says), "{line}: {err}");
    }
    for (option, value, says) in [
        (
            "--state",
            "fialed",
            "[possible values: waiting, running, succeeded, failed,",
        ),
        ("--since", "soon", "neither a time such as"),
        ("--tag", "[", "it is not a pattern"),
        ("--jq", ".[", "expected"),
        (
            "-o",
            "xml",
            "[possible values: table, wide, json, jsonl, yaml, csv, name]",
        ),
        ("--limit", "0", "it is 0; write 1 or more"),
    ] {
        let (code, _, err) = run(&["tasks", "team/api", option, value]);
        assert_eq!(code, 2, "{option}: {err}");
        assert!(err.contains(says) && err.contains(value), "{option}: {err}");
    }
}

#[test]
fn filters_keep_what_they_name() {
    type Fits = fn(&Value) -> bool;
    /// Words of a command, its registry, a filter, and which records it keeps.
    type Case<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], Fits);
    let images = with(Feature::ImageTasks);
    let tags = subject(|one| one.descriptor().offers.tag_tasks).options();
    let executions = with(Feature::Executions);
    let rules = with(Feature::RepositoryRules);
    let is_late: Fits = |one| one["created"].as_str().unwrap() >= "2026-11-20";
    let cases: [Case<'_>; 10] = [
        (
            &["tasks", "platform/21/402"],
            &executions,
            &["--state", "succeeded"],
            |one| one["state"] == "succeeded",
        ),
        (
            &["tasks", "team/api"],
            &images,
            &["--state", "failed,running"],
            |one| one["state"] == "failed" || one["state"] == "running",
        ),
        (
            &["tasks", "301"],
            &executions,
            &["--state", "failed"],
            |one| one["state"] == "failed",
        ),
        (
            &["tasks", "team/api"],
            &images,
            &["--since", "2026-11-20"],
            is_late,
        ),
        (
            &["tasks", "team/api"],
            &images,
            &["--since", "15d 12h"],
            is_late,
        ),
        (
            &["tasks", "team/api"],
            &images,
            &["--until", "2026-11-20T00:00:00Z"],
            |one| one["created"].as_str().unwrap() < "2026-11-20",
        ),
        (
            &["tasks", "team/api"],
            &images,
            &["--to", "cn-east-3"],
            |one| one["destination"]["region"] == "cn-east-3",
        ),
        (
            &["tasks", "team/api"],
            &tags,
            &["--tag", "v4[23]*"],
            |one| {
                let tag = &one["source"]["artifacts"][0]["tags"][0];
                tag.as_str().unwrap().starts_with("v42") || tag.as_str().unwrap().starts_with("v43")
            },
        ),
        (&["executions"], &executions, &["--rule", "12"], |one| {
            one["rule"] == "12"
        }),
        (
            &["rules", "team/api"],
            &rules,
            &["--rule", "102", "--to", "cn-east-3"],
            |one| one["id"] == "102",
        ),
    ];
    for (words, place, options, fits) in cases {
        let all = json(&[words, place].concat());
        let expected: Vec<&Value> = all.iter().filter(|one| fits(one)).collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{options:?}"
        );
        let found = json(&[words, options, place].concat());
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            expected,
            "{words:?} {options:?}"
        );
    }
}

#[test]
fn records_are_sorted_by_the_values_of_a_column() {
    let place = with(Feature::ExecutionTasks);
    let took = |options: &[&str]| -> Vec<String> {
        let words = [
            "tasks",
            "301",
            "-o",
            "csv",
            "--columns",
            "took",
            "--no-header",
        ];
        let out = output(&[&words, options, &place[..]].concat());
        out.lines()
            .map(|line| line.trim_matches('"').to_owned())
            .collect()
    };
    let number = |text: &String| text.parse::<f64>().unwrap_or(f64::MAX);
    let mut expected = took(&[]);
    let unsorted = expected.clone();
    expected.sort_by(|one, other| number(one).total_cmp(&number(other)));
    assert_ne!(unsorted, expected);
    assert_eq!(took(&["--sort", "took"]), expected);
    assert_eq!(took(&["--sort", "took", "--limit", "3"]), expected[..3]);
    expected.reverse();
    assert_eq!(took(&["--sort", "took", "--reverse"]), expected);
    let mut reversed = unsorted;
    reversed.reverse();
    assert_eq!(took(&["--reverse"]), reversed);
}

#[tokio::test]
async fn a_listing_ends_where_records_are_too_old() {
    let trial = Trial::start().await;
    let place = subject(|one| one.descriptor().offers.tag_tasks).options();
    let mut counts = Vec::new();
    for options in [&[][..], &["--since", "2026-11-28"], &["--tag", "v43.4"]] {
        let before = trial.sandbox.requests();
        let (code, out, err) = trial
            .run(&[&["tasks", "team/api", "-o", "name"], options, &place])
            .await;
        assert_eq!((code, err.as_str()), (0, ""), "{options:?}");
        counts.push((out.lines().count(), trial.sandbox.requests() - before));
    }
    let [(all, requests), (_, since), (_, tag)] = counts[..] else {
        panic!("{counts:?}");
    };
    assert!(all > 200 && requests > 2, "{counts:?}");
    assert!(since < requests && tag < requests, "{counts:?}");
}

#[tokio::test]
async fn a_registry_lists_by_state_where_it_can() {
    let trial = Trial::start().await;
    let place = with(Feature::Executions);
    let mut counts = Vec::new();
    for options in [
        &[][..],
        &["--state", "failed"],
        &["--state", "failed,running"],
    ] {
        let before = trial.sandbox.requests();
        let words = [&["tasks", "platform/21/402", "-o", "name"], options, &place].concat();
        let (code, out, err) = trial.run(&[&words]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{options:?}");
        counts.push((out.lines().count(), trial.sandbox.requests() - before));
    }
    let [(all, requests), (failed, of_one), (both, of_two)] = counts[..] else {
        panic!("{counts:?}");
    };
    assert!(0 < failed && failed < both && both < all, "{counts:?}");
    assert!(of_one < requests && of_two == requests, "{counts:?}");
}

#[test]
fn states_have_colours_and_values_cannot_add_any() {
    let place = with(Feature::ImageTasks);
    let words = [&["tasks", "team/api", "--limit", "9"], &place[..]].concat();
    let with = |environment: Environment, options: &[&str]| {
        let (code, out, err) = run_in(environment, &[&words[..], options].concat());
        assert_eq!((code, err.as_str()), (0, ""), "{options:?}");
        out
    };
    let (plain, colored) = (Environment::default, || Environment::default().color(true));
    let without = with(plain(), &[]);
    assert!(!without.contains('\u{1b}'), "{without}");
    let shown = with(colored(), &[]);
    for (word, code) in [("succeeded", 32), ("failed", 31), ("running", 36)] {
        assert!(
            shown.contains(&format!("\u{1b}[{code}m{word}\u{1b}[0m")),
            "{word}: {shown:?}"
        );
    }
    assert_eq!(with(plain(), &["--color", "always"]), shown);
    assert_eq!(with(colored(), &["--color", "never"]), without);
    for format in ["json", "jsonl", "yaml", "csv", "name"] {
        let text = with(colored(), &["-o", format]);
        assert!(!text.contains('\u{1b}'), "{format}: {text:?}");
    }
    // Without its colours, the text is the same.
    let mut rest = shown;
    for code in ["0", "31", "32", "33", "36"] {
        rest = rest.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(rest, without);
}

#[test]
fn times_are_local_for_people_and_utc_for_programs() {
    let place = with(Feature::RepositoryRules);
    let east = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let environment = Environment::default().time_zone(east);
    let created = |options: &[&str]| {
        let words = [
            "rules",
            "team/api",
            "--limit",
            "1",
            "--columns",
            "created",
            "--no-header",
        ];
        let (_, out, _) = run_in(environment.clone(), &[&words, options, &place[..]].concat());
        out.trim_end().to_owned()
    };
    assert_eq!(created(&[]), "33d ago");
    assert_eq!(created(&["-o", "wide"]), "2026-11-02 14:00:00+08:00");
    assert_eq!(created(&["-o", "csv"]), "2026-11-02T06:00:00Z");
    // A date is a local one.
    assert_eq!(
        created(&["--since", "2026-11-02 14:00", "-o", "csv"]),
        "2026-11-02T06:00:00Z"
    );
    assert_eq!(created(&["--since", "2026-11-02 14:01", "-o", "csv"]), "");
}

#[test]
fn errors_are_json_where_the_output_is() {
    let place = with(Feature::RepositoryRules);
    for format in ["json", "jsonl", "yaml"] {
        let (code, out, err) = run(&[&["rules", "team/apu", "-o", format], &place[..]].concat());
        assert_eq!((code, out.as_str()), (1, ""));
        let error: Value = serde_json::from_str(err.trim_end()).unwrap();
        for (name, value) in [("kind", "service"), ("registry", place[1])] {
            assert_eq!(error[name], value, "{error}");
        }
        assert_eq!(
            (&error["exit_code"], &error["retryable"]),
            (&1.into(), &false.into())
        );
    }
    let (code, _, err) = run(&["tasks", "301", "--registri", "x", "-o", "json"]);
    assert_eq!(code, 2);
    let error: Value = serde_json::from_str(err.trim_end()).unwrap();
    assert_eq!(
        (&error["kind"], &error["exit_code"]),
        (&"usage".into(), &2.into()),
        "{error}"
    );
    assert!(
        error["message"].as_str().unwrap().contains("--registri"),
        "{error}"
    );
    assert!(
        error["hint"].as_str().unwrap().contains("--registry"),
        "{error}"
    );
}

#[tokio::test]
async fn an_error_of_a_call_tells_what_the_service_said() {
    let trial = Trial::start().await;
    trial.sandbox.on_answer(|answer| {
        answer.status = 403;
        answer.body = serde_json::json!({ "error_code": "X.1", "error_msg": "not allowed" });
    });
    let place = with(Feature::RepositoryRules);
    let (code, _, err) = trial
        .run(&[&["rules", "team/api", "-o", "json"], &place])
        .await;
    assert_eq!(code, 7);
    let error: Value = serde_json::from_str(err.trim_end()).unwrap();
    assert_eq!(
        (&error["status"], &error["code"]),
        (&403.into(), &"X.1".into()),
        "{error}"
    );
    assert_eq!(error["exit_code"], 7, "{error}");
    for name in ["kind", "message", "operation", "host", "registry"] {
        assert!(error[name].is_string(), "{name}: {error}");
    }
}

#[test]
fn schemas_describe_what_is_printed() {
    let help = output(&["schema", "--help"]);
    for name in [
        "rule",
        "execution",
        "task",
        "subtask",
        "report",
        "wait",
        "lag",
        "error",
    ] {
        assert!(help.contains(&format!("- {name}:")), "{help}");
        let schema: Value = serde_json::from_str(&output(&["schema", name])).unwrap();
        assert_eq!(schema["title"], name);
        assert!(schema["properties"].is_object(), "{name}: {schema}");
    }
    for (name, words, place) in [
        (
            "rule",
            &["rules", "team/api"][..],
            with(Feature::RepositoryRules),
        ),
        ("execution", &["executions"], with(Feature::Executions)),
        (
            "task",
            &["tasks", "team/api", "--limit", "50"],
            with(Feature::ImageTasks),
        ),
        ("subtask", &["subtasks", "83/1927"], with(Feature::Subtasks)),
        ("lag", &["lag", "team/api"], with(Feature::ImageTasks)),
    ] {
        let schema: Value = serde_json::from_str(&output(&["schema", name])).unwrap();
        let known = schema["properties"].as_object().unwrap();
        for record in json(&[words, &place[..]].concat()) {
            let record = record.as_object().unwrap();
            let unknown: Vec<_> = record
                .keys()
                .filter(|key| !known.contains_key(*key))
                .collect();
            assert!(unknown.is_empty(), "{name}: {unknown:?}");
            let required = schema["required"].as_array().into_iter().flatten();
            for key in required.map(|key| key.as_str().unwrap()) {
                assert!(record.contains_key(key), "{name}: {key}");
            }
        }
    }
}

/// Texts of the program that snapshots keep, with their names.
fn printed() -> Vec<(String, String)> {
    let suite = crate::docs::root().join("tests/suite");
    let folders: BTreeSet<_> = walk(&suite);
    let mut all = Vec::new();
    for path in folders {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Requests, pages and code have the vendors' words.
        let is_own = !["__wire__", "__decode__", "__outline__", "__traces__"]
            .iter()
            .any(|part| name.contains(part));
        if is_own
            && path
                .extension()
                .is_some_and(|extension| extension == "snap")
        {
            all.push((name, std::fs::read_to_string(path).unwrap()));
        }
    }
    all
}

fn walk(folder: &std::path::Path) -> BTreeSet<std::path::PathBuf> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(walk(&path)),
            false => drop(found.insert(path)),
        }
    }
    found
}

/// Returns whether a line of JSON has a vendor's word for a state, or the name of a field.
fn is_data(line: &str) -> bool {
    let line = line.trim_start();
    ["\"status\":", "\"stopped\":"]
        .iter()
        .any(|name| line.starts_with(name))
}

#[test]
fn one_word_is_used_for_one_thing() {
    let printed = printed();
    assert!(printed.len() > 60, "{}", printed.len());
    for (wrong, right) in [
        ("canceled", TaskState::Cancelled.as_str()),
        ("stopped", TaskState::Cancelled.as_str()),
        ("aborted", TaskState::Cancelled.as_str()),
        ("already there", TaskState::AlreadyThere.as_str()),
        ("in progress", TaskState::Running.as_str()),
        ("in-progress", TaskState::Running.as_str()),
        ("by hand", "manual"),
        ("by-hand", "manual"),
        ("digest mismatch", "digest-mismatch"),
    ] {
        for (name, text) in &printed {
            let found = text
                .lines()
                .filter(|line| !is_data(line))
                .find(|line| line.to_lowercase().contains(wrong));
            if let Some(line) = found {
                panic!("{name}: {line:?}: write {right}");
            }
        }
    }
}

#[tokio::test]
async fn a_watched_command_prints_what_has_changed() {
    let of = subject(|one| one.descriptor().offers.tag_tasks);
    let trial = Trial::start().await;
    trial.push(of.source(), "content");
    let options = of.options();
    let watch = ["-w", "--interval", "10s"];
    let tasks = ["tasks", "team/api:v77"];
    let (code, out, err) = trial.run_for(&[&tasks, &watch, &options], 12).await;
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let heads = out.lines().filter(|line| line.starts_with("TASK "));
    // A column that was empty has a head once it is filled.
    assert_eq!(heads.count(), 2, "{out}");
    let states = |state: &str| out.lines().filter(|line| line.contains(state)).count();
    assert!(states(" succeeded ") > 0, "{out}");
    assert!(states(" running ") + states(" waiting ") > 0, "{out}");
    // Nothing is printed again that has not changed.
    let lines: Vec<&str> = out.lines().collect();
    let distinct: BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(lines.len(), distinct.len(), "{out}");
    // An error of the first run ends it.
    let wrong = ["tasks", "team/none"];
    let (code, out, err) = trial.run_for(&[&wrong, &watch, &options], 12).await;
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    let (code, _, err) = trial
        .run_for(&[&tasks, &watch, &options, &["-o", "json"]], 12)
        .await;
    assert_eq!(code, 2);
    assert!(err.contains("--watch needs lines"), "{err}");
}
