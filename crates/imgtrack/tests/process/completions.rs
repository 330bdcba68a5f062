//! Tests of completions: answers to a shell, and the scripts in real shells.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{any, imgtrack, stderr, stdout};

/// Home of a user, with a configuration.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/imgtrack");
        std::fs::create_dir_all(&folder).unwrap();
        let text = "[registries.prod]\nprovider = \"oci\"\nhost = \"registry.example\"\n\
                    destinations = [\"mirror.example\"]\n\
                    [groups]\neverywhere = [\"prod\"]\n";
        std::fs::write(folder.join("imgtrack.toml"), text).unwrap();
        Self(home)
    }

    fn imgtrack(&self) -> Command {
        let mut command = imgtrack();
        command
            .env("HOME", self.0.path())
            .current_dir(self.0.path());
        command
    }

    /// Returns what is offered for the last word, without descriptions.
    fn offered(&self, words: &[&str]) -> Vec<String> {
        let lines = self.answer(words);
        let values = lines.lines().map(|line| line.split('\t').next().unwrap());
        values.map(str::to_owned).collect()
    }

    fn answer(&self, words: &[&str]) -> String {
        let output = self
            .imgtrack()
            .env("IMGTRACK_COMPLETE", "fish")
            .args(["--", "imgtrack"])
            .args(words)
            .output()
            .unwrap();
        assert_eq!(stderr(&output), "");
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        stdout(&output)
    }
}

#[test]
fn names_of_the_configuration_are_offered() {
    let home = Home::new();
    let registries = home.offered(&["rules", "--registry", ""]);
    assert_eq!(registries[..2], ["prod", "everywhere"], "{registries:?}");
    assert!(registries.len() > 4, "{registries:?}");
    assert_eq!(home.offered(&["rules", "--registry", "pro"]), ["prod"]);
    let second = home.offered(&["rules", "--registry", "prod,every"]);
    assert_eq!(second, ["prod,everywhere"]);
    assert_eq!(home.offered(&["config", "show", "p"]), ["prod"]);
    let to = home.offered(&["wait", "team/api:v1", "--registry", "prod", "--to", ""]);
    assert_eq!(to, ["mirror.example"]);
}

#[test]
fn columns_files_and_states_are_offered() {
    let home = Home::new();
    let columns = home.offered(&["rules", "--columns", ""]);
    assert!(columns.contains(&"rule".to_owned()), "{columns:?}");
    let more = home.offered(&["rules", "--columns", "rule,ki"]);
    assert_eq!(more, ["rule,kind"]);
    assert_eq!(home.offered(&["tasks", "83", "--sort", "sta"])[0], "state");
    assert_eq!(home.offered(&["tasks", "83", "--state", "fai"]), ["failed"]);
    std::fs::write(home.0.path().join("other.toml"), "").unwrap();
    assert_eq!(home.offered(&["rules", "--config", "ot"]), ["other.toml"]);
}

#[test]
fn calls_and_their_parameters_are_offered() {
    let home = Home::new();
    let calls = home.offered(&["api", "List"]);
    assert!(calls.len() > 10, "{calls:?}");
    let mut with_parameters = 0;
    for call in &calls {
        let parameters = home.offered(&["api", call, "--param", ""]);
        assert!(
            parameters.iter().all(|name| name.ends_with('=')),
            "{parameters:?}"
        );
        with_parameters += usize::from(!parameters.is_empty());
    }
    assert!(with_parameters > 10, "{with_parameters} of {calls:?}");
}

#[test]
fn rules_and_destinations_of_earlier_listings_are_offered() {
    let home = Home::new();
    let target = [&any::OPTIONS[..], &["--sandbox"]].concat();
    let rules = |home: &Home| home.offered(&[&["run"], &target[..], &[""]].concat());
    let to = |home: &Home| home.offered(&[&["rules"], &target[..], &["--to", ""]].concat());
    let dashed = |all: Vec<String>| all.iter().all(|value| value.starts_with('-'));
    assert!(dashed(rules(&home)) && to(&home).is_empty());

    let listed = home
        .imgtrack()
        .args(["rules", "team/api", "-o", "name"])
        .args(&target)
        .output();
    let listed = stdout(&listed.unwrap());
    assert!(listed.lines().count() > 1, "{listed}");
    let offered = rules(&home);
    for rule in listed.lines() {
        assert!(offered.contains(&rule.to_owned()), "{rule}: {offered:?}");
    }
    assert!(!to(&home).is_empty());
    // Another registry has other rules.
    let region = home.offered(&[&["run"], &any::OPTIONS[..], &[""]].concat());
    assert!(dashed(region));
}

#[test]
fn a_silent_file_delays_no_completion() {
    let home = Home::new();
    let started = Instant::now();
    let made = Command::new("mkfifo")
        .arg(home.0.path().join("imgtrack.toml"))
        .status();
    assert!(made.unwrap().success());
    let registries = home.offered(&["rules", "--registry", ""]);
    assert!(!registries.is_empty());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn every_shell_has_a_script() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = home
            .imgtrack()
            .args(["completions", shell])
            .output()
            .unwrap();
        let script = stdout(&output);
        assert!(script.contains("IMGTRACK_COMPLETE"), "{shell}: {script}");
    }
}

/// Runs a script in a shell that finds `imgtrack`. Returns its lines, or nothing without the shell.
fn in_shell(home: &Home, words: &[&str], script: &str) -> Option<Vec<String>> {
    let program = Path::new(env!("CARGO_BIN_EXE_imgtrack"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let output = Command::new(words[0])
        .args(&words[1..])
        .arg(script)
        .env_clear()
        .env("PATH", path)
        .env("HOME", home.0.path())
        .current_dir(home.0.path())
        .output()
        .ok()?;
    assert_eq!(stderr(&output), "", "{words:?}");
    Some(stdout(&output).lines().map(str::to_owned).collect())
}

#[test]
fn bash_completes() {
    let home = Home::new();
    let script = "source <(imgtrack completions bash)\n\
                  COMP_WORDS=(imgtrack rules --registry pro) COMP_CWORD=3 COMP_TYPE=9\n\
                  _clap_complete_imgtrack imgtrack pro --registry\n\
                  printf '%s\\n' \"${COMPREPLY[@]}\"";
    // `compopt` needs a completion that readline runs.
    let script = format!("compopt() {{ :; }}\n{script}");
    let found = in_shell(&home, &["bash", "--norc", "-c"], &script).unwrap();
    assert_eq!(found, ["prod"]);
}

#[test]
fn fish_completes() {
    let home = Home::new();
    let script = "imgtrack completions fish | source; complete -C 'imgtrack rules --registry pro'";
    if let Some(found) = in_shell(&home, &["fish", "--no-config", "-c"], script) {
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("prod\t"), "{found:?}");
    }
}

#[test]
fn zsh_completes() {
    let home = Home::new();
    // Outside of its line editor, zsh has no `compadd`.
    let script = "compdef() { :; }; _describe() { print -l -- \"${(@P)@[-1]}\"; }\n\
                  source <(imgtrack completions zsh)\n\
                  words=(imgtrack rules --registry pro) CURRENT=4\n\
                  _clap_dynamic_completer_imgtrack";
    if let Some(found) = in_shell(&home, &["zsh", "-f", "-c"], script) {
        assert!(
            found.iter().any(|line| line.starts_with("prod")),
            "{found:?}"
        );
    }
}
