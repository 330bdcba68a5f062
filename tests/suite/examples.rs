//! Tests of the examples in the help of every command.

use imgtrack::manual;
use registry_replication::providers;

use crate::program::{output, run};

/// Returns every example: the command's name and the words of the command line.
fn examples() -> Vec<(String, Vec<String>)> {
    let names = std::iter::once(String::new()).chain(imgtrack::commands());
    let all = names.flat_map(|name| {
        let lines = manual::examples(&name).map(|(line, _)| line);
        let lines: Vec<_> = lines.collect();
        lines.into_iter().map(move |line| {
            let words = shlex::split(line).unwrap();
            assert_eq!(words[0], "imgtrack", "{line}");
            let start: Vec<_> = words[1..].iter().map(String::as_str).collect();
            let is_own = start.join(" ").starts_with(&name);
            assert!(is_own, "{line} is an example of {name}");
            (name.clone(), words[1..].to_vec())
        })
    });
    all.collect()
}

/// Runs words that are owned.
fn run_all(words: &[String]) -> (u8, String, String) {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    run(&words)
}

#[test]
fn every_command_has_examples_that_its_help_begins_with() {
    for name in std::iter::once(String::new()).chain(imgtrack::commands()) {
        let mut words: Vec<_> = name.split(' ').filter(|word| !word.is_empty()).collect();
        words.push("--help");
        let help = output(&words);
        let (start, rest) = help.split_once("\nExamples:\n").unwrap_or_else(|| {
            panic!("{name} has no examples\n{help}");
        });
        assert!(!start.contains("\nOptions:\n"), "{help}");
        let mut lines = rest.lines();
        for (line, about) in manual::examples(&name) {
            assert_eq!(lines.next(), Some(&*format!("  # {about}")), "{name}");
            assert_eq!(lines.next(), Some(&*format!("  {line}")), "{name}");
            assert!(line.len() <= 90 && about.len() <= 80, "{line}");
        }
    }
}

#[test]
fn every_example_parses() {
    let mut seen = 0;
    for (name, mut words) in examples() {
        words.push("--help".to_owned());
        let (code, _, err) = run_all(&words);
        assert_eq!(code, 0, "{name}: {words:?}\n{err}");
        seen += 1;
    }
    assert!(seen > 40, "only {seen} examples");
}

/// Runs an example at the sandbox of every provider. Returns the exit codes and errors.
fn at_every_sandbox(words: &[String]) -> Vec<(u8, String)> {
    let runs = providers().iter().map(|provider| {
        let words = words.iter().map(|word| match &**word {
            "prod" => provider.name.to_owned(),
            _ => word.clone(),
        });
        let words: Vec<_> = words.chain(["--sandbox".to_owned()]).collect();
        let (code, _, err) = run_all(&words);
        (code, err)
    });
    runs.collect()
}

#[test]
fn every_example_of_a_registry_runs_at_a_sandbox() {
    /// Verdicts, and a destination that no rule copies to.
    const VERDICTS: [u8; 5] = [0, 3, 4, 5, 6];
    let mut seen = 0;
    for (name, words) in examples() {
        if !words.iter().any(|word| word == "prod") || name == "config show" {
            continue;
        }
        let allowed = match &*name {
            "" | "status" | "wait" | "explain" => &VERDICTS[..],
            _ => &[0],
        };
        let runs = at_every_sandbox(&words);
        let is_done = runs.iter().any(|(code, _)| allowed.contains(code));
        assert!(is_done, "{words:?}: {runs:#?}");
        seen += 1;
    }
    assert!(seen > 15, "only {seen} examples");
}

#[test]
fn examples_without_a_registry_run() {
    const COMMANDS: [&str; 4] = ["demo", "api", "schema", "completions"];
    for (name, words) in examples() {
        if COMMANDS.contains(&&*name) {
            let (code, out, err) = run_all(&words);
            assert_eq!(code, 0, "{words:?}: {err}");
            assert!(!out.is_empty(), "{words:?}");
        }
    }
}
