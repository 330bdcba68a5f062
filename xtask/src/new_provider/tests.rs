#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use super::name::Name;

const MANIFEST: &str = "\
[workspace]
members = [
    \"xtask\",
    # kept
    \"crates/registry-replication\",
]

[workspace.package]
version = \"0.1.0\"

[workspace.dependencies]
registry-replication = { path = \"crates/registry-replication\" }

bytes = \"1.12\"
";

fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Cargo.toml"), MANIFEST).unwrap();
    std::fs::write(folder.path().join("Cargo.lock"), "name = \"serde-json\"\n").unwrap();
    std::fs::create_dir(folder.path().join("tests")).unwrap();
    let tests = "[dependencies]\njiff.workspace = true\nopenapi-transport.workspace = true\n";
    std::fs::write(folder.path().join("tests/Cargo.toml"), tests).unwrap();
    folder
}

/// Returns all files of a folder, sorted.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(root).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_rooms_are_laid_out() {
    let folder = workspace();
    let root = folder.path();
    let text = super::run(root, &["examplecloud-cr", "--title", "Example Cloud CR"]).unwrap();
    insta::assert_snapshot!(text);

    let spec = std::fs::read_to_string(root.join("specs/examplecloud-cr/cr.yaml")).unwrap();
    assert!(spec.contains("title: Example Cloud CR\n"), "{spec}");
    for file in files(root) {
        let text = std::fs::read_to_string(root.join(&file)).unwrap();
        assert!(
            !text.contains("{{"),
            "{file} has a place that is not filled"
        );
    }
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    insta::assert_snapshot!("manifest", manifest);
    let tests = std::fs::read_to_string(root.join("tests/Cargo.toml")).unwrap();
    assert_eq!(
        tests.lines().nth(2),
        Some("examplecloud-cr.workspace = true")
    );
}

#[test]
fn the_spec_of_the_skeleton_keeps_to_what_generation_leans_on() {
    let name = Name::new("examplecloud-cr", None).unwrap();
    let (path, text) = super::SKELETON[0];
    let spec = crate::spec::Spec::read(name.fill(path), &name.fill(text)).unwrap();
    let code = crate::generate::generate(&spec).unwrap();
    assert!(code.client.contains("pub fn list_repositories("));
}

#[test]
fn what_is_taken_is_refused_by_its_name_and_nothing_is_written() {
    let folder = workspace();
    let root = folder.path();
    std::fs::create_dir_all(root.join("specs/cloudone-cr")).unwrap();
    std::fs::create_dir_all(root.join("crates/cloudtwo-cr")).unwrap();
    let before = files(root);
    for (name, by) in [
        ("cloudone-cr", "specs/cloudone-cr exists"),
        ("cloudtwo-cr", "crates/cloudtwo-cr exists"),
        ("serde-json", "Cargo.lock has a package of that name"),
        ("registry-replication", "Cargo.toml has it"),
    ] {
        let error = super::run(root, &[name]).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("{name} is taken: {by}; ")),
            "{error}"
        );
        assert_eq!(files(root), before, "{name}");
    }

    std::fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = []\n").unwrap();
    let error = super::run(root, &["examplecloud-cr"])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("Cargo.toml: it has no `members = [`"),
        "{error}"
    );
    assert_eq!(files(root), before);
}

#[test]
fn what_fails_half_way_is_taken_away_again() {
    let folder = workspace();
    let root = folder.path();
    // A file at the path of a folder.
    std::fs::write(root.join("crates"), "").unwrap();
    let error = super::run(root, &["examplecloud-cr"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("crates"), "{error}");
    assert_eq!(
        files(root),
        ["Cargo.lock", "Cargo.toml", "crates", "tests/Cargo.toml"]
    );
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    assert_eq!(manifest, MANIFEST);
}

#[test]
fn a_bad_name_says_what_is_bad() {
    for (name, why) in [
        ("examplecloud", "a vendor and a service"),
        ("Examplecloud-cr", "of a-z and 0-9"),
        ("examplecloud-", "of a-z and 0-9"),
        ("examplecloud--cr", "of a-z and 0-9"),
        ("examplecloud-2", "of a-z and 0-9"),
        ("../examplecloud-cr", "of a-z and 0-9"),
        ("examplecloud-type", "a keyword of Rust"),
        ("examplecloud-signer", "already has a module signer"),
        ("provider-cr", "already has a type Provider"),
    ] {
        let error = Name::new(name, None).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("invalid provider name {name:?}: ")),
            "{error}"
        );
        assert!(error.contains(why), "{name}: {error}");
    }
    for title in ["", "a: b", "\"", "two\nlines", "{{name}}", "- a"] {
        let error = Name::new("examplecloud-cr", Some(title)).unwrap_err();
        assert!(
            error.to_string().contains("invalid title "),
            "{title}: {error}"
        );
    }
    for words in [&[] as &[&str], &["a-b", "c-d"], &["a-b", "--title"]] {
        let error = super::run(Path::new("/nowhere"), words)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cargo xtask new-provider NAME"), "{error}");
    }
}

/// Runs the commands of the guide in a workspace that has the manifest and the transport only.
#[test]
fn the_guide_leads_to_a_client_that_compiles_and_passes_its_tests() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let manifest = std::fs::read_to_string(repository.join("Cargo.toml")).unwrap();
    std::fs::write(root.join("Cargo.toml"), alone(&manifest, repository)).unwrap();
    std::fs::copy(repository.join("Cargo.lock"), root.join("Cargo.lock")).unwrap();
    // `diff` compares with what git has.
    std::fs::create_dir(root.join("specs")).unwrap();
    std::fs::write(root.join("specs/README.md"), "").unwrap();
    for words in [
        &["init", "--quiet"] as &[&str],
        &["add", "."],
        &["commit", "--quiet", "-m", "x"],
    ] {
        let mut git = crate::diff::revision::command(root);
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        git.args(["-c", "commit.gpgsign=false"]).args(words);
        assert!(git.status().unwrap().success());
    }

    let guide = std::fs::read_to_string(repository.join("docs/src/adding-a-provider.md")).unwrap();
    let mut walked = 0;
    for command in commands(&guide) {
        let words: Vec<String> = shlex::split(command).unwrap();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["cargo", "xtask", "new-provider", words @ ..] => {
                super::run(root, words).unwrap();
            }
            ["cargo", "xtask", "generate", words @ ..] => {
                assert!(crate::generate_command(root, words).unwrap());
            }
            ["cargo", "xtask", "lint"] => {
                let folder = root.display().to_string();
                assert!(crate::lint::command(root, &["--root", &folder]).unwrap());
            }
            ["cargo", "xtask", "diff", words @ ..] => {
                let report = crate::diff::run(root, words).unwrap().0;
                assert!(report.contains("is new"), "{report}");
            }
            ["cargo", "fmt", words @ ..] => cargo(root, "fmt", words),
            ["cargo", "test", words @ ..] => {
                cargo(root, "test", &[&["--offline", "--quiet"], words].concat())
            }
            _ => panic!("no test walks this command of the guide: {command}"),
        }
        walked += 1;
    }
    assert!(walked > 5, "the guide has lost its commands");
}

/// Returns the lines of the guide's `sh` blocks.
fn commands(guide: &str) -> impl Iterator<Item = &str> {
    guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
}

/// Returns the manifest of a workspace without members that refers to the transport.
fn alone(manifest: &str, repository: &Path) -> String {
    let (before, rest) = manifest.split_once("members = [\n").unwrap();
    let (_, after) = rest.split_once("]\n").unwrap();
    let transport = repository.join("crates/openapi-transport");
    let path = toml_text(&transport);
    format!("{before}members = [\n]\n{after}")
        .lines()
        .filter(|line| !line.starts_with("default-members"))
        .map(|line| match line.starts_with("openapi-transport = ") {
            true => format!("openapi-transport = {{ path = {path} }}\n"),
            false => format!("{line}\n"),
        })
        .collect()
}

fn toml_text(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// Runs cargo with the target folder of this test, which has the dependencies already.
fn cargo(root: &Path, command: &str, words: &[&str]) {
    let test = std::env::current_exe().unwrap();
    // TARGET/debug/deps/TEST
    let target = test.ancestors().nth(3).unwrap();
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .arg(command)
        .args(words)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {command} {words:?}:\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
