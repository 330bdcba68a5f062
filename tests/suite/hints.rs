//! Tests of commands that the program prints to be pasted: they parse, and they run as they are.

use std::path::{Path, PathBuf};

use imgtrack::manual;
use registry_replication::Feature;

use crate::program::Trial;
use crate::subjects::{Subject, subject};

/// Returns the commands in a line: what begins with `imgtrack`, and ends with a backtick, a pipe, a
/// clause or the line.
fn commands(line: &str) -> Vec<String> {
    let starts = line.match_indices("imgtrack ").map(|(start, _)| start);
    let commands = starts.filter_map(|start| {
        let (before, text) = line.split_at(start);
        let is_code = before.is_empty() || before.ends_with([' ', '`']);
        let text = match before.ends_with('`') {
            true => text.split('`').next(),
            false => text.split([';', '|', '>']).next(),
        };
        let text = text.filter(|_| is_code)?;
        let text = text.split(", or ").next().unwrap_or(text);
        // The synopsis of a help names arguments, and is no command.
        let is_synopsis = text.contains(['<', '[']) || before.contains("Usage:");
        (!is_synopsis).then(|| text.trim().to_owned())
    });
    commands.collect()
}

/// Checks that a printed command parses as a shell would pass it. `COMMAND` stands for any command.
fn parses(place: &str, command: &str) {
    let words = shlex::split(command).unwrap_or_else(|| panic!("{place}: unbalanced: {command}"));
    let words = words.into_iter().map(|word| match &*word {
        "COMMAND" => "rules".to_owned(),
        _ => word,
    });
    let parsed = manual::grammar().try_get_matches_from(words);
    if let Err(error) = parsed {
        assert!(!error.use_stderr(), "{place}: {command}\n{error}");
    }
}

/// Adds all snapshots below a folder.
fn snapshots(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            snapshots(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "snap")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_command_in_a_snapshot_parses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in ["tests/suite", "crates/imgtrack"] {
        snapshots(&root.join(folder), &mut files);
    }
    let mut seen = 0;
    for file in files {
        // Help names commands without their arguments, and its examples have tests of their own.
        if file.to_str().unwrap().contains("__help-") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        // What is above the line is about the test.
        let (_, text) = text.split_once("\n---\n").unwrap_or(("", &text));
        for command in text.lines().flat_map(commands) {
            parses(&file.display().to_string(), &command);
            seen += 1;
        }
    }
    assert!(seen > 1, "only {seen} commands");
}

/// Registry of a configuration whose path needs quotes.
struct Configured {
    folder: tempfile::TempDir,
}

impl Configured {
    fn new(of: &dyn Subject) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("it's a folder ")
            .tempdir()
            .unwrap();
        let settings = of.descriptor().settings.iter();
        let settings = settings.filter(|setting| setting.required);
        let settings = settings.map(|setting| format!("{} = \"it\"\n", setting.name));
        let text = format!(
            "[registries.prod]\nprovider = \"{}\"\n{}",
            of.provider(),
            settings.collect::<String>()
        );
        std::fs::write(folder.path().join("imgtrack.toml"), text).unwrap();
        Self { folder }
    }

    /// Returns the options that name it, and those of the subject.
    fn options(&self, of: &dyn Subject) -> Vec<String> {
        let path = self.folder.path().join("imgtrack.toml");
        let own = ["--registry", "prod", "--config", path.to_str().unwrap()];
        let of = of.options().into_iter().skip(2);
        own.into_iter().chain(of).map(str::to_owned).collect()
    }
}

/// Runs a command with the options of a configured registry, and then each command that it prints.
async fn hints_run(of: &dyn Subject, words: &[&str], expected: usize) {
    let trial = Trial::start().await;
    let configured = Configured::new(of);
    let options = configured.options(of);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (_, out, err) = trial.run(&[words, &options]).await;
    let hints: Vec<String> = out.lines().chain(err.lines()).flat_map(commands).collect();
    assert_eq!(hints.len(), expected, "{words:?}: {out}{err}");
    for hint in hints {
        let printed = shlex::split(&hint).unwrap();
        let path = configured.folder.path().join("imgtrack.toml");
        assert!(
            printed.iter().any(|word| word == path.to_str().unwrap()),
            "{hint}"
        );
        assert!(printed.iter().any(|word| word == "prod"), "{hint}");
        let mut printed: Vec<&str> = printed.iter().skip(1).map(String::as_str).collect();
        if ["run", "stop"].contains(&printed[0]) {
            printed.push("--yes");
        }
        let (code, out, err) = trial.run(&[&printed]).await;
        assert_eq!((code, err.as_str()), (0, ""), "{hint}: {out}");
    }
}

#[tokio::test]
async fn printed_commands_run_unchanged() {
    let of = subject(|one| one.descriptor().has(Feature::StopExecution));
    hints_run(of, &["run", "12", "--yes"], 1).await;
    hints_run(of, &["tasks", "83/1927"], 2).await;
    hints_run(of, &["stop", "301/5001", "--yes"], 1).await;
    let of = subject(|one| {
        let has = |feature| one.descriptor().has(feature);
        has(Feature::RunImages) && !has(Feature::ExecutionTasks)
    });
    hints_run(of, &["run", "101", "--image", "team/api:v41", "--yes"], 1).await;
}
